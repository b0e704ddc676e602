"""A rate is two counts, and counts add up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.periods import Period, last_week, read_period, shifted, week_of, week_period
from analytics.rates import Rate
from dispatch.domain.errors import InvalidInput


@st.composite
def rates(draw: st.DrawFn) -> Rate:
    judged = draw(st.integers(0, 10**7))
    return Rate(draw(st.integers(0, judged)), judged)


@given(st.lists(rates(), min_size=1, max_size=20))
def test_the_whole_is_the_sum_of_its_parts_in_any_order(parts: list[Rate]) -> None:
    whole = sum(parts, Rate())
    assert whole == sum(reversed(parts), Rate())
    assert whole.hits == sum(part.hits for part in parts)
    assert whole.hits + whole.missed == whole.judged
    known = [part.percent for part in parts if part.percent is not None]
    if whole.percent is None:
        assert not known
    else:
        assert min(known) <= whole.percent <= max(known)


@given(rates())
def test_a_percentage_has_two_decimals_and_lies_between_none_and_all(rate: Rate) -> None:
    percent = rate.percent
    if percent is None:
        assert rate.judged == 0
        return
    assert 0 <= percent <= 100
    assert percent.as_tuple().exponent == -2
    assert abs(percent * rate.judged - 100 * rate.hits) <= Decimal("0.005") * rate.judged


def test_no_data_is_not_zero() -> None:
    assert Rate(0, 0).percent is None
    assert Rate(0, 7).percent == Decimal("0.00")


@pytest.mark.parametrize(
    ("hits", "judged", "percent"),
    [(103_458, 112_563, "91.91"), (2_945, 3_413, "86.29"), (104, 117, "88.89"), (1, 8, "12.50")],
)
def test_published_rates_come_out_of_their_counts(hits: int, judged: int, percent: str) -> None:
    assert Rate(hits, judged).percent == Decimal(percent)


@pytest.mark.parametrize(("hits", "judged"), [(-1, 1), (2, 1), (0, -1)])
def test_impossible_counts_are_refused(hits: int, judged: int) -> None:
    with pytest.raises(ValueError):
        Rate(hits, judged)


@given(st.dates(date(1991, 1, 1), date(2099, 12, 31)))
def test_every_day_lies_in_exactly_one_week(day: date) -> None:
    week = week_of(day)
    period = week_period(week)
    assert period.first <= day <= period.last
    assert period.days == 7
    assert period.first.isoweekday() == 1
    assert week_period(shifted(week, 1)).first == period.last + timedelta(days=1)
    assert shifted(shifted(week, 53), -53) == week


def test_a_day_begins_at_midnight_of_the_city() -> None:
    period = read_period("2026-11-09", "2026-11-15")
    assert period.start == datetime(2026, 11, 8, 16, tzinfo=UTC)
    assert period.end == datetime(2026, 11, 15, 16, tzinfo=UTC)


def test_an_unfinished_week_is_held_against_the_same_part_of_the_last_one() -> None:
    now = datetime(2026, 11, 18, 3, tzinfo=UTC)
    before = last_week(week_period("2026-W47"), now)
    assert (before.start, before.end) == (
        Period(date(2026, 11, 9), date(2026, 11, 9)).start,
        datetime(2026, 11, 11, 3, tzinfo=UTC),
    )


@pytest.mark.parametrize("week", ["", "2026", "2026-W54", "2026-W00", "0000-W01", "W46"])
def test_what_is_no_week_is_refused(week: str) -> None:
    with pytest.raises(InvalidInput):
        week_period(week)


@pytest.mark.parametrize(
    ("first", "last"), [("2026-13-01", "2026-01-01"), ("2026-02-02", "2026-02-01"), ("", "")]
)
def test_what_is_no_period_is_refused(first: str, last: str) -> None:
    with pytest.raises(InvalidInput):
        read_period(first, last)
