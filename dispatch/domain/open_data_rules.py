"""What a city's policy says of open data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OpenDataRules:
    """How a month of requests is made public.

    Every combination of what could single somebody out stands for at least `k` requests. With
    `by_schedule` the last month is published by itself from `publish_day` of the next on;
    without it somebody presses a button. `licence` is what the public page says may be done.
    """

    k: int
    publish_day: int
    by_schedule: bool
    licence: str
