"""Tickets opened, by what has a name: a category, a place, a unit; each opens its own tickets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from analytics.conditions import Condition
from analytics.facts import READERS
from analytics.periods import Period
from analytics.scope import NOTHING
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.models.catalog import Category, Division
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role

_PARENTS = select(Category.parent_id).where(Category.parent_id.is_not(None))

_BY: dict[str, tuple[Any, Any, Any, Any]] = {
    "category": (
        *(Category.code, Category.name, Category.id == Ticket.category_id),
        select(Category.code).where(Category.id.in_(_PARENTS)),
    ),
    "territory": (
        *(Division.code, Division.name, Division.code == Ticket.division),
        select(Division.parent).where(Division.parent.is_not(None)),
    ),
    "unit": (
        *(Department.code, Department.short_name, Department.id == Ticket.department_id),
        None,
    ),
}
"""For each filter: code, name, what joins it to a ticket, and the codes with others below."""


@dataclass(frozen=True, order=True)
class Named:
    """Something by its name, "" where nothing is written down.

    `code` is what the filter is set to for exactly its tickets; "" where none does so, because
    the filter counts those of what lies below as well.
    """

    name: str
    code: str


def opened_by(
    session: Session, reader: Actor, by: str, period: Period, only: Condition | None = None
) -> dict[Named, int]:
    """Tickets opened in the period by category, territory or unit, most first.

    `only` narrows them to a part of the city.
    """
    require_role(reader, *READERS)
    code, name, joined, below = _BY[by]
    inner = set() if below is None else set(session.scalars(below))
    conditions = (period.holds(Ticket.created_at), *(() if only is None else (only,)))
    query = (
        select(code, name, func.count())
        .select_from(Ticket)
        .outerjoin(code.class_, joined)
        .where(*conditions)
        .group_by(code, name)
    )
    found: dict[Named, int] = {}
    for value, label, count in session.execute(query):
        exact = NOTHING if value is None else "" if value in inner else value
        found[Named(label or "", exact)] = count
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
