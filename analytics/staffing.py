"""How many agents it takes: Erlang C, by an existing library, for each half-hour.

The formula takes arrivals at random, talks of exponential length and callers who never hang up.
Real callers give up, so what it says is on the safe side. Waits count from the queue.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from call_center_tools import calc_service_level, calc_staffing, erlang_c

from dispatch.domain.profile import ServiceRules
from dispatch.domain.staffing_rules import StaffingRules

HALF_HOUR_S = 1800
HALF_HOURS = 48


@dataclass(frozen=True)
class Needed:
    """For one half-hour: agents at the telephone, and on duty with their breaks counted in.

    `within` is the share of calls answered in time by so many at the telephone.
    """

    at_telephone: int
    on_duty: int
    within: float


NOBODY = Needed(0, 0, 1.0)


def answered_within(calls: float, handling_s: float, agents: int, *, seconds: float) -> float:
    """The share of a half-hour's calls that so many agents answer within so many seconds."""
    load = calls * handling_s / HALF_HOUR_S
    if load <= 0:
        return 1.0
    if agents <= load:
        return 0.0
    waiting = erlang_c(load, agents)
    return float(calc_service_level(load, agents, waiting, seconds, handling_s))


def needed(
    calls: float, handling_s: float, *, service: ServiceRules, staffing: StaffingRules
) -> Needed:
    """The fewest agents who answer the policy's share of calls within the policy's seconds.

    `calls` come in the half-hour, each keeps an agent for `handling_s` with its wrap-up
    (GB/T 33358: 95 % connected, answered within 15 s; the policy's `service`). Nobody is kept
    busy beyond the policy's `staffing.occupancy_percent`.
    """
    if calls <= 0 or handling_s <= 0:
        return NOBODY
    found = calc_staffing(
        calls_per_hour=calls * 2,
        aht=handling_s,
        max_occupancy=staffing.occupancy_percent / 100,
        target_answer_time=service.answer_within_seconds,
        target_service_level=service.connection_percent / 100,
    )
    return Needed(found.agents, with_shrinkage(found.agents, staffing), float(found.service_level))


def with_shrinkage(agents: int, staffing: StaffingRules) -> int:
    """How many must be on duty for so many at the telephone, breaks and training counted in."""
    return math.ceil(agents * 100 / (100 - staffing.shrinkage_percent))


def at_telephone(on_duty: float, staffing: StaffingRules) -> int:
    """How many of those on duty are at the telephone at a time, on average, rounded down."""
    # A shift of exactly as many as are needed must not lose one to the binary fraction.
    return math.floor(on_duty * (100 - staffing.shrinkage_percent) / 100 + 1e-9)
