"""Hot spots: what was said far more often in the newest hours than its history explains.

Each category of the first and second level is looked at in each division, in the whole city, and at
each place that the newest texts name; each in three windows that end now (`window_hours`, a quarter
and a twelfth of it), as the prospective space-time scan of Kulldorff (J. R. Stat. Soc. A 164:61,
2001) lets the length of a cluster vary. What is counted are different callers, so that one angry
caller is no hot spot, and a resident whose ticket was merged counts like any other.

How many false alarms a threshold brings is not told by the probability P(N ≥ k) of one look: a
look follows another, and a series passes k anew each time its count climbs there. A Poisson stream
climbs from k − 1 to k at the rate λ · P(N = k − 1) = k · P(N = k) ÷ w, with w the window (Rice's
formula for a sliding window; Alm, Extremes 1:189, 1998). So a series alarms by chance at most

    a = (168 h ÷ w) · k · P(N ≥ k)     times a week,

and with S series in 3 windows each (Bonferroni, which needs no independence) it is reported when
3 · S · a ≤ `false_alarms_a_week`. S counts every cell with any ticket in its history or now, and as
many named places as a week brings.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from analytics.hot_spot_chance import (
    Window,
    chance,
    expectation,
    part_of_day,
    window_of,
)
from analytics.hot_spot_usual import Usual
from analytics.place_words import common, names_in, shared_words
from dispatch.domain.gatherings import WHOLE_CITY, Found, Seen, Series, Trees, share_of
from dispatch.domain.learning_rules import HotSpotRules

WINDOWS = (1, 4, 12)
"""What `window_hours` is divided by."""

WEEK = 168
SAME = 0.5
"""Two gatherings that share this part of the smaller one's tickets are one."""

NEARLY_ALL = 0.9
STILL_UNUSUAL = 0.01
"""A known hot spot grows while its window is less likely than this."""

MOST_NAMES = 40
"""Names of places whose history is looked up in one look, the commonest first."""

PlaceHistory = Callable[[Series], int]
"""How many tickets of a category named a place in the history."""


def find(
    usual: Usual,
    seen: Sequence[Seen],
    trees: Trees,
    rules: HotSpotRules,
    place_history: PlaceHistory,
    *,
    now: datetime,
) -> tuple[Found, ...]:
    """The gatherings among the tickets of the newest `window_hours`, the most telling first.

    Nested and overlapping ones are told once, by the series that chance explains least.
    """
    named = _named(seen, trees, rules)
    gathered, cells = _in_cells(usual, seen, trees, rules)
    tests = len(WINDOWS) * (cells + named.looked_at * WEEK / rules.window_hours)
    gathered.update(named.tickets)
    look = _Look(usual, rules, tests, place_history)
    found = [
        judged
        for part in WINDOWS
        for window in [window_of(usual, seen, rules.window_hours / part, now)]
        for series, tickets in gathered.items()
        if (judged := look.judge(series, tickets, window)) is not None
    ]
    return tuple(_in_words(one, seen, named) for one in most_telling(found, trees))


def growth(
    usual: Usual,
    series: Series,
    seen: Sequence[Seen],
    trees: Trees,
    rules: HotSpotRules,
    place_history: PlaceHistory,
    *,
    began_at: datetime,
    now: datetime,
) -> tuple[tuple[int, ...], float] | None:
    """The newest tickets of a known hot spot, and how many were expected since it began.

    None when its newest `window_hours` are nothing unusual any more: then it does not grow.
    """
    mine = [
        one
        for one in seen
        if trees.holds(series, one.category_id, one.division) and series.place in one.text
    ]
    likely = expectation(usual, series, place_history(series) if series.place else 0)
    window = window_of(usual, seen, rules.window_hours, now)
    callers = len({one.caller for one in mine})
    if chance(callers, likely.within(window), likely.spread) > STILL_UNUSUAL:
        return None
    since = tuple(one.ticket_id for one in mine if one.at >= began_at)
    return since, float(likely.hours @ part_of_day(began_at, now))


def most_telling(found: Iterable[Found], trees: Trees) -> list[Found]:
    """Of gatherings that share half of the smaller one's tickets, the least likely by chance.

    Where another one has nearly all of its tickets and says more about them, by naming their place
    or a narrower category, that one is told instead.
    """
    chosen: list[Found] = []
    ranked = sorted(
        found, key=lambda one: (one.alarms_a_week, one.expected, -len(one.tickets), str(one.series))
    )

    def says(one: Found) -> tuple[bool, int]:
        category = one.series.category_id
        return bool(one.series.place), len(trees.categories.get(category, ()))

    for one in ranked:
        if not any(_same(one, other) for other in chosen):
            nearly = [
                other
                for other in ranked
                if share_of(one.tickets, frozenset(other.tickets)) >= NEARLY_ALL
                and (other.series.place or one.series.division == other.series.division)
            ]
            chosen.append(max(nearly, key=says))
    return chosen


