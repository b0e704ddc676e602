"""The whole telephone side in one object, on a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from dispatch.domain.call_ports import Telephones
from dispatch.domain.errors import TelephonyUnavailable
from telephony.agents import QueueSeats
from telephony.ami import AmiClient, AmiConfig
from telephony.call_backs import CallBackOrders
from telephony.checkpoints import Checkpoints
from telephony.desk import CallDeskOrders
from telephony.dialer import DialerConfig, FollowUpDialer
from telephony.gateway import Gateway
from telephony.marks import CallerMarkOrders
from telephony.reconciler import Reconciler
from telephony.recorder import RecordingFollower
from telephony.seat_store import SeatStore
from telephony.supervising import SupervisorOrders
from telephony.switch import PlanFiles, SwitchOrders
from telephony.writer import CallSink

STOP_WITHIN_S = 10.0


@dataclass(frozen=True, kw_only=True)
class ConnectorConfig:
    """The two connections, the files to follow (None when Asterisk runs elsewhere), the dialer."""

    events: AmiConfig
    actions: AmiConfig
    channel_events: Path | None = None
    queue_log: Path | None = None
    detail_records: Path | None = None
    dialer: DialerConfig = field(default_factory=DialerConfig)
    seat_check_s: float = 15.0
    """How often the members of the queues are compared with the seats we want."""
    node: str = "hot1"
    plan_files: PlanFiles | None = None
    """Where its configuration is written; None when Asterisk runs elsewhere."""


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
    seat_checks: int
    seat_corrections: Mapping[str, int]
    """Differences between Asterisk's queues and our seats, by kind; all were set right."""


class TelephonyConnector:
    """Starts and stops everything that talks to Asterisk.

    `seats` and `dialer` implement the ports of the domain and may be used from any thread.
    The store of `seats` has the wishes and is told what was found; `sink` takes what is new.
    """

    def __init__(
        self,
        config: ConnectorConfig,
        *,
        sink: CallSink,
        seats: SeatStore,
        checkpoints: Checkpoints,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._config = config
        self._sink = sink
        self._checkpoints = checkpoints
        self._now = now
        self._events = AmiClient(config.events, now=now)
        self._actions = AmiClient(config.actions, now=now)
        self.seats = QueueSeats(self._actions, seats, check_s=config.seat_check_s, now=now)
        self.dialer = FollowUpDialer(self._actions, config.dialer)
        self._desk = CallDeskOrders(self._actions)
        self._recorder = RecordingFollower(self._actions, self._desk.masked)
        self._supervising = SupervisorOrders(self._actions)
        self._call_backs = CallBackOrders(self._actions)
        self._marks = CallerMarkOrders(self._actions)
        self.switch = SwitchOrders(
            self._actions, config.node, config.plan_files, self.seats.assert_all
        )
        self.telephones = Telephones(
            desk=self._desk,
            supervising=self._supervising,
            call_backs=self._call_backs,
            marks=self._marks,
            switch=self.switch,
        )
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
            seat_checks=self.seats.checks,
            seat_corrections=self.seats.corrections,
        )

    def _run(self) -> None:
        asyncio.run(self._work())

    async def _work(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._gateway = Gateway(
            self._events,
            self._sink,
            reconciler=self._reconciler(),
            now=self._now,
            heed=self._recorder.hear,
        )
        self._bind(self._loop)
        work = [
            asyncio.ensure_future(job)
            for job in (
                self._gateway.run(),
                self._events.run(),
                self._actions.run(),
                self._heed_answers(),
                self.seats.keep_checking(),
            )
        ]
        self._started.set()
        stopping = asyncio.ensure_future(self._stopping.wait())
        # Any of these ends only by a defect; then the rest must not pretend to work.
        await asyncio.wait([stopping, *work], return_when=asyncio.FIRST_COMPLETED)
        await self._end(work, stopping)

    def _bind(self, loop: asyncio.AbstractEventLoop | None) -> None:
        ours = (self._desk, self._supervising, self._call_backs, self._marks, self.switch)
        for orders in (self.seats, self.dialer, *ours):
            orders.bind(loop)

    async def _end(
        self, work: Sequence[asyncio.Task[None]], stopping: asyncio.Task[Literal[True]]
    ) -> None:
        self._bind(None)
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
        return Reconciler(
            self._config.channel_events,
            self._config.queue_log,
            self._checkpoints,
            detail_records=self._config.detail_records,
        )

    async def _heed_answers(self) -> None:
        """The actions connection tells nothing the other does not, but what came of orders."""
        async for batch in self._actions.events():
            for received in batch:
                self._desk.hear(received.headers)
                self.switch.hear(received.headers)
