"""How much there was, and every figure of the catalogue beside itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from analytics import tallies
from analytics.document import (
    Block,
    Cell,
    Chart,
    Column,
    Kind,
    Paragraph,
    Row,
    Section,
    Series,
    Shape,
    Table,
)
from analytics.figures import BY_CODE, FIGURES, MEANS, Figure
from analytics.rates import Mean, Rate
from analytics.reports.figure_cells import mean_cell
from analytics.reports.gathered import Gathered
from analytics.reports.tables import cell, rows_link, three_cells, three_columns
from analytics.reports.words import compared, listed, moved, number, percent, points
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.vocabulary import Disposition
from dispatch.domain.worktime import SHANGHAI

MONTHS_FROM = 62
"""Spans of more days are drawn by month, shorter ones by day."""

HANDLING = ("acknowledged_on_time_rate", "response_rate", "on_time_rate")
"""The figures of the units' work, in the order of the sentence."""


def headline(found: Gathered) -> str:
    """The span in one sentence: how much, how well, what stands out."""
    if found.is_empty:
        return f"{found.span.name}没有来电和工单。"
    parts = [f"{this(found)}来电 {found.calls.now:,} 个，{compared(found.calls, found.span.last)}"]
    direct = found.rate("direct_answer_rate")[0]
    if direct.percent is not None:
        parts.append(f"{direct.percent}% 当场答复")
    on_time = found.rate("on_time_rate")[0]
    if on_time.percent is not None:
        parts.append(f"应办结的工单 {on_time.percent}% 按时办结")
    if found.overdue_count:
        parts.append(f"超期未办结 {found.overdue_count:,} 件")
    if found.rising:
        parts.append(f"“{found.rising[0].category}”上升最快")
    return listed(parts)


def this(found: Gathered) -> str:
    """本周, or 本周到目前 while it runs."""
    return found.span.this if found.finished else f"{found.span.this}到目前"


def volume(found: Gathered) -> Section:
    """总体情况: the totals in words, as a table and day by day."""
    span, last = found.span, found.span.last
    per_day = round(found.calls.now / found.days)
    daily = "" if span.kind is ReportKind.DAILY else f"，日均 {per_day:,} 个"
    words = (
        f"{this(found)}共来电 {found.calls.now:,} 个{daily}，{compared(found.calls, last)}；"
        f"受理工单 {found.tickets.now:,} 件，{compared(found.tickets, last)}；"
        f"派出 {found.dispatched.now:,} 件，结案 {found.closed.now:,} 件。"
    )
    ended = found.dispositions
    answered = ended.get(Disposition.ANSWERED_ON_CALL, 0)
    tickets = ended.get(Disposition.TICKET, 0)
    others = found.calls.now - answered - tickets
    split = (
        f"来电中当场答复 {answered:,} 个，生成工单 {tickets:,} 个，"
        f"催办、并单、转接、挂断等 {others:,} 个。"
    )
    columns = three_columns(found, "项目", "数量")
    lines = (
        ("来电（个）", found.calls, rows_link(tallies.CALLS, span.period)),
        ("受理工单（件）", found.tickets, rows_link(tallies.OPENED, span.period)),
        ("派出工单（件）", found.dispatched, rows_link(tallies.SENT, span.period)),
        ("结案工单（件）", found.closed, rows_link(tallies.CLOSED, span.period)),
    )
    without_share = (*columns[:2], *columns[3:])
    rows = []
    for name, three, link in lines:
        cells = three_cells(found, name, three, three.now)
        rows.append(Row((*cells[:2], *cells[3:]), link))
    blocks: list[Block] = [
        Paragraph(words),
        *([Paragraph(split)] if found.calls.now else []),
        Table("总量", without_share, rows),
        *([] if span.kind is ReportKind.DAILY else [_by_day(found)]),
    ]
    return Section("volume", "总体情况", blocks)


