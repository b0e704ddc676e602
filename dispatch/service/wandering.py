"""流转无主: tickets that went from unit to unit, or that nobody has had for too long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from dispatch.db import Session
from dispatch.domain.counting import limit_before
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Part, Status
from dispatch.domain.worktime import local
from dispatch.models.tickets import Assignment, Ticket
from dispatch.models.ties import AvoidedUnit
from dispatch.service.access import visible

WAITING = (Status.OPEN.value, Status.REOPENED.value)
IN_HAND = tuple(status.value for status in Status if status.with_department)


@dataclass(frozen=True)
class Wanderer:
    """One such ticket; `since` is set when nobody has it."""

    ticket_id: int
    number: str
    units: int
    since: datetime | None


def wanders(rules: Rules, *, now: datetime) -> ColumnElement[bool]:
    """The condition that an open ticket wanders, as the policy in force counts it.

    Too many different units had it; or nobody has it and that for too long; or the unit that
    has it must stay away from it, so that it cannot even read it.
    """
    wandering = rules.profile.wandering
    calendar = rules.calendar.with_hours(rules.profile.hours)
    before = limit_before(wandering.ownerless, calendar, local(now))
    tossed = and_(
        Ticket.status.in_([*WAITING, *IN_HAND]),
        # No ticket had more units than dispatches: this spares counting for almost all.
        Ticket.dispatches >= wandering.units,
        _units() >= wandering.units,
    )
    ownerless = and_(Ticket.status.in_(WAITING), _alone_since() <= before)
    avoided = select(AvoidedUnit.ticket_id).where(
        AvoidedUnit.ticket_id == Ticket.id, AvoidedUnit.department_id == Ticket.department_id
    )
    return or_(tossed, ownerless, and_(Ticket.status.in_(IN_HAND), avoided.exists()))


def find(
    session: Session, reader: Actor, rules: Rules, *, limit: int = 200, now: datetime
) -> tuple[Wanderer, ...]:
    """Tickets that wander, the oldest first."""
    rows = session.execute(
        select(Ticket.id, Ticket.number, _units(), Ticket.status, _alone_since())
        .where(visible(reader), wanders(rules, now=now))
        .order_by(Ticket.created_at, Ticket.id)
        .limit(limit)
    )
    return tuple(
        Wanderer(ticket, number, units, since if status in WAITING else None)
        for ticket, number, units, status, since in rows
    )


def units_had(session: Session, ticket_id: int) -> int:
    """How many different units led this ticket so far."""
    return session.scalar(select(_units()).where(Ticket.id == ticket_id)) or 0


def _units() -> ColumnElement[int]:
    return (
        select(func.count(func.distinct(Assignment.department_id)))
        .where(Assignment.ticket_id == Ticket.id, Assignment.part == Part.LEAD.value)
        .correlate(Ticket)
        .scalar_subquery()
    )


def _alone_since() -> ColumnElement[datetime]:
    """When the last unit that led it gave it up; its intake when none did."""
    last = (
        select(func.max(Assignment.ended_at))
        .where(Assignment.ticket_id == Ticket.id, Assignment.part == Part.LEAD.value)
        .correlate(Ticket)
        .scalar_subquery()
    )
    return func.coalesce(last, Ticket.created_at, type_=Ticket.created_at.type)
