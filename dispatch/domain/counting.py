"""Counting a limit forward from a start or back from a due time on the working calendar.

The rules of counting (民法典 200-204): a period in days starts the day after the start day and
ends at the close of business of its last day; a period in hours runs from the moment itself,
day and night; a period in natural days that ends on a day off ends on the next working day.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from dispatch.domain.limits import DayEnd, Limit, LimitStart, LimitUnit
from dispatch.domain.worktime import SHANGHAI, WorkCalendar, local

ONE_DAY = timedelta(days=1)
LAST_SECOND = time(23, 59, 59)  # 二十四时, kept on its own date so that people read the right day
MINUTES = {
    LimitUnit.HOUR: 60,
    LimitUnit.MINUTE: 1,
    LimitUnit.WORKING_HOUR: 60,
    LimitUnit.WORKING_MINUTE: 1,
}


def limit_due(limit: Limit, calendar: WorkCalendar, start: datetime) -> datetime:
    """Return when `limit`, started at the aware moment `start`, runs out."""
    start = local(start)
    unit = limit.unit
    if unit in MINUTES:
        span = timedelta(minutes=limit.amount * MINUTES[unit])
        return start + span if unit.is_natural_time else calendar.add_working_time(start, span)
    before = start.date()
    if limit.start is LimitStart.SAME_DAY:
        before -= ONE_DAY
    if unit is LimitUnit.WORKING_DAY:
        day = calendar.add_working_days(before, limit.amount)
    else:
        day = calendar.working_day_on_or_after(before + limit.amount * ONE_DAY)
    if limit.day_end is DayEnd.CLOSE_OF_BUSINESS:
        return calendar.close_of(day)
    end = LAST_SECOND if limit.day_end is DayEnd.MIDNIGHT else start.time()
    return datetime.combine(day, end, SHANGHAI)


def limit_before(limit: Limit, calendar: WorkCalendar, due: datetime) -> datetime:
    """Return the moment `limit` before `due`; whole days keep the time of day."""
    if limit.unit is LimitUnit.WORKING_DAY:
        day = calendar.add_working_days(due.date(), -limit.amount)
        return datetime.combine(day, due.time(), SHANGHAI)
    if limit.unit is LimitUnit.NATURAL_DAY:
        return due - limit.amount * ONE_DAY
    span = timedelta(minutes=limit.amount * MINUTES[limit.unit])
    if limit.unit.is_natural_time:
        return due - span
    return calendar.subtract_working_time(due, span)
