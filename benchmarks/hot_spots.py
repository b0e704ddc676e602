"""Hot spots: planted bursts found, how soon, false alarms in quiet weeks, and a look's time."""

from __future__ import annotations

import statistics
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from analytics.hot_spot_usual import Usual, learn
from analytics.hot_spots import find
from analytics.place_words import names_in
from benchmarks import city_store
from benchmarks.bulk import on_sqlite, room_for
from benchmarks.city_weeks import START, Burst, City, by_hour
from benchmarks.lines import Line, MeasurementFailed, percentile
from benchmarks.plan import Plan
from benchmarks.workshop import progress
from dispatch.bus import Database
from dispatch.domain.gatherings import Found, Seen, Series, share_of
from dispatch.domain.learning_rules import HotSpotRules
from dispatch.domain.policy import load_profile
from hotline.hot_spots import HotSpotWatch

RULES = load_profile("default").hot_spot
SEED = 20261
LOOK = timedelta(minutes=10)
HOUR = timedelta(hours=1)
WATCHED_WEEKS = 5
BURSTS = (
    ("place", 5, 2.0),
    ("place", 8, 4.0),
    ("street", 6, 2.0),
    ("street", 10, 5.0),
    ("district", 12, 3.0),
    ("district", 25, 6.0),
    ("city", 30, 3.0),
    ("city", 60, 8.0),
)
"""Kind, tickets, hours: from a burst pipe to a supply that fails everywhere."""
PLANTED = 10
"""Of each kind and size."""
LOOKS = 5


