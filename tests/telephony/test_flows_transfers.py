"""A citizen handed on, in every way there is, on a real Asterisk: one caller, one contact."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.domain.call_terms import EndedBy
from dispatch.domain.calls import CallOutcome
from telephony.asterisk.phones import SimulatedPhone
from tests.fixtures_asterisk import AsteriskUnderTest, private_asterisk
from tests.fixtures_hotline import until
from tests.telephony.flows import (
    Flow,
    TransferringPhone,
    away,
    channel_of,
    consulting,
    flowing,
    hears,
    ready,
    replacing,
    server,
)
from tests.telephony.observing import talk_by_sip

pytestmark = pytest.mark.asterisk
CITIZEN = "13800132001"


@pytest.fixture(scope="module")
def switch() -> Iterator[AsteriskUnderTest]:
    with (
        tempfile.TemporaryDirectory(prefix="hotline-flows-") as folder,
        private_asterisk(Path(folder), ring_s=10) as running,
    ):
        yield running


@pytest.fixture
def flow(switch: AsteriskUnderTest, tmp_path: Path) -> Iterator[Flow]:
    with flowing(switch, tmp_path) as running:
        yield running


def agree(
    flow: Flow,
    kind: str,
    to: str,
    *,
    first: SimulatedPhone,
    second: SimulatedPhone,
    citizen: SimulatedPhone,
) -> None:
    """8001's citizen was handed to the second telephone, and every source says so."""
    contact = flow.settled()
    assert len(flow.contacts()) == 1
    assert (contact.outcome, contact.agent) == (CallOutcome.ANSWERED, "9001")
    assert [(one.kind, one.by, one.to) for one in contact.transfers] == [(kind, "9001", to)]
    assert contact.ended_by is EndedBy.AGENT
    alone = talk_by_sip(first)
    assert flow.talks("9001") >= alone - 0.5
    assert flow.talks("9002") == pytest.approx(talk_by_sip(second), abs=0.8)
    assert contact.talk_s is not None
    assert contact.talk_s >= alone - 0.3
    # What the citizen heard from the first agent's answer to the end, rings of a transfer too.
    citizens_side, _ = flow.recorded_s(contact)
    assert 1 < citizens_side <= contact.talk_s + 1
    assert citizen.media.loud_packets > 80


def test_a_transfer_ordered_of_the_system(flow: Flow) -> None:
    asterisk = flow.asterisk
    with (
        asterisk.desk_phone("9001", seconds=60).start() as first,
        asterisk.desk_phone("9002", seconds=60).start() as second,
        asterisk.citizen().dial(CITIZEN, "12345", seconds=60, audio=asterisk.voice) as citizen,
    ):
        until(hears(first), 20)
        with asterisk.probe() as probe:
            channel = channel_of(flow, "9001")
            probe.action("BlindTransfer", Channel=channel, Context="from-agent", Exten="9002")
        assert first.wait(40).released_by_other_side
        until(hears(second), 20)
        until(hears(citizen), 20)
        second.hang_up()
        assert citizen.wait(40).released_by_other_side
        agree(flow, "blind", "9002", first=first, second=second, citizen=citizen)


def test_a_transfer_by_the_agents_telephone(flow: Flow) -> None:
    asterisk = flow.asterisk
    phone = TransferringPhone(asterisk, "9001")
    with (
        phone.start() as first,
        asterisk.desk_phone("9002", seconds=60).start() as second,
        asterisk.citizen().dial(CITIZEN, "12345", seconds=60, audio=asterisk.voice) as citizen,
    ):
        until(hears(first), 20)
        phone.refer(first, f"<sip:9002@{server(asterisk)}>")
        first.wait(40)
        until(hears(second), 20)
        until(hears(citizen), 20)
        second.hang_up()
        assert citizen.wait(40).released_by_other_side
        agree(flow, "blind", "9002", first=first, second=second, citizen=citizen)


def test_a_transfer_after_asking_the_colleague(flow: Flow) -> None:
    asterisk = flow.asterisk
    phone = TransferringPhone(asterisk, "9001")
    with (
        phone.start() as first,
        asterisk.desk_phone("9002", seconds=60).start() as second,
        asterisk.citizen().dial(CITIZEN, "12345", seconds=60, audio=asterisk.voice) as citizen,
    ):
        until(hears(first), 20)
        line = consulting(asterisk, "9001").dial("9001", "9002", seconds=60, audio=asterisk.voice)
        with line as asking:
            # Two simulated telephones each wait for the other's sound: nobody is heard here.
            until(lambda: "\nACK sip:" in asking.signalling, 20)
            phone.refer(first, replacing(asterisk, asking, "9002"))
            assert asking.wait(40).released_by_other_side
            first.wait(40)
            until(hears(second), 20)
            until(hears(citizen), 20)
            second.hang_up()
            assert citizen.wait(40).released_by_other_side
        agree(flow, "attended", "9002", first=first, second=second, citizen=citizen)


def test_back_to_the_queue_and_to_another_agent(flow: Flow) -> None:
    asterisk = flow.asterisk
    phone = TransferringPhone(asterisk, "9001")
    with (
        phone.start() as first,
        asterisk.citizen().dial(CITIZEN, "12345", seconds=60, audio=asterisk.voice) as citizen,
    ):
        until(hears(first), 20)
        flow.telephony.seats.apply(away("9001"))
        flow.telephony.seats.apply(ready("9002"))
        with asterisk.desk_phone("9002", seconds=60).start() as second:
            phone.refer(first, f"<sip:queue_hotline@{server(asterisk)}>")
            first.wait(40)
            until(hears(second), 20)
            until(hears(citizen), 20)
            second.hang_up()
            assert citizen.wait(40).released_by_other_side
            agree(flow, "blind", "queue_hotline", first=first, second=second, citizen=citizen)
        flow.telephony.seats.apply(away("9002"))
    assert flow.queue_verbs(flow.contact()).count("CONNECT") == 2


def test_who_gives_up_on_the_way_back_to_the_queue_was_answered(flow: Flow) -> None:
    asterisk = flow.asterisk
    phone = TransferringPhone(asterisk, "9001")
    with (
        phone.start() as first,
        asterisk.citizen().dial(CITIZEN, "12345", seconds=60, audio=asterisk.voice) as citizen,
    ):
        until(hears(first), 20)
        flow.telephony.seats.apply(away("9001"))
        phone.refer(first, f"<sip:queue_hotline@{server(asterisk)}>")
        first.wait(40)
        until(lambda: flow.queue_verbs(flow.contact()).count("ENTERQUEUE") == 2, 20)
        citizen.hang_up()
        contact = flow.settled()
    assert (contact.outcome, contact.agent) == (CallOutcome.ANSWERED, "9001")
    assert contact.talk_s == pytest.approx(talk_by_sip(first), abs=0.8)
    assert contact.ended_by is EndedBy.CITIZEN
