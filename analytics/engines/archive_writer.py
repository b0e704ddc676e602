"""Taking an archive: the large tables as Parquet files, only what is new or has changed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Table, func, select

from analytics.engines.changes import (
    Since,
    changed,
    one_moment,
    settled_event,
    spill,
)
from analytics.engines.columns import ARCHIVED, COLUMNS, SMALL, TICKET
from analytics.engines.duck import from_csv, open_duck, quoted
from analytics.engines.manifest import Block, Manifest, read_manifest, write_manifest
from dispatch.bus import Database
from dispatch.db import Session

BLOCK = 250_000
"""Ids to a file: small enough to be written anew when one old row changed."""


@dataclass(frozen=True)
class Taken:
    """What a run did."""

    manifest: Manifest
    written: int
    """Files written."""
    rows: int
    """Rows in them."""


def take(database: Database, folder: Path, *, now: datetime, block: int = BLOCK) -> Taken:
    """Bring the archive in a folder up to date; readers see the old one until it is done.

    A file whose rows did not change is kept as it is. Everything is of one moment.
    """
    folder.mkdir(parents=True, exist_ok=True)
    old = read_manifest(folder)
    columns = {table.name: dict(COLUMNS[table.name]) for table in ARCHIVED}
    if old is not None and old.columns != columns:
        old = None  # other columns: every file is made anew
    with database.read() as session:
        one_moment(session)
        event = settled_event(session, now)
        writer = _Writer(session, folder, old, block, now)
        blocks = {table.name: tuple(writer.table(table)) for table in ARCHIVED}
        writer.small_tables()
    made = Manifest(taken_at=now, event=event, columns=columns, blocks=blocks)
    write_manifest(folder, made)
    _sweep(folder, made, old)
    return Taken(made, writer.written, writer.rows)


def tickets_up_to(database: Database) -> int:
    """The largest number a ticket has: how many there are, or were."""
    with database.read() as session:
        return session.scalar(select(func.max(TICKET.c.id))) or 0


class _Writer:
    """Writes the files of one run."""

    def __init__(
        self, session: Session, folder: Path, old: Manifest | None, block: int, now: datetime
    ) -> None:
        self._session = session
        self._folder = folder
        self._old = old
        self._block = block
        self._stamp = f"{now:%Y%m%d%H%M%S}-{time.monotonic_ns():x}"
        self._duck = open_duck(folder)
        self.written = 0
        self.rows = 0

    def table(self, table: Table) -> Iterator[Block]:
        """The blocks of a table: those kept, and those written anew, in order."""
        largest = self._session.scalar(select(func.max(table.c.id))) or 0
        kept = {} if self._old is None else {b.first: b for b in self._old.blocks[table.name]}
        dirty = self._dirty(table)
        for first in range(1, largest + 1, self._block):
            last = first + self._block - 1
            was = kept.get(first)
            if was is not None and was.last == last and first not in dirty:
                yield was
            elif (new := self._write(table, first, min(last, largest), last)) is not None:
                yield new

    def _dirty(self, table: Table) -> set[int]:
        """The first ids of the blocks in which a row is new, changed or gone."""
        if self._old is None:
            return set()
        since = Since.of(self._old)
        number = (table.c.id - 1) // self._block
        query = select(number).where(changed(table, since)).distinct()
        found = {int(n) * self._block + 1 for n in self._session.scalars(query)}
        return found | self._gone(table)

    def _gone(self, table: Table) -> set[int]:
        """Blocks with rows of an import that was taken back, or that the database has fewer of."""
        if self._old is None:
            return set()
        found = set()
        for block in self._old.blocks[table.name]:
            query = select(func.count()).where(table.c.id.between(block.first, block.last))
            if self._session.scalar(query.select_from(table)) != block.rows:
                found.add(block.first)
        return found

    def _write(self, table: Table, first: int, largest: int, last: int) -> Block | None:
        folder = self._folder / table.name
        folder.mkdir(exist_ok=True)
        name = f"{table.name}/{first:012d}-{self._stamp}.parquet"
        with tempfile.TemporaryDirectory(prefix=".taking-", dir=self._folder) as place:
            path = Path(place) / "rows.csv"
            count = spill(self._session, table, table.c.id.between(first, last), path)
            if not count:
                return None
            self._parquet(from_csv(table.name, path), self._folder / name)
        self.written += 1
        self.rows += count
        # A block that is not full yet ends where its rows end, so that newer ones are asked live.
        return Block(name, first, last if largest == last else largest, count)

    def _parquet(self, query: str, path: Path) -> None:
        self._duck.execute(f"COPY ({query}) TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd)")

    def small_tables(self) -> None:
        """The small tables, for an engine that has no live database beside it."""
        for table in SMALL:
            with tempfile.TemporaryDirectory(prefix=".taking-", dir=self._folder) as place:
                path, made = Path(place) / "rows.csv", Path(place) / "rows.parquet"
                spill(self._session, table, None, path)
                self._parquet(from_csv(table.name, path), made)
                made.replace(self._folder / f"{table.name}.parquet")


def _sweep(folder: Path, *manifests: Manifest | None) -> None:
    """Remove files that neither list names: whoever reads the old one may finish."""
    listed = {
        block.file
        for manifest in manifests
        if manifest is not None
        for blocks in manifest.blocks.values()
        for block in blocks
    }
    for path in folder.glob("*/*.parquet"):
        if f"{path.parent.name}/{path.name}" not in listed:
            path.unlink(missing_ok=True)
