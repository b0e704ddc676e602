"""How many agents: the library's formula beside a queue played through event by event."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import staffing
from benchmarks.queue_made import played
from dispatch.domain.policy import load_profile

POLICY = load_profile("default")
SERVICE, STAFFING = POLICY.service, POLICY.staffing


def needed(calls: float, handling_s: float) -> staffing.Needed:
    return staffing.needed(calls, handling_s, service=SERVICE, staffing=STAFFING)


@pytest.mark.parametrize(("calls", "handling_s"), [(6.0, 240.0), (150.0, 200.0)])
def test_the_formula_is_within_a_point_of_the_simulated_queue(
    calls: float, handling_s: float
) -> None:
    found = needed(calls, handling_s)
    for agents in (found.at_telephone, found.at_telephone - 1):
        said = staffing.answered_within(calls, handling_s, agents, seconds=15)
        real = played(calls, handling_s, agents, seconds=15, callers=40_000, seed=7)
        assert abs(said - real) < 0.01, (agents, said, real)


def test_one_agent_fewer_misses_the_standard() -> None:
    found = needed(60, 240)
    assert found.within >= 0.95
    fewer = staffing.answered_within(60, 240, found.at_telephone - 1, seconds=15)
    assert fewer < 0.95


def test_nobody_is_kept_busier_than_the_policy_allows() -> None:
    calm = needed(2000, 240)
    load = 2000 * 240 / 1800
    assert load / calm.at_telephone <= 0.85
    hard = replace(STAFFING, occupancy_percent=99)
    assert (
        staffing.needed(2000, 240, service=SERVICE, staffing=hard).at_telephone < calm.at_telephone
    )


def test_breaks_are_counted_in_and_out_again() -> None:
    found = needed(60, 240)
    assert found.on_duty > found.at_telephone
    assert staffing.at_telephone(found.on_duty, STAFFING) >= found.at_telephone
    assert staffing.at_telephone(20, STAFFING) == 17


def test_a_silent_half_hour_needs_nobody() -> None:
    assert needed(0, 240) == staffing.NOBODY
    assert staffing.answered_within(0, 240, 0, seconds=15) == 1


def test_more_work_than_agents_answers_nobody_in_time() -> None:
    assert staffing.answered_within(60, 240, 8, seconds=15) == 0


@settings(max_examples=50, deadline=None)
@given(st.floats(0.1, 900), st.floats(30, 900))
def test_needed_always_meets_the_standard_and_grows_with_the_calls(
    calls: float, handling_s: float
) -> None:
    found = needed(calls, handling_s)
    assert found.within >= 0.95
    assert needed(calls * 2, handling_s).at_telephone >= found.at_telephone
