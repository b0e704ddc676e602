"""Call-backs and marked callers on a real Asterisk: who is rung, who waits, who goes first."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from dispatch.domain.call_ports import CallBackOrder, CallerMark, OutboundCall
from dispatch.domain.call_terms import FlagTreatment
from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.domain.errors import InvalidInput
from dispatch.domain.ports import AgentState, Seat
from telephony.ami import AmiClient, AmiConfig
from telephony.asterisk.callers import Manner
from telephony.writer import ListSink
from tests.fixtures_asterisk import AsteriskUnderTest
from tests.fixtures_hotline import until
from tests.telephony.test_connector import READY, connected, finished

pytestmark = pytest.mark.asterisk
CITIZEN = "13812345678"


def order(n: int, number: str = CITIZEN) -> CallBackOrder:
    return CallBackOrder(
        call_back_id=n,
        number=number,
        queue="hotline",
        channel_id=f"cb-{n}-1-{time.time_ns():012x}"[:30],
        call_uuid=f"00000000-0000-4000-8000-{n:012d}",
        waited_s=30,
        line="12345",
    )


def ended(sink: ListSink, wanted: CallBackOrder) -> bool:
    record = sink.calls.get(wanted.channel_id)
    return record is not None and record.ended_at is not None


def test_the_citizen_is_rung_and_then_given_to_an_agent(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    sink = ListSink()
    wanted = order(1)
    with (
        connected(asterisk, sink, tmp_path, [READY]) as telephony,
        asterisk.desk_phone("9001", seconds=1.5).start() as agent,
        asterisk.rung_citizen(seconds=30).start() as citizen,
    ):
        telephony.seats.apply(READY)
        telephony.telephones.call_backs.call_back(wanted)
        until(lambda: ended(sink, wanted), 30)
        citizen.wait(40)
        agent.wait(40)
    record = sink.calls[wanted.channel_id]
    assert (record.direction, record.outcome) == (Direction.OUTBOUND, CallOutcome.ANSWERED)
    assert (record.line, record.agent, record.queue) == (CITIZEN, "9001", "hotline")
    assert record.answered_at is not None
    assert record.call_uuid == wanted.call_uuid


def test_an_agent_who_rings_back_by_hand_talks_first_and_then_the_citizen(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    sink = ListSink()
    wanted = order(6, "13812340006")
    by_hand = OutboundCall(
        extension="9001",
        number=wanted.number,
        trunk="trunk",
        caller_id="12345",
        channel_id=wanted.channel_id,
        call_uuid=wanted.call_uuid,
    )
    with (
        connected(asterisk, sink, tmp_path, [READY]) as telephony,
        asterisk.desk_phone("9001", seconds=60).start() as agent,
        asterisk.rung_citizen(seconds=2).start() as citizen,
    ):
        telephony.telephones.desk.dial(by_hand)
        until(lambda: ended(sink, wanted), 40)
        citizen.wait(40)
        agent.wait(40)
    record = sink.calls[wanted.channel_id]
    assert (record.direction, record.outcome) == (Direction.OUTBOUND, CallOutcome.ANSWERED)
    assert (record.line, record.agent) == ("13812340006", "9001")


@pytest.mark.parametrize("manner", [Manner.BUSY, Manner.NO_ANSWER])
def test_who_does_not_pick_up_is_a_call_that_failed(
    asterisk: AsteriskUnderTest, tmp_path: Path, manner: Manner
) -> None:
    sink = ListSink()
    wanted = order(2, "13812340002")
    with (
        connected(asterisk, sink, tmp_path) as telephony,
        asterisk.rung_citizen(manner).start(),
    ):
        telephony.telephones.call_backs.call_back(wanted)
        if manner is Manner.NO_ANSWER:
            until(lambda: wanted.channel_id in sink.calls)
            telephony.telephones.call_backs.hang_up(wanted.channel_id)
        until(lambda: ended(sink, wanted), 20)
    record = sink.calls[wanted.channel_id]
    assert record.direction is Direction.OUTBOUND
    assert record.answered_at is None
    assert record.outcome not in {None, CallOutcome.ANSWERED}


def test_the_same_order_given_twice_rings_once(asterisk: AsteriskUnderTest, tmp_path: Path) -> None:
    sink = ListSink()
    wanted = order(3, "13812340003")
    with (
        connected(asterisk, sink, tmp_path) as telephony,
        asterisk.rung_citizen(Manner.NO_ANSWER).start() as citizen,
    ):
        telephony.telephones.call_backs.call_back(wanted)
        until(lambda: wanted.channel_id in sink.calls)
        telephony.telephones.call_backs.call_back(wanted)
        time.sleep(0.5)
        telephony.telephones.call_backs.hang_up(wanted.channel_id)
        until(lambda: ended(sink, wanted), 20)
        citizen.wait(40)
    rung = [one.call_id for one in sink.calls.values() if one.line == "13812340003"]
    assert rung == [wanted.channel_id]


def test_who_has_called_in_meanwhile_is_not_given_a_second_talk(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    sink = ListSink()
    wanted = order(4, "13812340004")
    with (
        connected(asterisk, sink, tmp_path) as telephony,
        asterisk.citizen().dial("13812340004", "12345", seconds=120) as calling,
    ):
        until(lambda: any(c.queued_at for c in sink.calls.values() if c.caller == "13812340004"))
        with asterisk.rung_citizen(seconds=20).start() as rung:
            telephony.telephones.call_backs.call_back(wanted)
            until(lambda: (c := sink.calls.get(wanted.channel_id)) is not None and bool(c.ended_at))
            rung.wait(40)
        calling.hang_up()
    assert sink.calls[wanted.channel_id].queued_at is None


@pytest.mark.parametrize("number", ["", "12", "138 1234", "1381234;Hangup", "13812345678@other"])
def test_what_is_no_number_never_reaches_asterisk(
    asterisk: AsteriskUnderTest, tmp_path: Path, number: str
) -> None:
    with connected(asterisk, ListSink(), tmp_path) as telephony, pytest.raises(InvalidInput):
        telephony.telephones.call_backs.call_back(order(5, number))


def test_marks_are_exactly_those_told_last(asterisk: AsteriskUnderTest, tmp_path: Path) -> None:
    with connected(asterisk, ListSink(), tmp_path) as telephony:
        marks = telephony.telephones.marks
        first = CallerMark("13800000001", FlagTreatment.FIRST)
        marks.assert_marks((first, CallerMark("+85221234567", FlagTreatment.MESSAGE)))
        assert stored(asterisk) == {"13800000001": "first", "85221234567": "message"}
        marks.assert_marks((CallerMark("13800000001", FlagTreatment.LAST),))
        assert stored(asterisk) == {"13800000001": "last"}
        marks.assert_marks(())
        assert stored(asterisk) == {}


def stored(asterisk: AsteriskUnderTest) -> dict[str, str]:
    async def ask() -> dict[str, str]:
        secret, port = asterisk.settings.secrets.ami_actions, asterisk.settings.ami_port
        client = AmiClient(AmiConfig(username="hotline-actions", secret=secret, port=port))
        running = asyncio.ensure_future(client.run())
        while not client.connected:  # noqa: ASYNC110  # bounded by the test's own time
            await asyncio.sleep(0.01)
        reply = await client.action("DBGetTree", Family="mark")
        await client.close()
        await running
        return {(i["Key"] or "").removeprefix("/mark/"): i["Val"] or "" for i in reply.items}

    return asyncio.run(ask())


def answered_of(sink: ListSink, *callers: str) -> set[str | None]:
    return {c.caller for c in sink.calls.values() if c.answered_at and c.caller in callers}


def test_an_impatient_caller_is_answered_before_one_who_waited_longer(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    sink = ListSink()
    patient, urgent = "13812340011", "13812340012"
    wishes = [Seat("9001", "王芳", AgentState.PAUSED, "小休")]
    with connected(asterisk, sink, tmp_path, wishes) as telephony:
        telephony.telephones.marks.assert_marks((CallerMark(urgent, FlagTreatment.FIRST),))
        telephony.seats.apply(wishes[0])

        def queued(number: str) -> bool:
            return any(c.queued_at for c in sink.calls.values() if c.caller == number)

        with (
            asterisk.citizen().dial(patient, "12345", seconds=90) as one,
            asterisk.desk_phone("9001", seconds=60).start(),
        ):
            until(lambda: queued(patient))
            with asterisk.citizen().dial(urgent, "12345", seconds=90) as two:
                until(lambda: queued(urgent))
                wishes[0] = READY
                telephony.seats.apply(READY)
                until(lambda: bool(answered_of(sink, patient, urgent)), 20)
                answered = answered_of(sink, patient, urgent)
                two.hang_up()
            one.hang_up()
        telephony.telephones.marks.assert_marks(())
    assert answered == {urgent}


def test_a_flagged_caller_hears_the_message_until_the_flag_ends(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    sink = ListSink()
    flagged = "13812340021"
    with connected(asterisk, sink, tmp_path) as telephony:
        telephony.telephones.marks.assert_marks((CallerMark(flagged, FlagTreatment.MESSAGE),))
        with (
            asterisk.events() as events,
            asterisk.citizen().dial(flagged, "12345", seconds=60) as phone,
        ):
            events.wait_for("UserEvent", timeout_s=30, UserEvent="CallRefused")
            # Whoever stays on the line reaches the queue all the same, after everybody else.
            events.wait_for("QueueCallerJoin", timeout_s=30, CallerIDNum=flagged)
            phone.hang_up()
        telephony.telephones.marks.assert_marks(())
        until(lambda: bool(finished(sink, flagged)))
        # More may be told of the first call even now.
        earlier = set(sink.calls)

        def again() -> list[CallRecord]:
            calls = sink.calls.values()
            return [c for c in calls if c.caller == flagged and c.call_id not in earlier]

        with asterisk.citizen().dial(flagged, "12345", seconds=60) as phone:
            until(lambda: any(c.queued_at for c in again()))
            phone.hang_up()
        until(lambda: any(c.ended_at for c in again()))
    (second,) = again()
    assert second.outcome is CallOutcome.ABANDONED_IN_QUEUE
