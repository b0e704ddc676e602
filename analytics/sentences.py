"""What the leader's page says in words, by rules that anybody can read; no figure, no sentence."""

from __future__ import annotations

from decimal import Decimal

from analytics.weekly import Change, FigureLine, WeeklyReport

STEADY = Decimal(3)
"""A count that changed by less than this many per cent is called level."""

HANDLING = ("acknowledged_on_time_rate", "response_rate", "on_time_rate")
"""The figures of the units' work, in the order of the sentence."""


def changed(change: Change) -> str:
    """比上周多 5.2%, 与上周持平, or the plain number when there was nothing before."""
    if change.percent is None:
        return "上周为 0" if change.now else "上周也为 0"
    if abs(change.percent) < STEADY:
        return "与上周基本持平"
    return f"比上周{'多' if change.percent > 0 else '少'} {abs(change.percent)}%"


def moved(line: FigureLine) -> str:
    """升 1.2 个百分点; too few cases are said to be too few."""
    if min(line.rate.judged, line.before.judged) < line.least:
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


def excluded(report: WeeklyReport) -> str:
    """How many tickets were left out of which figure, and what that changed; "" for none."""
    shown = {*report.follow_up.counts_for_units, *HANDLING}
    parts = [
        f"{one.figure.name}剔除 {len(one.tickets):,} 件，"
        f"由 {_or_none(one.before.percent)} 变为 {_or_none(one.after.percent)}"
        for one in report.left_out
        if one.figure.code in shown
    ]
    return f"经申诉剔除：{'；'.join(parts)}。" if parts else ""


def _or_none(percent: Decimal | None) -> str:
    return "无数据" if percent is None else f"{percent}%"
