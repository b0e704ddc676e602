"""A caller rates the agent after the talk, on a real Asterisk: the agent is free meanwhile."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.domain.call_terms import EndedBy
from dispatch.domain.calls import CallOutcome
from dispatch.domain.ports import AgentState
from dispatch.domain.switch_plan import SwitchPlan
from tests.fixtures_asterisk import AsteriskUnderTest, private_asterisk, shortened_prompts
from tests.fixtures_hotline import until
from tests.telephony.flows import Flow, flowing
from tests.telephony.observing import talk_by_sip

pytestmark = pytest.mark.asterisk
TALK_S = 3.5


@pytest.fixture(scope="module")
def asking() -> Iterator[AsteriskUnderTest]:
    """An Asterisk that asks for the agent's service after two seconds of talk."""
    with tempfile.TemporaryDirectory(prefix="hotline-rating-") as name:
        folder = Path(name)
        prompts = shortened_prompts(folder / "prompts", seconds=0.3)
        plan = SwitchPlan(rate_after_s=2)
        with private_asterisk(folder, plan=plan, prompts=prompts, key_wait_s=5) as running:
            yield running


@pytest.fixture
def flow(asking: AsteriskUnderTest, tmp_path: Path) -> Iterator[Flow]:
    with flowing(asking, tmp_path) as running:
        yield running


def free(flow: Flow, agent: str) -> bool:
    """Whether the agent's last state is over or one in which he can be rung."""
    seen = [one for one in flow.telephony_states() if one.extension == agent]
    busy = (AgentState.RINGING, AgentState.TALKING, AgentState.HELD)
    return bool(seen) and (seen[-1].state not in busy or seen[-1].ended_at is not None)


@pytest.mark.parametrize(
    ("keys", "stored"), [("2", "2"), ("94", "4"), ("", "")], ids=["key", "wrong key", "silence"]
)
def test_the_key_is_kept_with_the_call_and_is_no_part_of_the_talk(
    flow: Flow, keys: str, stored: str
) -> None:
    with flow.asterisk.desk_phone("9001", seconds=TALK_S).start() as agent:
        citizen = flow.asterisk.citizen().dial("13800138055", "12345", seconds=60)
        with citizen:
            agent.wait(40)
            for key in keys:
                # The question is being put: the agent has gone, the citizen is still there.
                until(lambda: bool(flow.sink.calls) and flow.contact().service_key is not None, 20)
                assert flow.contact().ended_at is None
                until(lambda: free(flow, "9001"), 5)
                time.sleep(0.4)  # as long as a person takes to find the key
                citizen.media.press(key)
            citizen.wait(40)
    call = flow.settled()
    assert (call.service_key, call.outcome, call.agent) == (stored, CallOutcome.ANSWERED, "9001")
    assert call.ended_by is EndedBy.AGENT
    assert call.talk_s == pytest.approx(talk_by_sip(agent), abs=0.8)
    assert call.ended_at is not None
    assert call.talk_ended_at is not None
    assert (call.ended_at - call.talk_ended_at).total_seconds() > 0.5
    [written] = [one for one in flow.from_files() if one.call_id == call.call_id]
    assert written.service_key == stored


def test_a_caller_who_hangs_up_first_is_not_asked(flow: Flow) -> None:
    with flow.asterisk.desk_phone("9001", seconds=60).start() as agent:
        flow.asterisk.citizen().call("13800138056", "12345", seconds=4)
        agent.wait(40)
    assert flow.settled().service_key is None


def test_a_talk_too_short_to_judge_is_not_asked_about(flow: Flow) -> None:
    with (
        flow.asterisk.desk_phone("9001", seconds=0.2).start() as agent,
        flow.asterisk.citizen().dial("13800138057", "12345", seconds=30) as citizen,
    ):
        agent.wait(40)
        citizen.wait(40)
    call = flow.settled()
    assert (call.service_key, call.outcome) == (None, CallOutcome.ANSWERED)
