"""Media items as the desk reads them, and the tickets each may be about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, func, select

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.judging_terms import MediaState
from dispatch.domain.likeness import likeness
from dispatch.domain.people import Actor
from dispatch.domain.ports import TicketSearch
from dispatch.domain.terms import SupervisionState
from dispatch.domain.vocabulary import Status
from dispatch.models.judging import MediaItem
from dispatch.models.oversight import Supervision
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Ticket
from dispatch.service import alike
from dispatch.service.access import visible, visible_to
from dispatch.service.queries_search import search as by_words

PAGE = 50
CANDIDATES = 8
LOOKED_AT = 400
"""Newest tickets whose words are compared when there is no search index."""

LOOKED_BACK = timedelta(days=90)
"""An item of the press tells of something recent."""


@dataclass(frozen=True, kw_only=True)
class MediaView:
    """One media item; the ticket's fields are None while none is matched."""

    id: int
    title: str
    outlet: str
    url: str
    published_on: date
    words: str
    place: str
    state: MediaState
    outcome: str
    registered_by: str
    registered_at: datetime
    closed_at: datetime | None
    ticket: str | None
    ticket_title: str | None
    ticket_status: Status | None
    unit: str | None
    order: str | None
    order_state: SupervisionState | None
    order_due_at: datetime | None


@dataclass(frozen=True)
class Candidate:
    """A ticket the item may be about; `likeness` 0 to 1, None when it was found by words."""

    number: str
    title: str
    place: str
    status: Status
    created_at: datetime
    likeness: float | None


def counts(session: Session) -> dict[str, int]:
    """How many items are in each state, by the state's value."""
    query = select(MediaItem.state, func.count()).group_by(MediaItem.state)
    found: dict[str, int] = {row[0]: row[1] for row in session.execute(query)}
    return {state.value: found.get(state.value, 0) for state in MediaState}


def items(
    session: Session, reader: Actor, state: MediaState, *, before: int | None = None
) -> list[MediaView]:
    """Items in a state, newest first."""
    query = _views(reader).where(MediaItem.state == state.value)
    if before is not None:
        query = query.where(MediaItem.id < before)
    rows = session.execute(query.order_by(MediaItem.id.desc()).limit(PAGE))
    return [_view(*row) for row in rows]


def published(
    session: Session, reader: Actor, unit: str, *, first: date, last: date
) -> list[MediaView]:
    """Items published in these days about tickets of the unit with this code, "" for no unit's."""
    whose = Department.code == unit if unit else Ticket.department_id.is_(None)
    query = _views(reader).where(
        MediaItem.published_on >= first, MediaItem.published_on <= last, whose
    )
    rows = session.execute(query.order_by(MediaItem.published_on.desc(), MediaItem.id.desc()))
    return [_view(*row) for row in rows]


def item(session: Session, reader: Actor, item_id: int) -> MediaView:
    """One item.

    Raises:
        NotFound: there is none.
    """
    row = session.execute(_views(reader).where(MediaItem.id == item_id)).one_or_none()
    if row is None:
        raise NotFound("没有找到这条媒体反映")
    return _view(*row)


def of_ticket(session: Session, reader: Actor, number: str) -> list[MediaView]:
    """The items that tell of one ticket."""
    rows = session.execute(_views(reader).where(Ticket.number == number).order_by(MediaItem.id))
    return [_view(*row) for row in rows]


def candidates(
    session: Session, reader: Actor, about: MediaView, search: TicketSearch, *, now: datetime
) -> list[Candidate]:
    """Tickets that read like the item, most alike first: open ones, then answered ones."""
    text = f"{about.title} {about.words}"
    if not search.ready:
        return _compared(session, reader, text, now)
    open_ones = alike.similar(
        session,
        reader,
        category_id=None,
        division=None,
        days=LOOKED_BACK.days,
        search=search,
        content=text,
        place=about.place,
        now=now,
        limit=CANDIDATES,
    )
    found = [
        Candidate(one.number, one.title, one.place, one.status, one.created_at, one.likeness)
        for one in open_ones
    ]
    done = alike.answered(session, reader, search, text, limit=CANDIDATES)
    rows = {
        ticket.number: ticket
        for ticket in session.scalars(
            select(Ticket).where(Ticket.number.in_([one.number for one in done]))
        )
    }
    found += [
        Candidate(t.number, t.title, t.place, Status(t.status), t.created_at, one.likeness)
        for one in done
        if (t := rows.get(one.number)) is not None and t.created_at > now - LOOKED_BACK
    ]
    return found[:CANDIDATES]


def found_by_words(session: Session, reader: Actor, words: str) -> list[Candidate]:
    """Tickets by number or words, as the search field of every page finds them."""
    return [
        Candidate(card.number, card.title, card.place, card.status, card.created_at, None)
        for card in by_words(session, reader, words)[:CANDIDATES]
    ]


def _compared(session: Session, reader: Actor, text: str, now: datetime) -> list[Candidate]:
    query = visible_to(reader, select(Ticket).where(Ticket.created_at > now - LOOKED_BACK))
    newest = session.scalars(query.order_by(Ticket.id.desc()).limit(LOOKED_AT))
    near = [(likeness(text, f"{t.title} {t.content} {t.place}"), t) for t in newest]
    near = sorted((pair for pair in near if pair[0] >= alike.ALIKE), key=lambda pair: -pair[0])
    return [
        Candidate(t.number, t.title, t.place, Status(t.status), t.created_at, score)
        for score, t in near[:CANDIDATES]
    ]


def _views(
    reader: Actor,
) -> Select[MediaItem, Ticket | None, str | None, Supervision | None, str]:
    # A matched ticket shows itself only to those who may read it.
    return (
        select(MediaItem, Ticket, Department.short_name, Supervision, Staff.name)
        .outerjoin(Ticket, (Ticket.id == MediaItem.ticket_id) & visible(reader))
        .outerjoin(Department, Department.id == Ticket.department_id)
        .outerjoin(Supervision, Supervision.id == MediaItem.supervision_id)
        .join(Staff, Staff.id == MediaItem.registered_by_id)
    )


def _view(
    row: MediaItem,
    ticket: Ticket | None,
    unit: str | None,
    order: Supervision | None,
    registered_by: str,
) -> MediaView:
    return MediaView(
        id=row.id,
        title=row.title,
        outlet=row.outlet,
        url=row.url,
        published_on=row.published_on,
        words=row.words,
        place=row.place,
        state=MediaState(row.state),
        outcome=row.outcome,
        registered_by=registered_by,
        registered_at=row.registered_at,
        closed_at=row.closed_at,
        ticket=ticket.number if ticket else None,
        ticket_title=ticket.title if ticket else None,
        ticket_status=Status(ticket.status) if ticket else None,
        unit=unit,
        order=order.number if order else None,
        order_state=SupervisionState(order.state) if order else None,
        order_due_at=order.due_at if order else None,
    )


def states() -> Sequence[MediaState]:
    """The states in the order of the desk's tabs."""
    return tuple(MediaState)
