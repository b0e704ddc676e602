"""What is known of the business environment in a span: its calls, its tickets, its meetings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from analytics import tallies
from analytics.conditions import overdue
from analytics.facts import READERS, value
from analytics.periods import Period
from analytics.rates import Rate, Value
from analytics.reports import named
from analytics.reports.named import Named
from analytics.reports.words import CONFIDENTIAL
from analytics.scope import YES, Scope
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Status
from dispatch.models.catalog import Category
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role

CALLS = (
    *("connection_rate", "service_level_rate", "abandoned_rate", "direct_answer_rate"),
    *("mean_wait", "mean_talk"),
)
TICKETS = (
    *("response_rate", "on_time_rate", "business_environment_completion_rate"),
    *("resolution_rate", "satisfaction_rate", "redo_rate", "mean_working_time"),
)
"""The figures of the catalogue that are told, counted over this part of the rows alone."""

_WHOLE = (tallies.CALLS, tallies.OPENED, tallies.OVERDUE)
"""Every call, every ticket opened, and of those under way at the end what was past its limit."""

LISTED = 200
"""Tickets listed one by one; all are counted."""


@dataclass(frozen=True)
class Listed:
    """One ticket of the span."""

    number: str
    title: str
    category: str
    unit: str
    status: Status
    created_at: datetime
    due_at: datetime | None
    overdue: bool


@dataclass(frozen=True)
class Totals:
    """Calls and tickets of a span; `overdue` is what was past its limit when it ended."""

    calls: int
    tickets: int
    overdue: int


def totals(found: Mapping[str, Value]) -> Totals:
    """Calls and tickets out of the figures: their rows are the rows behind these."""
    calls, opened, late = (found[code] for code in _WHOLE)
    assert isinstance(calls, Rate)
    assert isinstance(opened, Rate)
    assert isinstance(late, Rate)
    return Totals(calls.judged, opened.judged, late.hits)


def figures(
    session: Session, reader: Actor, period: Period, rules: Rules, *, now: datetime
) -> Mapping[str, Value]:
    """The catalogue's figures over this part alone, by code."""
    require_role(reader, *READERS)
    scope = Scope(business=YES)
    return {
        code: value(session, reader, code, period, rules, scope=scope, now=now)
        for code in (*CALLS, *TICKETS, tallies.OPENED, tallies.OVERDUE)
    }


def opened_by(session: Session, reader: Actor, by: str, period: Period) -> dict[Named, int]:
    """Tickets opened by category or by the unit that has them, most first."""
    return named.opened_by(session, reader, by, period, _ticket())


def listed(session: Session, reader: Actor, period: Period, *, now: datetime) -> Sequence[Listed]:
    """The tickets opened in the span, oldest first; of a confidential one only its number."""
    require_role(reader, *READERS)
    query = (
        select(Ticket, Category.name, Department.short_name, overdue(now))
        .outerjoin(Category, Category.id == Ticket.category_id)
        .outerjoin(Department, Department.id == Ticket.department_id)
        .where(_ticket(), period.holds(Ticket.created_at))
        .order_by(Ticket.created_at, Ticket.id)
        .limit(LISTED)
    )
    return [
        Listed(
            number=ticket.number,
            title=CONFIDENTIAL if ticket.confidential else ticket.title,
            category=category or "未分类",
            unit=unit or "未派单",
            status=Status(ticket.status),
            created_at=ticket.created_at,
            due_at=ticket.due_at,
            overdue=bool(late),
        )
        for ticket, category, unit, late in session.execute(query)
    ]


def _ticket() -> Any:
    return Ticket.business_environment.is_(True)
