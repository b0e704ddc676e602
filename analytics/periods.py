"""Whole days and ISO weeks of the city's calendar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from dispatch.domain.errors import InvalidInput
from dispatch.domain.worktime import SHANGHAI

_WEEK = re.compile(r"(\d{4})-?W(\d{1,2})", re.IGNORECASE)


@dataclass(frozen=True)
class Period:
    """Whole days of the city's calendar, both ends included.

    `until` cuts the period there and asks what was known at that moment: this is how an
    unfinished week is compared with the same part of the last one.
    """

    first: date
    last: date
    until: datetime | None = None

    @property
    def start(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, time(0), SHANGHAI)

    @property
    def end(self) -> datetime:
        """The first moment after."""
        end = datetime.combine(self.last + timedelta(days=1), time(0), SHANGHAI)
        return min(end, self.until) if self.until else end

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    def holds(self, moment: Any) -> Any:
        """The condition that a time column lies in the period."""
        return (moment >= self.start) & (moment < self.end)

    def known(self, moment: Any) -> Any:
        """The condition that a time column is filled, as far as was known then."""
        filled = moment.is_not(None)
        return filled & (moment <= self.until) if self.until else filled


def week_period(week: str) -> Period:
    """Read an ISO week such as 2026-W46: Monday to Sunday.

    Raises:
        InvalidInput: it is no week.
    """
    match = _WEEK.fullmatch(week.strip())
    try:
        year, number = map(int, match.groups()) if match else (0, 0)
        first = date.fromisocalendar(year, number, 1)
    except ValueError as error:
        raise InvalidInput(f"“{week[:20]}”不是一周，应写成 2026-W46 这样") from error
    if not 1990 <= year <= 2100:
        raise InvalidInput(f"年份 {year} 不在 1990 至 2100 之间")
    return Period(first, first + timedelta(days=6))


def week_of(day: date) -> str:
    """The ISO week a day lies in."""
    year, number, _ = day.isocalendar()
    return f"{year}-W{number:02d}"


def shifted(week: str, weeks: int) -> str:
    """The week so many weeks later."""
    return week_of(week_period(week).first + timedelta(weeks=weeks))


def last_week(period: Period, now: datetime) -> Period:
    """The week before, as it was seen when it was as old as this one is now."""
    week = timedelta(weeks=1)
    return Period(period.first - week, period.last - week, now - week)


def read_period(first: str, last: str) -> Period:
    """Read two ISO dates.

    Raises:
        InvalidInput: not dates, or the wrong way round.
    """
    try:
        period = Period(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError as error:
        raise InvalidInput(f"日期应写成 2026-11-09 这样：{error}") from error
    if period.last < period.first:
        raise InvalidInput(f"结束日期 {last} 早于开始日期 {first}")
    if not 1990 <= period.first.year <= period.last.year <= 2100:
        raise InvalidInput("日期应在 1990 年至 2100 年之间")
    return period
