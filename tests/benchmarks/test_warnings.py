"""A small run of the benchmark of early warnings: planted surges are found, quiet weeks stay so."""

from __future__ import annotations

from benchmarks import warnings
from benchmarks.city_weeks import START


def test_planted_slow_surges_are_found_while_they_rise_and_quiet_days_stay_quiet() -> None:
    slowly = warnings.made(2, seed=7, a_day=150)
    assert warnings.false_alarms(slowly, 2) == []
    first = START + warnings.first_day() * warnings.DAY
    for kind, size in (("street", 24), ("district", 50)):
        burst = slowly.city.burst(kind, size, first, 6 * 24)
        delay = warnings.hours_to_find(slowly, burst)
        assert delay is not None
        assert delay < 72


def test_units_warned_of_are_late_and_quiet_ones_are_not_warned_of() -> None:
    right, wrong, missed, quiet = warnings.misses(8.0, seed=3, days=300)
    assert right / (right + wrong) > 0.8
    assert right / (right + missed) > 0.3
    assert wrong / (wrong + quiet) < 0.05
