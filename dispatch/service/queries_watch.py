"""What the supervisor watches: calls now, seats, and deadlines by unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.ports import AgentState
from dispatch.domain.vocabulary import Status
from dispatch.models.catalog import Line
from dispatch.models.contacts import Contact
from dispatch.models.people import Department, SeatRow, Staff
from dispatch.models.tickets import Ticket
from dispatch.service.access import mask_phone, visible
from dispatch.service.seats import SeatView

# A call without an end that old was cut off by a crash.
LIVE_FOR = timedelta(hours=8)


@dataclass(frozen=True)
class LiveCall:
    """A call that runs now; `state` is waiting, ringing or talking since `since`."""

    id: int
    caller: str
    line: str
    state: str
    since: datetime
    agent: str | None


@dataclass(frozen=True)
class WatchedSeat:
    """A seat with what its agent does; a running call outweighs the wished state."""

    extension: str
    name: str
    state: AgentState
    label: str
    since: datetime | None


@dataclass(frozen=True)
class UnitLoad:
    """Open tickets of one unit by how their clocks stand."""

    code: str
    name: str
    running: int
    near: int
    over: int
    unsigned: int
    next_due: datetime | None


def live_calls(session: Session, *, now: datetime) -> tuple[LiveCall, ...]:
    """Inbound calls that have not ended, longest first; numbers are masked."""
    rows = session.execute(
        select(Contact, Line.name, Staff.name)
        .outerjoin(Line, Line.number == Contact.line)
        .outerjoin(Staff, Staff.extension == func.coalesce(Contact.agent, Contact.ringing))
        .where(Contact.ended_at.is_(None), Contact.talk_ended_at.is_(None))
        .where(Contact.direction == "inbound", Contact.started_at > now - LIVE_FOR)
        .order_by(Contact.started_at)
    )
    return tuple(_live_call(*row) for row in rows)


def _live_call(contact: Contact, line: str | None, agent: str | None) -> LiveCall:
    since = contact.queued_at or contact.started_at
    state = "ringing" if contact.ringing else "waiting"
    if contact.answered_at is not None:
        state, since = "talking", contact.answered_at
    caller = mask_phone(contact.caller) if contact.caller else "号码未显示"
    return LiveCall(contact.id, caller, line or contact.line or "—", state, since, agent)


def watched_seats(
    session: Session, calls: tuple[LiveCall, ...], *, now: datetime
) -> tuple[WatchedSeat, ...]:
    """Every extension with its state; those never signed in come last."""
    rows = session.execute(
        select(Staff.extension, Staff.name, SeatRow.state, SeatRow.reason, SeatRow.since)
        .outerjoin(SeatRow, SeatRow.staff_id == Staff.id)
        .where(Staff.extension.is_not(None), Staff.active.is_(True))
        .order_by(Staff.extension)
    ).all()
    busy = {call.agent: call for call in calls if call.agent and call.state != "waiting"}
    seats = [_seat(*row, busy.get(row[1])) for row in rows]
    return tuple(sorted(seats, key=lambda seat: seat.state is AgentState.SIGNED_OUT))


def _seat(
    extension: str | None,
    name: str,
    state: str | None,
    reason: str | None,
    since: datetime | None,
    call: LiveCall | None,
) -> WatchedSeat:
    wished = AgentState(state) if state else AgentState.SIGNED_OUT
    if call is not None:
        now_in = AgentState.TALKING if call.state == "talking" else AgentState.RINGING
        return WatchedSeat(extension or "", name, now_in, now_in.label, call.since)
    return WatchedSeat(
        extension or "", name, wished, SeatView(wished, reason or "", since).label, since
    )


def unit_loads(session: Session, reader: Actor, *, now: datetime) -> tuple[UnitLoad, ...]:
    """Units that have tickets in hand, those over their deadlines first."""
    over = func.sum(case((Ticket.due_at <= now, 1), else_=0))
    near = func.sum(case(((Ticket.warn_at <= now) & (Ticket.due_at > now), 1), else_=0))
    signing = (Ticket.status == Status.DISPATCHED.value) & (Ticket.acknowledge_by <= now)
    rows = session.execute(
        select(
            Department.code,
            Department.short_name,
            func.count(),
            near,
            over,
            func.sum(case((signing, 1), else_=0)),
            func.min(Ticket.due_at),
        )
        .join(Department, Department.id == Ticket.department_id)
        .where(visible(reader), Ticket.status.in_([s.value for s in Status if s.with_department]))
        .group_by(Department.code, Department.short_name)
        .order_by(over.desc(), near.desc(), func.min(Ticket.due_at))
        .limit(60)
    )
    return tuple(UnitLoad(*row) for row in rows)
