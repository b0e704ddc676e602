"""What runs by the clock for talks: marking a rectification that is overdue."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from dispatch.bus import Database
from dispatch.service import accountability

log = logging.getLogger("hotline.jobs")

LOOK_S = 60.0


def timers(database: Database) -> tuple[tuple[float, str, Callable[[datetime], None]], ...]:
    """Seconds, name, work."""

    def look(now: datetime) -> None:
        with database.work() as session:
            late = accountability.mark_overdue(session, now=now)
        if late:
            log.info("rectifications overdue: %d", late)

    return ((LOOK_S, "rectification", look),)
