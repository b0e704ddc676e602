"""The calls a follow-up caller places: who is rung, and which calls belong to which ticket."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from dispatch.db import Session
from dispatch.domain.call_ports import OutboundCall
from dispatch.domain.errors import ActionNotAllowed, InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import FollowUpState, Role
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp
from dispatch.models.telephone import DialAttempt
from dispatch.models.tickets import Ticket
from dispatch.service import dialling
from dispatch.service.access import require_role

WAY = "follow_up"
"""How a dialled number is marked that was dialled for a follow-up."""


def ring(
    session: Session, actor: Actor, follow_up_id: int, rules: Rules, *, now: datetime
) -> tuple[dialling.Attempt, OutboundCall | None]:
    """Click to call: the caller's own telephone first, then the requester; dialling rules hold.

    Returns the attempt, to be insisted on after the commit, and the order to be given then.

    Raises:
        ActionNotAllowed: the attempt is not in this person's hands.
        InvalidInput: the person or the requester has no telephone.
    """
    require_role(actor, Role.FOLLOW_UP, Role.CENTER)
    row = session.get(FollowUp, follow_up_id)
    mine = row is not None and row.state == FollowUpState.CALLING.value
    if row is None or not mine or row.asked_by_id != actor.staff_id:
        raise ActionNotAllowed("请先领取这次回访再拨打")
    phone = session.scalar(select(Ticket.phone).where(Ticket.id == row.ticket_id))
    if not phone:
        raise InvalidInput("诉求人没有留下电话", field="number")
    return dialling.order(session, actor, phone, rules, way=WAY, now=now)


def tie(session: Session, actor: Actor, follow_up_id: int) -> None:
    """Put the calls of this attempt beside its ticket, with their recordings."""
    row = session.get(FollowUp, follow_up_id)
    if row is None or row.called_at is None:
        return
    placed = select(DialAttempt.call_id).where(
        DialAttempt.staff_id == actor.staff_id,
        DialAttempt.way == WAY,
        DialAttempt.number == row.number,
        DialAttempt.at >= row.called_at,
        DialAttempt.call_id.is_not(None),
    )
    session.execute(
        update(Contact)
        .where(Contact.call_id.in_(placed), Contact.ticket_id.is_(None))
        .values(ticket_id=row.ticket_id)
    )
