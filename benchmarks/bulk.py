"""A database with millions of tickets: one finished and one open ticket, copied by the database."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from benchmarks.lines import PartMissing
from benchmarks.workshop import progress, temporary_folder
from dispatch.bus import Database
from dispatch.domain.people import Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import assignment, handling, intake
from hotline import schema
from tests.fixtures_postgres import private_postgres

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
CENTRE = Actor(name="中心", role=Role.CENTER)
REPLY = "已责令商户撤摊并清洗路面，依据《城市管理条例》第十二条处理完毕。"
KEPT = frozenset({"ix_assignment_next", "ix_assignment_ticket"})
"""Indexes the sweep reads; the others are dropped, or filling would take an hour."""
EVERY_SECOND = 1
"""The open tickets' next moments lie a second apart, so `due` of them have come at `NOW`."""


def the_rules() -> Rules:
    """The default policy."""
    return Rules(load_profile("default"), load_calendar())


@contextmanager
def on_postgres() -> Iterator[Database]:
    """A migrated database on a PostgreSQL of our own; raises PartMissing without one."""
    with private_postgres() as server:
        if server is None:
            raise PartMissing("no PostgreSQL server programs")
        database = Database(server.create())
        schema.migrate(database)
        try:
            yield database
        finally:
            database.dispose()


@contextmanager
def on_sqlite() -> Iterator[Database]:
    """A migrated SQLite file of our own."""
    with temporary_folder() as folder:
        database = Database(f"sqlite:///{folder / 'hotline.db'}")
        schema.migrate(database)
        try:
            yield database
        finally:
            database.dispose()


def unit_of(database: Database) -> Actor:
    """One unit and its liaison."""
    with database.work() as s:
        row = Department(code="CG", name="城市管理局", short_name="城管局", tier=2, kind="bureau")
        s.add(row)
        s.flush()
        return Actor(name="城管局", role=Role.DEPARTMENT, department_id=row.id)


def request(number: int) -> intake.RequestForm:
    """A request of usual length from a caller with a number."""
    return intake.RequestForm(
        content=f"第 {number} 件：鼓楼街烧烤占道，油烟很大，影响附近居民休息，已多次反映。",
        kind=RequestKind.COMPLAINT,
        phone=f"139{number:08d}",
    )


@dataclass
class Bulk:
    """Tickets made by copying; `tickets` and `opened` count those there are."""

    database: Database
    tickets: int = 0
    opened: int = 0

    def found(self) -> None:
        """The two tickets that are copied, with their shares, made by the services."""
        unit, rules = unit_of(self.database), the_rules()
        began = NOW - timedelta(days=30)
        for number in (1, 2):
            with self.database.work() as s:
                made = intake.open_ticket(s, CENTRE, request(number), now=began).number
                assignment.dispatch(s, CENTRE, made, "CG", rules, now=began)
                assignment.acknowledge(s, unit, made, now=began + timedelta(minutes=9))
                if number == 1:
                    handling.complete(
                        s, unit, made, rules, public_reply=REPLY, now=began + timedelta(hours=9)
                    )
                    handling.pass_audit(s, CENTRE, made, rules, now=began + timedelta(hours=10))
        self.tickets = 2
        with self.database.engines.write.begin() as line:
            for table in (Ticket.__tablename__, Assignment.__tablename__):
                for index in inspect(line).get_indexes(table):
                    if index["name"] not in KEPT and not index.get("duplicates_constraint"):
                        line.execute(text(f"DROP INDEX {index['name']}"))

    def open(self, count: int, *, due: int) -> None:
        """Add open tickets, of which `due` have a moment that has come."""
        first = NOW - timedelta(seconds=due * EVERY_SECOND)
        moment = self._moment(first)
        share = {"warn_at": moment, "next_at": moment, "warned_at": "NULL", "breached_at": "NULL"}
        far = (NOW + timedelta(days=60)).strftime("'%Y-%m-%d %H:%M:%S.000000'")
        for name in ("due_at", "red_at", "escalate_at"):
            share[name] = far if self._sqlite else f"{far}::timestamptz"
        self._copy(2, count, share)
        self.opened += count

    def close(self, count: int) -> None:
        """Add finished tickets, whose clocks are done."""
        self._copy(1, count, {})

    @property
    def _sqlite(self) -> bool:
        return self.database.engines.is_sqlite

    def _moment(self, first: datetime) -> str:
        stored = f"{first:%Y-%m-%d %H:%M:%S}"
        if self._sqlite:
            step = f"'+' || (n * {EVERY_SECOND}) || ' seconds'"
            return f"strftime('%Y-%m-%d %H:%M:%S.000000', '{stored}', {step})"
        return f"'{stored}+00'::timestamptz + n * interval '{EVERY_SECOND} second'"

    def _copy(self, template: int, count: int, share: Mapping[str, str]) -> None:
        began, base = time.perf_counter(), self.tickets
        with self.database.engines.write.begin() as line:
            if not self._sqlite:
                # No foreign key is asked for rows that copy checked ones.
                line.execute(text("SET LOCAL session_replication_role = replica"))
            self._insert(line, "ticket", template, count, {"number": f"'N' || ({base} + n)"})
            self._insert(line, "assignment", template, count, {"ticket_id": f"{base} + n", **share})
        self.tickets += count
        self._settle()
        progress(f"{count:,} tickets more in {time.perf_counter() - began:.0f} s")

    def _insert(
        self, line: Connection, table: str, template: int, count: int, values: Mapping[str, str]
    ) -> None:
        names = [column["name"] for column in inspect(line).get_columns(table)]
        said = {**values, "id": f"{self.tickets} + n"}
        series = (
            f"(WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {count}) "
            "SELECT n FROM up)"
            if self._sqlite
            else f"(SELECT generate_series(1, {count}) AS n)"
        )
        quoted = ", ".join(f'"{name}"' for name in names)
        chosen = ", ".join(said.get(name, f't."{name}"') for name in names)
        line.execute(
            text(
                f"INSERT INTO {table} ({quoted}) SELECT {chosen} "
                f"FROM {series} AS series CROSS JOIN {table} AS t WHERE t.id = {template}"
            )
        )

    def _settle(self) -> None:
        """What a database does by itself at night: statistics, and the map of visible pages."""
        engine = self.database.engines.write.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as line:
            if self._sqlite:
                line.exec_driver_sql("ANALYZE")
            else:
                line.execute(text("VACUUM (ANALYZE, INDEX_CLEANUP ON) ticket, assignment"))
                # What filling left to be written is not the sweep's to wait for.
                line.execute(text("CHECKPOINT"))


def room_for(tickets: int, folder: Path = Path("/tmp")) -> None:
    """Raise PartMissing when the disk cannot hold so many; a ticket and its share take 1.5 kB."""
    free = shutil.disk_usage(os.environ.get("TMPDIR", folder)).free
    if free < tickets * 1_500 + 5 * 1024**3:
        raise PartMissing(f"{tickets:,} tickets need {tickets * 1.5e-6:.0f} GB and 5 GB to spare")
