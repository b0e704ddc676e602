"""A year of a large city, made by DuckDB straight into an archive's files.

The live database beside it has the city's units, categories and divisions and no tickets: what is
measured is counting over an archive, not reading rows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from analytics.engines.archive_writer import BLOCK
from analytics.engines.columns import ARCHIVED, COLUMNS
from analytics.engines.duck import open_duck, quoted
from analytics.engines.manifest import Block, Manifest, write_manifest
from benchmarks.workshop import progress, temporary_folder
from dispatch.bus import Database
from dispatch.models.catalog import Category, Division, Line
from dispatch.models.people import Department, Staff
from hotline import schema

NOW = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
"""A Monday morning; the week before is the one reported on."""

SPAN = timedelta(days=420)
"""So long a history that the same week of the year before lies in it."""

UNITS, CATEGORIES, DIVISIONS, AGENTS = 200, 300, 120, 150
CALLS = 3
"""Calls to a ticket."""

KINDS = "['inquiry', 'assistance', 'complaint', 'suggestion', 'report']"


def _share(salt: int) -> str:
    """A number from 0 to 1 that is the same for a row whenever it is asked for."""
    return f"(hash(id * 64 + {salt}) % 1000003 / 1000003.0)"


def _if(share: float, salt: int, value: str, other: str = "NULL") -> str:
    return f"CASE WHEN {_share(salt)} < {share} THEN {value} ELSE {other} END"


def _minutes(least: float, most: float, salt: int) -> str:
    return f"to_microseconds((({least} + {most - least} * {_share(salt)}) * 60000000)::BIGINT)"


_DAYS = 1440.0
_SOLVED = _if(0.6, 7, _if(0.85, 8, "'resolved'", "'unresolved'"))
_RATING = _if(0.6, 7, _if(0.9, 9, "'satisfied'", "'dissatisfied'"))
_ENDING = _if(0.66, 34, "'answered_on_call'", "'ticket'")

TICKET: Mapping[str, str] = {
    "channel": _if(0.85, 1, "'phone'", "'web'"),
    "kind": f"{KINDS}[1 + (hash(id * 64 + 2) % 5)::BIGINT]",
    "urgency": "'routine'",
    "status": "CASE WHEN closed_at IS NULL THEN 'in_progress' ELSE 'closed' END",
    "category_id": f"1 + floor({CATEGORIES} * pow({_share(3)}, 2))::BIGINT",
    "division": f"(1 + floor({DIVISIONS - 1} * {_share(4)})::BIGINT)::VARCHAR",
    "department_id": f"1 + floor({UNITS} * pow({_share(5)}, 2))::BIGINT",
    "created_by_id": f"1 + floor({AGENTS} * {_share(6)})::BIGINT",
    "solved": f"CASE WHEN closed_at IS NOT NULL THEN {_SOLVED} END",
    "rating": f"CASE WHEN closed_at IS NOT NULL THEN {_RATING} END",
    "first_solved": "solved",
    "first_rating": "rating",
    "round": "1",
    "business_environment": f"{_share(10)} < 0.05",
    "anonymous": f"{_share(11)} < 0.03",
    "public_reply": "CASE WHEN closed_at IS NULL THEN '' ELSE '*' END",
    "title": "'*'",
    "content": "'*'",
    "place": "'*'",
    "phone": "'*'",
    "requester_name": "'*'",
}

TIMES = {
    "created_at": "moment",
    "dispatched_at": _if(0.9, 20, f"moment + {_minutes(1, 60, 21)}"),
    "acknowledge_by": "dispatched_at + INTERVAL 2 HOUR",
    "acknowledged_at": f"dispatched_at + {_minutes(1, 130, 22)}",
    "first_contacted_at": f"dispatched_at + {_minutes(30, 2 * _DAYS, 23)}",
    "due_at": "dispatched_at + INTERVAL 5 DAY",
    "completed_at": f"coalesce(dispatched_at + {_minutes(60, 5.2 * _DAYS, 24)}, moment)",
    "closed_at": f"CASE WHEN dispatched_at IS NULL THEN moment "
    f"ELSE completed_at + {_minutes(60, 2 * _DAYS, 25)} END",
}
"""Each from those before it; what lies after `NOW` has not happened. Who needs no unit is answered
at once: a ticket that nobody was sent is closed."""

CONTACT: Mapping[str, str] = {
    "channel": "'phone'",
    "direction": "'inbound'",
    "line": _if(0.8, 30, "'12345'", "'12329'"),
    "queue": "'hotline'",
    "agent_id": f"1 + floor({AGENTS} * {_share(31)})::BIGINT",
    "started_at": "moment",
    "queued_at": "moment + INTERVAL 8 SECOND",
    "answered_at": "CASE WHEN answered THEN moment + INTERVAL 20 SECOND END",
    "ended_at": "moment + INTERVAL 180 SECOND",
    "wait_s": f"floor(20000 * {_share(32)}) / 1000",
    "talk_s": f"CASE WHEN answered THEN floor(300000 * {_share(33)}) / 1000 END",
    "outcome": "CASE WHEN answered THEN 'answered' ELSE 'abandoned_in_queue' END",
    "disposition": f"CASE WHEN answered THEN {_ENDING} END",
    "ticket_id": f"CASE WHEN id % {CALLS} = 0 THEN id // {CALLS} END",
}


@dataclass(frozen=True)
class City:
    """The files, and the live database beside them."""

    database: Database
    folder: Path
    tickets: int


@contextmanager
def city(tickets: int) -> Iterator[City]:
    """A city of so many tickets and three times as many calls, in a folder that goes away."""
    with temporary_folder() as folder:
        database = Database(f"sqlite:///{folder / 'hotline.db'}")
        schema.migrate(database)
        _found(database)
        began = time.perf_counter()
        rows = write(folder / "archive", tickets)
        progress(f"{rows:,} rows in {time.perf_counter() - began:.0f} s")
        try:
            yield City(database, folder / "archive", tickets)
        finally:
            database.dispose()


def _found(database: Database) -> None:
    kinds = ("bureau", "district", "township")
    with database.work() as session:
        rows = [
            {
                "code": f"U{n}",
                "name": f"单位{n}",
                "short_name": f"单位{n}",
                "tier": 2,
                "kind": kinds[n % 3],
            }
            for n in range(1, UNITS + 1)
        ]
        session.execute(insert(Department), rows)
        named = [
            {"code": f"C{n}", "name": f"事项{n}", "level": 2} for n in range(1, CATEGORIES + 1)
        ]
        session.execute(insert(Category), named)
        places = [{"code": "0", "name": "大市", "level": 1, "parent": None}]
        places += [
            {"code": str(n), "name": f"街道{n}", "level": 3, "parent": "0"}
            for n in range(1, DIVISIONS)
        ]
        session.execute(insert(Division), places)
        session.execute(
            insert(Line), [{"number": n, "name": n, "state": "open"} for n in ("12345", "12329")]
        )
        agents = [
            {
                "login": f"a{n}",
                "name": f"话务员{n}",
                "role": "agent",
                "password_hash": "",
                "extension": str(8000 + n),
            }
            for n in range(1, AGENTS + 1)
        ]
        session.execute(insert(Staff), agents)


def write(folder: Path, tickets: int) -> int:
    """Write the archive; return its rows."""
    folder.mkdir()
    duck = open_duck(folder, memory="4GB")
    step = SPAN.total_seconds() * 1e6 / tickets
    first = f"{NOW.replace(tzinfo=None) - SPAN:%Y-%m-%d %H:%M:%S}"
    blocks: dict[str, tuple[Block, ...]] = {table.name: () for table in ARCHIVED}
    for name, query, count in _tables(tickets, first, step):
        (folder / name).mkdir()
        made = []
        for start in range(1, count + 1, BLOCK):
            last = min(start + BLOCK - 1, count)
            file = f"{name}/{start:012d}.parquet"
            numbers = f"SELECT range AS id FROM range({start}, {last + 1})"
            rows = query.format(numbers=numbers)
            duck.execute(
                f"COPY ({rows}) TO {quoted(folder / file)} (FORMAT parquet, COMPRESSION zstd)"
            )
            made.append(Block(file, start, last, last - start + 1))
        blocks[name] = tuple(made)
    duck.close()
    columns = {table.name: dict(COLUMNS[table.name]) for table in ARCHIVED}
    manifest = Manifest(taken_at=NOW, event=0, columns=columns, blocks=blocks)
    write_manifest(folder, manifest)
    return manifest.rows


def _tables(tickets: int, first: str, step: float) -> Iterator[tuple[str, str, int]]:
    """Name, SELECT over `numbers`, rows."""
    now = f"TIMESTAMP '{NOW:%Y-%m-%d %H:%M:%S}'"

    def moment(each: float) -> str:
        return f"TIMESTAMP '{first}' + to_microseconds((id * {each})::BIGINT)"

    timed = f"SELECT id, {moment(step)} AS moment FROM ({{numbers}})"
    for name, value in TIMES.items():
        known = (
            f"CASE WHEN ({value}) < {now} THEN ({value}) END" if name.endswith("ed_at") else value
        )
        timed = f"SELECT *, {known} AS {name} FROM ({timed})"
    answers = f"{TICKET['solved']} AS solved, {TICKET['rating']} AS rating"
    said = f"SELECT * EXCLUDE (moment), {answers} FROM ({timed})"
    yield (
        "ticket",
        _select("ticket", {**TICKET, **dict.fromkeys((*TIMES, "solved", "rating"), "")}, said),
        tickets,
    )
    share = {
        **{name: name for name in TIMES if name != "created_at" and name != "closed_at"},
        "ticket_id": "id",
        "department_id": TICKET["department_id"],
        "part": "'lead'",
        "round": "1",
        "ended_at": "completed_at",
        "ended_how": "CASE WHEN completed_at IS NOT NULL THEN 'audited' END",
    }
    yield "assignment", _select("assignment", share, timed), tickets
    answered = f"{_share(40)} < 0.97 AS answered"
    calls = f"SELECT id, {moment(step / CALLS)} AS moment, {answered} FROM ({{numbers}})"
    yield "contact", _select("contact", CONTACT, calls), tickets * CALLS
    asked = {
        "ticket_id": "id",
        "round": "1",
        "attempt": "1",
        "method": "'voice'",
        "state": "'done'",
        "due_at": "closed_at",
        "called_at": "closed_at",
        "ended_at": "closed_at",
        "reached": f"{_share(7)} < 0.7",
    }
    yield "follow_up", _select("follow_up", asked, timed), tickets


def _select(table: str, values: Mapping[str, str], source: str) -> str:
    listed = ", ".join(
        f'{values.get(name) or _else(name, kind, values)} AS "{name}"'
        for name, kind in COLUMNS[table].items()
    )
    return f"SELECT {listed} FROM ({source})"


def _else(name: str, kind: str, values: Mapping[str, str]) -> str:
    if name == "id" or name in values:
        return f'"{name}"'
    return "false" if kind == "BOOLEAN" else f"NULL::{kind}"
