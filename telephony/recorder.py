"""Recordings go on when an agent who asked a colleague leaves the citizen to him.

Asterisk's recorder passes what it hears through a translator that follows the numbers of the
packets. The colleague's telephone numbers its packets from anywhere, and where it begins lower the
translator drops them as late: his voice would be missing from about half of these recordings. The
dialplan begins the recording anew when it hands the citizen on (`record-on`); a citizen who is
handed over by REFER with Replaces, or is left with one of two, passes no dialplan.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import MutableSet

from dispatch.domain.errors import TelephonyUnavailable
from telephony.ami import AmiClient, Reply
from telephony.orders import Errands
from telephony.talks import channels, is_citizen
from telephony.values import known
from telephony.wire import Headers

log = logging.getLogger(__name__)

TRANSLATOR_GOES_S = 0.2
"""The old translator goes when the next packet, 20 ms later at most, finds nobody who listens."""

CITIZEN_ARRIVES_S = (0.0, 0.1, 0.2, 0.4, 0.8)
"""How long before each look, in seconds: the hand-over is told before the citizen is moved."""


class RecordingFollower:
    """Orders recordings to begin anew, appending, when only the citizen's company changed.

    `masked` are the channels whose recording an agent has silenced: it stays silent.
    """

    def __init__(self, client: AmiClient, masked: MutableSet[str]) -> None:
        self._client = client
        self._masked = masked
        self._under_way: set[str] = set()
        self._errands = Errands("a recording was not begun anew")

    def hear(self, event: Headers) -> None:
        """Look at one event; runs on the telephony loop."""
        if event.get("Event") == "Hangup":
            self._masked.discard(event.get("Channel", ""))
        bridge = _left_to_another(event)
        if bridge is not None:
            self._errands.begin(self._follow(bridge))

    async def _follow(self, bridge: str) -> None:
        try:
            citizen = await self._citizen_in(bridge)
            if citizen is None or citizen in self._under_way:
                return
            self._under_way.add(citizen)
            try:
                await self._begin_anew(citizen)
            finally:
                self._under_way.discard(citizen)
        except TelephonyUnavailable as failure:
            log.warning("the recording in bridge %s was not begun anew: %s", bridge, failure)

    async def _citizen_in(self, bridge: str) -> str | None:
        for wait_s in CITIZEN_ARRIVES_S:
            await asyncio.sleep(wait_s)
            for item in await channels(self._client):
                if item.get("BridgeId") == bridge and is_citizen(item):
                    return item["Channel"]
        return None

    async def _begin_anew(self, citizen: str) -> None:
        path = await self._variable("RECORDING", citizen)
        folder = await self._variable("RECORDINGS")
        if path is None or folder is None:
            return  # nobody wished it recorded
        if not (await self._order("StopMixMonitor", citizen)).ok:
            return  # it is not being recorded now
        await asyncio.sleep(TRANSLATOR_GOES_S)
        sides = f"{folder}/{path.removesuffix('.wav')}"
        options = f"abr({sides}-citizen.wav)t({sides}-agent.wav)"
        begun = await self._order("MixMonitor", citizen, options=options)
        if not begun.ok:
            log.error("the recording of %s ended at a hand-over: %s", citizen, begun.message)
        elif citizen in self._masked:
            await self._order("MixMonitorMute", citizen, Direction="both", State="1")

    async def _order(self, name: str, channel: str, **headers: str) -> Reply:
        return await self._client.action(name, {"Channel": channel, **headers})

    async def _variable(self, name: str, channel: str = "") -> str | None:
        of = {"Channel": channel} if channel else {}
        reply = await self._client.action("Getvar", {"Variable": name, **of})
        return known(reply.headers.get("Value")) if reply.ok else None


def _left_to_another(event: Headers) -> str | None:
    """The bridge in which the citizen may be with somebody whom no dialplan gave him to."""
    name = event.get("Event")
    if name == "AttendedTransfer" and event.get("Result") == "Success":
        return known(event.get("DestBridgeUniqueid")) or known(event.get("SecondBridgeUniqueid"))
    if name == "BridgeLeave" and event.get("BridgeNumChannels") == "2":
        return known(event.get("BridgeUniqueid"))
    return None
