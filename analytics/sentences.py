"""Prose made of the figures by rules that anybody can read; no figure, no sentence."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from analytics.weekly import Change, FigureLine, WeeklyReport
from dispatch.domain.vocabulary import Disposition

STEADY = Decimal(3)
"""A count that changed by less than this many per cent is called level."""

FEW = 5
"""Below this many judged cases a rate is given with a warning (不足 5 件不作比较)."""


def changed(change: Change) -> str:
    """比上周多 5.2%, 与上周持平, or the plain number when there was nothing before."""
    if change.percent is None:
        return "上周为 0" if change.now else "上周也为 0"
    if abs(change.percent) < STEADY:
        return "与上周基本持平"
    return f"比上周{'多' if change.percent > 0 else '少'} {abs(change.percent)}%"


def moved(line: FigureLine) -> str:
    """升 1.2 个百分点; too few cases are said to be too few."""
    if min(line.rate.judged, line.before.judged) < FEW:
        return "样本少，不作比较"
    points = line.points
    if points is None or abs(points) < Decimal("0.05"):
        return "与上周持平"
    return f"比上周{'升' if points > 0 else '降'} {abs(points)} 个百分点"


def headline(report: WeeklyReport) -> str:
    """The week in one sentence: how much, how well, what stands out."""
    if report.is_empty:
        return f"{report.week} 周没有来电和工单。"
    direct = report.figures["direct_answer_rate"].rate
    parts = [f"{_this_week(report)}来电 {report.calls.now:,} 个，{changed(report.calls)}"]
    if direct.percent is not None:
        parts.append(f"{direct.percent}% 当场答复")
    on_time = report.figures["on_time_rate"]
    if on_time.rate.percent is not None:
        parts.append(f"应办结的工单 {on_time.rate.percent}% 按时办结")
    if report.rising:
        parts.append(f"“{report.rising[0].category}”上升最快")
    return "；".join(parts) + "。"


def _this_week(report: WeeklyReport) -> str:
    return "本周" if report.finished else "本周到目前"


def week(report: WeeklyReport) -> list[str]:
    """The paragraphs of the report, in its order."""
    if report.is_empty:
        return [headline(report)]
    found = [_volume(report), _calls(report), _handling(report), _overdue(report)]
    found += [_follow_up(report), _topics(report), *_rising(report)]
    return [sentence for sentence in found if sentence]


def _volume(report: WeeklyReport) -> str:
    per_day = round(report.calls.now / _days(report))
    return (
        f"{_this_week(report)}共来电 {report.calls.now:,} 个，日均 {per_day:,} 个，"
        f"{changed(report.calls)}；受理工单 {report.tickets.now:,} 件，{changed(report.tickets)}；"
        f"派出 {report.dispatched.now:,} 件，结案 {report.closed.now:,} 件。"
    )


def _days(report: WeeklyReport) -> int:
    if report.finished:
        return report.period.days
    return max(1, min(report.period.days, (report.made_at - report.period.start).days + 1))


def _calls(report: WeeklyReport) -> str:
    ended = report.dispositions
    answered = ended.get(Disposition.ANSWERED_ON_CALL, 0)
    tickets = ended.get(Disposition.TICKET, 0)
    others = report.calls.now - answered - tickets
    if not report.calls.now:
        return ""
    text = (
        f"来电中当场答复 {answered:,} 个，生成工单 {tickets:,} 个，"
        f"催办、并单、转接、挂断等 {others:,} 个"
    )
    fast = report.figures["service_level_15s"]
    if fast.rate.percent is not None:
        text += f"；15 秒接通率 {fast.rate.percent}%，{moved(fast)}"
    return text + "。"


def _handling(report: WeeklyReport) -> str:
    parts = [
        f"{line.figure.name} {line.rate.percent}%（{line.rate.hits:,}/{line.rate.judged:,}），"
        f"{moved(line)}"
        for code in ("acknowledged_on_time_rate", "response_rate", "on_time_rate")
        if (line := report.figures[code]).rate.percent is not None
    ]
    return "；".join(parts) + "。" if parts else ""


def _overdue(report: WeeklyReport) -> str:
    when = "周末时点" if report.finished else "目前"
    if not report.overdue_count:
        return f"{when}没有超期未办结的工单。"
    text = f"{when}超期未办结 {report.overdue_count:,} 件"
    if report.late_units:
        worst = report.late_units[0]
        text += f"；本周应办结中超期最多的是{worst.name}，{worst.in_time.missed:,} 件"
    return text + "。"


def _follow_up(report: WeeklyReport) -> str:
    asked = report.follow_up
    if not asked.asked:
        return ""
    return (
        f"回访 {asked.asked:,} 件，接通 {asked.reached:,} 件，作出回答 {asked.answered:,} 件，"
        f"其中满意 {asked.satisfied:,} 件：占回访的 {_or_none(asked.of_asked.percent)}、"
        f"接通的 {_or_none(asked.of_reached.percent)}、"
        f"回答的 {_or_none(asked.of_answered.percent)}。"
    )


def _or_none(percent: Decimal | None) -> str:
    return "无数据" if percent is None else f"{percent}%"


def _topics(report: WeeklyReport) -> str:
    top = [f"{line.name} {line.count.now:,} 件" for line in report.categories[:3]]
    return f"诉求最多的事项：{'、'.join(top)}。" if top else ""


def _rising(report: WeeklyReport) -> Sequence[str]:
    found = []
    for topic in report.rising:
        place = f"，集中在{topic.where.place}" if topic.where.place else ""
        unit = f"，主要由{topic.where.unit}承办" if topic.where.unit else ""
        found.append(
            f"“{topic.category}”本周 {topic.count:,} 件，"
            f"前四周平均每周 {topic.usual} 件{place}{unit}。"
        )
    return found
