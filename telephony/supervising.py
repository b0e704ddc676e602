"""Supervisors on live talks: listen, whisper, barge, take over, release."""

from __future__ import annotations

import asyncio
import re

from dispatch.domain.call_terms import ListenMode
from dispatch.domain.errors import InvalidInput, NotInTalk, TelephonyUnavailable
from telephony.ami import Reply
from telephony.channels import extension_of
from telephony.orders import LoopBound
from telephony.talks import Talk, channels, is_leg_of, is_listening, talk_of

RING_S = 20
FREE_WITHIN_S = 3.0
LOOK_EVERY_S = 0.1
AUTO_ANSWER = "PJSIP_HEADER(add,X-Auto-Answer)=listen"
"""Asks the supervisor's telephone to answer by itself: he has just pressed the button."""

_EXTENSION = re.compile(r"[0-9]{2,6}")
_LISTENING_ID = re.compile(r"listen-[0-9]{1,18}")


class SupervisorOrders(LoopBound):
    """Implements `dispatch.domain.call_ports.Supervising`; callable from any thread."""

    def listen(self, supervisor: str, agent: str, mode: ListenMode, channel_id: str) -> None:
        """Ring the supervisor's telephone and join it to the agent's talk.

        Raises:
            NotInTalk: the agent talks with nobody now.
            InvalidInput: not an extension, or a channel id that is not a listening's.
            TelephonyUnavailable: the telephone system did not take the order.
        """
        _check(supervisor, agent)
        if not _LISTENING_ID.fullmatch(channel_id):
            raise InvalidInput("监听编号无效", field="channel_id")
        self.run(self._listen(supervisor, agent, mode, channel_id))

    def change_mode(self, channel_id: str, mode: ListenMode) -> None:
        """Go on in another way without hanging up.

        Raises:
            NotInTalk: the listening has ended.
            TelephonyUnavailable: the telephone system did not take the order.
        """
        self.run(self._change_mode(channel_id, mode))

    def stop_listening(self, channel_id: str) -> None:
        """End a listening; one that has ended already is as wished."""
        self.run(self._stop_listening(channel_id))

    def take_over(self, supervisor: str, agent: str) -> None:
        """Give the citizen to the supervisor, whose telephone rings; the agent is free.

        Raises:
            NotInTalk: the agent talks with nobody now.
            TelephonyUnavailable: the telephone system did not take the order.
        """
        _check(supervisor, agent)
        self.run(self._take_over(supervisor, agent))

    def release(self, extension: str, *, keep_citizen: bool) -> None:
        """Free the agent; the citizen comes first in the queue, or his call ends too.

        Raises:
            NotInTalk: the extension has no call.
            TelephonyUnavailable: the telephone system did not take the order.
        """
        _check(extension)
        self.run(self._release(extension, keep_citizen=keep_citizen))

    async def _listen(self, supervisor: str, agent: str, mode: ListenMode, channel_id: str) -> None:
        talk = await talk_of(self._client, agent)
        await self._free(supervisor)
        reply = await self._client.action(
            "Originate",
            ActionID=channel_id,
            Channel=f"PJSIP/{supervisor}",
            Context="spy",
            Exten=mode.value,
            Priority="1",
            CallerID=f"{mode.label} <{agent}>",
            Timeout=str(RING_S * 1000),
            ChannelId=channel_id,
            Variable=[f"SPYON={talk.agent}", "__SPY=1", AUTO_ANSWER],
            Async="true",
        )
        _insist(reply)

    async def _change_mode(self, channel_id: str, mode: ListenMode) -> None:
        channel = await self._listening_leg(channel_id)
        if channel is None:
            raise NotInTalk("这次监听已经结束，请重新开始")
        _insist(
            await self._client.action(
                "Redirect", Channel=channel, Context="spy", Exten=mode.value, Priority="1"
            )
        )

    async def _stop_listening(self, channel_id: str) -> None:
        channel = await self._listening_leg(channel_id)
        if channel is not None:
            await self._client.action("Hangup", Channel=channel, Cause="16")

    async def _listening_leg(self, channel_id: str) -> str | None:
        alive = await channels(self._client)
        found = (one["Channel"] for one in alive if one.get("Uniqueid") == channel_id)
        return next(found, None)

    async def _take_over(self, supervisor: str, agent: str) -> None:
        talk = await talk_of(self._client, agent)
        await self._free(supervisor)
        _insist(
            await self._client.action(
                "Setvar", Channel=talk.citizen, Variable="TAKENFROM", Value=agent
            )
        )
        await self._move(talk, "take-over", supervisor)

    async def _free(self, supervisor: str) -> None:
        """End the supervisor's listening first: his telephone takes one call at a time."""
        deadline = asyncio.get_running_loop().time() + FREE_WITHIN_S
        asked: set[str] = set()
        while legs := [
            one["Channel"]
            for one in await channels(self._client)
            if is_listening(one.get("Uniqueid", ""))
            and extension_of(one.get("Channel", "")) == supervisor
        ]:
            if asyncio.get_running_loop().time() > deadline:
                raise TelephonyUnavailable("您的电话没有空出来，请先挂断再试")
            for leg in set(legs) - asked:
                await self._client.action("Hangup", Channel=leg, Cause="16")
                asked.add(leg)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _move(self, talk: Talk, context: str, exten: str) -> None:
        _insist(
            await self._client.action(
                "Redirect", Channel=talk.citizen, Context=context, Exten=exten, Priority="1"
            )
        )

    async def _release(self, extension: str, *, keep_citizen: bool) -> None:
        try:
            talk = await talk_of(self._client, extension)
        except NotInTalk:
            await self._hang_up_all(extension)
        else:
            await self._move(talk, "released", "queue" if keep_citizen else "end")

    async def _hang_up_all(self, extension: str) -> None:
        """Free a telephone that rings, or hangs in a call without a citizen."""
        legs = [one["Channel"] for one in await channels(self._client) if is_leg_of(one, extension)]
        if not legs:
            raise NotInTalk
        for leg in legs:
            await self._client.action("Hangup", Channel=leg, Cause="16")


def _check(*extensions: str) -> None:
    for extension in extensions:
        if not _EXTENSION.fullmatch(extension):
            raise InvalidInput("分机号无效，只能由数字组成", field="extension")


def _insist(reply: Reply) -> None:
    if not reply.ok:
        raise TelephonyUnavailable(f"电话系统没有接受这项操作：{reply.message}")
