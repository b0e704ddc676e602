"""A report as a page: a file that needs nothing else, or the part that stands in our own frame."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analytics.document import Chart, Document, Paragraph
from analytics.renderers import charts
from analytics.renderers.layout import NOTES_TITLE, cells, is_number, parts, subtitle

FOLDER = Path(__file__).parent / "templates"


def page(document: Document, address: str = "") -> bytes:
    """One HTML file with its charts inside; links lead to `address`, without one there are none."""
    return _write("report.html", document, address, linked=bool(address)).encode()


def fragment(document: Document) -> Markup:
    """What stands under the title, for a page of the portal: links within it, no style.

    Charts are SVG without style attributes, as the portal's content policy asks. Classes to
    dress: report-headline, report-part, report-table, report-caption, report-chart, report-notes,
    n (a number), dim.
    """
    return Markup(_write("body.html", document, "", linked=True))  # escaped by the template


def _write(name: str, document: Document, address: str, *, linked: bool) -> str:
    template = _environment().get_template(name)
    return template.render(
        document=document,
        parts=list(parts(document)),
        subtitle=subtitle(document),
        notes_title=NOTES_TITLE,
        address=address.rstrip("/"),
        linked=linked,
        drawn=_drawn,
        cells=cells,
    )


def _drawn(chart: Chart) -> Markup:
    return Markup(charts.svg(chart))  # the drawing library escapes the words


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["paragraph"] = lambda block: isinstance(block, Paragraph)
    environment.tests["chart"] = lambda block: isinstance(block, Chart)
    environment.tests["number"] = is_number
    return environment
