"""Counts by one thing at a time: kind, category, line, unit; and what is late or rising."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from analytics import conditions
from analytics.definitions_calls import inbound
from analytics.facts import READERS, definition
from analytics.periods import Period
from analytics.rates import Rate, Value
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import DepartmentKind, Disposition, Status
from dispatch.models.catalog import Division, Line
from dispatch.models.contacts import Contact
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role

CALLS, OPENED, SENT, CLOSED = "direct_answer_rate", "named_rate", "completion_rate", "redo_rate"
"""The figures that judge every call of a period, every ticket opened, sent out and closed in it."""

OVERDUE = "overdue_rate"
"""The figure whose hits are the open tickets past their limit when the period ended."""


@dataclass(frozen=True)
class Totals:
    """How much there was: calls of the period, tickets opened, sent out and closed in it."""

    calls: int
    tickets: int
    dispatched: int
    closed: int


def totals(found: Mapping[str, Value]) -> Totals:
    """A period's calls and tickets, out of its figures: their rows are the rows behind these."""
    cases = (found[code] for code in (CALLS, OPENED, SENT, CLOSED))
    return Totals(*(one.judged if isinstance(one, Rate) else one.n for one in cases))


def anything(session: Session, reader: Actor, period: Period) -> bool:
    """Whether a call came or a ticket was opened, sent out or closed in the period."""
    require_role(reader, *READERS)
    moments = (Ticket.created_at, Ticket.dispatched_at, Ticket.closed_at)
    asked = (
        select(Contact.id).where(inbound(period)),
        *(select(Ticket.id).where(period.holds(moment)) for moment in moments),
    )
    return any(session.scalar(query.limit(1)) is not None for query in asked)


@dataclass(frozen=True)
class LineTally:
    """One number citizens dial, "" where none was told: its calls, those answered on the spot."""

    number: str
    name: str
    direct: Rate


def by_line(session: Session, reader: Actor, period: Period) -> list[LineTally]:
    """Calls by the number dialled, most first."""
    require_role(reader, *READERS)
    answered = Contact.disposition == Disposition.ANSWERED_ON_CALL.value
    query = (
        select(
            Contact.line,
            func.max(Line.name),
            func.count().filter(answered),
            func.count().label("n"),
        )
        .outerjoin(Line, Line.number == Contact.line)
        .where(Contact.direction == "inbound", period.holds(Contact.started_at))
        .group_by(Contact.line)
        .order_by(func.count().desc(), Contact.line)
    )
    return [
        LineTally(number or "", name or "", Rate(hits, n))
        for number, name, hits, n in session.execute(query)
    ]


@dataclass(frozen=True)
class ClassTally:
    """The tickets sent to one class of units in the period; the four parts add up."""

    kind: DepartmentKind
    in_time: int
    late: int
    open: int
    overdue: int

    @property
    def dispatched(self) -> int:
        """All of them."""
        return self.in_time + self.late + self.open + self.overdue


def by_class(session: Session, reader: Actor, period: Period, *, now: datetime) -> list[ClassTally]:
    """Tickets dispatched in the period by class of unit: done in time, late, open, overdue."""
    require_role(reader, *READERS)
    done = Ticket.completed_at.is_not(None)
    late = func.coalesce(Ticket.completed_at > Ticket.due_at, False)
    past = func.coalesce(Ticket.due_at <= now, False)
    query = (
        select(
            Department.kind,
            func.count().filter(and_(done, late.is_(False))),
            func.count().filter(and_(done, late.is_(True))),
            func.count().filter(and_(~done, past.is_(False))),
            func.count().filter(and_(~done, past.is_(True))),
        )
        .join(Department, Department.id == Ticket.department_id)
        .where(period.holds(Ticket.dispatched_at))
        .group_by(Department.kind)
    )
    found = {row[0]: ClassTally(DepartmentKind(row[0]), *row[1:]) for row in session.execute(query)}
    return [found[kind.value] for kind in DepartmentKind if kind.value in found]


@dataclass(frozen=True)
class UnitTally:
    """One unit: of the tickets due in the period, how many were done in time."""

    code: str
    name: str
    kind: DepartmentKind
    in_time: Rate


def late_units(
    session: Session, reader: Actor, period: Period, rules: Rules, *, now: datetime
) -> list[UnitTally]:
    """Units with late tickets among those due in the period, most late first."""
    require_role(reader, *READERS)
    on_time = definition("on_time_rate", period, rules, now)
    hits = func.count().filter(on_time.hit)
    query = (
        select(Department.code, Department.short_name, Department.kind, hits, func.count())
        .join(Department, Department.id == Ticket.department_id)
        .where(on_time.judged)
        .group_by(Department.id)
        .having(hits < func.count())
        .order_by((func.count() - hits).desc(), func.count(), Department.code)
    )
    return [
        UnitTally(code, name, DepartmentKind(kind), Rate(hit, count))
        for code, name, kind, hit, count in session.execute(query)
    ]


@dataclass(frozen=True)
class OverdueTicket:
    """A ticket past its limit that nobody has completed."""

    number: str
    title: str
    department: str
    status: Status
    due_at: datetime
    confidential: bool
    """Its title stays out of whatever leaves the house."""


def overdue(
    session: Session, reader: Actor, *, at: datetime, now: datetime, limit: int
) -> list[OverdueTicket]:
    """The open tickets that were longest past their limit at a moment."""
    require_role(reader, *READERS)
    # Which they are is found where figures are counted; the live database gives their names.
    oldest = (
        select(Ticket.id)
        .where(conditions.overdue(min(at, now)))
        .order_by(Ticket.due_at, Ticket.id)
        .limit(limit)
    )
    query = (
        select(Ticket.number, Ticket.title, Department.short_name, Ticket.status, Ticket.due_at)
        .add_columns(Ticket.confidential)
        .outerjoin(Department, Department.id == Ticket.department_id)
        .where(Ticket.id.in_(session.scalars(oldest).all()))
        .order_by(Ticket.due_at, Ticket.id)
    )
    rows = session.execute(query)
    return [
        OverdueTicket(number, title, unit or "未派单", Status(status), due, secret)
        for number, title, unit, status, due, secret in rows
        if due is not None
    ]


def city_name(session: Session) -> str:
    """The city's name; empty before one is founded."""
    return session.scalar(select(Division.name).where(Division.level == 1).limit(1)) or ""


def unit_name(session: Session, code: str) -> str:
    """A unit's name by its code, or the code when there is none."""
    query = select(Department.short_name).where(Department.code == code)
    return session.scalar(query) or code
