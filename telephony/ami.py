"""The connection to Asterisk's manager interface: the only module that knows panoramisk.

panoramisk keeps the transport and writes actions; reading, time-outs, reconnection and the
order of events are ours, because there it loses characters cut between two reads, waits for
ever for some replies, sends unanswered actions again after a reconnect, swallows the result
of an asynchronous Originate, trusts a frozen peer and runs callbacks inside the reader.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from panoramisk import Manager
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol

from dispatch.domain.errors import HotlineError, TelephonyUnavailable
from telephony.wire import Headers, WireReader

log = logging.getLogger(__name__)
Values = str | int | Sequence[str]


class UnsafeValue(HotlineError):
    """发往电话系统的内容含有换行或控制字符，已拒绝"""

    code = "unsafe-telephony-value"


class ActionTimedOut(TelephonyUnavailable):
    """电话系统没有在规定时间内答复"""

    code = "telephony-timeout"


class LoginRefused(TelephonyUnavailable):
    """电话系统拒绝了管理接口的用户名或密码"""

    code = "telephony-login-refused"


@dataclass(frozen=True, kw_only=True)
class AmiConfig:
    """Where and how to connect; times in seconds. `wanted` names the events worth parsing."""

    username: str
    secret: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 5038
    wanted: frozenset[str] | None = None
    connect_timeout_s: float = 5.0
    action_timeout_s: float = 5.0
    ping_every_s: float = 5.0
    pong_within_s: float = 4.0
    retry_first_s: float = 0.25
    retry_most_s: float = 15.0
    backlog: int = 20_000


@dataclass(frozen=True)
class Reply:
    """The answer to an action; `items` are the events of a list."""

    headers: Headers
    items: tuple[Headers, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether Asterisk accepted the action."""
        return self.headers.get("Response") in ("Success", "Follows", "Goodbye")

    @property
    def message(self) -> str:
        """Asterisk's own words about it."""
        return self.headers.get("Message", "")


class Received(NamedTuple):
    """One event and when it was read from the socket."""

    headers: Headers
    at: datetime


@dataclass
class _Pending:
    reply: asyncio.Future[Reply]
    head: Headers | None = None
    items: list[Headers] = field(default_factory=list)

    def take(self, headers: Headers) -> bool:
        """Add one message; return True when the reply is complete."""
        if "Response" in headers and "Event" not in headers:
            self.head = headers
            complete = headers.get("EventList", "").lower() != "start"
        else:
            ends = headers.get("EventList", "").lower() in ("complete", "cancelled")
            complete = ends and self.head is not None
            if not ends:
                self.items.append(headers)
        if complete and self.head is not None and not self.reply.done():
            self.reply.set_result(Reply(self.head, tuple(self.items)))
        return complete


