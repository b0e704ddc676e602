"""Which span a report tells of, and the two spans it is held against."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from analytics.periods import Period, read_period, week_of, week_period
from dispatch.domain.errors import InvalidInput
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.worktime import SHANGHAI

YEAR_OF_WEEKS = timedelta(weeks=52)
"""A day or a week is held against the one 52 weeks before, so that weekdays meet weekdays."""

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """A report's span: its kind, its days, how it is written in an address, and its words."""

    kind: ReportKind
    period: Period
    code: str

    @property
    def this(self) -> str:
        """本周."""
        return _WORDS[self.kind][0]

    @property
    def last(self) -> str:
        """上周."""
        return _WORDS[self.kind][1]

    @property
    def name(self) -> str:
        """2026年第46周（11月9日至11月15日）."""
        return _NAMES[self.kind](self)

    def finished(self, now: datetime) -> bool:
        """Whether its last day is over."""
        return self.period.end <= now

    def before(self, now: datetime) -> Period:
        """The span before, as it was seen when it was as old as this one is now."""
        first, last = self.period.first, self.period.last
        if self.kind in _BY_MONTHS:
            months = 12 if self.kind is ReportKind.YEARLY else 1
            return _seen_alike(self.period, _moved(first, -months), first - _DAY, now)
        days = timedelta(days=self.period.days)
        return _seen_alike(self.period, first - days, last - days, now)

    def year_ago(self, now: datetime) -> Period:
        """The same span of the year before, seen when it was as old."""
        first, last = self.period.first, self.period.last
        if self.kind in (ReportKind.DAILY, ReportKind.WEEKLY):
            return _seen_alike(self.period, first - YEAR_OF_WEEKS, last - YEAR_OF_WEEKS, now)
        return _seen_alike(self.period, _moved(first, -12), _moved(last, -12), now)


def read_span(kind: ReportKind, code: str) -> Span:
    """Read 2026-11-09, 2026-W46, 2026-11, 2026 or 2026-11-01..2026-11-10, as the kind has it.

    Raises:
        InvalidInput: it is no such span.
    """
    return _READ[kind](kind, code.strip().upper())


def span_of(kind: ReportKind, day: date) -> Span:
    """The span of a kind that a day lies in; a special report's is this one day."""
    return read_span(kind, _CODES[kind](day))


def shifted(span: Span, by: int) -> Span:
    """The span so many further on (1) or back (-1)."""
    edge = span.period.last + _DAY if by > 0 else span.period.first - _DAY
    if span.kind in (ReportKind.SPECIAL, ReportKind.BUSINESS):
        days = timedelta(days=span.period.days * by)
        first, last = span.period.first + days, span.period.last + days
        return read_span(span.kind, f"{first}..{last}")
    return span_of(span.kind, edge)


def last_finished(kind: ReportKind, now: datetime) -> Span:
    """The newest span of a kind that is over."""
    current = span_of(kind, now.astimezone(SHANGHAI).date())
    return current if current.finished(now) else shifted(current, -1)


def _seen_alike(period: Period, first: date, last: date, now: datetime) -> Period:
    other = Period(first, last)
    return Period(first, last, other.start + (now - period.start))


def _moved(day: date, months: int) -> date:
    at = day.year * 12 + day.month - 1 + months
    year, month = at // 12, at % 12 + 1
    last = calendar.monthrange(year, month)[1]
    # The end of a month stays the end of a month.
    ends = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month, last if ends else min(day.day, last))


def _day(kind: ReportKind, code: str) -> Span:
    return Span(kind, read_period(code, code), code)


def _week(kind: ReportKind, code: str) -> Span:
    period = week_period(code)
    return Span(kind, period, week_of(period.first))


def _month(kind: ReportKind, code: str) -> Span:
    try:
        first = datetime.strptime(code, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError as error:
        raise InvalidInput(f"“{code[:20]}”不是一个月，应写成 2026-11 这样") from error
    last = _moved(first, 1) - _DAY
    return Span(kind, read_period(f"{first}", f"{last}"), f"{first:%Y-%m}")


def _year(kind: ReportKind, code: str) -> Span:
    if not (code.isascii() and code.isdigit() and len(code) == 4):
        raise InvalidInput(f"“{code[:20]}”不是一年，应写成 2026 这样")
    return Span(kind, read_period(f"{code}-01-01", f"{code}-12-31"), code)


def _days(kind: ReportKind, code: str) -> Span:
    first, _, last = code.partition("..")
    period = read_period(first, last or first)
    return Span(kind, period, f"{period.first}..{period.last}")


def _business(kind: ReportKind, code: str) -> Span:
    return _days(kind, code) if ".." in code else _month(kind, code)


_READ: Mapping[ReportKind, Callable[[ReportKind, str], Span]] = {
    ReportKind.DAILY: _day,
    ReportKind.WEEKLY: _week,
    ReportKind.MONTHLY: _month,
    ReportKind.YEARLY: _year,
    ReportKind.SPECIAL: _days,
    ReportKind.BUSINESS: _business,
}
_CODES: Mapping[ReportKind, Callable[[date], str]] = {
    ReportKind.DAILY: date.isoformat,
    ReportKind.WEEKLY: week_of,
    ReportKind.MONTHLY: lambda day: f"{day:%Y-%m}",
    ReportKind.YEARLY: lambda day: f"{day:%Y}",
    ReportKind.SPECIAL: lambda day: f"{day}..{day}",
    ReportKind.BUSINESS: lambda day: f"{day:%Y-%m}",
}
_WORDS: Mapping[ReportKind, tuple[str, str]] = {
    ReportKind.DAILY: ("当日", "前一日"),
    ReportKind.WEEKLY: ("本周", "上周"),
    ReportKind.MONTHLY: ("本月", "上月"),
    ReportKind.YEARLY: ("本年", "上年"),
    ReportKind.SPECIAL: ("本期", "上期"),
    ReportKind.BUSINESS: ("本期", "上期"),
}
_BY_MONTHS = (ReportKind.MONTHLY, ReportKind.YEARLY)


def _written(period: Period) -> str:
    first, last = period.first, period.last
    year = "" if first.year == last.year else f"{last.year}年"
    return f"{first.year}年{first.month}月{first.day}日至{year}{last.month}月{last.day}日"


def _week_name(span: Span) -> str:
    year, week = span.code.split("-W")
    first, last = span.period.first, span.period.last
    days = f"{first.month}月{first.day}日至{last.month}月{last.day}日"
    return f"{year}年第{int(week)}周（{days}）"


_NAMES: Mapping[ReportKind, Callable[[Span], str]] = {
    ReportKind.DAILY: lambda span: f"{span.period.first:%Y年%-m月%-d日}",
    ReportKind.WEEKLY: _week_name,
    ReportKind.MONTHLY: lambda span: f"{span.period.first:%Y年%-m月}",
    ReportKind.YEARLY: lambda span: f"{span.period.first:%Y年}",
    ReportKind.SPECIAL: lambda span: _written(span.period),
    ReportKind.BUSINESS: lambda span: _written(span.period),
}
