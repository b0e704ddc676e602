"""Forecast of calls beside seasonal-naive peers, on two pasts.

The demo year is what `hotline demo` makes. The other has the shape and size that cities have
published (2,135 calls a day, the busiest hour 14 % of them in the morning, a storm at 1.9 times
the usual day); shares of weekdays, holidays and scatter are assumptions and stand below. The
peers say: as many as in the same half-hour a week ago, or as the mean of four weeks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from analytics.forecast import INSIDE, CallDay, DayFacts, DayKind, day_facts, forecast
from analytics.staffing import HALF_HOURS
from benchmarks.lines import Line
from benchmarks.plan import Plan
from benchmarks.workshop import progress
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from hotline.bootstrap import load_rules
from hotline.city.catalog import load_city
from hotline.demo import Past

LAST = date(2026, 11, 15)
SEED = 12345
WEEKS_TESTED = 12
"""Each is forecast on its eve, all seven days at once, as a roster is made."""

CALLS = 2135
"""滨州: calls a day; its storm had 3,982."""
STORM = 1.9
STORM_DAYS = 6
HOURS = (5, 4, 3, 2, 2, 5, 15, 38, 88, 140, 118, 84, 48, 50, 78, 84, 72, 54, 36, 28, 22, 14, 7, 3)
"""Thousandths of the day; the busiest hour has 14 in 100."""
WEEKDAYS = (1.14, 1.06, 1.04, 1.02, 1.02, 0.88, 0.84)
KINDS = {DayKind.HOLIDAY: 0.6, DayKind.MAKEUP: 1.2, DayKind.FIRST_BACK: 1.2}
DAY_SCATTER, LEVEL_STEP, LEVEL_KEPT = 0.06, 0.05, 0.9

Counts = NDArray[np.float64]

GRAINS: dict[str, Callable[[Counts], Counts]] = {
    "half_hour": np.asarray,
    "day": lambda counts: np.asarray(counts.sum(axis=1)),
}


def measure(plan: Plan) -> Iterator[Line]:
    """Forecast the last weeks of both pasts, each week from what was known before it."""
    del plan
    rules = load_rules()
    progress("forecast: the demo year")
    yield from _judged("demo", demo_days(rules))
    progress("forecast: a year of published shape and size")
    yield from _judged("published", published_days(rules))


def demo_days(rules: Rules) -> list[CallDay]:
    """A year of the demo city, counted by half-hour."""
    until = datetime.combine(LAST + timedelta(days=1), datetime.min.time(), SHANGHAI)
    past = Past(load_city(), rules, seed=SEED, until=until.astimezone(UTC) - timedelta(seconds=1))
    days = []
    for day in past.days(12):
        counts = [0] * HALF_HOURS
        for contact in past.day(day)[0]:
            if contact.queued_at is not None:
                here = contact.started_at.astimezone(SHANGHAI)
                counts[here.hour * 2 + here.minute // 30] += 1
        days.append(CallDay(day_facts(day, rules.calendar), counts))
    return days


def published_days(rules: Rules) -> list[CallDay]:
    """A year of a city's shape and size as published, with storms that were forecast as weather."""
    dice = np.random.default_rng(SEED)
    shape = np.repeat(np.array(HOURS, dtype=float), 2)
    shape /= shape.sum()
    first = LAST - timedelta(days=364)
    storms = set(dice.choice(365, STORM_DAYS * 4, replace=False).tolist())
    level, days = 0.0, []
    for n in range(365):
        day = first + timedelta(days=n)
        facts = day_facts(day, rules.calendar, "storm" if n in storms else "")
        level = LEVEL_KEPT * level + dice.normal(0, LEVEL_STEP)
        factor = WEEKDAYS[2] if facts.kind is DayKind.MAKEUP else WEEKDAYS[day.weekday()]
        factor *= KINDS.get(facts.kind, 1.0) * (STORM if n in storms else 1.0)
        mean = CALLS * factor * np.exp(level + dice.normal(0, DAY_SCATTER)) * shape
        days.append(CallDay(facts, dice.poisson(mean).tolist()))
    return days


def a_week_ago(history: Sequence[CallDay]) -> Counts:
    """As many as in the same half-hour a week ago."""
    return np.array([day.calls for day in history[-7:]], dtype=float)


def four_weeks(history: Sequence[CallDay]) -> Counts:
    """The mean of the same half-hour in the last four weeks."""
    weeks: Counts = np.array([day.calls for day in history[-28:]], dtype=float)
    return np.asarray(weeks.reshape(4, 7, -1).mean(axis=0))


def ours(history: Sequence[CallDay], days: Sequence[DayFacts]) -> tuple[Counts, Counts, Counts]:
    """The forecast with the low and the high edge of its range."""
    found = forecast(history[-26 * 7 :], days)
    return (
        np.array([day.expected for day in found]),
        np.array([day.low for day in found], dtype=float),
        np.array([day.high for day in found], dtype=float),
    )


def share_off(said: Counts, real: Counts) -> float:
    """Sum of what was wrong ÷ sum of calls, in per cent (WAPE)."""
    return float(100 * np.abs(said - real).sum() / real.sum())


def _judged(name: str, days: Sequence[CallDay]) -> Iterator[Line]:
    real, said, week, month, inside, took = [], [], [], [], [], []
    for weeks in range(WEEKS_TESTED, 0, -1):
        cut = len(days) - weeks * 7
        history, ahead = days[:cut], days[cut : cut + 7]
        began = time.perf_counter()
        mean, low, high = ours(history, [day.facts for day in ahead])
        took.append(time.perf_counter() - began)
        counts = np.array([day.calls for day in ahead], dtype=float)
        real.append(counts)
        said.append(mean)
        week.append(a_week_ago(history))
        month.append(four_weeks(history))
        inside.append((counts >= low) & (counts <= high))
    truth, ran = np.concatenate(real), np.concatenate(said)
    for grain, fold in GRAINS.items():
        for peer, told in (("week_ago", week), ("four_weeks", month)):
            yield Line(
                figure=f"forecast_{name}_{grain}_vs_{peer}",
                value=share_off(fold(ran), fold(truth)),
                unit="% of calls",
                limit=f"seasonal-naive: {peer}",
                limit_value=share_off(fold(np.concatenate(told)), fold(truth)),
                n=fold(truth).size,
            )
    yield Line(
        figure=f"forecast_{name}_inside",
        value=float(100 * np.concatenate(inside).mean()),
        unit="% of half-hours inside the range",
        limit="what the range promises",
        limit_value=100 * INSIDE,
        n=truth.size,
        note=f"a forecast of a week takes {np.median(took) * 1000:.0f} ms",
    )
