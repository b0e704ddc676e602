"""Which calls become contacts, and what is known of them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from telephony.replay import Replay
from tests.telephony.trace_writer import AGENT, CALL, CITIZEN, CONSULTED, EPOCH, OTHER, TraceWriter


def contacts(data: bytes) -> list[CallRecord]:
    replay = Replay()
    replay.feed(data)
    return replay.contacts()


def only(trace: TraceWriter) -> CallRecord:
    [record] = contacts(trace.bytes())
    return record


def answered() -> TraceWriter:
    """A call answered at 4 s; the caller hangs up at 9 s."""
    trace = TraceWriter()
    trace.arrives()
    trace.is_answered()
    trace.asks_to_hang_up(9.0)
    trace.leaves(9.0, CITIZEN)
    trace.leaves(9.0, AGENT)
    trace.ends(9.1)
    trace.ends(9.1, AGENT)
    return trace


def abandoned() -> TraceWriter:
    """A caller who gives up at 6 s while 8001 rings."""
    trace = TraceWriter()
    trace.arrives()
    trace.asks_to_hang_up(6.0)
    trace.stops_ringing(6.0, "CANCEL")
    trace.abandons(6.001)
    trace.leaves_queue(6.002)
    trace.ends(6.01, AGENT)
    trace.is_hung_up(6.02)
    trace.ends(6.03)
    return trace


def timed_out() -> TraceWriter:
    """The queue gives up at 6 s; the caller hears that all are busy and hangs up at 8 s."""
    trace = TraceWriter()
    trace.arrives()
    trace.stops_ringing(6.0, "NOANSWER")
    trace.stops_ringing(6.0, "CANCEL")
    trace.ends(6.0, AGENT)
    trace.abandons(6.001)
    trace.leaves_queue(6.002)
    trace.asks_to_hang_up(8.0)
    trace.ends(8.1)
    return trace


def cut_off_then_surveyed() -> TraceWriter:
    """8001's leg ends at 7 s, the citizen keys 5 in a survey and leaves at 12 s."""
    trace = TraceWriter()
    trace.arrives()
    trace.is_answered()
    trace.leaves(7.0, AGENT)
    trace.leaves(7.0, CITIZEN)
    trace.ends(7.01, AGENT)
    trace.keys(10.0, "5")
    trace.event(
        12.0,
        "AgentComplete",
        **trace.leg(CITIZEN),
        Queue="hotline",
        Interface="PJSIP/8001",
        TalkTime=8,
    )
    trace.ends(12.0)
    return trace


def handed_on() -> TraceWriter:
    """8001 hands the citizen to 8003 at 7 s; they talk from 9 s to 15 s."""
    trace = TraceWriter()
    trace.arrives()
    trace.is_answered()
    trace.leaves(7.0, CITIZEN)
    trace.leaves(7.0, AGENT)
    trace.event(
        7.0,
        "BlindTransfer",
        Result="Success",
        **trace.leg(AGENT, "Transferer"),
        **trace.leg(CITIZEN, "Transferee"),
        Extension="8003",
    )
    trace.ends(7.01, AGENT)
    trace.starts(7.1, OTHER)
    trace.rings(7.1, OTHER)
    trace.up(9.0, OTHER)
    trace.stops_ringing(9.0, "ANSWER", OTHER)
    trace.enters(9.0, OTHER, "b2")
    trace.enters(9.0, CITIZEN, "b2")
    trace.leaves(15.0, OTHER, "b2")
    trace.leaves(15.0, CITIZEN, "b2")
    trace.ends(15.01, OTHER)
    trace.ends(15.02)
    return trace


STORIES: dict[str, Callable[[], TraceWriter]] = {
    "answered": answered,
    "abandoned": abandoned,
    "timed out": timed_out,
    "surveyed": cut_off_then_surveyed,
    "handed on": handed_on,
}


