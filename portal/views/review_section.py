"""What a ticket's page shows of reviews: the unhappy answer, and what the centre decided."""

from __future__ import annotations

from datetime import datetime

from dispatch.db import Session
from dispatch.domain.judging_terms import ReviewState
from dispatch.domain.people import Actor
from dispatch.service.queries_ticket import TicketView
from dispatch.service.review_queries import ReviewView, reviews_of
from portal.deps import PortalContext


class ReviewSection:
    """The reviews of a ticket, the waiting one apart."""

    def __init__(self, every: tuple[ReviewView, ...]) -> None:
        self.past = tuple(one for one in every if one.state is not ReviewState.PENDING)
        self.waiting = next((one for one in every if one.state is ReviewState.PENDING), None)


def read(
    session: Session, _ctx: PortalContext, reader: Actor, view: TicketView, now: datetime
) -> ReviewSection:
    """Read them with the reader's rights."""
    ticket_id = view.card.id
    return ReviewSection(reviews_of(session, reader, [ticket_id], now=now).get(ticket_id, ()))