def _by_day(found: Gathered) -> Chart:
    today = found.made_at.astimezone(SHANGHAI).date()
    calls, tickets = found.calls_by_day, found.tickets_by_day
    name = "每日来电与受理工单"
    if found.span.period.days > MONTHS_FROM:
        calls, tickets, name = _months(calls), _months(tickets), "每月来电与受理工单"
        labels = [f"{month.month}月" for month in calls]
    else:
        labels = [f"{day.month}月{day.day}日" for day in calls]
    series = [
        # What has not come yet is unknown, not none.
        Series(what, [count if begins <= today else None for begins, count in counts.items()])
        for what, counts in (("来电", calls), ("受理工单", tickets))
    ]
    return Chart(name, Shape.LINE, labels, series, unit="件")


def _months(days: Mapping[date, int]) -> dict[date, int]:
    found: dict[date, int] = {}
    for day, count in days.items():
        found[day.replace(day=1)] = found.get(day.replace(day=1), 0) + count
    return found


def figures(found: Gathered) -> Section:
    """指标: each figure with both its counts, beside the span before and the year before."""
    span = found.span
    year = (Column("上年同期", Kind.PERCENT), Column("同比（百分点）", Kind.POINTS))
    columns = (
        Column("指标"),
        Column(span.this, Kind.PERCENT),
        Column("分子", Kind.COUNT),
        Column("分母", Kind.COUNT),
        Column(span.last, Kind.PERCENT),
        Column("变化（百分点）", Kind.POINTS),
        *(year if found.has_year_ago else ()),
    )
    rows = [_rate_row(found, figure) for figure in FIGURES if figure.code in found.values]
    note = f"分母不足 {found.least} 件的不作比较；没有发生的不列百分比。各指标算式见文末。"
    blocks = [Paragraph(words) for words in _sentences(found)]
    rates = Table("指标", columns, rows, note=note)
    return Section("figures", "主要指标", (*blocks, rates, _means(found)))


def _rate_row(found: Gathered, figure: Figure) -> Row:
    now, before = found.rate(figure.code)
    year_ago = found.values[figure.code][2]
    least = figure.minimum(found.rules)
    period = found.span.period
    cells = [
        *(figure.name_in(found.rules), cell(now), now.hits, now.judged),
        *(cell(before), number(points(now, before, least))),
    ]
    if found.has_year_ago and isinstance(year_ago, Rate):
        cells += [cell(year_ago), number(points(now, year_ago, least))]
    link = rows_link(figure.code, period)
    return Row(cells, "", ("", link, rows_link(figure.code, period, "hits"), link))


def _means(found: Gathered) -> Table:
    rows = []
    for figure in MEANS:
        now, before, year_ago = found.values[figure.code]
        cells: list[Cell] = [figure.name_in(found.rules), mean_cell(figure, now), figure.form.unit]
        cells += [now.n if isinstance(now, Mean) else 0, mean_cell(figure, before)]
        if found.has_year_ago:
            cells.append(mean_cell(figure, year_ago))
        link = rows_link(figure.code, found.span.period)
        rows.append(Row(cells, "", ("", link, "", link)))
    columns = (
        Column("指标"),
        Column(found.span.this, Kind.NUMBER),
        Column("单位"),
        Column("件数", Kind.COUNT),
        Column(found.span.last, Kind.NUMBER),
        *((Column("上年同期", Kind.NUMBER),) if found.has_year_ago else ()),
    )
    return Table("平均时长", columns, rows)


def _sentences(found: Gathered) -> Iterator[str]:
    parts = []
    for code in HANDLING:
        now, before = found.rate(code)
        if now.percent is None:
            continue
        name = BY_CODE[code].name_in(found.rules)
        change = moved(now, before, found.least, found.span.last)
        said = f"{name} {percent(now)}（{now.hits:,}/{now.judged:,}）"
        parts.append(f"{said}，{change}" if change else said)
    if parts:
        yield listed(parts)