def test_an_answered_call_is_told_in_full() -> None:
    record = only(answered())
    assert (record.call_id, record.direction) == (CALL, Direction.INBOUND)
    assert (record.caller, record.line, record.queue) == ("13800138000", "12345", "hotline")
    assert (record.agent, record.outcome) == ("8001", CallOutcome.ANSWERED)
    assert (record.wait_s, record.talk_s) == (2.5, 5.0)
    assert record.started_at.timestamp() == EPOCH
    assert record.ended_at is not None
    assert record.recording == f"20261122/{record.call_uuid}.wav"
    assert record.ringing is None


def test_a_caller_who_hangs_up_while_waiting_abandoned() -> None:
    record = only(abandoned())
    assert record.outcome is CallOutcome.ABANDONED_IN_QUEUE
    assert record.wait_s == pytest.approx(4.501, abs=0.002)
    assert (record.agent, record.talk_s) == (None, None)


def test_a_queue_that_gives_up_on_a_caller_still_there_overflowed() -> None:
    record = only(timed_out())
    assert record.outcome is CallOutcome.OVERFLOWED
    assert record.wait_s == pytest.approx(4.501, abs=0.002)


def test_a_survey_after_the_talk_is_no_talk() -> None:
    record = only(cut_off_then_surveyed())
    assert record.outcome is CallOutcome.ANSWERED
    assert record.talk_s == 3.0
    assert [digit.digit for digit in record.dtmf] == ["5"]


def test_a_transfer_keeps_the_first_agent_and_the_talk_goes_on() -> None:
    record = only(handed_on())
    assert record.agent == "8001"
    [transfer] = record.transfers
    assert (transfer.kind, transfer.by, transfer.to) == ("blind", "8001", "8003")
    assert record.talk_s == 11.0


@pytest.mark.parametrize("status", ["FULL", "JOINEMPTY", "TIMEOUT"])
def test_a_queue_that_could_not_be_joined_overflowed(status: str) -> None:
    trace = TraceWriter()
    trace.starts(0.0)
    trace.up(0.1)
    trace.event(1.0, "UserEvent", **trace.leg(CITIZEN), UserEvent="QueueDone", Status=status)
    trace.is_hung_up(3.0)
    trace.ends(3.0)
    assert only(trace).outcome is CallOutcome.OVERFLOWED


def test_a_caller_who_never_reaches_the_queue_abandoned_the_announcement() -> None:
    trace = TraceWriter()
    trace.starts(0.0)
    trace.up(0.1)
    trace.keys(0.5, "1")
    trace.asks_to_hang_up(1.0)
    trace.ends(1.1)
    record = only(trace)
    assert record.outcome is CallOutcome.ABANDONED_IN_IVR
    assert [digit.digit for digit in record.dtmf] == ["1"]


def test_a_call_we_refuse_failed() -> None:
    trace = TraceWriter()
    trace.starts(0.0)
    trace.is_hung_up(0.1)
    trace.ends(0.2)
    assert only(trace).outcome is CallOutcome.FAILED


def test_a_caller_sent_to_leave_a_message_is_counted_so() -> None:
    trace = timed_out()
    trace.event(6.5, "Newexten", **trace.leg(CITIZEN), Application="VoiceMail", AppData="1000,u")
    assert only(trace).outcome is CallOutcome.VOICEMAIL


def test_digits_are_those_the_citizen_keyed() -> None:
    trace = answered()
    trace.keys(5.0, "7", AGENT)
    trace.keys(5.0, "7", CITIZEN, "Sent")
    trace.keys(6.0, "3", CITIZEN)
    assert [digit.digit for digit in only(trace).dtmf] == ["3"]


def test_a_call_without_a_number_is_still_a_call() -> None:
    data = answered().bytes().replace(b"13800138000", b"<unknown>")
    [record] = contacts(data)
    assert record.caller is None
    assert record.outcome is CallOutcome.ANSWERED


