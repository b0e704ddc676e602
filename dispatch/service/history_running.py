"""Reading a history file to its end: part by part, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from dispatch.bus import Database
from dispatch.domain.errors import NotFound
from dispatch.domain.people import SYSTEM
from dispatch.domain.rules import Rules
from dispatch.files.import_folder import ImportFolder, RefusedRow
from dispatch.files.spreadsheets import Record, open_table
from dispatch.models.reporting import HistoryImport
from dispatch.service import history_imports
from dispatch.service.history_imports import Running
from dispatch.service.history_rows import SORTS, Layout

CHUNK = 5_000
"""Rows of one transaction, and in memory at once."""

BESIDE_WORK = 300
"""The same while the hotline works: nobody's click waits longer than one part takes."""

Keep = Callable[[int, Sequence[RefusedRow]], None]
"""Where refused rows go; told which row of the file the part began with."""


@dataclass
class Brought:
    """What came of a file, as far as it was read by this call."""

    added: int = 0
    broken: int = 0
    doubled: int = 0
    unclocked: int = 0
    more: bool = False
    """Whether rows are left: this call was to read only some parts."""


def bring_in(
    database: Database,
    running: Running,
    rules: Rules,
    keep: Keep,
    *,
    now: datetime,
    parts: int | None = None,
    at_once: int = CHUNK,
    told: Callable[[int], None] | None = None,
) -> Brought:
    """Read on from where the import stands, to its end or `parts` parts far.

    `told` hears how far each part came. An import that was stopped, or is read by another
    process, is left alone.
    """
    done = Brought()
    rest = islice(iter(running.table), running.rows, None)
    for read, part in enumerate(_parts(rest, at_once)):
        if parts is not None and read >= parts:
            done.more = True
            return done
        with database.work() as session:
            came = history_imports.take(session, running, part, rules, now=now)
            if came is None:
                return done
            # Written before the commit: what is told twice is written anew, nothing is missing.
            keep(running.rows, came.refused)
        running = running.after(len(part))
        done.added += came.added
        done.broken += came.broken
        done.doubled += came.doubled
        done.unclocked += came.unclocked
        if told is not None:
            told(part[-1].end)
    with database.work() as session:
        history_imports.finish(session, running, now=now)
    return done


def go_on(database: Database, folder: ImportFolder, rules: Rules, *, now: datetime) -> int:
    """Read on every import that is under way; return how many were read to their end."""
    with database.read() as session:
        waiting = [row.id for row in history_imports.running(session)]
    finished = 0
    for import_id in waiting:
        finished += bring_in_staged(database, folder, import_id, rules, now=now)
    return finished


def bring_in_staged(
    database: Database,
    folder: ImportFolder,
    import_id: int,
    rules: Rules,
    *,
    now: datetime,
    parts: int | None = None,
) -> bool:
    """Read on one import whose file was handed over; whether its end was reached.

    A file that is gone ends its import: what was taken stays, and can be taken back.
    """
    with database.read() as session:
        row = session.get_one(HistoryImport, import_id)
    try:
        staged = folder.staged(row.sha256)
    except NotFound:
        with database.work() as session:
            history_imports.stop(session, SYSTEM, import_id, now=now)
        return True
    table = open_table(staged.path, staged.name)
    sort = SORTS[row.subject]
    chosen = {int(place): code for place, code in row.mapping.items()}
    running = Running(row.id, sort, table, Layout(sort, table.headings, chosen), row.rows)

    def keep(first: int, rows: Sequence[RefusedRow]) -> None:
        folder.keep_refused(import_id, first, rows)

    done = bring_in(database, running, rules, keep, now=now, parts=parts, at_once=BESIDE_WORK)
    if done.more:
        return False
    folder.drop(row.sha256)
    return True


def _parts(records: Iterator[Record], at_once: int) -> Iterator[list[Record]]:
    while part := list(islice(records, at_once)):
        yield part
