"""What happens to a caller at the queue, on a real Asterisk, and what becomes of it here.

Every contact is compared with the recorded session, with the files and with what the simulated
telephones themselves saw.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.domain.call_terms import EndedBy
from dispatch.domain.calls import CallOutcome
from dispatch.domain.ports import AgentState
from telephony.asterisk.callers import Manner
from tests.fixtures_asterisk import AsteriskUnderTest, private_asterisk
from tests.fixtures_hotline import until
from tests.telephony.flows import Flow, away, flowing, hears
from tests.telephony.observing import talk_by_sip

pytestmark = pytest.mark.asterisk
CITIZEN = "13800131001"


@pytest.fixture(scope="module")
def switch() -> Iterator[AsteriskUnderTest]:
    with (
        tempfile.TemporaryDirectory(prefix="hotline-flows-") as folder,
        private_asterisk(Path(folder), ring_s=4, queue_wait_s=12) as running,
    ):
        yield running


@pytest.fixture
def flow(switch: AsteriskUnderTest, tmp_path: Path) -> Iterator[Flow]:
    with flowing(switch, tmp_path) as running:
        yield running


def lived(flow: Flow, agent: str) -> list[AgentState]:
    """What the agent did during calls."""
    calls = (AgentState.RINGING, AgentState.TALKING, AgentState.HELD)
    mine = [one for one in flow.telephony_states() if one.extension == agent]
    return [one.state for one in mine if one.state in calls]


@pytest.mark.parametrize("who", [EndedBy.AGENT, EndedBy.CITIZEN])
def test_an_answered_call_is_told_as_its_telephones_saw_it(flow: Flow, who: EndedBy) -> None:
    asterisk = flow.asterisk
    with (
        asterisk.desk_phone("9001", seconds=60).start() as agent,
        asterisk.citizen().dial(CITIZEN, "12345", seconds=60, audio=asterisk.voice) as citizen,
    ):
        until(hears(agent), 20)
        until(hears(citizen), 20)
        first, second = (agent, citizen) if who is EndedBy.AGENT else (citizen, agent)
        assert not first.hang_up().released_by_other_side
        assert second.wait(40).released_by_other_side
        contact = flow.settled()
    assert (contact.outcome, contact.agent, contact.ended_by) == (
        CallOutcome.ANSWERED,
        "9001",
        who,
    )
    talked = talk_by_sip(agent)
    assert contact.talk_s == pytest.approx(talked, abs=0.8)
    assert flow.talks("9001") == pytest.approx(talked, abs=0.8)
    assert lived(flow, "9001") == [AgentState.RINGING, AgentState.TALKING]
    for side in flow.recorded_s(contact):
        assert side == pytest.approx(talked, abs=0.7)
    ended = "COMPLETEAGENT" if who is EndedBy.AGENT else "COMPLETECALLER"
    until(lambda: len(flow.queue_verbs(contact)) > 2)
    assert flow.queue_verbs(contact)[1:] == ["CONNECT", ended]


def test_who_hangs_up_while_it_rings_abandoned_and_spared_the_agent(flow: Flow) -> None:
    asterisk = flow.asterisk
    with (
        asterisk.desk_phone("9001", Manner.NO_ANSWER).start(),
        asterisk.citizen().dial(CITIZEN, "12345", seconds=60) as citizen,
    ):
        until(lambda: any(one.ringing for one in flow.contacts()), 20)
        assert not citizen.hang_up().released_by_other_side
        contact = flow.settled()
    assert (contact.outcome, contact.ended_by) == (
        CallOutcome.ABANDONED_IN_QUEUE,
        EndedBy.CITIZEN,
    )
    assert (contact.agent, contact.talk_s) == (None, None)
    assert [one.missed for one in flow.telephony_states() if one.state is AgentState.RINGING] == [
        False
    ]
    until(lambda: flow.queue_verbs(contact)[-1:] == ["ABANDON"])


def test_a_caller_the_queue_gives_up_did_not_abandon(flow: Flow) -> None:
    asterisk = flow.asterisk
    with (
        asterisk.desk_phone("9001", Manner.NO_ANSWER, again=True).start(),
        asterisk.citizen().dial(CITIZEN, "12345", seconds=60) as citizen,
    ):
        assert citizen.wait(90).released_by_other_side
        contact = flow.settled()
    assert (contact.outcome, contact.ended_by) == (CallOutcome.OVERFLOWED, EndedBy.SYSTEM)
    # No less than the policy says, and not for ever.
    assert contact.wait_s is not None
    assert 11 < contact.wait_s < 25
    until(lambda: "EXITWITHTIMEOUT" in flow.queue_verbs(contact))


def test_who_gives_up_while_hearing_that_all_are_busy_was_given_up_before(flow: Flow) -> None:
    """No agent at all: the queue's time is over first, the citizen hangs up after it."""
    flow.telephony.seats.apply(away("9001"))
    with flow.asterisk.citizen().dial(CITIZEN, "12345", seconds=60) as citizen:
        until(lambda: any(one.left_queue_at for one in flow.contacts()), 30)
        citizen.hang_up()
        contact = flow.settled()
    assert contact.outcome is CallOutcome.OVERFLOWED


def test_a_call_one_agent_lets_ring_is_answered_by_another(
    switch: AsteriskUnderTest, tmp_path: Path
) -> None:
    with (
        flowing(switch, tmp_path, ["9001", "9002"]) as flow,
        switch.desk_phone("9001", Manner.NO_ANSWER, again=True).start() as deaf,
        switch.citizen().dial(CITIZEN, "12345", seconds=60, audio=switch.voice) as citizen,
    ):
        until(lambda: any(one.ringing for one in flow.contacts()), 20)
        rung = next(one.ringing for one in flow.contacts())
        with switch.desk_phone("9002", seconds=60).start() as agent:
            until(lambda: any(one.agent for one in flow.contacts()), 30)
            until(hears(agent), 20)
            agent.hang_up()
            citizen.wait(40)
            deaf.close()
            contact = flow.settled()
    assert rung in ("9001", "9002")
    assert (contact.agent, contact.outcome) == ("9002", CallOutcome.ANSWERED)
    assert len(flow.contacts()) == 1
    assert contact.talk_s == pytest.approx(talk_by_sip(agent), abs=0.8)
    missed = {
        one.extension
        for one in flow.telephony_states()
        if one.state is AgentState.RINGING and one.missed
    }
    assert missed <= {"9001", "9002"}
    assert flow.queue_verbs(contact).count("CONNECT") == 1


def test_an_agent_cut_off_by_the_system_talked_no_longer_than_he_did(flow: Flow) -> None:
    """The queue's own account would say that the caller ended it."""
    asterisk = flow.asterisk
    with (
        asterisk.desk_phone("9001", seconds=60).start() as agent,
        asterisk.citizen().dial(CITIZEN, "12345", seconds=60, audio=asterisk.voice) as citizen,
    ):
        until(hears(agent), 20)
        with asterisk.probe() as probe:
            probe.action("Hangup", Channel="/^PJSIP/9001-/", Cause="16")
        assert agent.wait(40).released_by_other_side
        assert citizen.wait(40).released_by_other_side
        contact = flow.settled()
    assert (contact.outcome, contact.ended_by) == (CallOutcome.ANSWERED, EndedBy.SYSTEM)
    assert contact.talk_s == pytest.approx(talk_by_sip(agent), abs=0.8)
