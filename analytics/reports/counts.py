"""Counts that only reports need: by day, by a column, by unit; one statement each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, true

from analytics.conditions import Condition, overdue
from analytics.facts import READERS, definition
from analytics.moments import DAY_S, EPOCH, day_start
from analytics.periods import Period
from analytics.rates import Rate
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import DepartmentKind
from dispatch.models.contacts import Contact
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role


def tickets_by(
    session: Session, reader: Actor, column: Any, period: Period, only: Condition | None = None
) -> dict[str, int]:
    """Tickets opened in the period by one column of theirs; "" for those without.

    `only` narrows them to a part of the city.
    """
    require_role(reader, *READERS)
    query = (
        select(column, func.count())
        .where(period.holds(Ticket.created_at), _part(only))
        .group_by(column)
    )
    return {value or "": count for value, count in session.execute(query)}


@dataclass(frozen=True)
class Opened:
    """The tickets opened in a period by what they are; "" for those without.

    `categories` are by id and leave out those that have none.
    """

    kinds: Mapping[str, int]
    channels: Mapping[str, int]
    sources: Mapping[str, int]
    categories: Mapping[int, int]


def opened(session: Session, reader: Actor, period: Period) -> Opened:
    """Count them by all four at once."""
    require_role(reader, *READERS)
    columns = (Ticket.kind, Ticket.channel, Ticket.source_level, Ticket.category_id)
    query = select(*columns, func.count()).where(period.holds(Ticket.created_at)).group_by(*columns)
    kinds, channels, sources = Counter[str](), Counter[str](), Counter[str]()
    categories = Counter[int]()
    for kind, channel, source, category, count in session.execute(query):
        kinds[kind] += count
        channels[channel] += count
        sources[source or ""] += count
        if category is not None:
            categories[category] += count
    return Opened(kinds, channels, sources, categories)


def calls_by_channel(session: Session, reader: Actor, period: Period) -> dict[str, int]:
    """Inbound contacts by the channel they came by."""
    require_role(reader, *READERS)
    query = (
        select(Contact.channel, func.count())
        .where(Contact.direction == "inbound", period.holds(Contact.started_at))
        .group_by(Contact.channel)
    )
    return dict(session.execute(query).all())


def calls_by_day(session: Session, reader: Actor, period: Period) -> dict[date, int]:
    """Inbound contacts by the city's day, days without any too."""
    require_role(reader, *READERS)
    return _by_day(session, Contact.started_at, period, Contact.direction == "inbound")


def tickets_by_day(
    session: Session, reader: Actor, period: Period, only: Condition | None = None
) -> dict[date, int]:
    """Tickets opened by the city's day, days without any too."""
    require_role(reader, *READERS)
    return _by_day(session, Ticket.created_at, period, _part(only))


def _part(only: Condition | None) -> Condition:
    return true() if only is None else only


def _by_day(session: Session, moment: Any, period: Period, *more: Any) -> dict[date, int]:
    day = day_start(moment)
    query = select(day.label("day"), func.count()).where(period.holds(moment), *more)
    found: dict[int, int] = dict(session.execute(query.group_by("day")).all())
    days = [period.first + timedelta(days=i) for i in range(period.days)]
    return {one: found.get((one - EPOCH).days * DAY_S, 0) for one in days}


@dataclass(frozen=True)
class UnitLine:
    """One unit's work: due in the period and done in time, and open past the limit now."""

    code: str
    name: str
    kind: DepartmentKind
    in_time: Rate
    overdue: int
    oldest: datetime | None
    """Since when the oldest of them is overdue (UTC)."""


def by_unit(
    session: Session, reader: Actor, period: Period, rules: Rules, *, now: datetime
) -> list[UnitLine]:
    """Units with tickets due in the period or overdue at its end, in the order of their class."""
    require_role(reader, *READERS)
    on_time = definition("on_time_rate", period, rules, now)
    judged = _grouped(
        session,
        (func.count().filter(on_time.hit), func.count()),
        on_time.judged,
    )
    late = overdue(min(period.end, now))
    over = _grouped(session, (func.count(), func.min(Ticket.due_at)), late)
    units = session.execute(
        select(Department.id, Department.code, Department.short_name, Department.kind).where(
            Department.id.in_({*judged, *over})
        )
    )
    order = list(DepartmentKind)
    found = []
    for id_, code, name, kind in units:
        hits, of_all = judged.get(id_, (0, 0))
        count, oldest = over.get(id_, (0, None))
        line = UnitLine(code, name, DepartmentKind(kind), Rate(hits, of_all), count, oldest)
        found.append(line)
    return sorted(found, key=lambda u: (order.index(u.kind), -u.overdue, -u.in_time.missed, u.code))


def _grouped(
    session: Session, columns: tuple[Any, Any], condition: Any
) -> Mapping[int, tuple[Any, Any]]:
    query = (
        select(Ticket.department_id, *columns)
        .where(condition, Ticket.department_id.is_not(None))
        .group_by(Ticket.department_id)
    )
    return {id_: (first, second) for id_, first, second in session.execute(query)}
