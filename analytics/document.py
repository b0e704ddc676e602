"""A report as words, tables and charts, before it is a page, a Word file, a PDF or a workbook.

Whoever writes a report makes one of these; whoever renders reads nothing else. It is plain data:
it goes into the database as it was issued, and comes back the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Cell = str | int | float | None
"""What a cell shows. A percentage is a number in per cent (96.27) in a column of Kind.PERCENT."""


class Kind(StrEnum):
    """What a column holds; decides how it is aligned and written."""

    TEXT = "text"
    COUNT = "count"
    PERCENT = "percent"
    POINTS = "points"
    SECONDS = "seconds"
    DAYS = "days"
    NUMBER = "number"


class Shape(StrEnum):
    """How a chart is drawn."""

    LINE = "line"
    BAR = "bar"
    STACKED = "stacked"


@dataclass(frozen=True)
class Column:
    """A table's column."""

    heading: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True)
class Row:
    """A table's row; `link` opens what is behind it on the page, `links` single cells' rows."""

    cells: Sequence[Cell]
    link: str = ""
    links: Sequence[str] = ()


@dataclass(frozen=True)
class Table:
    """A table with a name; `note` says what it leaves out, `empty` what to read when it is."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    total: Row | None = None
    note: str = ""
    empty: str = "本期没有。"


@dataclass(frozen=True)
class Series:
    """One line, or the bars of one colour; None where nothing is known."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Chart:
    """A chart: one value of each series for each label; `band` is the expected range."""

    name: str
    shape: Shape
    labels: Sequence[str]
    series: Sequence[Series]
    unit: str = ""
    band: tuple[Sequence[float | None], Sequence[float | None]] | None = None


@dataclass(frozen=True)
class Paragraph:
    """A sentence or some, written from figures by rule; `link` opens the rows behind them."""

    words: str
    link: str = ""


Block = Paragraph | Table | Chart


@dataclass(frozen=True)
class Section:
    """A numbered part of a report; `code` is the same in every issue, for differences."""

    code: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A whole report. `period` and `made_at` are written as they are read (city time)."""

    title: str
    kind: str
    city: str
    period: str
    made_at: str
    headline: str
    sections: Sequence[Section]
    notes: Sequence[str] = field(default_factory=tuple)
    """Definitions and remarks printed at the end: every figure's formula, exclusions."""
