"""The last month is made public by the clock where the policy says so."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from analytics import open_data_files
from dispatch.bus import Database
from dispatch.domain.errors import HotlineError
from dispatch.domain.people import SYSTEM
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import open_releases
from dispatch.service.rulebook import RuleBook

log = logging.getLogger("hotline.jobs")

LOOK_S = 3600.0


def publish_due(database: Database, folder: Path, rules: Rules, now: datetime) -> bool:
    """Publish last month once its day has come; whether it was published now."""
    today = now.astimezone(SHANGHAI).date()
    policy = rules.profile.open_data
    if not policy.by_schedule or today.day < policy.publish_day:
        return False
    month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    with database.read() as session:
        if open_releases.has_any(session, month):
            return False
        try:
            made = open_data_files.make(session, folder, month, rules)
        except HotlineError as problem:
            log.info("open data of %s: %s", month, problem)
            return False
    with database.work() as session:
        # Another process may have been quicker; the month's revision is unique.
        if open_releases.has_any(session, month):
            return False
        open_releases.publish(session, SYSTEM, **asdict(made), now=now)
    log.info("open data of %s published: %d rows", month, made.rows)
    return True


def timers(
    database: Database, rulebook: RuleBook, folder: Path
) -> tuple[tuple[float, str, Callable[[datetime], None]], ...]:
    """What runs by the clock for open data: seconds, name, work."""

    def look(now: datetime) -> None:
        publish_due(database, folder, rulebook.at(now), now)

    return ((LOOK_S, "open-data", look),)
