"""The archive figures are counted from once a city has many tickets: who takes it, and when."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from analytics.engines.archive_writer import take, tickets_up_to
from analytics.engines.engine import ArchiveEngine, FigureEngine, LiveEngine
from analytics.facts import values
from analytics.figures import BY_CODE
from analytics.periods import Period
from analytics.rates import Value
from dispatch.bus import Database
from dispatch.domain.people import SYSTEM
from dispatch.domain.rules import Rules
from hotline.settings import Settings

log = logging.getLogger("hotline.jobs")

HOUR_S = 3600.0


def engine_of(settings: Settings, database: Database) -> FigureEngine:
    """Who counts: the archive where one is kept, which is the live database until it is there."""
    if not settings.archive_hours:
        return LiveEngine(database)
    return ArchiveEngine(database, settings.archive)


def timers(
    settings: Settings, database: Database
) -> tuple[tuple[float, str, Callable[[datetime], None]], ...]:
    """Seconds, name, work; nothing where no archive is kept."""

    def look(now: datetime) -> None:
        if tickets_up_to(database) < settings.archive_from:
            return
        taken = take(database, settings.archive, now=now)
        log.info("archive: %d files with %d rows written", taken.written, taken.rows)

    if not settings.archive_hours:
        return ()
    return ((settings.archive_hours * HOUR_S, "archive", look),)


@dataclass(frozen=True)
class Difference:
    """A figure of a period that the archive counts differently than the live database."""

    name: str
    period: Period
    live: Value
    archived: Value


def differences(
    database: Database, engine: FigureEngine, periods: list[Period], rules: Rules, now: datetime
) -> list[Difference]:
    """Every figure of these periods counted twice; an honest archive gives an empty list."""
    found = []
    with engine.reading() as archive, database.read() as live:
        for period in periods:
            there = values(archive, SYSTEM, period, rules, now=now)
            here = values(live, SYSTEM, period, rules, now=now)
            found += [
                Difference(BY_CODE[code].name, period, here[code], there[code])
                for code in here
                if here[code] != there[code]
            ]
    return found
