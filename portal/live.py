"""Server-sent events: what was committed reaches the pages whose reader may know of it.

One thread follows the feed for all connections; a connection costs a queue, no thread and no
database session. Messages carry ids only: the page reads the rest with its own rights.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from dispatch.bus import Database, Feed, Recorded
from dispatch.db import DATABASE_DOWN
from dispatch.domain.people import Actor
from dispatch.service.live_queries import audience_key, facts_after, last_fact, numbers_visible_to
from portal.access import CALLING_BACK, WATCHERS, WATCHING_HOT_SPOTS

log = logging.getLogger("hotline.live")

# How soon a commit of another process is seen; one of our own wakes the thread at once.
POLL_SECONDS = 0.2
QUEUE_LENGTH = 200
REPLAY_LIMIT = 200

CALLS: dict[str, str] = {
    "CallArrived": "call_arrived",
    "CallRinging": "call_ringing",
    "CallAnswered": "call_answered",
    "CallEnded": "call_ended",
    "ContactDisposed": "contact",
    "SeatChanged": "seat",
    "SeatSeen": "seat",
    "SeatCorrected": "seat",
    "CallBackChanged": "call_back",
    "NumberFlagged": "number_flag",
    "HotSpotChanged": "hot_spot",
    "AgentTold": "message",
    "ListeningBegun": "listening",
    "BroughtIn": "brought_in",
}
WATCHED_ONLY = frozenset({"ListeningBegun", "SeatCorrected"})
"""Nobody hears of these but those who watch: an agent is not told that he is listened to."""
CALL_FIELDS = ("extension", "call_id", "state")


@dataclass(frozen=True)
class Message:
    """One event for one page; `id` is the fact's: a reconnecting page says where it was."""

    event: str
    data: dict[str, Any]
    id: int | None = None


@dataclass(eq=False)
class Connection:
    """One open stream. `overrun` says that the page was too slow and must read afresh."""

    reader: Actor
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[Message | None] = field(
        default_factory=lambda: asyncio.Queue(QUEUE_LENGTH)
    )

    def put(self, messages: list[Message | None]) -> None:
        """Hand over from the feed's thread."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._put, messages)

    def _put(self, messages: list[Message | None]) -> None:
        for message in messages:
            if self.queue.full():
                # A page that cannot follow is told to read everything afresh instead.
                while not self.queue.empty():
                    self.queue.get_nowait()
                self.queue.put_nowait(Message("resync", {}))
            self.queue.put_nowait(message)

    async def messages(self) -> AsyncIterator[Message]:
        """What arrives, until the hub stops."""
        while (message := await self.queue.get()) is not None:
            yield message


class LiveHub:
    """Follows the feed in one thread and hands each fact to the connections it concerns."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connections: set[Connection] = set()
        # Re-entrant: a signal handler calls stop() in the very thread that may be connecting.
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to follow what is committed from now on."""
        self._thread = threading.Thread(target=self._follow, name="live", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End all streams and the thread; call it when the server begins to shut down.

        A server that waits for its connections would otherwise wait for open streams for ever.
        """
        self._stopping.set()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.put([None])

    def join(self, timeout: float = 2) -> None:
        """Wait for the thread to end, at most `timeout` seconds."""
        if self._thread is not None:
            self._thread.join(timeout)

    @property
    def open_streams(self) -> int:
        """How many pages listen now."""
        return len(self._connections)

    @property
    def stopping(self) -> bool:
        """Whether the server is going down."""
        return self._stopping.is_set()

    def connect(self, reader: Actor) -> Connection:
        """Register a stream of the running event loop."""
        connection = Connection(reader, asyncio.get_running_loop())
        with self._lock:
            self._connections.add(connection)
        if self.stopping:
            connection.put([None])
        return connection

    def disconnect(self, connection: Connection) -> None:
        """Forget a stream."""
        with self._lock:
            self._connections.discard(connection)

    def missed(self, reader: Actor, event_id: int) -> list[Message]:
        """What a page that comes back did not hear; a single `resync` when it was too much."""
        with self._database.read() as session:
            facts = facts_after(session, event_id, limit=REPLAY_LIMIT)
            if len(facts) > REPLAY_LIMIT:
                return [Message("resync", {}, facts[-1].id)]
            ids = {f.ticket_id for f in facts if f.ticket_id is not None}
            numbers = numbers_visible_to(session, reader, ids) if ids else {}
        return messages_for(reader, facts, numbers)

    def newest(self) -> int:
        """Where a page that listens from now on stands."""
        with self._database.read() as session:
            return last_fact(session)

    def _follow(self) -> None:
        feed, commit = None, 0
        while not self._stopping.is_set():
            try:
                feed = feed or Feed(self._database)
                facts = feed.take()
                if facts:
                    self._deliver(facts)
            except DATABASE_DOWN as error:
                log.warning("live feed: database unavailable: %s", error)
                self._stopping.wait(1)
            commit = self._database.wait_for_commit(commit, POLL_SECONDS)

    def _deliver(self, facts: list[Recorded]) -> None:
        with self._lock:
            connections = list(self._connections)
        ids = {fact.ticket_id for fact in facts if fact.ticket_id is not None}
        known: dict[tuple[object, ...], dict[int, str]] = {}
        for connection in connections:
            key = audience_key(connection.reader)
            if ids and key not in known:
                with self._database.read() as session:
                    known[key] = numbers_visible_to(session, connection.reader, ids)
            messages = messages_for(connection.reader, facts, known.get(key, {}))
            if messages:
                connection.put([*messages])


def messages_for(
    reader: Actor, facts: Iterable[Recorded], numbers: dict[int, str]
) -> list[Message]:
    """What this reader hears of the facts; `numbers` are the tickets the reader may see."""
    told: list[Message] = []
    for fact in facts:
        if fact.kind in CALLS and _concerns(reader, fact):
            data = {k: fact.details[k] for k in CALL_FIELDS if fact.details.get(k) is not None}
            told.append(Message(CALLS[fact.kind], {"contact_id": fact.contact_id, **data}, fact.id))
        if fact.ticket_id in numbers:
            ticket = {
                "number": numbers[fact.ticket_id],
                "kind": fact.kind,
                "status": fact.status,
            }
            told.append(Message("ticket", ticket, fact.id))
    if any(message.event == "ticket" for message in told):
        told.append(Message("badge", {}, told[-1].id))
    return told


def _concerns(reader: Actor, fact: Recorded) -> bool:
    if reader.role in WATCHERS:
        return True
    if fact.kind in WATCHED_ONLY:
        return False
    if fact.kind == "HotSpotChanged":
        return reader.role in WATCHING_HOT_SPOTS
    if fact.kind == "CallBackChanged" and reader.role in CALLING_BACK:
        return True
    extension = fact.details.get("extension")
    return extension is not None and extension == reader.extension
