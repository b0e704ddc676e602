"""What agents are doing, from the same events: ringing, talking, held, missed, free."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.calls import AgentSeen
from dispatch.domain.ports import AgentState
from telephony.agent_intervals import AgentInterval
from telephony.agent_states import AgentStates
from telephony.replay import Replay
from tests.telephony.test_calls import STORIES, abandoned, answered, handed_on, timed_out
from tests.telephony.trace_writer import AGENT, CONSULTED, EPOCH, OTHER, TraceWriter

FREE, RINGING = AgentState.READY, AgentState.RINGING
TALKING, HELD = AgentState.TALKING, AgentState.HELD


def told(trace: TraceWriter) -> list[AgentSeen]:
    """The news as a connection would get them, event by event."""
    replay, states = Replay(), AgentStates()
    news = []
    for _, block in trace.blocks:
        replay.feed(block.encode())
        news += states.news(replay.reducer)
    return news


def lived(trace: TraceWriter, extension: str = "8001") -> list[tuple[AgentState, float, float]]:
    """State, beginning and end of one agent, in seconds after the call began."""
    return [
        (one.state, round(one.began_at.timestamp() - EPOCH, 2), end)
        for one in intervals(trace.bytes())
        if one.extension == extension
        for end in [-1.0 if one.ended_at is None else round(one.ended_at.timestamp() - EPOCH, 2)]
    ]


def intervals(data: bytes) -> list[AgentInterval]:
    replay = Replay()
    replay.feed(data)
    return replay.states()


def moments(news: list[AgentSeen], extension: str = "8001") -> list[tuple[AgentState, float]]:
    return [
        (one.state, round(one.since.timestamp() - EPOCH, 2))
        for one in news
        if one.extension == extension
    ]


def member(trace: TraceWriter, at: float, name: str, **headers: object) -> None:
    trace.event(at, name, Queue="hotline", Interface="PJSIP/8001", MemberName="王芳", **headers)


def test_an_agent_rings_talks_and_is_free() -> None:
    assert moments(told(answered())) == [(RINGING, 2.0), (TALKING, 4.0), (FREE, 9.1)]
    assert lived(answered()) == [(RINGING, 2.0, 4.0), (TALKING, 4.0, 9.1)]


def test_news_carry_the_call_and_the_node() -> None:
    first = told(answered())[0]
    assert (first.call_id, first.node, first.missed) == (CITIZEN_CALL, "hot1", False)


def test_a_hold_is_seen_to_the_moment() -> None:
    trace = answered()
    trace.event(5.0, "Hold", **trace.leg(AGENT))
    trace.event(7.5, "Unhold", **trace.leg(AGENT))
    trace.blocks.sort(key=lambda one: one[0])
    assert lived(trace) == [
        (RINGING, 2.0, 4.0),
        (TALKING, 4.0, 5.0),
        (HELD, 5.0, 7.5),
        (TALKING, 7.5, 9.1),
    ]
    assert moments(told(trace))[1:4] == [(TALKING, 4.0), (HELD, 5.0), (TALKING, 7.5)]
    replay = Replay()
    replay.feed(trace.bytes())
    assert [one.hold_s for one in replay.contacts()] == [2.5]


def test_who_lets_it_ring_has_missed_it_and_who_is_spared_has_not() -> None:
    missed, spared = told(timed_out())[-1], told(abandoned())[-1]
    assert (missed.state, missed.missed) == (FREE, True)
    assert (spared.state, spared.missed) == (FREE, False)


def test_a_transfer_frees_one_agent_and_rings_another() -> None:
    news = told(handed_on())
    assert moments(news) == [(RINGING, 2.0), (TALKING, 4.0), (FREE, 7.01)]
    assert moments(news, "8003") == [(RINGING, 7.1), (TALKING, 9.0), (FREE, 15.01)]


def test_a_consultation_takes_the_agent_out_of_the_hold_and_back() -> None:
    trace = answered()
    second = "hot1-1795305169.4"
    trace.event(5.0, "Hold", **trace.leg(AGENT))
    trace.event(5.5, "Newchannel", **trace.leg(CONSULTED, linked=second), ChannelState=4)
    trace.event(6.5, "Hangup", **trace.leg(CONSULTED, linked=second), Cause=16)
    trace.event(7.0, "Unhold", **trace.leg(AGENT))
    trace.blocks.sort(key=lambda one: one[0])
    assert moments(told(trace)) == [
        (RINGING, 2.0),
        (TALKING, 4.0),
        (HELD, 5.0),
        (TALKING, 5.5),
        (HELD, 6.5),
        (TALKING, 7.0),
        (FREE, 9.1),
    ]


def test_who_only_listens_does_not_talk() -> None:
    trace = answered()
    spy = trace.leg(OTHER, linked="hot1-1795305170.3")
    trace.event(5.0, "Newchannel", **spy, ChannelState=4)
    spying = {f"Spyer{name}": value for name, value in spy.items()}
    trace.event(5.1, "ChanSpyStart", **spying)
    trace.event(5.2, "Newstate", **spy, ChannelState=6)
    trace.event(8.0, "Hangup", **spy, Cause=16)
    trace.blocks.sort(key=lambda one: one[0])
    assert lived(trace, "8003") == []
    assert [state for state, _ in moments(told(trace), "8003")][-1] is FREE
    replay = Replay()
    replay.feed(trace.bytes())
    assert [one.agent for one in replay.contacts()] == ["8001"]


def test_signing_in_and_pausing_fill_the_time_between_calls() -> None:
    trace = answered()
    member(trace, 0.5, "QueueMemberAdded", Paused=1, PausedReason="")
    member(trace, 1.0, "QueueMemberPause", Paused=0, PausedReason="")
    member(trace, 10.0, "QueueMemberPause", Paused=1, PausedReason="小休")
    member(trace, 12.0, "QueueMemberRemoved", Paused=1, PausedReason="小休")
    assert lived(trace) == [
        (AgentState.PAUSED, 0.5, 1.0),
        (FREE, 1.0, 2.0),
        (RINGING, 2.0, 4.0),
        (TALKING, 4.0, 9.1),
        (FREE, 9.1, 10.0),
        (AgentState.PAUSED, 10.0, 12.0),
        (AgentState.SIGNED_OUT, 12.0, -1.0),
    ]
    assert [one.reason for one in intervals(trace.bytes())][-2] == "小休"


def test_a_telephone_system_started_anew_leaves_nobody_busy() -> None:
    trace = answered()
    middle = "".join(block for at, block in trace.blocks if at <= 5.0)
    ready = "Event: FullyBooted\r\nUptime: {}\r\n\r\n"
    replay, states = Replay(), AgentStates()
    replay.feed((ready.format(500) + middle).encode())
    assert [one.state for one in states.news(replay.reducer)] == [TALKING]
    replay.feed(ready.format(1).encode())
    assert [one.state for one in states.news(replay.reducer)] == [FREE]


@pytest.mark.parametrize("name", STORIES)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_order_within_200_ms_and_repetition_change_no_interval(name: str, seed: int) -> None:
    trace = STORIES[name]()
    chance = random.Random(seed)
    shuffled = [(at + chance.uniform(0, 0.2), block) for at, block in trace.blocks]
    shuffled += [(at + chance.uniform(0, 3.0), block) for at, block in trace.blocks]
    stream = "".join(block for _, block in sorted(shuffled, key=lambda one: one[0]))
    assert intervals(stream.encode()) == intervals(trace.bytes())


@pytest.mark.parametrize("name", STORIES)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_whatever_the_order_the_last_news_are_true(name: str, seed: int) -> None:
    trace = STORIES[name]()
    chance = random.Random(seed)
    shuffled = sorted((at + chance.uniform(0, 0.2), block) for at, block in trace.blocks)
    last = {one.extension: one for one in told(TraceWriter(blocks=shuffled))}
    assert {one.state for one in last.values()} == {FREE}
    assert last == {one.extension: one for one in told(trace)}


CITIZEN_CALL = "hot1-1795305166.1"
