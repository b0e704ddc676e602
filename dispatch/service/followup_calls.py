"""Placing follow-up calls: each attempt is given to one caller once, no number rung twice at once.

The row says CALLING before anybody dials, so a crash never dials one attempt twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError

from dispatch.db import Session
from dispatch.domain import numbers
from dispatch.domain.call_terms import CallBackState
from dispatch.domain.errors import ActionNotAllowed
from dispatch.domain.people import Actor
from dispatch.domain.ports import FollowUpCall
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import FollowUpMethod, FollowUpState, Role, Status
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp
from dispatch.models.telephone import CallBack
from dispatch.models.tickets import Ticket
from dispatch.service import followup_rows
from dispatch.service.access import require_role, ticket_for
from dispatch.service.call_back_numbers import forms_of

LIVE = timedelta(hours=4)
"""A call that began longer ago than this and never ended is not under way: its end was lost."""

_CALLING = FollowUp.state == FollowUpState.CALLING.value
_BY_VOICE = FollowUp.method == FollowUpMethod.VOICE.value


def claim_due(session: Session, rules: Rules, *, limit: int, now: datetime) -> list[FollowUpCall]:
    """Take attempts whose time has come; each is given to exactly one caller.

    Whoever is on the line with us already, in whichever way, is left for a later look.
    """
    calls: list[FollowUpCall] = []
    passed_over = busy_numbers(session, now=now)
    while len(calls) < limit:
        due = session.execute(
            select(FollowUp.id, Ticket.phone)
            .join(Ticket, Ticket.id == FollowUp.ticket_id)
            .where(FollowUp.state == FollowUpState.PENDING.value, FollowUp.due_at <= now)
            .where(_BY_VOICE, Ticket.phone.not_in(passed_over))
            .order_by(FollowUp.due_at, FollowUp.id)
            .limit(limit - len(calls))
            .with_for_update(of=FollowUp, skip_locked=True)
        ).all()
        for follow_up_id, phone in due:
            if phone is None or phone in passed_over:
                continue
            passed_over.update(_written(phone, rules))
            if (call := _claim(session, follow_up_id, phone, rules, now)) is not None:
                calls.append(call)
        if not due:
            break
    return calls


def _claim(
    session: Session, follow_up_id: int, phone: str, rules: Rules, now: datetime
) -> FollowUpCall | None:
    """Give the attempt to this caller; None when another had it, or rings the number already."""
    channel_id = f"fu-{follow_up_id}-{uuid.uuid4().hex[:12]}"
    voice = FollowUpMethod.VOICE
    if not give(session, follow_up_id, voice, phone, rules, now=now, channel_id=channel_id):
        return None
    return FollowUpCall(follow_up_id, phone, channel_id, rules.profile.survey)


def give(
    session: Session,
    follow_up_id: int,
    method: FollowUpMethod,
    phone: str,
    rules: Rules,
    *,
    now: datetime,
    channel_id: str | None = None,
    asked_by_id: int | None = None,
) -> bool:
    """Make a pending attempt this caller's; False when another had it, or rings the number."""
    pending = FollowUp.state == FollowUpState.PENDING.value
    claim = (
        update(FollowUp)
        .where(FollowUp.id == follow_up_id, pending)
        .values(
            state=FollowUpState.CALLING.value,
            method=method.value,
            called_at=now,
            channel_id=channel_id,
            asked_by_id=asked_by_id,
            number=numbers.canonical(phone, rules.profile.dialling.area_code) or None,
        )
        .returning(FollowUp.id)
    )
    try:
        # Two callers may find two attempts of one person: the database lets one of them through.
        with session.begin_nested():
            return session.scalar(claim) is not None
    except IntegrityError:
        return False


def busy_numbers(session: Session, *, now: datetime) -> set[str]:
    """Every form in which a number that is on the line with us at this moment may be stored."""
    on_line = select(Contact.caller).where(
        Contact.ended_at.is_(None), Contact.started_at > now - LIVE, Contact.caller.is_not(None)
    )
    rung_back = select(CallBack.number).where(CallBack.state == CallBackState.CALLING.value)
    asked = select(FollowUp.number).where(_CALLING, FollowUp.number.is_not(None))
    found = {*session.scalars(on_line), *session.scalars(rung_back), *session.scalars(asked)}
    return {form for number in found if number for form in forms_of(number)}


