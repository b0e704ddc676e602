"""What desks read: tickets by tab, what runs out next first, page by page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from dispatch.db import Session, UtcDateTime
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import (
    Rating,
    RequestKind,
    Status,
    Urgency,
    Verdict,
)
from dispatch.models.catalog import Category
from dispatch.models.followups import FollowUp
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service.access import visible
from dispatch.service.desk_filters import kept, returned, scope
from dispatch.service.desk_order import (
    comes_after,
    order_by,
    sort_keys,
    waiting_follow_up,
    write_cursor,
)
from dispatch.service.desk_tabs import Order, Tab

PAGE = 50


@dataclass(frozen=True)
class SigningClock:
    """The clock of the acknowledgement, in the shape of any clock."""

    dispatched_at: datetime | None
    due_at: datetime
    warn_at: datetime | None = None
    clock_rule: str = "签收时限：派单后须在此刻前签收；办理时限自派单起算，不因未签收而停"


@dataclass(frozen=True, kw_only=True)
class TicketCard:
    """One ticket as a list shows it; it names no requester."""

    id: int
    number: str
    version: int
    title: str
    content: str
    kind: RequestKind
    status: Status
    urgency: Urgency
    category: str | None
    category_code: str | None
    department: str | None
    place: str
    division: str | None
    created_at: datetime
    dispatched_at: datetime | None
    acknowledge_by: datetime | None
    warn_at: datetime | None
    due_at: datetime | None
    held_until: datetime | None
    completed_at: datetime | None
    closed_at: datetime | None
    clock_rule: str
    breached: bool
    round: int
    urged: int
    confidential: bool
    returned: bool
    public_reply: str
    solved: Verdict | None
    rating: Rating | None
    proposed: tuple[tuple[str, float], ...]

    @property
    def signing(self) -> SigningClock | None:
        """The acknowledgement's clock while it runs."""
        if self.status is not Status.DISPATCHED or self.acknowledge_by is None:
            return None
        return SigningClock(self.dispatched_at, self.acknowledge_by)


@dataclass(frozen=True)
class Page:
    """A stretch of a list and where the next one begins; None at the end."""

    cards: tuple[TicketCard, ...]
    next_cursor: str | None = None


@dataclass(frozen=True)
class TabCount:
    """How many tickets wait in a tab and which moment comes first."""

    count: int
    next_at: datetime | None


def desk_page(
    session: Session,
    reader: Actor,
    tab: Tab,
    *,
    rules: Rules,
    cursor: str = "",
    unit: str = "",
    limit: int = PAGE,
    now: datetime,
) -> Page:
    """The reader's tickets of a tab, what runs out next first; `unit` narrows to a unit's code.

    Raises:
        InvalidInput: the cursor is none of ours.
    """
    query = _cards().where(_in_tab(tab, reader, rules, now))
    if tab.order is Order.CALLBACK:
        query = query.outerjoin(FollowUp, waiting_follow_up())
    if unit:
        query = query.where(Department.code == unit)
    if cursor:
        query = query.where(comes_after(tab.order, cursor))
    keys = [key.label(f"key_{i}") for i, key in enumerate(sort_keys(tab.order))]
    ordered = query.add_columns(*keys).order_by(*order_by(tab.order))
    rows = session.execute(ordered.limit(limit + 1)).all()
    cards = tuple(card(row) for row in rows[:limit])
    more = len(rows) > limit
    return Page(cards, write_cursor(rows[limit - 1][-len(keys) :]) if more else None)


def desk_counts(
    session: Session, reader: Actor, tabs: Iterable[Tab], *, rules: Rules, now: datetime
) -> dict[str, TabCount]:
    """How many tickets each counted tab holds, in two queries; by the tab's key."""
    open_now = [status.value for status in Status if status.is_open]
    late = func.sum(case((_late(now), 1), else_=0))
    counted = [tab for tab in tabs if tab.counted]
    rows = session.execute(
        select(
            Ticket.status,
            func.count(),
            late,
            func.min(Ticket.due_at),
            func.min(Ticket.acknowledge_by),
        )
        .where(scope(reader), Ticket.status.in_(open_now))
        .group_by(Ticket.status)
    ).all()
    found = {tab.key: _count(tab, rows) for tab in counted if tab.only is None}
    return found | _narrow_counts(session, reader, counted, rules, now)


