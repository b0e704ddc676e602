"""Who talks with whom, asked in the moment in which a telephone has just been lifted."""

from __future__ import annotations

import asyncio

import pytest

from dispatch.domain.errors import NotInTalk
from telephony.ami import AmiClient
from telephony.talks import Talk, talk_begun
from tests.telephony.fake_ami import Action, FakeAmi, until
from tests.telephony.test_ami import quick, run
from tests.telephony.test_gateway_states import both, nobody


async def asked(server: FakeAmi) -> Talk:
    client = AmiClient(quick(server))
    work = asyncio.ensure_future(client.run())
    await until(lambda: client.connected)
    try:
        return await talk_begun(client, "8001")
    finally:
        await client.close()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def test_an_order_given_the_moment_the_telephone_is_lifted_finds_the_talk() -> None:
    async def story() -> None:
        async with FakeAmi() as server:

            def in_a_moment(asked_of: FakeAmi, action: Action) -> str:
                late = len(asked_of.named("CoreShowChannels")) > 1
                return (both if late else nobody)(asked_of, action)

            server.answers["CoreShowChannels"] = in_a_moment
            assert (await asked(server)).bridge == "b1"

    run(story)


def test_whoever_talks_with_nobody_is_told_so_after_a_moment() -> None:
    async def story() -> None:
        async with FakeAmi() as server:
            server.answers["CoreShowChannels"] = nobody
            with pytest.raises(NotInTalk):
                await asked(server)

    run(story)
