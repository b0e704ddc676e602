"""Text messages as an administrator sees them: what waits, what went out, what did not and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from dispatch.db import Session
from dispatch.domain.judging_terms import MessagePurpose, MessageState
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.judging import SurveyLink, TextMessage
from dispatch.models.tickets import Ticket
from dispatch.service.access import mask_phone, require_role
from dispatch.service.text_messages import LINK

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class MessageView:
    """One message; the number is masked, and its words hold no link."""

    id: int
    number: str
    ticket: str | None
    purpose: MessagePurpose
    state: MessageState
    words: str
    due_at: datetime
    tries: int
    sent_at: datetime | None
    reference: str
    problem: str
    follow_up_id: int | None
    opened_at: datetime | None
    """When the requester first opened the link."""
    used_at: datetime | None
    idle: bool
    """It waits, and nobody is handing it over at this moment."""


def counts(session: Session, reader: Actor) -> dict[str, int]:
    """How many messages are in each state."""
    require_role(reader, Role.ADMIN)
    rows = session.execute(select(TextMessage.state, func.count()).group_by(TextMessage.state))
    found = dict(rows.all())
    return {state.value: found.get(state.value, 0) for state in MessageState}


def listed(
    session: Session, reader: Actor, state: MessageState, *, before: int | None = None
) -> list[MessageView]:
    """A page of messages in one state, newest first."""
    require_role(reader, Role.ADMIN)
    query = (
        select(TextMessage, Ticket.number, SurveyLink.opened_at, SurveyLink.used_at)
        .outerjoin(Ticket, Ticket.id == TextMessage.ticket_id)
        .outerjoin(SurveyLink, SurveyLink.follow_up_id == TextMessage.follow_up_id)
        .where(TextMessage.state == state.value)
        .order_by(TextMessage.id.desc())
        .limit(PAGE)
    )
    if before is not None:
        query = query.where(TextMessage.id < before)
    return [
        MessageView(
            id=row.id,
            number=mask_phone(row.number),
            ticket=ticket,
            purpose=MessagePurpose(row.purpose),
            state=state,
            words=row.words.replace(LINK, "（评价链接）"),
            due_at=row.due_at,
            tries=row.tries,
            sent_at=row.sent_at,
            reference=row.reference,
            problem=row.problem,
            follow_up_id=row.follow_up_id,
            opened_at=opened_at,
            used_at=used_at,
            idle=state is MessageState.WAITING and (row.claimed_at is None or bool(row.problem)),
        )
        for row, ticket, opened_at, used_at in session.execute(query)
    ]
