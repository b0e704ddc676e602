"""What an agent asks for beyond his own telephone, on a real Asterisk: who talks to whom after."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispatch.domain.call_ports import BringIn, OutboundCall
from dispatch.domain.call_terms import EmergencyWay
from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.domain.errors import InvalidInput, NotInTalk
from dispatch.domain.ports import AgentState, Seat
from telephony.asterisk.callers import Manner, SippCallee
from telephony.asterisk.phones import SimulatedPhone
from telephony.checkpoints import FileCheckpoints
from telephony.connector import TelephonyConnector
from telephony.writer import ListSink
from tests.fixtures_asterisk import AsteriskUnderTest
from tests.fixtures_hotline import until
from tests.telephony.test_connector import connector, members

pytestmark = pytest.mark.asterisk
AGENT = Seat("9001", "王芳", AgentState.READY)
CITIZEN = "13800138077"


class Desk:
    """An agent at 9001 in front of a running connector."""

    def __init__(
        self, asterisk: AsteriskUnderTest, sink: ListSink, running: TelephonyConnector
    ) -> None:
        self.asterisk = asterisk
        self.sink = sink
        self.orders = running.telephones.desk
        self.begun = datetime.now(UTC)

    def bring(self, way: EmergencyWay, number: str = "119", ring_s: int = 10) -> str:
        """Order a third party; the id of its leg."""
        channel_id = f"join-{uuid.uuid4().hex}"
        self.orders.bring_in(
            BringIn(
                extension="9001",
                number=number,
                trunk="trunk",
                way=way,
                caller_id="12345",
                channel_id=channel_id,
                ring_s=ring_s,
            )
        )
        return channel_id

    def contacts(self) -> list[CallRecord]:
        """Those that began in this test: the files tell of earlier ones too."""
        return [call for call in self.sink.calls.values() if call.started_at >= self.begun]

    def contact(self) -> CallRecord:
        """The only contact."""
        (found,) = self.contacts()
        return found


@pytest.fixture
def desk(asterisk: AsteriskUnderTest) -> Iterator[Desk]:
    sink = ListSink()
    with tempfile.TemporaryDirectory() as folder:
        running = connector(
            asterisk, sink, Path(folder), [AGENT], FileCheckpoints(Path(folder) / "points.json")
        )
        running.start()
        until(lambda: running.status().connected, 10)
        until(lambda: "PJSIP/9001" in members(asterisk), 10)
        try:
            yield Desk(asterisk, sink, running)
        finally:
            # In this order: a running connector would take the agent in again.
            running.stop()
            with asterisk.probe() as probe:
                probe.action("QueueRemove", Queue="hotline", Interface="PJSIP/9001")


@contextmanager
def talking(desk: Desk, seconds: float = 60) -> Iterator[tuple[SimulatedPhone, SimulatedPhone]]:
    """Agent and citizen, in talk."""
    asterisk = desk.asterisk
    with (
        asterisk.desk_phone("9001", seconds=seconds).start() as agent,
        asterisk.citizen().dial(CITIZEN, "12345", seconds=seconds, audio=asterisk.voice) as citizen,
    ):
        until(lambda: desk.contacts() and desk.contact().answered_at is not None, 30)
        yield agent, citizen


def station(desk: Desk, manner: Manner = Manner.ANSWER, seconds: float = 60) -> SippCallee:
    """Whom the trunk leads to; in tests nobody but this telephone on the loopback."""
    host, _, port = desk.asterisk.settings.trunk_contact.rpartition(":")
    return SippCallee(
        desk.asterisk.sipp,
        desk.asterisk.folder,
        address=(host, int(port)),
        manner=manner,
        seconds=seconds,
        audio=desk.asterisk.voice,
    )


def heard(phone: SimulatedPhone, more: int = 60) -> Callable[[], bool]:
    """Whether the telephone heard that many packets of speech from now on."""
    before = phone.media.loud_packets
    return lambda: phone.media.loud_packets > before + more


def test_a_transfer_to_119_leaves_the_citizen_with_119_and_frees_the_agent(desk: Desk) -> None:
    with station(desk).start() as fire, talking(desk) as (agent, citizen):
        until(heard(citizen), 10)
        desk.bring(EmergencyWay.TRANSFER)
        until(lambda: "200 OK" in fire.signalling, 10, lambda: fire.signalling)
        assert agent.wait(40).released_by_other_side
        until(heard(fire), 10)
        assert fire.hang_up().answered
        assert citizen.wait(40).released_by_other_side
        until(lambda: desk.contact().ended_at is not None, 10)
    contact = desk.contact()
    assert len(desk.contacts()) == 1
    assert (contact.outcome, contact.agent) == (CallOutcome.ANSWERED, "9001")
    assert contact.talk_s is not None
    assert contact.ended_at is not None
    assert contact.talk_ended_at is not None
    assert contact.talk_ended_at < contact.ended_at


def test_three_talk_with_110_and_who_hangs_up_leaves_the_other_two_together(desk: Desk) -> None:
    with station(desk).start() as police, talking(desk) as (agent, citizen):
        until(heard(citizen), 10)
        desk.bring(EmergencyWay.THREE_WAY, "110")
        until(lambda: police.media.loud_packets > 60, 15)
        # All three hear somebody at once.
        hearing = [heard(phone) for phone in (agent, citizen, police)]
        until(lambda: all(one() for one in hearing), 10, lambda: str([one() for one in hearing]))
        assert police.hang_up().answered
        until(heard(citizen), 10)
        until(heard(agent), 10)
        assert desk.contact().talk_ended_at is None
        assert not agent.hang_up().released_by_other_side
        assert citizen.wait(40).released_by_other_side
        until(lambda: desk.contact().ended_at is not None, 10)
    assert len(desk.contacts()) == 1


@pytest.mark.parametrize("manner", [Manner.BUSY, Manner.NO_ANSWER])
def test_who_is_not_reached_leaves_the_citizen_with_the_agent(desk: Desk, manner: Manner) -> None:
    with station(desk, manner).start(), talking(desk) as (agent, citizen):
        # Listened to before the order: a busy line answers at once.
        with desk.asterisk.events() as events:
            joined = desk.bring(EmergencyWay.TRANSFER, ring_s=2)
            ended = events.wait_for("Hangup", timeout_s=40, Uniqueid=joined)
        assert ended["Linkedid"] == joined
        until(heard(citizen), 10)
        until(heard(agent), 10)
        assert desk.contact().talk_ended_at is None
        agent.hang_up()
        citizen.wait(40)
    assert len(desk.contacts()) == 1


def test_nobody_is_brought_to_an_agent_who_talks_with_nobody(desk: Desk) -> None:
    with pytest.raises(NotInTalk):
        desk.bring(EmergencyWay.TRANSFER)
    with pytest.raises(NotInTalk):
        desk.orders.mask("9001", on=True)
    assert desk.orders.resume("9001") is False


def test_a_click_rings_the_agent_first_and_makes_one_outbound_contact(desk: Desk) -> None:
    asterisk = desk.asterisk
    call_uuid = str(uuid.uuid4())
    with (
        station(desk).start() as citizen,
        asterisk.desk_phone("9001", seconds=60).start() as agent,
    ):
        desk.orders.dial(
            OutboundCall(
                extension="9001",
                number="13700137077",
                trunk="trunk",
                caller_id="12345",
                channel_id=f"dial-{uuid.uuid4().hex}",
                call_uuid=call_uuid,
            )
        )
        until(heard(agent), 15)
        until(heard(citizen), 10)
        assert "X-Auto-Answer: dial" in agent.signalling
        assert f"X-Call-UUID: {call_uuid}" in agent.signalling
        assert "12345" in citizen.signalling.split("\r\n\r\n")[0]
        assert "9001" not in citizen.signalling
        citizen.hang_up()
        agent.wait(40)
        until(lambda: desk.contacts() and desk.contact().ended_at is not None, 10)
    contact = desk.contact()
    assert (contact.direction, contact.agent) == (Direction.OUTBOUND, "9001")
    assert (contact.call_uuid, contact.outcome) == (call_uuid, CallOutcome.ANSWERED)
    until(lambda: len(list(asterisk.settings.recordings.glob(f"*/{call_uuid}*"))) == 2, 5)


@pytest.mark.parametrize("number", ["138;x", "13800138000@evil", "1380013\r\nAction: x", "*72", ""])
def test_nothing_but_digits_is_ever_dialled(desk: Desk, number: str) -> None:
    with pytest.raises(InvalidInput):
        desk.bring(EmergencyWay.TRANSFER, number)


def test_the_recording_is_silent_while_it_is_masked(desk: Desk) -> None:
    with talking(desk) as (agent, citizen):
        with desk.asterisk.events() as events:
            desk.orders.mask("9001", on=True)
            assert events.wait_for("MixMonitorMute", timeout_s=30)["State"] == "1"
            desk.orders.mask("9001", on=False)
            assert events.wait_for("MixMonitorMute", timeout_s=30)["State"] == "0"
        agent.hang_up()
        citizen.wait(40)


def test_a_page_that_comes_back_gets_its_citizen_back_in_the_same_contact(desk: Desk) -> None:
    with talking(desk, seconds=90) as (first, citizen):
        desk.orders.hold_for("9001")
        first.wait(40)
        until(heard(citizen, 20), 15)  # music
        with desk.asterisk.desk_phone("9001", seconds=90).start() as second:
            assert desk.orders.resume("9001")
            until(heard(second), 15)
            until(heard(citizen), 15)
            assert "X-Auto-Answer: resumed" in second.signalling
            second.hang_up()
            citizen.wait(40)
        until(lambda: desk.contact().ended_at is not None, 10)
    contact = desk.contact()
    assert len(desk.contacts()) == 1
    assert contact.agent == "9001"
    assert contact.outcome is CallOutcome.ANSWERED
