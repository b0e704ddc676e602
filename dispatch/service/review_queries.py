"""Reviews as pages show them: what the requester said, by when the centre decides, what it did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.judging_terms import ReviewState
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import FollowUpMethod, Rating, Verdict
from dispatch.models.followups import FollowUp
from dispatch.models.judging import Review
from dispatch.models.people import Staff
from dispatch.models.tickets import Ticket
from dispatch.service.access import visible_to


@dataclass(frozen=True, kw_only=True)
class ReviewView:
    """One review with the answer that it is about."""

    ticket_id: int
    round: int
    state: ReviewState
    opened_at: datetime
    due_at: datetime
    overdue: bool
    method: FollowUpMethod | None
    solved: Verdict | None
    rating: Rating | None
    contacted: bool | None
    reply_true: bool | None
    redo_wanted: bool
    comment: str
    words: str
    decided_at: datetime | None
    decided_by: str


def reviews_of(
    session: Session, reader: Actor, ticket_ids: Iterable[int], *, now: datetime
) -> dict[int, tuple[ReviewView, ...]]:
    """The reviews of those tickets that the reader may see, oldest first."""
    rows = session.execute(
        visible_to(
            reader,
            select(Review, FollowUp, Staff.name)
            .join(Ticket, Ticket.id == Review.ticket_id)
            .outerjoin(FollowUp, FollowUp.id == Review.follow_up_id)
            .outerjoin(Staff, Staff.id == Review.decided_by_id),
        )
        .where(Review.ticket_id.in_(list(ticket_ids)))
        .order_by(Review.id)
    ).all()
    found: dict[int, tuple[ReviewView, ...]] = {}
    for review, asked, name in rows:
        view = _view(review, asked, name or "", now)
        found[review.ticket_id] = (*found.get(review.ticket_id, ()), view)
    return found


def _view(review: Review, asked: FollowUp | None, name: str, now: datetime) -> ReviewView:
    answered_by = review.decided_at or now
    return ReviewView(
        ticket_id=review.ticket_id,
        round=review.round,
        state=ReviewState(review.state),
        opened_at=review.opened_at,
        due_at=review.due_at,
        overdue=answered_by > review.due_at,
        method=FollowUpMethod(asked.method) if asked else None,
        solved=Verdict(asked.solved) if asked and asked.solved else None,
        rating=Rating(asked.rating) if asked and asked.rating else None,
        contacted=asked.contacted if asked else None,
        reply_true=asked.reply_true if asked else None,
        redo_wanted=asked.redo_wanted if asked else False,
        comment=" ".join(filter(None, (asked.comment, asked.note))) if asked else "",
        words=review.words,
        decided_at=review.decided_at,
        decided_by=name,
    )
