"""Keeps the index of tickets: built from the database, then following what is committed.

The index is a cache in the data folder. One process writes it (the kernel's lock says which, and
lets go of it when the process ends); what was committed to it says itself how far it is, so after
a crash the rest is read again. A damaged one, one of another version or of another database is
thrown away and built anew; meanwhile the pages do without.
"""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from classifier.errors import IndexUnusable
from classifier.near_index import Mark, NearIndex, require_intact, wipe
from dispatch.bus import Database, Feed
from dispatch.db import DATABASE_DOWN
from dispatch.domain.ports import TicketText
from dispatch.service import search_rows
from dispatch.service.search_rows import Horizon

log = logging.getLogger("hotline.near")

AT_ONCE = 5_000
"""Tickets written together while building: a commit each costs a tenth of a second."""

POLL_S = 1.0
"""How soon a commit of another process is seen, and how seldom small changes are written."""

CHECK_S = 600.0
"""How often the files are held against their checksums: half a second for a million tickets."""

RETRY_S = 5.0
"""How long another process's lock, a lost database or a full disk is waited for."""

_PASSING: tuple[type[Exception], ...] = (*DATABASE_DOWN, OSError)


class NearKeeper:
    """Writes the index in a thread of its own while no other process does."""

    def __init__(self, database: Database, folder: Path, *, retry_s: float = RETRY_S) -> None:
        self._database = database
        self._folder = folder
        self._retry_s = retry_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin in the background."""
        self._thread = threading.Thread(target=self._run, name="near", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after what is being written; the rest is read at the next start."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(RETRY_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with _sole_writer(self._folder.with_name(self._folder.name + ".lock")) as ours:
                    if ours:
                        self._keep()
            except IndexUnusable as problem:
                log.warning("%s", problem)
            except _PASSING as problem:
                log.warning("similar tickets wait: %s", problem)
            self._stopping.wait(self._retry_s)

    def _keep(self) -> None:
        """Bring the index up to date, then follow, until told to stop."""
        writing = Writing.begin(self._database, self._folder)
        try:
            while not self._stopping.is_set() and writing.build():
                pass
            seen, checked = 0, time.monotonic()
            while not self._stopping.is_set():
                if time.monotonic() - checked > CHECK_S:
                    require_intact(self._folder)
                    checked = time.monotonic()
                if not writing.follow():
                    seen = self._database.wait_for_commit(seen, POLL_S)
                self._stopping.wait(POLL_S)
        finally:
            writing.index.close()


class Writing:
    """One process's writing of the index, step by step; each step is kept or not done at all."""

    def __init__(self, database: Database, index: NearIndex, mark: Mark) -> None:
        self.index = index
        self._database = database
        self._mark = mark
        self._feed = Feed(database, since=mark.fact)

    @classmethod
    def begin(cls, database: Database, folder: Path) -> Writing:
        """Go on with the index there is, or begin a new one when it cannot be used."""
        with database.read() as session:
            newest = search_rows.horizon(session)
        try:
            index = NearIndex(folder)
            mark = index.mark()
            usable = _belongs(mark, newest)
        except IndexUnusable as problem:
            log.warning("%s", problem)
            usable = False
        if not usable:
            wipe(folder)
            index, mark = NearIndex(folder), Mark()
        if mark == Mark():
            mark = Mark(origin=newest.origin, fact=newest.fact)
        return cls(database, index, replace(mark, origin=newest.origin))

    def build(self) -> bool:
        """Write the next tickets there were at the beginning; False when none is left."""
        if self._mark.complete:
            return False
        with self._database.read() as session:
            last, rows = search_rows.texts_after(session, self._mark.ticket, limit=AT_ONCE)
        more = last > self._mark.ticket
        self._put(rows, [], replace(self._mark, ticket=last, complete=not more))
        if not more:
            log.info("similar tickets: %d in the index", self.index.tickets)
        return more

    def follow(self) -> bool:
        """Write what changed since; False when nothing did.

        Tickets are looked for by their numbers too: an import may tell no fact of each.
        """
        changed = {fact.ticket_id for fact in self._feed.take() if fact.ticket_id is not None}
        with self._database.read() as session:
            last, fresh = search_rows.texts_after(session, self._mark.ticket, limit=AT_ONCE)
            rows = {row.ticket_id: row for row in search_rows.texts_of(session, changed)}
        if not changed and last == self._mark.ticket:
            return False
        gone = changed - rows.keys()
        rows |= {row.ticket_id: row for row in fresh}
        mark = replace(self._mark, fact=self._feed.position, ticket=last)
        self._put(list(rows.values()), sorted(gone), mark)
        return True

    def _put(self, rows: list[TicketText], gone: list[int], mark: Mark) -> None:
        self.index.put(rows, gone, mark)
        self._mark = mark


def division_parents(database: Database) -> dict[str, str | None]:
    """For each division's code the code of the one above, as the search asks for it."""
    with database.read() as session:
        return search_rows.division_parents(session)


def _belongs(mark: Mark, newest: Horizon) -> bool:
    """Whether the index was made of this database, as it is or was before."""
    ours = mark.origin in {"", newest.origin}
    return ours and mark.fact <= newest.fact and mark.ticket <= newest.ticket


@contextmanager
def _sole_writer(path: Path) -> Iterator[bool]:
    """Whether this process is the one that writes; the kernel lets go when the process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
