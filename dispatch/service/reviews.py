"""复核: the centre looks at an unhappy answer before the unit must do it again (济南条例 27)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, InvalidInput
from dispatch.domain.events import ReviewDecided, ReviewOpened
from dispatch.domain.judging_terms import ReviewState
from dispatch.domain.lifecycle import next_status
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Action, Rating, Status, Verdict
from dispatch.models.followups import FollowUp
from dispatch.models.judging import Review
from dispatch.models.tickets import Ticket
from dispatch.service import followup_ends
from dispatch.service.change import begin


def open_review(
    session: Session, actor: Actor, ticket: Ticket, row: FollowUp, rules: Rules, now: datetime
) -> Review:
    """Lay an unhappy answer before the centre; the clock of the review starts.

    The caller has locked the ticket.
    """
    review = Review(
        ticket_id=ticket.id,
        round=ticket.round,
        follow_up_id=row.id,
        state=ReviewState.PENDING.value,
        opened_at=now,
        due_at=rules.review_by(now),
    )
    session.add(review)
    ticket.status = next_status(Status(ticket.status), Action.REVIEW, actor.role).value
    fact = ReviewOpened(
        at=now, ticket_id=ticket.id, follow_up_id=row.id, due_at=rules.review_by(now)
    )
    record(session, actor, fact, status=ticket.status)
    return review


def pending(session: Session, ticket: Ticket) -> Review | None:
    """The review that waits for a decision."""
    return session.scalar(
        select(Review).where(
            Review.ticket_id == ticket.id, Review.state == ReviewState.PENDING.value
        )
    )


def decide(
    session: Session,
    actor: Actor,
    number: str,
    *,
    redo: bool | None,
    words: str,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """Send it back to be done again, or let the result stand; the rating stays as it was given.

    Raises:
        InvalidInput: nothing is chosen, or the decision is not explained.
        ActionNotAllowed: no review waits.
        RoleNotAllowed: only the centre decides.
    """
    if redo is None:
        raise InvalidInput("请选择退回重办还是维持办理结果", field="redo")
    if not words.strip():
        raise InvalidInput("请写明复核情况和理由", field="words")
    action = Action.REOPEN if redo else Action.CLOSE
    ticket, _ = begin(session, actor, number, action, expected)
    review = pending(session, ticket) if ticket.status == Status.REVIEW.value else None
    if review is None:
        raise ActionNotAllowed("这张工单没有待复核的评价，请查看最新状态")
    review.state = (ReviewState.REDO if redo else ReviewState.UPHELD).value
    review.words, review.decided_at, review.decided_by_id = words.strip(), now, actor.staff_id
    session.flush()
    fact = ReviewDecided(
        at=now,
        ticket_id=ticket.id,
        redo=redo,
        reason=words.strip(),
        in_time=now <= review.due_at,
    )
    record(session, actor, fact)
    if redo:
        followup_ends.redo(session, actor, ticket, f"复核：{words.strip()}", now)
    else:
        followup_ends.close(session, actor, ticket, now)
    return ticket


def what_was_said(row: FollowUp) -> str:
    """The answer in a few words, for whoever decides."""
    parts = [
        Verdict(row.solved).label if row.solved else "",
        Rating(row.rating).label if row.rating else "",
        "请求重办" if row.redo_wanted else "",
    ]
    return " ".join(part for part in parts if part)
