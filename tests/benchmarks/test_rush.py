"""What a rush of calls measures: the right event of the right agent; what is missing is told."""

from __future__ import annotations

import json

import pytest

from benchmarks.hall import Heard
from benchmarks.lines import Line, MeasurementFailed
from benchmarks.rush import Rush, screen_pop, wallboard

EXTENSIONS = {"9100": "8500", "9101": "8501"}


def bare(event: str, call: str, phone: str, stamp: float) -> Heard:
    """What the shortest way tells two milliseconds after Asterisk."""
    data = {"call_id": call, "channel": f"PJSIP/{phone}-0000000a", "stamp": stamp}
    return Heard(event, data, stamp + 2)


def ringing(call: str, extension: str, at: float) -> Heard:
    """What an agent's page hears."""
    return Heard("call_ringing", {"call_id": call, "extension": extension}, at)


def seat(extension: str, state: str, at: float) -> Heard:
    """What the supervisor's page hears."""
    return Heard("seat", {"extension": extension, "state": state}, at)


def values(lines: list[Line]) -> list[tuple[str, float, float, int]]:
    """Name, value, limit and number of each line."""
    return [(one.figure, one.value, one.limit_value, one.n) for one in lines]


def test_the_pop_is_timed_from_the_first_ring_to_the_page_of_the_agent_who_is_rung() -> None:
    rush = Rush(
        bare=[
            bare("ring", "a", "9100", 1000),
            bare("ring", "a", "9100", 1005),
            bare("ring", "b", "9101", 1050),
            bare("ring", "c", "9101", 2000),
        ],
        agents=[
            ringing("b", "8500", 1051),  # another agent's page says nothing of this one's
            ringing("a", "8500", 1030),
            ringing("b", "8501", 1090),
        ],
        supervisor=[],
    )
    lines = list(screen_pop(rush, EXTENSIONS))
    assert values(lines) == [
        ("screen_pop_20_per_s_p50", 30, 2, 2),
        ("screen_pop_20_per_s_p95", 40, 2, 2),
    ]
    assert "2.0 calls/s; 1 of 3 not popped" in lines[0].note
    assert json.loads(lines[0].to_json())["ratio"] == 15


def test_the_card_is_timed_to_the_next_event_that_says_the_agents_state() -> None:
    rush = Rush(
        bare=[
            bare("ring", "a", "9100", 1000),
            bare("up", "a", "9100", 1200),
            bare("ring", "b", "9101", 1500),
            bare("up", "b", "9101", 1700),
            bare("up", "b", "trunk", 1700),
        ],
        agents=[],
        supervisor=[
            seat("8500", "ringing", 990),  # of the call before
            seat("8501", "ringing", 1001),
            seat("8500", "ringing", 1010),
            seat("8500", "talking", 1260),
            seat("8501", "talking", 1730),
        ],
    )
    lines = list(wallboard(rush, EXTENSIONS))
    assert values(lines) == [("wallboard_p50", 30, 2, 3), ("wallboard_p95", 60, 2, 3)]
    assert "ringing p95 10 ms, talking p95 60 ms; 1 of 4 not shown" in lines[0].note


def test_a_rush_that_nobody_heard_of_is_no_figure() -> None:
    rung = [bare("ring", call, "9100", at) for call, at in (("a", 1000.0), ("b", 2000.0))]
    with pytest.raises(MeasurementFailed, match="nothing arrived"):
        list(screen_pop(Rush(rung, [], []), EXTENSIONS))
    with pytest.raises(MeasurementFailed, match="0 calls reached a desk"):
        list(wallboard(Rush([], [], []), EXTENSIONS))
