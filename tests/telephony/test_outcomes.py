"""How a call ended and who ended it, by what our own dialplan tells and by what it does not."""

from __future__ import annotations

import pytest

from dispatch.domain.call_terms import EndedBy
from dispatch.domain.calls import CallOutcome, Direction
from tests.telephony.test_calls import (
    abandoned,
    answered,
    contacts,
    cut_off_then_surveyed,
    handed_on,
    only,
    timed_out,
)
from tests.telephony.trace_writer import AGENT, CALL, CITIZEN, TraceWriter


def says(trace: TraceWriter, at: float, name: str, **fields: object) -> None:
    trace.event(at, "UserEvent", **trace.leg(CITIZEN), UserEvent=name, **fields)
    trace.blocks.sort(key=lambda one: one[0])


def never_queued(*, hangs_up: bool = True) -> TraceWriter:
    trace = TraceWriter()
    trace.starts(0.0)
    trace.up(0.1)
    if hangs_up:
        trace.asks_to_hang_up(3.0)
    else:
        trace.is_hung_up(3.0)
    trace.ends(3.1)
    return trace


@pytest.mark.parametrize("hangs_up", [True, False])
@pytest.mark.parametrize(
    ("name", "outcome"),
    [("CallClosed", CallOutcome.CLOSED), ("CallRefused", CallOutcome.REFUSED)],
)
def test_who_is_turned_away_neither_gave_up_nor_failed(
    name: str, outcome: CallOutcome, hangs_up: bool
) -> None:
    trace = never_queued(hangs_up=hangs_up)
    says(trace, 1.0, name)
    assert only(trace).outcome is outcome


def test_a_flagged_caller_who_reaches_a_person_was_answered() -> None:
    trace = answered()
    says(trace, 0.5, "CallRefused")
    assert only(trace).outcome is CallOutcome.ANSWERED


def test_a_flagged_caller_who_gives_up_in_the_queue_abandoned() -> None:
    trace = abandoned()
    says(trace, 0.5, "CallRefused")
    assert only(trace).outcome is CallOutcome.ABANDONED_IN_QUEUE


def test_who_asks_to_be_rung_back_did_not_abandon() -> None:
    trace = timed_out()
    says(trace, 6.2, "CallBackAsked", Number="13800138000", Queue="hotline", Waited=5)
    assert only(trace).outcome is CallOutcome.CALL_BACK


def test_a_message_is_kept_with_its_place() -> None:
    trace = timed_out()
    says(trace, 7.0, "VoicemailLeft", Path="20261122/x-voicemail.wav", Seconds=4)
    record = only(trace)
    assert (record.outcome, record.voicemail) == (
        CallOutcome.VOICEMAIL,
        "20261122/x-voicemail.wav",
    )


def test_nothing_is_said_of_a_caller_who_may_still_leave_a_message() -> None:
    trace = timed_out()
    waiting = TraceWriter(blocks=[one for one in trace.blocks if one[0] < 7])
    assert only(waiting).outcome is None


def test_what_the_first_queue_said_is_forgotten_in_the_second() -> None:
    """The first queue's time was over, then the caller gave up waiting for the second."""
    trace = TraceWriter()
    trace.arrives()
    trace.stops_ringing(6.0, "NOANSWER")
    trace.ends(6.0, AGENT)
    trace.abandons(6.0)
    trace.leaves_queue(6.0)
    says(trace, 6.01, "QueueDone", Queue="hotline", Status="TIMEOUT")
    trace.joins_queue(6.5, "second")
    trace.asks_to_hang_up(9.0)
    trace.abandons(9.0, "second")
    trace.leaves_queue(9.0, "second")
    trace.ends(9.1)
    record = only(trace)
    assert (record.outcome, record.queue) == (CallOutcome.ABANDONED_IN_QUEUE, "second")


@pytest.mark.parametrize(
    ("trace", "who"),
    [
        (answered(), EndedBy.CITIZEN),
        (abandoned(), EndedBy.CITIZEN),
        (cut_off_then_surveyed(), EndedBy.SYSTEM),
        (handed_on(), EndedBy.SYSTEM),
        (never_queued(hangs_up=False), EndedBy.SYSTEM),
    ],
    ids=["answered", "abandoned", "cut off", "handed on", "announcement"],
)
def test_who_ended_the_call_is_who_hung_up_first(trace: TraceWriter, who: EndedBy) -> None:
    assert only(trace).ended_by is who


