"""A report as PDF, set by Typst with the shipped font embedded: it looks the same everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typst

from analytics.document import Block, Chart, Document, Paragraph, Row, Table
from analytics.renderers import charts
from analytics.renderers.layout import (
    NOTES_TITLE,
    Placed,
    cells,
    fitted,
    is_number,
    parts,
    subtitle,
)
from analytics.renderers.written import made_moment

SHEET = Path(__file__).parent / "report.typ"
TEXT_WIDTH_POINTS = 162 / 25.4 * 72
"""A4 less the margins of the sheet, and the blank at both sides of a cell (`inset` there)."""

CELL_BLANK_POINTS = 7.0


def pdf(document: Document, address: str = "") -> bytes:
    """The report on A4 with page numbers; a table's head is repeated on every page.

    Words go to the typesetter as JSON, so that none of them can be markup.
    """
    data = json.dumps(_data(document, address.rstrip("/")), ensure_ascii=False)
    made = typst.compile(
        SHEET,
        font_paths=[charts.font_folder()],
        ignore_system_fonts=True,
        sys_inputs={"report": data},
        format="pdf",
        timestamp=int(made_moment(document.made_at).timestamp()),
    )
    if not isinstance(made, bytes):
        raise TypeError(type(made))  # a PDF is one file, however many pages it has
    return made


def _data(document: Document, address: str) -> dict[str, Any]:
    return {
        "title": document.title,
        "city": document.city,
        "period": document.period,
        "subtitle": subtitle(document),
        "headline": document.headline,
        "parts": [
            {"heading": part.heading, "blocks": [_block(one, address) for one in part.blocks]}
            for part in parts(document)
        ],
        "notes": list(document.notes),
        "notes-title": NOTES_TITLE,
    }


def _letter(columns: int) -> float:
    """A table's letter in points: the more columns, the smaller."""
    return 7.5 if columns > 8 else 8.5 if columns > 6 else 9.5


def _room(columns: int) -> float:
    """Half-width characters between the margins, less what cells leave blank at their sides."""
    return (TEXT_WIDTH_POINTS - CELL_BLANK_POINTS * columns) / (_letter(columns) / 2)


def _block(placed: Placed, address: str) -> dict[str, Any]:
    block: Block = placed.block
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "words": block.words, "link": _absolute(address, block.link)}
    if isinstance(block, Chart):
        return {"kind": "chart", "caption": placed.caption, "svg": charts.svg(block)}
    return {
        "kind": "table",
        "caption": placed.caption,
        "headings": [column.heading for column in block.columns],
        "numbers": [is_number(column) for column in block.columns],
        "shares": fitted(block, _room(len(block.columns))),
        "letter": _letter(len(block.columns)),
        "rows": [_row(block, row, address) for row in block.rows],
        "total": _row(block, block.total, address) if block.total else [],
        "note": block.note,
        "empty": block.empty,
    }


def _row(table: Table, row: Row, address: str) -> list[dict[str, str]]:
    return [
        {"words": words, "link": _absolute(address, link)}
        for words, _number, link in cells(table, row)
    ]


def _absolute(address: str, link: str) -> str:
    return f"{address}{link}" if address and link else ""
