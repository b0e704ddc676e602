"""Calls written as they happen: each piece of news of a call in a transaction of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.lines import Line
from benchmarks.plan import Plan
from benchmarks.traffic import traffic
from benchmarks.web import BARE_INSERT, bare_inserts
from benchmarks.workshop import progress, temporary_folder
from dispatch.bus import Database
from dispatch.domain.calls import CallRecord
from hotline import founding, schema
from hotline.bootstrap import open_rulebook
from hotline.city.catalog import load_city
from hotline.store import DatabaseSink
from telephony.calls import CallReducer
from telephony.facts import Fact
from telephony.headers import EventReader
from telephony.wire import WireReader

CALLS = 40


def measure(plan: Plan) -> Iterator[Line]:
    """What a quiet system does: no news waits for other news."""
    calls = min(plan.stream_calls, CALLS)
    news = told_apart(traffic(calls))
    progress(f"store: {len(news)} pieces of news, one transaction each")
    with temporary_folder() as folder:
        database = _founded(folder)
        sink = DatabaseSink(database, open_rulebook(database), lambda: datetime.now(UTC))
        began = time.perf_counter()
        for record in news:
            sink.take([record])
        seconds = time.perf_counter() - began
        database.dispose()
        least = bare_inserts(folder / "bare.db", plan.seconds / 2)
    yield Line(
        figure="call_records_per_s",
        value=len(news) / seconds,
        unit="transactions/s",
        limit=BARE_INSERT,
        limit_value=least,
        n=len(news),
        note=f"{len(news) / calls:.0f} for each of {calls} answered calls, each a contact updated",
    )


def told_apart(stream: bytes) -> list[CallRecord]:
    """Every state that some message of the stream brings a call into."""
    reader, reducer, news = EventReader(), CallReducer(), list[CallRecord]()
    for headers in WireReader().feed(stream):
        for fact in reader.facts(headers):
            if isinstance(fact, Fact):
                reducer.fold(fact)
        news += reducer.changed()
        reducer.settle()
    return news


def _founded(folder: Path) -> Database:
    database = Database(f"sqlite:///{folder / 'hotline.db'}")
    schema.migrate(database)
    founding.found_city(database, load_city())
    return database
