"""Buttons by which a unit applies for something and the centre rules on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from dispatch.domain.errors import InvalidInput
from dispatch.domain.lifecycle import APPLY, GRANT
from dispatch.domain.terms import ApplicationKind
from dispatch.domain.vocabulary import Role
from dispatch.service import applications, rulings
from dispatch.service.applications import RULED_BY_CENTRE, ApplicationForm
from dispatch.service.queries_search import unit_code
from dispatch.service.rulings import GrantTerms
from portal.views.ticket_press import Button, Press


def _apply(kind: ApplicationKind) -> Callable[[Press], None]:
    def do(press: Press) -> None:
        form = ApplicationForm(
            kind=kind,
            reason_code=press.text("reason_code"),
            reason=press.text("reason"),
            basis=press.text("basis"),
            suggested=_suggested(press) if kind is ApplicationKind.RETURN else None,
            until=_day(press),
            limit=_length(press),
        )
        applications.apply(
            press.session,
            press.actor,
            press.number,
            form,
            press.ctx.rules,
            expected=press.expected,
            now=press.now,
        )

    return do


def _grant(press: Press) -> None:
    terms = GrantTerms(
        ruling=press.text("ruling"),
        until=_day(press),
        limit=_length(press),
        release_merged=press.text("release_merged") == "yes",
    )
    rulings.grant(
        press.session,
        press.actor,
        press.number,
        _application(press),
        press.ctx.rules,
        terms,
        expected=press.expected,
        now=press.now,
    )


def _deny(press: Press) -> None:
    rulings.deny(
        press.session,
        press.actor,
        press.number,
        _application(press),
        ruling=press.text("ruling"),
        designate=press.text("designate") == "yes",
        expected=press.expected,
        now=press.now,
    )


def _withdraw(press: Press) -> None:
    applications.withdraw(
        press.session,
        press.actor,
        press.number,
        _application(press),
        expected=press.expected,
        now=press.now,
    )


def _resume(press: Press) -> None:
    rulings.resume(
        press.session,
        press.actor,
        press.number,
        press.ctx.rules,
        reason=press.text("reason"),
        expected=press.expected,
        now=press.now,
    )


def _application(press: Press) -> int:
    typed = press.text("application")
    if not (typed.isascii() and typed.isdigit() and len(typed) < 10):
        raise InvalidInput("页面已过期，请刷新后重新提交；您填写的内容已保留")
    return int(typed)


def _suggested(press: Press) -> str | None:
    typed = press.text("suggested").strip()
    if not typed:
        return None
    try:
        return unit_code(press.session, typed)
    except InvalidInput as problem:
        raise InvalidInput(str(problem), field="suggested") from None


def _day(press: Press) -> date | None:
    typed = press.text("until").strip()
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise InvalidInput("请选择日期，例如 2026-12-01", field="until") from None


def _length(press: Press) -> str | None:
    """An extension's length: the number typed, in the unit its form names."""
    typed = press.text("amount").strip()
    return f"{typed} {press.text('amount_unit')}" if typed else None


_UNIT = frozenset({Role.DEPARTMENT})
_RULERS = frozenset({Role.DISPATCHER, Role.CENTER})
_CENTER = frozenset({Role.CENTER})

_DONE = {
    ApplicationKind.RETURN: "已同意退单，工单等待重新派单，原办理时限继续计算",
    ApplicationKind.EXTENSION: "已同意延期，新的到期时间已告知承办单位和诉求人",
    ApplicationKind.HOLD: "已同意挂起，时限暂停计算",
    ApplicationKind.COMMITMENT: "已同意承诺办理，承诺日期已告知诉求人",
    ApplicationKind.TERMINATION: "工单已终止，理由已告知诉求人",
}

BUTTONS: Mapping[str, Button] = {
    **{
        APPLY[kind].value.replace("_", "-"): Button(
            APPLY[kind].label, _UNIT, _apply(kind), f"已提交{kind.label}申请，裁定之前时限照常计算"
        )
        for kind in ApplicationKind
    },
    **{
        GRANT[kind].value.replace("_", "-"): Button(
            GRANT[kind].label, _CENTER if kind in RULED_BY_CENTRE else _RULERS, _grant, _DONE[kind]
        )
        for kind in ApplicationKind
    },
    "deny-application": Button("驳回申请", _RULERS, _deny, "已驳回申请，理由已告知承办单位"),
    "withdraw-application": Button("撤回申请", _UNIT, _withdraw, "已撤回申请"),
    "resume": Button("恢复计时", _UNIT | _RULERS, _resume, "时限已恢复计算"),
}
"""By the last part of the address."""
