"""What every format puts beside a report's words: numbers of headings, tables and figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analytics.document import Block, Chart, Column, Document, Kind, Row, Section, Table
from analytics.renderers.written import display_width, ordinal, written

BAND_WORDS = "浅色带为按历史同期推算的正常范围"
NOTES_TITLE = "指标口径与说明"
NARROWEST, WIDEST, WIDEST_OF_MANY = 6, 44, 28
"""A column's share of the width, in half-width characters: a long text wraps."""

SHORT_HEADING = 8
"""Half-width characters of a heading that is not broken in two."""

FEW = 4
"""Columns among which one may be very wide."""

_ONE_WORD = re.compile(r"[!-~]*")


@dataclass(frozen=True)
class Placed:
    """A block with its caption; a paragraph has none."""

    block: Block
    caption: str


@dataclass(frozen=True)
class Part:
    """A section with its heading (一、总体情况) and its blocks."""

    heading: str
    section: Section
    blocks: Sequence[Placed]


def parts(document: Document) -> Iterator[Part]:
    """The document's sections in order; tables and figures are numbered through."""
    tables, figures = 0, 0
    for number, section in enumerate(document.sections, start=1):
        placed = []
        for block in section.blocks:
            caption = ""
            if isinstance(block, Table):
                tables += 1
                caption = f"表 {tables}　{block.name}"
            elif isinstance(block, Chart):
                figures += 1
                caption = f"图 {figures}　{block.name}{_explained(block)}"
            placed.append(Placed(block, caption))
        yield Part(f"{ordinal(number)}、{section.title}", section, placed)


def _explained(chart: Chart) -> str:
    words = [f"单位：{chart.unit}"] if chart.unit else []
    if chart.band is not None:
        words.append(BAND_WORDS)
    return f"（{'；'.join(words)}）" if words else ""


def subtitle(document: Document) -> str:
    """The line under the title."""
    return f"{document.period}　制表时间：{document.made_at}"


def is_number(column: Column) -> bool:
    """Whether a column holds numbers, which stand at the right."""
    return column.kind is not Kind.TEXT


def all_rows(table: Table) -> Sequence[Row]:
    """The rows and, last, the total."""
    return (*table.rows, *((table.total,) if table.total else ()))


def shares(table: Table) -> list[int]:
    """How the width is shared among the columns: by their longest words, within bounds."""
    rows = [_texts(table, row) for row in all_rows(table)]
    widest = WIDEST if len(table.columns) <= FEW else WIDEST_OF_MANY
    found = []
    for place, column in enumerate(table.columns):
        # A long heading may break in two; a number never does.
        heading = display_width(column.heading)
        heading = heading if heading <= SHORT_HEADING else (heading + 1) // 2
        longest = max((display_width(row[place]) for row in rows), default=0)
        found.append(min(widest, max(NARROWEST, heading + 1, longest + 2)))
    return found


def fitted(table: Table, room: float) -> list[float]:
    """The shares brought down to `room` half-width characters in all.

    Columns of running words give way, which wrap well; a figure or a ticket's number does not.
    """
    wanted = shares(table)
    rows = [_texts(table, row) for row in all_rows(table)]
    bends = [
        # A figure, a number of a ticket: no Chinese, no blank, nowhere to break.
        not (is_number(column) or all(_ONE_WORD.fullmatch(row[place]) for row in rows))
        for place, column in enumerate(table.columns)
    ]
    spare = [width - NARROWEST if bend else 0 for width, bend in zip(wanted, bends, strict=True)]
    part = min(1.0, max(0.0, sum(wanted) - room) / (sum(spare) or 1))
    return [width - part * give for width, give in zip(wanted, spare, strict=True)]


def _texts(table: Table, row: Row) -> list[str]:
    return [
        written(cell, column.kind) for cell, column in zip(row.cells, table.columns, strict=True)
    ]


def cells(table: Table, row: Row) -> list[tuple[str, bool, str]]:
    """A row as it is read: words, whether they are a number, and what opens behind the cell.

    The row's own link opens from its first cell, unless that cell has one of its own.
    """
    links = list(row.links) + [""] * (len(table.columns) - len(row.links))
    if links and not links[0]:
        links[0] = row.link
    texts = _texts(table, row)
    numbers = [is_number(column) for column in table.columns]
    return list(zip(texts, numbers, links, strict=True))
