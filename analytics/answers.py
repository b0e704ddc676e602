"""What the requesters said: asked, reached, answered, told apart ticket by ticket.

A ticket belongs to the period in which it was closed. It was *asked* when an attempt was made or
an answer came, *reached* when somebody picked up or answered, *answered* when the requester
answered that very question. Each is part of the one before, because it is written so. Who asked
for no reply, or was not drawn into the sample, was not asked and is in none of them.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, or_

from analytics.conditions import Build, Condition, Definition, ended, has
from analytics.periods import Period
from dispatch.domain.judging_terms import Denominator, Measure
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Rating, Verdict
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import Ticket

CODES: dict[tuple[Measure, Denominator], str] = {
    (Measure.SATISFACTION, Denominator.ASKED): "satisfaction_of_asked",
    (Measure.SATISFACTION, Denominator.REACHED): "satisfaction_of_reached",
    (Measure.SATISFACTION, Denominator.ANSWERED): "satisfaction_rate",
    (Measure.RESOLUTION, Denominator.ASKED): "resolution_of_asked",
    (Measure.RESOLUTION, Denominator.REACHED): "resolution_of_reached",
    (Measure.RESOLUTION, Denominator.ANSWERED): "resolution_rate",
}
"""The same answers held against three denominators."""


def _heard() -> Condition:
    # first_*: an answer before a redo was an answer too, though the last attempt met silence.
    said = (Ticket.solved, Ticket.rating, Ticket.first_solved, Ticket.first_rating)
    return or_(*(column.is_not(None) for column in said))


def asked(period: Period) -> Condition:
    """Ended in the period, and somebody tried to ask. Who is still to be rung is not judged."""
    return and_(ended(period), _tried())


def _tried() -> Condition:
    tried = has(FollowUp, or_(FollowUp.called_at.is_not(None), FollowUp.ended_at.is_not(None)))
    return or_(_heard(), and_(Ticket.closed_at.is_not(None), tried))


def reached() -> Condition:
    """Somebody picked up, or answered by whatever way."""
    return or_(_heard(), has(FollowUp, FollowUp.reached.is_(True)))


def _satisfied(rules: Rules) -> Condition:
    grades = [grade.value for grade in Rating if rules.counts_as_satisfied(grade)]
    return Ticket.rating.in_(grades)


def _resolved() -> Condition:
    return Ticket.solved == Verdict.RESOLVED.value


def _satisfaction(period: Period, rules: Rules, _now: datetime) -> Definition:
    return Definition(and_(Ticket.rating.is_not(None), ended(period)), _satisfied(rules))


def _satisfaction_of_reached(period: Period, rules: Rules, _now: datetime) -> Definition:
    return Definition(and_(asked(period), reached()), _satisfied(rules))


def _satisfaction_of_asked(period: Period, rules: Rules, _now: datetime) -> Definition:
    return Definition(asked(period), or_(_satisfied(rules), *_presumed(rules)))


def _presumed(rules: Rules) -> list[Condition]:
    """Who was not reached, where the city's policy has silence count as satisfied."""
    # Only of those asked: who was not reached is in no other denominator.
    return [~reached()] if rules.profile.rating.unreached_counts_as_satisfied else []


def presumed(period: Period, rules: Rules) -> Condition | None:
    """The tickets that count as satisfied though nobody was reached; None where none do."""
    if not (silent := _presumed(rules)):
        return None
    return and_(asked(period), *silent)


def _resolution(period: Period, _rules: Rules, _now: datetime) -> Definition:
    return Definition(and_(Ticket.solved.is_not(None), ended(period)), _resolved())


def _resolution_of_reached(period: Period, _rules: Rules, _now: datetime) -> Definition:
    return Definition(and_(asked(period), reached()), _resolved())


def _resolution_of_asked(period: Period, _rules: Rules, _now: datetime) -> Definition:
    return Definition(asked(period), _resolved())


def _first_satisfaction(period: Period, rules: Rules, _now: datetime) -> Definition:
    grades = [grade.value for grade in Rating if rules.counts_as_satisfied(grade)]
    judged = and_(Ticket.first_rating.is_not(None), ended(period))
    return Definition(judged, Ticket.first_rating.in_(grades))


def _first_resolution(period: Period, _rules: Rules, _now: datetime) -> Definition:
    judged = and_(Ticket.first_solved.is_not(None), ended(period))
    return Definition(judged, Ticket.first_solved == Verdict.RESOLVED.value)


def _reached_rate(period: Period, _rules: Rules, _now: datetime) -> Definition:
    return Definition(asked(period), reached())


def _answered_rate(period: Period, _rules: Rules, _now: datetime) -> Definition:
    return Definition(asked(period), _heard())


def _asked_rate(period: Period, _rules: Rules, _now: datetime) -> Definition:
    owed = and_(Ticket.closed_at.is_not(None), Ticket.reply_wanted.is_(True))
    return Definition(and_(ended(period), or_(owed, _tried())), asked(period))


DEFINITIONS: dict[str, Build] = {
    "satisfaction_rate": _satisfaction,
    "satisfaction_of_reached": _satisfaction_of_reached,
    "satisfaction_of_asked": _satisfaction_of_asked,
    "first_satisfaction_rate": _first_satisfaction,
    "resolution_rate": _resolution,
    "resolution_of_reached": _resolution_of_reached,
    "resolution_of_asked": _resolution_of_asked,
    "first_resolution_rate": _first_resolution,
    "follow_up_reached_rate": _reached_rate,
    "follow_up_answered_rate": _answered_rate,
    "follow_up_asked_rate": _asked_rate,
}
"""By the figure's code."""
