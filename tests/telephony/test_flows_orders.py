"""Calls that the application orders, on a real Asterisk, each compared from every side."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dispatch.domain.call_ports import BringIn, CallBackOrder, OutboundCall
from dispatch.domain.call_terms import EmergencyWay, EndedBy, ListenMode, OverflowTo
from dispatch.domain.calls import CallOutcome, Direction, SurveyAnswer
from dispatch.domain.ports import AgentState, FollowUpCall
from dispatch.domain.switch_plan import SwitchPlan
from telephony.asterisk.callers import SippCallee
from tests.fixtures_asterisk import AsteriskUnderTest, private_asterisk
from tests.fixtures_hotline import until
from tests.telephony.flows import Flow, away, flowing, hears, ready
from tests.telephony.observing import talk_by_sip
from tests.telephony.plans import AREA_CODE, line, queue

pytestmark = pytest.mark.asterisk
CITIZEN, RUNG = "13800133001", "13700137001"
PLAN = SwitchPlan(
    area_code=AREA_CODE,
    queues=(queue("hotline"), queue("mail", max_wait_s=1, overflow=OverflowTo.VOICEMAIL)),
    lines=(line("12345", "政务服务便民热线"), line("12302", "留言", "mail")),
)


@pytest.fixture(scope="module")
def switch() -> Iterator[AsteriskUnderTest]:
    with (
        tempfile.TemporaryDirectory(prefix="hotline-flows-") as folder,
        private_asterisk(Path(folder), plan=PLAN, voicemail_s=4, voicemail_silence_s=3) as running,
    ):
        yield running


@pytest.fixture
def flow(switch: AsteriskUnderTest, tmp_path: Path) -> Iterator[Flow]:
    with flowing(switch, tmp_path) as running:
        yield running


def outside(asterisk: AsteriskUnderTest, seconds: float = 60) -> SippCallee:
    """Whom the trunk leads to: a telephone on the loopback that speaks."""
    host, _, port = asterisk.settings.trunk_contact.rpartition(":")
    return SippCallee(
        asterisk.sipp,
        asterisk.folder,
        address=(host, int(port)),
        seconds=seconds,
        audio=asterisk.voice,
    )


def test_a_survey_is_answered_by_keys_and_no_agents_talk(flow: Flow) -> None:
    order = FollowUpCall(follow_up_id=81, number=RUNG, channel_id="follow-up-81")
    with flow.asterisk.rung_citizen(keys="12").start() as citizen:
        flow.telephony.dialer.dial(order)
        heard = citizen.wait(40)
        contact = flow.settled()
    assert (contact.direction, contact.outcome) == (Direction.OUTBOUND, CallOutcome.ANSWERED)
    assert (contact.agent, contact.line) == (None, RUNG)
    assert heard.keys_pressed == "12"
    assert contact.talk_s == pytest.approx(talk_by_sip(citizen), abs=0.8)
    until(lambda: len([one for one in flow.sink.news if isinstance(one, SurveyAnswer)]) >= 2)
    assert flow.talks("9001") == 0


def test_a_citizen_rung_back_is_answered_when_an_agent_joins(flow: Flow) -> None:
    asterisk = flow.asterisk
    order = CallBackOrder(
        call_back_id=1,
        number=RUNG,
        queue="hotline",
        channel_id=f"cb-1-1-{uuid.uuid4().hex[:12]}",
        call_uuid=str(uuid.uuid4()),
        waited_s=30,
        line="12345",
    )
    with (
        outside(asterisk).start() as citizen,
        asterisk.desk_phone("9001", seconds=60).start() as agent,
    ):
        flow.telephony.telephones.call_backs.call_back(order)
        until(hears(agent), 30)
        until(hears(citizen), 20)
        agent.hang_up()
        citizen.wait(40)
        contact = flow.settled()
    assert (contact.call_id, contact.direction) == (order.channel_id, Direction.OUTBOUND)
    assert (contact.outcome, contact.agent, contact.ended_by) == (
        CallOutcome.ANSWERED,
        "9001",
        EndedBy.AGENT,
    )
    assert contact.talk_s == pytest.approx(talk_by_sip(agent), abs=0.8)
    assert flow.talks("9001") == pytest.approx(talk_by_sip(agent), abs=0.8)


def test_a_citizen_rung_back_whom_nobody_answers_was_not_reached(flow: Flow) -> None:
    flow.telephony.seats.apply(away("9001"))
    flow.telephony.seats.apply(replace(ready("9002"), state=AgentState.PAUSED, reason="用餐"))
    order = CallBackOrder(
        call_back_id=2,
        number=RUNG,
        queue="hotline",
        channel_id=f"cb-2-1-{uuid.uuid4().hex[:12]}",
        call_uuid=str(uuid.uuid4()),
        waited_s=30,
        line="12345",
    )
    with outside(flow.asterisk).start() as citizen:
        flow.telephony.telephones.call_backs.call_back(order)
        until(lambda: any(one.queued_at for one in flow.contacts()), 30)
        assert flow.contact().outcome is None
        citizen.hang_up()
        contact = flow.settled()
    flow.telephony.seats.apply(away("9002"))
    assert contact.outcome is not CallOutcome.ANSWERED
    assert (contact.answered_at, contact.agent, contact.talk_s) == (None, None, None)


def test_a_click_is_one_outbound_contact_of_the_agent(flow: Flow) -> None:
    asterisk = flow.asterisk
    with (
        outside(asterisk).start() as citizen,
        asterisk.desk_phone("9001", seconds=60).start() as agent,
    ):
        flow.telephony.telephones.desk.dial(
            OutboundCall(
                extension="9001",
                number=RUNG,
                trunk="trunk",
                caller_id="12345",
                channel_id=f"dial-{uuid.uuid4().hex}",
                call_uuid=str(uuid.uuid4()),
            )
        )
        until(hears(agent), 30)
        until(hears(citizen), 20)
        citizen.hang_up()
        agent.wait(40)
        contact = flow.settled()
    assert len(flow.contacts()) == 1
    assert (contact.direction, contact.agent, contact.line) == (Direction.OUTBOUND, "9001", RUNG)
    assert (contact.outcome, contact.ended_by) == (CallOutcome.ANSWERED, EndedBy.CITIZEN)
    # The agent's telephone was up before the citizen's.
    assert contact.talk_s == pytest.approx(talk_by_sip(citizen), abs=0.8)


def test_a_message_instead_of_waiting(flow: Flow) -> None:
    asterisk = flow.asterisk
    with asterisk.citizen().dial(CITIZEN, "12302", seconds=90, audio=asterisk.voice) as citizen:
        citizen.wait(60)
        contact = flow.settled()
    assert (contact.outcome, contact.ended_by) == (CallOutcome.VOICEMAIL, EndedBy.SYSTEM)
    assert contact.voicemail is not None
    assert (asterisk.settings.recordings / contact.voicemail).is_file()
    assert contact.agent is None


def test_a_third_party_makes_no_second_contact(flow: Flow) -> None:
    asterisk = flow.asterisk
    with (
        outside(asterisk).start() as police,
        asterisk.desk_phone("9001", seconds=60).start() as agent,
        asterisk.citizen().dial(CITIZEN, "12345", seconds=60, audio=asterisk.voice) as citizen,
    ):
        until(hears(agent), 20)
        flow.telephony.telephones.desk.bring_in(
            BringIn(
                extension="9001",
                number="110",
                trunk="trunk",
                way=EmergencyWay.THREE_WAY,
                caller_id="12345",
                channel_id=f"join-{uuid.uuid4().hex}",
                ring_s=10,
            )
        )
        until(hears(police), 20)
        until(hears(agent), 20)
        agent.hang_up()
        until(hears(police), 20)
        police.hang_up()
        citizen.wait(40)
        contact = flow.settled()
    assert len(flow.contacts()) == 1
    assert (contact.outcome, contact.agent) == (CallOutcome.ANSWERED, "9001")
    assert contact.talk_s == pytest.approx(talk_by_sip(agent), abs=0.8)


def test_who_listens_is_no_leg_of_the_talk(flow: Flow) -> None:
    asterisk = flow.asterisk
    with (
        asterisk.desk_phone("9002", seconds=60).start() as supervisor,
        asterisk.desk_phone("9001", seconds=60).start() as agent,
        asterisk.citizen().dial(CITIZEN, "12345", seconds=60, audio=asterisk.voice) as citizen,
    ):
        until(hears(agent), 20)
        flow.telephony.telephones.supervising.listen("9002", "9001", ListenMode.BARGE, "listen-81")
        until(hears(supervisor), 20)
        agent.hang_up()
        citizen.wait(40)
        contact = flow.settled()
    assert len(flow.contacts()) == 1
    assert (contact.agent, contact.transfers, contact.ended_by) == ("9001", (), EndedBy.AGENT)
    assert contact.talk_s == pytest.approx(talk_by_sip(agent), abs=0.8)
    assert flow.talks("9002") == 0
