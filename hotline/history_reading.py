"""Files of history that were handed over in the browser are read on by the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from dispatch.bus import Database
from dispatch.files.import_folder import ImportFolder
from dispatch.service import history_imports, history_running
from dispatch.service.rulebook import RuleBook

LOOK_S = 2.0
CLEAN_S = 3600.0
LEFT_LYING = timedelta(days=1)
"""So long a file that was handed over waits to be looked at before it is deleted."""


def timers(
    database: Database, rulebook: RuleBook, folder: ImportFolder
) -> tuple[tuple[float, str, Callable[[datetime], None]], ...]:
    """What runs by the clock for imports: seconds, name, work."""

    def read_on(now: datetime) -> None:
        history_running.go_on(database, folder, rulebook.at(now), now=now)

    def clean(now: datetime) -> None:
        with database.read() as session:
            wanted = [row.sha256 for row in history_imports.running(session)]
        folder.drop_old(now - LEFT_LYING, but=wanted)

    return ((LOOK_S, "history-imports", read_on), (CLEAN_S, "old-history-files", clean))
