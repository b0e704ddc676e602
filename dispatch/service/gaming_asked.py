"""Follow-ups only to the pleased: whom a unit's tickets were followed up with, against all due.

Shown by it: that the people asked had been satisfied before far more often than all those who
were due, and that chance gives this less than once in a hundred. Not shown: why. Whoever is rung
and picks up, or who gave a mobile number, may have been happier anyway; where everybody due is
asked nobody can be chosen, and then nothing is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from dispatch.db import Session
from dispatch.domain.judging_terms import GamingKind
from dispatch.domain.lots import chance_of_at_least
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Rating
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import Ticket
from dispatch.service.gaming_acts import Suspicion

WINDOW = timedelta(days=28)
RARE = 0.01
"""A difference that chance gives as often as this or less is told of."""

EARLIER = timedelta(days=365)
"""How far back an earlier answer of the same telephone may lie."""


@dataclass(frozen=True)
class DueTicket:
    """A ticket due a follow-up whose requester had answered before; whether he was asked now."""

    ticket_id: int
    department_id: int
    pleased_before: bool
    asked: bool


def only_pleased(session: Session, end: datetime, rules: Rules) -> Iterator[Suspicion]:
    """Units of which, in the four weeks before `end`, the asked had been pleased before more
    often than all due, by `gaming.pleased_points` and beyond chance; `gaming.least` asked."""
    policy = rules.profile.gaming
    by_unit: dict[int, list[DueTicket]] = {}
    for ticket in due_tickets(session, end, rules):
        by_unit.setdefault(ticket.department_id, []).append(ticket)
    for unit, due in sorted(by_unit.items()):
        asked = [ticket for ticket in due if ticket.asked]
        if len(asked) < policy.least or len(asked) == len(due):
            continue
        pleased, all_pleased = (sum(t.pleased_before for t in group) for group in (asked, due))
        apart = 100 * (pleased / len(asked) - all_pleased / len(due))
        chance = chance_of_at_least(pleased, drawn=len(asked), marked=all_pleased, total=len(due))
        if apart >= policy.pleased_points and chance <= RARE:
            yield Suspicion(
                kind=GamingKind.ONLY_PLEASED,
                department_id=unit,
                words=(
                    f"四周内回访的 {len(asked)} 人中，{pleased} 人以前评过满意"
                    f"（{100 * pleased / len(asked):.0f}%）；应回访的 {len(due)} 人中为 "
                    f"{100 * all_pleased / len(due):.0f}%，偶然出现的可能不到 1%"
                ),
            )


def due_tickets(
    session: Session, end: datetime, rules: Rules, *, department_id: int | None = None
) -> list[DueTicket]:
    """Tickets that passed the audit in the window whose requester had rated an earlier one."""
    audited = (
        select(Ticket)
        .where(Ticket.audited_at >= end - WINDOW, Ticket.audited_at < end)
        .where(Ticket.phone.is_not(None), Ticket.department_id.is_not(None))
        .where(Ticket.reply_wanted.is_(True), Ticket.imported.is_(False))
        .order_by(Ticket.id)
    )
    if department_id is not None:
        audited = audited.where(Ticket.department_id == department_id)
    tickets = session.scalars(audited).all()
    asked = _asked(session, end)
    answers = _answers(session, {t.phone for t in tickets if t.phone}, end)
    satisfied = {grade.value for grade in Rating if rules.counts_as_satisfied(grade)}
    found = []
    for ticket in tickets:
        before = [
            (at, rating)
            for at, rating, answered in answers.get(ticket.phone or "", ())
            if answered != ticket.id and ticket.audited_at is not None and at < ticket.audited_at
        ]
        if before and ticket.department_id is not None:
            last = max(before)[1]
            found.append(
                DueTicket(ticket.id, ticket.department_id, last in satisfied, ticket.id in asked)
            )
    return found


def _asked(session: Session, end: datetime) -> set[int]:
    """Tickets somebody tried to ask about in the window."""
    tried = or_(FollowUp.called_at.is_not(None), FollowUp.ended_at.is_not(None))
    query = (
        select(FollowUp.ticket_id)
        .join(Ticket, Ticket.id == FollowUp.ticket_id)
        .where(Ticket.audited_at >= end - WINDOW, Ticket.audited_at < end, tried)
    )
    return set(session.scalars(query))


def _answers(
    session: Session, phones: set[str], end: datetime
) -> dict[str, list[tuple[datetime, str, int]]]:
    """Earlier ratings by telephone: when, which grade, of which ticket."""
    query = (
        select(Ticket.phone, Ticket.closed_at, Ticket.first_rating, Ticket.rating, Ticket.id)
        .where(Ticket.closed_at >= end - WINDOW - EARLIER, Ticket.closed_at < end)
        .where(or_(Ticket.first_rating.is_not(None), Ticket.rating.is_not(None)))
    )
    found: dict[str, list[tuple[datetime, str, int]]] = {}
    for phone, at, first, last, ticket_id in session.execute(query):
        grade = first or last
        if phone is not None and phone in phones and at is not None and grade is not None:
            found.setdefault(phone, []).append((at, grade, ticket_id))
    return found
