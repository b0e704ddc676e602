"""Buttons of supervision: orders, answers, rulings, written urges, and leaders' instructions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from dispatch.domain.errors import InvalidInput, NotFound
from dispatch.domain.terms import SupervisionLevel, SupervisionTrigger
from dispatch.domain.vocabulary import Role
from dispatch.service import instructions, supervision, supervision_answers
from dispatch.service.oversight_queries import instructions_on, order_for
from dispatch.service.queries_search import unit_code
from dispatch.service.urge_notes import urge_unit
from portal.views.ticket_press import Button, Press

MAX_COPIES = 10


def _supervise(press: Press) -> None:
    try:
        level = SupervisionLevel(press.text("level"))
        trigger = SupervisionTrigger(press.text("trigger") or SupervisionTrigger.MANUAL)
    except ValueError:
        raise InvalidInput("请选择督办级别", field="level") from None
    unit = press.text("department").strip()
    supervision.issue(
        press.session,
        press.actor,
        press.number,
        press.ctx.rules,
        level=level,
        trigger=trigger,
        demand=press.text("demand"),
        copied_to=copies(press.text("copied_to")),
        due=_due(press),
        department=unit_code(press.session, unit) if unit else None,
        expected=press.expected,
        now=press.now,
    )


def _answer(press: Press) -> None:
    supervision_answers.answer(
        press.session,
        press.actor,
        _order(press),
        words=press.text("answer"),
        expected=press.expected,
        now=press.now,
    )


def _accept(press: Press) -> None:
    supervision_answers.accept(
        press.session,
        press.actor,
        _order(press),
        words=press.text("ruling"),
        expected=press.expected,
        now=press.now,
    )


def _send_back(press: Press) -> None:
    supervision_answers.send_back(
        press.session,
        press.actor,
        _order(press),
        press.ctx.rules,
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _cancel(press: Press) -> None:
    supervision_answers.cancel(
        press.session,
        press.actor,
        _order(press),
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _urge_unit(press: Press) -> None:
    urge_unit(
        press.session,
        press.actor,
        press.number,
        words=press.text("words"),
        expected=press.expected,
        now=press.now,
    )


def _instruct(press: Press) -> None:
    # A leader may write below an item of the week's page: words are added, nothing is overwritten.
    seen = press.expected if press.typed.get("version") else None
    instructions.give(
        press.session,
        press.actor,
        press.number,
        press.ctx.rules,
        words=press.text("words"),
        due=_due(press),
        expected=seen,
        now=press.now,
    )


def _receive(press: Press) -> None:
    instructions.receive(
        press.session, press.actor, _instruction(press), expected=press.expected, now=press.now
    )


def _report(press: Press) -> None:
    instructions.report(
        press.session,
        press.actor,
        _instruction(press),
        feedback=press.text("feedback"),
        expected=press.expected,
        now=press.now,
    )


def _give_back(press: Press) -> None:
    instructions.give_back(
        press.session, press.actor, _instruction(press), words=press.text("words"), now=press.now
    )


def _close(press: Press) -> None:
    instructions.close(press.session, press.actor, _instruction(press), now=press.now)


def copies(typed: str) -> tuple[str, ...]:
    """Offices that get a copy, as typed with any sort of comma or on lines of their own.

    Raises:
        InvalidInput: more than an order has room for.
    """
    for comma in "，,;；\n":
        typed = typed.replace(comma, "、")
    names = tuple(dict.fromkeys(name.strip() for name in typed.split("、") if name.strip()))
    if len(names) > MAX_COPIES or len("、".join(names)) > 200:
        raise InvalidInput(f"抄送单位最多 {MAX_COPIES} 个、共 200 字", field="copied_to")
    return names


def _due(press: Press) -> datetime | None:
    """The close of business of the day that was chosen; None when none was."""
    typed = press.text("due").strip()
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise InvalidInput("日期的格式应为 2026-11-30", field="due") from None
    rules = press.ctx.rules
    return rules.calendar.with_hours(rules.profile.hours).close_of(day)


def _order(press: Press) -> str:
    """The order the button belongs to; it must be one of this ticket's."""
    order = order_for(press.session, press.actor, press.text("order").strip())
    if order.ticket != press.number:
        raise NotFound(f"工单 {press.number} 没有督办 {order.number}")
    return order.number


def _instruction(press: Press) -> int:
    typed = press.text("instruction")
    mine = instructions_on(press.session, press.actor, press.number)
    found = next((one.id for one in mine if str(one.id) == typed), None)
    if found is None:
        raise NotFound("没有找到这条批示，或您无权查看")
    return found


_SUPERVISORS = frozenset({Role.SUPERVISOR, Role.CENTER})
_ANSWERERS = frozenset({Role.DEPARTMENT, Role.DISPATCHER, Role.CENTER})
_CENTRE = frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.CENTER})
_LEADER = frozenset({Role.LEADER})

BUTTONS: Mapping[str, Button] = {
    "supervise": Button("下达督办", _SUPERVISORS, _supervise, "已下达督办，承办单位会收到通知"),
    "answer-supervision": Button("答复督办", _ANSWERERS, _answer, "已答复督办，等待认定"),
    "accept-supervision": Button("认定督办答复", _SUPERVISORS, _accept, "已认定，督办办结"),
    "send-back-supervision": Button(
        "退回督办答复", _SUPERVISORS, _send_back, "已退回，承办单位须重新答复"
    ),
    "cancel-supervision": Button("撤销督办", _SUPERVISORS, _cancel, "已撤销督办"),
    "urge-unit": Button("发催办通知", _SUPERVISORS, _urge_unit, "已发催办通知，并抄送单位负责人"),
    "instruct": Button("批示", _LEADER, _instruct, "已批示，热线中心和承办单位会收到通知"),
    "receive-instruction": Button("签收批示", _CENTRE, _receive, "已签收批示，请按要求落实"),
    "report-instruction": Button("反馈批示", _CENTRE, _report, "已向领导反馈"),
    "give-back-instruction": Button(
        "退回批示反馈", _LEADER, _give_back, "已退回，热线中心会再反馈"
    ),
    "close-instruction": Button("办结批示", _LEADER, _close, "批示已办结"),
}
"""By the last part of the address."""
