"""An archive and what happened since, put together so that nothing counted is stale."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from analytics.engines.changes import (
    LARGEST,
    Since,
    changed,
    how_many,
    one_moment,
    spill,
    tickets_told_of,
    undone_imports,
    write_rows,
)
from analytics.engines.columns import ARCHIVED, COLUMNS, CONTACT, COUNTED, SMALL, TICKET
from analytics.engines.duck import from_csv, from_parquet, open_duck, quoted
from analytics.engines.manifest import Manifest, read_manifest
from dispatch.bus import Database
from dispatch.db import Session

log = logging.getLogger("hotline.figures")

FRESH_S = 1.0
"""Figures are true to within a second."""


class ArchiveBehind(Exception):
    """There is no archive that may be counted from; the message says why."""


@dataclass
class _Generation:
    """What was put together at one moment, and how many still count from it."""

    name: str
    manifest: Manifest
    made: float
    readers: int = 0


class Shelf:
    """One DuckDB in memory. Each look is a generation of its own: whoever counts a report counts
    all of it from one moment, while the next second's reader already has the newer one."""

    def __init__(self, database: Database, folder: Path, fresh_s: float = FRESH_S) -> None:
        self._database = database
        self._folder = folder
        self._fresh_s = fresh_s
        self._lock = threading.Lock()
        self._duck: Any = None
        self._newest: _Generation | None = None
        self._old: list[_Generation] = []
        self._number = 0

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """A cursor over one moment no older than a second.

        Raises:
            ArchiveBehind: the archive is missing, of other columns, or too far behind.
        """
        with self._lock:
            if self._newest is None or time.monotonic() - self._newest.made >= self._fresh_s:
                self._look()
            generation = self._newest
            assert generation is not None
            generation.readers += 1
            cursor = self._duck.cursor()
        try:
            cursor.execute(f"USE {generation.name}")
            yield cursor
        finally:
            cursor.close()
            with self._lock:
                generation.readers -= 1
                self._drop_unread()

    @property
    def taken_at(self) -> datetime | None:
        """When the archive that was last counted from was taken (UTC)."""
        return self._newest.manifest.taken_at if self._newest else None

    def close(self) -> None:
        """Give the memory back."""
        with self._lock:
            if self._duck is not None:
                self._duck.close()
            self._duck = self._newest = None
            self._old.clear()

    def _look(self) -> None:
        manifest = read_manifest(self._folder)
        if manifest is None:
            raise ArchiveBehind("no archive has been taken yet")
        if manifest.columns != {table.name: dict(COLUMNS[table.name]) for table in ARCHIVED}:
            raise ArchiveBehind("the archive has other columns than the tables now")
        if self._duck is None:
            self._duck = open_duck(self._folder)
        self._number += 1
        made = _Generation(f"moment_{self._number}", manifest, time.monotonic())
        with (
            self._database.read() as session,
            tempfile.TemporaryDirectory(prefix="hotline-figures-") as place,
            self._duck.cursor() as cursor,
        ):
            one_moment(session)
            _Moment(session, cursor, made, self._folder, Path(place)).put_together()
        if self._newest is not None:
            self._old.append(self._newest)
        self._newest = made
        self._drop_unread()

    def _drop_unread(self) -> None:
        for generation in [one for one in self._old if not one.readers]:
            self._duck.execute(f"DROP SCHEMA {generation.name} CASCADE")
            self._old.remove(generation)


class _Moment:
    """Puts one generation together."""

    def __init__(
        self, session: Session, cursor: Any, made: _Generation, folder: Path, place: Path
    ) -> None:
        self._session = session
        self._cursor = cursor
        self._manifest = made.manifest
        self._schema = made.name
        self._folder = folder
        self._place = place
        self._since = Since.of(made.manifest)

    def put_together(self) -> None:
        """Read what is new, hide what changed, lay the views over both."""
        newer = sum(how_many(self._session, table, self._since) for table in COUNTED)
        if newer > LARGEST:
            raise ArchiveBehind(f"{newer} rows are newer than the archive")
        self._cursor.execute(f"CREATE SCHEMA {self._schema}")
        self._cursor.execute(f"USE {self._schema}")
        for table in (*SMALL, *COUNTED):
            name = table.name if table in SMALL else f"{table.name}_new"
            self._read(table, name)
        self._hide()
        for table in COUNTED:
            self._view(table)

    def _read(self, table: Table, name: str) -> None:
        where = changed(table, self._since) if table in COUNTED else None
        path = self._place / f"{name}.csv"
        spill(self._session, table, where, path)
        self._cursor.execute(f"CREATE TABLE {name} AS {from_csv(table.name, path)}")

    def _hide(self) -> None:
        """The archived rows that no longer hold: of tickets with a fact since, and taken back."""
        path = self._place / "told.csv"
        told = write_rows(path, self._session, tickets_told_of(self._since).distinct())
        self._cursor.execute("CREATE TABLE ticket_hidden (id BIGINT)")
        if told:
            listed = f"read_csv({quoted(path)}, columns = {{'id': 'BIGINT'}}, header = false)"
            self._cursor.execute(f"INSERT INTO ticket_hidden SELECT id FROM {listed}")
        self._cursor.execute("CREATE TABLE contact_hidden AS SELECT id FROM contact_new")
        undone = ", ".join(str(id_) for id_ in undone_imports(self._session, self._since))
        for table in (TICKET, CONTACT) if undone else ():
            rows = from_parquet(table.name, self._files(table))
            gone = f"SELECT id FROM ({rows}) WHERE import_id IN ({undone})"
            self._cursor.execute(f"INSERT INTO {table.name}_hidden {gone}")

    def _files(self, table: Table) -> list[str]:
        return self._manifest.files(self._folder, table.name)

    def _view(self, table: Table) -> None:
        # What belongs to a ticket is hidden with it, for it may have been deleted since.
        key, hidden = ("id", table.name) if table in (TICKET, CONTACT) else ("ticket_id", "ticket")
        rows = from_parquet(table.name, self._files(table))
        if self._cursor.execute(f"SELECT count(*) FROM {hidden}_hidden").fetchone()[0]:
            rows = f"SELECT * FROM ({rows}) WHERE {key} NOT IN (SELECT id FROM {hidden}_hidden)"
        names = ", ".join(f'"{name}"' for name in COLUMNS[table.name])
        self._cursor.execute(
            f"CREATE VIEW {table.name} AS {rows} "
            f"UNION ALL SELECT {names} FROM {self._schema}.{table.name}_new"
        )
