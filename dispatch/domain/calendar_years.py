"""The years of the working calendar: read from the State Council's notices, joined into one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from dispatch.domain.errors import PolicyError
from dispatch.domain.toml_values import Table, as_day, as_number, as_text, at, check_keys, required
from dispatch.domain.worktime import OFFICE_HOURS, SATURDAY, Interval, WorkCalendar


@dataclass(frozen=True, kw_only=True)
class YearPlan:
    """One year of the calendar: days off and working weekends as announced.

    `provisional` means that no notice was published when the data was made.
    """

    year: int
    holidays: frozenset[date]
    makeup_days: frozenset[date] = frozenset()
    provisional: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        for day in self.holidays | self.makeup_days:
            if day.year != self.year:
                raise PolicyError(f"{self.year} 年日历中出现了其他年份的日期：{day}")
        if both := self.holidays & self.makeup_days:
            raise PolicyError(f"{self.year} 年日历中 {min(both)} 既是放假日又是调休上班日")
        for day in self.makeup_days:
            if day.weekday() < SATURDAY:
                raise PolicyError(f"调休上班日 {day} 不是周末")

    def is_working_day(self, day: date) -> bool:
        """Whether offices are open on this day of the year."""
        if day.weekday() < SATURDAY:
            return day not in self.holidays
        return day in self.makeup_days


def join_years(
    years: Iterable[YearPlan], *, name: str = "CN", hours: tuple[Interval, ...] = OFFICE_HOURS
) -> WorkCalendar:
    """Join consecutive years into one calendar.

    The version names the announced years and a digest of every day.
    """
    plans = sorted(years, key=lambda plan: plan.year)
    if not plans:
        raise PolicyError("工作日历没有任何年份")
    for before, after in pairwise(plans):
        if after.year != before.year + 1:
            raise PolicyError(f"工作日历缺少或重复 {before.year + 1} 年")
    first, last = date(plans[0].year, 1, 1), date(plans[-1].year, 12, 31)
    by_year = {plan.year: plan for plan in plans}
    every = (date.fromordinal(o) for o in range(first.toordinal(), last.toordinal() + 1))
    ordinals = tuple(d.toordinal() for d in every if by_year[d.year].is_working_day(d))
    return WorkCalendar(
        name=name,
        version=_version(name, plans, ordinals),
        first_day=first,
        last_day=last,
        provisional_years=frozenset(plan.year for plan in plans if plan.provisional),
        hours=hours,
        ordinals=ordinals,
    )


def _version(name: str, plans: list[YearPlan], ordinals: tuple[int, ...]) -> str:
    confirmed = [plan.year for plan in plans if not plan.provisional]
    years = f"{confirmed[0]}-{confirmed[-1]}" if confirmed else "provisional"
    digest = hashlib.sha256(",".join(map(str, ordinals)).encode()).hexdigest()[:8]
    return f"{name}-{years}-{digest}"


def parse_year(data: Table) -> YearPlan:
    """Build one announced year from its document: holiday blocks with their make-up days."""
    check_keys(data, ("year", "source", "holiday"), "")
    year = required(data, "year", as_number, "")
    holidays: set[date] = set()
    makeup: set[date] = set()
    for place, block in enumerate(data.get("holiday", []), start=1):
        where = f"holiday[{place}]."
        check_keys(block, ("name", "first", "last", "makeup"), where)
        first = required(block, "first", as_day, where)
        last = required(block, "last", as_day, where)
        if last < first:
            raise PolicyError(f"{where}last 早于 first")
        holidays |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
        makeup |= {at(f"{where}makeup", as_day, day) for day in block.get("makeup", [])}
    return YearPlan(
        year=year,
        holidays=frozenset(holidays),
        makeup_days=frozenset(makeup),
        source=required(data, "source", as_text, ""),
    )


def parse_provisional(data: Table) -> list[YearPlan]:
    """Build the years without a notice from their document."""
    plans: list[YearPlan] = []
    for place, row in enumerate(data.get("year", []), start=1):
        where = f"year[{place}]."
        check_keys(row, ("year", "days_off"), where)
        days = frozenset(at(f"{where}days_off", as_day, day) for day in row.get("days_off", []))
        year = required(row, "year", as_number, where)
        plans.append(YearPlan(year=year, holidays=days, provisional=True))
    return plans
