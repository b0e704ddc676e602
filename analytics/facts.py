"""The figures' conditions in SQL: one definition gives the counts and the rows behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from analytics.figures import BY_CODE, FIGURES, SERVICE_LEVEL_S, Figure, Subject
from analytics.rates import Rate
from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition, Rating, Role, Status, Verdict
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.contacts import Contact
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.access import mask_phone, require_role, visible

Condition = ColumnElement[bool]

READERS = (Role.LEADER, Role.CENTER, Role.SUPERVISOR, Role.ADMIN, Role.SYSTEM)
"""Who reads the figures of the whole city."""


class Part(StrEnum):
    """Which rows of a figure."""

    JUDGED = "judged"
    HITS = "hits"
    MISSED = "missed"


@dataclass(frozen=True)
class Period:
    """Whole days of the city's calendar, both ends included."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, time(0), SHANGHAI)

    @property
    def end(self) -> datetime:
        """The first moment after."""
        return datetime.combine(self.last + timedelta(days=1), time(0), SHANGHAI)

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    def before(self) -> Period:
        """The period of the same length just before."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def holds(self, moment: Any) -> Condition:
        """The condition that a time column lies in the period."""
        return and_(moment >= self.start, moment < self.end)


@dataclass(frozen=True)
class Definition:
    """The two conditions of a figure: what is judged, and which of that is a hit."""

    judged: Condition
    hit: Condition


def _closed() -> Condition:
    return or_(Ticket.status == Status.CLOSED.value, Ticket.closed_at.is_not(None))


def _ended() -> ColumnElement[datetime]:
    return func.coalesce(Ticket.closed_at, Ticket.completed_at, Ticket.created_at)


def _inbound(period: Period) -> Condition:
    return and_(Contact.direction == "inbound", period.holds(Contact.started_at))


def _offered(period: Period) -> Condition:
    # A call still waiting is not judged yet, nor one of which an import does not tell whether
    # it was answered.
    known = or_(Contact.answered_at.is_not(None), Contact.outcome.is_not(None))
    return and_(_inbound(period), Contact.queued_at.is_not(None), known)


def definition(code: str, period: Period, rules: Rules, now: datetime) -> Definition:
    """The conditions of a figure for a period, as seen at `now`.

    Raises:
        NotFound: there is no figure of this code.
    """
    build = _DEFINITIONS.get(code)
    if build is None:
        raise NotFound(f"没有编码为 {code} 的指标；可用的有：{'、'.join(BY_CODE)}")
    return build(period, rules, now)


def _direct(period: Period, _rules: Rules, _now: datetime) -> Definition:
    answered = Contact.disposition == Disposition.ANSWERED_ON_CALL.value
    return Definition(_inbound(period), answered)


def _connection(period: Period, _rules: Rules, _now: datetime) -> Definition:
    return Definition(_offered(period), Contact.answered_at.is_not(None))


def _service_level(period: Period, _rules: Rules, _now: datetime) -> Definition:
    in_time = and_(Contact.answered_at.is_not(None), Contact.wait_s <= SERVICE_LEVEL_S)
    return Definition(_offered(period), in_time)


def _acknowledged(period: Period, _rules: Rules, now: datetime) -> Definition:
    due = and_(
        Assignment.acknowledge_by.is_not(None),
        or_(Assignment.acknowledged_at.is_not(None), Assignment.acknowledge_by <= now),
    )
    in_time = and_(
        Assignment.acknowledged_at.is_not(None),
        Assignment.acknowledged_at <= Assignment.acknowledge_by,
    )
    return Definition(and_(period.holds(Assignment.dispatched_at), due), in_time)


def _response(period: Period, _rules: Rules, now: datetime) -> Definition:
    assessable = or_(Ticket.first_contacted_at.is_not(None), Ticket.due_at <= now)
    in_time = and_(
        Ticket.first_contacted_at.is_not(None),
        or_(Ticket.due_at.is_(None), Ticket.first_contacted_at <= Ticket.due_at),
    )
    return Definition(and_(period.holds(Ticket.dispatched_at), assessable), in_time)


def _on_time(period: Period, _rules: Rules, now: datetime) -> Definition:
    # What was completed early is judged too; what is not due yet and open is not.
    judged = or_(Ticket.completed_at.is_not(None), Ticket.due_at <= now)
    in_time = and_(Ticket.completed_at.is_not(None), Ticket.completed_at <= Ticket.due_at)
    return Definition(and_(period.holds(Ticket.due_at), judged), in_time)


def _completion(period: Period, _rules: Rules, _now: datetime) -> Definition:
    return Definition(period.holds(Ticket.dispatched_at), _closed())


def _resolution(period: Period, _rules: Rules, _now: datetime) -> Definition:
    judged = and_(Ticket.solved.is_not(None), period.holds(_ended()))
    return Definition(judged, Ticket.solved == Verdict.RESOLVED.value)


def _satisfaction(period: Period, rules: Rules, _now: datetime) -> Definition:
    grades = [grade.value for grade in Rating if rules.counts_as_satisfied(grade)]
    judged = and_(Ticket.rating.is_not(None), period.holds(_ended()))
    return Definition(judged, Ticket.rating.in_(grades))


def _business(period: Period, _rules: Rules, _now: datetime) -> Definition:
    judged = and_(Ticket.business_environment.is_(True), period.holds(Ticket.created_at))
    return Definition(judged, _closed())


_DEFINITIONS: dict[str, Callable[[Period, Rules, datetime], Definition]] = {
    "direct_answer_rate": _direct,
    "connection_rate": _connection,
    "service_level_15s": _service_level,
    "acknowledged_on_time_rate": _acknowledged,
    "response_rate": _response,
    "on_time_rate": _on_time,
    "completion_rate": _completion,
    "resolution_rate": _resolution,
    "satisfaction_rate": _satisfaction,
    "business_environment_completion_rate": _business,
}

_TABLES: dict[Subject, Any] = {
    Subject.CONTACT: Contact,
    Subject.TICKET: Ticket,
    Subject.ASSIGNMENT: Assignment,
}


def rate(
    session: Session, reader: Actor, code: str, period: Period, rules: Rules, *, now: datetime
) -> Rate:
    """Count a figure. One statement counts both parts, so they are of one moment."""
    require_role(reader, *READERS)
    return _count(session, BY_CODE[code], definition(code, period, rules, now))


def rates(
    session: Session, reader: Actor, period: Period, rules: Rules, *, now: datetime
) -> dict[str, Rate]:
    """Count every figure of the catalogue."""
    require_role(reader, *READERS)
    return {
        figure.code: _count(session, figure, definition(figure.code, period, rules, now))
        for figure in FIGURES
    }


def _count(session: Session, figure: Figure, what: Definition) -> Rate:
    table = _TABLES[figure.subject]
    query = (
        select(func.count().filter(what.hit), func.count()).select_from(table).where(what.judged)
    )
    hits, judged = session.execute(query).one()
    return Rate(hits, judged)


@dataclass(frozen=True)
class TicketRow:
    """One ticket behind a figure; moments are UTC."""

    number: str
    title: str
    status: Status
    department: str | None
    created_at: datetime
    due_at: datetime | None
    completed_at: datetime | None
    solved: str | None
    rating: str | None


@dataclass(frozen=True)
class ContactRow:
    """One call behind a figure; the number is masked."""

    id: int
    call_id: str
    started_at: datetime
    caller: str
    line: str | None
    agent: str | None
    wait_s: float | None
    talk_s: float | None
    outcome: str | None
    disposition: str | None
    ticket: str | None


def rows(
    session: Session,
    reader: Actor,
    code: str,
    period: Period,
    rules: Rules,
    *,
    part: Part = Part.JUDGED,
    offset: int = 0,
    limit: int = 50,
    now: datetime,
) -> Sequence[TicketRow | ContactRow]:
    """The rows behind a figure, newest first; all of them add up to its count."""
    require_role(reader, *READERS)
    what = definition(code, period, rules, now)
    chosen = {
        Part.JUDGED: what.judged,
        Part.HITS: and_(what.judged, what.hit),
        # A hit condition may be unknown (NULL), which is no hit.
        Part.MISSED: and_(what.judged, func.coalesce(what.hit, False).is_(False)),
    }[part]
    if BY_CODE[code].subject is Subject.CONTACT:
        return contact_rows(session, reader, chosen, offset=offset, limit=limit)
    return _ticket_rows(session, reader, BY_CODE[code].subject, chosen, offset, limit)


def _ticket_rows(
    session: Session,
    reader: Actor,
    subject: Subject,
    condition: Condition,
    offset: int,
    limit: int,
) -> list[TicketRow]:
    unit: InstrumentedAttribute[Any] = Ticket.department_id
    query: Select[*tuple[Any, ...]] = select(Ticket, Department.short_name)
    if subject is Subject.ASSIGNMENT:
        query = query.join(Assignment, Assignment.ticket_id == Ticket.id)
        unit = Assignment.department_id
    query = (
        query.outerjoin(Department, Department.id == unit)
        .where(condition, visible(reader))
        .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [
        TicketRow(
            number=ticket.number,
            title=ticket.title,
            status=Status(ticket.status),
            department=name,
            created_at=ticket.created_at,
            due_at=ticket.due_at,
            completed_at=ticket.completed_at,
            solved=Verdict(ticket.solved).label if ticket.solved else None,
            rating=Rating(ticket.rating).label if ticket.rating else None,
        )
        for ticket, name in session.execute(query)
    ]


def contact_rows(
    session: Session, reader: Actor, condition: Condition, *, offset: int = 0, limit: int = 50
) -> list[ContactRow]:
    """Calls that fulfil a condition, newest first."""
    require_role(reader, *READERS)
    query = (
        select(Contact, Staff.name, Ticket.number)
        .outerjoin(Staff, Staff.id == Contact.agent_id)
        .outerjoin(Ticket, Ticket.id == Contact.ticket_id)
        .where(condition)
        .order_by(Contact.started_at.desc(), Contact.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [
        ContactRow(
            id=contact.id,
            call_id=contact.call_id,
            started_at=contact.started_at,
            caller=mask_phone(contact.caller),
            line=contact.line,
            agent=name or contact.agent,
            wait_s=contact.wait_s,
            talk_s=contact.talk_s,
            outcome=contact.outcome,
            disposition=Disposition(contact.disposition).label if contact.disposition else None,
            ticket=number,
        )
        for contact, name, number in session.execute(query)
    ]


def dispositions(session: Session, reader: Actor, period: Period) -> dict[Disposition | None, int]:
    """How the period's calls ended for the callers; None is not written down yet. Sums to calls."""
    require_role(reader, *READERS)
    query = (
        select(Contact.disposition, func.count())
        .where(_inbound(period))
        .group_by(Contact.disposition)
    )
    return {Disposition(value) if value else None: count for value, count in session.execute(query)}
