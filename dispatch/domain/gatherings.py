"""Tickets as they are counted for hot spots, and what a look at them found; plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

WHOLE_CITY = ""
"""The division of a series that is not narrowed to a part of the city."""


@dataclass(frozen=True)
class Series:
    """What is counted together: a category, a part of the city, and a place named in the text."""

    category_id: int
    division: str = WHOLE_CITY
    place: str = ""


@dataclass(frozen=True)
class Trees:
    """Which nodes a ticket counts for: its own and those above it.

    `categories` leads from any category to its node of the second level and the one of the first;
    `divisions` from any division to itself, those above it, and last the whole city.
    """

    categories: Mapping[int, tuple[int, ...]]
    divisions: Mapping[str, tuple[str, ...]]

    def holds(self, series: Series, category_id: int, division: str) -> bool:
        """Whether a ticket with this category and division counts for the series."""
        parts = self.divisions.get(division, (WHOLE_CITY,))
        return series.category_id in self.categories.get(category_id, ()) and (
            series.division in parts
        )


class HourCount(NamedTuple):
    """So many tickets of a category and division in an hour (number of hours since 1970, UTC)."""

    hour: int
    category_id: int
    division: str
    tickets: int


class BlockCount(NamedTuple):
    """So many tickets of a category and division in a block of days; block 0 is the newest."""

    block: int
    category_id: int
    division: str
    tickets: int


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One ticket of the newest hours; `caller` is equal for equal callers, `text` tells places."""

    ticket_id: int
    at: datetime
    category_id: int
    division: str
    caller: str
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Tickets that gather beyond chance.

    `expected` is the mean by history for the time from `began_at`, `spread` the square of its
    relative uncertainty (negative binomial: variance = mean + spread × mean²). `surprise` is minus
    the decimal logarithm of the probability of so many callers, and `alarms_a_week` how many
    gatherings as strong as this chance makes in a week over the whole city. `usual` are tickets
    expected in each hour of the day (city time), for the chart.
    """

    series: Series
    tickets: tuple[int, ...]
    callers: int
    began_at: datetime
    last_at: datetime
    expected: float
    spread: float
    surprise: float
    alarms_a_week: float
    usual: tuple[float, ...]
    words: tuple[str, ...] = ()


def share_of(part: Sequence[int], whole: frozenset[int]) -> float:
    """Which share of some tickets is among others; 0 of none."""
    return sum(one in whole for one in part) / len(part) if part else 0.0
