"""What the buttons of a ticket do: one function each, all in one transaction."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from dispatch.domain.errors import DialerUnavailable, InvalidInput
from dispatch.domain.limits import SourceLevel
from dispatch.domain.ports import FollowUpCall
from dispatch.domain.vocabulary import Rating, Role, Verdict
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import (
    assignment,
    followup,
    followup_calls,
    followup_ends,
    handling,
    reviews,
)
from dispatch.service.assignment import LimitTerms
from dispatch.service.queries_search import unit_code
from dispatch.service.supporting import helpers_named
from portal.deps import PortalContext
from portal.views.ticket_model import category_typed
from portal.views.ticket_press import AfterCommit, Button, Press

# The telephone system was away: the attempt waits this long before the next try.
DIAL_AGAIN = timedelta(minutes=5)


def _dispatch(press: Press) -> None:
    category = category_typed(press)
    unit = unit_code(press.session, press.text("department"))
    assignment.dispatch(
        press.session,
        press.actor,
        press.number,
        unit,
        press.ctx.rules,
        opinion=press.text("opinion"),
        category=category,
        supporting=_helpers(press, unit, category),
        designate=bool(press.text("designate")),
        terms=_terms(press),
        expected=press.expected,
        now=press.now,
    )


def _helpers(press: Press, unit: str, category: str | None) -> Sequence[str]:
    """The helping units typed; a row's short form has no field for them: the catalogue's then."""
    if "supporting" not in press.typed:
        today = press.now.astimezone(SHANGHAI).date()
        return helpers_named(
            press.session, press.actor, press.number, unit, category=category, today=today
        )
    typed = re.split("[、，,;；\\s]+", press.text("supporting"))
    return [_helper(press, name) for name in typed if name]


def _helper(press: Press, name: str) -> str:
    try:
        return unit_code(press.session, name)
    except InvalidInput as problem:
        raise InvalidInput(str(problem), field="supporting") from problem


def _terms(press: Press) -> LimitTerms:
    level = press.text("source_level")
    if level and level not in SourceLevel.__members__.values():
        raise InvalidInput("请从给出的选项中选择来源层级", field="source_level")
    return LimitTerms(
        stated=_limit(press, "stated"),
        statutory=_limit(press, "statutory"),
        statutory_basis=press.text("statutory_basis"),
        source_level=SourceLevel(level) if level else None,
    )


def _limit(press: Press, name: str) -> str | None:
    amount = press.text(f"{name}_amount").strip()
    return f"{amount} {press.text(f'{name}_unit')}" if amount else None


def _reassign(press: Press) -> None:
    assignment.reassign(
        press.session,
        press.actor,
        press.number,
        unit_code(press.session, press.text("department")),
        press.ctx.rules,
        reason=press.text("reason"),
        category=category_typed(press),
        designate=bool(press.text("designate")),
        expected=press.expected,
        now=press.now,
    )


def _acknowledge(press: Press) -> None:
    assignment.acknowledge(
        press.session,
        press.actor,
        press.number,
        press.ctx.rules,
        expected=press.expected,
        now=press.now,
    )


def _contact(press: Press) -> None:
    handling.contact_requester(
        press.session,
        press.actor,
        press.number,
        note=press.text("note"),
        expected=press.expected,
        now=press.now,
    )


def _complete(press: Press) -> None:
    handling.complete(
        press.session,
        press.actor,
        press.number,
        press.ctx.rules,
        public_reply=press.text("public_reply"),
        internal_note=press.text("internal_note"),
        expected=press.expected,
        now=press.now,
    )


def _pass_audit(press: Press) -> None:
    handling.pass_audit(
        press.session,
        press.actor,
        press.number,
        press.ctx.rules,
        expected=press.expected,
        now=press.now,
    )


def _send_back(press: Press) -> None:
    handling.send_back(
        press.session,
        press.actor,
        press.number,
        press.ctx.rules,
        reason_code=press.text("reason_code"),
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _reopen(press: Press) -> None:
    followup_ends.reopen(
        press.session,
        press.actor,
        press.number,
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _review(press: Press) -> None:
    chosen = press.text("redo")
    reviews.decide(
        press.session,
        press.actor,
        press.number,
        redo={"yes": True, "no": False}.get(chosen),
        words=press.text("words"),
        expected=press.expected,
        now=press.now,
    )


def _follow_up(press: Press) -> None:
    reached = press.text("reached")
    if reached not in {"yes", "no"}:
        raise InvalidInput("请选择是否接通", field="reached")
    try:
        solved = Verdict(press.text("solved")) if press.text("solved") else None
        rating = Rating(press.text("rating")) if press.text("rating") else None
    except ValueError:
        raise InvalidInput("请从给出的选项中选择回访结果", field="solved") from None
    followup.record_by_person(
        press.session,
        press.actor,
        press.number,
        press.ctx.rules,
        reached=reached == "yes",
        solved=solved,
        rating=rating,
        note=press.text("note"),
        expected=press.expected,
        now=press.now,
    )


def _call_now(press: Press) -> AfterCommit:
    call = followup_calls.call_now(
        press.session, press.actor, press.number, press.ctx.rules, now=press.now
    )
    return lambda: _dial(press.ctx, call, press.now)


def _dial(ctx: PortalContext, call: FollowUpCall, now: datetime) -> None:
    """Order the call once its row is committed; an order nobody takes goes back in line."""
    try:
        ctx.dialer.dial(call)
    except DialerUnavailable:
        again = ctx.rules.follow_up_at(now + DIAL_AGAIN)
        with ctx.db.work() as session:
            followup_calls.put_back(session, call.follow_up_id, due_at=again)
        raise


_UNIT = frozenset({Role.DEPARTMENT})
_CENTER = frozenset({Role.CENTER})
_CALLERS = frozenset({Role.FOLLOW_UP, Role.CENTER})

BUTTONS: Mapping[str, Button] = {
    "dispatch": Button(
        "派单",
        frozenset({Role.AGENT, Role.DISPATCHER, Role.CENTER}),
        _dispatch,
        "已派单，办理时限从现在起算",
    ),
    "reassign": Button(
        "改派", frozenset({Role.DISPATCHER, Role.CENTER}), _reassign, "已改派，办理时限重新起算"
    ),
    "acknowledge": Button("签收", _UNIT, _acknowledge, "已签收，请尽快联系诉求人"),
    "contact": Button("联系诉求人", _UNIT, _contact, "已记下联系情况"),
    "complete": Button("办结", _UNIT, _complete, "已办结，等待热线中心审核"),
    "pass-audit": Button("审核通过", _CENTER, _pass_audit, "审核通过"),
    "send-back": Button("退回补正", _CENTER, _send_back, "已退回承办单位补正，原时限继续计算"),
    "follow-up": Button("登记回访", _CALLERS, _follow_up, "已登记回访结果"),
    "call-now": Button("立即回访", _CALLERS, _call_now, "正在呼叫诉求人，答复会自动记在这里"),
    "review": Button("复核", _CENTER, _review, "已复核，结果已记入工单"),
    "reopen": Button("退回重办", _CALLERS, _reopen, "已退回重办，等待重新派单"),
}
"""Every changing button, by the last part of its address."""
