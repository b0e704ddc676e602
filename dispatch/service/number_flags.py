"""Number flags: proposed by one person with evidence, approved by another, until a day.

国办函〔2025〕66号 has harassment dealt with by law; what a flag does is this project's own choice:
two persons, evidence that can be heard, an end, an appeal ruled on by a third person, and never a
closed door in an emergency.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain import numbers
from dispatch.domain.call_terms import DialScope, FlagKind, FlagState, FlagTreatment
from dispatch.domain.calls import Direction
from dispatch.domain.errors import (
    ActionNotAllowed,
    InvalidInput,
    NotFound,
    OwnRequest,
    RoleNotAllowed,
)
from dispatch.domain.events import NumberFlagged
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.catalog import Line
from dispatch.models.contacts import Contact
from dispatch.models.telephone import NumberFlag
from dispatch.service.access import require_role
from dispatch.service.call_back_numbers import forms_of

PROPOSERS = (Role.AGENT, Role.SUPERVISOR, Role.CENTER, Role.ADMIN)
LIVE = (FlagState.PROPOSED.value, FlagState.ACTIVE.value)
_OURS = frozenset({DialScope.INTERNAL, DialScope.EMERGENCY})


def propose(
    session: Session,
    actor: Actor,
    *,
    number: str,
    kind: FlagKind,
    treatment: FlagTreatment | None = None,
    reason: str,
    evidence: Sequence[int] = (),
    days: int,
    rules: Rules,
    now: datetime,
) -> NumberFlag:
    """Propose a flag; nothing changes for the caller until another person approves.

    `treatment` None is what the policy says; a place that is to be answered first needs no
    evidence, and nobody else can be put first.

    Raises:
        InvalidInput: the number, its evidence, the reason or the days do not do.
    """
    require_role(actor, *PROPOSERS)
    policy = rules.profile.number_flag
    canonical = _flaggable(session, number, rules)
    place = kind is FlagKind.URGENT_PLACE
    wished = treatment or (FlagTreatment.FIRST if place else policy.treatment)
    if place != (wished is FlagTreatment.FIRST):
        raise InvalidInput("只有“重点场所”优先接听，也只能优先接听", field="treatment")
    if not reason.strip():
        raise InvalidInput("请写明标记的理由：什么时间、说了什么、如何劝阻过", field="reason")
    if not 1 <= days <= policy.longest_days:
        raise InvalidInput(f"标记期限为 1 至 {policy.longest_days} 天", field="days")
    heard = _evidence(session, canonical, evidence)
    if not place and len(heard) < policy.least_evidence:
        raise InvalidInput(
            f"至少要选 {policy.least_evidence} 次该号码的来电作为依据，现在是 {len(heard)} 次",
            field="evidence",
        )
    flag = NumberFlag(
        number=canonical,
        kind=kind.value,
        treatment=wished.value,
        state=FlagState.PROPOSED.value,
        reason=reason.strip()[:2000],
        evidence=heard,
        proposed_by_id=actor.staff_id or 0,
        proposed_at=now,
        expires_at=now + timedelta(days=days),
        appeal="",
        ruling="",
    )
    try:
        with session.begin_nested():
            session.add(flag)
    except IntegrityError:
        raise InvalidInput("该号码已有待批准或生效的标记", field="number") from None
    _tell(session, actor, flag, reason, now)
    return flag


def _flaggable(session: Session, number: str, rules: Rules) -> str:
    area = rules.profile.dialling.area_code
    canonical = numbers.canonical(number, area)
    leads_to = numbers.destination(canonical, area) if canonical else None
    if leads_to is None:
        raise InvalidInput("请填写来电显示的号码；没有显示号码的来电不能标记", field="number")
    if leads_to.scope in _OURS or session.get(Line, canonical) is not None:
        raise InvalidInput("这是本热线或紧急电话的号码，不能标记", field="number")
    return canonical


def _evidence(session: Session, number: str, chosen: Sequence[int]) -> list[int]:
    wanted = sorted(set(chosen))
    found = session.scalars(
        select(Contact.id)
        .where(Contact.id.in_(wanted), Contact.caller.in_(forms_of(number)))
        .where(Contact.direction == Direction.INBOUND.value)
        .order_by(Contact.id)
    ).all()
    if len(found) != len(wanted):
        raise InvalidInput("作为依据的来电必须都是该号码打来的", field="evidence")
    return list(found)


def may_decide(actor: Actor, flag: NumberFlag) -> bool:
    """Whether the person may approve or refuse this proposal: the centre, and not its author."""
    return _in_charge(actor) and actor.staff_id != flag.proposed_by_id


def may_rule(actor: Actor, flag: NumberFlag) -> bool:
    """Whether the person may rule on the appeal: none of the two who made the flag."""
    return _in_charge(actor) and actor.staff_id not in {flag.proposed_by_id, flag.decided_by_id}


def _in_charge(actor: Actor) -> bool:
    trusted = actor.approver and actor.role in {Role.SUPERVISOR, Role.ADMIN}
    return actor.role is Role.CENTER or trusted


def decide(
    session: Session, actor: Actor, flag_id: int, *, approve: bool, note: str = "", now: datetime
) -> NumberFlag:
    """Approve or refuse a proposal; the days count from the approval.

    Raises:
        OwnRequest: the actor proposed it.
        InvalidInput: a refusal without its reason.
    """
    flag = _flag_in(session, flag_id, FlagState.PROPOSED)
    _require_in_charge(actor)
    if not may_decide(actor, flag):
        raise OwnRequest("提出标记的人不能自己批准，请另一位负责人处理")
    if not approve and not note.strip():
        raise InvalidInput("请写明不批准的理由", field="note")
    flag.decided_by_id, flag.decided_at = actor.staff_id, now
    flag.ruling = note.strip()
    if approve:
        flag.expires_at = now + (flag.expires_at - flag.proposed_at)
        flag.state = FlagState.ACTIVE.value
    else:
        _end(flag, FlagState.REFUSED, actor, now)
    _tell(session, actor, flag, note, now)
    return flag


def withdraw(session: Session, actor: Actor, flag_id: int, *, now: datetime) -> NumberFlag:
    """Take back one's own proposal while nobody has decided it."""
    flag = _flag_in(session, flag_id, FlagState.PROPOSED)
    if actor.staff_id != flag.proposed_by_id:
        raise ActionNotAllowed("只有提出人可以撤回；不同意的请选“不批准”")
    _end(flag, FlagState.WITHDRAWN, actor, now)
    _tell(session, actor, flag, "", now)
    return flag


