"""Topics: what people ask about, where from, and who has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select

from analytics.facts import READERS
from analytics.periods import Period
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.catalog import Category, Division
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role


def by_category(session: Session, reader: Actor, period: Period) -> dict[int, int]:
    """Tickets opened, by category id; those without a category are left out."""
    require_role(reader, *READERS)
    query = (
        select(Ticket.category_id, func.count())
        .where(period.holds(Ticket.created_at), Ticket.category_id.is_not(None))
        .group_by(Ticket.category_id)
    )
    return {id_: count for id_, count in session.execute(query) if id_ is not None}


def category_names(session: Session) -> dict[int, str]:
    """Names of categories by id."""
    return dict(session.execute(select(Category.id, Category.name)).all())


def opened_by_day(
    session: Session, reader: Actor, category_id: int, period: Period
) -> list[tuple[date, int]]:
    """Tickets of a category opened on each day of the period."""
    require_role(reader, *READERS)
    moments = session.scalars(
        select(Ticket.created_at).where(
            Ticket.category_id == category_id, period.holds(Ticket.created_at)
        )
    )
    counts = Counter(moment.astimezone(SHANGHAI).date() for moment in moments)
    days = [period.first + timedelta(days=i) for i in range(period.days)]
    return [(day, counts[day]) for day in days]


@dataclass(frozen=True)
class Sample:
    """A ticket that shows what a topic is about."""

    number: str
    title: str
    place: str
    at: datetime


@dataclass(frozen=True)
class Whereabouts:
    """Where a category's tickets of the period come from, and who has them."""

    place: str | None
    unit: str | None
    samples: tuple[Sample, ...]


def whereabouts(
    session: Session, reader: Actor, category_id: int, period: Period, *, samples: int
) -> Whereabouts:
    """The commonest division and unit, and the newest tickets that are not confidential."""
    require_role(reader, *READERS)
    mine = and_(Ticket.category_id == category_id, period.holds(Ticket.created_at))

    def commonest(name: Any, table: Any, joined: Any) -> str | None:
        query = (
            select(name)
            .select_from(Ticket)
            .join(table, joined)
            .where(mine)
            .group_by(name)
            .order_by(func.count().desc(), name)
            .limit(1)
        )
        return session.scalar(query)

    query = (
        select(Ticket.number, Ticket.title, Ticket.place, Ticket.created_at)
        .where(mine, Ticket.confidential.is_(False))
        .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        .limit(samples)
    )
    newest: Sequence[Any] = session.execute(query).all()
    return Whereabouts(
        place=commonest(Division.name, Division, Division.code == Ticket.division),
        unit=commonest(Department.short_name, Department, Department.id == Ticket.department_id),
        samples=tuple(Sample(*row) for row in newest),
    )
