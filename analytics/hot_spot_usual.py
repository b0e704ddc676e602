"""What is usual: how many tickets each category brings in each part of the city, by its history.

The model is a share of the city's volume. On day d a series brings y_d tickets of the city's N_d;
its share is learned from `history_weeks`, so that weekdays, holidays and growth, which move N, move
every expectation alike (Kulldorff et al., PLoS Medicine 2(3):e59, 2005, condition on N too).

    share  = (½ + Σ y'_d) ÷ (½ ÷ m + Σ N_d)        Gamma prior with mean m, that of independence
    m      = (C + ½)(D + ½) ÷ (N + ½) ÷ N          C, D: tickets of the category, of the division
    y'_d   = min(y_d, μ_d + 3 σ_d + 1)             what earlier bursts brought does not count
    σ²     = μ + α μ²                              over-dispersed: negative binomial

Cutting off earlier bursts takes the place of the reweighting of Farrington et al. (J. R. Stat. Soc.
A 159:547, 1996) and Noufaily et al. (Stat. Med. 32:1206, 2013), whose residuals need larger counts.
When more than a quarter of the days would be cut, the level has changed and nothing is cut. α is a
moment estimate, pooled over series of one level and more and more the series' own as it grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from dispatch.domain.gatherings import WHOLE_CITY, HourCount, Trees

Numbers = npt.NDArray[np.float64]

HOURS = 24
LEAST_DAYS = 14
"""With less history there is nothing to compare with."""

CITY_OFFSET = 8
"""Hours that Asia/Shanghai is ahead of UTC; it has no summer time."""

PRIOR = 0.5
PROFILE_PRIOR = 48.0
"""A category's hours of the day count as much as the city's once it has so many tickets."""

LEVEL_PRIOR = 20.0
"""Tickets that hold the volume of the newest hours to the usual one, for small cities."""

SPREAD_PRIOR = 50.0
LEAST_SPREAD = 0.02
CUTS = 3


def tail(least: Numbers, mean: Numbers, spread: Numbers) -> Numbers:
    """The probability of `least` or more by a negative binomial with this mean and spread.

    P(X ≥ k) = I(μ ÷ (μ + r); k, r) with r = 1 ÷ spread (regularised incomplete beta function).
    """
    size = 1.0 / spread
    return np.asarray(special.betainc(least, size, mean / (mean + size)), dtype=np.float64)


@dataclass(frozen=True)
class Usual:
    """The fitted history. Rows are categories, columns divisions, as in the two indexes."""

    categories: dict[int, int]
    divisions: dict[str, int]
    totals: Numbers
    """Tickets of each cell in the history, earlier bursts cut off."""
    shares: Numbers
    spreads: Numbers
    profiles: Numbers
    """For each category, the share of its tickets in each hour of the city's day."""
    profile: Numbers
    """The same of the whole city."""
    a_day: float
    """Tickets of the city in a mean day."""
    volume: float
    """Tickets of the city in the whole history."""
    days: int

    def city_in(self, hours: Numbers) -> float:
        """How many tickets the city usually has in this part of the day (24 shares of hours)."""
        return self.a_day * float(hours @ self.profile)

    def level(self, tickets: int, hours: Numbers) -> float:
        """How the volume of some hours compares with the usual one."""
        return (tickets + LEVEL_PRIOR) / (self.city_in(hours) + LEVEL_PRIOR)

    def per_hour(self, category: int, share: float) -> Numbers:
        """Tickets expected in each hour of the day from a share of the city's volume."""
        return np.asarray(share * self.a_day * self.profiles[category], dtype=np.float64)

    def place_share(self, tickets: float) -> tuple[float, float]:
        """Share and spread of a place of which the history knows so many tickets.

        Nothing tells how often a place that was never named should be: half a ticket is assumed.
        """
        seen = PRIOR + tickets
        return seen / (1.0 + self.volume), 1.0 / seen + self._common_spread

    @property
    def _common_spread(self) -> float:
        return float(np.median(self.spreads - 1.0 / (PRIOR + self.totals)))


