"""Counting what a definition says: all of it, or by one thing at a time. One statement each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, case, func, select

from analytics.conditions import Definition, Worked
from analytics.figures_terms import Figure, Subject
from analytics.moments import day_start, time_of_day
from analytics.rates import Mean, Rate, Value
from dispatch.db import Session
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI, WorkCalendar
from dispatch.models.contacts import Contact
from dispatch.models.telephone import AgentInterval, CallBack
from dispatch.models.tickets import Assignment, Ticket

COUNTED: dict[Subject, Any] = {
    Subject.CONTACT: Contact,
    Subject.TICKET: Ticket,
    Subject.ASSIGNMENT: Assignment,
    Subject.CALL_BACK: CallBack,
    Subject.INTERVAL: AgentInterval,
}
"""The table whose rows a figure counts."""


def count(session: Session, figure: Figure, what: Definition, rules: Rules) -> Value:
    """The figure's value. Both of its parts are of one moment."""
    return count_by(session, figure, what, rules, None).get(None, nothing(figure))


def nothing(figure: Figure) -> Value:
    """The value of no case at all."""
    return Rate() if figure.is_rate else Mean()


def count_by(
    session: Session, figure: Figure, what: Definition, rules: Rules, by: Any
) -> dict[Any, Value]:
    """The figure's value for each value of an expression over its table, where there is a case.

    Without an expression it is one value, by the key None.
    """
    if what.worked is not None:
        return _worked_by(session, figure, what, what.worked, rules, by)
    table = COUNTED[figure.subject]
    parts: tuple[Any, ...] = (func.count().filter(what.hit), func.count())
    if what.value is not None:
        parts = (func.sum(what.value), func.count())
    keys = () if by is None else (by.label("key"),)
    query = select(*parts, *keys).select_from(table).where(what.judged).group_by(*keys)
    make = Rate if what.value is None else _mean
    return {(key[0] if key else None): make(first, n) for first, n, *key in session.execute(query)}


def _mean(total: Any, n: int) -> Mean:
    # PostgreSQL sums whole numbers as decimals, and every database nothing as NULL.
    return Mean(int(total or 0), n)


def _worked_by(
    session: Session, figure: Figure, what: Definition, worked: Worked, rules: Rules, by: Any
) -> dict[Any, Value]:
    """Working time out of sums by pairs of days: the calendar is not known to the database."""
    calendar = rules.calendar.with_hours(rules.profile.hours)
    query = worked_query(figure, what, worked, calendar, by)
    found: defaultdict[Any, Mean] = defaultdict(Mean)
    for first, last, n, before, until, *keys in session.execute(query):
        seconds = worked_seconds(calendar, first, last, n, int(before), int(until))
        key = keys[0] if keys else None
        found[key] += Mean(seconds * 1_000, n)
    return dict[Any, Value](found)


def worked_query(
    figure: Figure, what: Definition, worked: Worked, calendar: WorkCalendar, by: Any
) -> Select[*tuple[Any, ...]]:
    """By first and last day: how many, and the seconds of office hours already gone then."""
    keys = () if by is None else (by.label("key"),)
    first, last = day_start(worked.start).label("first"), day_start(worked.end).label("last")
    return (
        select(
            first,
            last,
            func.count(),
            func.sum(_gone(calendar, time_of_day(worked.start))),
            func.sum(_gone(calendar, time_of_day(worked.end))),
            *keys,
        )
        .select_from(COUNTED[figure.subject])
        .where(what.judged)
        .group_by(first, last, *keys)
    )


def worked_seconds(
    calendar: WorkCalendar, first: int, last: int, n: int, before: int, until: int
) -> int:
    """The working seconds of `n` cases that began on one day and ended on another.

    `first` and `last` are city midnights in seconds; `before` and `until` the seconds of office
    hours gone by at their beginnings and ends, which count on working days only.
    """
    began, ended = _day(first), _day(last)
    whole = calendar.working_time_between(_midnight(began), _midnight(ended))
    total = n * int(whole.total_seconds())
    if calendar.is_working_day(began):
        total -= before
    if calendar.is_working_day(ended):
        total += until
    return total


def _day(midnight: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=midnight)).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def _gone(calendar: WorkCalendar, clock: Any) -> Any:
    """Seconds of office hours before a time of day, as SQL."""
    parts = [
        case((clock <= first, 0), (clock >= last, last - first), else_=clock - first)
        for first, last in _hours(calendar)
    ]
    total: Any = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _hours(calendar: WorkCalendar) -> Iterator[tuple[int, int]]:
    for first, last in calendar.hours:
        yield _seconds(first), _seconds(last)


def _seconds(clock: time) -> int:
    return clock.hour * 3_600 + clock.minute * 60 + clock.second


def worked_between(rules: Rules, start: datetime, end: datetime) -> int:
    """The working seconds of one case, as they are in the sum: fractions of seconds are cut off."""
    calendar = rules.calendar.with_hours(rules.profile.hours)
    whole = start.replace(microsecond=0), end.replace(microsecond=0)
    return int(calendar.working_time_between(*whole).total_seconds())
