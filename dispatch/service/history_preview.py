"""What a history file will be read as, before any of it is taken: its columns and first rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from itertools import islice

from dispatch.domain.history_columns import BadCell, Column
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Labelled
from dispatch.domain.worktime import SHANGHAI
from dispatch.files.spreadsheets import Record, Table
from dispatch.service.history_rows import SORTS, Layout, Sort

SHOWN = 10
"""Rows shown as they will be read."""

LOOKED_AT = 200
"""Rows read to say how many are wrong, and whether a guessed column can be read."""

ALIKE = 0.6
"""Likeness of two headings (difflib's ratio) from which one is taken for the other."""

READABLE = 0.6
"""Share of a column's filled cells that must be readable before it is guessed."""


@dataclass(frozen=True)
class FileColumn:
    """A column of the file: what it is taken for, and why."""

    place: int
    heading: str
    code: str
    """Empty: not read."""
    guessed: bool
    """Taken for it by likeness, not by its name: to be looked at."""
    samples: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """One value in words; `inferred` when the file does not say it."""

    words: str
    inferred: bool


@dataclass(frozen=True)
class ReadRow:
    """One row as it will be read, or why it cannot be."""

    line: int
    cells: tuple[Cell, ...]
    why: str = ""


@dataclass(frozen=True)
class Preview:
    """The first rows as they will be read."""

    columns: tuple[Column, ...]
    rows: tuple[ReadRow, ...]
    looked_at: int
    broken: int
    """Rows of those looked at that cannot be read."""


def sort_of(table: Table) -> Sort:
    """What the file's rows most likely are: of whichever more columns are known."""
    return max(SORTS.values(), key=lambda sort: len(Layout.guess(sort, table.headings)))


def columns(
    sort: Sort, table: Table, chosen: Mapping[int, str] | None = None
) -> tuple[FileColumn, ...]:
    """The file's columns: by their headings, by likeness, or as somebody chose."""
    first = list(islice(iter(table), LOOKED_AT))
    known = Layout.guess(sort, table.headings)
    alike = {} if chosen is not None else _alike(sort, table, first, known)
    codes = known | alike if chosen is None else dict(chosen)
    return tuple(
        FileColumn(
            place=place,
            heading=heading or f"第 {place + 1} 列",
            code=codes.get(place, ""),
            guessed=place in alike,
            samples=tuple(dict.fromkeys(_filled(first, place)))[:3],
        )
        for place, heading in enumerate(table.headings)
    )


def preview(sort: Sort, table: Table, layout: Layout, rules: Rules, *, now: datetime) -> Preview:
    """Read the first rows as the import will, and write nothing."""
    first = list(islice(iter(table), LOOKED_AT))
    read = [_read(sort, layout, entry, rules, now) for entry in first]
    shown = read[:SHOWN]
    used = [
        place
        for place, _ in enumerate(sort.columns)
        if any(row.cells and row.cells[place].words for row in shown)
    ]
    return Preview(
        columns=tuple(sort.columns[place] for place in used),
        rows=tuple(
            ReadRow(row.line, tuple(row.cells[p] for p in used) if row.cells else (), row.why)
            for row in shown
        ),
        looked_at=len(read),
        broken=sum(bool(row.why) for row in read),
    )


def _read(sort: Sort, layout: Layout, entry: Record, rules: Rules, now: datetime) -> ReadRow:
    try:
        values = layout.values(entry)
        told = set(values)
        past = sort.make(values, rules, now)
    except BadCell as problem:
        return ReadRow(entry.line, (), str(problem))
    names = {"outcome_code": "disposition"}
    return ReadRow(
        entry.line,
        tuple(
            Cell(_words(getattr(past, names.get(c.code, c.code))), c.code not in told)
            for c in sort.columns
        ),
    )


def _words(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case datetime():
            return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        case Labelled():
            return value.label
        case _:
            return str(value)


def _alike(
    sort: Sort, table: Table, first: list[Record], known: Mapping[int, str]
) -> dict[int, str]:
    """Columns whose heading is nearly a known one and whose cells read as it says."""
    free = [column for column in sort.columns if column.code not in known.values()]
    pairs = sorted(
        (
            (-_likeness(heading, column), place, column)
            for place, heading in enumerate(table.headings)
            if place not in known and heading
            for column in free
            if _likeness(heading, column) >= ALIKE
        ),
        key=lambda pair: pair[:2],
    )
    found: dict[int, str] = {}
    for _, place, column in pairs:
        if place in found or column.code in found.values():
            continue
        if _readable(column, _filled(first, place)):
            found[place] = column.code
    return found


def _likeness(heading: str, column: Column) -> float:
    words = (column.code, *column.headings)
    return max(SequenceMatcher(None, heading.strip().lower(), word).ratio() for word in words)


def _filled(first: list[Record], place: int) -> list[str]:
    cells = (entry.cells[place].strip() for entry in first if len(entry.cells) > place)
    return [cell for cell in cells if cell]


def _readable(column: Column, cells: list[str]) -> bool:
    if not cells:
        return False
    good = 0
    for cell in cells:
        try:
            column.read(cell)
        except BadCell:
            continue
        good += 1
    return good >= READABLE * len(cells)
