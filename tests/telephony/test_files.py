"""Asterisk's files: read once, through rotation, and never past a call that is not finished."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dispatch.domain.calls import CallOutcome, CallRecord
from telephony.calls import CallReducer
from telephony.checkpoints import FileCheckpoints
from telephony.coarse_rows import queue_event
from telephony.facts import AgentAnswered, QueueVerdict
from telephony.files import LogTail, channel_event
from telephony.reconciler import CHECKPOINT, Reconciler

EPOCH = 1795305166
CITIZEN, AGENT = "PJSIP/trunk-00000001", "PJSIP/8001-00000002"


def cel(
    call: int,
    at: float,
    kind: str,
    *,
    channel: str = CITIZEN,
    exten: str = "12345",
    application: tuple[str, str] = ("", ""),
    **extra: object,
) -> str:
    linked = f"hot1-{EPOCH}.{call}"
    leg = linked if channel == CITIZEN else f"hot1-{EPOCH}.{call}9"
    number = "13800138000" if channel == CITIZEN else "8001"
    columns = [f"{EPOCH + at:.6f}", kind, "张三", number, exten, "inbound", channel]
    columns += [*application, leg, linked, "", "uuid-1", "", json.dumps(extra) if extra else ""]
    return ",".join('"' + column.replace('"', '""') + '"' for column in columns) + "\n"


def waiting_call(call: int) -> str:
    """A caller in the queue from 2 s on."""
    return (
        cel(call, 0.0, "CHAN_START")
        + cel(call, 0.1, "ANSWER")
        + cel(call, 2.0, "APP_START", application=("Queue", "hotline,tb,,,180"))
    )


def ending(call: int, at: float, *, source: str = CITIZEN) -> str:
    return cel(call, at, "HANGUP", application=("", ""), hangupcause=16, hangupsource=source) + cel(
        call, at + 0.001, "LINKEDID_END"
    )


def answered_rest(call: int) -> str:
    """8001 answers at 5 s and talks until 9 s."""
    rest = cel(call, 3.0, "CHAN_START", channel=AGENT, exten="s")
    for channel in (AGENT, CITIZEN):
        rest += cel(call, 5.0, "BRIDGE_ENTER", channel=channel, bridge_id="b1")
    for channel in (AGENT, CITIZEN):
        rest += cel(call, 9.0, "BRIDGE_EXIT", channel=channel, bridge_id="b1")
    rest += cel(call, 9.0, "HANGUP", channel=AGENT, hangupcause=16, hangupsource=AGENT)
    return rest + ending(call, 9.1)


def nobody_knows(_: str) -> bool:
    return False


class Files:
    """The two logs and a reader over them."""

    def __init__(self, folder: Path) -> None:
        self.cel, self.queue_log = folder / "full.csv", folder / "queue_log"
        self.checkpoints = FileCheckpoints(folder / "checkpoints.json")
        self.cel.touch()
        self.queue_log.touch()

    def reader(self) -> Reconciler:
        return Reconciler(self.cel, self.queue_log, self.checkpoints)

    def write(self, text: str) -> None:
        with self.cel.open("a", encoding="utf-8") as log:
            log.write(text)

    def position(self) -> int:
        offset: int = json.loads(self.checkpoints.get(CHECKPOINT) or "{}")["cel"]["offset"]
        return offset


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def records(reader: Reconciler) -> dict[str, CallRecord]:
    reader.read()
    reducer = CallReducer()
    for fact in reader.missed(nobody_knows):
        reducer.fold(fact)
    return {record.call_id: record for record in reducer.open_calls()}


def test_a_call_is_told_from_the_files_alone(files: Files) -> None:
    files.write(waiting_call(1) + answered_rest(1))
    [record] = records(files.reader()).values()
    assert (record.caller, record.line, record.queue) == ("13800138000", "12345", "hotline")
    assert (record.agent, record.outcome) == ("8001", CallOutcome.ANSWERED)
    assert (record.wait_s, record.talk_s, record.call_uuid) == (3.0, 4.0, "uuid-1")
    assert record.recording == "20261122/uuid-1.wav"


@pytest.mark.parametrize(
    ("verb", "outcome"),
    [
        ("ABANDON|1|1|5", CallOutcome.ABANDONED_IN_QUEUE),
        ("EXITWITHTIMEOUT|1|1|5", CallOutcome.OVERFLOWED),
    ],
)
def test_the_queue_log_says_why_nobody_answered(
    files: Files, verb: str, outcome: CallOutcome
) -> None:
    files.write(waiting_call(1) + cel(1, 7.0, "APP_END", application=("Queue", "hotline")))
    files.write(ending(1, 7.01))
    files.queue_log.write_text(f"{EPOCH + 7}|hot1-{EPOCH}.1|hotline|NONE|{verb}\n")
    [record] = records(files.reader()).values()
    assert record.outcome is outcome
    assert record.wait_s == 5.0


def test_the_checkpoint_never_passes_a_call_that_is_not_finished(files: Files) -> None:
    first, second = waiting_call(1), waiting_call(2)
    files.write(first + answered_rest(1) + second)
    reader = files.reader()
    reader.read()
    reader.release(reader.finished(lambda call_id: call_id.endswith(".1")))
    assert files.position() == len((first + answered_rest(1)).encode())

    files.write(answered_rest(2))
    again = records(files.reader())
    assert list(again) == [f"hot1-{EPOCH}.2"]
    assert again[f"hot1-{EPOCH}.2"].talk_s == 4.0


def test_what_is_over_but_not_stored_is_read_again(files: Files) -> None:
    files.write(waiting_call(1) + answered_rest(1))
    reader = files.reader()
    assert len(records(reader)) == 1
    reader.release(reader.finished(nobody_knows))
    assert len(records(files.reader())) == 1


def test_the_last_rows_of_a_call_stored_before_tell_no_false_story(files: Files) -> None:
    files.write(ending(1, 9.0))
    assert records(files.reader()) == {}


def test_a_call_told_in_full_by_the_events_is_left_alone(files: Files) -> None:
    files.write(waiting_call(1) + answered_rest(1))
    reader = files.reader()
    reader.read()
    assert reader.missed(lambda _: True) == []


def test_a_line_half_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    log = tmp_path / "log"
    tail = LogTail(log)
    assert tail.read() == []
    log.write_bytes("一\n二".encode())
    assert [line.text for line in tail.read()] == ["一"]
    with log.open("ab") as more:
        more.write("三\n".encode())
    assert [line.text for line in tail.read()] == ["二三"]
    assert tail.read() == []


def test_rotation_loses_no_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    tail = LogTail(log)
    log.write_text("1\n2\n")
    assert len(tail.read()) == 2
    with log.open("a") as more:
        more.write("3\n")
    log.rename(tmp_path / "log.0")
    log.write_text("4\n")
    assert [line.text for line in tail.read()] == ["3", "4"]
    assert [line.text for line in LogTail(log, tail.position).read()] == []


def test_a_file_cut_short_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "log"
    tail = LogTail(log)
    log.write_text("1\n2\n3\n")
    tail.read()
    with log.open("r+") as cut:
        cut.truncate(0)
        cut.write("4\n")
    assert [line.text for line in tail.read()] == ["4"]


@pytest.mark.parametrize(
    "line",
    ["", '"', "a,b,c", ",".join(["x"] * 15), cel(1, 0, "HANGUP").replace(str(EPOCH), "then")],
)
def test_damaged_rows_are_passed_over(line: str) -> None:
    assert channel_event(line) is None
    assert queue_event(line) is None


def test_bytes_that_are_no_text_cost_only_themselves(files: Files) -> None:
    with files.cel.open("ab") as log:
        log.write(b"\xff\xfe broken\n")
    files.write(waiting_call(1) + answered_rest(1))
    assert len(records(files.reader())) == 1


def test_local_times_of_a_city_asterisk_are_read_too() -> None:
    row = channel_event(cel(1, 0, "CHAN_START").replace(f"{EPOCH}.000000", "2026-11-22 07:52:46.5"))
    assert row is not None
    assert row.facts[0].at.timestamp() == EPOCH + 0.5


def test_rows_of_the_queue_log_are_understood() -> None:
    prefix = f"{EPOCH}|hot1-{EPOCH}.1|hotline|PJSIP/8001"
    row = queue_event(f"{prefix}|CONNECT|3|hot1-{EPOCH}.2|2")
    assert row is not None
    [fact] = row.facts
    assert isinstance(fact, AgentAnswered)
    assert (fact.extension, fact.queue, fact.coarse) == ("8001", "hotline", True)
    full = queue_event(f"{EPOCH}|hot1-{EPOCH}.1|hotline|NONE|FULL||")
    assert full is not None
    assert any(isinstance(fact, QueueVerdict) and fact.status == "FULL" for fact in full.facts)
    assert queue_event(f"{EPOCH}|NONE|NONE|NONE|QUEUESTART|") is None


def test_a_damaged_checkpoint_means_from_the_beginning(files: Files) -> None:
    files.write(waiting_call(1) + answered_rest(1))
    for damaged in ("{", "[]", '{"cel": 3}', '{"cel": {"inode": "x", "offset": 0}}'):
        files.checkpoints.put(CHECKPOINT, damaged)
        assert len(records(files.reader())) == 1
    files.checkpoints.path.write_text("no json")
    assert files.checkpoints.get(CHECKPOINT) is None
