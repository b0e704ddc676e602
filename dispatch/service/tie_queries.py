"""What a ticket's page shows of its ties: its main ticket, those merged into it, links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.ports import TicketSearch
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Status
from dispatch.models.tickets import Ticket
from dispatch.models.ties import TicketMerge
from dispatch.service import alike, ties
from dispatch.service.access import visible_to
from dispatch.service.alike import Similar
from dispatch.service.merge_rows import before_audit, callers
from dispatch.service.ties import Linked


@dataclass(frozen=True)
class MergedTicket:
    """One end of a merge, as far as the reader may see it; `waiting` until it is answered."""

    number: str
    title: str
    status: Status
    created_at: datetime
    merged_at: datetime
    reason: str
    waiting: bool


@dataclass(frozen=True, kw_only=True)
class Ties:
    """The ties of one ticket for one reader.

    `callers` counts every person the ticket is handled for, also those the reader may not see;
    `hidden` is how many merged tickets are not shown.
    """

    main: MergedTicket | None = None
    merged: tuple[MergedTicket, ...] = ()
    hidden: int = 0
    callers: int = 1
    links: tuple[Linked, ...] = ()
    similar: tuple[Similar, ...] = ()
    takes_others: bool = False


def ties_of(
    session: Session,
    reader: Actor,
    rules: Rules,
    search: TicketSearch,
    ticket_id: int,
    *,
    may_merge: bool,
    now: datetime,
) -> Ties:
    """The ties of a ticket the caller has read with its reader's rights.

    `may_merge` says that the reader's role merges tickets; others are offered none.
    """
    ticket = session.get_one(Ticket, ticket_id)
    merged = _merged(session, reader, ticket)
    everyone = callers(session, ticket) if ticket.status != Status.MERGED.value else 1
    return Ties(
        main=_main(session, reader, ticket),
        merged=merged,
        hidden=_count(session, ticket) - len(merged),
        callers=everyone,
        links=ties.links_of(session, reader, ticket_id),
        similar=_similar(session, reader, rules, search, ticket, now) if may_merge else (),
        takes_others=may_merge and before_audit(Status(ticket.status)),
    )


def _main(session: Session, reader: Actor, ticket: Ticket) -> MergedTicket | None:
    query = select(Ticket, TicketMerge).join(TicketMerge, TicketMerge.main_id == Ticket.id)
    row = session.execute(
        visible_to(reader, query)
        .where(TicketMerge.child_id == ticket.id, TicketMerge.undone_at.is_(None))
        .order_by(TicketMerge.id.desc())
        .limit(1)
    ).first()
    return _end(*row) if row else None


def _merged(session: Session, reader: Actor, ticket: Ticket) -> tuple[MergedTicket, ...]:
    query = select(Ticket, TicketMerge).join(TicketMerge, TicketMerge.child_id == Ticket.id)
    rows = session.execute(
        visible_to(reader, query)
        .where(TicketMerge.main_id == ticket.id, TicketMerge.undone_at.is_(None))
        .order_by(TicketMerge.id)
    )
    return tuple(_end(*row) for row in rows)


def _count(session: Session, ticket: Ticket) -> int:
    standing = select(func.count(TicketMerge.id)).where(
        TicketMerge.main_id == ticket.id, TicketMerge.undone_at.is_(None)
    )
    return session.scalar(standing) or 0


def _end(ticket: Ticket, row: TicketMerge) -> MergedTicket:
    return MergedTicket(
        number=ticket.number,
        title=ticket.title,
        status=Status(ticket.status),
        created_at=ticket.created_at,
        merged_at=row.merged_at,
        reason=row.reason,
        waiting=row.answered_at is None,
    )


def _similar(
    session: Session,
    reader: Actor,
    rules: Rules,
    search: TicketSearch,
    ticket: Ticket,
    now: datetime,
) -> tuple[Similar, ...]:
    return alike.similar(
        session,
        reader,
        category_id=ticket.category_id,
        division=ticket.division,
        days=rules.profile.classifier.same_event_days,
        search=search,
        content=ticket.content,
        place=ticket.place,
        without=ticket.number,
        now=now,
    )