def lift(session: Session, actor: Actor, flag_id: int, *, reason: str, now: datetime) -> NumberFlag:
    """End a flag before its day; lifting needs one person, because it harms nobody."""
    require_role(actor, Role.SUPERVISOR, Role.CENTER, Role.ADMIN)
    if not reason.strip():
        raise InvalidInput("请写明解除的理由", field="reason")
    flag = _flag_in(session, flag_id, FlagState.ACTIVE)
    flag.ruling = reason.strip()
    _end(flag, FlagState.LIFTED, actor, now)
    _tell(session, actor, flag, reason, now)
    return flag


def appeal(
    session: Session, actor: Actor, flag_id: int, *, words: str, rules: Rules, now: datetime
) -> NumberFlag:
    """Write down the caller's appeal; it is ruled on in time, or the flag falls."""
    require_role(actor, *PROPOSERS, Role.FOLLOW_UP, Role.DISPATCHER)
    if not words.strip():
        raise InvalidInput("请写下来电人申诉的话", field="words")
    flag = _flag_in(session, flag_id, FlagState.ACTIVE)
    if flag.appeal_by is not None:
        raise ActionNotAllowed("这个标记已有申诉，正在等待裁定")
    flag.appeal, flag.appealed_at = words.strip()[:2000], now
    flag.appeal_by = now + timedelta(days=rules.profile.number_flag.appeal_days)
    _tell(session, actor, flag, f"申诉：{words.strip()}", now)
    return flag


def rule_on_appeal(
    session: Session, actor: Actor, flag_id: int, *, uphold: bool, words: str, now: datetime
) -> NumberFlag:
    """Keep the flag or lift it; by somebody who had no part in making it.

    Raises:
        OwnRequest: the actor proposed or approved the flag.
    """
    flag = _flag_in(session, flag_id, FlagState.ACTIVE)
    if flag.appeal_by is None:
        raise ActionNotAllowed("这个标记没有等待裁定的申诉")
    _require_in_charge(actor)
    if not may_rule(actor, flag):
        raise OwnRequest("提出和批准标记的人都不能裁定申诉，请第三位负责人处理")
    if not words.strip():
        raise InvalidInput("请写明裁定的理由，答复来电人时照此说明", field="words")
    flag.ruling, flag.appeal_by = words.strip(), None
    if not uphold:
        _end(flag, FlagState.LIFTED, actor, now)
    _tell(session, actor, flag, f"申诉裁定：{words.strip()}", now)
    return flag


def expire(session: Session, *, now: datetime) -> int:
    """End flags whose day has come, and those whose appeal nobody ruled on in time."""
    flags = session.scalars(
        select(NumberFlag)
        .where(NumberFlag.state == FlagState.ACTIVE.value)
        .where((NumberFlag.expires_at <= now) | (NumberFlag.appeal_by <= now))
        .with_for_update(skip_locked=True)
    ).all()
    for flag in flags:
        over = flag.expires_at <= now
        note = "" if over else "申诉逾期没有裁定，标记自动解除"
        flag.ruling = note or flag.ruling
        _end(flag, FlagState.EXPIRED if over else FlagState.LIFTED, SYSTEM, now)
        _tell(session, SYSTEM, flag, note, now)
    return len(flags)


def _require_in_charge(actor: Actor) -> None:
    if not _in_charge(actor):
        raise RoleNotAllowed("只有热线中心或指定的负责人可以批准标记、裁定申诉")


def _flag_in(session: Session, flag_id: int, state: FlagState) -> NumberFlag:
    flag = session.get(NumberFlag, flag_id, with_for_update=True, populate_existing=True)
    if flag is None:
        raise NotFound("没有找到这个号码标记")
    if flag.state != state.value:
        now_in = FlagState(flag.state).label
        raise ActionNotAllowed(f"这个标记现在是“{now_in}”，不能再做这一步")
    return flag


def _end(flag: NumberFlag, state: FlagState, actor: Actor, now: datetime) -> None:
    flag.state, flag.ended_at, flag.ended_by_id = state.value, now, actor.staff_id
    flag.appeal_by = None


def _tell(session: Session, actor: Actor, flag: NumberFlag, reason: str, now: datetime) -> None:
    session.flush()
    fact = NumberFlagged(at=now, flag_id=flag.id, state=flag.state, reason=reason.strip()[:500])
    record(session, actor, fact)
