"""Seats at the queues: who is a member and who is paused is ours to say, not Asterisk's."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from dispatch.domain.calls import AgentSeen
from dispatch.domain.errors import HotlineError, TelephonyUnavailable
from dispatch.domain.ports import AgentState, Seat
from telephony.ami import AmiClient, Reply
from telephony.channels import extension_of
from telephony.orders import LoopBound
from telephony.seat_check import (
    Difference,
    DifferenceKind,
    Found,
    Member,
    differences,
    interface_of,
    members_of,
    read_status,
)
from telephony.seat_store import SeatStore

log = logging.getLogger(__name__)
_EXTENSION = re.compile(r"\d{2,6}")
CONFIRM_S = 1.0
"""A difference counts when it is still there after this: a wish just stored is on its way."""


class QueueSeats(LoopBound):
    """Carries out wishes on the queues, asserts all of them after each connection, and checks."""

    def __init__(
        self,
        client: AmiClient,
        store: SeatStore,
        *,
        check_s: float = 15.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(client)
        self._store = store
        self._check_s = check_s
        self._now = now
        self._order: asyncio.Lock | None = None
        self._asserted: dict[str, tuple[Member, ...]] = {}
        self._asked: set[asyncio.Task[None]] = set()
        self._counts: Counter[str] = Counter()
        self._lacking: set[Difference] = set()
        self.checks = 0

    @property
    def corrections(self) -> Mapping[str, int]:
        """How many differences of each kind were found since the start."""
        return dict(self._counts)

    def bind(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Say on which loop the connection lives; None when it ends."""
        super().bind(loop)
        self._order = asyncio.Lock() if loop is not None else None

    def apply(self, seat: Seat) -> None:
        """Ask for the state; see `dispatch.domain.ports.SeatControl`. Callable from any thread."""
        self.run(self.assert_one(seat))

    def ask(self, seat: Seat) -> None:
        """The same without waiting; what fails is set right by the next check."""
        loop = self._loop
        if loop is not None and loop.is_running():
            loop.call_soon_threadsafe(self._begin, seat)

    def _begin(self, seat: Seat) -> None:
        task = asyncio.ensure_future(self._try(seat))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _try(self, seat: Seat) -> None:
        try:
            await self.assert_one(seat)
        except HotlineError as failure:
            log.warning("seat %s: %s", seat.extension, failure)

    # --- one seat ---------------------------------------------------------------------------

    async def assert_one(self, seat: Seat) -> None:
        """Make one seat as wished."""
        if self._order is None:
            raise TelephonyUnavailable
        if not _EXTENSION.fullmatch(seat.rings or seat.extension):
            raise TelephonyUnavailable(f"分机号 {seat.extension!r} 无效")
        async with self._order:
            wanted = members_of(seat)
            if not await self._pause_only(seat, wanted):
                await self._assert(seat, wanted)
            self._asserted[seat.extension] = wanted

    async def _pause_only(self, seat: Seat, wanted: Sequence[Member]) -> bool:
        """The usual case in one order: the same places, paused or not."""
        last = self._asserted.get(seat.extension, ())
        if not wanted or [_place(m) for m in wanted] != [_place(m) for m in last]:
            return False
        reply = await self._client.action("QueuePause", _pause(wanted[0]))
        return reply.ok

    async def _assert(self, seat: Seat, wanted: Sequence[Member]) -> None:
        interfaces = {interface_of(seat)}
        interfaces |= {member.interface for member in self._asserted.get(seat.extension, ())}
        queues: set[str] = set()
        members: dict[tuple[str, str], Member] = {}
        for interface in sorted(interfaces):
            found = await self._status(Member=interface)
            queues |= found.queues
            members |= found.members
        for difference in differences(wanted, Found(frozenset(queues), members)):
            await self._heal(difference)

    # --- all seats --------------------------------------------------------------------------

    async def assert_all(self) -> None:
        """Make the queues' members exactly those wished for; what differed is counted."""
        if self._order is None:
            raise TelephonyUnavailable
        async with self._order:
            self._asserted.clear()
            await self._note(await self._heal_all(None))

    async def keep_checking(self) -> None:
        """Compare and heal every so often, until cancelled."""
        while True:
            await asyncio.sleep(self._check_s)
            if not self._client.connected:
                continue
            attempt = asyncio.ensure_future(self.check())
            # Waited for rather than awaited: a store that is away must not end the checking.
            await asyncio.wait([attempt])
            if not attempt.cancelled() and attempt.exception() is not None:
                log.warning("seats not checked: %s", attempt.exception())

    async def check(self) -> None:
        """Compare what Asterisk has with what we want, and set right what lasts."""
        found = await self._status()
        first = {*await self._compare(found), *await self._gone()}
        await asyncio.to_thread(self._store.unreachable, found.unreachable, self._now())
        self.checks += 1
        if not first or self._order is None:
            return
        await asyncio.sleep(CONFIRM_S)
        async with self._order:
            lasting = [gone for gone in await self._gone() if gone in first]
            await self._note((*await self._heal_all(first), *lasting))
        for difference in lasting:
            await asyncio.to_thread(self._store.idle, _idle(difference, self._now()))

    async def _compare(self, found: Found) -> tuple[Difference, ...]:
        seats = await asyncio.to_thread(self._store.wishes)
        return differences([member for seat in seats for member in members_of(seat)], found)

    async def _heal_all(self, confirmed: set[Difference] | None) -> tuple[Difference, ...]:
        """Set right what differs; with `confirmed` only what was seen before."""
        differing = await self._compare(await self._status())
        found = tuple(one for one in differing if confirmed is None or one in confirmed)
        for difference in found:
            self._asserted.pop(difference.extension, None)
            await self._heal(difference)
        return found

    async def _heal(self, difference: Difference) -> None:
        member = difference.member
        place = {"Queue": member.queue, "Interface": member.interface}
        match difference.kind:
            case DifferenceKind.STRANGER:
                await self._client.action("QueueRemove", place)
            case DifferenceKind.PAUSE:
                _insist(
                    await self._client.action("QueuePause", {**_pause(member), **place}), member
                )
            case DifferenceKind.PENALTY:
                penalty = {**place, "Penalty": str(member.penalty)}
                _insist(await self._client.action("QueuePenalty", penalty), member)
            case DifferenceKind.LOST:
                await self._add(member, place)
            case _:
                pass  # A queue that is not there yet comes with the next plan.

    async def _add(self, member: Member, place: Mapping[str, str]) -> None:
        order = {**_pause(member), **place, "MemberName": member.name}
        order |= {"StateInterface": member.interface, "Penalty": str(member.penalty)}
        _insist(await self._client.action("QueueAdd", order), member)

    async def _note(self, differing: Iterable[Difference]) -> None:
        found = [one for one in differing if one not in self._lacking]
        self._lacking.update(one for one in found if one.kind is DifferenceKind.NO_QUEUE)
        for difference in found:
            self._counts[difference.kind.value] += 1
            log.warning(
                "seat %s in %s: %s, found %s",
                difference.extension,
                difference.member.queue,
                difference.kind.value,
                difference.found,
            )
        if found:
            await asyncio.to_thread(self._store.corrected, found, self._now())

    # --- what Asterisk has ------------------------------------------------------------------

    async def _status(self, **only: str) -> Found:
        reply = await self._client.action("QueueStatus", only)
        if not reply.ok:
            raise TelephonyUnavailable(reply.message)
        return read_status(reply.items)

    async def _gone(self) -> tuple[Difference, ...]:
        """Agents we think busy who have no channel."""
        busy = await asyncio.to_thread(self._store.busy)
        if not busy:
            return ()
        reply = await self._client.action("CoreShowChannels")
        if not reply.ok:
            raise TelephonyUnavailable(reply.message)
        living = {extension_of(item["Channel"]) for item in reply.items if "Channel" in item}
        return tuple(
            Difference(
                DifferenceKind.NO_CALL, Member("", f"PJSIP/{one.extension}"), one.state.value
            )
            for one in busy
            if not living & {one.extension, one.telephone}
        )


def _place(member: Member) -> tuple[str, str, int]:
    return (member.queue, member.interface, member.penalty)


def _pause(member: Member) -> dict[str, str]:
    paused = "true" if member.paused else "false"
    return {"Interface": member.interface, "Paused": paused, "Reason": member.reason}


def _idle(difference: Difference, at: datetime) -> AgentSeen:
    return AgentSeen(extension=difference.extension, state=AgentState.READY, since=at)


def _insist(reply: Reply, member: Member) -> None:
    if not reply.ok:
        log.warning("seat %s: %s", member.interface, reply.message)
        raise TelephonyUnavailable(f"电话系统没有接受 {member.interface} 的状态")