def _narrow_counts(
    session: Session, reader: Actor, tabs: Iterable[Tab], rules: Rules, now: datetime
) -> dict[str, TabCount]:
    narrow = [tab for tab in tabs if tab.only is not None]
    columns: list[ColumnElement[Any]] = []
    for tab in narrow:
        condition = kept(tab, reader, rules, now=now)
        first = sort_keys(tab.order)[0] if tab.order is Order.HELPING else Ticket.due_at
        columns.append(select(func.count()).where(condition).scalar_subquery())
        columns.append(
            select(func.min(first, type_=UtcDateTime())).where(condition).scalar_subquery()
        )
    if not columns:
        return {}
    row = session.execute(select(*columns)).one()
    timed = {Order.SIGNING, Order.DEADLINE, Order.HELPING}
    return {
        tab.key: TabCount(row[2 * i], row[2 * i + 1] if tab.order in timed else None)
        for i, tab in enumerate(narrow)
    }


def _count(tab: Tab, rows: Iterable[Any]) -> TabCount:
    mine = [row for row in rows if Status(row[0]) in tab.statuses]
    moments = [row[4] if tab.order is Order.SIGNING else row[3] for row in mine]
    timed = tab.order in {Order.SIGNING, Order.DEADLINE}
    next_at = min((m for m in moments if m is not None), default=None) if timed else None
    return TabCount(sum(row[2] if tab.late else row[1] for row in mine), next_at)


def cards_of(session: Session, condition: ColumnElement[bool], *, limit: int) -> list[TicketCard]:
    """Newest tickets under a condition that already names its reader."""
    query = _cards().where(condition).order_by(Ticket.id.desc()).limit(limit)
    return [card(row) for row in session.execute(query)]


def cards_numbered(session: Session, reader: Actor, numbers: Collection[str]) -> list[TicketCard]:
    """Those of the tickets that the reader may see, newest first."""
    chosen = visible(reader) & Ticket.number.in_(numbers)
    return cards_of(session, chosen, limit=max(1, len(numbers)))


def _cards() -> Select[Ticket, str, str, str, bool]:
    return (
        select(Ticket, Category.name, Category.code, Department.short_name, returned())
        .outerjoin(Category, Category.id == Ticket.category_id)
        .outerjoin(Department, Department.id == Ticket.department_id)
    )


def card(row: Any) -> TicketCard:
    """Make the frozen row; nothing of the session is left in it."""
    ticket, category, category_code, department, returned = row[:5]
    return TicketCard(
        id=ticket.id,
        number=ticket.number,
        version=ticket.version,
        title=ticket.title,
        content=ticket.content,
        kind=RequestKind(ticket.kind),
        status=Status(ticket.status),
        urgency=Urgency(ticket.urgency),
        category=category,
        category_code=category_code,
        department=department,
        place=ticket.place,
        division=ticket.division,
        created_at=ticket.created_at,
        dispatched_at=ticket.dispatched_at,
        acknowledge_by=ticket.acknowledge_by,
        warn_at=ticket.warn_at,
        due_at=ticket.due_at,
        held_until=ticket.held_until,
        completed_at=ticket.completed_at,
        closed_at=ticket.closed_at,
        clock_rule=ticket.clock_rule,
        breached=ticket.breached_at is not None,
        round=ticket.round,
        urged=ticket.urged,
        confidential=ticket.confidential,
        returned=returned,
        public_reply=ticket.public_reply,
        solved=Verdict(ticket.solved) if ticket.solved else None,
        rating=Rating(ticket.rating) if ticket.rating else None,
        proposed=proposed_units(ticket.suggestion),
    )


def proposed_units(suggestion: Mapping[str, Any] | None) -> tuple[tuple[str, float], ...]:
    """(code, probability) of the units the model proposed at intake, best first."""
    listed = (suggestion or {}).get("departments", [])
    return tuple((str(code), float(p)) for code, p in listed)


def _in_tab(tab: Tab, reader: Actor, rules: Rules, now: datetime) -> ColumnElement[bool]:
    if tab.only is not None:
        return kept(tab, reader, rules, now=now)
    return and_(scope(reader), _of_statuses(tab, now))


def _of_statuses(tab: Tab, now: datetime) -> ColumnElement[bool]:
    if tab.order is Order.NEWEST:
        # Said the other way round, so that no index of statuses lures SQLite into sorting
        # a hundred thousand closed tickets to find the newest fifty.
        others = [status.value for status in Status if status not in tab.statuses]
        return Ticket.status.not_in(others)
    inside = Ticket.status.in_([status.value for status in tab.statuses])
    return and_(inside, _late(now)) if tab.late else inside


def _late(now: datetime) -> ColumnElement[bool]:
    unsigned = and_(Ticket.status == Status.DISPATCHED.value, Ticket.acknowledge_by <= now)
    return or_(Ticket.warn_at <= now, Ticket.due_at <= now, unsigned)
