"""Events per second: our AMI connection, the reducer behind it, the database behind both."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.lines import Line
from benchmarks.plan import Plan
from benchmarks.traffic import traffic
from benchmarks.workshop import Child, module, progress, temporary_folder
from dispatch.bus import Database
from dispatch.domain.calls import CallRecord
from hotline import founding, schema
from hotline.bootstrap import open_rulebook
from hotline.city.catalog import load_city
from hotline.store import DatabaseSink
from telephony.ami import AmiClient, AmiConfig
from telephony.calls import CallReducer
from telephony.facts import Fact
from telephony.gateway import Gateway
from telephony.headers import EventReader
from telephony.wire import Headers
from telephony.writer import CallSink, News

FIGURES = ("ami_events_per_s_adapter", "ami_events_per_s_reducer", "ami_events_per_s_database")
LIMIT = "hand-written parser: recv, split, dict, on the same bytes through the same socket"
ROUNDS = 5
LONGEST_S = 60.0


class CountingSink:
    """Passes on to the database and counts transactions."""

    def __init__(self, sink: CallSink) -> None:
        self._sink = sink
        self.transactions = 0
        self.items = 0
        self.calls: set[str] = set()

    def take(self, news: Sequence[News]) -> None:
        """Store, then count."""
        self._sink.take(news)
        self.transactions += 1
        self.items += len(news)
        self.calls.update(item.call_id for item in news if isinstance(item, CallRecord))


def measure(plan: Plan) -> Iterator[Line]:
    """Serve one stream to four readers, best of a few rounds each."""
    stream = traffic(plan.stream_calls)
    events = stream.count(b"\r\n\r\n")
    progress(f"AMI: {plan.stream_calls} calls, {events} events, {len(stream) / 1e6:.1f} MB")
    with temporary_folder() as folder:
        path = folder / "stream.ami"
        path.write_bytes(stream)
        bare = events / _best(lambda: _bare(path, events))
        common = {"unit": "events/s", "limit": LIMIT, "limit_value": bare, "n": events}
        adapter = events / _best(lambda: asyncio.run(_within(_adapter(path, events))))
        note = f"best of {ROUNDS}; panoramisk transport, our reader; headers cut out on demand"
        yield Line(figure=FIGURES[0], value=adapter, note=note, **common)  # type: ignore[arg-type]
        calls = plan.stream_calls
        reducer = events / _best(lambda: asyncio.run(_within(_reducer(path, events, calls))))
        note = f"best of {ROUNDS}; {plan.stream_calls} calls derived, records asked per read"
        yield Line(figure=FIGURES[1], value=reducer, note=note, **common)  # type: ignore[arg-type]
        seconds, sink = _database(folder, path, events)
        note = (
            f"one run, {len(sink.calls)} contacts, {sink.items} records in {sink.transactions} "
            "transactions: at full speed news of one call waiting together is written once"
        )
        value = events / seconds
        yield Line(figure=FIGURES[2], value=value, note=note, **common)  # type: ignore[arg-type]


def _best(run: Callable[[], float]) -> float:
    return min(run() for _ in range(ROUNDS))


async def _within(work: Coroutine[None, None, float]) -> float:
    return await asyncio.wait_for(work, LONGEST_S)


@contextmanager
def _served(path: Path) -> Iterator[tuple[Child, int]]:
    with module("benchmarks.ami_server", str(path)) as child:
        yield child, int(child.first_line)


def _bare(path: Path, events: int) -> float:
    with _served(path) as (child, port), socket.create_connection(("127.0.0.1", port)) as line:
        line.settimeout(10)
        line.sendall(b"Action: Login\r\n\r\n")
        rest, seen, began = b"", 0, 0.0
        while seen < events:
            blocks = (rest + line.recv(1 << 18)).split(b"\r\n\r\n")
            rest = blocks.pop()
            for block in blocks:
                text = block.decode()
                headers = dict(pair.split(": ", 1) for pair in text.split("\r\n") if ": " in pair)
                if headers.get("Event") == "FullyBooted":
                    child.say("go")
                    began = time.perf_counter()
                elif "Event" in headers:
                    seen += 1
        return time.perf_counter() - began


@contextmanager
def _client(port: int) -> Iterator[AmiClient]:
    # The stream is told at once: a ping would wait behind it.
    yield AmiClient(AmiConfig(username="bench", secret="bench", port=port, ping_every_s=3600))


async def _adapter(path: Path, events: int) -> float:
    return await _follow(path, events, lambda batch: None)


async def _reducer(path: Path, events: int, calls: int) -> float:
    reader, reducer = EventReader(), CallReducer()
    known: set[str] = set()

    def take(batch: list[Headers]) -> None:
        for headers in batch:
            for fact in reader.facts(headers):
                if isinstance(fact, Fact):
                    reducer.fold(fact)
        known.update(record.call_id for record in reducer.changed())
        reducer.settle()

    seconds = await _follow(path, events, take)
    assert len(known) == calls, f"{len(known)} contacts of {calls} calls"
    return seconds


async def _follow(path: Path, events: int, take: Callable[[list[Headers]], None]) -> float:
    """Hand every batch over; seconds from the first byte asked for to the last event taken."""
    with _served(path) as (child, port), _client(port) as client:
        running = asyncio.ensure_future(client.run())
        began, seen = 0.0, 0
        async for batch in client.events():
            if not began:  # FullyBooted
                child.say("go")
                began = time.perf_counter()
                continue
            take([received.headers for received in batch])
            seen += len(batch)
            if seen >= events:
                break
        seconds = time.perf_counter() - began
        await client.close()
        await running
        return seconds


def _database(folder: Path, path: Path, events: int) -> tuple[float, CountingSink]:
    database = Database(f"sqlite:///{folder / 'hotline.db'}")
    schema.migrate(database)
    founding.found_city(database, load_city())
    sink = CountingSink(DatabaseSink(database, open_rulebook(database), lambda: datetime.now(UTC)))
    seconds = asyncio.run(_within(_pipeline(path, events, sink)))
    database.dispose()
    return seconds, sink


async def _pipeline(path: Path, events: int, sink: CallSink) -> float:
    with _served(path) as (child, port), _client(port) as client:
        gateway = Gateway(client, sink, reconciler=None, now=lambda: datetime.now(UTC))
        work = [asyncio.ensure_future(gateway.run()), asyncio.ensure_future(client.run())]
        await asyncio.sleep(1)  # sign-in and the resync after it
        child.say("go")
        began = time.perf_counter()
        while client.counts["events"] <= events or client.waiting or gateway.writer.backlog:
            assert not work[0].done(), "the gateway ended"
            await asyncio.sleep(0.005)  # three conditions, none has an event
        seconds = time.perf_counter() - began
        await client.close()
        for job in work:
            job.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        return seconds
