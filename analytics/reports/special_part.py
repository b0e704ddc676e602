"""What is known of one part of the city over a span, read once for a special report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from analytics import filters
from analytics.conditions import Condition, overdue
from analytics.document import (
    Row,
)
from analytics.facts import READERS, values
from analytics.figures import BY_CODE
from analytics.periods import Period
from analytics.rates import Value
from analytics.reports import counts
from analytics.reports.gathered import beside
from analytics.reports.named import Named, opened_by
from analytics.reports.spans import Span
from analytics.reports.tables import ticket_link
from analytics.reports.words import CONFIDENTIAL, Three, moment
from analytics.scope import Scope
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Status
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role

CASES = 20
_TICKETS = BY_CODE["completion_rate"]
"""A figure of tickets: what filters tickets have is what it has."""


@dataclass(frozen=True)
class Part:
    """What is known of one part of the city."""

    span: Span
    about: str
    rules: Rules
    made_at: datetime
    tickets: Three
    by_day: Mapping[date, int]
    figures: Mapping[str, tuple[Value, Value, Value]]
    scope: Scope
    categories: Mapping[Named, Three]
    places: Mapping[Named, Three]
    units: Mapping[Named, Three]
    cases: Sequence[Row]
    overdue: Sequence[Row]


def gather_part(
    session: Session,
    reader: Actor,
    span: Span,
    scope: Scope,
    about: str,
    rules: Rules,
    now: datetime,
) -> Part:
    """Read what a special report tells of.

    Raises:
        NotFound: tickets are not told apart by one of the filters.
    """
    require_role(reader, *READERS)
    only = filters.condition(_TICKETS, scope)
    spans = (span.period, span.before(now), span.year_ago(now))
    found = [
        values(session, reader, one, rules, scope=scope, now=one.until or now) for one in spans
    ]

    def by(name: str) -> Mapping[Named, Three]:
        return beside([opened_by(session, reader, name, one, only) for one in spans])

    total = [
        sum(counts.tickets_by(session, reader, Ticket.kind, one, only).values()) for one in spans
    ]
    return Part(
        span=span,
        about=about,
        rules=rules,
        made_at=now,
        tickets=Three(*total),
        by_day=counts.tickets_by_day(session, reader, span.period, only),
        figures={code: (one, found[1][code], found[2][code]) for code, one in found[0].items()},
        scope=scope,
        categories=by("category"),
        places=by("territory"),
        units=by("unit"),
        cases=_cases(session, span.period, only),
        overdue=_overdue(session, min(span.period.end, now), only),
    )


def _only(only: Condition | None) -> tuple[Condition, ...]:
    return () if only is None else (only,)


def _cases(session: Session, period: Period, only: Condition | None) -> list[Row]:
    query = (
        select(Ticket.number, Ticket.title, Ticket.place, Ticket.status, Ticket.created_at)
        .where(period.holds(Ticket.created_at), Ticket.confidential.is_(False), *_only(only))
        .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        .limit(CASES)
    )
    return [
        Row((number_, title, place, Status(status).label, moment(at)), ticket_link(number_))
        for number_, title, place, status, at in session.execute(query)
    ]


def _overdue(session: Session, at: datetime, only: Condition | None) -> list[Row]:
    query = (
        select(Ticket.number, Ticket.title, Ticket.confidential, Department.short_name)
        .add_columns(Ticket.due_at)
        .outerjoin(Department, Department.id == Ticket.department_id)
        .where(overdue(at), *_only(only))
        .order_by(Ticket.due_at, Ticket.id)
        .limit(CASES)
    )
    return [
        Row((no, CONFIDENTIAL if secret else title, unit or "", moment(due)), ticket_link(no))
        for no, title, secret, unit, due in session.execute(query)
    ]