def test_an_agents_goodbye_is_the_agents_even_if_a_survey_follows() -> None:
    trace = cut_off_then_surveyed()
    trace.asks_to_hang_up(6.99, AGENT)
    trace.asks_to_hang_up(11.9)
    trace.blocks.sort(key=lambda one: one[0])
    record = only(trace)
    assert (record.ended_by, record.talk_s) == (EndedBy.AGENT, 3.0)


def test_the_node_is_told_by_the_ids_it_gives() -> None:
    assert only(answered()).node == "hot1"


def rung_back(*, agent: bool) -> TraceWriter:
    """A citizen whom we ring picks up at 3 s and waits; perhaps 8001 joins him at 7 s."""
    call = "cb-1-1-000000000001"
    trace = TraceWriter(call_id=call)
    leg = {"Channel": CITIZEN, "Uniqueid": call, "Linkedid": call}
    dest = {f"Dest{key}": value for key, value in leg.items()}
    trace.event(0.0, "Newchannel", **leg, ChannelState=0, Exten="s")
    trace.event(0.1, "DialBegin", **dest, DialString="13600136000@trunk")
    trace.event(3.0, "Newstate", **leg, ChannelState=6, CallerIDNum="12345")
    trace.event(4.0, "QueueCallerJoin", **leg, Queue="hotline", Position=1)
    if agent:
        served = {**leg, "Queue": "hotline", "Interface": "PJSIP/8001"}
        trace.event(7.0, "AgentConnect", **served, DestChannel=AGENT)
        trace.event(7.0, "QueueCallerLeave", **leg, Queue="hotline")
    trace.event(9.0, "HangupRequest", **leg)
    if not agent:
        trace.event(9.0, "QueueCallerLeave", **leg, Queue="hotline")
    trace.event(9.1, "Hangup", **leg, Cause=16)
    return trace


def test_a_citizen_rung_back_is_answered_only_by_an_agent() -> None:
    reached, waited = only(rung_back(agent=True)), only(rung_back(agent=False))
    assert (reached.direction, reached.outcome) == (Direction.OUTBOUND, CallOutcome.ANSWERED)
    assert (reached.agent, reached.wait_s) == ("8001", 3.0)
    assert (waited.outcome, waited.answered_at) == (CallOutcome.ABANDONED_IN_QUEUE, None)
    assert waited.wait_s == 5.0


def joined(trace: TraceWriter, until: float) -> dict[str, object]:
    """119 is rung at 5 s to join the talk, and stays until a moment."""
    own, channel = "join-1", "PJSIP/trunk-00000009"
    alone = {"Channel": channel, "Uniqueid": own, "Linkedid": own}
    shared: dict[str, object] = {**alone, "Linkedid": CALL}
    dest = {f"Dest{key}": value for key, value in alone.items()}
    trace.event(5.0, "Newchannel", **alone, ChannelState=0, Exten="s")
    trace.event(5.1, "DialBegin", **dest, DialString="119@trunk")
    trace.event(6.0, "Newstate", **alone, ChannelState=6)
    trace.event(6.1, "BridgeEnter", **shared, BridgeUniqueid="b1")
    trace.event(until, "BridgeLeave", **shared, BridgeUniqueid="b1")
    trace.event(until + 0.1, "Hangup", **shared, Cause=16)
    trace.blocks.sort(key=lambda one: one[0])
    return shared


def test_a_third_party_is_no_contact_and_no_hand_over_while_the_agent_stays() -> None:
    trace = answered()
    joined(trace, 8.0)
    [record] = contacts(trace.bytes())
    assert (record.call_id, record.agent, record.transfers) == (CALL, "8001", ())


def test_a_third_party_who_outlasts_the_agent_was_handed_the_citizen() -> None:
    trace = TraceWriter()
    trace.arrives()
    trace.is_answered()
    trace.leaves(7.0, AGENT)
    trace.ends(7.1, AGENT)
    trace.leaves(15.0, CITIZEN)
    trace.asks_to_hang_up(15.0)
    trace.ends(15.1)
    joined(trace, 15.0)
    [record] = contacts(trace.bytes())
    [handed] = record.transfers
    assert (handed.kind, handed.by, handed.to) == ("attended", "8001", "119")
    assert record.talk_s == 3.0
