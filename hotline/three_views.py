"""What runs by the clock for judgement: the week's lot of checks, and the look for gaming."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from dispatch.bus import Database
from dispatch.service import gaming, quality_lot
from dispatch.service.rulebook import RuleBook

log = logging.getLogger("hotline.jobs")

LOOK_S = 3600.0
WEEK = timedelta(weeks=1)


def timers(
    database: Database, rulebook: RuleBook
) -> tuple[tuple[float, str, Callable[[datetime], None]], ...]:
    """Seconds, name, work."""

    def draw(now: datetime) -> None:
        week = quality_lot.week_before(now)
        with database.work() as session:
            drawn = quality_lot.draw(session, week, rulebook.at(now), now=now)
        if drawn:
            log.info("quality checks drawn for the week of %s: %d", week, drawn)

    def look(now: datetime) -> None:
        # The week that is over once more: what was done in its last hour, and what is only known
        # of a whole week.
        for week in (gaming.week_at(now) - WEEK, gaming.week_at(now)):
            with database.read() as session:
                seen = gaming.look(session, week, rulebook.at(now), now=now)
            with database.work() as session:
                found = gaming.keep(session, week, seen, now=now)
            if found:
                log.info("findings of gaming in the week of %s: %d", week, found)

    return ((LOOK_S, "quality-lot", draw), (LOOK_S, "gaming", look))
