"""Topics: what people ask about, where from, and who has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from analytics.facts import READERS
from analytics.moments import DAY_S, EPOCH, day_start
from analytics.periods import Period
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.models.catalog import Category, Division
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role

SPANS_BEFORE = 4
"""Spans whose mean a topic is held against."""

RISING_AT_LEAST = 5
"""Fewer tickets than this are chance, not a topic."""

SURPLUS = 2.0
"""So many roots of its mean above it a count is called rising."""


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


def leaf_categories(session: Session) -> dict[int, str]:
    """Codes of the categories that have none below them, by id."""
    parents = select(Category.parent_id).where(Category.parent_id.is_not(None))
    query = select(Category.id, Category.code).where(Category.id.not_in(parents))
    return dict(session.execute(query).all())


@dataclass(frozen=True)
class Risen:
    """A category above its usual count; `usual` is the mean of the spans before."""

    category_id: int
    count: int
    usual: Decimal


def risen(
    opened: Mapping[int, int], before: Mapping[int, int], names: Mapping[int, str]
) -> list[Risen]:
    """The categories clearly above the mean of the SPANS_BEFORE spans before, the furthest first.

    Counts scatter by about the root of their mean, so a surplus is measured in such roots.
    """

    def surplus(id_: int) -> float:
        mean = before.get(id_, 0) / SPANS_BEFORE
        return float((opened[id_] - mean) / max(mean, 1) ** 0.5)

    found = [id_ for id_ in opened if opened[id_] >= RISING_AT_LEAST and surplus(id_) >= SURPLUS]
    found.sort(key=lambda id_: (-surplus(id_), names[id_]))
    return [
        Risen(
            id_,
            opened[id_],
            (Decimal(before.get(id_, 0)) / SPANS_BEFORE).quantize(Decimal("0.1")),
        )
        for id_ in found
    ]


def opened_by_day(
    session: Session, reader: Actor, category_ids: Sequence[int], period: Period
) -> dict[int, list[tuple[date, int]]]:
    """Tickets of each category opened on each day of the period."""
    require_role(reader, *READERS)
    opened = select(Ticket.category_id, day_start(Ticket.created_at).label("day")).where(
        Ticket.category_id.in_(category_ids), period.holds(Ticket.created_at)
    )
    rows = opened.subquery()
    keys = (rows.c.category_id, rows.c.day)
    found = {
        (category, start): count
        for category, start, count in session.execute(select(*keys, func.count()).group_by(*keys))
    }
    days = [period.first + timedelta(days=i) for i in range(period.days)]
    return {
        id_: [(day, found.get((id_, (day - EPOCH).days * DAY_S), 0)) for day in days]
        for id_ in category_ids
    }


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
    session: Session, reader: Actor, category_ids: Sequence[int], period: Period, *, samples: int
) -> dict[int, Whereabouts]:
    """Each category's commonest division and unit, and its newest tickets not confidential."""
    require_role(reader, *READERS)
    places = _commonest(
        session, category_ids, period, Division.name, Division.code == Ticket.division
    )
    units = _commonest(
        session, category_ids, period, Department.short_name, Department.id == Ticket.department_id
    )
    return {
        id_: Whereabouts(
            places.get(id_), units.get(id_), _newest(session, id_, period, limit=samples)
        )
        for id_ in category_ids
    }


def _commonest(
    session: Session, category_ids: Sequence[int], period: Period, name: Any, joined: Any
) -> dict[int, str]:
    query = (
        select(Ticket.category_id, name, func.count())
        .join(name.class_, joined)
        .where(Ticket.category_id.in_(category_ids), period.holds(Ticket.created_at))
        .group_by(Ticket.category_id, name)
    )
    ranked = sorted((-count, label, id_) for id_, label, count in session.execute(query))
    return {id_: label for _, label, id_ in reversed(ranked)}


def _newest(
    session: Session, category_id: int, period: Period, *, limit: int
) -> tuple[Sample, ...]:
    query = (
        select(Ticket.number, Ticket.title, Ticket.place, Ticket.created_at)
        .where(Ticket.category_id == category_id, period.holds(Ticket.created_at))
        .where(Ticket.confidential.is_(False))
        .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        .limit(limit)
    )
    return tuple(Sample(*row) for row in session.execute(query))
