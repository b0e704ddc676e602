"""The telephone side against a real Asterisk: calls, follow-ups, seats, and every kind of gap."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispatch.domain.calls import (
    CallOutcome,
    CallRecord,
    Direction,
    SurveyAnswer,
    SurveyEnded,
    SurveyResult,
)
from dispatch.domain.errors import DialerUnavailable, InvalidInput, TelephonyUnavailable
from dispatch.domain.ports import AgentState, FollowUpCall, Seat
from telephony.ami import AmiClient, AmiConfig
from telephony.asterisk.callers import Manner
from telephony.calls import CallReducer
from telephony.checkpoints import Checkpoints, FileCheckpoints
from telephony.connector import ConnectorConfig, TelephonyConnector
from telephony.headers import HEARD
from telephony.reconciler import Reconciler
from telephony.seat_store import WishesOnly
from telephony.writer import ListSink, News
from tests.fixtures_asterisk import AsteriskUnderTest, private_asterisk
from tests.fixtures_hotline import until
from tests.telephony.observing import talk_by_sip

pytestmark = pytest.mark.asterisk
READY = Seat("9001", "王芳", AgentState.READY)


class TimedSink(ListSink):
    """Remembers also when each extension was first seen ringing."""

    def __init__(self) -> None:
        super().__init__()
        self.rang_at: dict[str, datetime] = {}

    def take(self, news: Sequence[News]) -> None:
        super().take(news)
        for item in news:
            if isinstance(item, CallRecord) and item.ringing:
                self.rang_at.setdefault(item.call_id, datetime.now(UTC))

    def answers(self, follow_up_id: int) -> list[tuple[str, str | None]]:
        answers = [item for item in self.news if isinstance(item, SurveyAnswer)]
        return [(a.question, a.digit) for a in answers if a.follow_up_id == follow_up_id]

    def ends(self, follow_up_id: int) -> list[SurveyEnded]:
        ends = [item for item in self.news if isinstance(item, SurveyEnded)]
        return [end for end in ends if end.follow_up_id == follow_up_id]


def connector(
    asterisk: AsteriskUnderTest,
    sink: ListSink,
    folder: Path,
    wishes: Sequence[Seat] = (),
    checkpoints: Checkpoints | None = None,
) -> TelephonyConnector:
    secrets, port = asterisk.settings.secrets, asterisk.settings.ami_port
    config = ConnectorConfig(
        events=AmiConfig(
            username="hotline-events", secret=secrets.ami_events, port=port, wanted=HEARD
        ),
        actions=AmiConfig(username="hotline-actions", secret=secrets.ami_actions, port=port),
        channel_events=asterisk.cel,
        queue_log=asterisk.queue_log,
        detail_records=asterisk.cdr,
    )
    checkpoints = checkpoints or FileCheckpoints(folder / "checkpoints.json")
    return TelephonyConnector(
        config, sink=sink, seats=WishesOnly(lambda: list(wishes)), checkpoints=checkpoints
    )


@contextmanager
def connected(
    asterisk: AsteriskUnderTest,
    sink: ListSink,
    folder: Path,
    wishes: Sequence[Seat] = (),
    checkpoints: Checkpoints | None = None,
) -> Iterator[TelephonyConnector]:
    running = connector(asterisk, sink, folder, wishes, checkpoints)
    running.start()
    try:
        until(lambda: running.status().connected)
        yield running
    finally:
        running.stop()
        assert not running.status().running


def members(asterisk: AsteriskUnderTest) -> dict[str, str]:
    """Interface -> Paused of every member of the queue."""

    async def ask() -> dict[str, str]:
        secret, port = asterisk.settings.secrets.ami_actions, asterisk.settings.ami_port
        client = AmiClient(AmiConfig(username="hotline-actions", secret=secret, port=port))
        running = asyncio.ensure_future(client.run())
        while not client.connected:  # noqa: ASYNC110  # bounded by the test's own time
            await asyncio.sleep(0.01)
        reply = await client.action("QueueStatus", Queue="hotline")
        await client.close()
        await running
        found = [item for item in reply.items if item["Event"] == "QueueMember"]
        return {item["Location"]: item["Paused"] for item in found}

    return asyncio.run(ask())


def finished(sink: ListSink, caller: str) -> CallRecord | None:
    records = [one for one in sink.calls.values() if one.caller == caller and one.ended_at]
    return records[0] if records else None


def test_a_call_rings_at_once_and_ends_complete(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    sink = TimedSink()
    with (
        connected(asterisk, sink, tmp_path) as telephony,
        asterisk.desk_phone("9001", seconds=4).start() as agent,
    ):
        telephony.seats.apply(READY)
        asterisk.citizen().call("13800139001", "12329", seconds=90)
        until(lambda: finished(sink, "13800139001") is not None)
        telephony.seats.apply(Seat("9001", "王芳", AgentState.SIGNED_OUT))
    record = finished(sink, "13800139001")
    assert record is not None
    assert (record.direction, record.line, record.queue) == (Direction.INBOUND, "12329", "hotline")
    assert (record.agent, record.outcome) == ("9001", CallOutcome.ANSWERED)
    assert record.talk_s == pytest.approx(talk_by_sip(agent), abs=0.8)
    assert record.wait_s is not None
    assert record.recording is not None
    whole = asterisk.settings.recordings / record.recording
    for side in ("citizen", "agent"):
        assert whole.with_name(f"{whole.stem}-{side}.wav").exists()
    assert record.talk_ended_at is not None
    # Told when it rang, and not with the rest when all was over and written down.
    assert sink.rang_at[record.call_id] < record.talk_ended_at


def test_seats_follow_the_wish(asterisk: AsteriskUnderTest, tmp_path: Path) -> None:
    with connected(asterisk, ListSink(), tmp_path) as telephony:
        until(lambda: members(asterisk) == {})
        for state, paused in (
            (AgentState.READY, "0"),
            (AgentState.PAUSED, "1"),
            (AgentState.WRAP_UP, "1"),
            (AgentState.READY, "0"),
        ):
            telephony.seats.apply(Seat("9001", "王芳", state, "小休"))
            assert members(asterisk) == {"PJSIP/9001": paused}
        telephony.seats.apply(Seat("9001", "王芳", AgentState.SIGNED_OUT))
        telephony.seats.apply(Seat("9001", "王芳", AgentState.SIGNED_OUT))
        assert members(asterisk) == {}


def test_seats_left_behind_give_way_to_those_wished_for(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    with asterisk.probe() as probe:
        probe.action("QueueAdd", Queue="hotline", Interface="PJSIP/9002", MemberName="谁")
    wishes = [Seat("9001", "王芳", AgentState.PAUSED, "小休")]
    with connected(asterisk, ListSink(), tmp_path, wishes) as telephony:
        until(lambda: members(asterisk) == {"PJSIP/9001": "1"})
        telephony.seats.apply(Seat("9001", "王芳", AgentState.SIGNED_OUT))


def test_a_follow_up_call_brings_both_answers(asterisk: AsteriskUnderTest, tmp_path: Path) -> None:
    sink = TimedSink()
    with (
        connected(asterisk, sink, tmp_path) as telephony,
        asterisk.rung_citizen(keys="15").start(),
    ):
        telephony.dialer.dial(FollowUpCall(171, "13600136000", "follow-up-171"))
        until(lambda: bool(sink.ends(171)), 30)
        until(lambda: sink.calls["follow-up-171"].ended_at is not None)
    assert sink.answers(171) == [("solved", "1"), ("satisfied", "5")]
    [end] = sink.ends(171)
    assert (end.follow_up_id, end.result) == (171, SurveyResult.COMPLETED)
    record = sink.calls["follow-up-171"]
    assert (record.direction, record.line) == (Direction.OUTBOUND, "13600136000")
    assert record.outcome is CallOutcome.ANSWERED


def test_a_follow_up_call_to_a_busy_line_says_so(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    sink = TimedSink()
    with (
        connected(asterisk, sink, tmp_path) as telephony,
        asterisk.rung_citizen(Manner.BUSY).start(),
    ):
        telephony.dialer.dial(FollowUpCall(172, "13600136000", "follow-up-172"))
        until(lambda: bool(sink.ends(172)))
        # The end of the survey may be told before the end of its call.
        until(lambda: sink.calls["follow-up-172"].ended_at is not None)
    assert sink.ends(172)[0].result is SurveyResult.BUSY
    assert sink.calls["follow-up-172"].outcome is CallOutcome.FAILED


@pytest.mark.parametrize(
    "number", ["", "12a", "138\r\nAction: x", "１３８００１３８０００", "+86138"]
)
def test_only_digits_are_dialled(asterisk: AsteriskUnderTest, tmp_path: Path, number: str) -> None:
    telephony = connector(asterisk, ListSink(), tmp_path)
    with pytest.raises(InvalidInput):
        telephony.dialer.dial(FollowUpCall(1, number, "follow-up-1"))


def test_without_a_connection_orders_are_refused_by_name(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    telephony = connector(asterisk, ListSink(), tmp_path)
    with pytest.raises(DialerUnavailable):
        telephony.dialer.dial(FollowUpCall(1, "13600136000", "follow-up-1"))
    with pytest.raises(TelephonyUnavailable):
        telephony.seats.apply(READY)


def test_a_call_that_ended_while_we_were_away_is_one_complete_contact(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    sink = TimedSink()
    with asterisk.desk_phone("9001").start() as agent:
        with connected(asterisk, sink, tmp_path, [READY]):
            until(lambda: "PJSIP/9001" in members(asterisk))
            citizen = asterisk.citizen().dial("13800139002", "12345", seconds=90)
            until(lambda: any(one.agent for one in sink.calls.values()))
        with citizen:
            # Only now: the talk must not end before we are away.
            agent.hang_up()
            citizen.wait(40)
    assert finished(sink, "13800139002") is None
    asterisk.citizen().call("13800139003", "12345", seconds=0.3)
    with connected(asterisk, sink, tmp_path):
        until(lambda: finished(sink, "13800139002") is not None)
        until(lambda: finished(sink, "13800139003") is not None)
    record = finished(sink, "13800139002")
    assert record is not None
    assert (record.agent, record.outcome) == ("9001", CallOutcome.ANSWERED)
    assert record.talk_s == pytest.approx(talk_by_sip(agent), abs=0.8)
    assert record.recording is not None
    missed = finished(sink, "13800139003")
    assert missed is not None
    assert missed.outcome in (CallOutcome.ABANDONED_IN_IVR, CallOutcome.ABANDONED_IN_QUEUE)
    assert len([one for one in sink.calls.values() if one.caller == "13800139002"]) == 1


def test_a_call_still_going_on_after_we_were_away_is_taken_up_again(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    sink = TimedSink()
    before = asterisk.cel.read_text().count("BRIDGE_ENTER")
    with asterisk.desk_phone("9001", ring_s=1).start() as agent:
        with connected(asterisk, sink, tmp_path, [READY]):
            until(lambda: "PJSIP/9001" in members(asterisk))
            citizen = asterisk.citizen().dial("13800139004", "12345", seconds=90)
            until(lambda: bool(sink.rang_at))
        until(lambda: asterisk.cel.read_text().count("BRIDGE_ENTER") > before)
        with connected(asterisk, sink, tmp_path, [READY]), citizen:
            until(lambda: any(one.agent for one in sink.calls.values()))
            agent.hang_up()
            citizen.wait(40)
            until(lambda: finished(sink, "13800139004") is not None)
    record = finished(sink, "13800139004")
    assert record is not None
    assert (record.agent, record.outcome) == ("9001", CallOutcome.ANSWERED)
    assert record.talk_s == pytest.approx(talk_by_sip(agent), abs=0.8)


class AbsentCheckpoints(FileCheckpoints):
    """A store that is away."""

    def get(self, name: str) -> str | None:
        raise OSError("database is locked")

    def put(self, name: str, value: str) -> None:
        raise OSError("database is locked")


def test_a_checkpoint_store_that_is_away_stops_no_call(
    asterisk: AsteriskUnderTest, tmp_path: Path
) -> None:
    sink = TimedSink()
    absent = AbsentCheckpoints(tmp_path / "nothing.json")
    with connected(asterisk, sink, tmp_path, checkpoints=absent) as telephony:
        asterisk.citizen().call("13800139007", "12345", seconds=0.5)
        until(lambda: finished(sink, "13800139007") is not None)
        assert telephony.status().running


def test_files_and_events_tell_the_same_story(asterisk: AsteriskUnderTest, tmp_path: Path) -> None:
    sink = TimedSink()
    with (
        connected(asterisk, sink, tmp_path, [READY]),
        asterisk.desk_phone("9001", seconds=1).start(),
    ):
        until(lambda: "PJSIP/9001" in members(asterisk))
        asterisk.citizen().call("13800139005", "12345", seconds=20)
        until(lambda: finished(sink, "13800139005") is not None)
    told = finished(sink, "13800139005")
    assert told is not None
    reader = Reconciler(asterisk.cel, asterisk.queue_log, FileCheckpoints(tmp_path / "other.json"))

    def read() -> dict[str, CallRecord]:
        reader.read()
        reducer = CallReducer()
        for fact in reader.missed(lambda _: False):
            reducer.fold(fact)
        return {one.call_id: one for one in reducer.open_calls()}

    # Its end may be written a moment after it was told.
    until(lambda: told.call_id in read())
    written = read()[told.call_id]
    same = ("direction", "caller", "line", "queue", "agent", "outcome", "call_uuid", "recording")
    for name in same:
        assert getattr(written, name) == getattr(told, name), name
    for name in ("wait_s", "talk_s"):
        assert getattr(written, name) == pytest.approx(getattr(told, name), abs=0.3), name


def test_an_asterisk_killed_in_the_middle_leaves_whole_calls_and_gets_its_seats_back(
    tmp_path: Path,
) -> None:
    sink = TimedSink()
    with (
        private_asterisk(tmp_path) as asterisk,
        asterisk.desk_phone("9001", seconds=30).start(),
        connected(asterisk, sink, tmp_path, [READY]) as telephony,
    ):
        until(lambda: "PJSIP/9001" in members(asterisk))
        with asterisk.citizen().dial("13800139006", "12345", seconds=30):
            until(lambda: any(one.agent for one in sink.calls.values()))
            asterisk.runner.kill()
            until(lambda: not telephony.status().connected)
            asterisk.runner.start()
            until(lambda: telephony.status().connected)
            until(lambda: "PJSIP/9001" in members(asterisk))
            until(lambda: finished(sink, "13800139006") is not None)
        record = finished(sink, "13800139006")
        assert record is not None
        assert (record.agent, record.outcome) == ("9001", CallOutcome.ANSWERED)
        assert telephony.status().asterisk_restarts == 1
