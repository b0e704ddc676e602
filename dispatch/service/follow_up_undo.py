"""撤回: a follow-up caller takes back, within a minute, what was written down by mistake."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed
from dispatch.domain.events import FollowUpTakenBack
from dispatch.domain.judging_terms import ReviewState
from dispatch.domain.lifecycle import next_status
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Action, FollowUpMethod, FollowUpState, Role, Status
from dispatch.models.followups import FollowUp
from dispatch.models.judging import Review
from dispatch.models.oversight import Supervision
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.service.access import require_role
from dispatch.service.followup_rows import lock

WITHIN = timedelta(minutes=1)
"""How long a wrong key can be taken back (our own rule)."""


def undoable(session: Session, actor: Actor, *, now: datetime) -> FollowUp | None:
    """The attempt the person ended last, while it can be taken back."""
    row = session.scalar(
        select(FollowUp)
        .where(FollowUp.asked_by_id == actor.staff_id, FollowUp.ended_at > now - WITHIN)
        .where(FollowUp.method == FollowUpMethod.PERSON.value)
        .order_by(FollowUp.ended_at.desc())
        .limit(1)
    )
    if row is None or _obstacle(session, session.get_one(Ticket, row.ticket_id), row):
        return None
    return row


def undo(session: Session, actor: Actor, follow_up_id: int, *, now: datetime) -> FollowUp:
    """Let the attempt wait again as if nothing had been answered; the history keeps both.

    Raises:
        NotFound: there is no such attempt.
        ActionNotAllowed: it is another's, the minute is over, or the ticket has gone on.
    """
    require_role(actor, Role.FOLLOW_UP, Role.CENTER)
    ticket, row = lock(session, follow_up_id)
    if row.asked_by_id != actor.staff_id or row.method != FollowUpMethod.PERSON.value:
        raise ActionNotAllowed("只能撤回自己刚刚登记的人工回访")
    if row.ended_at is None:
        raise ActionNotAllowed("这次回访还没有登记结果，不用撤回")
    if now - row.ended_at >= WITHIN:
        raise ActionNotAllowed("登记已超过 1 分钟，不能撤回；确需更正请由热线中心退回重办")
    if why := _obstacle(session, ticket, row):
        raise ActionNotAllowed(why)
    ticket.status = next_status(Status(ticket.status), Action.TAKE_BACK, actor.role).value
    ticket.version += 1
    ticket.closed_at = None
    session.execute(
        delete(FollowUp).where(
            FollowUp.ticket_id == ticket.id,
            FollowUp.id > row.id,
            FollowUp.state == FollowUpState.PENDING.value,
        )
    )
    session.execute(
        delete(Review).where(Review.follow_up_id == row.id, Review.round == ticket.round)
    )
    _give_back_words(session, ticket, row)
    row.state, row.due_at = FollowUpState.PENDING.value, now
    row.ended_at = row.called_at = row.result = row.number = row.asked_by_id = None
    row.solved = row.rating = row.contacted = row.reply_true = None
    row.reached = row.redo_wanted = False
    said = FollowUpTakenBack(
        at=now, ticket_id=ticket.id, follow_up_id=row.id, reason="登记有误，一分钟内撤回"
    )
    record(session, actor, said, status=ticket.status)
    session.flush()
    return row


def _obstacle(session: Session, ticket: Ticket, row: FollowUp) -> str:
    """Why the ticket has gone on beyond what can be taken back; "" when it has not."""
    if row.round != ticket.round:
        return "工单已退回重办，不能撤回"
    open_ = (Status.CLOSED.value, Status.REVIEW.value, Status.FOLLOW_UP.value)
    if ticket.status not in open_:
        return "工单已有新的进展，不能撤回"
    later = select(TicketEvent.id).where(
        TicketEvent.ticket_id == ticket.id, TicketEvent.at > row.ended_at
    )
    if session.scalar(later.limit(1)) is not None:
        return "登记之后工单又有了新的进展，不能撤回"
    ordered = select(Supervision.id).where(
        Supervision.ticket_id == ticket.id, Supervision.issued_at >= row.ended_at
    )
    if session.scalar(ordered.limit(1)) is not None:
        return "已按规则自动督办，不能撤回；请联系热线中心"
    decided = select(Review.id).where(
        Review.follow_up_id == row.id, Review.state != ReviewState.PENDING.value
    )
    if session.scalar(decided.limit(1)) is not None:
        return "热线中心已经复核，不能撤回"
    return ""


def _give_back_words(session: Session, ticket: Ticket, row: FollowUp) -> None:
    """The ticket says again what the requester had said before this answer."""
    if not (row.solved or row.rating):
        return
    before = session.scalar(
        select(FollowUp)
        .where(FollowUp.ticket_id == ticket.id, FollowUp.id != row.id)
        .where(FollowUp.solved.is_not(None) | FollowUp.rating.is_not(None))
        .where(FollowUp.state == FollowUpState.DONE.value)
        .order_by(FollowUp.ended_at.desc())
        .limit(1)
    )
    ticket.solved, ticket.rating = (before.solved, before.rating) if before else (None, None)
    if before is None:
        ticket.first_solved = ticket.first_rating = None
