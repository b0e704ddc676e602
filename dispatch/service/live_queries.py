"""Which fresh facts a reader may hear of, and under which public number."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select

from dispatch.bus import Recorded
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.service.access import visible_to


def audience_key(reader: Actor) -> tuple[object, ...]:
    """Readers with the same key may see the same tickets, so one query serves them all."""
    if reader.role is Role.DEPARTMENT:
        return (reader.role, reader.department_id)
    if reader.role is Role.AGENT:
        return (reader.role, reader.staff_id)
    return (reader.role,)


def numbers_visible_to(
    session: Session, reader: Actor, ticket_ids: Iterable[int]
) -> dict[int, str]:
    """Id and public number of those of the tickets that the reader may see."""
    wanted = select(Ticket.id, Ticket.number).where(Ticket.id.in_(set(ticket_ids)))
    return {row[0]: row[1] for row in session.execute(visible_to(reader, wanted))}


def last_fact(session: Session) -> int:
    """The id of the newest fact; 0 before the first."""
    return session.scalar(select(func.max(TicketEvent.id))) or 0


def facts_after(session: Session, event_id: int, *, limit: int) -> list[Recorded]:
    """Facts a reconnecting page missed, oldest first; one more than `limit` means too many."""
    rows = (
        select(TicketEvent)
        .where(TicketEvent.id > event_id)
        .order_by(TicketEvent.id)
        .limit(limit + 1)
    )
    return [
        Recorded(e.id, e.kind, e.at, e.ticket_id, e.contact_id, e.status, e.details)
        for e in session.scalars(rows)
    ]
