"""Which numbers can be rung back, and in which forms a caller's number may be stored."""

from __future__ import annotations

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain import numbers
from dispatch.domain.call_terms import DialScope, FlagKind, FlagState, FlagTreatment
from dispatch.domain.rules import Rules
from dispatch.models.catalog import Line
from dispatch.models.telephone import NumberFlag

_NEVER = frozenset({DialScope.INTERNAL, DialScope.EMERGENCY, DialScope.PREMIUM})


def forms_of(number: str) -> tuple[str, ...]:
    """The ways in which carriers write one number of the mainland; foreign ones have one way."""
    bare = number.removeprefix("+86") if number.startswith("+86") else number
    if not bare or bare.startswith("+"):
        return (number,)
    return (bare, f"+86{bare}", f"+86{bare.removeprefix('0')}", f"0{bare}")


def obstacle(session: Session, number: str, rules: Rules) -> str:
    """Why a caller cannot be rung back, as a sentence for the list; "" when he can be."""
    if not number:
        return "来电没有显示号码"
    if session.get(Line, number) is not None:
        return "是本热线自己的号码"
    leads_to = numbers.destination(number, rules.profile.dialling.area_code)
    if leads_to is None:
        return "不是可以拨打的号码"
    allowed = {scope for rule in rules.profile.calls.dial for scope in rule.scopes} - _NEVER
    if leads_to.scope not in allowed:
        return f"{leads_to.scope.label}，外呼规则不允许"
    return flagged(session, number)


def flagged(session: Session, number: str) -> str:
    """Why nobody rings a number that two persons have flagged; "" when it is not."""
    kind = session.scalar(
        select(NumberFlag.kind).where(
            NumberFlag.number.in_(forms_of(number)),
            NumberFlag.state == FlagState.ACTIVE.value,
            NumberFlag.treatment != FlagTreatment.FIRST.value,
        )
    )
    return f"号码已标记为“{FlagKind(kind).label}”" if kind else ""