def test_an_agents_call_to_another_agent_is_no_contact() -> None:
    trace = TraceWriter()
    for channel in (CONSULTED, OTHER):
        trace.event(
            0.0, "Newchannel", **trace.leg(channel, linked="hot1-1795305169.4"), ChannelState=4
        )
        trace.event(3.0, "Hangup", **trace.leg(channel, linked="hot1-1795305169.4"), Cause=16)
    assert contacts(trace.bytes()) == []


def test_a_consultation_to_the_outside_belongs_to_the_call_it_serves() -> None:
    """8001 keeps the citizen waiting and asks 13900000000 from a second line."""
    trace = TraceWriter()
    trace.arrives()
    trace.is_answered()
    second = "hot1-1795305169.4"
    asked = {
        "DestChannel": "PJSIP/trunk-00000009",
        "DestUniqueid": "hot1-1795305169.9",
        "DestLinkedid": second,
    }
    trace.event(5.0, "Newchannel", **trace.leg(CONSULTED, linked=second), ChannelState=4)
    trace.event(5.2, "DialBegin", **asked, DialString="13900000000@trunk")
    ended = {key.removeprefix("Dest"): value for key, value in asked.items()}
    trace.event(7.0, "Hangup", **ended, Cause=16)
    trace.event(7.0, "Hangup", **trace.leg(CONSULTED, linked=second), Cause=16)
    trace.ends(9.0)
    trace.ends(9.0, AGENT)
    assert [record.call_id for record in contacts(trace.bytes())] == [CALL]


def test_a_call_we_place_is_outbound_and_answered_by_the_citizen() -> None:
    trace = TraceWriter(call_id="follow-up-7")
    leg = {"Channel": CITIZEN, "Uniqueid": "follow-up-7", "Linkedid": "follow-up-7"}
    dest = {f"Dest{key}": value for key, value in leg.items()}
    trace.event(0.0, "Newchannel", **leg, ChannelState=0, Exten="s")
    trace.event(0.1, "DialBegin", **dest, DialString="13600136000@trunk")
    trace.event(3.0, "Newstate", **leg, ChannelState=6, CallerIDNum="12345")
    trace.event(5.0, "DTMFEnd", **leg, Digit="1", Direction="Received")
    trace.event(8.0, "Hangup", **leg, Cause=16)
    record = only(trace)
    assert (record.direction, record.line) == (Direction.OUTBOUND, "13600136000")
    assert (record.outcome, record.caller, record.agent) == (CallOutcome.ANSWERED, "12345", None)
    assert record.talk_s == 5.0


def test_the_ringing_extension_is_known_at_once_and_only_while_it_rings() -> None:
    trace = TraceWriter()
    trace.arrives()
    record = only(trace)
    assert (record.ringing, record.outcome, record.ended_at) == ("8001", None, None)
    trace.is_answered()
    assert only(trace).ringing is None


def test_a_lifted_telephone_has_the_call_before_it_is_connected() -> None:
    """Whoever answers may press a key of his desk at once: the call is his in every moment."""
    trace = TraceWriter()
    trace.arrives()
    trace.up(4.0, AGENT)
    assert only(trace).ringing == "8001"
    trace.stops_ringing(4.0, "ANSWER")
    record = only(trace)
    assert (record.ringing, record.agent) == (None, "8001")


@pytest.mark.parametrize("name", STORIES)
def test_a_new_start_of_the_telephone_system_ends_what_was_open(name: str) -> None:
    trace = STORIES[name]()
    middle = [block for at, block in trace.blocks if at <= 5.0]
    ready = "Event: FullyBooted\r\nUptime: {}\r\n\r\n"
    session = ready.format(500) + "".join(middle) + ready.format(1)
    [record] = contacts(session.encode())
    assert record.ended_at is not None
    assert record.outcome is not None


