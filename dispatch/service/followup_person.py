"""人工回访 by people: the queue, and who has taken whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, select, update

from dispatch.db import Session
from dispatch.domain import numbers
from dispatch.domain.errors import ActionNotAllowed
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import FollowUpMethod, FollowUpState, Role, Status
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role, visible_to
from dispatch.service.followup_calls import busy_numbers, give

KEPT = timedelta(minutes=30)
"""Who takes somebody and writes nothing down for this long has gone: another may ask."""


def due(session: Session, reader: Actor, *, now: datetime, limit: int = 50) -> Sequence[FollowUp]:
    """Whom people are to ask, what is due longest first; those planned for later come last."""
    require_role(reader, Role.FOLLOW_UP, Role.CENTER, Role.SUPERVISOR)
    return session.scalars(_queue(reader).limit(limit)).all()


def _queue(reader: Actor) -> Select[FollowUp]:
    waiting = (
        select(FollowUp)
        .join(Ticket, Ticket.id == FollowUp.ticket_id)
        .where(FollowUp.state == FollowUpState.PENDING.value)
        .where(FollowUp.method == FollowUpMethod.PERSON.value)
        .where(Ticket.status == Status.FOLLOW_UP.value)
        .order_by(FollowUp.due_at, FollowUp.id)
    )
    return visible_to(reader, waiting)


def claim(
    session: Session,
    actor: Actor,
    rules: Rules,
    *,
    follow_up_id: int | None = None,
    now: datetime,
) -> FollowUp | None:
    """Take the next person of the queue, or the one named, so that nobody else asks him.

    Whom one has taken already is given again. Somebody on the line with us is passed over. A
    named attempt may also be one that waits for the system's own call. None when nobody is due.

    Raises:
        ActionNotAllowed: the named one is taken, over, or on the line.
    """
    require_role(actor, Role.FOLLOW_UP, Role.CENTER)
    mine = session.scalar(
        select(FollowUp).where(
            FollowUp.state == FollowUpState.CALLING.value,
            FollowUp.method == FollowUpMethod.PERSON.value,
            FollowUp.asked_by_id == actor.staff_id,
            FollowUp.asked_by_id.is_not(None),
        )
    )
    if mine is not None and follow_up_id in {None, mine.id}:
        return mine
    busy = busy_numbers(session, now=now)
    if follow_up_id is not None:
        return _claim_named(session, actor, rules, follow_up_id, busy, now)
    waiting = _queue(actor).where(FollowUp.due_at <= now, Ticket.phone.not_in(busy))
    for row in session.scalars(waiting.limit(10)).all():
        if (taken := _take(session, actor, rules, row, now)) is not None:
            return taken
    return None


def _claim_named(
    session: Session,
    actor: Actor,
    rules: Rules,
    follow_up_id: int,
    busy: set[str],
    now: datetime,
) -> FollowUp:
    named = select(FollowUp).join(Ticket, Ticket.id == FollowUp.ticket_id)
    row = session.scalar(
        visible_to(actor, named).where(
            FollowUp.id == follow_up_id,
            FollowUp.state == FollowUpState.PENDING.value,
            Ticket.status == Status.FOLLOW_UP.value,
        )
    )
    if row is None:
        raise ActionNotAllowed("这次回访已由他人领取或已经完成，请刷新列表")
    phone = session.get_one(Ticket, row.ticket_id).phone or ""
    if {phone, numbers.canonical(phone, rules.profile.dialling.area_code)} & busy:
        raise ActionNotAllowed("诉求人正在与热线通话，请等通话结束再回访")
    taken = _take(session, actor, rules, row, now)
    if taken is None:
        raise ActionNotAllowed("这次回访刚刚由他人领取，请刷新列表")
    return taken


def _take(
    session: Session, actor: Actor, rules: Rules, row: FollowUp, now: datetime
) -> FollowUp | None:
    phone = session.get_one(Ticket, row.ticket_id).phone or ""
    person = FollowUpMethod.PERSON
    if not give(session, row.id, person, phone, rules, now=now, asked_by_id=actor.staff_id):
        return None
    session.refresh(row)
    return row


def release(session: Session, actor: Actor, follow_up_id: int) -> None:
    """Give back whom one has taken and not asked; he stands where he stood.

    Once the talk has been written down, or another has taken over, nothing happens.
    """
    require_role(actor, Role.FOLLOW_UP, Role.CENTER)
    _give_back(session, FollowUp.id == follow_up_id, FollowUp.asked_by_id == actor.staff_id)


def release_forgotten(session: Session, *, now: datetime) -> int:
    """Give back what was taken long ago and never written down; return how many."""
    return _give_back(session, FollowUp.called_at < now - KEPT)


def _give_back(session: Session, *which: ColumnElement[bool]) -> int:
    given = session.scalars(
        update(FollowUp)
        .where(FollowUp.state == FollowUpState.CALLING.value, *which)
        .where(FollowUp.method == FollowUpMethod.PERSON.value)
        .values(state=FollowUpState.PENDING.value, asked_by_id=None, called_at=None, number=None)
        .returning(FollowUp.id)
    )
    return len(given.all())
