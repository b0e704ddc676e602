"""Whether people answer at a moment: opening hours on the same working calendar as the clocks."""

from __future__ import annotations

from datetime import datetime

from dispatch.domain.call_rules import OpeningRules
from dispatch.domain.worktime import CalendarOutOfRange, WorkCalendar, local


def is_open(opening: OpeningRules, calendar: WorkCalendar, now: datetime) -> bool:
    """Whether calls go to people; the opening minute counts, the closing minute does not.

    A day beyond the calendar counts as open: no caller is lost for want of a notice.
    """
    if opening.always:
        return True
    here = local(now)
    try:
        answers = opening.on_days_off or calendar.is_working_day(here.date())
    except CalendarOutOfRange:
        return True
    return answers and any(begin <= here.time() < end for begin, end in opening.hours)
