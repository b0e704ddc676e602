"""Call detail records: the third source, for calls that the channel event log does not have."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispatch.domain.call_terms import EndedBy
from dispatch.domain.calls import CallOutcome, CallRecord
from telephony.calls import CallReducer
from telephony.checkpoints import FileCheckpoints
from telephony.coarse_rows import detail_record, queue_event
from telephony.facts import AgentFinished, CallerWaited
from telephony.reconciler import BILLED_ALONE_AFTER, Reconciler
from tests.telephony.test_files import EPOCH, answered_rest, waiting_call

CALL = f"hot1-{EPOCH}.1"


def bill(
    begun: int, ended: int, *, peer: str = "", status: str = "ANSWERED", leg: str = CALL
) -> str:
    """A row as Asterisk 22 writes it: the citizen tried with, or talking to, one agent."""
    when = [f"{datetime.fromtimestamp(EPOCH + at, UTC):%Y-%m-%d %H:%M:%S}" for at in (begun, ended)]
    quoted = ["", "13800138000", "12345", "waiting", '"" <13800138000>', "PJSIP/trunk-00000001"]
    quoted += [peer, "Queue" if peer else "Return", "hotline,tb", when[0], when[0], when[1]]
    numbers = [str(ended - begun)] * 2
    tail = [status, "DOCUMENTATION", leg, "uuid-1", "", CALL]
    cells = ['"' + one.replace('"', '""') + '"' for one in quoted]
    cells += numbers + [f'"{one}"' for one in tail] + ["0"]
    return ",".join(cells) + "\n"


MISSED = bill(0, 4, peer="PJSIP/9001-00000002", status="NO ANSWER")
TALKED = bill(5, 9, peer="PJSIP/9002-00000003")
REST = bill(9, 9)
QUEUE_LOG = (
    f"{EPOCH + 2}|{CALL}|hotline|NONE|ENTERQUEUE||13800138000|1\n"
    f"{EPOCH + 4}|{CALL}|hotline|王芳|RINGNOANSWER|2000\n"
    f"{EPOCH + 5}|{CALL}|hotline|李四|CONNECT|3|hot1-{EPOCH + 4}.3|1\n"
    f"{EPOCH + 9}|{CALL}|hotline|李四|COMPLETEAGENT|3|4|1\n"
)


class Files:
    def __init__(self, folder: Path) -> None:
        self.cel, self.queue_log = folder / "full.csv", folder / "queue_log"
        self.cdr = folder / "Master.csv"
        for path in (self.cel, self.queue_log, self.cdr):
            path.touch()
        points = FileCheckpoints(folder / "points.json")
        self.reader = Reconciler(self.cel, self.queue_log, points, detail_records=self.cdr)

    def told(self, looks: int) -> list[CallRecord]:
        """What is told after so many looks at the files."""
        for _ in range(looks):
            self.reader.read()
            self.reader.release(self.reader.finished(lambda _: False))
        reducer = CallReducer()
        for fact in self.reader.missed(lambda _: False):
            reducer.fold(fact)
        return reducer.open_calls()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_without_channel_events_the_records_and_the_queue_log_tell_the_call(files: Files) -> None:
    files.queue_log.write_text(QUEUE_LOG)
    files.cdr.write_text(MISSED + TALKED + REST)
    [record] = files.told(BILLED_ALONE_AFTER + 1)
    assert (record.outcome, record.agent, record.queue) == (
        CallOutcome.ANSWERED,
        "9002",
        "hotline",
    )
    assert (record.wait_s, record.talk_s, record.caller) == (3.0, 4.0, "13800138000")
    assert (record.call_uuid, record.line, record.node) == ("uuid-1", "12345", "hot1")
    assert record.ended_by is EndedBy.AGENT


def test_an_abandoned_call_is_not_answered_by_the_greeting(files: Files) -> None:
    """A record says ANSWERED of every call that heard the greeting."""
    files.queue_log.write_text(
        f"{EPOCH + 2}|{CALL}|hotline|NONE|ENTERQUEUE||13800138000|1\n"
        f"{EPOCH + 7}|{CALL}|hotline|NONE|ABANDON|1|1|5\n"
    )
    files.cdr.write_text(bill(0, 7, peer="PJSIP/9001-00000002", status="NO ANSWER") + bill(7, 7))
    [record] = files.told(BILLED_ALONE_AFTER + 1)
    assert (record.outcome, record.agent) == (CallOutcome.ABANDONED_IN_QUEUE, None)
    assert record.wait_s == 5.0


def test_records_alone_still_count_the_call(files: Files) -> None:
    files.cdr.write_text(MISSED + TALKED + REST)
    [record] = files.told(BILLED_ALONE_AFTER + 1)
    assert (record.outcome, record.agent, record.talk_s) == (CallOutcome.ANSWERED, "9002", 4.0)


def test_channel_events_that_follow_count_alone(files: Files) -> None:
    files.cdr.write_text(bill(0, 7, peer="PJSIP/9002-00000003") + bill(7, 7))
    assert files.told(1) == []
    files.cel.write_text(waiting_call(1) + answered_rest(1))
    [record] = files.told(BILLED_ALONE_AFTER + 1)
    assert (record.agent, record.talk_s) == ("8001", 4.0)
    assert record.ended_at is not None
    assert record.ended_at.timestamp() == pytest.approx(EPOCH + 9.1)


def test_a_transfers_record_ends_no_call_that_goes_on(files: Files) -> None:
    """A transfer closes a record while the citizen is on the line with somebody else."""
    files.cel.write_text(waiting_call(1))
    files.cdr.write_text(TALKED)
    assert files.told(BILLED_ALONE_AFTER + 1) == []


def test_rows_of_the_queue_log_tell_joining_and_the_end() -> None:
    entered, finished = (queue_event(QUEUE_LOG.splitlines()[at]) for at in (0, 3))
    assert entered is not None
    assert finished is not None
    [joined] = entered.facts
    [ended] = finished.facts
    assert isinstance(joined, CallerWaited)
    assert isinstance(ended, AgentFinished)
    assert (joined.queue, joined.caller) == ("hotline", "13800138000")
    assert (ended.talk_s, ended.by_agent) == (4, True)


@pytest.mark.parametrize("line", ["", "a,b", TALKED.replace("2026-", "then-"), TALKED[:60]])
def test_damaged_records_are_passed_over(line: str) -> None:
    assert detail_record(line) is None
