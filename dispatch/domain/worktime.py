"""The Chinese working calendar: which days and hours count, and arithmetic on them.

Days come from the State Council's yearly notices (holidays and make-up days, 调休上班);
a year without a notice is counted by weekends and statutory days and marked provisional (暂定).
All arithmetic is a bisect on sorted day ordinals, so it costs the same for a day and a decade.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dispatch.domain.errors import HotlineError, PolicyError

SHANGHAI = ZoneInfo("Asia/Shanghai")
SATURDAY = 5
MICROSECOND = timedelta(microseconds=1)

Interval = tuple[time, time]
# Our choice (no source): the usual office hours of government units, seven hours a day.
OFFICE_HOURS: tuple[Interval, ...] = ((time(8, 30), time(12)), (time(14), time(17, 30)))


class CalendarOutOfRange(HotlineError):
    """工作日历没有覆盖这个日期"""

    code = "calendar-out-of-range"


class NaiveMoment(HotlineError):
    """时间缺少时区"""

    code = "naive-moment"


@dataclass(frozen=True, kw_only=True)
class WorkCalendar:
    """Working days and hours in Asia/Shanghai, with the version clocks are stamped with."""

    name: str
    version: str  # two calendars with one version never disagree
    first_day: date
    last_day: date
    provisional_years: frozenset[int]
    hours: tuple[Interval, ...] = OFFICE_HOURS
    ordinals: tuple[int, ...] = field(repr=False, default=())
    # Working microseconds: (opening, closing, worked before opening) of each interval of a day.
    _spans: tuple[tuple[int, int, int], ...] = field(init=False, repr=False, compare=False)
    _per_day: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        spans: list[tuple[int, int, int]] = []
        worked = 0
        for opening, closing in self.hours:
            first, last = _of_day(opening), _of_day(closing)
            if first >= last or (spans and first < spans[-1][1]):
                raise PolicyError(f"工作时段有误或重叠：{opening:%H:%M}-{closing:%H:%M}")
            spans.append((first, last, worked))
            worked += last - first
        if not spans:
            raise PolicyError("至少要有一个工作时段")
        object.__setattr__(self, "_spans", tuple(spans))
        object.__setattr__(self, "_per_day", worked)

    def with_hours(self, hours: tuple[Interval, ...]) -> WorkCalendar:
        """Return the same days with other working hours."""
        return self if hours == self.hours else replace(self, hours=hours)

    # --- days -------------------------------------------------------------------------------

    def is_working_day(self, day: date) -> bool:
        """Whether offices are open that day."""
        place = bisect_left(self.ordinals, self._ordinal(day))
        return place < len(self.ordinals) and self.ordinals[place] == day.toordinal()

    def next_working_day(self, day: date) -> date:
        """Return the first working day after `day`."""
        return self.add_working_days(day, 1)

    def working_day_on_or_after(self, day: date) -> date:
        """Return `day`, or the first working day after it when it is a day off."""
        return self._day_at(bisect_left(self.ordinals, self._ordinal(day)))

    def add_working_days(self, start: date, n: int) -> date:
        """Return the n-th working day after `start` (before it when n < 0).

        The start day itself is never counted (民法典 201). Zero gives `start`, moved to the
        next working day when it is a day off.
        """
        ordinal = self._ordinal(start)
        if n > 0:
            return self._day_at(bisect_right(self.ordinals, ordinal) + n - 1)
        return self._day_at(bisect_left(self.ordinals, ordinal) + n)

    def is_provisional(self, first: date, last: date) -> bool:
        """Whether counting from `first` to `last` used a year without a notice."""
        return not self.provisional_years.isdisjoint(range(first.year, last.year + 1))

    # --- hours ------------------------------------------------------------------------------

    @property
    def working_day_length(self) -> timedelta:
        """Working time in one working day."""
        return timedelta(microseconds=self._per_day)

    @property
    def closing_time(self) -> time:
        """When the last working interval of a day ends."""
        return self.hours[-1][1]

    def opening_of(self, day: date) -> datetime:
        """Return when work begins on `day`."""
        return datetime.combine(day, self.hours[0][0], SHANGHAI)

    def close_of(self, day: date) -> datetime:
        """Return the close of business on `day`."""
        return datetime.combine(day, self.hours[-1][1], SHANGHAI)

    def is_working_moment(self, moment: datetime) -> bool:
        """Whether `moment` lies in working hours; opening and closing moments both do."""
        here = local(moment)
        clock = _of_day(here.time())
        inside = any(opening <= clock <= closing for opening, closing, _ in self._spans)
        return inside and self.is_working_day(here.date())

    def add_working_time(self, moment: datetime, amount: timedelta) -> datetime:
        """Return when `amount` of working time has passed since `moment`.

        The result is a working moment: a sum that ends exactly with an interval stays at its
        closing; adding nothing outside working hours gives the next opening.
        """
        ticks = amount // MICROSECOND
        if ticks < 0:
            return self.subtract_working_time(moment, -amount)
        if ticks == 0 and self.is_working_moment(moment):
            return local(moment)
        total = self._worked_until(moment) + ticks
        if ticks == 0:
            return self._moment_opening(total)
        place, rest = divmod(total - 1, self._per_day)
        for opening, closing, before in reversed(self._spans):
            if rest >= before:
                return self._moment(place, min(opening + rest + 1 - before, closing))
        raise AssertionError("the first span starts at zero")  # pragma: no cover

    def subtract_working_time(self, moment: datetime, amount: timedelta) -> datetime:
        """Return the moment from which `amount` of working time leads to `moment`.

        The latest such moment: at a boundary it is the opening, not the closing before it.
        """
        ticks = amount // MICROSECOND
        if ticks < 0:
            return self.add_working_time(moment, -amount)
        if ticks == 0 and self.is_working_moment(moment):
            return local(moment)
        return self._moment_opening(self._worked_until(moment) - ticks)

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from `start` to `end`; negative when `end` is earlier."""
        return timedelta(microseconds=self._worked_until(end) - self._worked_until(start))

    # --- the axis of working microseconds -----------------------------------------------------

    def _worked_until(self, moment: datetime) -> int:
        here = local(moment)
        ordinal = self._ordinal(here.date())
        place = bisect_left(self.ordinals, ordinal)
        total = place * self._per_day
        if place == len(self.ordinals) or self.ordinals[place] != ordinal:
            return total
        clock = _of_day(here.time())
        for opening, closing, _ in self._spans:
            if clock > opening:
                total += min(clock, closing) - opening
        return total

    def _moment_opening(self, total: int) -> datetime:
        place, rest = divmod(total, self._per_day)
        for opening, _, before in reversed(self._spans):
            if rest >= before:
                return self._moment(place, opening + rest - before)
        raise AssertionError("the first span starts at zero")  # pragma: no cover

    def _moment(self, place: int, clock: int) -> datetime:
        midnight = datetime.combine(self._day_at(place), time(), SHANGHAI)
        return midnight + timedelta(microseconds=clock)

    def _day_at(self, place: int) -> date:
        if not 0 <= place < len(self.ordinals):
            raise CalendarOutOfRange(self._range_message())
        return date.fromordinal(self.ordinals[place])

    def _ordinal(self, day: date) -> int:
        if not self.first_day <= day <= self.last_day:
            raise CalendarOutOfRange(f"{day}：{self._range_message()}")
        return day.toordinal()

    def _range_message(self) -> str:
        return f"工作日历只覆盖 {self.first_day} 至 {self.last_day}，请补充年份"


def local(moment: datetime) -> datetime:
    """Return an aware moment on the wall clock of Asia/Shanghai."""
    if moment.tzinfo is None:
        raise NaiveMoment(f"时间 {moment.isoformat()} 缺少时区")
    try:
        return moment if moment.tzinfo is SHANGHAI else moment.astimezone(SHANGHAI)
    except OverflowError as problem:
        raise CalendarOutOfRange(f"时间 {moment.isoformat()} 超出可用范围") from problem


def _of_day(clock: time) -> int:
    """Microseconds since midnight."""
    seconds = (clock.hour * 60 + clock.minute) * 60 + clock.second
    return seconds * 1_000_000 + clock.microsecond
