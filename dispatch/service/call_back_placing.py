"""Placing call-backs: whose turn it is, given to exactly one worker, and never rung twice.

A row says CALLING before anybody dials, so a crash between the two rings nobody; such a row goes
back to waiting once it is certain that its call never began, because no contact bears its id.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain import numbers
from dispatch.domain.call_ports import CallBackOrder
from dispatch.domain.call_terms import CallBackKind, CallBackState
from dispatch.domain.calls import Direction
from dispatch.domain.errors import InvalidInput
from dispatch.domain.ports import AgentState
from dispatch.domain.rules import Rules
from dispatch.domain.seating import BY_CALLS, memberships
from dispatch.models.contacts import Contact
from dispatch.models.people import SeatRow
from dispatch.models.telephone import CallBack
from dispatch.service import call_backs, dialling
from dispatch.service.call_back_numbers import flagged, forms_of
from dispatch.service.seat_rows import shown
from dispatch.service.seat_wishes import skills_by_staff

LOOKED_AT = 50
LIVE = timedelta(hours=4)
"""A call that began longer ago than this and never ended is not under way: its end was lost."""
AT_WORK = BY_CALLS | {AgentState.READY, AgentState.WRAP_UP}
CALLED_OFF = timedelta(minutes=2)
SHARE = 5
"""One asked-for call is placed for so many agents at once while all of them talk."""


@dataclass
class _Room:
    """What one queue can take: agents with nothing to do, agents at work, callers who wait."""

    free: int
    staffed: int
    waiting: list[datetime]
    calling: int

    def has_turn(self, row: CallBack) -> bool:
        """Whether the next free agent is this one's.

        Who asked to be rung keeps his place: he is rung once all who queued before him are served,
        and comes before those who queued after him, even while every agent talks.
        """
        if self.free - self.calling - len(self.waiting) > 0:
            return True
        if row.kind != CallBackKind.REQUESTED or not self.staffed:
            return False
        ahead = any(since < row.place_at for since in self.waiting)
        return not ahead and self.calling < max(1, self.staffed // SHARE)


def anything_to_do(session: Session, *, now: datetime) -> bool:
    """Whether a look with locks is worth it: something waits, rings, or was just called off."""
    busy = or_(
        and_(CallBack.state == CallBackState.WAITING.value, CallBack.next_at <= now),
        CallBack.state == CallBackState.CALLING.value,
        _called_off(now),
    )
    return session.scalar(select(CallBack.id).where(busy).limit(1)) is not None


def claim_due(session: Session, rules: Rules, *, now: datetime) -> list[CallBackOrder]:
    """Take the call-backs whose turn has come; each is given to exactly one worker."""
    due = _due(now)
    # One worker at a time counts the free agents: two would promise the same agent to two people.
    if session.scalar(due.with_only_columns(CallBack.id).limit(1).with_for_update()) is None:
        return []
    rows = session.scalars(
        due.limit(LOOKED_AT)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    rooms: dict[str, _Room] = {}
    orders = []
    for row in rows:
        if row.queue not in rooms:
            rooms[row.queue] = _room(session, row.queue, rules, now)
        room = rooms[row.queue]
        if not room.has_turn(row) or not _still_wanted(session, row, now):
            continue
        orders.append(claim(session, row, rules, now=now))
        room.calling += 1
    return orders


def _due(now: datetime) -> Select[CallBack]:
    signed_out = SeatRow.state == AgentState.SIGNED_OUT.value
    at_work = select(SeatRow.staff_id).where(~signed_out)
    nobodys = or_(CallBack.claimed_by_id.is_(None), CallBack.claimed_by_id.not_in(at_work))
    return (
        select(CallBack)
        .where(CallBack.state == CallBackState.WAITING.value, CallBack.next_at <= now)
        .where(CallBack.expires_at > now, nobodys)
        .order_by(CallBack.place_at, CallBack.id)
    )


def claim(
    session: Session,
    row: CallBack,
    rules: Rules,
    *,
    by: int | None = None,
    now: datetime,
) -> CallBackOrder:
    """Say that a waiting call-back, whose row is locked, is being rung; return how to ring it."""
    row.attempts += 1
    row.state, row.called_at, row.claimed_by_id = CallBackState.CALLING.value, now, by
    # The id must be ours before anybody dials: whatever happens next is known by it.
    row.call_id = f"cb-{row.id}-{row.attempts}-{uuid.uuid4().hex[:12]}"
    call_backs.tell(session, row, now)
    leads_to = numbers.destination(row.number, rules.profile.dialling.area_code)
    if leads_to is None:
        raise InvalidInput(f"“{row.number}”不是可以拨打的号码")
    out = dialling.way_out(session, leads_to)
    return CallBackOrder(
        call_back_id=row.id,
        number=leads_to.number,
        queue=row.queue,
        channel_id=row.call_id,
        call_uuid=str(uuid.uuid4()),
        waited_s=max(int((now - row.place_at).total_seconds()), 0),
        line=row.line or "",
        trunk=out.endpoint,
        caller_id=out.caller_id,
    )


def _still_wanted(session: Session, row: CallBack, now: datetime) -> bool:
    """Look once more before ringing: calls of the same number may have been told meanwhile."""
    talk = call_backs.talk_since(session, row.number, row.last_missed_at)
    if talk is not None:
        call_backs.close_with(session, row, talk)
        return False
    if why := flagged(session, row.number):
        row.state, row.note, row.ended_at = CallBackState.IMPOSSIBLE.value, why, now
        call_backs.tell(session, row, now)
        return False
    # He is on the line at this moment: that call decides.
    return session.scalar(select(Contact.id).where(*_calls_in(row.number, now)).limit(1)) is None


def _calls_in(number: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Contact.caller.in_(forms_of(number)),
        Contact.direction == Direction.INBOUND.value,
        Contact.ended_at.is_(None),
        Contact.started_at > now - LIVE,
    )


def _room(session: Session, queue: str, rules: Rules, now: datetime) -> _Room:
    skills = skills_by_staff(session)
    rows = session.scalars(select(SeatRow).where(SeatRow.unreachable_since.is_(None)))
    states = [
        shown(row)
        for row in rows
        if any(one.queue == queue for one in memberships(rules, skills.get(row.staff_id, {})))
    ]
    waiting = session.scalars(
        select(Contact.queued_at)
        .where(Contact.direction == Direction.INBOUND.value, Contact.ended_at.is_(None))
        .where(Contact.started_at > now - LIVE, Contact.queue == queue)
        .where(Contact.answered_at.is_(None), Contact.left_queue_at.is_(None))
    )
    calling = select(CallBack.id).where(
        CallBack.state == CallBackState.CALLING.value,
        CallBack.queue == queue,
        CallBack.claimed_by_id.is_(None),
    )
    return _Room(
        free=states.count(AgentState.READY),
        staffed=sum(state in AT_WORK for state in states),
        waiting=[since for since in waiting if since is not None],
        calling=len(session.scalars(calling).all()),
    )


def offer_lost_again(session: Session, *, before: datetime, now: datetime) -> list[int]:
    """Put back what was claimed before a moment and never rung; return the ids.

    Only for a worker who has heard all that the telephone system has to tell of that time.
    """
    call = aliased(Contact)
    rows = session.scalars(
        select(CallBack)
        .outerjoin(call, call.call_id == CallBack.call_id)
        .where(CallBack.state == CallBackState.CALLING.value, CallBack.called_at < before)
        .where(call.id.is_(None))
        .with_for_update(of=CallBack, skip_locked=True)
    ).all()
    for row in rows:
        _put_back(session, row, now)
    return [row.id for row in rows]


def _put_back(session: Session, row: CallBack, now: datetime) -> None:
    row.state, row.next_at = CallBackState.WAITING.value, now
    row.attempts, row.claimed_by_id = max(row.attempts - 1, 0), None
    call_backs.tell(session, row, now)


def expire(session: Session, *, now: datetime) -> int:
    """End what waited in vain past its time; return how many."""
    rows: Sequence[CallBack] = session.scalars(
        select(CallBack)
        .where(CallBack.state == CallBackState.WAITING.value, CallBack.expires_at <= now)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.state, row.ended_at = CallBackState.UNREACHED.value, now
        row.note = f"过期前已拨 {row.attempts} 次" if row.attempts else "过期前没有空闲话务员"
        call_backs.tell(session, row, now)
    return len(rows)


def wanted_no_more(session: Session, *, now: datetime) -> list[str]:
    """Calls of ours to be hung up, because their citizen is on another line with us.

    Whoever is only in the queue again may give up a second time: his call-back waits for that.
    """
    calling = select(CallBack).where(
        CallBack.state == CallBackState.CALLING.value, CallBack.claimed_by_id.is_(None)
    )
    unwanted = []
    for row in session.scalars(calling.with_for_update(skip_locked=True)).all():
        if session.scalar(select(Contact.id).where(*_calls_in(row.number, now)).limit(1)):
            unwanted.append(row.call_id or "")
            _put_back(session, row, now)
    over = exists().where(Contact.call_id == CallBack.call_id, Contact.ended_at.is_not(None))
    late = select(CallBack.call_id).where(_called_off(now), ~over)
    return [call_id for call_id in (*unwanted, *session.scalars(late)) if call_id]


def _called_off(now: datetime) -> ColumnElement[bool]:
    """Ended by other means than our call, which may still be ringing."""
    return and_(
        CallBack.state.in_([CallBackState.GOT_THROUGH.value, CallBackState.CANCELLED.value]),
        CallBack.ended_at > now - CALLED_OFF,
        CallBack.called_at.is_not(None),
    )
