"""What a city's policy says of how many agents it takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StaffingRules:
    """What is added to the queue's formula, and what the forecast looks back on.

    The forecast learns from the last `history_weeks`. Of an agent on duty, `shrinkage_percent`
    of the shift is pause, meal and training; a signed-in agent should be busy no more than
    `occupancy_percent` of the time. `usual_wrap_s` stands for the wrap-up where none is recorded.
    """

    history_weeks: int
    shrinkage_percent: int
    occupancy_percent: int
    usual_wrap_s: int
