"""How many calls to expect in each half-hour, with the range that holds 90 in 100 of them.

A Poisson regression (scikit-learn) on what is known of a day before it comes: the half-hour by
kind of day (work or off), the weekday, holidays and make-up days of the calendar, the first day
back, the weather. How far the last two weeks lie above or below it is carried on and fades. The
range is that of a negative binomial: calls scatter more than chance alone would have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from analytics.staffing import HALF_HOURS
from dispatch.domain.worktime import SATURDAY, WorkCalendar

Counts = NDArray[np.float64]

LEAST_DAYS = 14
"""Fewer days of history give no forecast: a weekday would have been seen once."""

INSIDE = 0.9
"""The share of half-hours that are to fall into the range."""

_PENALTY = 1e-4
_HALF_LIFE_DAYS = 60.0
_LEVEL_DAYS = 14
_LEVEL_HALF_LIFE = 3.0
_LEVEL_KEPT = 0.8
"""Of the last days' distance from the model, so much is left a day later."""
_LEAST_SCATTER = 1e-6


class DayKind(StrEnum):
    """What the calendar says of a day, as far as it moves the calls."""

    WORKING = "working"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"
    FIRST_BACK = "first_back"
    """The first working day after three days off or more."""


@dataclass(frozen=True)
class DayFacts:
    """What is known of a day before it comes."""

    day: date
    kind: DayKind
    weather: str = ""

    @property
    def off(self) -> bool:
        """Whether offices are closed."""
        return self.kind in {DayKind.WEEKEND, DayKind.HOLIDAY}


@dataclass(frozen=True)
class CallDay:
    """A day that was, with its calls in each half-hour."""

    facts: DayFacts
    calls: Sequence[int]


@dataclass(frozen=True)
class DayForecast:
    """A day to come: calls expected in each half-hour, and the range."""

    facts: DayFacts
    expected: tuple[float, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]

    @property
    def total(self) -> float:
        """Calls expected over the day."""
        return sum(self.expected)


def day_facts(day: date, calendar: WorkCalendar, weather: str = "") -> DayFacts:
    """What the calendar says of a day; a year it does not cover is counted by weekdays."""
    if not calendar.first_day + timedelta(days=3) <= day <= calendar.last_day:
        kind = DayKind.WEEKEND if day.weekday() >= SATURDAY else DayKind.WORKING
    elif not calendar.is_working_day(day):
        kind = DayKind.WEEKEND if day.weekday() >= SATURDAY else DayKind.HOLIDAY
    elif day.weekday() >= SATURDAY:
        kind = DayKind.MAKEUP
    elif any(calendar.is_working_day(day - timedelta(days=n)) for n in (1, 2, 3)):
        kind = DayKind.WORKING
    else:
        kind = DayKind.FIRST_BACK
    return DayFacts(day, kind, weather)


def forecast(history: Sequence[CallDay], days: Sequence[DayFacts]) -> tuple[DayForecast, ...]:
    """Forecast these days from whole days of history, oldest first.

    Returns:
        One for each day; none when there are fewer than LEAST_DAYS days of history, or they
        hold no call.
    """
    if len(history) < LEAST_DAYS or not days or not any(sum(day.calls) for day in history):
        return ()
    # Loading it takes a second, which no process should spend that makes no forecast.
    from sklearn.linear_model import PoissonRegressor
    from sklearn.preprocessing import OneHotEncoder

    counts = np.array([day.calls for day in history], dtype=float)
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    known = encoder.fit_transform(_cells([day.facts for day in history]))
    last = history[-1].facts.day
    ages = np.repeat([float((last - day.facts.day).days) for day in history], HALF_HOURS)
    weights = 0.5 ** (ages / _HALF_LIFE_DAYS)
    model = PoissonRegressor(alpha=_PENALTY, solver="newton-cholesky")
    model.fit(known, counts.ravel(), sample_weight=weights)
    fitted: Counts = model.predict(known).reshape(counts.shape)
    level = _level(counts, fitted)
    scatter = _scatter(counts, fitted)
    ahead: Counts = model.predict(encoder.transform(_cells(days))).reshape(-1, HALF_HOURS)
    return tuple(
        _day(facts, mean * np.exp(level * _LEVEL_KEPT ** max(0, (facts.day - last).days)), scatter)
        for facts, mean in zip(days, ahead, strict=True)
    )


def _cells(days: Sequence[DayFacts]) -> list[tuple[str, str, str, str]]:
    return [
        (f"{'off' if day.off else 'work'}{half}", str(day.day.weekday()), day.kind, day.weather)
        for day in days
        for half in range(HALF_HOURS)
    ]


def _level(counts: Counts, fitted: Counts) -> float:
    """By how much (in logarithms) the newest days lie above the model."""
    real, model = counts[-_LEVEL_DAYS:].sum(axis=1), fitted[-_LEVEL_DAYS:].sum(axis=1)
    newest = 0.5 ** (np.arange(len(real))[::-1] / _LEVEL_HALF_LIFE)
    # Half a call on both sides: a day without any is far below, not infinitely far.
    return float(np.average(np.log((real + 0.5) / (model + 0.5)), weights=newest))


def _scatter(counts: Counts, fitted: Counts) -> float:
    """How far calls scatter beyond chance: their variance is mean + scatter · mean²."""
    beyond = float(((counts - fitted) ** 2 - fitted).sum() / (fitted**2).sum())
    return max(beyond, _LEAST_SCATTER)


def _day(facts: DayFacts, mean: Counts, scatter: float) -> DayForecast:
    from scipy.stats import nbinom

    size = 1 / scatter
    edge = (1 - INSIDE) / 2
    chance = size / (size + mean)
    return DayForecast(
        facts,
        expected=tuple(float(value) for value in mean),
        low=tuple(int(value) for value in nbinom.ppf(edge, size, chance)),
        high=tuple(int(value) for value in nbinom.ppf(1 - edge, size, chance)),
    )
