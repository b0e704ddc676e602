"""A week's plan: calls expected, agents needed, agents rostered and the gap, by half-hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from analytics.forecast import DayFacts, DayForecast, day_facts, forecast
from analytics.forecast_history import (
    Handling,
    call_days,
    calls_by_half_hour,
    handling,
    weather_by_day,
)
from analytics.periods import Period
from analytics.staffing import NOBODY, Needed, answered_within, at_telephone, needed
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.roster import HALF_HOURS, on_duty
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import rosters
from dispatch.service.rosters import Rostered

WEEK = 7


@dataclass(frozen=True)
class HalfHour:
    """One half-hour; `calls` came in (None: it has not come), `within` is what the roster gives.

    `needed` and `rostered` are people on duty, breaks counted in.
    """

    clock: str
    expected: float
    low: int
    high: int
    calls: int | None
    needed: int
    rostered: float
    within: float | None

    @property
    def gap(self) -> int:
        """How many more are needed; less than nobody when there are more than enough."""
        # Half a person who comes in the middle of it is nobody for the whole of it.
        return self.needed - int(self.rostered + 1e-9)


@dataclass(frozen=True)
class DayPlan:
    """One day; `halves` is empty of expectations where no forecast could be made."""

    facts: DayFacts
    halves: tuple[HalfHour, ...]
    forecast: bool

    @property
    def day(self) -> date:
        """Which day."""
        return self.facts.day

    @property
    def expected(self) -> float:
        """Calls expected."""
        return sum(half.expected for half in self.halves)

    @property
    def calls(self) -> int | None:
        """Calls that came, of a day that is over."""
        known = [half.calls for half in self.halves]
        return None if None in known else sum(count or 0 for count in known)

    @property
    def most(self) -> int:
        """People needed in the busiest half-hour."""
        return max(half.needed for half in self.halves)

    @property
    def needed_hours(self) -> float:
        """Hours of work needed."""
        return sum(half.needed for half in self.halves) / 2

    @property
    def rostered_hours(self) -> float:
        """Hours of work rostered."""
        return sum(half.rostered for half in self.halves) / 2

    @property
    def short(self) -> int:
        """Half-hours with too few."""
        return sum(half.gap > 0 for half in self.halves)


@dataclass(frozen=True)
class WeekPlan:
    """Monday to Sunday; `learned` is how many days of history the forecast stands on."""

    days: tuple[DayPlan, ...]
    handling: Handling
    learned: int
    until: date
    """The last day of that history."""
    shifts: tuple[Rostered, ...]


def week_plan(
    session: Session, reader: Actor, monday: date, rules: Rules, *, queue: str = "", now: datetime
) -> WeekPlan:
    """Plan the week as it looks on its eve: nothing of the week itself is used for its forecast.

    A week to come is forecast from all days up to yesterday.
    """
    today = now.astimezone(SHANGHAI).date()
    until = min(monday, today) - timedelta(days=1)
    week = Period(monday, monday + timedelta(days=WEEK - 1))
    history = call_days(session, reader, until, rules, queue=queue)
    weather = weather_by_day(session, week)
    days = [
        day_facts(day, rules.calendar, weather.get(day, ""))
        for day in (monday + timedelta(days=n) for n in range(WEEK))
    ]
    expected = forecast(history, days)
    took = handling(session, reader, until, rules, queue=queue)
    shifts = rosters.shifts(session, reader, week.first, week.last, queue=queue)
    real = calls_by_half_hour(session, reader, week, queue=queue) if monday <= today else {}
    return WeekPlan(
        days=tuple(
            _day(
                facts,
                expected[n] if expected else None,
                real.get(facts.day) if facts.day < today else None,
                shifts,
                took,
                rules,
            )
            for n, facts in enumerate(days)
        ),
        handling=took,
        learned=len(history) if expected else 0,
        until=until,
        shifts=shifts,
    )


def _day(
    facts: DayFacts,
    said: DayForecast | None,
    real: Sequence[int] | None,
    shifts: Sequence[Rostered],
    took: Handling,
    rules: Rules,
) -> DayPlan:
    profile = rules.profile
    present = on_duty(((one.starts_at, one.ends_at) for one in shifts), facts.day)
    halves = []
    for half in range(HALF_HOURS):
        calls = said.expected[half] if said else 0.0
        want: Needed = (
            needed(calls, took.total_s, service=profile.service, staffing=profile.staffing)
            if said
            else NOBODY
        )
        seconds = profile.service.answer_within_seconds
        ready = at_telephone(present[half], profile.staffing)
        halves.append(
            HalfHour(
                clock=f"{half // 2:02d}:{half % 2 * 30:02d}",
                expected=calls,
                low=said.low[half] if said else 0,
                high=said.high[half] if said else 0,
                calls=None if real is None else real[half],
                needed=want.on_duty,
                rostered=present[half],
                within=answered_within(calls, took.total_s, ready, seconds=seconds)
                if said and present[half]
                else None,
            )
        )
    return DayPlan(facts, tuple(halves), forecast=said is not None)
