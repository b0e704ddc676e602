"""A row of an uploaded dispatch catalogue, as it was written, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from dispatch.domain.errors import InvalidInput
from dispatch.domain.headings import places_of

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "category": ("事项编码", "分类编码", "category"),
    "division": ("属地", "区划代码", "division"),
    "lead": ("主办单位", "承办单位", "lead"),
    "supporting": ("协办单位", "supporting"),
    "legal_basis": ("依据", "法律依据", "职责依据", "legal_basis"),
}
"""The columns of a catalogue file, each with the headings it is known by; the first is ours."""

REQUIRED = ("category", "lead")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row as written; `line` is its line in the file, for whoever mends it.

    `category` is a code, `division` a code or "*", units are codes or names.
    """

    line: int
    category: str
    division: str = "*"
    lead: str
    supporting: tuple[str, ...] = ()
    legal_basis: str = ""


@dataclass(frozen=True)
class Problem:
    """What is wrong with a line, in a sentence."""

    line: int
    sentence: str


class Change(StrEnum):
    """How a row differs from the catalogue in force."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Difference:
    """One row that the new catalogue adds, removes or changes; in words people read."""

    change: Change
    what: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What loading these rows would do."""

    good: tuple[Row, ...]
    problems: tuple[Problem, ...]
    differences: tuple[Difference, ...] = field(default=())

    def count(self, change: str) -> int:
        """How many rows differ in this way."""
        return sum(1 for difference in self.differences if difference.change.value == change)


def rows_of(table: Iterable[tuple[int, Sequence[str]]]) -> tuple[list[Row], list[Problem]]:
    """Read a table: its first line are the headings, in any order.

    Raises:
        InvalidInput: there is no heading for a column that must be there.
    """
    lines = iter(table)
    first = next(lines, None)
    if first is None:
        raise InvalidInput("文件里没有内容", field="file")
    columns = _columns(first[1])
    rows, problems = [], []
    for line, cells in lines:
        said = {
            name: cells[place].strip() if place < len(cells) else ""
            for name, place in columns.items()
        }
        if not any(said.values()):
            continue
        missing = [HEADINGS[name][0] for name in REQUIRED if not said.get(name)]
        if missing:
            problems.append(Problem(line, f"没有填写{'、'.join(missing)}"))
            continue
        rows.append(
            Row(
                line=line,
                category=said["category"],
                division=_place(said.get("division", "")),
                lead=said["lead"],
                supporting=tuple(dict.fromkeys(_split(said.get("supporting", "")))),
                legal_basis=said.get("legal_basis", ""),
            )
        )
    return rows, problems


def _columns(headings: Sequence[str]) -> dict[str, int]:
    places = places_of(headings, HEADINGS)
    missing = [HEADINGS[name][0] for name in REQUIRED if name not in places]
    if missing:
        ours = "、".join(ways[0] for ways in HEADINGS.values())
        raise InvalidInput(
            f"第一行没有“{'”“'.join(missing)}”这一列；表头应是：{ours}", field="file"
        )
    return places


def _place(written: str) -> str:
    return "*" if written in {"", "*", "全市"} else written


def _split(written: str) -> list[str]:
    for mark in "；，、,|":
        written = written.replace(mark, ";")
    return [part.strip() for part in written.split(";") if part.strip()]
