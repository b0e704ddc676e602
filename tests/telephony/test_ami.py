"""Each known weakness of the manager library, and its cure, against a scripted server."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from dispatch.domain.errors import TelephonyUnavailable
from telephony.ami import ActionTimedOut, AmiClient, AmiConfig, UnsafeValue
from telephony.wire import Headers
from tests.telephony.fake_ami import Action, FakeAmi, silence, until


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run an asynchronous test with a bound on its time."""
    asyncio.run(asyncio.wait_for(test(), 60))


def quick(server: FakeAmi, **changes: Any) -> AmiConfig:
    values: dict[str, Any] = {
        "username": "events",
        "secret": "right",
        "port": server.port,
        "retry_first_s": 0.02,
        "retry_most_s": 0.3,
        "action_timeout_s": 10.0,
        "ping_every_s": 30.0,
    }
    return AmiConfig(**{**values, **changes})


class Listener:
    """Takes every event in order."""

    def __init__(self, client: AmiClient) -> None:
        self.client = client
        self.heard: list[Headers] = []

    async def run(self) -> None:
        async for batch in self.client.events():
            self.heard += [received.headers for received in batch]

    def values(self, name: str) -> list[str]:
        return [headers[name] for headers in self.heard if name in headers]


@asynccontextmanager
async def connected(server: FakeAmi, **changes: Any) -> AsyncIterator[tuple[AmiClient, Listener]]:
    client = AmiClient(quick(server, **changes))
    listener = Listener(client)
    tasks = [asyncio.ensure_future(client.run()), asyncio.ensure_future(listener.run())]
    try:
        await until(lambda: client.connected)
        yield client, listener
    finally:
        await client.close()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def event(name: str, **headers: str) -> str:
    lines = "".join(f"{header}: {value}\r\n" for header, value in headers.items())
    return f"Event: {name}\r\n{lines}\r\n"


def test_a_character_cut_between_two_reads_is_whole() -> None:
    async def story() -> None:
        async with FakeAmi() as server, connected(server) as (_, listener):
            said = event("Newchannel", CallerIDName="张三丰").encode()
            for number in range(len(said)):
                server.say(said[number : number + 1])
                await asyncio.sleep(0)
            await until(lambda: bool(listener.values("CallerIDName")))
            assert listener.values("CallerIDName") == ["张三丰"]

    run(story)


def test_bytes_that_are_no_text_are_replaced_and_counted() -> None:
    async def story() -> None:
        async with FakeAmi() as server:
            async with connected(server) as (client, listener):
                server.say(b"Event: X\r\nName: a\xff\xfeb\r\n\r\n" + event("Y", Name="后").encode())
                await until(lambda: len(listener.values("Name")) == 2)
                assert listener.values("Name") == ["a��b", "后"]
            assert client.counts["bad_characters"] == 2

    run(story)


def test_adding_to_a_queue_is_answered() -> None:
    def added(_: FakeAmi, action: Action) -> str:
        said = "Added interface to queue"
        return f"Response: Success\r\nActionID: {action['ActionID']}\r\nMessage: {said}\r\n\r\n"

    async def story() -> None:
        async with FakeAmi() as server, connected(server) as (client, _):
            server.answers["QueueAdd"] = added
            reply = await client.action("QueueAdd", Queue="hotline", Interface="PJSIP/8001")
            assert reply.ok

    run(story)


@pytest.mark.parametrize("fields", [{}, {"Async": "true"}])
def test_an_originate_is_answered_at_once_and_its_result_is_heard(fields: dict[str, str]) -> None:
    def queued(_: FakeAmi, action: Action) -> str:
        head = f"ActionID: {action['ActionID']}\r\n"
        said = "Message: Originate successfully queued\r\n"
        return (
            f"Response: Success\r\n{head}{said}\r\n"
            f"Event: OriginateResponse\r\n{head}Response: Failure\r\nReason: 3\r\n\r\n"
        )

    async def story() -> None:
        async with FakeAmi() as server, connected(server) as (client, listener):
            server.answers["Originate"] = queued
            reply = await client.action("Originate", {"ActionID": "follow-up/7/x", **fields})
            assert reply.ok
            await until(lambda: bool(listener.values("Reason")))
            result = next(one for one in listener.heard if one["Event"] == "OriginateResponse")
            assert result["ActionID"] == "follow-up/7/x"
            assert client.connections == 1

    run(story)


