"""Slow surges: a subject and place that bring clearly more in a week than their season explains.

Hot spots (analytics.hot_spots) see what gathers within a day; this looks at blocks of `surge_days`,
counted back from now, so that each block has every weekday once. The model is theirs: a series is
a share of the city's volume, learned from the blocks before with earlier bursts cut off,

    μ = share × N₀ × season        N₀: the city's tickets in the newest block
    season = (A + 20) ÷ (E + 20)   a year ago: A tickets in the same season, E by the share of the
                                   weeks before it then; between ½ and 2; 1 without such a year

and the number of different callers is negative binomial. Blocks slide with the looks, so a series
alarms by chance at most k · P(N ≥ k) times a block (Alm 1998, as in analytics.hot_spots), and with
S series it is told when S · k · P ≤ `false_alarms_a_week` × blocks per week.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from analytics.hot_spot_chance import chance
from analytics.hot_spot_usual import PRIOR, Numbers, without_bursts
from analytics.hot_spots import SAME, STILL_UNUSUAL, most_telling
from dispatch.domain.gatherings import WHOLE_CITY, BlockCount, Found, Seen, Series, Trees, share_of
from dispatch.domain.leader_rules import EarlyWarningRules

LEAST_BLOCKS = 4
"""With fewer blocks of history nothing is told."""

YEAR_DAYS = 364
SEASON_PRIOR = 20.0
SEASON_MOST = 2.0
WEEK_DAYS = 7


@dataclass(frozen=True)
class SurgeModel:
    """What each series should bring in the newest block, and how uncertain that is."""

    mean: Mapping[Series, float]
    spread: Mapping[Series, float]
    count: Mapping[Series, int]
    tests: int
    """Series with any ticket, now or in the history."""


def season_blocks(rules: EarlyWarningRules) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Numbers of the blocks of the same season a year ago, and of those before it then."""
    year = round(YEAR_DAYS / rules.surge_days)
    before = range(year + 1, year + 1 + _history(rules))
    return (year - 1, year), tuple(before)


