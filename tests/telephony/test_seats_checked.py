"""Seats against a real Asterisk that is changed behind our back: every difference heals."""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from dispatch.domain.calls import AgentSeen
from dispatch.domain.policy import load_profile
from dispatch.domain.ports import AgentState, BusySeat, Membership, Seat
from dispatch.domain.switch_plan import SwitchPlan
from telephony.ami import AmiClient, AmiConfig
from telephony.asterisk.callers import Manner
from telephony.checkpoints import FileCheckpoints
from telephony.connector import ConnectorConfig, TelephonyConnector
from telephony.headers import HEARD
from telephony.seat_check import members_of
from telephony.seat_store import WishesOnly
from telephony.writer import ListSink
from tests.fixtures_asterisk import AsteriskUnderTest, private_asterisk
from tests.fixtures_hotline import until

pytestmark = pytest.mark.asterisk
CHECK_S = 0.3
QUEUES = load_profile("default").calls.queues
BOTH = (Membership("hotline"), Membership("foreign", 3))
WANG = Seat("9001", "王芳", AgentState.READY, queues=BOTH)
ZHAO = Seat("9002", "赵敏", AgentState.PAUSED, "用餐")


@pytest.fixture(scope="module")
def several() -> Iterator[AsteriskUnderTest]:
    """An Asterisk with every queue of the default policy."""
    with (
        tempfile.TemporaryDirectory(prefix="hotline-seats-") as folder,
        private_asterisk(Path(folder), plan=SwitchPlan(queues=QUEUES)) as running,
    ):
        yield running


class Desk(WishesOnly):
    """A store whose wishes a test changes, and who is thought busy."""

    def __init__(self, *wished: Seat) -> None:
        self.wished = list(wished)
        super().__init__(lambda: list(self.wished))
        self.thought_busy: list[BusySeat] = []
        self.idle_told: list[AgentSeen] = []

    def busy(self) -> list[BusySeat]:
        return list(self.thought_busy)

    def idle(self, seen: AgentSeen) -> None:
        self.idle_told.append(seen)
        self.thought_busy.clear()

    def unreachable(self, telephones: frozenset[str], at: datetime) -> None:
        self.lost = telephones


@contextmanager
def connected(asterisk: AsteriskUnderTest, desk: Desk) -> Iterator[TelephonyConnector]:
    secrets, port = asterisk.settings.secrets, asterisk.settings.ami_port
    config = ConnectorConfig(
        events=AmiConfig(
            username="hotline-events", secret=secrets.ami_events, port=port, wanted=HEARD
        ),
        actions=AmiConfig(username="hotline-actions", secret=secrets.ami_actions, port=port),
        seat_check_s=CHECK_S,
    )
    with tempfile.TemporaryDirectory() as folder:
        running = TelephonyConnector(
            config,
            sink=ListSink(),
            seats=desk,
            checkpoints=FileCheckpoints(Path(folder) / "checkpoints.json"),
        )
        running.start()
        try:
            until(lambda: running.status().connected)
            until(lambda: running.status().seat_checks > 0)
            # A check may come before everybody was put in the queues, and that is told after it.
            until(lambda: wanted(desk) <= set(members(asterisk)), 30)
            until(lambda: len(desk.told) >= len(wanted(desk)))
            yield running
        finally:
            desk.wished.clear()
            until(lambda: members(asterisk) == {}, 30)
            running.stop()


def wanted(desk: Desk) -> set[tuple[str, str]]:
    """(queue, telephone) of everybody who wishes to be rung, in the queues there are."""
    there = {queue.code for queue in QUEUES}
    wished = (member for seat in desk.wished for member in members_of(seat))
    return {(one.queue, one.interface) for one in wished if one.queue in there}


def members(asterisk: AsteriskUnderTest) -> dict[tuple[str, str], tuple[str, str, str]]:
    """(queue, telephone) -> penalty, paused, reason, of all queues."""
    return {
        (row["Queue"], row["Location"]): (row["Penalty"], row["Paused"], row["PausedReason"])
        for row in listed(asterisk, "QueueStatus")
        if row["Event"] == "QueueMember"
    }


def listed(asterisk: AsteriskUnderTest, action: str) -> list[dict[str, str]]:
    """The events of a list, asked for on a connection of its own."""

    async def ask() -> list[dict[str, str]]:
        secret, port = asterisk.settings.secrets.ami_actions, asterisk.settings.ami_port
        client = AmiClient(AmiConfig(username="hotline-actions", secret=secret, port=port))
        running = asyncio.ensure_future(client.run())
        while not client.connected:  # noqa: ASYNC110  # bounded by the test's own time
            await asyncio.sleep(0.01)
        reply = await client.action(action)
        await client.close()
        await running
        return [dict(item) for item in reply.items]

    return asyncio.run(ask())


