"""Agents' states over a broken connection: who hung up unseen is not busy for ever."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from dispatch.domain.calls import AgentSeen
from dispatch.domain.ports import AgentState
from telephony.ami import AmiClient
from telephony.gateway import Gateway
from telephony.writer import ListSink
from tests.telephony.fake_ami import Action, FakeAmi, until
from tests.telephony.test_ami import quick, run
from tests.telephony.test_calls import answered
from tests.telephony.trace_writer import AGENT, CITIZEN, TraceWriter


def talking() -> str:
    """A call that 8001 has answered."""
    return "".join(block for at, block in answered().blocks if at <= 5.0)


def nobody(_: FakeAmi, action: Action) -> str:
    return (
        f"Response: Success\r\nActionID: {action['ActionID']}\r\nEventList: start\r\n\r\n"
        f"Event: CoreShowChannelsComplete\r\nActionID: {action['ActionID']}\r\n"
        "EventList: Complete\r\n\r\n"
    )


def both(_: FakeAmi, action: Action) -> str:
    trace, order = TraceWriter(), action["ActionID"]
    for channel in (CITIZEN, AGENT):
        trace.event(
            6.0,
            "CoreShowChannel",
            **trace.leg(channel),
            ActionID=order,
            ChannelState=6,
            BridgeId="b1",
        )
    listed = "".join(block for _, block in trace.blocks)
    start = f"Response: Success\r\nActionID: {order}\r\nEventList: start\r\n\r\n"
    end = f"Event: CoreShowChannelsComplete\r\nActionID: {order}\r\nEventList: Complete\r\n\r\n"
    return start + listed + end


def states(sink: ListSink) -> list[AgentState]:
    return [item.state for item in sink.news if isinstance(item, AgentSeen)]


def test_a_talk_that_ended_in_a_gap_frees_its_agent() -> None:
    async def story() -> None:
        sink = ListSink()
        async with FakeAmi() as server:
            server.answers["CoreShowChannels"] = nobody
            client = AmiClient(quick(server))
            gateway = Gateway(client, sink, reconciler=None, now=lambda: datetime.now(UTC))
            work = [asyncio.ensure_future(gateway.run()), asyncio.ensure_future(client.run())]
            await until(lambda: client.connected)
            server.say(talking())
            await until(lambda: AgentState.TALKING in states(sink))
            server.cut()
            await until(lambda: states(sink)[-1] is AgentState.READY, 10)
            await client.close()
            for job in work:
                job.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    run(story)


def test_a_talk_that_goes_on_over_a_gap_is_told_once() -> None:
    async def story() -> None:
        sink = ListSink()
        async with FakeAmi() as server:
            server.answers["CoreShowChannels"] = both
            client = AmiClient(quick(server))
            gateway = Gateway(client, sink, reconciler=None, now=lambda: datetime.now(UTC))
            work = [asyncio.ensure_future(gateway.run()), asyncio.ensure_future(client.run())]
            await until(lambda: client.connected)
            server.say(talking())
            await until(lambda: AgentState.TALKING in states(sink))
            server.cut()
            await until(lambda: len(server.named("CoreShowChannels")) >= 2, 10)
            await until(lambda: gateway.writer.backlog == 0)
            assert states(sink)[-1] is AgentState.TALKING
            await client.close()
            for job in work:
                job.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    run(story)