class _Protocol(AMIProtocol):  # type: ignore[misc]  # panoramisk ships no types
    """panoramisk's protocol with our reader; nothing of ours runs while it reads but appending."""

    closed: bool

    def __init__(self, client: AmiClient) -> None:
        self._client = client
        self.wire = WireReader(client.config.wanted)

    def data_received(self, data: bytes) -> None:
        """Hand complete messages on, wherever the network cut them."""
        self._client.take(self.wire.feed(data))
        self._client.ease(self.transport)

    def close(self) -> None:
        """Close without keeping unanswered actions: done twice they do harm."""
        if not self.closed:
            self.closed = True
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the client; it decides when to come back."""
        self.closed = True
        self._client.lost()


class _Manager(Manager):  # type: ignore[misc]  # panoramisk ships no types
    """panoramisk's manager without its own reconnecting, pinging and replaying."""

    pinger: asyncio.TimerHandle | None

    def connection_made(self, f: asyncio.Future[Any]) -> None:
        """Keep the protocol of a successful connection; failures belong to the caller."""
        if not f.cancelled() and f.exception() is None:
            super().connection_made(f)
            if self.pinger is not None:
                self.pinger.cancel()
                self.pinger = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave reconnecting to the client."""

    async def send_awaiting_actions(self, *_: object) -> None:
        """Never send an action again."""


class AmiClient:
    """One connection that comes back by itself, events in order, actions with time-outs."""

    def __init__(
        self, config: AmiConfig, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.config = config
        self.connected = False
        self.connected_since: datetime | None = None
        self.last_event_at: datetime | None = None
        self.lost_at: datetime | None = None
        self.connections = 0
        self.failures = 0
        self.counts: dict[str, int] = {"events": 0, "bad_characters": 0, "malformed_lines": 0}
        self.on_ready: list[Callable[[], Awaitable[None]]] = []
        self._now = now
        self._events: deque[Received] = deque()
        self._news = asyncio.Event()
        self._pending: dict[str, _Pending] = {}
        self._manager: _Manager | None = None
        self._lost = asyncio.Event()
        self._closed = asyncio.Event()
        self._ready_task: asyncio.Task[None] | None = None
        self._paused = False

    # --- the life of the connection ---------------------------------------------------------

    async def run(self) -> None:
        """Connect, stay connected and come back, waiting longer each time; ends with `close`."""
        attempt = 0
        while not self._closed.is_set():
            try:
                await self._connect()
                attempt = 0
                await self._stay()
            except (OSError, TimeoutError, TelephonyUnavailable) as failure:
                self.failures += 1
                log.warning("AMI %s:%s: %s", self.config.host, self.config.port, failure)
            finally:
                self._drop()
            if not self._closed.is_set():
                await self._wait(attempt)
                attempt += 1

    async def close(self) -> None:
        """End the connection and any waiting to reconnect."""
        self._closed.set()
        self._lost.set()
        self._news.set()
        self._drop()

    async def _connect(self) -> None:
        self._lost.clear()
        self._manager = _Manager(
            host=self.config.host,
            port=self.config.port,
            loop=asyncio.get_running_loop(),
            protocol_factory=lambda: _Protocol(self),
            ping_delay=3600,
        )
        await asyncio.wait_for(self._manager.connect(), self.config.connect_timeout_s)
        # panoramisk takes the new connection over in a callback of its task.
        await asyncio.sleep(0)
        reply = await self._send(
            "Login", {"Username": self.config.username, "Secret": self.config.secret}
        )
        if not reply.ok:
            raise LoginRefused
        self.connected, self.connected_since = True, self._now()
        self.connections += 1

    async def _stay(self) -> None:
        """Ping until the connection is lost; a peer that does not answer in time is gone."""
        while not await self._lost_within(self.config.ping_every_s):
            if not self._paused:
                await self._send("Ping", {}, timeout_s=self.config.pong_within_s)

    async def _lost_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._lost.wait(), seconds)
        return self._lost.is_set()

    async def _wait(self, attempt: int) -> None:
        most = min(self.config.retry_most_s, self.config.retry_first_s * 2.0 ** min(attempt, 16))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), most * random.uniform(0.75, 1.0))

    def _disconnected(self) -> None:
        if self.connected:
            self.lost_at = self._now()
        self.connected = False

    def _drop(self) -> None:
        self._disconnected()
        self.connected_since, self._paused = None, False
        if self._ready_task is not None:
            self._ready_task.cancel()
            self._ready_task = None
        if self._manager is not None and self._manager.protocol is not None:
            wire = self._manager.protocol.wire
            self.counts["bad_characters"] += wire.bad_characters
            self.counts["malformed_lines"] += wire.malformed_lines
            self._manager.close()
        self._manager = None
        pending, self._pending = self._pending, {}
        for one in pending.values():
            if not one.reply.done():
                one.reply.set_exception(TelephonyUnavailable())

    # --- what the protocol reports ----------------------------------------------------------

    def take(self, messages: Sequence[Headers]) -> None:
        """File messages in their order: replies to their actions, events to the queue."""
        at, heard = self._now(), len(self._events)
        for headers in messages:
            name = headers.event
            if self._pending and self._answers(headers, name):
                continue
            if name is not None:
                self._events.append(Received(headers, at))
                if name == "FullyBooted" and self.on_ready:
                    self._ready_task = asyncio.ensure_future(self._call_ready())
        heard = len(self._events) - heard
        if heard:
            self.counts["events"] += heard
            self.last_event_at = at
            self._news.set()

    def _answers(self, headers: Headers, name: str | None) -> bool:
        """Give a message to the action it answers, if it answers one."""
        action_id = headers.get("ActionID")
        pending = self._pending.get(action_id) if action_id is not None else None
        # An event that is no part of a list belongs to the consumers, whoever caused it.
        if pending is None or (
            name is not None and pending.head is None and "EventList" not in headers
        ):
            return False
        if pending.take(headers):
            del self._pending[action_id or ""]
        return True

    def ease(self, transport: asyncio.Transport) -> None:
        """Stop reading while the consumer is behind: the peer's socket buffers the rest."""
        if not self._paused and len(self._events) >= self.config.backlog:
            self._paused = True
            transport.pause_reading()

    def lost(self) -> None:
        """Note that the connection is gone."""
        self._disconnected()
        self._lost.set()

    async def _call_ready(self) -> None:
        """Run what is to be done after connecting, again until it works or the line is gone."""
        for callback in self.on_ready:
            while self.connected:
                attempt = asyncio.ensure_future(callback())
                await asyncio.wait([attempt])
                failure = attempt.exception()
                if failure is None:
                    break
                log.warning("after connecting: %s", failure)
                await asyncio.sleep(self.config.retry_first_s * 4)

    # --- for consumers ----------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many events wait for the consumer."""
        return len(self._events)

    async def events(self) -> AsyncIterator[list[Received]]:
        """Yield the events in order, those waiting together in one list, until `close`."""
        while not self._closed.is_set():
            await self._news.wait()
            self._news.clear()
            while self._events:
                batch = [self._events.popleft() for _ in range(min(len(self._events), 500))]
                if self._paused and len(self._events) <= self.config.backlog // 2:
                    self._resume()
                yield batch

    def _resume(self) -> None:
        self._paused = False
        if self._manager is not None and self._manager.protocol is not None:
            self._manager.protocol.transport.resume_reading()

    async def action(
        self, name: str, fields: Mapping[str, Values] | None = None, **more: Values
    ) -> Reply:
        """Send an action and return the whole reply, lists included.

        Raises:
            TelephonyUnavailable: not connected, or the connection broke before the reply.
            ActionTimedOut: no reply in time; it is never sent again.
            UnsafeValue: a line break or control character in a value.
        """
        if not self.connected:
            raise TelephonyUnavailable
        return await self._send(name, {**(fields or {}), **more})

    async def _send(
        self, name: str, fields: Mapping[str, Values], *, timeout_s: float | None = None
    ) -> Reply:
        if self._manager is None or self._manager.protocol is None:
            raise TelephonyUnavailable
        lines = {"Action": name, **fields}
        for header, value in lines.items():
            _refuse_control_characters(header, value)
        order = Action(lines)
        pending = _Pending(asyncio.get_running_loop().create_future())
        self._pending[order.id] = pending
        self._manager.protocol.transport.write(str(order).encode())
        try:
            async with asyncio.timeout(timeout_s or self.config.action_timeout_s):
                return await pending.reply
        except TimeoutError:
            raise ActionTimedOut from None
        finally:
            self._pending.pop(order.id, None)


def _refuse_control_characters(header: str, value: Values) -> None:
    values = [str(value)] if isinstance(value, str | int) else list(value)
    for text in (header, *values):
        if not text.isprintable() and any(
            ord(character) < 32 or ord(character) == 127 for character in text
        ):
            raise UnsafeValue
