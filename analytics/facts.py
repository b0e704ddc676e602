"""The figures' conditions in SQL: one definition gives the counts and the rows behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from analytics.figures import BY_CODE, FIGURES, SERVICE_LEVEL_S, Figure, Subject
from analytics.periods import Period
from analytics.rates import Rate
from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition, Rating, Role, Verdict
from dispatch.models.contacts import Contact
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.access import require_role

Condition = ColumnElement[bool]

READERS = (Role.LEADER, Role.CENTER, Role.SUPERVISOR, Role.ADMIN, Role.SYSTEM)
"""Who reads the figures of the whole city."""


@dataclass(frozen=True)
class Definition:
    """The two conditions of a figure: what is judged, and which of that is a hit."""

    judged: Condition
    hit: Condition


def _closed(period: Period) -> Condition:
    # The table itself sees to it that a closed ticket has a time.
    closed: Condition = period.known(Ticket.closed_at)
    return closed


def _ended(period: Period) -> Condition:
    # Closed in the period; what was reopened counts when it was last done with. Written so that
    # the database finds both by the index of closing times.
    open_again = func.coalesce(Ticket.completed_at, Ticket.created_at)
    reopened = and_(Ticket.closed_at.is_(None), period.holds(open_again))
    return or_(period.holds(Ticket.closed_at), reopened)


def _inbound(period: Period) -> Condition:
    return and_(Contact.direction == "inbound", period.holds(Contact.started_at))


def _offered(period: Period) -> Condition:
    # A call still waiting is not judged yet, nor one of which an import does not tell whether
    # it was answered.
    known = or_(Contact.answered_at.is_not(None), Contact.outcome.is_not(None))
    return and_(_inbound(period), Contact.queued_at.is_not(None), known)


def definition(
    code: str, period: Period, rules: Rules, now: datetime, unit: str = ""
) -> Definition:
    """The conditions of a figure for a period, as seen at `now`, of one unit or of all.

    Raises:
        NotFound: there is no figure of this code.
    """
    build = _DEFINITIONS.get(code)
    if build is None:
        raise NotFound(f"没有编码为 {code[:40]} 的指标；可用的有：{'、'.join(BY_CODE)}")
    what = build(period, rules, now)
    if not unit:
        return what
    ids = select(Department.id).where(Department.code == unit)
    of_unit: dict[Subject, Condition] = {
        Subject.TICKET: Ticket.department_id.in_(ids),
        Subject.ASSIGNMENT: Assignment.department_id.in_(ids),
    }
    if (mine := of_unit.get(BY_CODE[code].subject)) is None:
        raise NotFound(f"{BY_CODE[code].name}不分单位统计")
    return Definition(and_(what.judged, mine), what.hit)


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
        or_(period.known(Assignment.acknowledged_at), Assignment.acknowledge_by <= now),
    )
    in_time = and_(
        period.known(Assignment.acknowledged_at),
        Assignment.acknowledged_at <= Assignment.acknowledge_by,
    )
    return Definition(and_(period.holds(Assignment.dispatched_at), due), in_time)


def _response(period: Period, _rules: Rules, now: datetime) -> Definition:
    assessable = or_(period.known(Ticket.first_contacted_at), Ticket.due_at <= now)
    in_time = and_(
        period.known(Ticket.first_contacted_at),
        or_(Ticket.due_at.is_(None), Ticket.first_contacted_at <= Ticket.due_at),
    )
    return Definition(and_(period.holds(Ticket.dispatched_at), assessable), in_time)


def _on_time(period: Period, _rules: Rules, now: datetime) -> Definition:
    # What was completed early is judged too; what is not due yet and open is not.
    judged = or_(period.known(Ticket.completed_at), Ticket.due_at <= now)
    in_time = and_(period.known(Ticket.completed_at), Ticket.completed_at <= Ticket.due_at)
    return Definition(and_(period.holds(Ticket.due_at), judged), in_time)


def _completion(period: Period, _rules: Rules, _now: datetime) -> Definition:
    return Definition(period.holds(Ticket.dispatched_at), _closed(period))


def _resolution(period: Period, _rules: Rules, _now: datetime) -> Definition:
    judged = and_(Ticket.solved.is_not(None), _ended(period))
    return Definition(judged, Ticket.solved == Verdict.RESOLVED.value)


def _satisfaction(period: Period, rules: Rules, _now: datetime) -> Definition:
    grades = [grade.value for grade in Rating if rules.counts_as_satisfied(grade)]
    judged = and_(Ticket.rating.is_not(None), _ended(period))
    return Definition(judged, Ticket.rating.in_(grades))


def _business(period: Period, _rules: Rules, _now: datetime) -> Definition:
    judged = and_(Ticket.business_environment.is_(True), period.holds(Ticket.created_at))
    return Definition(judged, _closed(period))


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
    session: Session,
    reader: Actor,
    code: str,
    period: Period,
    rules: Rules,
    *,
    unit: str = "",
    now: datetime,
) -> Rate:
    """Count a figure. One statement counts both parts, so they are of one moment."""
    require_role(reader, *READERS)
    what = definition(code, period, rules, now, unit)  # refuses an unknown code
    return _count(session, BY_CODE[code], what)


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


def dispositions(session: Session, reader: Actor, period: Period) -> dict[Disposition | None, int]:
    """How the period's calls ended for the callers; None is not written down yet. Sums to calls."""
    require_role(reader, *READERS)
    query = (
        select(Contact.disposition, func.count())
        .where(_inbound(period))
        .group_by(Contact.disposition)
    )
    return {Disposition(value) if value else None: count for value, count in session.execute(query)}
