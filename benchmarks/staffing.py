"""Erlang C beside a queue played through event by event: how far apart, at most, in points.

Small, middling and large centres, each with as many agents as the formula asks for and with one
fewer. The limit is the one point that the formula must keep within.
"""

from __future__ import annotations

from collections.abc import Iterator

from analytics.staffing import answered_within, needed
from benchmarks.lines import Line
from benchmarks.plan import Plan
from benchmarks.queue_made import played
from benchmarks.workshop import progress
from hotline.bootstrap import load_rules

CASES = ((6.0, 240.0), (20.0, 180.0), (60.0, 240.0), (150.0, 200.0), (600.0, 240.0))
"""Calls in the half-hour, and seconds that each keeps an agent."""

CALLERS = 200_000


def measure(plan: Plan) -> Iterator[Line]:
    """Play every case through; report the greatest distance."""
    del plan
    policy = load_rules().profile
    seconds = policy.service.answer_within_seconds
    apart = []
    for calls, handling_s in CASES:
        progress(f"staffing: {calls:.0f} calls in half an hour")
        found = needed(calls, handling_s, service=policy.service, staffing=policy.staffing)
        for agents in (found.at_telephone, found.at_telephone - 1):
            said = answered_within(calls, handling_s, agents, seconds=seconds)
            real = played(calls, handling_s, agents, seconds=seconds, callers=CALLERS, seed=12345)
            apart.append(100 * abs(said - real))
    yield Line(
        figure="erlang_vs_simulation_points",
        value=max(apart),
        unit="percentage points apart, at most",
        limit="what it must keep within",
        limit_value=1.0,
        n=len(apart),
        note=f"{CALLERS:,} callers each",
    )