def test_a_list_is_one_reply_with_its_items() -> None:
    def listed(_: FakeAmi, action: Action) -> str:
        head = f"ActionID: {action['ActionID']}\r\n"
        return (
            f"Response: Success\r\n{head}EventList: start\r\n\r\n"
            f"Event: CoreShowChannel\r\n{head}Channel: PJSIP/8001-1\r\n\r\n"
            + event("Newstate", Channel="PJSIP/8002-1")
            + f"Event: CoreShowChannel\r\n{head}Channel: PJSIP/8003-1\r\n\r\n"
            f"Event: CoreShowChannelsComplete\r\n{head}EventList: Complete\r\nListItems: 2\r\n\r\n"
        )

    async def story() -> None:
        async with FakeAmi() as server, connected(server) as (client, listener):
            server.answers["CoreShowChannels"] = listed
            reply = await client.action("CoreShowChannels")
            assert [item["Channel"] for item in reply.items] == ["PJSIP/8001-1", "PJSIP/8003-1"]
            await until(lambda: bool(listener.values("Channel")))
            assert listener.values("Channel") == ["PJSIP/8002-1"]

    run(story)


def test_an_unanswered_action_is_never_sent_again() -> None:
    async def story() -> None:
        async with FakeAmi() as server, connected(server, action_timeout_s=5) as (client, _):
            server.answers["Redirect"] = silence
            waiting = asyncio.ensure_future(client.action("Redirect", Channel="PJSIP/8001-1"))
            await until(lambda: bool(server.named("Redirect")))
            server.cut()
            with pytest.raises(TelephonyUnavailable):
                await waiting
            await until(lambda: client.connections == 2 and client.connected)
            assert (await client.action("Ping")).ok
            assert len(server.named("Redirect")) == 1

    run(story)


def test_an_action_without_an_answer_ends_in_time() -> None:
    async def story() -> None:
        async with FakeAmi() as server, connected(server, action_timeout_s=0.1) as (client, _):
            server.answers["Hangup"] = silence
            with pytest.raises(ActionTimedOut):
                await client.action("Hangup", Channel="PJSIP/8001-1")
            assert client.connected

    run(story)


def test_an_action_before_connecting_is_refused_by_name() -> None:
    async def story() -> None:
        with pytest.raises(TelephonyUnavailable):
            await AmiClient(AmiConfig(username="u", secret="s")).action("Ping")

    run(story)


def test_a_frozen_asterisk_is_noticed() -> None:
    async def story() -> None:
        async with FakeAmi() as server:
            timing = {"ping_every_s": 0.05, "pong_within_s": 0.1}
            async with connected(server, **timing) as (client, _):
                server.answers["Ping"] = silence
                await until(lambda: server.logins >= 2)
                assert client.failures >= 1

    run(story)


@pytest.mark.parametrize("value", ["a\r\nAction: Hangup", "a\nb", "a\rb", "a\0b", "a\x1bb"])
def test_line_breaks_and_control_characters_are_refused(value: str) -> None:
    async def story() -> None:
        async with FakeAmi() as server, connected(server) as (client, _):
            with pytest.raises(UnsafeValue):
                await client.action("QueueAdd", MemberName=value)
            with pytest.raises(UnsafeValue):
                await client.action("Originate", Variable=["A=1", value])
            with pytest.raises(UnsafeValue):
                await client.action("QueueAdd", {f"Name{value}": "x"})
            assert (await client.action("QueueAdd", MemberName="坐席 8001")).ok
            assert server.raw.count(b"Action: QueueAdd") == 1
            assert b"Hangup" not in server.raw

    run(story)


def test_refused_passwords_are_retried_ever_more_slowly() -> None:
    async def story() -> None:
        async with FakeAmi() as server:
            server.password = "changed"
            client = AmiClient(quick(server, retry_first_s=0.05, retry_most_s=5.0))
            task = asyncio.ensure_future(client.run())
            begun = asyncio.get_running_loop().time()
            await until(lambda: server.logins >= 6)
            # Waits of 0.05, 0.1, 0.2, 0.4, 0.8 seconds, each a quarter shorter at most.
            assert asyncio.get_running_loop().time() - begun > 1.1
            assert not client.connected
            server.password = "right"
            await until(lambda: client.connected)
            await client.close()
            await task

    run(story)


