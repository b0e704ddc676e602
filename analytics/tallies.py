"""Counts by one thing at a time: kind, category, line, unit; and what is late or rising."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, distinct, func, or_, select

from analytics.facts import READERS
from analytics.periods import Period
from analytics.rates import Rate
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import DepartmentKind, Disposition, Rating, RequestKind, Status
from dispatch.models.catalog import Division, Line
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role


@dataclass(frozen=True)
class Totals:
    """How much there was: calls of the period, tickets opened, sent out and closed in it."""

    calls: int
    tickets: int
    dispatched: int
    closed: int


def totals(session: Session, reader: Actor, period: Period) -> Totals:
    """Count the period's calls and tickets."""
    require_role(reader, *READERS)

    def count(table: Any, *conditions: Any) -> int:
        return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0

    return Totals(
        calls=count(Contact, Contact.direction == "inbound", period.holds(Contact.started_at)),
        tickets=count(Ticket, period.holds(Ticket.created_at)),
        dispatched=count(Ticket, period.holds(Ticket.dispatched_at)),
        closed=count(Ticket, period.holds(Ticket.closed_at)),
    )


def by_kind(session: Session, reader: Actor, period: Period) -> dict[RequestKind, int]:
    """Tickets opened, by kind of request."""
    require_role(reader, *READERS)
    query = (
        select(Ticket.kind, func.count())
        .where(period.holds(Ticket.created_at))
        .group_by(Ticket.kind)
    )
    return {RequestKind(kind): count for kind, count in session.execute(query)}


@dataclass(frozen=True)
class LineTally:
    """One number citizens dial: its calls, and how many were answered on the spot."""

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
        LineTally(number or "未记录", name or "", Rate(hits, n))
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
    session: Session, reader: Actor, period: Period, *, now: datetime
) -> list[UnitTally]:
    """Units with late tickets among those due in the period, most late first."""
    require_role(reader, *READERS)
    judged = or_(period.known(Ticket.completed_at), Ticket.due_at <= now)
    in_time = and_(period.known(Ticket.completed_at), Ticket.completed_at <= Ticket.due_at)
    hits = func.count().filter(in_time)
    query = (
        select(Department.code, Department.short_name, Department.kind, hits, func.count())
        .join(Department, Department.id == Ticket.department_id)
        .where(period.holds(Ticket.due_at), judged)
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


def overdue(
    session: Session, reader: Actor, *, at: datetime, now: datetime, limit: int
) -> tuple[int, list[OverdueTicket]]:
    """How many open tickets were past their limit at a moment, and the oldest of them."""
    require_role(reader, *READERS)
    undone = or_(Ticket.completed_at.is_(None), Ticket.completed_at > at)
    late = and_(Ticket.dispatched_at.is_not(None), Ticket.due_at <= min(at, now), undone)
    count = session.scalar(select(func.count()).select_from(Ticket).where(late)) or 0
    query = (
        select(Ticket.number, Ticket.title, Department.short_name, Ticket.status, Ticket.due_at)
        .outerjoin(Department, Department.id == Ticket.department_id)
        .where(late)
        .order_by(Ticket.due_at, Ticket.id)
        .limit(limit)
    )
    rows = session.execute(query)
    return count, [
        OverdueTicket(number, title, unit or "未派单", Status(status), due)
        for number, title, unit, status, due in rows
        if due is not None
    ]


@dataclass(frozen=True)
class FollowUpTally:
    """Follow-up of the period by ticket; satisfaction has three denominators."""

    asked: int
    reached: int
    answered: int
    rated: int
    satisfied: int

    @property
    def of_asked(self) -> Rate:
        """Satisfied of all who were asked."""
        return Rate(self.satisfied, self.asked)

    @property
    def of_reached(self) -> Rate:
        """Satisfied of those who were reached."""
        return Rate(self.satisfied, self.reached)

    @property
    def of_answered(self) -> Rate:
        """Satisfied of those who answered."""
        return Rate(self.satisfied, self.answered)


def follow_ups(session: Session, reader: Actor, period: Period, rules: Rules) -> FollowUpTally:
    """Count tickets whose requester was asked in the period; a ticket asked twice counts once."""
    require_role(reader, *READERS)
    grades = [grade.value for grade in Rating if rules.counts_as_satisfied(grade)]
    answered = or_(FollowUp.solved.is_not(None), FollowUp.rating.is_not(None))

    def tickets(*conditions: ColumnElement[bool]) -> Any:
        counted = func.count(distinct(FollowUp.ticket_id))
        return counted.filter(and_(*conditions)) if conditions else counted

    query = select(
        tickets(),
        tickets(or_(FollowUp.reached.is_(True), answered)),
        tickets(answered),
        tickets(FollowUp.rating.is_not(None)),
        tickets(FollowUp.rating.in_(grades)),
    ).where(period.holds(func.coalesce(FollowUp.called_at, FollowUp.ended_at)))
    return FollowUpTally(*session.execute(query).one())


def city_name(session: Session) -> str:
    """The city's name; empty before one is founded."""
    return session.scalar(select(Division.name).where(Division.level == 1).limit(1)) or ""


def unit_name(session: Session, code: str) -> str:
    """A unit's name by its code, or the code when there is none."""
    query = select(Department.short_name).where(Department.code == code)
    return session.scalar(query) or code
