"""How a ticket stands in the measures of one unit, and until when the unit may appeal.

No source gives a window for appeals (考核申诉); the policy's `appeal.within` is this project's own
default. It runs from the end of the last follow-up, because that is when the unit is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from dispatch.db import Session
from dispatch.domain.counting import limit_due
from dispatch.domain.judging_terms import Denominator, Measure
from dispatch.domain.limits import Limit
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Rating, Role, Verdict
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.access import ticket_for


@dataclass(frozen=True)
class Standing:
    """One measure of the ticket: what it says in words, and whether it counts against the unit."""

    measure: Measure
    words: str
    missed: bool


@dataclass(frozen=True, kw_only=True)
class AppealChance:
    """What a unit may appeal against on one ticket, and until when."""

    ticket: str
    title: str
    standings: tuple[Standing, ...]
    until: datetime | None
    """None before there is a result."""
    open: bool

    @property
    def missed(self) -> tuple[Standing, ...]:
        """The measures that count against the unit."""
        return tuple(one for one in self.standings if one.missed)


def standings(
    session: Session, ticket: Ticket, department_id: int, rules: Rules, *, now: datetime
) -> tuple[Standing, ...]:
    """Every measure this unit is judged by on this ticket; a helper only by its signature."""
    found: list[Standing] = []
    if ticket.department_id == department_id:
        found += [
            _satisfaction(ticket, rules),
            _resolution(ticket, rules),
            Standing(Measure.ON_TIME, *_in_time(ticket.completed_at, ticket.due_at, now)),
            Standing(Measure.RESPONSE, *_in_time(ticket.first_contacted_at, ticket.due_at, now)),
        ]
    late = _signed_late(session, ticket, department_id, now)
    if late is not None:
        found.append(Standing(Measure.ACKNOWLEDGED, "超期签收" if late else "按时签收", late))
    return tuple(found)


def window_from(session: Session, ticket: Ticket) -> datetime | None:
    """When the window for appeals began: the last follow-up's end, or closing without one."""
    ended = session.scalar(
        select(func.max(FollowUp.ended_at)).where(FollowUp.ticket_id == ticket.id)
    )
    return ended or ticket.closed_at


def due(rules: Rules, limit: Limit, start: datetime) -> datetime:
    """When a limit of the appeal rules runs out on the working calendar."""
    return limit_due(limit, rules.calendar.with_hours(rules.profile.hours), start)


def chance(
    session: Session, reader: Actor, number: str, rules: Rules, *, now: datetime
) -> AppealChance | None:
    """What the reader's unit may appeal against; None for who is no unit of this ticket."""
    if reader.role is not Role.DEPARTMENT or reader.department_id is None:
        return None
    ticket = ticket_for(session, reader, number)
    found = standings(session, ticket, reader.department_id, rules, now=now)
    start = window_from(session, ticket)
    until = due(rules, rules.profile.appeal.within, start) if start else None
    return AppealChance(
        ticket=ticket.number,
        title=ticket.title,
        standings=found,
        until=until,
        open=until is not None and now <= until and any(one.missed for one in found),
    )


def _silence_counts(rules: Rules) -> bool:
    # Held against who answered, a silent requester is nobody's fault and nothing to appeal.
    return rules.profile.rating.denominator is not Denominator.ANSWERED


def _satisfaction(ticket: Ticket, rules: Rules) -> Standing:
    if ticket.rating is None:
        return Standing(Measure.SATISFACTION, "未评价", _silence_counts(rules))
    rating = Rating(ticket.rating)
    return Standing(Measure.SATISFACTION, rating.label, not rules.counts_as_satisfied(rating))


def _resolution(ticket: Ticket, rules: Rules) -> Standing:
    if ticket.solved is None:
        return Standing(Measure.RESOLUTION, "未回答", _silence_counts(rules))
    verdict = Verdict(ticket.solved)
    return Standing(Measure.RESOLUTION, verdict.label, verdict is not Verdict.RESOLVED)


def _in_time(done: datetime | None, until: datetime | None, now: datetime) -> tuple[str, bool]:
    if done is not None and (until is None or done <= until):
        return "按时", False
    if until is None or (done is None and now < until):
        return "未到期", False
    return "超期", True


def _signed_late(
    session: Session, ticket: Ticket, department_id: int, now: datetime
) -> bool | None:
    """Whether any share of the unit was signed late; None when it owed no signature."""
    late = or_(
        Assignment.acknowledged_at > Assignment.acknowledge_by,
        Assignment.acknowledged_at.is_(None)
        & (Assignment.acknowledge_by <= now)
        & or_(Assignment.ended_at.is_(None), Assignment.ended_at >= Assignment.acknowledge_by),
    )
    shares, missed = session.execute(
        select(func.count(), func.count().filter(late)).where(
            Assignment.ticket_id == ticket.id,
            Assignment.department_id == department_id,
            Assignment.acknowledge_by.is_not(None),
        )
    ).one()
    return missed > 0 if shares else None
