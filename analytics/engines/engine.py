"""One interface to count by: the live database, or an archive beside it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session as OrmSession

from analytics.engines.columns import reach
from analytics.engines.dialect import connected
from analytics.engines.duck import DuckProgram
from analytics.engines.shelf import FRESH_S, ArchiveBehind, Shelf
from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.worktime import SHANGHAI

log = logging.getLogger("hotline.figures")


class FigureEngine(Protocol):
    """Whoever counts figures. `reading` gives a session: every SELECT of a figure runs on it."""

    def reading(self) -> AbstractContextManager[Session]:
        """A session that is never committed."""

    @property
    def told(self) -> str:
        """Where the numbers come from, as a person reads it."""

    def close(self) -> None:
        """Give back what is held between readings."""


class LiveEngine:
    """The database that is written to; for a city's size the right one."""

    told = "实时数据库"

    def __init__(self, database: Database) -> None:
        self._database = database

    def reading(self) -> AbstractContextManager[Session]:
        """The database's own session."""
        return self._database.read()

    def close(self) -> None:
        """Nothing is held."""


class RoutedSession(OrmSession):
    """Counts go to the counting engine; rows, names and texts come from the live database."""

    def __init__(self, live: Engine, counting: Connection) -> None:
        super().__init__(bind=live, expire_on_commit=False)
        self._live = live
        self._counting = counting

    def get_bind(
        self, mapper: Any = None, *, clause: Any = None, **more: Any
    ) -> Engine | Connection:
        """The database for a statement, by what it reads."""
        if clause is not None and getattr(clause, "is_select", False) and reach(clause).archived:
            return self._counting
        return self._live


class ArchiveEngine:
    """DuckDB over the archive and everything newer; without a usable archive the live database."""

    def __init__(self, database: Database, folder: Path, fresh_s: float = FRESH_S) -> None:
        self._database = database
        self._shelf = Shelf(database, folder, fresh_s)
        self._behind = ""

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session over one moment; an archive that may not be used is told once in the log."""
        with ExitStack() as held:
            try:
                cursor = held.enter_context(self._shelf.cursor())
            except ArchiveBehind as reason:
                self._tell(str(reason))
                yield held.enter_context(self._database.read())
                return
            self._behind = ""
            counting = held.enter_context(connected(DuckProgram(cursor)))
            yield held.enter_context(RoutedSession(self._database.engines.read, counting))

    def _tell(self, reason: str) -> None:
        if reason != self._behind:
            log.warning("figures are counted in the live database: %s", reason)
        self._behind = reason

    @property
    def told(self) -> str:
        """Of which archive, and that the newest is in it."""
        taken = self._shelf.taken_at
        if self._behind or taken is None:
            return LiveEngine.told
        return f"{taken.astimezone(SHANGHAI):%Y-%m-%d %H:%M} 归档与其后的实时数据"

    def close(self) -> None:
        """Give the memory back."""
        self._shelf.close()