def learn(counts: Sequence[HourCount], trees: Trees, *, until_hour: int, days: int) -> Usual | None:
    """Fit the history that ends before an hour; None when it is shorter than two weeks.

    A day is 24 hours counted back from `until_hour`, so that the newest is always whole.
    """
    rows = sorted({node for chain in trees.categories.values() for node in chain})
    columns = sorted({node for chain in trees.divisions.values() for node in chain} | {WHOLE_CITY})
    row = {node: i for i, node in enumerate(rows)}
    column = {node: i for i, node in enumerate(columns)}
    known = [count for count in counts if count.category_id in trees.categories]
    if not known:
        return None
    leaves: dict[tuple[int, str], int] = {}
    leaf = np.array([leaves.setdefault((c.category_id, c.division), len(leaves)) for c in known])
    hour = np.array([count.hour for count in known])
    tickets = np.array([count.tickets for count in known], dtype=np.float64)
    day = days - 1 - (until_hour - 1 - hour) // HOURS
    inside = (day >= 0) & (day < days)
    leaf, day, tickets = leaf[inside], day[inside], tickets[inside]
    of_day = (hour[inside] + CITY_OFFSET) % HOURS
    city = np.zeros((days, HOURS))
    np.add.at(city, (day, of_day), tickets)
    first = np.flatnonzero(city.sum(axis=1))
    if not len(first) or days - first[0] < LEAST_DAYS:
        return None
    by_day = np.zeros((len(leaves), days))
    by_hour = np.zeros((len(leaves), HOURS))
    np.add.at(by_day, (leaf, day), tickets)
    np.add.at(by_hour, (leaf, of_day), tickets)
    cells = np.zeros((len(rows), len(columns), days))
    clock = np.zeros((len(rows), HOURS))
    for (category, division), i in leaves.items():
        for node in trees.categories[category]:
            clock[row[node]] += by_hour[i]
            for part in trees.divisions.get(division, (WHOLE_CITY,)):
                cells[row[node], column[part]] += by_day[i]
    return _fit(row, column, cells[:, :, first[0] :], clock, city[first[0] :])


def _fit(
    row: dict[int, int], column: dict[str, int], cells: Numbers, clock: Numbers, city: Numbers
) -> Usual:
    volumes = city.sum(axis=1)
    volume = float(volumes.sum())
    everywhere = column[WHOLE_CITY]
    cut, alpha = without_bursts(cells, volumes, everywhere)
    totals = cut.sum(axis=2)
    of_category = totals[:, everywhere] + PRIOR
    # Every ticket counts for a category of the first level, so the largest total is a division's.
    of_division = cells.sum(axis=2)
    in_division = of_division.sum(axis=0) / max(of_division[:, everywhere].sum(), 1) * volume
    mean = np.outer(of_category, in_division + PRIOR) / (volume + PRIOR) / volume
    shares = (PRIOR + totals) / (PRIOR / mean + volume)
    profile = (city.sum(axis=0) + 1.0) / (volume + HOURS)
    of_hours = clock.sum(axis=1, keepdims=True)
    return Usual(
        categories=row,
        divisions=column,
        totals=totals,
        shares=shares,
        spreads=alpha + 1.0 / (PRIOR + totals),
        profiles=(clock + PROFILE_PRIOR * profile) / (of_hours + PROFILE_PRIOR),
        profile=profile,
        a_day=volume / len(volumes),
        volume=volume,
        days=len(volumes),
    )


def without_bursts(cells: Numbers, volumes: Numbers, everywhere: int) -> tuple[Numbers, Numbers]:
    """The counts with earlier bursts cut off, and the over-dispersion α of each cell."""
    cut = cells
    alpha = np.full(cells.shape[:2], LEAST_SPREAD)
    for _ in range(CUTS):
        mean = cut.sum(axis=2)[:, :, None] / volumes.sum() * volumes
        most = mean + 3.0 * np.sqrt(mean + alpha[:, :, None] * mean**2) + 1.0
        above = cells > most
        moved = above.mean(axis=2, keepdims=True) > 0.25
        cut = np.where(above & ~moved, most, cells)
        mean = cut.sum(axis=2)[:, :, None] / volumes.sum() * volumes
        alpha = _dispersion(cut, mean, everywhere)
    return cut, alpha


def _dispersion(cut: Numbers, mean: Numbers, everywhere: int) -> Numbers:
    """Moment estimate of α: Σ((y − μ)² − μ) ÷ Σ μ², pooled and own by the weight Σ μ²."""
    excess = ((cut - mean) ** 2 - mean).sum(axis=2)
    weight = (mean**2).sum(axis=2)
    pooled = np.full(weight.shape, LEAST_SPREAD)
    for part in (
        np.arange(weight.shape[1]) == everywhere,
        np.arange(weight.shape[1]) != everywhere,
    ):
        if weight[:, part].sum() > 0:
            pooled[:, part] = excess[:, part].sum() / weight[:, part].sum()
    mixed = (SPREAD_PRIOR * pooled + excess) / (SPREAD_PRIOR + weight)
    return np.asarray(np.maximum(mixed, LEAST_SPREAD), dtype=np.float64)
