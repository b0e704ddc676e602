"""Early warnings on planted events: found or not, how soon, and false alarms in quiet weeks."""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from analytics.warnings_miss import pace_of, will_miss
from analytics.warnings_surge import learn_surges, surges
from benchmarks.city_weeks import START, Burst, City
from benchmarks.lines import Line, MeasurementFailed, percentile
from benchmarks.plan import Plan
from benchmarks.workshop import progress
from dispatch.domain.gatherings import BlockCount, Found, Seen, Series, share_of
from dispatch.domain.policy import load_profile

RULES = load_profile("default").early_warning
SEED = 20262
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LOOK = timedelta(hours=4)
QUIET_WEEKS = 4
SLOW = (
    ("street", 14, 6.0),
    ("street", 24, 6.0),
    ("district", 40, 6.0),
    ("district", 80, 6.0),
    ("city", 120, 6.0),
    ("city", 240, 6.0),
)
"""Kind, tickets, days: what rises slowly, from a street's lamps to a city's heating."""
PLANTED = 6
"""Of each kind and size."""

PACES = (2.0, 8.0, 30.0)
"""Tickets that units finish in a working day."""

UNIT_DAYS = 400
"""Unit-days of each pace without and with a pile-up."""


@dataclass
class Slowly:
    """Weeks of a city that are looked at again and again."""

    city: City
    tickets: list[Seen]

    def __post_init__(self) -> None:
        self._at = [one.at for one in self.tickets]

    def within(self, since: datetime, until: datetime, planted: Sequence[Seen]) -> list[Seen]:
        """The tickets between two moments with those planted, the oldest first."""
        seen = self.tickets[bisect_right(self._at, since) : bisect_right(self._at, until)]
        return seen + [one for one in planted if since < one.at <= until]

    def look(self, now: datetime, planted: Sequence[Seen] = ()) -> list[Found]:
        """What is found at a moment."""
        length = timedelta(days=RULES.surge_days)
        blocks = RULES.history_weeks * 7 // RULES.surge_days
        seen = self.within(now - length * (blocks + 1), now, planted)
        counted = Counter(((now - one.at) // length, one.category_id, one.division) for one in seen)
        counts = [BlockCount(*key, n) for key, n in counted.items()]
        model = learn_surges(counts, self.city.trees, RULES)
        if model is None:
            raise MeasurementFailed("the history is too short")
        newest = self.within(now - length, now, planted)

        def tickets_of(series: Series) -> list[Seen]:
            holds = self.city.trees.holds
            mine = [one for one in newest if holds(series, one.category_id, one.division)]
            return sorted(mine, key=lambda one: one.at)

        return surges(model, self.city.trees, RULES, tickets_of, now=now)


def made(weeks: int, seed: int = SEED, *, a_day: int = 1_000) -> Slowly:
    """A history and so many weeks to watch."""
    city = City(seed, a_day=a_day)
    days = 7 * (RULES.history_weeks + 1 + weeks) + 2
    return Slowly(city, [one for number in range(days) for one in city.day(number)])


def first_day() -> int:
    """The first day with a whole history."""
    return 7 * (RULES.history_weeks + 1) + 1


def false_alarms(slowly: Slowly, days: int) -> list[Found]:
    """Surges told of in days without any, each once while it lasts; looks four hours apart."""
    told: list[Found] = []
    now = START + first_day() * DAY
    end = now + days * DAY
    while now < end:
        told += [one for one in slowly.look(now) if not _again(one, told)]
        now += LOOK
    return told


def _again(one: Found, told: Sequence[Found]) -> bool:
    # Told once a week and series, as the warnings are kept.
    return any(
        (one.series == other.series and one.last_at - other.last_at < 7 * DAY)
        or share_of(one.tickets, frozenset(other.tickets)) >= 0.5
        for other in told
    )


def hours_to_find(slowly: Slowly, burst: Burst) -> float | None:
    """From the ticket that makes it large enough to the look that tells; None when none did.

    Half of what is told must belong to it, and it must be told while it rises or a day after.
    """
    mine = frozenset(one.ticket_id for one in burst.tickets)
    enough = burst.tickets[RULES.surge_least - 1].at
    now = START + (enough - START) // LOOK * LOOK + LOOK
    while now <= burst.tickets[-1].at + DAY:
        if any(share_of(one.tickets, mine) >= 0.5 for one in slowly.look(now, burst.tickets)):
            return (now - enough) / HOUR
        now += LOOK
    return None


def misses(pace: float, seed: int, days: int = UNIT_DAYS) -> tuple[int, int, int, int]:
    """Warned and late, warned and not, late and not warned, neither: unit-days of one pace.

    Each day a unit has some tickets due by its end, now and then a pile; it finishes what its
    scattering pace allows, due ones first. Late means that `miss_least` or more were late.
    """
    dice = np.random.default_rng(seed)
    counts = [0, 0, 0, 0]
    for _ in range(days):
        own = pace * dice.gamma(16, 1 / 16)
        days_before = dice.poisson(own * dice.gamma(10, 1 / 10, RULES.pace_days))
        pile = dice.random() < 0.2
        due = int(dice.poisson(own * (dice.uniform(1.5, 4.0) if pile else 0.7)))
        finished = int(dice.poisson(own * dice.gamma(10, 1 / 10)))
        warned = will_miss(pace_of(days_before.tolist(), 1.0), due, RULES)
        late = due - finished >= RULES.miss_least
        counts[(not warned) * 2 + (not late)] += 1
    return counts[0], counts[1], counts[2], counts[3]


def measure(plan: Plan) -> Iterator[Line]:
    """Quiet weeks, planted slow surges, and units with piles of tickets due."""
    progress("warnings: fourteen weeks of a city")
    slowly = made(QUIET_WEEKS)
    alarms = false_alarms(slowly, 7 * QUIET_WEEKS)
    yield Line(
        figure="warning_surge_false_a_week",
        value=len(alarms) / QUIET_WEEKS,
        unit="a week",
        limit="what the policy allows",
        limit_value=RULES.false_alarms_a_week,
        n=len(alarms),
        note=f"{QUIET_WEEKS} weeks without surges, {len(slowly.tickets):,} tickets in all",
    )
    found: list[float] = []
    planted = 0
    for number, (kind, size, days) in enumerate(SLOW):
        delays = []
        for turn in range(PLANTED):
            begins = START + (first_day() + (3 * turn + number) % 18) * DAY + (5 * turn) * HOUR
            burst = slowly.city.burst(kind, size, begins, days * 24)
            delays.append(hours_to_find(slowly, burst))
        hits = [delay for delay in delays if delay is not None]
        found, planted = found + hits, planted + len(delays)
        yield Line(
            figure=f"warning_surge_found_{kind}_{size}",
            value=len(hits) / PLANTED,
            unit="share",
            limit="all of them",
            limit_value=1.0,
            n=PLANTED,
            note=f"tickets in {days:g} days; median delay "
            + (f"{statistics.median(hits):.0f} h after the 10th" if hits else "none"),
        )
    if found:
        yield Line(
            figure="warning_surge_delay_h_p95",
            value=percentile(found, 0.95),
            unit="h",
            limit="the surge's own length",
            limit_value=144,
            n=len(found),
            note=f"after the 10th ticket, of {planted} surges; looks 4 h apart",
        )
    yield from _misses()


def _misses() -> Iterator[Line]:
    for pace in PACES:
        right, wrong, missed, _ = misses(pace, SEED + int(pace))
        warned = right + wrong
        yield Line(
            figure=f"warning_miss_precision_{pace:g}",
            value=right / warned if warned else 0.0,
            unit="share",
            limit="100 minus the policy's chance",
            limit_value=1 - RULES.miss_chance_percent / 100,
            n=warned,
            note=f"units finishing {pace:g} a day; {right} of {right + missed} late days warned of",
        )
