"""`hotline kpi`: the figures of a period."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from analytics.facts import dispositions, rates
from analytics.figures import FIGURES
from analytics.periods import read_period
from analytics.rates import Rate
from dispatch.domain.people import SYSTEM
from dispatch.domain.vocabulary import Disposition
from hotline import schema
from hotline.bootstrap import load_rules, open_database, utc_now
from hotline.commands.output import put_json, refusals


def kpi(
    from_: Annotated[str, typer.Option("--from", help="第一天，如 2026-11-09（含）")],
    to: Annotated[str, typer.Option(help="最后一天（含）")],
    json_: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """一段时间的各项指标：分子、分母、百分比和算式。"""
    with refusals():
        period = read_period(from_, to)
        database = open_database()
        schema.migrate(database)
        with database.read() as session:
            found = rates(session, SYSTEM, period, load_rules(), now=utc_now())
            endings = dispositions(session, SYSTEM, period)
        database.dispose()
    if json_:
        put_json(as_json(found))
        return
    table = Table("指标", "分子", "分母", "百分比", "算式")
    for figure in FIGURES:
        one = found[figure.code]
        shown = "无数据" if one.percent is None else f"{one.percent}%"
        table.add_row(figure.name, f"{one.hits:,}", f"{one.judged:,}", shown, figure.formula)
    for column in table.columns:
        column.overflow = "fold"
    console = Console()
    console.print(table)
    console.print(endings_table(endings))


def endings_table(endings: Mapping[Disposition | None, int]) -> Table:
    """How the calls ended; the rows sum to the calls."""
    calls = sum(endings.values())
    table = Table("来电结果", "来电", "占比", show_footer=True)
    for column, total in zip(table.columns, ("合计", f"{calls:,}", ""), strict=True):
        column.footer = total
    for ending in (*Disposition, None):
        count = endings.get(ending, 0)
        if ending is None and not count:
            continue
        share = Rate(count, calls).percent
        name = ending.label if ending else "尚未登记"
        table.add_row(name, f"{count:,}", "无数据" if share is None else f"{share}%")
    return table


def as_json(found: dict[str, Rate]) -> list[dict[str, object]]:
    """The figures as plain values, in the catalogue's order; no data is null."""
    return [
        {
            "code": figure.code,
            "name": figure.name,
            "hits": found[figure.code].hits,
            "judged": found[figure.code].judged,
            "percent": None if (p := found[figure.code].percent) is None else float(p),
            "formula": figure.formula,
        }
        for figure in FIGURES
    ]
