"""History imports: rows a second, memory, the longest transaction, and taking a million back."""

from __future__ import annotations

import csv
import resource
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from benchmarks.lines import Line, percentile
from benchmarks.plan import Plan
from benchmarks.workshop import progress, temporary_folder
from dispatch.bus import Database
from dispatch.db import Base
from dispatch.domain.people import SYSTEM
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.files.spreadsheets import open_table
from dispatch.service import history_imports, history_running, history_undo
from dispatch.service.history_rows import TICKETS, Layout

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
RULES = Rules(load_profile("default"), load_calendar())
FIRST = datetime(2026, 1, 5, 8)  # noqa: DTZ001 - a cell of a file says the city's own time
BARE = """INSERT INTO ticket
(number, created_at, channel, kind, title, content, dispatched_at, completed_at, closed_at,
 solved, rating, query_code, version, urgency, status, expectation, place, requester_name,
 confidential, reply_wanted, business_environment, round, urged, clock_rule, public_reply,
 calendar_version, imported)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 1, 'routine', 'closed', '', '', '', 0, 1, 0, 1, 0,
 '', '', '', 1)"""
HEADINGS = (
    "工单编号,创建时间,渠道,诉求类型,事项分类,承办单位,派单时间,办结时间,结案时间,是否解决,满意度"
)


def measure(plan: Plan) -> Iterator[Line]:
    """Bring `plan.tickets` past tickets in from a CSV on SQLite, beside reading it, and undo."""
    with temporary_folder() as folder:
        file = folder / "tickets.csv"
        write(file, plan.tickets)
        table = open_table(file)
        started = time.perf_counter()
        read = sum(1 for _ in table)
        reading = time.perf_counter() - started
        database = Database(f"sqlite:///{folder / 'hotline.db'}")
        Base.metadata.create_all(database.engines.write)
        parts: list[float] = []
        with database.work() as session:
            layout = Layout(TICKETS, table.headings)
            running = history_imports.begin(
                session, SYSTEM, TICKETS, table, layout, sha256="0" * 64, now=NOW
            )
        last = started = time.perf_counter()
        before = _peak_mb()

        def told(_end: int) -> None:
            nonlocal last
            now = time.perf_counter()
            parts.append(1000 * (now - last))
            last = now

        done = history_running.bring_in(
            database,
            running,
            RULES,
            lambda _first, _rows: None,
            now=NOW,
            at_once=history_running.BESIDE_WORK,
            told=told,
        )
        taken = time.perf_counter() - started
        progress(f"imports: {done}")
        size = file.stat().st_size >> 20
        note = f"CSV of {size} MB into SQLite, each ticket with its share and follow-up"
        bare = _bare(file, folder / "bare.db")
        yield Line(
            figure="import_rows_per_s",
            value=done.added / taken,
            unit="rows/s",
            limit="csv.reader and executemany into the ticket table with its indexes",
            limit_value=bare,
            n=done.added,
            note=note,
        )
        yield Line(
            figure="import_reading_rows_per_s",
            value=read / reading,
            unit="rows/s",
            limit="csv.reader over the open file",
            limit_value=_bare_reading(file),
            n=read,
            note="broken quotes, bytes and lines are told apart; nothing is written",
        )
        yield _alone("import_memory_growth_mb", _peak_mb() - before, "MB", done.added)
        yield _alone("import_part_p95_ms", percentile(parts, 0.95), "ms", len(parts))
        started = time.perf_counter()
        with database.work() as session:
            history_undo.undo(session, SYSTEM, running.id, now=NOW)
        yield _alone("import_undo_s", time.perf_counter() - started, "s", done.added)
        database.dispose()


def _alone(figure: str, value: float, unit: str, n: int) -> Line:
    return Line(figure=figure, value=value, unit=unit, limit="none", limit_value=0, n=n)


def write(file: Path, rows: int) -> None:
    """A file of closed tickets with every moment."""
    with file.open("w", encoding="utf-8") as out:
        out.write(HEADINGS + "\n")
        for n in range(rows):
            at = FIRST + timedelta(seconds=n * 20 % (300 * 86_400))
            moments = (at, at + timedelta(hours=1), at + timedelta(days=2), at + timedelta(days=4))
            created, sent, done, closed = (f"{m:%Y-%m-%d %H:%M:%S}" for m in moments)
            kind = ("投诉", "咨询", "求助")[n % 3]
            unit, matter = f"第{n % 40}局", f"事项{n % 120}"
            out.write(
                f"H{n:09d},{created},电话,{kind},{matter},{unit},{sent},{done},{closed},是,满意\n"
            )


def _bare_reading(file: Path) -> float:
    with file.open(encoding="utf-8", newline="") as text:
        started = time.perf_counter()
        rows = sum(1 for _ in csv.reader(text))
    return rows / (time.perf_counter() - started)


def _bare(file: Path, store: Path) -> float:
    """Rows a second of what any import must at least do."""
    database = Database(f"sqlite:///{store}")
    Base.metadata.create_all(database.engines.write)
    database.dispose()
    raw = sqlite3.connect(store, isolation_level=None)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=NORMAL")
    rows = 0
    with file.open(encoding="utf-8", newline="") as text:
        lines = csv.reader(text)
        next(lines)
        started = time.perf_counter()
        while part := list(islice(lines, history_running.BESIDE_WORK)):
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany(BARE, part)
            raw.execute("COMMIT")
            rows += len(part)
    seconds = time.perf_counter() - started
    raw.close()
    return rows / seconds


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