def _same(one: Found, other: Found) -> bool:
    mine, others = frozenset(one.tickets), frozenset(other.tickets)
    return max(share_of(other.tickets, mine), share_of(one.tickets, others)) >= SAME


def _in_cells(
    usual: Usual, seen: Sequence[Seen], trees: Trees, rules: HotSpotRules
) -> tuple[dict[Series, Sequence[Seen]], int]:
    """The cells with enough tickets to be judged, and how many have any, now or in the history."""
    leaves: dict[tuple[int, str], list[Seen]] = defaultdict(list)
    for one in seen:
        leaves[one.category_id, one.division].append(one)
    gathered: dict[tuple[int, int], list[Seen]] = defaultdict(list)
    for (category, division), tickets in leaves.items():
        parts = trees.divisions.get(division, (WHOLE_CITY,))
        columns = [usual.divisions[part] for part in parts if part in usual.divisions]
        for node in trees.categories.get(category, ()):
            if (i := usual.categories.get(node)) is not None:
                for j in columns:
                    gathered[i, j] += tickets
    new = sum(usual.totals[cell] == 0 for cell in gathered)
    categories = {i: node for node, i in usual.categories.items()}
    divisions = {j: node for node, j in usual.divisions.items()}
    many: dict[Series, Sequence[Seen]] = {
        Series(categories[i], divisions[j]): tickets
        for (i, j), tickets in gathered.items()
        if len(tickets) >= rules.least_tickets
    }
    return many, int((usual.totals > 0).sum()) + int(new)


@dataclass(frozen=True)
class _Named:
    """Who named which place in which category, and how many such pairs were looked at."""

    tickets: Mapping[Series, Sequence[Seen]]
    looked_at: int


def _named(seen: Sequence[Seen], trees: Trees, rules: HotSpotRules) -> _Named:
    said = {one.ticket_id: names_in(one.text) for one in seen if one.text}
    by_id = {one.ticket_id: one for one in seen}
    often: dict[str, int] = defaultdict(int)
    for names in said.values():
        for name in names:
            often[name] += 1
    by_category: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in seen:
        for name in said.get(one.ticket_id, ()):
            if often[name] >= rules.least_tickets:
                for category in trees.categories.get(one.category_id, ()):
                    by_category[category][name].append(one.ticket_id)
    found = {
        Series(category, place=name): [by_id[one] for one in tickets]
        for category, names in by_category.items()
        for name, tickets in common(names, rules.least_tickets).items()
    }
    commonest = sorted(found, key=lambda series: (-len(found[series]), str(series)))[:MOST_NAMES]
    levels = len({len(chain) for chain in trees.categories.values()}) or 1
    return _Named({series: found[series] for series in commonest}, levels * len(often))


@dataclass(frozen=True)
class _Look:
    """What all series of one look are judged by."""

    usual: Usual
    rules: HotSpotRules
    tests: float
    place_history: PlaceHistory

    def judge(self, series: Series, seen: Sequence[Seen], window: Window) -> Found | None:
        """The gathering, when so many callers are less likely than the policy allows."""
        tickets = [one for one in seen if window.since < one.at <= window.until]
        callers = len({one.caller for one in tickets})
        if len(tickets) < self.rules.least_tickets or callers < self.rules.least_callers:
            return None
        usual = self.usual
        known = self.place_history(series) if series.place else 0
        likely = expectation(usual, series, known)
        mean = likely.within(window)
        by_chance = chance(callers, mean, likely.spread)
        alarms = self.tests * (WEEK / window.length) * callers * by_chance
        if alarms > self.rules.false_alarms_a_week:
            return None
        return Found(
            series=series,
            tickets=tuple(one.ticket_id for one in tickets),
            callers=callers,
            began_at=min(one.at for one in tickets),
            last_at=max(one.at for one in tickets),
            expected=mean,
            spread=likely.spread,
            surprise=-math.log10(by_chance),
            alarms_a_week=alarms,
            usual=tuple(float(one) for one in likely.hours * window.level),
        )


def _in_words(found: Found, seen: Sequence[Seen], named: _Named) -> Found:
    """With the words its tickets share; the place's own name leads."""
    mine = frozenset(found.tickets)
    texts = [one.text for one in seen if one.ticket_id in mine]
    others = [one.text for one in seen if one.ticket_id not in mine]
    places = [
        series.place
        for series, there in named.tickets.items()
        if share_of(found.tickets, frozenset(one.ticket_id for one in there)) >= SAME
        and series.category_id == found.series.category_id
    ]
    words = [*dict.fromkeys(places)][:2]
    for word in shared_words(texts, others[:1000]):
        if not any(word in place or place in word for place in words):
            words.append(word)
    return replace(found, words=tuple(words))
