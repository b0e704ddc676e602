"""How long a clock still has, in the words people read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.worktime import CalendarOutOfRange, WorkCalendar, local

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Remaining:
    """Time left, or time over when `overdue`; working days unless `natural`."""

    overdue: bool
    days: int
    hours: int
    minutes: int
    natural: bool = False

    @property
    def text(self) -> str:
        """The sentence, at most two units: "还剩 1 个工作日 3 小时", "已超 2 小时"."""
        day = "天" if self.natural else "个工作日"
        parts = [
            f"{number} {unit}"
            for number, unit in ((self.days, day), (self.hours, "小时"), (self.minutes, "分钟"))
            if number
        ]
        if self.overdue and not parts:
            return "已超期"  # at night or on a day off no working time has passed yet
        return f"{'已超' if self.overdue else '还剩'} {' '.join(parts[:2]) or '不到 1 分钟'}"


def remaining(
    due_at: datetime, now: datetime, calendar: WorkCalendar, *, natural: bool = False
) -> Remaining:
    """Return the working time from `now` to `due_at`, or natural time for limits in hours.

    A working day is as long as the calendar's working hours, so "1 个工作日 3 小时" is one full
    day of office time and three more office hours.
    """
    due_at, now = local(due_at), local(now)
    overdue = now > due_at
    first, last = (due_at, now) if overdue else (now, due_at)
    try:
        span = last - first if natural else calendar.working_time_between(first, last)
    except CalendarOutOfRange:
        # Imported history reaches back beyond the calendar; its delay is told in natural days.
        natural, span = True, last - first
    day = timedelta(days=1) if natural else calendar.working_day_length
    days, rest = divmod(span, day)
    hours, minutes = divmod(rest // MINUTE, 60)
    return Remaining(overdue, days, hours, minutes, natural)


def to_the_minute(moment: datetime | None) -> str:
    """2026-11-26 17:30 in Asia/Shanghai: a moment inside a sentence that is kept."""
    return f"{local(moment):%Y-%m-%d %H:%M}" if moment else "（未定）"