def _written(phone: str, rules: Rules) -> tuple[str, ...]:
    number = numbers.canonical(phone, rules.profile.dialling.area_code)
    return (phone, *forms_of(number))


def call_now(
    session: Session, actor: Actor, number: str, rules: Rules, *, now: datetime
) -> FollowUpCall:
    """立即回访: a person orders the pending attempt at once, on their own judgement of the hour.

    Raises:
        ActionNotAllowed: nothing is pending, the requester is on the line already, or only people
            may ask about this ticket.
    """
    require_role(actor, Role.FOLLOW_UP, Role.CENTER)
    ticket = ticket_for(session, actor, number)
    if ticket.confidential and rules.profile.follow_up.confidential_by_person:
        raise ActionNotAllowed("这是保密件，只能由热线人员亲自回访，不能由系统呼叫")
    waits = ticket.status == Status.FOLLOW_UP.value
    row = followup_rows.open_row(session, ticket) if waits else None
    call = None
    if row is not None and row.state == FollowUpState.PENDING.value and ticket.phone:
        if _is_busy(_written(ticket.phone, rules), busy_numbers(session, now=now)):
            raise ActionNotAllowed("诉求人正在与热线通话，请等通话结束再回访")
        call = _claim(session, row.id, ticket.phone, rules, now)
    if call is None:
        raise ActionNotAllowed("这张工单没有等待中的回访，可能正在呼叫或已经完成")
    return call


def _is_busy(forms: Collection[str], busy: set[str]) -> bool:
    return not busy.isdisjoint(forms)


def put_back(session: Session, follow_up_id: int, *, due_at: datetime) -> None:
    """The call could not even be ordered: the attempt waits again and is not counted."""
    session.execute(
        update(FollowUp)
        .where(FollowUp.id == follow_up_id, _CALLING, _BY_VOICE)
        .values(
            state=FollowUpState.PENDING.value,
            due_at=due_at,
            called_at=None,
            channel_id=None,
            number=None,
        )
    )


def running_calls(session: Session) -> int:
    """How many follow-up calls of the system are under way."""
    query = select(func.count()).select_from(FollowUp).where(_CALLING, _BY_VOICE)
    return session.scalar(query) or 0


def overdue_calls(session: Session, *, before: datetime) -> list[int]:
    """Attempts that say CALLING since before this moment: their end was lost in a crash."""
    lost = select(FollowUp.id).where(_CALLING, _BY_VOICE, FollowUp.called_at < before)
    return list(session.scalars(lost.order_by(FollowUp.id)))


def silent_calls(session: Session, *, before: datetime) -> list[int]:
    """Calls claimed before a moment of which the telephone system tells nothing, or nothing more.

    Only for a worker who has heard all that the telephone system has to tell of that time.
    """
    under_way = select(Contact.id).where(
        Contact.call_id == FollowUp.channel_id,
        or_(Contact.ended_at.is_(None), Contact.ended_at >= before),
    )
    lost = select(FollowUp.id).where(
        _CALLING, _BY_VOICE, FollowUp.called_at < before, ~under_way.exists()
    )
    return list(session.scalars(lost.order_by(FollowUp.id)))


def vanished_calls(
    session: Session, *, alive: Collection[str], before: datetime, node: str | None = None
) -> list[int]:
    """Calls claimed before a moment that no telephone system knows of any more.

    With `node` only those that this one is known to have placed.
    """
    lost = select(FollowUp.id, FollowUp.channel_id).where(
        _CALLING, _BY_VOICE, FollowUp.called_at < before
    )
    if node is not None:
        lost = lost.join(Contact, Contact.call_id == FollowUp.channel_id)
        lost = lost.where(Contact.node == node)
    rows = session.execute(lost.order_by(FollowUp.id)).all()
    return [follow_up_id for follow_up_id, channel_id in rows if channel_id not in alive]
