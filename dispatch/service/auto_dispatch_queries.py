"""What automatic dispatch has done: shares, the tickets behind them, one ticket's own story."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from dispatch.db import Session
from dispatch.domain.learning_terms import LeftToPerson
from dispatch.domain.people import Actor
from dispatch.domain.terms import AssignmentEnd
from dispatch.domain.vocabulary import Labelled
from dispatch.models.catalog import Category
from dispatch.models.learning import AutomaticDispatch
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.access import visible
from dispatch.service.queries import TicketCard, cards_of

LISTED = 200


class Part(Labelled):
    """Which of the judged requests."""

    SENT = "sent", "自动派出"
    TAKEN_BACK = "taken_back", "派出后退回或改派"
    LEFT = "left", "留给派单员"


@dataclass(frozen=True)
class AutomaticFigures:
    """New requests judged since a day: how many were sent, how many of those came back."""

    judged: int
    sent: int
    taken_back: int
    reasons: tuple[tuple[LeftToPerson, int], ...]

    @property
    def share(self) -> float | None:
        """Share sent without a person, 0 to 1; None when nothing was judged."""
        return self.sent / self.judged if self.judged else None

    @property
    def taken_back_share(self) -> float | None:
        """Share of those sent that were returned or reassigned; None when nothing was sent."""
        return self.taken_back / self.sent if self.sent else None


@dataclass(frozen=True)
class AutomaticStory:
    """How one request was judged; `sent` with the assignment, or left for the reasons."""

    at: datetime
    model_version: str
    category: str
    probability: float | None
    precision: float | None
    sent: bool
    reasons: tuple[LeftToPerson, ...]
    note: str


def figures(session: Session, *, since: datetime) -> AutomaticFigures:
    """Count what was judged since then."""
    fresh = AutomaticDispatch.at >= since
    judged, sent = session.execute(
        select(func.count(), func.count(AutomaticDispatch.assignment_id)).where(fresh)
    ).one()
    back = select(func.count()).where(fresh, _of(Part.TAKEN_BACK))
    left = session.scalars(select(AutomaticDispatch.reasons).where(fresh, _of(Part.LEFT)))
    counted = Counter(LeftToPerson(reason) for reasons in left for reason in reasons)
    return AutomaticFigures(judged, sent, session.scalar(back) or 0, tuple(counted.most_common()))


def listed(
    session: Session, reader: Actor, part: Part, *, since: datetime
) -> list[tuple[TicketCard, AutomaticStory]]:
    """The tickets behind a figure with their stories, newest first, at most `LISTED`."""
    chosen = select(AutomaticDispatch.ticket_id).where(AutomaticDispatch.at >= since, _of(part))
    cards = cards_of(session, visible(reader) & Ticket.id.in_(chosen), limit=LISTED)
    stories = _stories(session, Ticket.id.in_([card.id for card in cards]))
    return [(card, stories[card.number]) for card in cards]


def of_ticket(session: Session, number: str) -> AutomaticStory | None:
    """How this ticket was judged; None when it was not. Whoever may read it may read this."""
    return _stories(session, Ticket.number == number).get(number)


def _stories(session: Session, which: ColumnElement[bool]) -> dict[str, AutomaticStory]:
    rows = session.execute(
        select(Ticket.number, AutomaticDispatch, Category.name)
        .join(AutomaticDispatch, AutomaticDispatch.ticket_id == Ticket.id)
        .outerjoin(Category, Category.id == AutomaticDispatch.category_id)
        .where(which)
    )
    return {
        number: AutomaticStory(
            at=judged.at,
            model_version=judged.model_version,
            category=category or "",
            probability=judged.probability,
            precision=judged.precision,
            sent=judged.assignment_id is not None,
            reasons=tuple(LeftToPerson(reason) for reason in judged.reasons),
            note=judged.note,
        )
        for number, judged, category in rows
    }


def _of(part: Part) -> ColumnElement[bool]:
    if part is Part.SENT:
        return AutomaticDispatch.assignment_id.is_not(None)
    if part is Part.LEFT:
        return AutomaticDispatch.assignment_id.is_(None)
    ended = (AssignmentEnd.RETURNED.value, AssignmentEnd.REASSIGNED.value)
    back = select(Assignment.id).where(
        Assignment.id == AutomaticDispatch.assignment_id, Assignment.ended_how.in_(ended)
    )
    return back.exists()
