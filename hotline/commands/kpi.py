"""`hotline kpi`: the figures of a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from analytics.answers import CODES
from analytics.asking import warned
from analytics.facts import dispositions, values
from analytics.figures import BY_CODE
from analytics.left_out import LeftOut, left_out
from analytics.periods import read_period
from analytics.rates import Rate
from analytics.reports.words import percent
from analytics.scope import Scope
from analytics.scope_choices import told
from analytics.written_values import Written, written
from dispatch.domain.judging_terms import Denominator, Measure
from dispatch.domain.people import SYSTEM
from dispatch.domain.vocabulary import Disposition
from hotline import schema
from hotline.bootstrap import open_database, open_rulebook, utc_now
from hotline.commands.output import put_json, refusals

_ASKED = CODES[Measure.SATISFACTION, Denominator.ASKED]
"""The one figure that may count silence as satisfied."""


def kpi(
    from_: Annotated[str, typer.Option("--from", help="第一天，如 2026-11-09（含）")],
    to: Annotated[str, typer.Option(help="最后一天（含）")],
    unit: Annotated[str, typer.Option(help="只看一个承办单位（编码）")] = "",
    branch: Annotated[str, typer.Option(help="一个单位和它的下级（编码）")] = "",
    tier: Annotated[str, typer.Option(help="单位类别，如 bureau、district")] = "",
    category: Annotated[str, typer.Option(help="事项分类和它的下级（编码）")] = "",
    kind: Annotated[str, typer.Option(help="诉求类型，如 complaint")] = "",
    channel: Annotated[str, typer.Option(help="受理渠道，如 phone")] = "",
    line: Annotated[str, typer.Option(help="拨打的号码")] = "",
    territory: Annotated[str, typer.Option(help="属地和它的下级（区划编码）")] = "",
    agent: Annotated[str, typer.Option(help="话务员账号")] = "",
    business: Annotated[str, typer.Option(help="营商环境：yes 只看，no 不含")] = "",
    source: Annotated[str, typer.Option(help="诉求来源，如 province")] = "",
    disposition: Annotated[str, typer.Option(help="来电结果，如 answered_on_call")] = "",
    queue: Annotated[str, typer.Option(help="来电的队列（编码）")] = "",
    json_: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """一段时间的各项指标：定义、分子、分母和数值；筛选条件没有意义的指标不列出。"""
    of_ticket = (unit, branch, tier, category, kind, channel, line, territory, agent, business)
    scope = Scope(*of_ticket, source, disposition, queue)
    with refusals():
        period = read_period(from_, to)
        database = open_database()
        schema.migrate(database)
        with database.read() as session:
            now = utc_now()
            rules = open_rulebook(database).at(now)
            told(session, scope, rules)  # refuses what is no unit, category or person
            found = values(session, SYSTEM, period, rules, scope=scope, now=now)
            changed = left_out(session, SYSTEM, period, rules, scope=scope, now=now)
            warning = warned(session, SYSTEM, _ASKED, period, rules, scope=scope)
            endings = None if scope.chosen else dispositions(session, SYSTEM, period)
        database.dispose()
    shown = [written(BY_CODE[code], one, rules) for code, one in found.items()]
    if json_:
        put_json([one.plain for one in shown])
        return
    console = Console()
    console.print(figures_table(shown))
    if endings is not None:
        console.print(endings_table(endings))
    if warning and _ASKED in found:
        console.print(warning)
    if changed:
        console.print(exclusions_table(changed))


def figures_table(shown: Iterable[Written]) -> Table:
    """Each figure with its value and its formula."""
    table = Table("指标", "分子 / 分母", "数值", "算式")
    for one in shown:
        table.add_row(one.name, one.parts, one.words, one.figure.formula)
    for column in table.columns:
        column.overflow = "fold"
    return table


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


def exclusions_table(changed: Iterable[LeftOut]) -> Table:
    """What exclusions change: each figure before and after, with the tickets left out."""
    table = Table("申诉剔除", "剔除前", "剔除后", "工单", "理由")
    for one in changed:
        for i, ticket in enumerate(one.tickets):
            figures = (one.figure.name, percent(one.before), percent(one.after))
            table.add_row(*(figures if i == 0 else ("", "", "")), ticket.number, ticket.reason)
    return table