@pytest.mark.parametrize("name", STORIES)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_order_within_200_ms_and_repetition_change_nothing(name: str, seed: int) -> None:
    trace = STORIES[name]()
    chance = random.Random(seed)
    shuffled = [(at + chance.uniform(0, 0.2), block) for at, block in trace.blocks]
    shuffled += [(at + chance.uniform(0, 3.0), block) for at, block in trace.blocks]
    stream = "".join(block for _, block in sorted(shuffled, key=lambda one: one[0]))
    assert contacts(stream.encode()) == contacts(trace.bytes())


@pytest.mark.parametrize("name", STORIES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_stream_cut_and_taken_up_again_tells_the_same(name: str, data: st.DataObject) -> None:
    whole = STORIES[name]().bytes()
    cut = data.draw(st.integers(0, len(whole)))
    begins = [found.end() for found in re.finditer(rb"^|\r\n\r\n", whole) if found.end() <= cut]
    again = data.draw(st.sampled_from(begins))
    replay = Replay()
    replay.feed(whole[:cut])
    replay.wire.close()
    replay.feed(b"\r\n\r\n" + whole[again:])
    assert replay.contacts() == contacts(whole)


@pytest.mark.parametrize("name", STORIES)
def test_wherever_a_stream_ends_an_answered_call_is_never_abandoned(name: str) -> None:
    trace = STORIES[name]()
    for number in range(len(trace.blocks)):
        shorter = TraceWriter(blocks=trace.blocks[: number + 1])
        for record in contacts(shorter.bytes()):
            if record.agent is not None:
                assert record.outcome is CallOutcome.ANSWERED
            if record.ended_at is None:
                assert record.outcome in (
                    None,
                    CallOutcome.ANSWERED,
                    CallOutcome.OVERFLOWED,
                    CallOutcome.ABANDONED_IN_QUEUE,
                )


@pytest.mark.parametrize("name", STORIES)
def test_a_stream_that_begins_in_the_middle_never_fails(name: str) -> None:
    trace = STORIES[name]()
    for number in range(len(trace.blocks)):
        for record in contacts(TraceWriter(blocks=trace.blocks[number:]).bytes()):
            assert record.call_id == CALL


def test_fifty_calls_at_once_are_fifty_contacts() -> None:
    whole = answered().bytes().decode()
    head, _, body = whole.partition("\r\n\r\n")
    blocks: list[tuple[int, str]] = []
    for number in range(50):
        renamed = body.replace("-1795305166.", f"-1795305166.{number:03}").replace(
            "-0000000", f"-000{number:03}0"
        )
        renamed = renamed.replace("hot1-1795305168.", f"hot1-1795305168.{number:03}")
        blocks += list(enumerate(renamed.split("\r\n\r\n")))
    mixed = "\r\n\r\n".join(block for _, block in sorted(blocks, key=lambda one: one[0]))
    records = contacts((head + "\r\n\r\n" + mixed + "\r\n\r\n").encode())
    assert len(records) == 50
    assert {record.outcome for record in records} == {CallOutcome.ANSWERED}
    assert {record.talk_s for record in records} == {5.0}


def test_damaged_events_cost_only_themselves() -> None:
    trace = answered()
    trace.blocks.insert(3, (0.2, "Event: Newchannel\r\nTimestamp: yesterday\r\n\r\n"))
    trace.blocks.insert(4, (0.2, "Event: Hangup\r\nTimestamp: 1795305166.5\r\n\r\n"))
    trace.blocks.insert(5, (0.2, "\x00\x01 nonsense\r\n\r\n"))
    assert only(trace) == only(answered())


def test_only_what_changes_a_record_is_news() -> None:
    replay = Replay()
    trace = answered()
    news = []
    for _, block in trace.blocks:
        replay.feed(block.encode())
        news += replay.reducer.changed()
    assert all(earlier != later for earlier, later in pairwise(news))
    assert len(news) < len(trace.blocks)
    assert news[-1] == only(trace)
    replay.feed(trace.bytes())
    assert replay.reducer.changed() == []
