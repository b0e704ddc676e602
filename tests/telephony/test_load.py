"""Fifteen calls a second, recorded with all their files: not one contact too few or too many."""

from __future__ import annotations

import gzip
import random
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.calls import CallOutcome, CallRecord
from telephony.checkpoints import FileCheckpoints
from telephony.facts import Fact
from telephony.reconciler import Reconciler
from telephony.replay import Replay, replay_file

LOAD = Path(__file__).parent / "traces/load"
CALLS, SOME = 375, 60
OUTCOME_OF = {"CONNECT": CallOutcome.ANSWERED, "ABANDON": CallOutcome.ABANDONED_IN_QUEUE}
"""What the queue log's words are called here; EXITWITHTIMEOUT does not occur in this load."""


@cache
def blocks() -> tuple[tuple[float, str], ...]:
    """Every event with its time."""
    text = gzip.decompress((LOAD / "load.ami.gz").read_bytes()).decode()
    found = []
    for block in text.split("\r\n\r\n"):
        stamp = re.search(r"^Timestamp: (\S+)", block, re.MULTILINE)
        if stamp is not None:
            found.append((float(stamp[1]), f"{block}\r\n\r\n"))
    return tuple(found)


@cache
def some() -> tuple[tuple[float, str], ...]:
    """The events of the first calls: enough to try many disturbances of."""
    found = []
    for at, block in blocks():
        call = re.search(r"^(?:Dest)?Linkedid: (\S+)", block, re.MULTILINE)
        if call is not None and call[1] in few():
            found.append((at, block))
    return tuple(found)


@cache
def few() -> frozenset[str]:
    """The ids of the first calls."""
    return frozenset(list(whole())[:SOME])


@cache
def written() -> tuple[Fact, ...]:
    """What the three files say of all calls."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for name in ("full.csv", "queue_log", "Master.csv"):
            paths[name] = Path(folder) / name
            paths[name].write_bytes(gzip.decompress((LOAD / f"{name}.gz").read_bytes()))
        reader = Reconciler(
            paths["full.csv"],
            paths["queue_log"],
            FileCheckpoints(Path(folder) / "points"),
            detail_records=paths["Master.csv"],
        )
        reader.read()
        return tuple(reader.recover(lambda _: False))


@cache
def whole() -> dict[str, CallRecord]:
    """The contacts of the undisturbed recording."""
    return told(replayed("".join(block for _, block in blocks())))


def of_some() -> dict[str, CallRecord]:
    """Those of the first calls."""
    return {call_id: one for call_id, one in whole().items() if call_id in few()}


def replayed(*pieces: str) -> Replay:
    """Pieces of the session, the files read wherever one piece ends and another begins."""
    replay = Replay()
    for number, piece in enumerate(pieces):
        if number:
            replay.wire.close()
            for fact in written():
                if fact.call_id in few():
                    replay.reducer.fold(fact)
        replay.feed(piece.encode())
    return replay


def told(replay: Replay) -> dict[str, CallRecord]:
    contacts = replay.contacts()
    assert len({one.call_id for one in contacts}) == len(contacts)
    return {one.call_id: one for one in contacts}


def alike(one: CallRecord, other: CallRecord) -> bool:
    """The same but for the part of a second by which a busy machine tells one source later."""
    seconds = [(one.wait_s, other.wait_s), (one.talk_s, other.talk_s)]
    close = all(a is not None and b is not None and abs(a - b) < 1 for a, b in seconds)
    return close and _timeless(one) == _timeless(other)


def _timeless(call: CallRecord) -> CallRecord:
    began = call.started_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return replace(
        call, started_at=began, queued_at=None, answered_at=None, talk_ended_at=None, ended_at=None
    )


def test_every_call_is_one_contact() -> None:
    contacts = replay_file(LOAD / "load.ami.gz").contacts()
    assert len(contacts) == CALLS
    assert len({one.caller for one in contacts}) == CALLS
    assert all(one.ended_at is not None and one.node == "hot1" for one in contacts)


def test_the_totals_are_those_of_the_queue_log() -> None:
    log = gzip.decompress((LOAD / "queue_log.gz").read_bytes()).decode()
    verbs = Counter(row.split("|")[4] for row in log.splitlines())
    expected = {OUTCOME_OF[verb]: verbs[verb] for verb in OUTCOME_OF if verbs[verb]}
    assert Counter(one.outcome for one in whole().values()) == expected
    talked = sum(int(row.split("|")[6]) for row in log.splitlines() if "|COMPLETE" in row)
    # The queue log cuts each talk down to whole seconds.
    mine = sum(one.talk_s or 0 for one in whole().values())
    assert talked - CALLS <= mine <= talked + CALLS


def test_every_agent_talked_as_long_as_his_calls() -> None:
    states = replayed("".join(block for _, block in blocks())).states()
    talks = [one for one in states if one.state.value == "talking"]
    assert len(talks) == CALLS
    lasted = sum((one.ended_at - one.began_at).total_seconds() for one in talks if one.ended_at)
    assert lasted == pytest.approx(sum(one.talk_s or 0 for one in whole().values()), rel=0.02)


def test_the_files_alone_tell_the_same_contacts() -> None:
    replay = Replay()
    for fact in written():
        replay.reducer.fold(fact)
    contacts = {one.call_id: one for one in replay.reducer.open_calls()}
    assert contacts.keys() == whole().keys()
    assert [one for one in contacts.values() if not alike(one, whole()[one.call_id])] == []


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_order_within_200_ms_and_repetition_change_no_contact(seed: int) -> None:
    chance = random.Random(seed)
    mixed = [(at + chance.uniform(0, 0.2), block) for at, block in some()]
    mixed += [(at + chance.uniform(0, 3), block) for at, block in chance.sample(some(), 400)]
    stream = "".join(block for _, block in sorted(mixed, key=lambda one: one[0]))
    assert told(replayed(stream)) == of_some()


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_what_a_gap_hides_the_files_tell(data: st.DataObject) -> None:
    """The session breaks off at any event and is taken up again seconds later, or earlier."""
    events = some()
    broken = data.draw(st.integers(0, len(events) - 1))
    again = data.draw(st.integers(max(0, broken - 100), min(len(events) - 1, broken + 600)))
    before = "".join(block for _, block in events[:broken])
    after = "".join(block for _, block in events[again:])
    contacts = told(replayed(before, after))
    assert contacts.keys() == of_some().keys()
    differing = [one for one in contacts.values() if not alike(one, of_some()[one.call_id])]
    assert differing == []
