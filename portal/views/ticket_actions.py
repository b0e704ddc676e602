"""What the buttons of a ticket do: one function each, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.db import Session
from dispatch.domain.errors import DialerUnavailable, InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.ports import FollowUpCall
from dispatch.domain.vocabulary import Rating, Role, Verdict
from dispatch.service import assignment, followup, form_choices, handling
from dispatch.service.queries_search import unit_code
from portal.deps import PortalContext
from portal.views.agent_form import Catalogue

MAX_TEXT = 20_000

# The telephone system was away: the attempt waits this long before the next try.
DIAL_AGAIN = timedelta(minutes=5)

AfterCommit = Callable[[], None]


@dataclass(frozen=True)
class Press:
    """One press of a button with everything typed, inside its transaction."""

    ctx: PortalContext
    session: Session
    actor: Actor
    number: str
    typed: Mapping[str, str]
    now: datetime

    @property
    def expected(self) -> int:
        """The version of the ticket that the page showed.

        Raises:
            InvalidInput: the form carries none.
        """
        version = self.typed.get("version", "")
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            raise InvalidInput("页面已过期，请刷新后重新提交；您填写的内容已保留")
        return int(version)

    def text(self, name: str) -> str:
        """What was typed in a field; empty when it was not sent.

        Raises:
            InvalidInput: nobody types as much as this.
        """
        # PostgreSQL keeps no NUL in a text, and no keyboard makes one.
        typed = self.typed.get(name, "").replace("\0", "")
        if len(typed) > MAX_TEXT:
            raise InvalidInput(
                f"这一项有 {len(typed)} 个字，超过 {MAX_TEXT} 字的上限，请删减后提交", field=name
            )
        return typed


@dataclass(frozen=True)
class Button:
    """A button: who may press it, what it does, and what the page says then."""

    label: str
    roles: frozenset[Role]
    do: Callable[[Press], AfterCommit | None]
    done: str


def _dispatch(press: Press) -> None:
    category = Catalogue([], form_choices.categories(press.session)).category(
        press.text("category")
    )
    assignment.dispatch(
        press.session,
        press.actor,
        press.number,
        unit_code(press.session, press.text("department")),
        press.ctx.rules,
        opinion=press.text("opinion"),
        category=category,
        expected=press.expected,
        now=press.now,
    )


def _reassign(press: Press) -> None:
    assignment.reassign(
        press.session,
        press.actor,
        press.number,
        unit_code(press.session, press.text("department")),
        press.ctx.rules,
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _acknowledge(press: Press) -> None:
    assignment.acknowledge(
        press.session, press.actor, press.number, expected=press.expected, now=press.now
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
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _reopen(press: Press) -> None:
    followup.reopen(
        press.session,
        press.actor,
        press.number,
        reason=press.text("reason"),
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
    call = followup.call_now(press.session, press.actor, press.number, now=press.now)
    return lambda: _dial(press.ctx, call, press.now)


def _dial(ctx: PortalContext, call: FollowUpCall, now: datetime) -> None:
    """Order the call once its row is committed; an order nobody takes goes back in line."""
    try:
        ctx.dialer.dial(call)
    except DialerUnavailable:
        again = ctx.rules.follow_up_at(now + DIAL_AGAIN, 1)
        with ctx.db.work() as session:
            followup.put_back(session, call.follow_up_id, due_at=again)
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
    "reopen": Button("退回重办", _CALLERS, _reopen, "已退回重办，等待重新派单"),
}
"""Every changing button, by the last part of its address."""
