"""似为同一事件 and 相似办结工单: tickets that read alike, found by a search or without one.

The search knows every ticket but no rights: what it finds is read here, with the reader's own.
Without an index that is ready, open tickets of one category and place are compared one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select

from dispatch.db import Session
from dispatch.domain.likeness import likeness
from dispatch.domain.people import Actor
from dispatch.domain.ports import Near, NoTicketSearch, TicketSearch
from dispatch.domain.vocabulary import Rating, Status, Verdict
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service.access import visible_to
from dispatch.service.search_rows import DONE, MERGEABLE

COMPARED = 50
"""Open tickets of one category and place whose words are compared when there is no search."""

ALIKE = 0.3
"""How much two requests of one category must have in common to be taken for the same matter."""

_NO_SEARCH = NoTicketSearch()


@dataclass(frozen=True)
class Similar:
    """An open ticket that may tell of the same event; `likeness` 0 to 1."""

    number: str
    title: str
    place: str
    status: Status
    created_at: datetime
    likeness: float


@dataclass(frozen=True)
class Answered:
    """A closed ticket that reads alike, and what was done: by whom, the reply, the result.

    `unit` is the short name, "" when none handled it; `solved` and `rating` are the requester's
    word, None when he was not asked or did not say; `likeness` is 0 to 1.
    """

    number: str
    title: str
    status: Status
    unit: str
    reply: str
    solved: Verdict | None
    rating: Rating | None
    closed_at: datetime | None
    likeness: float


def similar(
    session: Session,
    reader: Actor,
    *,
    category_id: int | None,
    division: str | None,
    days: int,
    search: TicketSearch = _NO_SEARCH,
    content: str = "",
    place: str = "",
    phone: str | None = None,
    without: str = "",
    now: datetime,
    limit: int = 8,
) -> tuple[Similar, ...]:
    """似为同一事件: open tickets that others may be merged into, those most alike first.

    From other telephones, of the last `days` (the policy's `same_event_days`). The search needs
    no category; without it they are of the same category and place, with words in common.
    """
    since = now - timedelta(days=days)
    query = _mergeable(since, without, phone)
    if search.ready and content.strip():
        near = search.same_event(content, place=place, division=division, since=since, now=now)
        found = _read(session, reader, query, near)
    elif category_id is not None:
        query = query.where(Ticket.category_id == category_id)
        if division:
            query = query.where(Ticket.division == division)
        found = _compared(session, reader, query, content)
    else:
        return ()
    # A stable order: of equals the newest stays first.
    found.sort(key=lambda pair: -pair[0])
    return tuple(
        Similar(t.number, t.title, t.place, Status(t.status), t.created_at, alike)
        for alike, t in found[:limit]
    )


def answered(
    session: Session,
    reader: Actor,
    search: TicketSearch,
    content: str,
    *,
    category: str | None = None,
    without: str = "",
    limit: int = 3,
) -> tuple[Answered, ...]:
    """相似办结工单: closed tickets that read alike and what was done with them, most alike first.

    `category` is the code of the one in hand; nothing while the search is not ready.
    """
    if not search.ready or not content.strip():
        return ()
    near = _likeness(search.answered(content, category=category))
    query = (
        select(Ticket, Department.short_name)
        .outerjoin(Department, Department.id == Ticket.department_id)
        .where(
            Ticket.id.in_(near),
            Ticket.status.in_(DONE),
            Ticket.number != without,
            Ticket.public_reply != "",
        )
    )
    rows = session.execute(visible_to(reader, query)).all()
    best = sorted(rows, key=lambda row: (-near[row.Ticket.id], -row.Ticket.id))[:limit]
    return tuple(_answer(row.Ticket, row.short_name or "", near[row.Ticket.id]) for row in best)


def _mergeable(since: datetime, without: str, phone: str | None) -> Select[Ticket]:
    query = (
        select(Ticket)
        .where(
            Ticket.status.in_(MERGEABLE),
            Ticket.created_at > since,
            Ticket.number != without,
        )
        .order_by(Ticket.id.desc())
        .limit(COMPARED)
    )
    if phone:
        query = query.where(or_(Ticket.phone.is_(None), Ticket.phone != phone))
    return query


def _read(
    session: Session, reader: Actor, query: Select[Ticket], near: tuple[Near, ...]
) -> list[tuple[float, Ticket]]:
    """Those found that stand as the query wants, and that the reader may see."""
    found = _likeness(near)
    rows = session.scalars(visible_to(reader, query.where(Ticket.id.in_(found))))
    return [(found[ticket.id], ticket) for ticket in rows]


def _compared(
    session: Session, reader: Actor, query: Select[Ticket], content: str
) -> list[tuple[float, Ticket]]:
    found = [(likeness(content, t.content), t) for t in session.scalars(visible_to(reader, query))]
    return [pair for pair in found if pair[0] >= ALIKE]


def _likeness(near: tuple[Near, ...]) -> Mapping[int, float]:
    return {one.ticket_id: one.likeness for one in near}


def _answer(ticket: Ticket, unit: str, alike: float) -> Answered:
    return Answered(
        number=ticket.number,
        title=ticket.title,
        status=Status(ticket.status),
        unit=unit,
        reply=ticket.public_reply,
        solved=Verdict(ticket.solved) if ticket.solved else None,
        rating=Rating(ticket.rating) if ticket.rating else None,
        closed_at=ticket.closed_at,
        likeness=alike,
    )
