"""The newest four weeks by day, each beside the range that history lets expect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from analytics.expected import HISTORY, SEASON_DAYS, YEAR, Range, ranges
from analytics.periods import Period
from analytics.reports.counts import calls_by_day, tickets_by_day
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI, WorkCalendar

SHOWN = 28


@dataclass(frozen=True)
class TrendDay:
    """One day: how many, what is expected, and whether the day is over."""

    day: date
    count: int
    expected: Range | None
    finished: bool

    @property
    def high(self) -> bool:
        """More than is usual."""
        return self.expected is not None and self.count > self.expected.high

    @property
    def low(self) -> bool:
        """Less than is usual, on a day that is over."""
        return self.finished and self.expected is not None and self.count < self.expected.low


@dataclass(frozen=True)
class Trend:
    """A count by day; `code` is the figure whose rows of a day are these."""

    name: str
    code: str
    days: tuple[TrendDay, ...]

    @property
    def most(self) -> int:
        """The top of its chart."""
        tops = [max(one.count, one.expected.high if one.expected else 0) for one in self.days]
        return max([*tops, 4])


def trends(
    session: Session, reader: Actor, rules: Rules, *, last: date, now: datetime
) -> tuple[Trend, ...]:
    """Calls and tickets of the four weeks that end with a day.

    Raises:
        RoleNotAllowed: the reader may not see the figures of the city.
    """
    days = [last - timedelta(days=n) for n in reversed(range(SHOWN))]
    recent = Period(days[0] - timedelta(days=HISTORY), last)
    then = Period(
        days[0] - timedelta(days=YEAR + SEASON_DAYS + HISTORY),
        last - timedelta(days=YEAR - SEASON_DAYS),
    )
    kind_of = day_kinds(rules.calendar)
    today = now.astimezone(SHANGHAI).date()
    found = []
    for name, code, by_day in (
        ("来电", "direct_answer_rate", calls_by_day),
        ("受理工单", "named_rate", tickets_by_day),
    ):
        counts = by_day(session, reader, then) | by_day(session, reader, recent)
        told = [day for day, n in counts.items() if n]
        expected = ranges(counts, days, kind_of, known_from=min(told) if told else None)
        found.append(
            Trend(
                name,
                code,
                tuple(
                    TrendDay(day, counts.get(day, 0), expected.get(day), day < today)
                    for day in days
                    if day <= today
                ),
            )
        )
    return tuple(found)


def day_kinds(calendar: WorkCalendar) -> Callable[[date], str]:
    """Which kind of day the working calendar makes of a day; beyond it only the weekday counts."""

    def kind(day: date) -> str:
        weekend = day.weekday() >= 5
        if not calendar.first_day <= day <= calendar.last_day:
            return "weekend" if weekend else str(day.weekday())
        if calendar.is_working_day(day):
            return "made up" if weekend else str(day.weekday())
        return "weekend" if weekend else "holiday"

    return kind
