"""营商环境专报: the enterprise line, its tickets, and what the joint meeting concluded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from analytics import tallies
from analytics.document import (
    Chart,
    Column,
    Document,
    Kind,
    Paragraph,
    Row,
    Section,
    Series,
    Shape,
    Table,
)
from analytics.document_json import from_json, to_json
from analytics.figures import BY_CODE
from analytics.rates import Mean, Rate, Value
from analytics.reports import business_counts
from analytics.reports.business_counts import CALLS, LISTED, TICKETS, Listed, Totals
from analytics.reports.figure_cells import mean_cell
from analytics.reports.named import Named
from analytics.reports.spans import Span
from analytics.reports.tables import rows_link
from analytics.reports.words import changed, moment, moved, number, percent, points
from analytics.scope import YES
from analytics.tallies import OPENED
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import CaseState
from dispatch.domain.rules import Rules
from dispatch.service import joint_meeting_queries
from dispatch.service.joint_meeting_queries import CaseView

Values = Mapping[str, Value]


def document(
    session: Session, reader: Actor, span: Span, rules: Rules, *, now: datetime
) -> Document:
    """Write the report of a span as it is known at `now`, held against the span before.

    Raises:
        RoleNotAllowed: the reader may not see the figures of the city.
    """
    period, before = span.period, span.before(now)
    then = before.until or now
    values = business_counts.figures(session, reader, period, rules, now=now)
    last = business_counts.figures(session, reader, before, rules, now=then)
    total, earlier = business_counts.totals(values), business_counts.totals(last)
    categories = business_counts.opened_by(session, reader, "category", period)
    units = business_counts.opened_by(session, reader, "unit", period)
    tickets = business_counts.listed(session, reader, period, now=now)
    cases = joint_meeting_queries.cases(session, reader, now=now)
    city = tallies.city_name(session)
    made = Document(
        title=f"{city} 12345 热线{span.kind.label} {span.name}".strip(),
        kind=span.kind.value,
        city=city,
        period=f"{period.first} 至 {period.last}",
        made_at=moment(now),
        headline=_headline(span, total, earlier, values),
        sections=(
            _volume(span, total, earlier),
            _figures("calls", "企业服务专线", span, CALLS, values, last, rules),
            _figures("handling", "工单办理", span, TICKETS, values, last, rules),
            _parts(span, categories, units),
            _tickets(tickets, total),
            _meetings(span, cases),
        ),
        notes=tuple(_notes(span, rules, now)),
    )
    # As it comes back from where it is kept, so that an issue equals what was written.
    return from_json(to_json(made))


def _headline(span: Span, total: Totals, earlier: Totals, values: Values) -> str:
    if not (total.calls or total.tickets):
        return f"{span.name}企业服务专线没有来电，也没有营商环境工单。"
    than = changed(total.tickets, earlier.tickets, span.last)
    parts = [
        f"{span.this}企业服务专线来电 {total.calls:,} 个",
        f"受理营商环境工单 {total.tickets:,} 件（{than}）",
    ]
    on_time = values["on_time_rate"]
    if isinstance(on_time, Rate) and on_time.percent is not None:
        parts.append(f"应办结的 {on_time.percent}% 按时办结")
    if total.overdue:
        parts.append(f"期末超期未办结 {total.overdue:,} 件")
    return "，".join(parts) + "。"


def _volume(span: Span, total: Totals, earlier: Totals) -> Section:
    late = rows_link(tallies.OVERDUE, span.period, "hits", business=YES)
    lines = (
        ("专线来电（个）", total.calls, earlier.calls, _rows(tallies.CALLS, span)),
        ("营商环境工单（件）", total.tickets, earlier.tickets, _rows(tallies.OPENED, span)),
        ("期末超期未办结（件）", total.overdue, earlier.overdue, late),
    )
    columns = (
        Column("项目"),
        Column(span.this, Kind.COUNT),
        Column(span.last, Kind.COUNT),
        Column("增减", Kind.COUNT),
    )
    rows = [Row((name, now, before, now - before), link) for name, now, before, link in lines]
    note = f"{span.last}按当时同样经过的时间统计。"
    return Section("volume", "总体情况", (Table("总量", columns, rows, note=note),))


def _figures(
    code: str,
    title: str,
    span: Span,
    codes: Sequence[str],
    values: Values,
    last: Values,
    rules: Rules,
) -> Section:
    rates, means, words = [], [], []
    for one in codes:
        figure, now, before = BY_CODE[one], values[one], last[one]
        name = figure.name_in(rules)
        if isinstance(now, Rate) and isinstance(before, Rate):
            least = figure.minimum(rules)
            by = number(points(now, before, least))
            cells = (number(now.percent), now.hits, now.judged, number(before.percent), by)
            links = (_rows(one, span), "", _rows(one, span, "hits"), _rows(one, span))
            rates.append(Row((name, *cells), "", links))
            if now.percent is not None:
                change = moved(now, before, least, span.last)
                words.append(f"{name} {percent(now)}" + (f"（{change}）" if change else ""))
        elif isinstance(now, Mean):
            n = now.n
            means.append(
                Row(
                    (name, mean_cell(figure, now), figure.form.unit, n, mean_cell(figure, before)),
                    _rows(one, span),
                )
            )
    blocks: list[Any] = [Paragraph("；".join(words) + "。")] if words else []
    blocks.append(
        Table(
            f"{title}指标",
            (
                Column("指标"),
                Column(span.this, Kind.PERCENT),
                Column("分子", Kind.COUNT),
                Column("分母", Kind.COUNT),
                Column(span.last, Kind.PERCENT),
                Column("变化（百分点）", Kind.POINTS),
            ),
            rates,
        )
    )
    blocks.append(
        Table(
            f"{title}平均时长",
            (
                Column("指标"),
                Column(span.this, Kind.NUMBER),
                Column("单位"),
                Column("件数", Kind.COUNT),
                Column(span.last, Kind.NUMBER),
            ),
            means,
        )
    )
    return Section(code, title, blocks)


def _rows(code: str, span: Span, part: str = "judged") -> str:
    return rows_link(code, span.period, part, business=YES)


def _parts(span: Span, categories: Mapping[Named, int], units: Mapping[Named, int]) -> Section:
    top = list(categories.items())[:10]
    blocks: list[Any] = [_counted(span, "事项分类", "category", categories, "未分类")]
    if top:
        labels = [one.name or "未分类" for one, _ in top]
        series = (Series(span.this, [float(count) for _, count in top]),)
        blocks.append(Chart("营商环境工单最多的事项", Shape.BAR, labels, series, unit="件"))
    blocks.append(_counted(span, "承办单位", "unit", units, "未派单"))
    return Section("parts", "事项与单位", blocks)


def _counted(span: Span, heading: str, by: str, counts: Mapping[Named, int], nothing: str) -> Table:
    total = sum(counts.values())
    rows = [
        Row(
            (one.name or nothing, count, number(Rate(count, total).percent)),
            rows_link(OPENED, span.period, business=YES, **{by: one.code}) if one.code else "",
        )
        for one, count in counts.items()
    ]
    columns = (Column(heading), Column("件数", Kind.COUNT), Column("占比", Kind.PERCENT))
    whole = Row(("合计", total, number(Rate(total, total).percent)), _rows(OPENED, span))
    return Table(f"按{heading}", columns, rows, total=whole)


def _tickets(tickets: Sequence[Listed], total: Totals) -> Section:
    rows = [
        Row(
            (
                *(one.number, one.title, one.category, one.unit),
                "超期未办结" if one.overdue else one.status.label,
                moment(one.due_at),
            ),
            f"/tickets/{one.number}",
        )
        for one in tickets
    ]
    columns = tuple(Column(name) for name in ("编号", "诉求", "事项", "承办单位", "状态", "时限"))
    note = f"共 {total.tickets:,} 件，列出最早的 {LISTED} 件。" if total.tickets > LISTED else ""
    return Section("tickets", "工单", (Table("营商环境工单", columns, rows, note=note),))


def _meetings(span: Span, cases: Sequence[CaseView]) -> Section:
    """What was raised or settled in the span, and all that is under way."""
    period = span.period

    def here(at: datetime | None) -> bool:
        return at is not None and period.start <= at < period.end

    shown = [
        case
        for case in cases
        if case.raised_at < period.end
        and (
            here(case.raised_at)
            or here(case.settled_at)
            or case.state not in {CaseState.DONE, CaseState.WITHDRAWN}
        )
    ]
    raised = sum(here(case.raised_at) for case in shown)
    done = sum(case.state is CaseState.DONE and here(case.settled_at) for case in shown)
    late = sum(case.overdue for case in shown)
    words = f"{span.this}提请联席会议 {raised} 件，落实 {done} 件" + (
        f"；逾期未落实 {late} 件。" if late else "。"
    )
    columns = tuple(Column(name) for name in ("工单", "议题", "状态", "结论", "落实单位", "期限"))
    rows = [
        Row(
            (
                *(case.ticket, case.question),
                "逾期未落实" if case.overdue else case.state.label,
                *(case.conclusion, case.unit, moment(case.due_at)),
            ),
            f"/tickets/{case.ticket}",
        )
        for case in shown
    ]
    table = Table("联席会议议题", columns, rows, note="包括本期提请、本期落实和仍在办的议题。")
    return Section("meetings", "联席会议", (Paragraph(words), table))


def _notes(span: Span, rules: Rules, now: datetime) -> list[str]:
    notes = [
        f"数据截至 {moment(now)}；按规则方案“{rules.profile.label}”计算。",
        "来电：拨打企业服务专线，或在语音菜单选择企业服务的；工单：标为营商环境的。",
    ]
    if not span.finished(now):
        notes.append("本期尚未结束，以上为到目前的数字。")
    codes = (BY_CODE[code] for code in (*CALLS, *TICKETS))
    notes += [f"{one.name_in(rules)}：{one.formula}。来源：{one.source}。" for one in codes]
    return notes
