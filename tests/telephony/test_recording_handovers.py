"""Recordings go on with the colleague's voice where no dialplan hands the citizen over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dispatch.domain.call_ports import BringIn
from dispatch.domain.call_terms import EmergencyWay
from dispatch.domain.ports import AgentState, Seat
from telephony.asterisk.callers import SippCallee
from telephony.asterisk.phones import SimulatedPhone
from telephony.checkpoints import FileCheckpoints
from telephony.connector import TelephonyConnector
from telephony.writer import ListSink
from tests.fixtures_asterisk import AsteriskUnderTest
from tests.fixtures_hotline import until
from tests.telephony.flows import TransferringPhone, consulting, replacing
from tests.telephony.test_connector import connector, members
from tests.telephony.test_recording_calls import (
    AGENT_HZ,
    CITIZEN_HZ,
    OTHER_HZ,
    Talk,
    leaks,
    notes,
    phone,
    sound_of,
    voice,
)

pytestmark = pytest.mark.asterisk


@pytest.fixture
def telephony(asterisk: AsteriskUnderTest, tmp_path: Path) -> Iterator[TelephonyConnector]:
    """A connector that has 9001 in the queue."""
    running = connector(
        asterisk,
        ListSink(),
        tmp_path,
        [Seat("9001", "王芳", AgentState.READY)],
        FileCheckpoints(tmp_path / "points.json"),
    )
    running.start()
    until(lambda: running.status().connected, 10)
    until(lambda: "PJSIP/9001" in members(asterisk), 10)
    try:
        yield running
    finally:
        # In this order: a running connector would take the agent in again.
        running.stop()
        with asterisk.probe() as probe:
            probe.action("QueueRemove", Queue="hotline", Interface="PJSIP/9001")


@contextmanager
def talk(asterisk: AsteriskUnderTest, folder: Path) -> Iterator[Talk]:
    """A citizen whom 9001's telephone, which has been started, answers by itself."""
    with (
        asterisk.events() as events,
        asterisk.citizen().dial(
            "13800138000", "12345", seconds=60, audio=voice(folder, CITIZEN_HZ)
        ) as citizen,
    ):
        announced = events.wait_for("UserEvent", timeout_s=30, UserEvent="HotlineCall")
        yield Talk(citizen, events, announced)


def loud(telephone: SimulatedPhone, packets: int = 120) -> None:
    """Wait until the telephone has heard somebody for a while."""
    before = telephone.media.loud_packets
    until(lambda: telephone.media.loud_packets > before + packets, 20)


def is_heard_after_the_first(asterisk: AsteriskUnderTest, call: Talk) -> None:
    sound = sound_of(asterisk, call)
    assert notes(sound, 0) == [CITIZEN_HZ]
    assert notes(sound, 1)[0] == AGENT_HZ
    assert notes(sound, 1)[-1] == OTHER_HZ
    assert leaks(sound, 0, OTHER_HZ) < 0.02


def test_a_colleague_who_was_asked_first_is_heard_wherever_his_telephone_begins_to_number(
    asterisk: AsteriskUnderTest, telephony: TelephonyConnector, tmp_path: Path
) -> None:
    first = TransferringPhone(asterisk, "9001", voice(tmp_path, AGENT_HZ))
    with (
        first.start() as agent,
        phone(asterisk, "9002", OTHER_HZ, tmp_path) as other,
        talk(asterisk, tmp_path) as call,
    ):
        loud(agent)
        asking = consulting(asterisk, "9001").dial(
            "9001", "9002", seconds=60, audio=voice(tmp_path, AGENT_HZ)
        )
        with asking as line:
            until(lambda: "\nACK sip:" in line.signalling, 20)
            # Lower than the first agent's: the colleague's packets would pass for late ones.
            other.media.number_from(1)
            first.refer(agent, replacing(asterisk, line, "9002"))
            loud(other)
            loud(call.citizen)
        call.citizen.hang_up()
        call.events.wait_for("Hangup", timeout_s=30, Channel=call.channel)
    is_heard_after_the_first(asterisk, call)


def test_who_is_left_with_the_citizen_after_a_talk_by_three_is_heard(
    asterisk: AsteriskUnderTest, telephony: TelephonyConnector, tmp_path: Path
) -> None:
    host, _, port = asterisk.settings.trunk_contact.rpartition(":")
    police = SippCallee(
        asterisk.sipp,
        asterisk.folder,
        address=(host, int(port)),
        seconds=60,
        audio=voice(tmp_path, OTHER_HZ),
    )
    with (
        phone(asterisk, "9001", AGENT_HZ, tmp_path) as agent,
        police.start() as other,
        talk(asterisk, tmp_path) as call,
    ):
        loud(agent)
        telephony.telephones.desk.bring_in(
            BringIn(
                extension="9001",
                number="110",
                trunk="trunk",
                way=EmergencyWay.THREE_WAY,
                caller_id="12345",
                channel_id="join-handover",
                ring_s=10,
            )
        )
        loud(other)
        other.media.number_from(1)
        agent.hang_up()
        loud(other)
        loud(call.citizen)
        call.citizen.hang_up()
        call.events.wait_for("Hangup", timeout_s=30, Channel=call.channel)
    is_heard_after_the_first(asterisk, call)