def test_a_seat_serves_every_queue_of_its_skills_with_its_penalty_and_its_reason(
    several: AsteriskUnderTest,
) -> None:
    desk = Desk(WANG, ZHAO)
    with connected(several, desk) as telephony:
        assert members(several) == {
            ("hotline", "PJSIP/9001"): ("0", "0", ""),
            ("foreign", "PJSIP/9001"): ("3", "0", ""),
            ("hotline", "PJSIP/9002"): ("0", "1", "用餐"),
        }
        lunch = dataclasses.replace(WANG, state=AgentState.PAUSED, reason="用餐")
        desk.wished[0] = lunch
        telephony.seats.apply(lunch)
        assert members(several)["foreign", "PJSIP/9001"] == ("3", "1", "用餐")
        fewer = dataclasses.replace(WANG, queues=(Membership("enterprise", 1),))
        desk.wished[0] = fewer
        telephony.seats.apply(fewer)
        assert members(several) == {
            ("enterprise", "PJSIP/9001"): ("1", "0", ""),
            ("hotline", "PJSIP/9002"): ("0", "1", "用餐"),
        }
        # What we did ourselves is no difference, however often it is checked.
        seen = telephony.status()
        until(lambda: telephony.status().seat_checks > seen.seat_checks + 4)
        assert telephony.status().seat_corrections == seen.seat_corrections


def test_a_queue_asterisk_does_not_have_keeps_nobody_from_the_others(
    several: AsteriskUnderTest,
) -> None:
    seat = dataclasses.replace(WANG, queues=(*BOTH, Membership("tibetan")))
    desk = Desk(seat)
    with connected(several, desk) as telephony:
        telephony.seats.apply(seat)
        assert {queue for queue, _ in members(several)} == {"hotline", "foreign"}
        until(lambda: telephony.status().seat_corrections.get("no_queue") == 1)


def test_an_agent_who_rings_elsewhere_leaves_his_first_telephone(
    several: AsteriskUnderTest,
) -> None:
    with connected(several, desk := Desk(WANG)) as telephony:
        telephony.seats.apply(WANG)
        desk.wished[0] = dataclasses.replace(WANG, rings="9002")
        telephony.seats.apply(desk.wished[0])
        assert {place for _, place in members(several)} == {"PJSIP/9002"}


@pytest.mark.parametrize(
    ("kind", "action", "fields"),
    [
        ("lost", "QueueRemove", {"Queue": "hotline", "Interface": "PJSIP/9001"}),
        ("pause", "QueuePause", {"Interface": "PJSIP/9001", "Paused": "true"}),
        ("pause", "QueuePause", {"Interface": "PJSIP/9002", "Paused": "false"}),
        (
            "pause",
            "QueuePause",
            {"Interface": "PJSIP/9002", "Paused": "true", "Reason": "别的"},
        ),
        (
            "penalty",
            "QueuePenalty",
            {"Queue": "foreign", "Interface": "PJSIP/9001", "Penalty": "9"},
        ),
        ("stranger", "QueueAdd", {"Queue": "enterprise", "Interface": "PJSIP/8003"}),
    ],
)
def test_what_is_changed_behind_our_back_heals_and_is_counted(
    several: AsteriskUnderTest, kind: str, action: str, fields: dict[str, str]
) -> None:
    desk = Desk(WANG, ZHAO)
    with connected(several, desk) as telephony:
        right = members(several)
        before = telephony.status().seat_corrections.get(kind, 0)
        desk.told.clear()
        with several.probe() as probe:
            probe.action(action, **fields)
        # The next check may have healed it before anybody can look; then it has told of it.
        until(lambda: len(desk.told) > 0)
        until(lambda: members(several) == right)
        assert {found.kind.value for found in desk.told} == {kind}
        until(lambda: telephony.status().seat_corrections[kind] == before + len(desk.told))


def test_after_a_restart_every_seat_is_there_again_and_that_is_told(
    several: AsteriskUnderTest,
) -> None:
    desk = Desk(WANG, ZHAO)
    with connected(several, desk):
        right = members(several)
        desk.told.clear()
        several.runner.stop()
        several.runner.start()
        until(lambda: members(several) == right, 40)
        until(lambda: len(desk.told) == 3)
        assert {found.kind.value for found in desk.told} == {"lost"}


def test_a_telephone_that_is_not_registered_is_known(several: AsteriskUnderTest) -> None:
    browser = Seat("8001", "钱七", AgentState.READY)
    with connected(several, desk := Desk(WANG, browser)):
        until(lambda: desk.lost == frozenset({"8001"}))


def test_an_agent_thought_busy_without_a_call_is_found_and_one_with_a_call_is_not(
    several: AsteriskUnderTest,
) -> None:
    desk = Desk(WANG, ZHAO)
    with connected(several, desk), several.desk_phone("9001", Manner.ANSWER, seconds=60).start():
        with several.citizen().dial("13800139044", "12345", seconds=40):
            until(lambda: _channels(several, "PJSIP/9001") == 1, 30)
            desk.thought_busy[:] = [
                BusySeat("9001", "9001", AgentState.TALKING),
                BusySeat("8002", "9002", AgentState.TALKING),
            ]
            until(lambda: len(desk.idle_told) > 0)
        assert [(one.extension, one.state) for one in desk.idle_told] == [
            ("8002", AgentState.READY)
        ]
        assert {found.kind.value for found in desk.told if found.extension == "8002"} == {"no_call"}


def _channels(asterisk: AsteriskUnderTest, begin: str) -> int:
    rows = listed(asterisk, "CoreShowChannels")
    return sum(1 for row in rows if row.get("Channel", "").startswith(begin))
