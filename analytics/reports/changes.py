"""What differs between two issues of one report: cell by cell, sentence by sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from analytics.document import Cell, Document, Paragraph, Row, Section, Table

NOTHING = "（无）"


@dataclass(frozen=True)
class Difference:
    """One place that reads otherwise: in which section, what, before and after."""

    section: str
    what: str
    before: str
    after: str


def differences(before: Document, after: Document) -> list[Difference]:
    """Everything that reads otherwise, in the order of the report.

    When it was made and its remarks on that are no difference. Charts are drawn from what stands
    in the tables, so they are not compared.
    """
    found = []
    if before.headline != after.headline:
        found.append(Difference("概要", "概要", before.headline, after.headline))
    old = {section.code: section for section in before.sections}
    new = {section.code: section for section in after.sections}
    for code in dict.fromkeys((*old, *new)):
        title = (new.get(code) or old[code]).title
        found += _section(title, old.get(code), new.get(code))
    return found


def plain(found: list[Difference]) -> list[dict[str, Any]]:
    """The differences as they are kept with an issue."""
    return [asdict(one) for one in found]


def _section(title: str, old: Section | None, new: Section | None) -> Iterator[Difference]:
    said_before, said_after = _said(old), _said(new)
    gone = [words for words in said_before if words not in said_after]
    come = [words for words in said_after if words not in said_before]
    for at in range(max(len(gone), len(come))):
        yield Difference(
            title,
            "文字",
            gone[at] if at < len(gone) else NOTHING,
            come[at] if at < len(come) else NOTHING,
        )
    tables_before, tables_after = _tables(old), _tables(new)
    for name in dict.fromkeys((*tables_before, *tables_after)):
        yield from _table(title, name, tables_before.get(name, {}), tables_after.get(name, {}))


def _said(section: Section | None) -> list[str]:
    blocks = () if section is None else section.blocks
    return [block.words for block in blocks if isinstance(block, Paragraph)]


Cells = dict[tuple[str, str], Cell]


def _tables(section: Section | None) -> dict[str, Cells]:
    blocks = () if section is None else section.blocks
    return {block.name: _cells(block) for block in blocks if isinstance(block, Table)}


def _cells(table: Table) -> Cells:
    """Each cell by the name of its row and the heading of its column."""
    found: Cells = {}
    seen: Counter[str] = Counter()
    rows = (*table.rows, *(() if table.total is None else (table.total,)))
    for row in rows:
        name = _name(table, row)
        seen[name] += 1
        if seen[name] > 1:
            name = f"{name}（{seen[name]}）"
        for column, cell in zip(table.columns[1:], row.cells[1:], strict=True):
            found[name, column.heading] = cell
        if len(table.columns) == 1:
            found[name, table.columns[0].heading] = row.cells[0]
    return found


def _name(table: Table, row: Row) -> str:
    # A list of tickets is known by their numbers wherever these stand.
    headings = [column.heading for column in table.columns]
    at = headings.index("工单") if "工单" in headings else 0
    return str(row.cells[at])


def _table(title: str, name: str, before: Cells, after: Cells) -> Iterator[Difference]:
    rows_before, rows_after = ({row for row, _ in cells} for cells in (before, after))
    told = set()
    for row, heading in dict.fromkeys((*before, *after)):
        where = f"{name} · {row}"
        if row not in rows_before or row not in rows_after:
            if row not in told:
                told.add(row)
                yield Difference(title, where, *_whole(row, before), *_whole(row, after))
        elif before.get((row, heading)) != after.get((row, heading)):
            yield Difference(
                title,
                f"{where} · {heading}",
                _written(before.get((row, heading))),
                _written(after.get((row, heading))),
            )


def _whole(row: str, cells: Cells) -> tuple[str]:
    mine = [f"{heading} {_written(cell)}" for (name, heading), cell in cells.items() if name == row]
    return ("，".join(mine) or NOTHING,)


def _written(cell: Cell) -> str:
    if cell is None or cell == "":
        return "—"
    return f"{cell:,}" if isinstance(cell, int | float) else cell