@dataclass
class Watched:
    """Weeks of a city, looked at each ten minutes; the history is fitted each day."""

    city: City
    days: list[list[Seen]]
    rules: HotSpotRules = RULES

    def __post_init__(self) -> None:
        self.tickets = [one for day in self.days for one in day]
        self._at = [one.at for one in self.tickets]
        self._fitted: dict[int, tuple[Usual, Counter[Series]]] = {}

    def newest(self, now: datetime, planted: Sequence[Seen] = ()) -> list[Seen]:
        """The tickets of the newest window, with those planted that have come in."""
        since = now - timedelta(hours=self.rules.window_hours)
        seen = self.tickets[bisect_right(self._at, since) : bisect_right(self._at, now)]
        return seen + [one for one in planted if since < one.at <= now]

    def look(self, now: datetime, planted: Sequence[Seen] = ()) -> tuple[Found, ...]:
        """What is found at a moment."""
        usual, named = self._fit((now - START).days)
        seen = self.newest(now, planted)
        return find(usual, seen, self.city.trees, self.rules, lambda s: named[s], now=now)

    def _fit(self, day: int) -> tuple[Usual, Counter[Series]]:
        if day not in self._fitted:
            weeks = 7 * self.rules.history_weeks
            last = START + timedelta(days=day) - timedelta(hours=self.rules.window_hours)
            first = last - timedelta(days=weeks)
            past = self.tickets[bisect_left(self._at, first) : bisect_left(self._at, last)]
            hour = int(last.timestamp() // 3600)
            usual = learn(by_hour(past), self.city.trees, until_hour=hour, days=weeks)
            if usual is None:
                raise MeasurementFailed("the history is too short")
            named = Counter(
                Series(category, place=name)
                for one in past
                for name in names_in(one.text)
                for category in self.city.trees.categories[one.category_id]
            )
            # A burst may run over midnight: the day before is still wanted.
            self._fitted = {d: fit for d, fit in self._fitted.items() if d == day - 1}
            self._fitted[day] = usual, named
        return self._fitted[day]


def made(weeks: int, seed: int = SEED, *, a_day: int = 2_000) -> Watched:
    """A history and so many weeks to watch."""
    city = City(seed, a_day=a_day)
    days = 7 * (RULES.history_weeks + weeks) + 2
    return Watched(city, [city.day(number) for number in range(days)])


def false_alarms(watched: Watched, first_day: int, days: int) -> list[Found]:
    """Hot spots told of in days without any burst, each once while it lasts."""
    told: list[tuple[datetime, Found]] = []
    now = START + timedelta(days=first_day)
    end = now + timedelta(days=days)
    while now < end:
        for one in watched.look(now):
            if not any(share_of(one.tickets, frozenset(o.tickets)) >= 0.5 for _, o in told):
                told.append((now, one))
        now += LOOK
    return [one for _, one in told]


def minutes_to_find(watched: Watched, burst: Burst) -> float | None:
    """From the ticket that makes it large enough to the look that tells; None when none did.

    It must be told while it lasts or within the hour after; half of what is told must belong to it.
    """
    mine = frozenset(one.ticket_id for one in burst.tickets)
    enough = burst.tickets[watched.rules.least_tickets - 1].at
    now = START + (enough - START) // LOOK * LOOK + LOOK
    while now <= max(burst.tickets[-1].at, enough) + HOUR:
        for one in watched.look(now, burst.tickets):
            if share_of(one.tickets, mine) >= 0.5:
                return (now - enough).total_seconds() / 60
        now += LOOK
    return None


def measure(plan: Plan) -> Iterator[Line]:
    """Quiet weeks, planted bursts, and one look among the tickets asked for."""
    progress(f"hot_spots: {RULES.history_weeks + WATCHED_WEEKS} weeks of a city")
    watched = made(WATCHED_WEEKS)
    first = 7 * RULES.history_weeks + 1
    began = time.process_time()
    alarms = false_alarms(watched, first, 7 * WATCHED_WEEKS)
    looks = 7 * WATCHED_WEEKS * 144
    progress(f"hot_spots: {looks} looks in {time.process_time() - began:.0f} s")
    yield Line(
        figure="hot_spot_false_alarms_a_week",
        value=len(alarms) / WATCHED_WEEKS,
        unit="a week",
        limit="what the policy allows",
        limit_value=RULES.false_alarms_a_week,
        n=len(alarms),
        note=f"{WATCHED_WEEKS} weeks without bursts, {len(watched.tickets):,} tickets in all",
    )
    yield from _planted(watched, first)
    room_for(plan.tickets)
    with on_sqlite() as database:
        yield _look_ms(database, plan.tickets)


def _planted(watched: Watched, first: int) -> Iterator[Line]:
    delays: dict[tuple[str, int, float], list[float | None]] = {shape: [] for shape in BURSTS}
    # Day by day, so that each day's history is fitted once.
    for turn in range(PLANTED):
        day = START + timedelta(days=first + turn * 3 % (7 * WATCHED_WEEKS))
        for number, (kind, size, hours) in enumerate(BURSTS):
            begins = day + timedelta(hours=(7 + 5 * turn + number) % 20)
            burst = watched.city.burst(kind, size, begins, hours)
            delays[kind, size, hours].append(minutes_to_find(watched, burst))
    for (kind, size, hours), found in delays.items():
        hits = [delay for delay in found if delay is not None]
        middle = f"median {statistics.median(hits):.0f} min after the 5th" if hits else "none"
        soon = sum(delay <= 60 for delay in hits)
        yield Line(
            figure=f"hot_spot_found_{kind}_{size}",
            value=len(hits) / PLANTED,
            unit="share",
            limit="all of them",
            limit_value=1.0,
            n=PLANTED,
            note=f"tickets in {hours:g} h; {middle}; {soon} within the hour of it",
        )
    every = [delay for found in delays.values() for delay in found if delay is not None]
    if every:
        yield Line(
            figure="hot_spot_delay_min_p95",
            value=percentile(every, 0.95),
            unit="min",
            limit="the hour",
            limit_value=60,
            n=len(every),
            note=f"after the 5th ticket, of {PLANTED * len(BURSTS)} bursts; looks 10 min apart",
        )


def _look_ms(database: Database, tickets: int) -> Line:
    """A look in a database with many tickets, with a new fit and with the fit of before."""
    city = City(SEED + 1)
    days = 7 * RULES.history_weeks + 3
    progress(f"hot_spots: {tickets:,} tickets for one look")
    with database.work() as session:
        city_store.found(session, city.trees)
        newest = [one for number in range(days) for one in city.day(number)]
        city_store.store(session, newest)
        city_store.copy_back(session, len(newest), days, tickets // len(newest))
    with database.work() as session:
        session.execute(text("ANALYZE"))
    now = START + timedelta(days=days - 1, hours=15)
    fresh, again = [], []
    for _ in range(LOOKS):
        watch = HotSpotWatch(database)
        fresh.append(_ms(watch, now))
        again.append(_ms(watch, now + LOOK))
    return Line(
        figure="hot_spot_look_ms",
        value=statistics.median(again),
        unit="ms",
        limit="the look that reads and fits eight weeks anew, once an hour",
        limit_value=statistics.median(fresh),
        n=LOOKS,
        note=f"processor time, SQLite, {tickets:,} tickets, {len(newest):,} of them in nine weeks",
    )


def _ms(watch: HotSpotWatch, now: datetime) -> float:
    began = time.process_time()
    watch.look(RULES, now)
    return 1000 * (time.process_time() - began)
