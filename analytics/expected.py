"""The range a day's count should lie in, from the weeks before it and the season of last year.

    μ_d = level × kind(d) × season
    level   mean of the history's days after their kind is taken out, earlier bursts cut off
    kind    Monday to Friday, a weekend's day, a holiday, by the city's working calendar: its share
            of the level, with one day's worth of prior at 1
    season  (A + 20) ÷ (E + 20) a year ago: A in the fortnight around the same day, E by the weeks
            before it then; between ½ and 2; 1 when there was no such year

Counts are negative binomial about μ with the spread of the history's days; the range leaves one
in twenty days outside. Bursts are cut as in analytics.hot_spot_usual.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from analytics.hot_spot_chance import expected_range
from analytics.hot_spot_usual import LEAST_SPREAD

HISTORY = 56
"""Days looked back on."""

LEAST_HISTORY = 28
"""With fewer days of history no range is drawn."""

YEAR = 364
SEASON_DAYS = 7
SEASON_PRIOR = 20.0
SEASON_MOST = 2.0
CUTS = 3
MOVED = 0.25
"""When more days than this would be cut off, the level has moved and nothing is cut."""

KindOf = Callable[[date], str]
"""Which kind of day it is; days of one kind are alike."""


@dataclass(frozen=True)
class Range:
    """What is expected of one day: the mean, and the least and most that are usual."""

    mean: float
    low: int
    high: int


@dataclass(frozen=True)
class _Fit:
    level: float
    kinds: Mapping[str, float]
    spread: float

    def mean(self, kind: str) -> float:
        return self.level * self.kinds.get(kind, 1.0)


def ranges(
    counts: Mapping[date, int], days: list[date], kind_of: KindOf, *, known_from: date | None
) -> dict[date, Range]:
    """The expected range of each of some days that follow one another.

    `counts` tells the days that had any; days from `known_from` on that are not in it had none,
    days before it are not known. Empty when there is too little history before the first day.
    """
    if not days or known_from is None:
        return {}
    fit = _fit(counts, days[0], kind_of, known_from)
    if fit is None:
        return {}
    found = {}
    for day in days:
        mean = fit.mean(kind_of(day)) * _season(counts, day, kind_of, known_from)
        low, high = expected_range(mean, fit.spread)
        found[day] = Range(mean, low, high)
    return found


def _fit(
    counts: Mapping[date, int], before: date, kind_of: KindOf, known_from: date
) -> _Fit | None:
    """Level, kinds and spread of the days before one; None with too few of them."""
    first = max(before - timedelta(days=HISTORY), known_from)
    days = [first + timedelta(days=n) for n in range((before - first).days)]
    if len(days) < LEAST_HISTORY:
        return None
    real = [float(counts.get(day, 0)) for day in days]
    kinds = [kind_of(day) for day in days]
    spread = LEAST_SPREAD
    fit = _level(real, kinds)
    cut = real
    for _ in range(CUTS):
        means = [fit.mean(kind) for kind in kinds]
        most = [mean + 3 * (mean + spread * mean * mean) ** 0.5 + 1 for mean in means]
        above = sum(value > limit for value, limit in zip(real, most, strict=True))
        if above > MOVED * len(real):
            cut = real
        else:
            cut = [min(value, limit) for value, limit in zip(real, most, strict=True)]
        fit = _level(cut, kinds)
        spread = _spread(cut, [fit.mean(kind) for kind in kinds])
    total = sum(cut)
    return _Fit(fit.level, fit.kinds, spread + 1.0 / (0.5 + total))


def _level(values: list[float], kinds: list[str]) -> _Fit:
    mean = sum(values) / len(values)
    factors: dict[str, float] = {}
    if mean > 0:
        for kind in set(kinds):
            mine = [v for v, k in zip(values, kinds, strict=True) if k == kind]
            factors[kind] = (sum(mine) + mean) / (mean * (len(mine) + 1))
    return _Fit(mean, factors, LEAST_SPREAD)


def _spread(values: list[float], means: list[float]) -> float:
    weight = sum(mean * mean for mean in means)
    if weight <= 0:
        return LEAST_SPREAD
    excess = sum((v - m) ** 2 - m for v, m in zip(values, means, strict=True))
    return max(excess / weight, LEAST_SPREAD)


def _season(counts: Mapping[date, int], day: date, kind_of: KindOf, known_from: date) -> float:
    """By how much the season moves the level, as it did a year ago."""
    then = day - timedelta(days=YEAR)
    around = [then + timedelta(days=n) for n in range(-SEASON_DAYS, SEASON_DAYS + 1)]
    fit = _fit(counts, around[0], kind_of, known_from)
    if fit is None:
        return 1.0
    found = sum(counts.get(one, 0) for one in around)
    due = sum(fit.mean(kind_of(one)) for one in around)
    ratio = (found + SEASON_PRIOR) / (due + SEASON_PRIOR)
    return min(max(ratio, 1 / SEASON_MOST), SEASON_MOST)
