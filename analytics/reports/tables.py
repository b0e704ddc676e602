"""Tables and links that several sections of a report draw alike."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from analytics.document import Cell, Column, Kind, Row, Table
from analytics.periods import Period
from analytics.rates import Rate
from analytics.reports.gathered import Gathered
from analytics.reports.words import Three, number


def rows_link(code: str, period: Period, part: str = "judged", **more: str) -> str:
    """The address of the rows behind a figure."""
    query = {"from": f"{period.first}", "to": f"{period.last}", "part": part, **more}
    return f"/figures/{code}?{urlencode(query)}"


def ticket_link(number_: str) -> str:
    """The address of a ticket."""
    return f"/tickets/{number_}"


def cell(rate: Rate) -> float | None:
    """A rate as a cell of per cent."""
    return number(rate.percent)


def share(part: int, of: int) -> float | None:
    """A part of a whole as a cell of per cent."""
    return number(Rate(part, of).percent)


def three_columns(found: Gathered, heading: str, count: str) -> tuple[Column, ...]:
    """The columns of a table of counts beside the span before and the year before."""
    span = found.span
    on_year = _YEAR_COLUMNS if found.has_year_ago else ()
    return (
        Column(heading),
        Column(f"{span.this}{count}", Kind.COUNT),
        Column("占比", Kind.PERCENT),
        Column(span.last, Kind.COUNT),
        Column("增减", Kind.COUNT),
        Column("增减率", Kind.PERCENT),
        *on_year,
    )


_YEAR_COLUMNS = (Column("上年同期", Kind.COUNT), Column("同比", Kind.PERCENT))


def three_cells(found: Gathered, name: str, three: Three, of: int) -> tuple[Cell, ...]:
    """The cells of one row of such a table."""
    on_year = (three.year_ago, number(three.on_year))
    return (
        name,
        three.now,
        share(three.now, max(of, three.now)),
        three.before,
        three.now - three.before,
        number(three.on_last),
        *(on_year if found.has_year_ago else ()),
    )


def counted(
    found: Gathered,
    name: str,
    heading: str,
    lines: Iterable[tuple[str, Three, str]],
    *,
    total: Three,
    count: str = "件数",
    note: str = "",
    link: str = "",
) -> Table:
    """A table of counts, each line with what it opens.

    The rows add up to `total`, else the rest stands in a row of its own.
    """
    listed = list(lines)
    rest = Three(
        total.now - sum(three.now for _, three, _ in listed),
        total.before - sum(three.before for _, three, _ in listed),
        total.year_ago - sum(three.year_ago for _, three, _ in listed),
    )
    if rest != Three(0, 0, 0):
        listed.append(("其余", rest, ""))
    return Table(
        name=name,
        columns=three_columns(found, heading, count),
        rows=tuple(
            Row(three_cells(found, label, three, total.now), opens)
            for label, three, opens in listed
        )
        if total != Three(0, 0, 0)
        else (),
        total=Row(three_cells(found, "合计", total, total.now), link),
        note=note,
    )
