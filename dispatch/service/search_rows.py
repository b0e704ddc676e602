"""What a search is told of tickets, and which of them changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select

from dispatch.db import Session
from dispatch.domain.ports import TicketText
from dispatch.domain.vocabulary import Status
from dispatch.models.catalog import Category, Division
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.service.merge_rows import before_audit

MERGEABLE = tuple(status.value for status in Status if before_audit(status))
"""An open ticket that others may be merged into."""

DONE = (Status.CLOSED.value, Status.ANSWERED.value)
"""A ticket whose answer was given and stands."""


@dataclass(frozen=True)
class Horizon:
    """The newest there is: `origin` names the database, "" while it has no ticket."""

    origin: str
    fact: int
    ticket: int


def horizon(session: Session) -> Horizon:
    """The newest fact and ticket."""
    first = session.execute(
        select(Ticket.number, Ticket.query_code).order_by(Ticket.id).limit(1)
    ).first()
    return Horizon(
        origin=f"{first.number} {first.query_code}" if first else "",
        fact=session.scalar(select(func.max(TicketEvent.id))) or 0,
        ticket=session.scalar(select(func.max(Ticket.id))) or 0,
    )


def texts_after(session: Session, ticket_id: int, *, limit: int) -> tuple[int, list[TicketText]]:
    """The next tickets in the order of their ids: the highest id looked at, and their texts.

    Only those a search is to find: open ones that others may be merged into, and closed ones;
    none that was merged. The id is the one given when there is no further ticket.
    """
    ids = session.scalars(
        select(Ticket.id).where(Ticket.id > ticket_id).order_by(Ticket.id).limit(limit)
    ).all()
    return (ids[-1], texts_of(session, ids)) if ids else (ticket_id, [])


def texts_of(session: Session, ticket_ids: Iterable[int]) -> list[TicketText]:
    """The texts of those tickets that a search is to find; the others should be forgotten."""
    rows = session.execute(
        select(
            Ticket.id,
            Ticket.title,
            Ticket.content,
            Ticket.place,
            Ticket.division,
            Category.code,
            Ticket.created_at,
            Ticket.status,
        )
        .outerjoin(Category, Category.id == Ticket.category_id)
        .where(
            Ticket.id.in_(list(ticket_ids)),
            Ticket.merged_into_id.is_(None),
            Ticket.status.in_([*MERGEABLE, *DONE]),
        )
    )
    return [
        TicketText(
            ticket_id=row.id,
            text=row.content,
            place=row.place,
            division=row.division,
            category=row.code,
            at=row.created_at,
            open=row.status in MERGEABLE,
        )
        for row in rows
    ]


def division_parents(session: Session) -> dict[str, str | None]:
    """For each division's code the code of the one above."""
    return {row.code: row.parent for row in session.execute(select(Division.code, Division.parent))}
