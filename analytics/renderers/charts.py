"""Charts drawn offline: Vega-Lite to SVG and PNG, with the font that the project ships."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import vl_convert

from analytics.document import Chart
from analytics.renderers.chart_specs import specification

PNG_SCALE = 2.5
"""Pixels of a picture for one of the drawing: sharp on paper at 15 cm."""

PACKAGE = "paperang_p2_fonts_cjk"


@cache  # the library keeps its fonts for the whole process
def font_folder() -> Path:
    """Where the shipped Chinese font (文泉驿微米黑) lies; charts know it from the first call."""
    folder = Path(str(files(PACKAGE).joinpath("fonts")))
    vl_convert.register_font_directory(str(folder))
    return folder


def svg(chart: Chart) -> str:
    """The chart as SVG. A chart in which nothing is known is an empty frame."""
    font_folder()
    wanted = specification(chart)
    return _named(vl_convert.vegalite_to_svg(wanted, allowed_base_urls=[]), wanted)


def png(drawing: str) -> bytes:
    """A drawing of `svg` as a picture."""
    font_folder()
    return vl_convert.svg_to_png(drawing, scale=PNG_SCALE)


def _named(drawing: str, wanted: object) -> str:
    """The drawing with names of its own for its clips.

    The library counts them through the life of the process; a report must be drawn the same
    tomorrow, and two charts of a page must not share a name.
    """
    mark = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:10]
    seen: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        return found[1] + seen.setdefault(found[2], f"clip-{mark}-{len(seen)}")

    return re.sub(r'(\bid="|url\(#)(clip\d+)', name, drawing)
