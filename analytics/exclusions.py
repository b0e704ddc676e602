"""剔除: the one condition by which a ticket is left out of a measure of a unit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, or_

from analytics.conditions import Condition
from analytics.figures import Subject
from analytics.periods import Period
from dispatch.domain.judging_terms import Measure
from dispatch.models.judging import Exclusion
from dispatch.models.tickets import Assignment, Ticket


def excluded(
    measure: Measure, ticket_id: Any, department_id: Any, period: Period | None = None
) -> Condition:
    """That the ticket in this column is left out of this measure for the unit in that column.

    An exclusion that was lifted leaves nothing out. A period cut short asks what held then.
    """
    condition: Condition = (
        exists()
        .where(Exclusion.ticket_id == ticket_id, Exclusion.department_id == department_id)
        .where(Exclusion.measure == measure.value, *holding(period))
        .correlate_except(Exclusion)
    )
    return condition


def holding(period: Period | None = None) -> tuple[Condition, ...]:
    """That an exclusion holds now, or held at the moment that cuts the period short."""
    if period is None or period.until is None:
        return (Exclusion.lifted_at.is_(None),)
    until = period.until
    return (
        Exclusion.at <= until,
        or_(Exclusion.lifted_at.is_(None), Exclusion.lifted_at > until),
    )


def excluded_from(measure: Measure, subject: Subject, period: Period) -> Condition:
    """The same for whatever a figure counts: tickets by their leading unit, shares by theirs."""
    if subject is Subject.ASSIGNMENT:
        return excluded(measure, Assignment.ticket_id, Assignment.department_id, period)
    return excluded(measure, Ticket.id, Ticket.department_id, period)
