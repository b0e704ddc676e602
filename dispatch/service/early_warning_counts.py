"""What early warnings are counted from: tickets by block of days, due soon, finished by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, and_, cast, extract, func, or_, select

from dispatch.db import Session
from dispatch.domain.gatherings import BlockCount, Seen, Series, Trees
from dispatch.domain.reporting_terms import WarningKind, WarningState
from dispatch.domain.vocabulary import Status
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.catalog import Category, Division
from dispatch.models.learning import HotSpotTicket
from dispatch.models.people import Department
from dispatch.models.reporting import EarlyWarning
from dispatch.models.tickets import Ticket
from dispatch.service.hot_spot_counts import caller_of, of_series

DAY_S = 86_400
CITY_S = 8 * 3_600
"""Seconds that the city is ahead of UTC; it has no summer time."""

IN_HAND = tuple(status.value for status in Status if status.with_department)


def blocks(
    session: Session, wanted: Sequence[tuple[int, int]], *, days: int, until: datetime
) -> list[BlockCount]:
    """Tickets by block of so many days counted back from `until`, category and division.

    `wanted` are stretches of blocks, first and last; block 0 is the newest. One statement, read
    from one index alone.
    """
    length = days * DAY_S
    end = int(until.timestamp())
    block = (end - cast(extract("epoch", Ticket.created_at), BigInteger)) // length
    inside = or_(
        *(
            and_(
                Ticket.created_at > until - timedelta(days=days * (last + 1)),
                Ticket.created_at <= until - timedelta(days=days * first),
            )
            for first, last in wanted
        )
    )
    rows = session.execute(
        select(block.label("block"), Ticket.category_id, Ticket.division, func.count())
        .where(inside, Ticket.category_id.is_not(None))
        .group_by("block", Ticket.category_id, Ticket.division)
    )
    return [BlockCount(at, what or 0, where or "", n) for at, what, where, n in rows]


def tickets_of(
    session: Session, series: Series, known: Trees, *, since: datetime, until: datetime
) -> list[Seen]:
    """The tickets of a series between two moments, the oldest first; texts are left out."""
    rows = session.execute(
        select(
            Ticket.id,
            Ticket.created_at,
            Ticket.category_id,
            Ticket.division,
            Ticket.phone,
            Ticket.requester_id,
        )
        .where(Ticket.created_at > since, Ticket.created_at <= until, of_series(series, known))
        .order_by(Ticket.created_at, Ticket.id)
    )
    return [
        Seen(
            ticket_id=id_,
            at=at,
            category_id=what or 0,
            division=where or "",
            caller=caller_of(phone, who, id_),
        )
        for id_, at, what, where, phone, who in rows
    ]


def in_hot_spots(session: Session, tickets: Sequence[int]) -> int:
    """How many of these tickets a hot spot has told of."""
    held = select(func.count(func.distinct(HotSpotTicket.ticket_id)))
    return session.scalar(held.where(HotSpotTicket.ticket_id.in_(tickets))) or 0


def numbers_of(session: Session, tickets: Sequence[int]) -> tuple[str, ...]:
    """The numbers of tickets, the newest first."""
    query = select(Ticket.number).where(Ticket.id.in_(tickets)).order_by(Ticket.id.desc())
    return tuple(session.scalars(query))


def open_subjects(session: Session, kind: WarningKind) -> list[tuple[int | None, str | None]]:
    """Category and division of the open warnings of a kind."""
    query = select(EarlyWarning.category_id, EarlyWarning.division).where(
        EarlyWarning.kind == kind.value, EarlyWarning.state == WarningState.OPEN.value
    )
    return [(category, division) for category, division in session.execute(query)]


def names(session: Session, series: Series) -> tuple[str, str]:
    """What a series is called: its category, and its division or 全市."""
    category = session.get_one(Category, series.category_id).name
    division = session.get(Division, series.division) if series.division else None
    return category, division.name if division else "全市"


@dataclass(frozen=True)
class DueSoon:
    """What a unit has that falls due in a span; `late` is what it is late with already."""

    department_id: int
    name: str
    numbers: tuple[str, ...]
    late: int


def due_soon(session: Session, *, now: datetime, until: datetime) -> list[DueSoon]:
    """Unfinished tickets by unit that fall due in a span; what is on hold does not count."""
    rows = session.execute(
        select(Department.id, Department.name, Ticket.number, Ticket.due_at)
        .join(Department, Department.id == Ticket.department_id)
        .where(
            Ticket.status.in_(IN_HAND),
            Ticket.completed_at.is_(None),
            Ticket.held_until.is_(None),
            Ticket.due_at <= until,
        )
        .order_by(Department.id, Ticket.due_at, Ticket.id)
    )
    units: dict[int, tuple[str, list[str], list[str]]] = {}
    for id_, name, number, due in rows:
        _, soon, late = units.setdefault(id_, (name, [], []))
        (soon if due is not None and due > now else late).append(number)
    return [DueSoon(id_, name, tuple(soon), len(late)) for id_, (name, soon, late) in units.items()]


def finished_by_day(
    session: Session, departments: Sequence[int], *, since: datetime, until: datetime
) -> dict[int, dict[date, int]]:
    """Tickets each unit finished on each day of the city."""
    day = (cast(extract("epoch", Ticket.completed_at), BigInteger) + CITY_S) // DAY_S
    rows = session.execute(
        select(Ticket.department_id, day.label("day"), func.count())
        .where(
            Ticket.department_id.in_(departments),
            Ticket.completed_at > since,
            Ticket.completed_at <= until,
        )
        .group_by(Ticket.department_id, "day")
    )
    found: dict[int, dict[date, int]] = {}
    epoch = datetime(1970, 1, 1, tzinfo=SHANGHAI).date()
    for unit, number, count in rows:
        if unit is not None:
            found.setdefault(unit, {})[epoch + timedelta(days=number)] = count
    return found


def dispatched_at(session: Session, numbers: Sequence[str]) -> dict[str, datetime]:
    """When tickets were last dispatched, or taken in when never."""
    rows = session.execute(
        select(Ticket.number, func.coalesce(Ticket.dispatched_at, Ticket.created_at)).where(
            Ticket.number.in_(numbers)
        )
    )
    return dict(rows.all())
