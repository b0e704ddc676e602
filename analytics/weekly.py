"""The week of the hotline, assembled once for the page, the file and the leader's view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from analytics import tallies, topics
from analytics.facts import dispositions, rates
from analytics.figures import FIGURES, Figure
from analytics.periods import Period, last_week, week_period
from analytics.rates import Rate
from analytics.tallies import (
    ClassTally,
    FollowUpTally,
    LineTally,
    OverdueTicket,
    UnitTally,
)
from analytics.topics import Whereabouts
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition, RequestKind

TOP = 10
"""Categories listed."""

OVERDUE = 20
"""Overdue tickets listed; all are counted."""

RISING = 3
RISING_AT_LEAST = 5
"""Fewer tickets than this are chance, not a topic."""

WEEKS_BEFORE = 4
"""Weeks whose mean a rising topic is held against."""


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
    """A figure beside itself a week before."""

    figure: Figure
    rate: Rate
    before: Rate

    @property
    def points(self) -> Decimal | None:
        """The change in percentage points."""
        if self.rate.percent is None or self.before.percent is None:
            return None
        return self.rate.percent - self.before.percent


@dataclass(frozen=True)
class CategoryLine:
    """Tickets opened in one category."""

    name: str
    count: Change


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
    """Everything the weekly report says; counts add up."""

    week: str
    period: Period
    finished: bool
    made_at: datetime
    calls: Change
    tickets: Change
    dispatched: Change
    closed: Change
    figures: Mapping[str, FigureLine]
    dispositions: Mapping[Disposition | None, int]
    kinds: Mapping[RequestKind, int]
    categories: Sequence[CategoryLine]
    lines: Sequence[LineTally]
    classes: Sequence[ClassTally]
    late_units: Sequence[UnitTally]
    overdue_count: int
    overdue: Sequence[OverdueTicket]
    follow_up: FollowUpTally
    rising: Sequence[RisingTopic]

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
    total = tallies.totals(session, reader, period)
    total_before = tallies.totals(session, reader, before)
    count, listed = tallies.overdue(session, reader, at=period.end, now=now, limit=OVERDUE)
    opened = topics.by_category(session, reader, period)
    names = topics.category_names(session)
    return WeeklyReport(
        week=week.strip().upper(),
        period=period,
        finished=period.end <= now,
        made_at=now,
        calls=Change(total.calls, total_before.calls),
        tickets=Change(total.tickets, total_before.tickets),
        dispatched=Change(total.dispatched, total_before.dispatched),
        closed=Change(total.closed, total_before.closed),
        figures={f.code: FigureLine(f, current[f.code], past[f.code]) for f in FIGURES},
        dispositions=dispositions(session, reader, period),
        kinds=tallies.by_kind(session, reader, period),
        categories=_top(opened, topics.by_category(session, reader, before), names),
        lines=tallies.by_line(session, reader, period),
        classes=tallies.by_class(session, reader, period, now=now),
        late_units=tallies.late_units(session, reader, period, now=now),
        overdue_count=count,
        overdue=listed,
        follow_up=tallies.follow_ups(session, reader, period, rules),
        rising=_rising(session, reader, period, opened, names),
    )


def _top(
    opened: Mapping[int, int], before: Mapping[int, int], names: Mapping[int, str]
) -> list[CategoryLine]:
    ranked = sorted(opened.items(), key=lambda item: (-item[1], names[item[0]]))
    return [CategoryLine(names[id_], Change(n, before.get(id_, 0))) for id_, n in ranked[:TOP]]


def _rising(
    session: Session,
    reader: Actor,
    period: Period,
    opened: Mapping[int, int],
    names: Mapping[int, str],
) -> list[RisingTopic]:
    """The categories furthest above their usual week.

    Counts scatter by about the root of their mean, so a surplus is measured in such roots;
    two of them are called rising.
    """
    start = period.first - timedelta(weeks=WEEKS_BEFORE)
    usual = topics.by_category(session, reader, Period(start, period.first - timedelta(days=1)))

    def surplus(id_: int) -> float:
        mean = usual.get(id_, 0) / WEEKS_BEFORE
        return float((opened[id_] - mean) / max(mean, 1) ** 0.5)

    found = [id_ for id_ in opened if opened[id_] >= RISING_AT_LEAST and surplus(id_) >= 2]
    found.sort(key=lambda id_: (-surplus(id_), names[id_]))
    span = Period(start, period.last)
    return [
        RisingTopic(
            category=names[id_],
            count=opened[id_],
            usual=(Decimal(usual.get(id_, 0)) / WEEKS_BEFORE).quantize(Decimal("0.1")),
            where=topics.whereabouts(session, reader, id_, period, samples=3),
            days=topics.opened_by_day(session, reader, id_, span),
        )
        for id_ in found[:RISING]
    ]
