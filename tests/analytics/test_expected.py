"""What is expected of a day: the kind of day, the season, bursts of before, too little history."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from analytics.expected import LEAST_HISTORY, ranges
from analytics.trends import day_kinds
from dispatch.domain.policy import load_calendar

CALENDAR = load_calendar()
KIND = day_kinds(CALENDAR)
LAST = date(2026, 9, 20)
ONE = timedelta(days=1)


def made(days: int, level: float, seed: int = 1) -> dict[date, int]:
    """So many days up to LAST; days off bring half."""
    dice = np.random.default_rng(seed)
    return {
        day: int(dice.poisson(level * (0.5 if KIND(day) in ("weekend", "holiday") else 1.0)))
        for day in (LAST - n * ONE for n in range(days))
    }


def test_nine_of_ten_days_lie_inside_and_a_burst_does_not() -> None:
    outside = days = 0
    for seed in range(20):
        counts = made(84, 60, seed)
        shown = [LAST - n * ONE for n in reversed(range(28))]
        found = ranges(counts, shown, KIND, known_from=min(counts))
        outside += sum(not found[day].low <= counts[day] <= found[day].high for day in shown)
        days += len(shown)
        assert all(found[day].high < 120 for day in shown)
    assert 0.005 < outside / days < 0.10


def test_a_day_off_is_compared_with_days_off() -> None:
    counts = made(84, 80)
    saturday, monday = date(2026, 9, 12), date(2026, 9, 14)
    assert (KIND(saturday), KIND(monday)) == ("weekend", "0")
    found = ranges(counts, [saturday, monday], KIND, known_from=min(counts))
    assert found[saturday].mean == pytest.approx(40, rel=0.2)
    assert found[monday].mean == pytest.approx(80, rel=0.2)


def test_an_earlier_burst_does_not_widen_what_is_expected() -> None:
    counts = made(84, 50)
    calm = ranges(counts, [LAST], KIND, known_from=min(counts))[LAST]
    burst = counts | {LAST - 20 * ONE: 900, LAST - 19 * ONE: 700}
    after = ranges(burst, [LAST], KIND, known_from=min(counts))[LAST]
    assert after.mean == pytest.approx(calm.mean, rel=0.15)


def test_last_years_season_moves_the_range_but_at_most_doubles_it() -> None:
    counts = made(84, 50)
    then = LAST - 364 * ONE
    for n in range(-7, 64):
        counts[then - n * ONE] = 160 if n <= 7 else 50
    found = ranges(counts, [LAST], KIND, known_from=min(counts))[LAST]
    flat = ranges(made(84, 50), [LAST], KIND, known_from=LAST - 83 * ONE)[LAST]
    assert 1.5 * flat.mean < found.mean <= 2 * flat.mean * 1.01


def test_with_too_little_history_there_is_no_range() -> None:
    counts = made(84, 50)
    first = LAST - (LEAST_HISTORY - 1) * ONE
    assert ranges(counts, [LAST], KIND, known_from=first) == {}
    assert ranges(counts, [LAST], KIND, known_from=first - ONE) != {}
    assert ranges({}, [LAST], KIND, known_from=None) == {}


def test_a_quiet_place_has_a_range_from_nothing() -> None:
    counts = {LAST - 50 * ONE: 1}
    found = ranges(counts, [LAST], KIND, known_from=LAST - 50 * ONE)[LAST]
    assert (found.low, found.high <= 2) == (0, True)
