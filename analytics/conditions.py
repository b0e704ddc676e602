"""What a figure is made of: the condition of what is judged, and the condition of a hit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_

from analytics.periods import Period
from dispatch.domain.rules import Rules
from dispatch.models.tickets import Ticket

Condition = ColumnElement[bool]

Build = Callable[[Period, Rules, datetime], "Definition"]
"""Writes a figure's conditions for a period, by a city's rules, as seen at a moment."""


@dataclass(frozen=True)
class Worked:
    """That working time between two moments is summed, by the rules' hours and calendar."""

    start: Any
    end: Any


@dataclass(frozen=True)
class Definition:
    """The two conditions of a figure: what is judged, and which of that is a hit.

    `excluded` is what would be judged and was left out of this figure by two people's decision
    (剔除); None for a figure that nothing is left out of. A mean sums `value`, whole milliseconds
    of each row, or `worked`; its hit is all that is judged.
    """

    judged: Condition
    hit: Condition
    excluded: Condition | None = None
    value: ColumnElement[int] | None = None
    worked: Worked | None = None


def has(model: Any, *more: Condition) -> Condition:
    """That a ticket has a row of this table, its own, which meets the conditions."""
    found: Condition = exists().where(model.ticket_id == Ticket.id, *more).correlate_except(model)
    return found


def closed(period: Period) -> Condition:
    """Closed, as far as was known in the period. The table sees to it that it has a time."""
    found: Condition = period.known(Ticket.closed_at)
    return found


def ended(period: Period) -> Condition:
    """Closed in the period; what was reopened counts when it was last done with.

    Written so that the database finds both by the index of closing times.
    """
    open_again = func.coalesce(Ticket.completed_at, Ticket.created_at)
    reopened = and_(Ticket.closed_at.is_(None), period.holds(open_again))
    return or_(period.holds(Ticket.closed_at), reopened)


def under_way(at: datetime) -> Condition:
    """Sent out by a moment, and nobody had completed it then."""
    undone = or_(Ticket.completed_at.is_(None), Ticket.completed_at > at)
    return and_(Ticket.dispatched_at <= at, undone)


def overdue(at: datetime) -> Condition:
    """Past its limit at a moment, and nobody had completed it then."""
    return and_(Ticket.due_at <= at, under_way(at))
