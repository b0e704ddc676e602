"""A supervisor on a live talk: who hears whom, on a real telephone system."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispatch.domain.call_terms import EndedBy, ListenMode
from dispatch.domain.calls import CallRecord, ListeningEnded
from dispatch.domain.errors import InvalidInput, NotInTalk
from dispatch.domain.ports import AgentState, Seat
from telephony.asterisk.callers import SippCallee
from telephony.asterisk.phones import SimulatedPhone
from telephony.connector import TelephonyConnector
from telephony.facts import LegEnded, LegStarted, OriginateAnswered
from telephony.listenings import ListeningFollower, concerns_listening
from telephony.writer import ListSink
from tests.fixtures_asterisk import AsteriskUnderTest, hang_up_all
from tests.fixtures_hotline import until
from tests.telephony.test_connector import connected

pytestmark = pytest.mark.asterisk

AGENT, SUPERVISOR = "9001", "9002"
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def telephone(asterisk: AsteriskUnderTest, extension: str, audio: bytes) -> SippCallee:
    """A desk phone that stays on the line and takes every call."""
    host, _, port = asterisk.settings.desk_phones[extension].rpartition(":")
    return SippCallee(
        asterisk.sipp,
        asterisk.folder,
        address=(host, int(port)),
        seconds=90,
        audio=audio,
        again=True,
    )


@dataclass(frozen=True)
class Talk:
    """Three telephones and what each has heard; nobody speaks but who is told to."""

    telephony: TelephonyConnector
    sink: ListSink
    caller: str
    citizen: SimulatedPhone
    agent: SimulatedPhone
    supervisor: SimulatedPhone

    @property
    def calls(self) -> list[CallRecord]:
        """Every contact of this caller; the files may tell of earlier callers too."""
        return [call for call in self.sink.calls.values() if call.caller == self.caller]

    @property
    def ended(self) -> list[int]:
        """Which listenings ended."""
        return [one.listening_id for one in self.sink.news if isinstance(one, ListeningEnded)]

    def heard(self, phone: SimulatedPhone, during_s: float = 1.0) -> int:
        """Loud packets of the next while; a second of speech has fifty."""
        before = phone.media.loud_packets
        time.sleep(during_s)
        return phone.media.loud_packets - before


@contextmanager
def talk(
    asterisk: AsteriskUnderTest,
    folder: Path,
    caller: str,
    *,
    speaking: str,
    channel_id: str = "",
    mode: ListenMode = ListenMode.LISTEN,
) -> Iterator[Talk]:
    """A citizen with the agent, and the supervisor listening when a channel id is given."""
    voice = {who: asterisk.voice if who == speaking else b"" for who in ("agent", "supervisor")}
    sink = ListSink()
    with ExitStack() as stack:
        stack.callback(hang_up_all, asterisk)
        telephony = stack.enter_context(connected(asterisk, sink, folder))
        agent = stack.enter_context(telephone(asterisk, AGENT, voice["agent"]).start())
        supervisor = stack.enter_context(
            telephone(asterisk, SUPERVISOR, voice["supervisor"]).start()
        )
        telephony.seats.apply(Seat(AGENT, "王芳", AgentState.READY))
        stack.callback(telephony.seats.apply, Seat(AGENT, "王芳", AgentState.SIGNED_OUT))
        audio = asterisk.voice if speaking == "citizen" else b""
        citizen = stack.enter_context(
            asterisk.citizen().dial(caller, "12345", seconds=60, audio=audio)
        )
        it = Talk(telephony, sink, caller, citizen, agent, supervisor)
        until(lambda: any(call.answered_at for call in it.calls))
        until(lambda: agent.media.received_packets > 5)
        if channel_id:
            telephony.telephones.supervising.listen(SUPERVISOR, AGENT, mode, channel_id)
            until(lambda: supervisor.media.received_packets > 5)
        yield it


def test_a_listening_supervisor_hears_the_citizen_and_is_heard_by_nobody(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    with talk(asterisk, tmp_path, "13800140001", speaking="citizen", channel_id="listen-1") as it:
        until(lambda: it.heard(it.supervisor) > 20)
        assert "X-Auto-Answer: listen" in it.supervisor.signalling
        assert "X-Call-UUID" not in it.supervisor.signalling
        # The leg that listens is no call, and no agent of this one.
        assert [call.agent for call in it.calls] == [AGENT]


@pytest.mark.parametrize(
    ("mode", "agent_hears", "citizen_hears"),
    [
        (ListenMode.LISTEN, False, False),
        (ListenMode.WHISPER, True, False),
        (ListenMode.BARGE, True, True),
    ],
)
def test_what_a_supervisor_says_reaches_whom_the_mode_allows(
    asterisk: AsteriskUnderTest,
    tmp_path: Path,
    mode: ListenMode,
    agent_hears: bool,
    citizen_hears: bool,
) -> None:
    with talk(
        asterisk, tmp_path, "13800140002", speaking="supervisor", channel_id="listen-2", mode=mode
    ) as it:
        before = [phone.media.loud_packets for phone in (it.agent, it.citizen)]
        if agent_hears:
            until(lambda: it.heard(it.agent) > 20)
        if citizen_hears:
            until(lambda: it.heard(it.citizen) > 20)
        # Whoever must not hear did not in all that time, nor in two seconds more; who may has
        # heard, though the supervisor may draw breath just now.
        it.heard(it.agent, 2.0)
        after = [phone.media.loud_packets for phone in (it.agent, it.citizen)]
    heard = [now - then > 20 for now, then in zip(after, before, strict=True)]
    assert heard == [agent_hears, citizen_hears]


def test_the_mode_changes_without_hanging_up(asterisk: AsteriskUnderTest, tmp_path: Path) -> None:
    with talk(
        asterisk, tmp_path, "13800140003", speaking="supervisor", channel_id="listen-3"
    ) as it:
        supervising = it.telephony.telephones.supervising
        assert it.heard(it.agent, 2.0) < 20
        supervising.change_mode("listen-3", ListenMode.WHISPER)
        until(lambda: it.heard(it.agent) > 20)
        assert it.heard(it.citizen, 2.0) < 20
        supervising.change_mode("listen-3", ListenMode.BARGE)
        until(lambda: it.heard(it.citizen) > 20)
        supervising.change_mode("listen-3", ListenMode.LISTEN)
        until(lambda: it.heard(it.agent) < 5)
        assert it.supervisor.signalling.count("INVITE sip:") == 1
        supervising.stop_listening("listen-3")
        until(lambda: 3 in it.ended)
        # The talk itself went on.
        assert not any(call.talk_ended_at for call in it.calls)
        with pytest.raises(NotInTalk):
            supervising.change_mode("listen-3", ListenMode.WHISPER)


def test_listening_ends_with_the_talk_and_its_end_is_told(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    with talk(asterisk, tmp_path, "13800140004", speaking="citizen", channel_id="listen-4") as it:
        it.citizen.hang_up()
        until(lambda: 4 in it.ended)
        (call,) = it.calls
        assert call.agent == AGENT
        assert it.ended.count(4) == 1


def test_a_telephone_that_is_not_there_ends_the_listening_at_once(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    with talk(asterisk, tmp_path, "13800140005", speaking="citizen") as it:
        it.telephony.telephones.supervising.listen("8003", AGENT, ListenMode.LISTEN, "listen-5")
        until(lambda: 5 in it.ended)


def test_a_supervisor_takes_the_citizen_over_and_the_agent_is_free(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    with talk(asterisk, tmp_path, "13800140006", speaking="citizen", channel_id="listen-6") as it:
        supervising = it.telephony.telephones.supervising
        supervising.take_over(SUPERVISOR, AGENT)
        until(lambda: 6 in it.ended)
        until(lambda: it.supervisor.signalling.count("INVITE sip:") >= 2)
        assert "X-Auto-Answer: take-over" in it.supervisor.signalling
        assert "X-Call-UUID" in it.supervisor.signalling
        until(lambda: it.heard(it.supervisor) > 20)
        with pytest.raises(NotInTalk):
            supervising.release(AGENT, keep_citizen=True)
        it.citizen.hang_up()
        until(lambda: all(call.ended_at for call in it.calls))
        # One citizen, one contact; it stays with the agent who answered first.
        (call,) = it.calls
        assert call.agent == AGENT
        assert [(one.kind, one.by, one.to) for one in call.transfers] == [
            ("taken_over", AGENT, SUPERVISOR)
        ]
        assert call.ended_by is EndedBy.CITIZEN


def test_released_to_the_queue_the_citizen_comes_to_the_next_agent(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    with talk(asterisk, tmp_path, "13800140007", speaking="citizen") as it:
        it.telephony.seats.apply(Seat(AGENT, "王芳", AgentState.PAUSED, "班长操作"))
        it.telephony.telephones.supervising.release(AGENT, keep_citizen=True)
        it.telephony.seats.apply(Seat(SUPERVISOR, "唐建萍", AgentState.READY))
        try:
            until(lambda: it.heard(it.supervisor) > 20)
        finally:
            it.telephony.seats.apply(Seat(SUPERVISOR, "唐建萍", AgentState.SIGNED_OUT))
        assert [call.agent for call in it.calls] == [AGENT]


def test_released_for_good_the_call_ends_for_both(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    with talk(asterisk, tmp_path, "13800140008", speaking="citizen") as it:
        it.telephony.telephones.supervising.release(AGENT, keep_citizen=False)
        until(lambda: all(call.ended_at for call in it.calls))
        assert it.citizen.wait(40).released_by_other_side
        assert [call.ended_by for call in it.calls] == [EndedBy.SYSTEM]


def test_nobody_can_be_listened_to_who_does_not_talk(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    with connected(asterisk, ListSink(), tmp_path) as telephony:
        supervising = telephony.telephones.supervising
        with pytest.raises(NotInTalk):
            supervising.listen(SUPERVISOR, AGENT, ListenMode.LISTEN, "listen-9")
        with pytest.raises(NotInTalk):
            supervising.take_over(SUPERVISOR, AGENT)
        with pytest.raises(NotInTalk):
            supervising.release(AGENT, keep_citizen=True)
        with pytest.raises(InvalidInput):
            supervising.listen("8301,Hangup", AGENT, ListenMode.LISTEN, "listen-9")
        with pytest.raises(InvalidInput):
            supervising.listen(SUPERVISOR, AGENT, ListenMode.LISTEN, "hot1-1.1")


def test_facts_of_a_listening_leg_are_kept_from_the_calls() -> None:
    leg = LegStarted(NOW, "listen-7", "listen-7", "PJSIP/9002-00000001")
    helper = LegStarted(NOW, "listen-7", "hot1-5.2", "Local/s@spy-00000001;1")
    order = OriginateAnswered(NOW, order="listen-7", ok=False, reason=0, call_id=None)
    call = LegStarted(NOW, "hot1-5.1", "hot1-5.1", "PJSIP/trunk-00000001")
    assert [concerns_listening(fact) for fact in (leg, helper, order, call)] == [
        True,
        True,
        True,
        False,
    ]


def test_an_end_told_by_event_and_by_file_is_one_end() -> None:
    follower = ListeningFollower()
    gone = LegEnded(NOW, "listen-8", "listen-8", "PJSIP/9002-00000001")
    assert follower.fold(gone) == [ListeningEnded(listening_id=8, at=NOW)]
    assert follower.fold(gone) == []
    assert follower.knows_end("listen-8")
    assert follower.alive(["listen-8", "hot1-5.1"], NOW).listening_ids == frozenset({8})
