"""Seats at the queue: who is a member and who is paused is ours to say, not Asterisk's."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from dispatch.domain.errors import TelephonyUnavailable
from dispatch.domain.ports import AgentState, Seat
from telephony.ami import AmiClient, Reply
from telephony.channels import extension_of

log = logging.getLogger(__name__)
Result = TypeVar("Result")
REPLY_WITHIN_S = 8.0
PAUSED = frozenset({AgentState.PAUSED, AgentState.WRAP_UP})
_EXTENSION = re.compile(r"\d{2,6}")


def on_loop(loop: asyncio.AbstractEventLoop | None, work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine on the telephony loop from any other thread and wait for its result.

    Raises:
        TelephonyUnavailable: the loop does not run, or does not answer in time.
    """
    if loop is None or not loop.is_running():
        work.close()
        raise TelephonyUnavailable
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        return future.result(REPLY_WITHIN_S)
    except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError):
        future.cancel()
        raise TelephonyUnavailable from None


class QueueSeats:
    """Carries out wishes on the queue and asserts all of them again after each connection.

    `wishes` returns every seat that is signed in, as stored; it runs on a worker thread.
    """

    def __init__(
        self, client: AmiClient, *, wishes: Callable[[], Sequence[Seat]], queue: str = "hotline"
    ) -> None:
        self._client = client
        self._wishes = wishes
        self._queue = queue
        self._loop: asyncio.AbstractEventLoop | None = None
        self._order: asyncio.Lock | None = None

    def bind(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Say on which loop the connection lives; None when it ends."""
        self._loop = loop
        self._order = asyncio.Lock() if loop is not None else None

    def apply(self, seat: Seat) -> None:
        """Ask for the state; see `dispatch.domain.ports.SeatControl`. Callable from any thread."""
        on_loop(self._loop, self.assert_one(seat))

    async def assert_one(self, seat: Seat) -> None:
        """Make one seat as wished."""
        if self._order is None:
            raise TelephonyUnavailable
        async with self._order:
            await self._assert(seat)

    async def assert_all(self) -> None:
        """Make the queue's members exactly those wished for, paused as wished."""
        if self._order is None:
            raise TelephonyUnavailable
        async with self._order:
            seats = await asyncio.to_thread(self._wishes)
            wished = {seat.extension for seat in seats if seat.state is not AgentState.SIGNED_OUT}
            for extension in await self._members() - wished:
                await self._remove(extension)
            for seat in seats:
                await self._assert(seat)

    async def _members(self) -> set[str]:
        reply = await self._client.action("QueueStatus", Queue=self._queue)
        members = (item for item in reply.items if item.get("Event") == "QueueMember")
        found = {extension_of(member.get("Location", "")) for member in members}
        return {extension for extension in found if extension is not None}

    async def _assert(self, seat: Seat) -> None:
        if not _EXTENSION.fullmatch(seat.extension):
            raise TelephonyUnavailable(f"分机号 {seat.extension!r} 无效")
        if seat.state is AgentState.SIGNED_OUT:
            await self._remove(seat.extension)
            return
        interface, paused = f"PJSIP/{seat.extension}", seat.state in PAUSED
        added = await self._client.action(
            "QueueAdd",
            Queue=self._queue,
            Interface=interface,
            MemberName=seat.name,
            StateInterface=interface,
            Paused="true" if paused else "false",
        )
        if added.ok:
            return
        pause = {"Paused": "true" if paused else "false", "Reason": seat.reason}
        reply = await self._client.action(
            "QueuePause", {**pause, "Queue": self._queue, "Interface": interface}
        )
        _insist(reply, seat.extension)

    async def _remove(self, extension: str) -> None:
        """Take the seat out of the queue; one that is not there is as wished."""
        await self._client.action("QueueRemove", Queue=self._queue, Interface=f"PJSIP/{extension}")


def _insist(reply: Reply, extension: str) -> None:
    if not reply.ok:
        log.warning("seat %s: %s", extension, reply.message)
        raise TelephonyUnavailable(f"电话系统没有接受分机 {extension} 的状态")
