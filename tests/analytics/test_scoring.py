"""Points: classes apart, bands without ranks, nobody compared on too few cases."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.rates import Rate
from analytics.scoring import ByLevel, UnitCounts, compare, item_points, score, shares, threshold
from dispatch.domain.errors import InvalidInput, PolicyError
from dispatch.domain.judging_terms import Cause, Measure
from dispatch.domain.limits import SourceLevel
from dispatch.domain.policy_text import read_scoring
from dispatch.domain.scoring_file import load_scoring, parse_scoring, scoring_text, shipped_scoring
from dispatch.domain.vocabulary import DepartmentKind

RULES = load_scoring("default")
ALL: dict[Measure, ByLevel] = {
    item.measure: {SourceLevel.CITY: Rate(20, 20)} for item in RULES.items
}


def unit(code: str = "A", kind: DepartmentKind = DepartmentKind.BUREAU, **more: Rate) -> UnitCounts:
    """A unit whose rates are full but for those named."""
    rates: dict[Measure, ByLevel] = dict(ALL)
    rates |= {Measure(name): {SourceLevel.CITY: rate} for name, rate in more.items()}
    return UnitCounts(code, code, kind, 2, rates, {})


def test_units_are_compared_inside_their_class_only_and_not_ranked_in_a_band() -> None:
    units = [
        unit("B", on_time=Rate(18, 20)),
        unit("A", on_time=Rate(19, 20)),
        unit("C", satisfaction=Rate(5, 20), resolution=Rate(5, 20)),
        unit("D", DepartmentKind.DISTRICT),
    ]
    bureaus, districts, *_rest = compare(RULES, units)
    assert [[s.unit.code for s in scores] for _band, scores in bureaus.bands] == [
        ["A", "B"],
        [],
        ["C"],
    ]
    assert [s.unit.code for s in districts.bands[0][1]] == ["D"]


def test_a_unit_with_too_few_cases_is_shown_and_not_compared() -> None:
    few = score(RULES, unit(satisfaction=Rate(0, RULES.least - 1)))
    assert few is not None
    assert (few.total, few.band) == (None, None)
    assert [one.item.measure for one in few.too_few] == [Measure.SATISFACTION]
    enough = score(RULES, unit(satisfaction=Rate(0, RULES.least)))
    assert enough is not None
    assert enough.total == Decimal("75.00")
    bureaus = compare(RULES, [few.unit])[0]
    assert [one.unit.code for one in bureaus.not_compared] == ["A"]


def test_a_unit_without_a_single_case_is_no_row() -> None:
    nothing = replace(unit(), rates={})
    assert all(
        not c.not_compared and not any(s for _b, s in c.bands) for c in compare(RULES, [nothing])
    )


def test_deductions_stop_at_their_cap_and_the_total_at_nothing() -> None:
    found = score(RULES, replace(unit(), causes={Cause.GAMING: 3}))
    assert found is not None
    assert found.total == Decimal(94)
    capped = score(RULES, replace(unit(), causes={Cause.GAMING: 30, Cause.ORDER_LATE: 30}))
    assert capped is not None
    assert capped.total == Decimal(85)


def test_the_threshold_of_a_mixture_lies_between_its_parts_by_cases() -> None:
    item = load_scoring("lianyungang_2022").items[2]
    mixed: ByLevel = {SourceLevel.PROVINCIAL: Rate(1, 1), SourceLevel.CITY: Rate(2, 2)}
    assert threshold(item, mixed) == Decimal("96.00")
    assert threshold(item, {None: Rate(3, 3)}) == Decimal(95)
    assert threshold(item, {}) == Decimal(95)


@given(hits=st.integers(0, 300), more=st.integers(0, 300))
def test_one_more_hit_never_costs_points(hits: int, more: int) -> None:
    item = RULES.items[0]
    judged = hits + more + 1
    before, after = item_points(item, Rate(hits, judged)), item_points(item, Rate(hits + 1, judged))
    assert before is not None
    assert after is not None
    assert item.floor <= before <= after <= item.points


@given(cents=st.integers(0, 5000), rows=st.integers(1, 400))
def test_what_each_ticket_cost_adds_up_to_what_was_lost(cents: int, rows: int) -> None:
    lost = Decimal(cents) / 100
    parts = shares(lost, rows)
    assert sum(parts) == lost
    assert max(parts) - min(parts) <= Decimal("0.01")


def test_every_shipped_set_is_read_and_names_itself() -> None:
    assert shipped_scoring() == ("default", "lianyungang_2022")
    for name in shipped_scoring():
        assert load_scoring(name).name == name


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("least = 5", "least = 0", "least"),
        ("at_least = 0", "at_least = 10", "最后一档"),
        ("at_least = 90", "at_least = 60", "从高到低"),
        ("total = 100", "total = 50", "总分 50 小于"),
        ('measure = "response"', 'measure = "acknowledged"', "写了不止一次"),
        ("floor = 0", "floor = 11", "floor"),
        ("full_at = 95", "full_at = 101", "0 到 100"),
    ],
)
def test_a_contradiction_is_refused_by_name(old: str, new: str, said: str) -> None:
    document = scoring_text("default").replace(old, new, 1)
    with pytest.raises(PolicyError, match=said):
        parse_scoring(tomllib.loads(document))


def test_a_mistake_in_a_document_is_told_with_its_line() -> None:
    document = scoring_text("default").replace('measure = "on_time"', 'measure = "speed"')
    line = document.splitlines().index('measure = "speed"') + 1
    with pytest.raises(InvalidInput, match=f"第 {line} 行"):
        read_scoring(document)
