"""An agent's own calls: click to call, third parties, masking, a page that was loaded anew."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass

from dispatch.domain.call_ports import BringIn, OutboundCall
from dispatch.domain.call_terms import EmergencyWay
from dispatch.domain.errors import (
    InvalidInput,
    NotInTalk,
    RecordingUnavailable,
    TelephonyUnavailable,
)
from telephony.ami import AmiClient, Reply
from telephony.channels import extension_of
from telephony.orders import Errands, LoopBound
from telephony.talks import Talk, channels, is_leg_of, talk_begun, talk_of
from telephony.values import known
from telephony.wire import Headers

log = logging.getLogger(__name__)
RING_AGENT_S = 15
JOIN_WITHIN_S = 10.0
LOOK_EVERY_S = 0.1

_EXTENSION = re.compile(r"[0-9]{2,6}")
_NUMBER = re.compile(r"\+?[0-9]{2,20}")
_TRUNK = re.compile(r"[A-Za-z0-9_-]{1,26}")
_CHANNEL_ID = re.compile(r"[A-Za-z0-9_.-]{1,80}")


@dataclass(frozen=True)
class _Leaving:
    """An agent who leaves the talk once the third party is in it."""

    agent: str
    bridge: str


class CallDeskOrders(LoopBound):
    """Implements `dispatch.domain.call_ports.CallDesk`; callable from any thread."""

    def __init__(self, client: AmiClient) -> None:
        super().__init__(client)
        self._leaving: dict[str, _Leaving] = {}
        self.masked: set[str] = set()
        """The citizens' channels whose recording is silenced now."""
        self._errands = Errands("an agent stays in a talk that was handed on")

    def dial(self, call: OutboundCall) -> None:
        """Ring the agent, whose telephone answers by itself, then the number.

        Raises:
            InvalidInput: the number, the trunk or an id is not one.
            TelephonyUnavailable: the telephone system did not take the order.
        """
        _check(_EXTENSION, call.extension, "extension")
        _check(_CHANNEL_ID, call.channel_id, "channel_id")
        _check(_CHANNEL_ID, call.call_uuid, "call_uuid")
        self.run(self._dial(call, _dial_string(call.number, call.trunk)))

    def bring_in(self, order: BringIn) -> None:
        """Ring a third party, who joins the talk when he answers; else nothing changes.

        A colleague whom the agent is consulting joins at once.

        Raises:
            NotInTalk: the extension talks with no citizen now.
            InvalidInput: the number, the trunk or an id is not one.
            TelephonyUnavailable: the telephone system did not take the order.
        """
        _check(_EXTENSION, order.extension, "extension")
        _check(_CHANNEL_ID, order.channel_id, "channel_id")
        self.run(self._bring_in(order, _dial_string(order.number, order.trunk)))

    def mask(self, extension: str, *, on: bool) -> None:
        """Silence the recording of the extension's talk, or let it go on.

        Raises:
            NotInTalk: the extension talks with no citizen now.
            RecordingUnavailable: the talk is not being recorded.
        """
        _check(_EXTENSION, extension, "extension")
        self.run(self._mask(extension, on=on))

    def hold_for(self, extension: str) -> None:
        """Let the citizen hear music until `resume`: the agent's page is being loaded anew.

        Raises:
            NotInTalk: the extension talks with no citizen now.
        """
        _check(_EXTENSION, extension, "extension")
        self.run(self._hold_for(extension))

    def resume(self, extension: str) -> bool:
        """Give the citizen back whom the agent's page lost; False when there is none."""
        _check(_EXTENSION, extension, "extension")
        return self.run(self._resume(extension))

    def hear(self, event: Headers) -> None:
        """Look at one event of the acting connection; runs on the telephony loop."""
        order = event.get("ActionID") or ""
        if event.get("Event") != "OriginateResponse" or order not in self._leaving:
            return
        leaving = self._leaving.pop(order)
        if event.get("Response") == "Success":
            self._errands.begin(self._leave(order, leaving))

    async def _dial(self, call: OutboundCall, target: str) -> None:
        number = call.number
        reply = await self._client.action(
            "Originate",
            ActionID=call.channel_id,
            Channel=f"PJSIP/{call.extension}",
            Context="desk-dial",
            Exten="s",
            Priority="1",
            CallerID=call.caller_id,
            Timeout=str(RING_AGENT_S * 1000),
            ChannelId=call.channel_id,
            Variable=[
                f"__CALLUUID={call.call_uuid}",
                f"__CALLER={number}",
                f"DIALTO={target}",
                f"DIALAS={call.caller_id}",
                f"PJSIP_HEADER(add,X-Call-UUID)={call.call_uuid}",
                f"PJSIP_HEADER(add,X-Caller)={number}",
                "PJSIP_HEADER(add,X-Auto-Answer)=dial",
            ],
            Async="true",
        )
        _insist(reply)

    async def _bring_in(self, order: BringIn, target: str) -> None:
        talk = await talk_begun(self._client, order.extension)
        consulted = await self._consulted(order, talk)
        if consulted is not None:
            await self._join_now(consulted, talk)
            return
        if order.way is EmergencyWay.TRANSFER:
            self._leaving[order.channel_id] = _Leaving(talk.agent, talk.bridge)
        reply = await self._client.action(
            "Originate",
            ActionID=order.channel_id,
            Channel=target,
            Context="desk-join",
            Exten="s",
            Priority="1",
            CallerID=order.caller_id,
            Timeout=str(order.ring_s * 1000),
            ChannelId=order.channel_id,
            Variable=[
                f"__CALLUUID={talk.call_uuid or ''}",
                f"JOINTO={talk.citizen}",
                f"PJSIP_HEADER(add,X-Call-UUID)={talk.call_uuid or ''}",
                f"PJSIP_HEADER(add,X-Caller)={order.caller_id}",
            ],
            Async="true",
        )
        if not reply.ok:
            self._leaving.pop(order.channel_id, None)
        _insist(reply)

    async def _consulted(self, order: BringIn, talk: Talk) -> str | None:
        """The colleague's channel when the agent is talking with him on a second line."""
        if order.trunk:
            return None
        alive = await channels(self._client)
        bridges = {
            bridge
            for item in alive
            if is_leg_of(item, order.extension) and (bridge := known(item.get("BridgeId")))
        } - {talk.bridge}
        found = (
            item["Channel"]
            for item in alive
            if is_leg_of(item, order.number) and item.get("BridgeId") in bridges
        )
        return next(found, None)

    async def _join_now(self, channel: str, talk: Talk) -> None:
        for name, value in (("JOINTO", talk.citizen), ("CALLUUID", talk.call_uuid or "")):
            _insist(await self._set(channel, name, value))
        _insist(await self._redirect(channel, "desk-join", "s"))

    async def _leave(self, joined_id: str, leaving: _Leaving) -> None:
        """Hang the agent up, but never before the third party is with the citizen."""
        deadline = asyncio.get_running_loop().time() + JOIN_WITHIN_S
        met = False
        while asyncio.get_running_loop().time() < deadline:
            try:
                alive = await channels(self._client)
            except TelephonyUnavailable as failure:
                # Asked again: else the agent would stay in a talk that he has handed on.
                log.warning("who talks with %s was not told: %s", joined_id, failure)
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            third = next((one for one in alive if one.get("Uniqueid") == joined_id), None)
            if third is None:
                log.warning("%s answered and was gone again; the agent stays", joined_id)
                return
            if all(one.get("Channel") != leaving.agent for one in alive):
                return  # he left by himself
            met = met or known(third.get("BridgeId")) == leaving.bridge
            if met and (await self._hang_up(leaving.agent)).ok:
                return
            await asyncio.sleep(LOOK_EVERY_S)
        log.warning("%s answered and did not reach the talk; the agent stays", joined_id)

    async def _mask(self, extension: str, *, on: bool) -> None:
        talk = await talk_begun(self._client, extension)
        reply = await self._client.action(
            "MixMonitorMute", Channel=talk.citizen, Direction="both", State="1" if on else "0"
        )
        if not reply.ok:
            raise RecordingUnavailable("这次通话没有在录音，不需要遮蔽")
        (self.masked.add if on else self.masked.discard)(talk.citizen)

    async def _hold_for(self, extension: str) -> None:
        talk = await talk_of(self._client, extension)
        _insist(await self._redirect(talk.citizen, "held-for", extension))

    async def _resume(self, extension: str) -> bool:
        """The page has no call of its own, so a leg of it that still stands is a dead one."""
        citizen = await self._held_for(extension)
        if citizen is None:
            try:
                citizen = (await talk_of(self._client, extension)).citizen
            except NotInTalk:
                return False
        _insist(await self._redirect(citizen, "resume", extension))
        return True

    async def _held_for(self, extension: str) -> str | None:
        for item in await channels(self._client):
            if item.get("Context") != "held-for" or extension_of(item["Channel"]) is not None:
                continue
            reply = await self._client.action(
                "Getvar", Channel=item["Channel"], Variable="TALKWITH"
            )
            if reply.ok and reply.headers.get("Value") == extension:
                return item["Channel"]
        return None

    async def _set(self, channel: str, name: str, value: str) -> Reply:
        return await self._client.action("Setvar", Channel=channel, Variable=name, Value=value)

    async def _hang_up(self, channel: str) -> Reply:
        return await self._client.action("Hangup", Channel=channel, Cause="16")

    async def _redirect(self, channel: str, context: str, exten: str) -> Reply:
        return await self._client.action(
            "Redirect", Channel=channel, Context=context, Exten=exten, Priority="1"
        )


def _dial_string(number: str, trunk: str) -> str:
    """What Asterisk dials: an own extension, or a number through the trunk's endpoint."""
    if not trunk:
        _check(_EXTENSION, number, "number")
        return f"PJSIP/{number}"
    _check(_NUMBER, number, "number")
    _check(_TRUNK, trunk, "trunk")
    return f"PJSIP/{number}@{trunk}"


def _check(pattern: re.Pattern[str], value: str, field: str) -> None:
    if not pattern.fullmatch(value):
        raise InvalidInput(f"电话系统不能使用“{value}”", field=field)


def _insist(reply: Reply) -> None:
    if not reply.ok:
        log.warning("order refused: %s", reply.message)
        raise TelephonyUnavailable("电话系统没有接受这个操作，请再试一次")