def test_refused_connections_are_retried_ever_more_slowly_until_it_is_there() -> None:
    async def story() -> None:
        server = FakeAmi()
        await server.listen()
        await server.stop()
        client = AmiClient(quick(server, retry_first_s=0.05, retry_most_s=5.0))
        task = asyncio.ensure_future(client.run())
        begun = asyncio.get_running_loop().time()
        await until(lambda: client.failures >= 6)
        assert asyncio.get_running_loop().time() - begun > 1.1
        await server.listen()
        await until(lambda: client.connected)
        await client.close()
        await task
        await server.stop()

    run(story)


def test_closing_ends_the_wait_for_the_next_attempt() -> None:
    async def story() -> None:
        server = FakeAmi()
        await server.listen()
        await server.stop()
        client = AmiClient(quick(server, retry_first_s=60.0, retry_most_s=60.0))
        task = asyncio.ensure_future(client.run())
        await until(lambda: client.failures == 1)
        await client.close()
        await asyncio.wait_for(task, 20)

    run(story)


def test_values_that_came_once_or_often_are_always_a_list() -> None:
    headers = Headers("ChanVariable: A=1\nEmpty: \nX: 1\nX: 2")
    assert headers.every("ChanVariable") == ["A=1"]
    assert headers.every("X") == ["1", "2"]
    assert headers["X"] == "1"
    assert headers.every("Missing") == []
    assert headers["Empty"] == ""
    with pytest.raises(KeyError):
        headers["Mising"]


def test_a_consumer_that_fails_ends_neither_the_connection_nor_what_was_read() -> None:
    async def story() -> None:
        async with FakeAmi() as server, connected(server) as (client, _):
            server.say(event("Tick", Number="1") + event("Tick", Number="2"))
            await until(lambda: client.counts["events"] == 3)

            async def fails() -> None:
                async for _ in client.events():
                    raise ValueError("a consumer's own mistake")

            failing = asyncio.ensure_future(fails())
            server.say(event("Tick", Number="3"))
            await asyncio.wait([failing], timeout=20)
            listener = Listener(client)
            listening = asyncio.ensure_future(listener.run())
            server.say(event("Tick", Number="4"))
            await until(lambda: client.counts["events"] == 5)
            assert client.connected
            assert client.connections == 1
            assert (await client.action("Ping")).ok
            listening.cancel()

    run(story)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_message_can_be_copied_and_sent_to_another_process(
    again: Callable[[Headers], Headers],
) -> None:
    headers = Headers("Event: X\nChanVariable: A=1\nChanVariable: B=")
    same = again(headers)
    assert (same, same.event) == (headers, "X")
    assert same.every("ChanVariable") == ["A=1", "B="]


def test_events_keep_their_order_while_the_consumer_is_slow() -> None:
    async def story() -> None:
        async with FakeAmi() as server:
            client = AmiClient(quick(server, backlog=50))
            running = asyncio.ensure_future(client.run())
            await until(lambda: client.connected)
            for number in range(8_000):
                server.say(event("Tick", Number=str(number), Padding="x" * 200))
            await until(lambda: client.waiting >= 50)
            await asyncio.sleep(0.2)
            # One read of the socket may overshoot the limit; all 8,000 must not be here.
            assert client.waiting < 4_000
            listener = Listener(client)
            listening = asyncio.ensure_future(listener.run())
            await until(lambda: len(listener.values("Number")) == 8_000, 40)
            assert listener.values("Number") == [str(number) for number in range(8_000)]
            assert client.connections == 1
            await client.close()
            await asyncio.gather(running, listening)

    run(story)


def test_what_is_to_be_done_after_connecting_is_done_every_time_until_it_works() -> None:
    async def story() -> None:
        attempts: list[int] = []

        async def greet() -> None:
            attempts.append(client.connections)
            if len(attempts) == 1:
                raise TelephonyUnavailable
            await client.action("QueueStatus")

        async with FakeAmi() as server:
            client = AmiClient(quick(server))
            client.on_ready.append(greet)
            task = asyncio.ensure_future(client.run())
            await until(lambda: len(server.named("QueueStatus")) == 1)
            server.cut()
            await until(lambda: len(server.named("QueueStatus")) == 2)
            assert attempts == [1, 1, 2]
            await client.close()
            await task

    run(story)
