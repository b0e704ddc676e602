"""A changed plan reaches a running Asterisk: calls go on, and a bad plan leaves the old one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from dispatch.domain.call_ports import TrunkTrial
from dispatch.domain.call_terms import OverflowTo, TrunkKind, TrunkState
from dispatch.domain.calls import CallOutcome, CallRecord
from dispatch.domain.errors import BadPlan, InvalidInput, TrunkSilent
from dispatch.domain.ports import AgentState, Membership, Seat
from dispatch.domain.switch_plan import SwitchPlan
from telephony.ami import AmiConfig
from telephony.asterisk.callers import Manner, SippCallee
from telephony.asterisk.plan_files import AsteriskPlanFiles
from telephony.checkpoints import FileCheckpoints
from telephony.connector import ConnectorConfig, TelephonyConnector
from telephony.headers import HEARD
from telephony.seat_store import WishesOnly
from telephony.writer import ListSink
from tests.fixtures_asterisk import AsteriskUnderTest, free_port, private_asterisk
from tests.fixtures_hotline import until
from tests.telephony.plans import AREA_CODE, line, queue, trunk

pytestmark = pytest.mark.asterisk

PLAN = SwitchPlan(
    area_code=AREA_CODE,
    queues=(queue("hotline"),),
    lines=(line("12345", "政务服务便民热线"),),
)
WIDER = replace(
    PLAN,
    queues=(*PLAN.queues, queue("tax")),
    lines=(*PLAN.lines, line("12366", "纳税缴费服务热线", "tax")),
)
USUAL = Seat("9001", "王芳", AgentState.READY)
TAX = Seat("9002", "赵敏", AgentState.READY, queues=(Membership("tax"),))
REFUSING = "127.0.0.3"


@pytest.fixture(scope="module")
def switch() -> Iterator[AsteriskUnderTest]:
    """An Asterisk that works by the narrow plan."""
    with (
        tempfile.TemporaryDirectory(prefix="hotline-orders-") as folder,
        private_asterisk(Path(folder), plan=PLAN) as running,
    ):
        yield running


@pytest.fixture
def sink() -> ListSink:
    return ListSink()


@pytest.fixture
def telephony(
    switch: AsteriskUnderTest, sink: ListSink, tmp_path: Path
) -> Iterator[TelephonyConnector]:
    """Two agents signed in, one of whom serves a queue that is not there yet."""
    with connected(switch, sink, tmp_path, USUAL, TAX) as running:
        running.switch.apply("hot1", PLAN)
        yield running
        running.switch.apply("hot1", PLAN)


@contextmanager
def connected(
    switch: AsteriskUnderTest, sink: ListSink, folder: Path, *seats: Seat, here: bool = True
) -> Iterator[TelephonyConnector]:
    secrets, port = switch.settings.secrets, switch.settings.ami_port
    config = ConnectorConfig(
        events=AmiConfig(
            username="hotline-events", secret=secrets.ami_events, port=port, wanted=HEARD
        ),
        actions=AmiConfig(username="hotline-actions", secret=secrets.ami_actions, port=port),
        plan_files=AsteriskPlanFiles(switch.settings) if here else None,
    )
    running = TelephonyConnector(
        config,
        sink=sink,
        seats=WishesOnly(lambda: list(seats)),
        checkpoints=FileCheckpoints(folder / "checkpoints.json"),
    )
    running.start()
    try:
        until(lambda: running.status().connected)
        yield running
    finally:
        running.stop()


def of_line(sink: ListSink, number: str) -> CallRecord | None:
    """The newest news of a call of this line."""
    told = [one for one in sink.news if isinstance(one, CallRecord) and one.line == number]
    return told[-1] if told else None


def files(switch: AsteriskUnderTest) -> dict[str, str]:
    return {file.name: file.read_text("utf-8") for file in switch.settings.etc.glob("*.conf")}


def test_a_new_line_rings_its_own_queue_while_a_call_goes_on(
    switch: AsteriskUnderTest, telephony: TelephonyConnector, sink: ListSink
) -> None:
    wang, zhao = switch.desk_phone("9001"), switch.desk_phone("9002")
    with (
        wang.start(),
        zhao.start(),
        switch.citizen().dial("13900000001", "12345", seconds=60) as first,
    ):
        until(lambda: (call := of_line(sink, "12345")) and call.answered_at)
        telephony.switch.apply("hot1", WIDER)
        assert telephony.switch.applied("hot1") == WIDER.digest
        with switch.citizen().dial("13900000002", "12366", seconds=60) as second:
            until(lambda: (call := of_line(sink, "12366")) and call.answered_at)
            second.hang_up()
        going_on = of_line(sink, "12345")
        assert going_on is not None
        assert going_on.talk_ended_at is None
        first.hang_up()
        until(lambda: (call := of_line(sink, "12345")) and call.ended_at)
    new, old = of_line(sink, "12366"), of_line(sink, "12345")
    assert new is not None
    assert old is not None
    assert (new.queue, new.agent) == ("tax", "9002")
    assert (old.queue, old.agent, old.outcome) == ("hotline", "9001", CallOutcome.ANSWERED)


def test_after_closing_time_the_next_caller_hears_so_and_who_talks_talks_on(
    switch: AsteriskUnderTest, telephony: TelephonyConnector, sink: ListSink
) -> None:
    closed = replace(PLAN, open=False, closed_to=OverflowTo.BUSY)
    with (
        switch.desk_phone("9001").start(),
        switch.citizen().dial("13900000003", "12345", seconds=60) as first,
    ):
        until(lambda: (call := of_line(sink, "12345")) and call.answered_at)
        talking = of_line(sink, "12345")
        assert talking is not None
        telephony.switch.apply("hot1", closed)
        with switch.citizen().dial("13900000004", "12345", seconds=60) as late:
            assert late.wait(40).released_by_other_side

        def late_call() -> CallRecord | None:
            told = [one for one in sink.news if isinstance(one, CallRecord)]
            return next((one for one in told if one.caller == "13900000004" and one.ended_at), None)

        until(late_call)
        ended = late_call()
        assert ended is not None
        assert (ended.outcome, ended.queued_at) == (CallOutcome.CLOSED, None)
        told = [one for one in sink.news if isinstance(one, CallRecord)]
        still = [one for one in told if one.call_id == talking.call_id][-1]
        assert still.talk_ended_at is None
        first.hang_up()


@pytest.mark.parametrize(
    "bad",
    [
        replace(PLAN, queues=(*PLAN.queues, queue("bad]\n[from-trunk"))),
        replace(PLAN, lines=(line("12345", "热线", greeting="no-such-prompt"),)),
        replace(PLAN, lines=(line("12345", "热线", "nowhere"),)),
    ],
)
def test_a_plan_that_cannot_be_written_changes_nothing(
    switch: AsteriskUnderTest, telephony: TelephonyConnector, bad: SwitchPlan
) -> None:
    before = files(switch)
    with pytest.raises(BadPlan):
        telephony.switch.apply("hot1", bad)
    assert files(switch) == before
    assert telephony.switch.applied("hot1") == PLAN.digest


class Torn(AsteriskPlanFiles):
    """A disk that keeps nothing of the queues that were written."""

    def write(self, plan: SwitchPlan) -> Callable[[], None]:
        put_back = super().write(plan)
        (self.settings.etc / "queues.conf").write_text("[general]\n[hotline]\n", "utf-8")
        return put_back


def test_a_plan_that_asterisk_did_not_take_is_taken_back(
    switch: AsteriskUnderTest, telephony: TelephonyConnector, sink: ListSink, tmp_path: Path
) -> None:
    before = files(switch)
    torn = Torn(switch.settings)
    secrets, port = switch.settings.secrets, switch.settings.ami_port
    config = ConnectorConfig(
        events=AmiConfig(
            username="hotline-events", secret=secrets.ami_events, port=port, wanted=HEARD
        ),
        actions=AmiConfig(username="hotline-actions", secret=secrets.ami_actions, port=port),
        plan_files=torn,
    )
    other = TelephonyConnector(
        config,
        sink=sink,
        seats=WishesOnly(lambda: [USUAL, TAX]),
        checkpoints=FileCheckpoints(tmp_path / "other.json"),
    )
    other.start()
    try:
        until(lambda: other.status().connected)
        with pytest.raises(BadPlan, match="tax"):
            other.switch.apply("hot1", WIDER)
        assert files(switch) == before
        assert other.switch.applied("hot1") == PLAN.digest
    finally:
        other.stop()
    assert telephony.switch.applied("hot1") == PLAN.digest


def test_an_asterisk_elsewhere_is_told_of_by_a_sentence(
    switch: AsteriskUnderTest, sink: ListSink, tmp_path: Path
) -> None:
    with connected(switch, sink, tmp_path, here=False) as running:
        with pytest.raises(BadPlan, match="hotline asterisk configure"):
            running.switch.apply("hot1", WIDER)
        assert running.switch.applied("hot1") == PLAN.digest


def test_a_restarted_asterisk_still_says_which_plan_it_has(
    switch: AsteriskUnderTest, telephony: TelephonyConnector
) -> None:
    telephony.switch.apply("hot1", WIDER)
    switch.runner.settings = replace(switch.runner.settings, plan=PLAN)
    switch.runner.restart()
    until(lambda: telephony.status().connected)
    until(lambda: telephony.switch.applied("hot1") == PLAN.digest)


def test_a_trunk_is_tried_by_ringing_a_number_of_ones_own(
    switch: AsteriskUnderTest, telephony: TelephonyConnector
) -> None:
    port = free_port(address=REFUSING)
    ways = (
        trunk("linkage", kind=TrunkKind.EMERGENCY, host=REFUSING, port=port),
        trunk("nowhere", host=REFUSING, port=free_port(address=REFUSING)),
    )
    telephony.switch.apply("hot1", replace(PLAN, trunks=ways))
    order = TrunkTrial(trunk="linkage", number="09990001", caller_id="12345", channel_id="trial-1")

    def ringing(manner: Manner) -> SippCallee:
        return SippCallee(
            switch.sipp, switch.folder, address=(REFUSING, port), manner=manner, seconds=20
        )

    with ringing(Manner.ANSWER).start():
        telephony.switch.try_trunk("hot1", order)
    with (
        ringing(Manner.BUSY).start(),
        pytest.raises(TrunkSilent, match="没有接通"),
    ):
        telephony.switch.try_trunk("hot1", replace(order, channel_id="trial-2"))
    with pytest.raises(InvalidInput, match="数字"):
        telephony.switch.try_trunk("hot1", replace(order, number="1;System(x)"))
    until(lambda: telephony.switch.trunk_states("hot1")["nowhere"] is TrunkState.UNREACHABLE)
    assert set(telephony.switch.trunk_states("hot1")) == {"linkage", "nowhere"}
