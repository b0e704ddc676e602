"""Recordings in words: a queue of which nothing is lost or done twice, and found by search."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.call_rules import RecordingRules
from dispatch.domain.errors import RecordingUnavailable
from dispatch.domain.people import Actor
from dispatch.domain.ports import Said, ScriptedTranscriber
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.files.recordings import RecordingFolder
from dispatch.files.sound import Sound
from dispatch.files.vault import Keyring
from dispatch.models.contacts import Contact
from dispatch.models.telephone import Recording
from dispatch.models.tickets import TicketEvent
from dispatch.service import recording_queries, transcripts
from dispatch.service.intake import RequestForm, open_ticket
from dispatch.service.queries_search import search
from hotline.recordings import RecordingKeeper
from hotline.transcribing import TranscriptWorker

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
RULES = RecordingRules(keep_days=365, keep_ticket_days=1095, encrypt=True)
AGENT = Actor(name="王芳", role=Role.AGENT, extension="8001")
CITIZEN = (Said(1.0, 3.0, "云谷路的路灯坏了。"), Said(5.0, 8.0, "已经一个星期了。"))
ANSWER = (Said(0.1, 0.9, "您好，请讲。"), Said(3.2, 4.8, "坏了多久？"))


class Ticking:
    """A clock that moves on at every look."""

    def __init__(self, step: timedelta = timedelta(0)) -> None:
        self.now, self._step = NOON + timedelta(minutes=5), step

    def __call__(self) -> datetime:
        self.now += self._step
        return self.now


class Failing:
    """A model that gives up in the middle of a voice."""

    name = "failing"

    def sentences(self, samples: bytes, rate: int) -> Iterator[Said]:
        yield CITIZEN[0]
        raise RuntimeError("out of memory")


@pytest.fixture
def folder(tmp_path: Path) -> RecordingFolder:
    return RecordingFolder(tmp_path / "recordings", Keyring("k1", {"k1": b"1" * 32}))


@pytest.fixture
def stored(database: Database, folder: RecordingFolder) -> int:
    """A talk of ten seconds about a ticket, put away and waiting for its words; its contact."""
    path = "20261123/33333333-2222-3333-4444-555555555555.wav"
    with database.work() as session:
        form = RequestForm(
            content="有事情反映",
            kind=RequestKind.COMPLAINT,
            phone="13812345678",
            requester_name="陈",
        )
        contact = Contact(
            call_id="hot1-1",
            direction="inbound",
            started_at=NOON,
            answered_at=NOON,
            ended_at=NOON + timedelta(seconds=10),
            talk_s=10.0,
            recording=path,
            ticket_id=open_ticket(session, AGENT, form, now=NOON).id,
        )
        session.add(contact)
        session.flush()
        contact_id = contact.id
    for side in ("-citizen", "-agent"):
        file = folder.folder / path.replace(".wav", f"{side}.wav")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(Sound(np.ones((80_000, 1), np.int16), 8000).wav())
    keeper = RecordingKeeper(database, folder, transcribe=True)
    keeper.put_away(RULES, NOON + timedelta(minutes=1))
    return contact_id


def row(database: Database) -> Recording:
    with database.read() as session:
        return session.scalars(select(Recording)).one()


def test_both_voices_are_put_into_words_in_the_order_they_were_said(
    database: Database, folder: RecordingFolder, stored: int
) -> None:
    heard = ScriptedTranscriber(CITIZEN, ANSWER)
    assert row(database).transcript_state == "waiting"
    assert TranscriptWorker(database, folder, heard, Ticking()).work() == 1
    found = row(database)
    assert (found.transcript_state, found.transcript_model) == ("done", "scripted")
    assert found.transcript_parts == [
        [0.1, 0.9, 1, "您好，请讲。"],
        [1.0, 3.0, 0, "云谷路的路灯坏了。"],
        [3.2, 4.8, 1, "坏了多久？"],
        [5.0, 8.0, 0, "已经一个星期了。"],
    ]
    assert heard.heard == [10.0, 10.0]
    assert TranscriptWorker(database, folder, heard, Ticking()).work() == 0
    with database.read() as session:
        kinds = session.scalars(select(TicketEvent.kind).order_by(TicketEvent.id)).all()
    assert kinds[-2:] == ["RecordingStored", "RecordingTranscribed"]


def test_a_ticket_is_found_by_what_was_said_for_those_who_may_hear_it(
    database: Database, folder: RecordingFolder, stored: int
) -> None:
    TranscriptWorker(database, folder, ScriptedTranscriber(CITIZEN), Ticking()).work()
    with database.read() as session:
        for role, hits in ((Role.DISPATCHER, 1), (Role.AGENT, 1), (Role.LEADER, 0)):
            assert len(search(session, Actor(name="某", role=role), "云谷路 一个星期")) == hits
        assert search(session, Actor(name="某", role=Role.DISPATCHER), "没有说过") == []


def test_progress_shows_while_the_work_goes_on(
    database: Database, folder: RecordingFolder, stored: int
) -> None:
    seen: list[int] = []

    class Watching:
        name = "watching"

        def sentences(self, samples: bytes, rate: int) -> Iterator[Said]:
            for said in CITIZEN:
                yield said
                reader = Actor(name="班长", role=Role.SUPERVISOR)
                with database.read() as session:
                    line = recording_queries.lines_of(session, reader, [stored])[stored][0]
                seen.append(line.transcribed_part)

    clock = Ticking(timedelta(seconds=3))
    TranscriptWorker(database, folder, Watching(), clock).work()
    assert seen == [0, 40, 40, 90]


def test_two_workers_never_get_the_same(database: Database, stored: int) -> None:
    with database.work() as session:
        first = transcripts.claim(session, now=NOON)
    with database.work() as session:
        assert transcripts.claim(session, now=NOON + timedelta(minutes=1)) is None
    assert first is not None


def test_what_a_dead_worker_left_is_taken_up_and_its_late_word_does_not_count(
    database: Database, stored: int
) -> None:
    with database.work() as session:
        dead = transcripts.claim(session, now=NOON)
    with database.work() as session:
        alive = transcripts.claim(session, now=NOON + timedelta(minutes=16))
    assert dead is not None
    assert alive is not None
    with database.work() as session:
        assert not transcripts.done(session, dead, [[0, 1, 0, "旧"]], model="a", now=NOON)
        assert not transcripts.progress(session, dead, [], now=NOON)
        assert transcripts.done(session, alive, [[0, 1, 0, "新"]], model="b", now=NOON)
    assert row(database).transcript == "新"


def test_a_failure_is_tried_again_and_given_up_after_the_third(
    database: Database, folder: RecordingFolder, stored: int
) -> None:
    worker = TranscriptWorker(database, folder, Failing(), Ticking())
    assert worker.work() == 0
    found = row(database)
    assert (found.transcript_state, found.transcript_tries) == ("failed", 3)
    assert found.transcript_parts is None
    with database.work() as session:
        transcripts.ask(session, found.id, on=True)  # a person may ask again
    worker = TranscriptWorker(database, folder, ScriptedTranscriber(CITIZEN), Ticking())
    assert worker.work() == 1
    assert row(database).transcript_state == "done"


def test_a_worker_that_is_stopped_gives_its_recording_back(
    database: Database, folder: RecordingFolder, stored: int
) -> None:
    class Stopping(ScriptedTranscriber):
        def sentences(self, samples: bytes, rate: int) -> Iterator[Said]:
            yield CITIZEN[0]
            worker.stop()
            yield CITIZEN[1]

    worker = TranscriptWorker(database, folder, Stopping(), Ticking())
    assert worker.work() == 0
    assert (row(database).transcript_state, row(database).transcript_tries) == ("waiting", 0)


def test_without_speech_nobody_can_ask(database: Database, stored: int) -> None:
    with database.work() as session, pytest.raises(RecordingUnavailable, match="HOTLINE_SPEECH"):
        transcripts.ask(session, 1, on=False)


def test_what_was_said_goes_with_the_recording(
    database: Database, folder: RecordingFolder, stored: int
) -> None:
    TranscriptWorker(database, folder, ScriptedTranscriber(CITIZEN), Ticking()).work()
    with database.work() as session:
        session.get_one(Contact, stored).ticket_id = None
    keeper = RecordingKeeper(database, folder, transcribe=True)
    assert keeper.delete_old(RULES, NOON + timedelta(days=1100)) == 1
    found = row(database)
    assert (found.transcript, found.transcript_parts, found.transcript_state) == ("", None, None)
