"""The look for hot spots: every ten minutes, by one process or by several."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from analytics import hot_spots as gatherings
from analytics.hot_spot_usual import Usual, learn
from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.gatherings import Series, Trees
from dispatch.domain.learning_rules import HotSpotRules
from dispatch.service import hot_spot_counts, hot_spots
from dispatch.service.hot_spots import Growth
from dispatch.service.rulebook import RuleBook

log = logging.getLogger("hotline.jobs")

LOOK_S = 600.0
LEARN_AGAIN = timedelta(hours=1)
"""So long a fitted history serves: eight weeks change little in an hour."""


class HotSpotWatch:
    """Looks at the newest tickets; holds the fitted history between looks and nothing else."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._usual: Usual | None = None
        self._trees = Trees({}, {})
        self._learned: tuple[datetime, HotSpotRules] | None = None
        self._named: dict[Series, int] = {}

    def look(self, rules: HotSpotRules, now: datetime) -> int:
        """Find, grow and end hot spots; return how many were opened or told of again."""
        with self._database.read() as session:
            self._learn(session, rules, now)
            usual = self._usual
            if usual is None:
                return 0
            since = now - timedelta(hours=rules.window_hours)
            seen = hot_spot_counts.newest(session, since=since, until=now)
            found = gatherings.find(
                usual, seen, self._trees, rules, self._before(session, rules), now=now
            )
            grown = []
            for spot in hot_spots.watched(session, rules, now=now):
                more = gatherings.growth(
                    usual,
                    spot.series,
                    seen,
                    self._trees,
                    rules,
                    self._before(session, rules),
                    began_at=spot.began_at,
                    now=now,
                )
                if more is not None:
                    grown.append(Growth(spot.id, *more))
        with self._database.work() as session:
            told = hot_spots.keep(session, grown, found, rules, now=now)
        if told:
            log.info("hot spots told of: %d", told)
        return told

    def _learn(self, session: Session, rules: HotSpotRules, now: datetime) -> None:
        if self._learned is not None:
            at, by = self._learned
            if by == rules and timedelta() <= now - at < LEARN_AGAIN:
                return
        self._trees = hot_spot_counts.trees(session)
        first, last = _history(rules, now)
        counts = hot_spot_counts.history(session, since=first, until=last)
        self._usual = learn(
            counts,
            self._trees,
            until_hour=int(last.timestamp() // 3600),
            days=7 * rules.history_weeks,
        )
        self._named.clear()
        self._learned = now, rules

    def _before(self, session: Session, rules: HotSpotRules) -> Callable[[Series], int]:
        """How often a place was named in the history, asked once for each place."""
        at = self._learned[0] if self._learned else None

        def named(series: Series) -> int:
            if at is not None and series not in self._named:
                first, last = _history(rules, at)
                self._named[series] = hot_spot_counts.named_before(
                    session, series, self._trees, since=first, until=last
                )
            return self._named.get(series, 0)

        return named


def _history(rules: HotSpotRules, now: datetime) -> tuple[datetime, datetime]:
    """From when to when the history lasts: whole hours that end before the newest window."""
    last = (now - timedelta(hours=rules.window_hours)).replace(minute=0, second=0, microsecond=0)
    return last - timedelta(weeks=rules.history_weeks), last


def timers(
    database: Database, rulebook: RuleBook
) -> tuple[tuple[float, str, Callable[[datetime], None]], ...]:
    """What runs by the clock for hot spots: seconds, name, work."""
    watch = HotSpotWatch(database)

    def look(now: datetime) -> None:
        watch.look(rulebook.at(now).profile.hot_spot, now)

    return ((LOOK_S, "hot-spots", look),)
