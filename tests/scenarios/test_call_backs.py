"""Call-backs by telephone: rung once, connected to an agent, never beside a talk, never twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from dispatch.domain.call_terms import CallBackState
from dispatch.domain.ports import AgentState
from dispatch.models.telephone import CallBack
from telephony.asterisk.callers import Manner
from telephony.asterisk.phones import SimulatedPhone
from tests.dispatch.call_story import seat
from tests.fixtures_asterisk import private_asterisk
from tests.scenarios.call_back_centre import AGENT, Centre, now

pytestmark = [pytest.mark.asterisk, pytest.mark.slow]


@pytest.fixture
def centre(tmp_path: Path, sqlite_url: str) -> Iterator[Centre]:
    """A hotline with one agent, who is at rest; its telephone system has no past."""
    with private_asterisk(tmp_path / "telephones") as asterisk:
        made = Centre(asterisk, sqlite_url)
        made.start()
        made.agent(AgentState.PAUSED)
        yield made
        made.stop()


def calls_in_vain(centre: Centre, number: str, times: int = 1) -> None:
    """Ring the hotline, wait a moment in the queue, give up."""
    for _call in range(times):
        before = len(centre.calls(number))
        with centre.asterisk.citizen().dial(number, "12345", seconds=60) as phone:
            centre.until(
                lambda b=before: [c for c in centre.calls(number)[b:] if c.queued_at is not None]  # type: ignore[misc]
            )
            phone.hang_up()
        centre.until(lambda: all(call.ended_at for call in centre.calls(number)))


def rung(phone: SimulatedPhone) -> int:
    """How often the telephone was called."""
    return len({x for x in phone.signalling.splitlines() if x.startswith("Call-ID:")})


def test_who_calls_three_times_in_vain_is_rung_once_and_talks_with_an_agent(
    centre: Centre,
) -> None:
    number = "13811110001"
    calls_in_vain(centre, number, 3)
    (row,) = centre.rows(number)
    assert (row.state, row.missed_calls) == (CallBackState.WAITING, 3)
    with (
        centre.asterisk.rung_citizen(seconds=60).start() as citizen,
        centre.asterisk.desk_phone(AGENT, seconds=2).start() as agent,
    ):
        centre.agent(AgentState.READY)
        centre.until(lambda: centre.rows(number)[0].state == CallBackState.DONE)
        agent.wait(30)
        citizen.wait(30)
        for _turn in range(10):
            centre.turn()
        assert rung(citizen) == 1
    centre.until(lambda: all(call.ended_at for call in centre.calls(number)))
    ours = [call for call in centre.calls(number) if call.direction == "outbound"]
    assert [(call.agent, call.outcome, call.call_back_id) for call in ours] == [
        (AGENT, "answered", row.id)
    ]


def test_who_gets_through_meanwhile_is_not_rung(centre: Centre) -> None:
    number = "13811110002"
    calls_in_vain(centre, number)
    assert centre.rows(number)[0].state == CallBackState.WAITING
    with (
        centre.asterisk.rung_citizen(Manner.NO_ANSWER).start() as citizen,
        centre.asterisk.desk_phone(AGENT, seconds=2).start() as agent,
        centre.asterisk.citizen().dial(number, "12345", seconds=60) as calling,
    ):
        centre.until(lambda: [c for c in centre.calls(number)[1:] if c.queued_at is not None])
        centre.agent(AgentState.READY)
        centre.until(lambda: centre.rows(number)[0].state == CallBackState.GOT_THROUGH)
        agent.wait(30)
        calling.wait(30)
        for _turn in range(10):
            centre.turn()
        assert rung(citizen) == 0


def test_our_ringing_stops_when_he_calls_in_himself(centre: Centre) -> None:
    number = "13811110003"
    calls_in_vain(centre, number)
    with centre.asterisk.rung_citizen(Manner.NO_ANSWER).start() as citizen:
        centre.agent(AgentState.READY)
        centre.until(lambda: rung(citizen) == 1)
        with (
            centre.asterisk.desk_phone(AGENT, seconds=2).start() as agent,
            centre.asterisk.citizen().dial(number, "12345", seconds=60) as calling,
        ):
            centre.until(lambda: centre.rows(number)[0].state == CallBackState.GOT_THROUGH)
            citizen.wait(30)
            agent.wait(30)
            calling.wait(30)
    talks = [call for call in centre.calls(number) if call.answered_at is not None]
    assert [call.direction for call in talks] == ["inbound"]


def test_killed_before_the_order_it_is_offered_again_and_rings_once(centre: Centre) -> None:
    number = "13811110004"
    calls_in_vain(centre, number)
    centre.agent(AgentState.READY)
    centre.killed("before")
    assert centre.rows(number)[0].state == CallBackState.CALLING
    centre.restart()
    # Nobody rings him again at once: first it must be certain that nothing rang.
    centre.mend(timedelta(seconds=30))
    assert centre.rows(number)[0].state == CallBackState.CALLING
    with (
        centre.asterisk.rung_citizen(seconds=60).start() as citizen,
        centre.asterisk.desk_phone(AGENT, seconds=2).start(),
    ):
        centre.mend(timedelta(minutes=3))
        assert centre.rows(number)[0].state == CallBackState.WAITING
        with centre.database.work() as session:
            session.scalars(select(CallBack)).one().next_at -= timedelta(minutes=5)
        centre.until(lambda: centre.rows(number)[0].state == CallBackState.DONE)
        citizen.wait(30)
        assert rung(citizen) == 1
    assert centre.rows(number)[0].attempts == 1


def test_killed_after_the_order_it_rings_once_and_no_more(centre: Centre) -> None:
    number = "13811110005"
    calls_in_vain(centre, number)
    centre.connector.stop()
    with centre.asterisk.rung_citizen(Manner.NO_ANSWER).start() as citizen:
        seat(centre.database, AGENT)
        centre.killed("after")
        centre.until(lambda: rung(citizen) == 1, turning=False)
        centre.restart()
        # What the dead process did is read from the telephone system and its files.
        centre.until(
            lambda: [c for c in centre.calls(number) if c.direction == "outbound"], turning=False
        )
        centre.mend(timedelta(minutes=3))
        for _turn in range(5):
            centre.turn()
        # It may ring still, or have rung out by now; in neither case is it rung again.
        centre.connector.telephones.call_backs.hang_up(centre.rows(number)[0].call_id or "")
        centre.until(lambda: centre.rows(number)[0].state == CallBackState.WAITING)
        citizen.wait(30)
        # The second attempt comes after the policy's gap, not now.
        for _turn in range(10):
            centre.turn()
        assert rung(citizen) == 1
    assert centre.rows(number)[0].attempts == 1
    assert centre.rows(number)[0].next_at > now()
