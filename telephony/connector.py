"""The whole telephone side in one object, on a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from dispatch.domain.errors import TelephonyUnavailable
from dispatch.domain.ports import Seat
from telephony.agents import QueueSeats
from telephony.ami import AmiClient, AmiConfig
from telephony.checkpoints import Checkpoints
from telephony.dialer import DialerConfig, FollowUpDialer
from telephony.gateway import Gateway
from telephony.reconciler import Reconciler
from telephony.writer import CallSink

STOP_WITHIN_S = 10.0


@dataclass(frozen=True, kw_only=True)
class ConnectorConfig:
    """The two connections, the files to follow (None when Asterisk runs elsewhere), the dialer."""

    events: AmiConfig
    actions: AmiConfig
    channel_events: Path | None = None
    queue_log: Path | None = None
    dialer: DialerConfig = field(default_factory=DialerConfig)
    queue: str = "hotline"


@dataclass(frozen=True, kw_only=True)
class ConnectorStatus:
    """How the telephone side is doing; counters run since the start."""

    running: bool
    connected: bool
    connected_since: datetime | None
    last_event_at: datetime | None
    events: int
    open_calls: int
    waiting_to_be_stored: int
    stored: int
    store_failures: int
    refused: int
    connections: int
    connection_failures: int
    asterisk_restarts: int
    skipped_events: int
    bad_characters: int


class TelephonyConnector:
    """Starts and stops everything that talks to Asterisk.

    `seats` and `dialer` implement the ports of the domain and may be used from any thread.
    `wishes` returns the signed-in seats as stored; `sink` takes what is new.
    """

    def __init__(
        self,
        config: ConnectorConfig,
        *,
        sink: CallSink,
        wishes: Callable[[], Sequence[Seat]],
        checkpoints: Checkpoints,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._config = config
        self._sink = sink
        self._checkpoints = checkpoints
        self._now = now
        self._events = AmiClient(config.events, now=now)
        self._actions = AmiClient(config.actions, now=now)
        self.seats = QueueSeats(self._actions, wishes=wishes, queue=config.queue)
        self.dialer = FollowUpDialer(self._actions, config.dialer)
        self._actions.on_ready.append(self.seats.assert_all)
        self._gateway: Gateway | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._started = threading.Event()

    def start(self) -> None:
        """Begin to connect and return at once; an absent Asterisk is waited for.

        Raises:
            TelephonyUnavailable: it was started before; make a new one.
        """
        if self._thread is not None:
            raise TelephonyUnavailable("电话连接已经启动过")
        self._thread = threading.Thread(target=self._run, name="telephony", daemon=True)
        self._thread.start()
        self._started.wait(STOP_WITHIN_S)

    def stop(self) -> None:
        """End both connections; what is not yet stored is stored first if the store answers."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(STOP_WITHIN_S)

    def status(self) -> ConnectorStatus:
        """Return the state of the connection and the counters."""
        gateway = self._gateway
        both = self._events.connected and self._actions.connected
        return ConnectorStatus(
            running=self._thread is not None and self._thread.is_alive(),
            connected=both,
            connected_since=self._events.connected_since if both else None,
            last_event_at=self._events.last_event_at,
            events=self._events.counts["events"],
            open_calls=len(gateway.reducer.calls) if gateway else 0,
            waiting_to_be_stored=gateway.writer.backlog if gateway else 0,
            stored=gateway.writer.written if gateway else 0,
            store_failures=gateway.writer.failures if gateway else 0,
            refused=gateway.writer.refused if gateway else 0,
            connections=self._events.connections,
            connection_failures=self._events.failures + self._actions.failures,
            asterisk_restarts=gateway.restarts_seen if gateway else 0,
            skipped_events=gateway.reader.skipped if gateway else 0,
            bad_characters=self._events.counts["bad_characters"],
        )

    def _run(self) -> None:
        asyncio.run(self._work())

    async def _work(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._gateway = Gateway(
            self._events, self._sink, reconciler=self._reconciler(), now=self._now
        )
        self.seats.bind(self._loop)
        self.dialer.bind(self._loop)
        work = [
            asyncio.ensure_future(job)
            for job in (
                self._gateway.run(),
                self._events.run(),
                self._actions.run(),
                self._discard_events(),
            )
        ]
        self._started.set()
        stopping = asyncio.ensure_future(self._stopping.wait())
        # Any of these ends only by a defect; then the rest must not pretend to work.
        await asyncio.wait([stopping, *work], return_when=asyncio.FIRST_COMPLETED)
        await self._end(work, stopping)

    async def _end(
        self, work: Sequence[asyncio.Task[None]], stopping: asyncio.Task[Literal[True]]
    ) -> None:
        self.seats.bind(None)
        self.dialer.bind(None)
        await self._events.close()
        await self._actions.close()
        if self._gateway is not None:
            await asyncio.wait([asyncio.ensure_future(self._gateway.writer.idle())], timeout=3)
        stopping.cancel()
        for job in work:
            job.cancel()
        ended = await asyncio.gather(*work, stopping, return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, BaseException) and not isinstance(
                outcome, asyncio.CancelledError
            ):
                raise outcome

    def _reconciler(self) -> Reconciler | None:
        if self._config.channel_events is None or self._config.queue_log is None:
            return None
        return Reconciler(self._config.channel_events, self._config.queue_log, self._checkpoints)

    async def _discard_events(self) -> None:
        """The actions connection tells nothing that the other does not."""
        async for _ in self._actions.events():
            pass
