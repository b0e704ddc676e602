"""How a round ends: the ticket is closed, or it starts another round."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.domain.events import TicketClosed, TicketReopened
from dispatch.domain.judging_terms import ReviewState
from dispatch.domain.lifecycle import next_status
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Action, Status
from dispatch.models.judging import Review
from dispatch.models.tickets import Ticket
from dispatch.service import followup_rows
from dispatch.service.change import begin


def close(session: Session, actor: Actor, ticket: Ticket, now: datetime) -> None:
    """结案, with the requester's last word as it stands; a ticket nobody rated has none.

    The caller has locked the ticket.
    """
    ticket.status = next_status(Status(ticket.status), Action.CLOSE, actor.role).value
    ticket.closed_at = now
    fact = TicketClosed(at=now, ticket_id=ticket.id, solved=ticket.solved, rating=ticket.rating)
    record(session, actor, fact, status=ticket.status)


def redo(session: Session, actor: Actor, ticket: Ticket, reason: str, now: datetime) -> None:
    """退回重办: the next round begins, with clocks of its own from its dispatch on.

    The caller has locked the ticket.

    Raises:
        ActionNotAllowed: the requester is being asked at this moment.
    """
    ticket.status = next_status(Status(ticket.status), Action.REOPEN, actor.role).value
    # What was planned for the old round must not ring somebody whose case is being redone.
    followup_rows.drop(session, followup_rows.waiting(session, actor, ticket), now)
    session.execute(
        update(Review)
        .where(Review.ticket_id == ticket.id, Review.state == ReviewState.PENDING.value)
        .values(
            state=ReviewState.REDO.value,
            words=reason,
            decided_at=now,
            decided_by_id=actor.staff_id,
        )
    )
    ticket.round += 1
    # Another round has its own clock, and its own promise to the requester.
    ticket.promised_at = ticket.interim_at = None
    # Whoever was answered with another ticket goes on without it.
    ticket.merged_into_id = None
    ticket.closed_at = ticket.completed_at = ticket.audited_at = None
    record(
        session,
        actor,
        TicketReopened(at=now, ticket_id=ticket.id, round=ticket.round, reason=reason),
        status=ticket.status,
    )


def reopen(
    session: Session,
    actor: Actor,
    number: str,
    *,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """退回重办 by the centre, also of a closed ticket.

    Raises:
        InvalidInput: no reason is given.
        ActionNotAllowed: the requester is being asked at this moment.
    """
    if not reason.strip():
        raise InvalidInput("请写明重办原因", field="reason")
    ticket, _ = begin(session, actor, number, Action.REOPEN, expected)
    redo(session, actor, ticket, reason.strip(), now)
    return ticket
