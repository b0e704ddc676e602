"""Who talks with whom now: asked of the telephone system, never remembered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from dispatch.domain.errors import NotInTalk, TelephonyUnavailable
from telephony.ami import AmiClient
from telephony.channels import extension_of, is_line
from telephony.values import known, variable
from telephony.wire import Headers

LISTENING = "listen-"
"""How the unique ids of supervisors' listening legs begin; they are no part of any call."""


LIFTED_S = (0.1, 0.2, 0.4)
"""How long after each look, in seconds, a lifted telephone is looked at again: the telephone says
that it talks before the telephone system has connected the two."""

JOINING = "join-"
"""How the unique ids of third parties' legs begin: they were rung to join somebody else's talk."""


def is_joining(channel_id: str) -> bool:
    """Whether the leg was rung to join a talk, and began no call of its own."""
    return channel_id.startswith(JOINING)


def is_listening(channel_id: str) -> bool:
    """Whether the leg only listens to others' talk."""
    return channel_id.startswith(LISTENING)


@dataclass(frozen=True, kw_only=True)
class Talk:
    """An agent's channel, and the citizen's that shares its bridge."""

    agent: str
    citizen: str
    citizen_id: str
    call_uuid: str | None
    bridge: str


async def channels(client: AmiClient) -> tuple[Headers, ...]:
    """Every channel that is there now.

    Raises:
        TelephonyUnavailable: no list came.
    """
    reply = await client.action("CoreShowChannels")
    if not reply.ok:
        raise TelephonyUnavailable(reply.message)
    return reply.items


async def talk_of(client: AmiClient, extension: str) -> Talk:
    """The talk the extension is in.

    Raises:
        NotInTalk: it is in none, or only with one of our own extensions.
        TelephonyUnavailable: the telephone system did not say.
    """
    alive = await channels(client)
    legs = [leg for leg in alive if is_leg_of(leg, extension) and known(leg.get("BridgeId"))]
    # The youngest first: a telephone that died in a call leaves its leg behind for a while.
    for leg in sorted(legs, key=lambda item: item.get("Duration", "")):
        bridge = leg["BridgeId"]
        others = (item for item in alive if item.get("BridgeId") == bridge)
        citizen = next((item for item in others if is_citizen(item)), None)
        if citizen is not None:
            return Talk(
                agent=leg["Channel"],
                citizen=citizen["Channel"],
                citizen_id=citizen["Uniqueid"],
                call_uuid=variable(citizen, "CALLUUID"),
                bridge=bridge,
            )
    raise NotInTalk


async def talk_begun(client: AmiClient, extension: str) -> Talk:
    """The talk the extension is in, or will be in a moment: its telephone has just been lifted.

    Raises:
        NotInTalk: it is in none, or only with one of our own extensions.
        TelephonyUnavailable: the telephone system did not say.
    """
    for wait_s in LIFTED_S:
        try:
            return await talk_of(client, extension)
        except NotInTalk:
            await asyncio.sleep(wait_s)
    return await talk_of(client, extension)


def is_leg_of(item: Headers, extension: str) -> bool:
    """Whether the channel is the extension's telephone in a call of its own."""
    return extension_of(item.get("Channel", "")) == extension and not is_listening(
        item.get("Uniqueid", "")
    )


def is_citizen(item: Headers) -> bool:
    """A line to somebody outside: in a bridge the one that is no extension's and began the call."""
    channel = item.get("Channel", "")
    outside = is_line(channel) and extension_of(channel) is None
    return outside and not is_joining(item.get("Uniqueid", ""))
