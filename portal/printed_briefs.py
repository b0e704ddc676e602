"""要情 on paper: what happened, what was done, the chain so far, and room for an instruction."""

from __future__ import annotations

from datetime import datetime

from dispatch.domain.reporting_terms import BriefStepKind
from dispatch.domain.worktime import local
from dispatch.service.brief_queries import BriefStepView, BriefView
from portal.printing import Form, Line, Pair

SIGNATURES = ("拟稿", "审核", "签发")
SHOWN = 12
"""Numbers of tickets printed; the others are counted."""


def brief_form(view: BriefView, *, city: str, printed_by: str, now: datetime) -> Form:
    """The sheet of one brief."""
    numbers = "、".join(view.tickets[:SHOWN])
    if len(view.tickets) > SHOWN:
        numbers += f"等 {len(view.tickets)} 件"
    given = [one for one in view.steps if one.kind is BriefStepKind.INSTRUCTION]
    answers = [one for one in view.steps if one.kind is BriefStepKind.FEEDBACK]
    return Form(
        office=f"{city}12345政务服务便民热线",
        title="要 情",
        number=view.number,
        rows=[
            Pair("级　　别", view.level.label, "报送时间", _at(view.submitted_at, "（未报送）")),
            Line("标　　题", view.title),
            Pair("发生时间", _at(view.happened_at), "地　　点", view.place or "—"),
            Line("基本情况", view.facts, tall=50),
            Line("处置情况", view.measures, tall=24),
            Line("涉及工单", numbers or "—"),
            Line("领导批示", "\n".join(_instruction(one) for one in given), tall=40),
            Line("落实反馈", "\n".join(_words(one) for one in answers), tall=30),
            Pair("反馈期限", _at(view.due_at), "办结时间", _at(view.closed_at, "")),
        ],
        signatures=SIGNATURES,
        printed_by=printed_by,
        printed_at=f"{local(now):%Y-%m-%d %H:%M}",
    )


def _instruction(step: BriefStepView) -> str:
    return f"{step.words}（{step.who}，{_at(step.at)}，请{step.unit or '热线中心'}办理）"


def _words(step: BriefStepView) -> str:
    return f"{step.words}（{step.unit or step.who}，{_at(step.at)}）"


def _at(at: datetime | None, empty: str = "—") -> str:
    """2026年11月26日 17:30: a sheet of paper must say the year."""
    if at is None:
        return empty
    day = local(at)
    return f"{day.year}年{day.month}月{day.day}日 {day:%H:%M}"
