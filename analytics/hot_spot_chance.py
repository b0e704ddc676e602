"""How many tickets a series should bring in some hours, and how likely more are by chance."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from analytics.hot_spot_usual import CITY_OFFSET, HOURS, Numbers, Usual, tail
from dispatch.domain.gatherings import Seen, Series

LEAST_CHANCE = 1e-300


@dataclass(frozen=True)
class Window:
    """The newest hours: `hours` tells how much of each hour of the day they cover.

    `level` is the city's volume in them beside the usual one.
    """

    length: float
    since: datetime
    until: datetime
    hours: Numbers
    level: float


@dataclass(frozen=True)
class Expectation:
    """A series' tickets in each hour of a usual day, and how uncertain that is."""

    hours: Numbers
    spread: float

    def within(self, window: Window) -> float:
        """Tickets expected in a window, at the city's present volume."""
        return float(self.hours @ window.hours) * window.level


def window_of(usual: Usual, seen: Sequence[Seen], length: float, now: datetime) -> Window:
    """The newest `length` hours of the tickets seen."""
    since = now - timedelta(hours=length)
    newest = sum(since < one.at <= now for one in seen)
    hours = part_of_day(since, now)
    return Window(length, since, now, hours, usual.level(newest, hours))


def expectation(usual: Usual, series: Series, named_before: int = 0) -> Expectation:
    """What the history says of a series; `named_before` tickets named its place."""
    row = usual.categories.get(series.category_id)
    column = usual.divisions.get(series.division)
    if series.place or row is None or column is None:
        # A category or division younger than the history is treated like a place never named.
        share, spread = usual.place_share(named_before)
    else:
        share, spread = float(usual.shares[row, column]), float(usual.spreads[row, column])
    profile = usual.profile if row is None else usual.profiles[row]
    return Expectation(np.asarray(share * usual.a_day * profile), spread)


def chance(callers: int, mean: float, spread: float) -> float:
    """The probability of so many callers or more."""
    if callers < 1:
        return 1.0
    found = float(tail(np.array(float(callers)), np.array(mean), np.array(spread)))
    return max(found, LEAST_CHANCE)


def part_of_day(since: datetime, now: datetime) -> Numbers:
    """How much of each hour of the city's day lies between two moments, in hours."""
    hours = np.zeros(HOURS)
    at = since
    while at < now:
        after = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        end = min(after, now)
        hours[int(at.timestamp() // 3600 + CITY_OFFSET) % HOURS] += (
            end - at
        ).total_seconds() / 3600
        at = end
    return hours


def expected_range(mean: float, spread: float, outside: float = 0.05) -> tuple[int, int]:
    """The counts that all but `outside` of the cases lie between, by the negative binomial."""
    if mean <= 0:
        return 0, 0
    most = int(mean + 12 * math.sqrt(mean + spread * mean * mean)) + 12

    def reached(level: float) -> int:
        """The largest count that is reached or passed with more than this probability."""
        rare = partial(_rarer, level=level, mean=mean, spread=spread)
        return bisect_left(range(1, most + 2), True, key=rare)

    return reached(1 - outside / 2), reached(outside / 2)


def _rarer(least: int, *, level: float, mean: float, spread: float) -> bool:
    return bool(tail(np.array(float(least)), np.array(mean), np.array(spread)) <= level)
