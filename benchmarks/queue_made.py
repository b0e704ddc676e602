"""A queue played through event by event: callers at random, so many agents, first come first."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import simpy

from analytics.staffing import HALF_HOUR_S


def played(
    calls: float, handling_s: float, agents: int, *, seconds: float, callers: int, seed: int
) -> float:
    """The share of so many callers who wait no longer than `seconds`."""
    dice = random.Random(seed)
    world = simpy.Environment()
    desks = simpy.Resource(world, capacity=agents)
    waits: list[float] = []

    def caller() -> Generator[simpy.Event, Any, None]:
        came = world.now
        with desks.request() as desk:
            yield desk
            waits.append(world.now - came)
            yield world.timeout(dice.expovariate(1 / handling_s))

    def arrivals() -> Generator[simpy.Event, Any, None]:
        for _ in range(callers):
            yield world.timeout(dice.expovariate(calls / HALF_HOUR_S))
            world.process(caller())

    world.process(arrivals())
    world.run()
    # The first tenth finds an empty hall, as no half-hour of a working morning does.
    settled = waits[len(waits) // 10 :]
    return sum(wait <= seconds for wait in settled) / len(settled)
