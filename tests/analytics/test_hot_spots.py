"""Hot spots as they are found: by the law of chance, among history, place by place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.hot_spot_chance import chance, expected_range, part_of_day
from analytics.hot_spot_usual import Usual, learn
from analytics.hot_spots import find, most_telling
from analytics.place_words import common, names_in, shared_words
from benchmarks.city_weeks import START
from benchmarks.hot_spots import LOOK, Watched, false_alarms, made, minutes_to_find
from dispatch.domain.gatherings import Found, HourCount, Seen, Series, Trees
from tests.hot_spot_city import RULES, planted, seen

FIRST_DAY = 7 * RULES.history_weeks + 1
NOW = START + timedelta(days=FIRST_DAY + 2, hours=15)


@pytest.fixture(scope="module")
def city() -> Watched:
    """Nine weeks of a city with 500 tickets a day."""
    return made(1, seed=11, a_day=500)


def test_planted_bursts_are_found_within_the_hour_and_quiet_days_stay_quiet(city: Watched) -> None:
    delays = [
        minutes_to_find(city, city.city.burst(kind, size, NOW - timedelta(hours=hours), hours))
        for kind, size, hours in (
            ("place", 6, 2.0),
            ("place", 12, 5.0),
            ("street", 9, 2.0),
            ("district", 14, 3.0),
            ("city", 40, 4.0),
        )
    ]
    assert all(delay is not None and delay <= 60 for delay in delays), delays
    assert len(false_alarms(city, FIRST_DAY, 1)) <= 1


def test_the_same_counts_a_week_later_are_usual(city: Watched) -> None:
    """What was said every day of the history is no news, however much it is."""
    trees = Trees({7: (7,)}, {"": ("",)})
    hour = int(NOW.timestamp() // 3600)
    counts = [HourCount(hour - 24 - n, 7, "", 3) for n in range(24 * 56)]
    usual = learn(counts, trees, until_hour=hour - 23, days=56)
    assert usual is not None
    steady = [
        seen(n, NOW - timedelta(minutes=20 * n), text="", subject=7, street="") for n in range(72)
    ]
    assert find(usual, steady, trees, RULES, lambda _: 0, now=NOW) == ()


def test_less_than_two_weeks_are_no_history(city: Watched) -> None:
    hour = int(NOW.timestamp() // 3600)
    counts = [HourCount(hour - 24 * n, 7, "", 3) for n in range(1, 13)]
    assert learn(counts, Trees({7: (7,)}, {}), until_hour=hour, days=56) is None
    assert learn([], Trees({7: (7,)}, {}), until_hour=hour, days=56) is None


def test_an_earlier_burst_does_not_hide_the_next(city: Watched) -> None:
    trees = Trees({7: (7,), 8: (8,)}, {"": ("",)})
    hour = int(NOW.timestamp() // 3600)
    quiet = [
        HourCount(hour - 24 * day - n, 8, "", 4) for day in range(1, 57) for n in range(24)
    ] + [HourCount(hour - 24 * day, 7, "", 1) for day in range(1, 57, 4)]

    def usually(counts: Sequence[HourCount]) -> float:
        usual: Usual | None = learn(counts, trees, until_hour=hour, days=56)
        assert usual is not None
        return float(usual.shares[usual.categories[7], usual.divisions[""]])

    burst = [HourCount(hour - 240, 7, "", 60)]
    # Sixty more tickets in one day would be five times the usual share.
    assert usually(quiet + burst) < 1.6 * usually(quiet)


def test_what_three_callers_say_again_and_again_is_no_hot_spot(city: Watched) -> None:
    told = planted(9_000_000, 6, NOW)
    angry = [replace(one, caller="x") if n > 1 else one for n, one in enumerate(told)]
    assert any(one.series.place == "和平花园" for one in city.look(NOW, told))
    assert not any(one.series.place == "和平花园" for one in city.look(NOW, angry))


def test_a_gathering_is_told_once_with_the_words_its_tickets_share(city: Watched) -> None:
    told = planted(9_000_000, 8, NOW)
    mine = {one.ticket_id for one in told}
    found = [one for one in city.look(NOW, told) if mine & set(one.tickets)]
    assert [one.series.place for one in found] == ["和平花园"]
    assert found[0].callers == len(found[0].tickets) == 8
    assert found[0].words[0] == "和平花园"
    assert any("停水" in word for word in found[0].words)


def test_a_look_is_the_same_for_the_same_tickets(city: Watched) -> None:
    told = planted(9_000_000, 8, NOW)
    assert city.look(NOW, told) == city.look(NOW, told)
    assert city.look(NOW + LOOK, told) != ()


@given(
    callers=st.integers(1, 60),
    mean=st.floats(1e-6, 50),
    spread=st.floats(0.02, 3),
)
def test_more_callers_are_never_likelier_and_more_history_never_more_surprising(
    callers: int, mean: float, spread: float
) -> None:
    one = chance(callers, mean, spread)
    assert 0 < one <= 1
    assert chance(callers + 1, mean, spread) <= one
    assert chance(callers, mean * 1.5, spread) >= one * (1 - 1e-9)


@given(mean=st.floats(0.01, 40), spread=st.floats(0.02, 2))
def test_the_usual_range_holds_all_but_one_in_twenty(mean: float, spread: float) -> None:
    low, high = expected_range(mean, spread)
    assert low <= high
    below = 1 - chance(low, mean, spread) if low else 0.0
    assert below <= 0.025 + 1e-9
    assert chance(high + 1, mean, spread) <= 0.025 + 1e-9


@pytest.mark.parametrize(
    ("callers", "mean", "spread", "known"),
    [
        # By hand: P(X ≥ 1) = 1 − (1 + s·μ)^(−1/s); and the sum of the first terms for 2.
        (1, 2.0, 1.0, 2 / 3),
        (1, 0.5, 0.5, 1 - 1.25**-2),
        (2, 2.0, 1.0, 4 / 9),
    ],
)
def test_the_tail_is_the_negative_binomial(
    callers: int, mean: float, spread: float, known: float
) -> None:
    assert math.isclose(chance(callers, mean, spread), known, rel_tol=1e-9)


def test_the_parts_of_the_day_are_hours_of_the_city() -> None:
    hours = part_of_day(NOW - timedelta(hours=2, minutes=30), NOW)
    assert np.flatnonzero(hours).tolist() == [12, 13, 14]
    assert hours[[12, 13, 14]].tolist() == [0.5, 1.0, 1.0]
    assert math.isclose(part_of_day(NOW - timedelta(hours=47), NOW).sum(), 47)


def test_nested_gatherings_are_told_by_the_least_likely(city: Watched) -> None:
    def found(
        division: str, tickets: range, alarms: float, place: str = "", category: int = 1
    ) -> Found:
        return Found(
            series=Series(category, division, place),
            tickets=tuple(tickets),
            callers=len(tickets),
            began_at=NOW,
            last_at=NOW,
            expected=1.0,
            spread=0.1,
            surprise=9.0,
            alarms_a_week=alarms,
            usual=(0.0,) * 24,
        )

    street, district = found("s", range(10), 1e-6), found("d", range(12), 1e-3)
    other = found("t", range(50, 60), 1e-2)
    estate = found("", range(10), 1e-5, "和平花园")
    narrower = found("s", range(10), 1e-5, category=12)
    trees = Trees({1: (1,), 12: (12, 1)}, {})
    assert most_telling([district, other, street], trees) == [street, other]
    assert most_telling([district, estate, street], trees) == [estate]
    assert most_telling([district, street, narrower], trees) == [narrower]


def test_names_of_places_begin_where_the_tickets_agree() -> None:
    texts = ("我家住和平花园三栋", "请问和平花园停水", "在和平花园", "老和平花园东门")
    named: dict[str, list[int]] = {}
    for number, text in enumerate(texts):
        for name in names_in(text):
            named.setdefault(name, []).append(number)
    assert list(common(named, 4)) == ["和平花园"]


def test_what_is_no_place_is_not_named() -> None:
    assert not any("马路" in name for name in names_in("过马路很危险，整条道路都坏了"))
    assert names_in("") == frozenset()


def test_shared_words_are_those_the_others_seldom_say() -> None:
    mine = ["突然停水没人管", "又停水了没人管", "停水两天没人管"]
    others = ["路灯坏了没人管", "噪声扰民没人管", "占道经营没人管"]
    words = shared_words(mine, others)
    assert any("停水" in word for word in words)
    assert not any("没人" in word or "人管" in word for word in words)
    assert shared_words([], others) == ()


@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_text_can_be_looked_at(texts: list[str]) -> None:
    for text in texts:
        assert all(name in text for name in names_in(text))
    assert len(shared_words(texts, texts)) <= 5


def test_tickets_outside_the_window_do_not_count(city: Watched) -> None:
    old: list[Seen] = planted(9_000_000, 8, NOW - timedelta(hours=RULES.window_hours, minutes=1))
    assert not any(one.series.place == "和平花园" for one in city.look(NOW, old))
