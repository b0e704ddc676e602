"""The week of the hotline as the leader's page tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from analytics import tallies, topics
from analytics.asking import FollowUpTally, follow_ups
from analytics.facts import rates
from analytics.figures import FIGURES, Figure
from analytics.left_out import LeftOut, left_out
from analytics.periods import Period, last_week, week_period
from analytics.rates import Rate
from analytics.tallies import UnitTally
from analytics.topics import Whereabouts
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules

RISING = 3
"""Rising topics shown."""


@dataclass(frozen=True)
class Change:
    """A count beside the same count of the week before."""

    now: int
    before: int

    @property
    def percent(self) -> Decimal | None:
        """By how many per cent it changed; None when there was nothing before."""
        if self.before == 0:
            return None
        exact = Decimal(100) * (self.now - self.before) / self.before
        return exact.quantize(Decimal("0.1"))


@dataclass(frozen=True)
class FigureLine:
    """A figure beside itself a week before; with fewer than `least` judged nothing is compared."""

    figure: Figure
    rate: Rate
    before: Rate
    least: int

    @property
    def points(self) -> Decimal | None:
        """The change in percentage points."""
        if self.rate.percent is None or self.before.percent is None:
            return None
        return self.rate.percent - self.before.percent


@dataclass(frozen=True)
class RisingTopic:
    """A category with clearly more tickets than in the weeks before."""

    category: str
    count: int
    usual: Decimal
    """Mean of the weeks before."""
    where: Whereabouts
    days: Sequence[tuple[date, int]]


@dataclass(frozen=True)
class WeeklyReport:
    """Everything the leader's page says of a week; the report itself is analytics.reports."""

    week: str
    period: Period
    finished: bool
    calls: Change
    tickets: Change
    dispatched: Change
    closed: Change
    figures: Mapping[str, FigureLine]
    late_units: Sequence[UnitTally]
    overdue_count: int
    follow_up: FollowUpTally
    rising: Sequence[RisingTopic]
    left_out: Sequence[LeftOut]
    """The figures that exclusions change, each with its tickets."""

    @property
    def is_empty(self) -> bool:
        """Nothing happened in this week."""
        return not (self.calls.now or self.tickets.now or self.dispatched.now or self.closed.now)


def weekly(
    session: Session, reader: Actor, week: str, rules: Rules, *, now: datetime
) -> WeeklyReport:
    """Assemble the report of an ISO week as it is known at `now`.

    An unfinished week is held against the same part of the week before.

    Raises:
        InvalidInput: it is no week.
        RoleNotAllowed: the reader may not see the figures of the city.
    """
    period = week_period(week)
    before = last_week(period, now)
    current = rates(session, reader, period, rules, now=now)
    past = rates(session, reader, before, rules, now=now - timedelta(weeks=1))
    total, total_before = tallies.totals(current), tallies.totals(past)
    opened = topics.by_category(session, reader, period)
    names = topics.category_names(session)
    least = rules.profile.rating.least
    return WeeklyReport(
        week=week.strip().upper(),
        period=period,
        finished=period.end <= now,
        calls=Change(total.calls, total_before.calls),
        tickets=Change(total.tickets, total_before.tickets),
        dispatched=Change(total.dispatched, total_before.dispatched),
        closed=Change(total.closed, total_before.closed),
        figures={f.code: FigureLine(f, current[f.code], past[f.code], least) for f in FIGURES},
        late_units=tallies.late_units(session, reader, period, rules, now=now),
        overdue_count=current[tallies.OVERDUE].hits,
        follow_up=follow_ups(session, reader, period, rules, current),
        rising=_rising(session, reader, period, opened, names),
        left_out=left_out(session, reader, period, rules, now=now),
    )


def _rising(
    session: Session,
    reader: Actor,
    period: Period,
    opened: Mapping[int, int],
    names: Mapping[int, str],
) -> list[RisingTopic]:
    """The categories furthest above their usual week."""
    start = period.first - timedelta(weeks=topics.SPANS_BEFORE)
    usual = topics.by_category(session, reader, Period(start, period.first - timedelta(days=1)))
    span = Period(start, period.last)
    found = topics.risen(opened, usual, names)[:RISING]
    ids = [one.category_id for one in found]
    where = topics.whereabouts(session, reader, ids, period, samples=3)
    days = topics.opened_by_day(session, reader, ids, span)
    return [
        RisingTopic(
            category=names[one.category_id],
            count=one.count,
            usual=one.usual,
            where=where[one.category_id],
            days=days[one.category_id],
        )
        for one in found
    ]