def _history(rules: EarlyWarningRules) -> int:
    return max(1, rules.history_weeks * WEEK_DAYS // rules.surge_days)


def learn_surges(
    counts: Sequence[BlockCount], trees: Trees, rules: EarlyWarningRules
) -> SurgeModel | None:
    """Fit the blocks: 0 is the newest, 1 and more the history; None when that is too short."""
    history = _history(rules)
    by_leaf: dict[tuple[int, str], dict[int, int]] = defaultdict(dict)
    for one in counts:
        by_leaf[one.category_id, one.division][one.block] = one.tickets
    same, earlier = season_blocks(rules)
    blocks = (*range(history, -1, -1), *same, *earlier)
    place = {block: i for i, block in enumerate(blocks)}
    rows = sorted({node for (leaf, _) in by_leaf for node in trees.categories.get(leaf, ())})
    columns = sorted({n for (_, leaf) in by_leaf for n in trees.divisions.get(leaf, (WHOLE_CITY,))})
    row = {node: i for i, node in enumerate(rows)}
    column = {node: i for i, node in enumerate(columns)}
    cells = np.zeros((len(rows), len(columns), len(blocks)))
    city = np.zeros(len(blocks))
    for (category, division), found in by_leaf.items():
        for block, tickets in found.items():
            if block not in place:
                continue
            city[place[block]] += tickets
            for node in trees.categories.get(category, ()):
                for part in trees.divisions.get(division, (WHOLE_CITY,)):
                    cells[row[node], column[part], place[block]] += tickets
    first = np.flatnonzero(city[:history])
    if not len(first) or history - first[0] < LEAST_BLOCKS or city[history] == 0:
        return None
    mean, spread = _expected(
        cells[:, :, first[0] : history], city[first[0] : history], column[WHOLE_CITY]
    )
    mean = mean * city[history]
    mean *= _season(cells[:, :, history + 1 :], city[history + 1 :], len(same))
    now = cells[:, :, history]
    known = (cells[:, :, : history + 1].sum(axis=2) > 0).nonzero()
    cell = {(i, j): Series(rows[i], columns[j]) for i, j in zip(*known, strict=True)}
    return SurgeModel(
        mean={series: float(mean[at]) for at, series in cell.items()},
        spread={series: float(spread[at]) for at, series in cell.items()},
        count={series: int(now[at]) for at, series in cell.items()},
        tests=len(cell),
    )


def _expected(cells: Numbers, volumes: Numbers, everywhere: int) -> tuple[Numbers, Numbers]:
    """Share of the city's volume and its spread, with the prior of analytics.hot_spot_usual."""
    cut, alpha = without_bursts(cells, volumes, everywhere)
    totals = cut.sum(axis=2)
    volume = volumes.sum()
    of_category = totals[:, everywhere] + PRIOR
    of_division = cells.sum(axis=2)
    in_division = of_division.sum(axis=0) / max(of_division[:, everywhere].sum(), 1) * volume
    mean = np.outer(of_category, in_division + PRIOR) / (volume + PRIOR) / volume
    shares = (PRIOR + totals) / (PRIOR / mean + volume)
    return shares, alpha + 1.0 / (PRIOR + totals)


def _season(cells: Numbers, city: Numbers, same: int) -> Numbers:
    """By how much the season moves each series' share, by the year before."""
    now, before = city[:same].sum(), city[same:].sum()
    if now == 0 or np.count_nonzero(city[same:]) < LEAST_BLOCKS:
        return np.ones(cells.shape[:2])
    found = cells[:, :, :same].sum(axis=2)
    due = cells[:, :, same:].sum(axis=2) / before * now
    ratio = (found + SEASON_PRIOR) / (due + SEASON_PRIOR)
    return np.asarray(np.clip(ratio, 1 / SEASON_MOST, SEASON_MOST))


TicketsOf = Callable[[Series], Sequence[Seen]]
"""The tickets of a series in the newest block, the oldest first."""


def surges(
    model: SurgeModel,
    trees: Trees,
    rules: EarlyWarningRules,
    tickets_of: TicketsOf,
    watched: Sequence[Series] = (),
    *,
    now: datetime,
) -> list[Found]:
    """The surges of the newest block, the least likely first, nested ones told once.

    One that is watched already stays as long as it is unusual, and nothing that shares half of
    its tickets is told beside it.
    """
    known = [one for s in watched if (one := _judge(model, s, rules, tickets_of, lasting=True))]
    held = [frozenset(one.tickets) for one in known]
    candidates = [
        series
        for series, count in model.count.items()
        if count >= rules.surge_least
        and series not in watched
        and _alarms(model, series, count, rules) <= rules.false_alarms_a_week
    ]
    found = [one for s in candidates if (one := _judge(model, s, rules, tickets_of))]
    fresh = [one for one in most_telling(found, trees) if not _shared(one, held)]
    return [*known, *fresh]


def _shared(one: Found, held: Sequence[frozenset[int]]) -> bool:
    mine = frozenset(one.tickets)
    return any(
        max(share_of(one.tickets, other), share_of(tuple(other), mine)) >= SAME for other in held
    )


def _alarms(model: SurgeModel, series: Series, callers: int, rules: EarlyWarningRules) -> float:
    by_chance = chance(callers, model.mean[series], model.spread[series])
    return model.tests * callers * by_chance * WEEK_DAYS / rules.surge_days


def _judge(
    model: SurgeModel,
    series: Series,
    rules: EarlyWarningRules,
    tickets_of: TicketsOf,
    *,
    lasting: bool = False,
) -> Found | None:
    """The surge by its callers; with `lasting` it is only asked whether it is unusual still."""
    if series not in model.mean:
        return None
    seen = tickets_of(series)
    callers = len({one.caller for one in seen})
    mean, spread = model.mean[series], model.spread[series]
    by_chance = chance(callers, mean, spread)
    alarms = _alarms(model, series, callers, rules)
    lasts = by_chance <= STILL_UNUSUAL and callers > mean
    told = len(seen) >= rules.surge_least and alarms <= rules.false_alarms_a_week
    if not (lasts if lasting else told):
        return None
    return Found(
        series=series,
        tickets=tuple(one.ticket_id for one in seen),
        callers=callers,
        began_at=seen[0].at,
        last_at=seen[-1].at,
        expected=mean,
        spread=spread,
        surprise=-math.log10(by_chance),
        alarms_a_week=alarms,
        usual=(),
    )
