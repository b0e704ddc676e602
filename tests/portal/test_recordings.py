"""Hearing recordings in the portal: who may, what is written down, from any place, its words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select

from dispatch.domain.call_ports import SilentTelephones
from dispatch.domain.call_rules import RecordingRules
from dispatch.domain.errors import TelephonyUnavailable
from dispatch.files.recordings import RecordingFolder
from dispatch.files.sound import Sound
from dispatch.models.contacts import Contact
from dispatch.models.people import Staff, ViewLog
from dispatch.models.telephone import ListeningLog, Recording
from dispatch.models.tickets import Ticket
from dispatch.service import recording_masks
from hotline.recordings import RecordingKeeper
from tests.portal.town import MONDAY, Town

RULES = RecordingRules(keep_days=365, keep_ticket_days=1095, encrypt=True)
PATH = "20261123/22222222-2222-3333-4444-555555555555.wav"
MESSAGE = "20261123/22222222-2222-3333-4444-555555555555-voicemail.wav"


def folder_of(town: Town) -> RecordingFolder:
    folder: RecordingFolder = town.app.state.context.recordings
    return folder


def call(town: Town, ticket: str | None = None, *, agent: str = "wang", **more: object) -> int:
    """A finished talk of ten seconds with its two sides on the disk; the contact's id."""
    with town.database.work() as session:
        values: dict[str, object] = {
            "call_id": f"hot1-{PATH}",
            "call_uuid": "22222222-2222-3333-4444-555555555555",
            "direction": "inbound",
            "caller": "13812345678",
            "started_at": MONDAY,
            "answered_at": MONDAY,
            "ended_at": MONDAY + timedelta(seconds=10),
            "talk_s": 10.0,
            "recording": PATH,
            "agent_id": session.scalar(select(Staff.id).where(Staff.login == agent)),
            **more,
        }
        if ticket is not None:
            values["ticket_id"] = session.scalar(select(Ticket.id).where(Ticket.number == ticket))
        contact = Contact(**values)
        session.add(contact)
        session.flush()
        contact_id = contact.id
    for side, height in (("-citizen", 3000), ("-agent", 9000)):
        path = folder_of(town).folder / PATH.replace(".wav", f"{side}.wav")
        path.parent.mkdir(parents=True, exist_ok=True)
        wave = np.resize(np.array([height, -height], np.int16), (80_000, 1))
        path.write_bytes(Sound(wave, 8000).wav())
    return contact_id


def put_away(town: Town) -> None:
    town.clock.advance(minutes=5)
    keeper = RecordingKeeper(town.database, folder_of(town), transcribe=False)
    assert keeper.put_away(RULES, town.clock.now) >= 1


def listenings(town: Town) -> list[tuple[str, int | None]]:
    with town.database.read() as session:
        rows = session.execute(
            select(ListeningLog.kind, ListeningLog.contact_id).order_by(ListeningLog.id)
        )
        return [(kind, contact) for kind, contact in rows]


def transcribed(town: Town, *parts: tuple[float, float, int, str]) -> None:
    with town.database.work() as session:
        row = session.scalars(select(Recording)).one()
        row.transcript_state, row.transcript_parts = "done", [list(part) for part in parts]
        row.transcript = "\n".join(part[3] for part in parts)


def test_a_sealed_recording_plays_whole_and_from_any_place(town: Town) -> None:
    contact = call(town, town.ticket())
    put_away(town)
    assert not list(folder_of(town).folder.rglob("*.wav"))
    browser = town.browser("ban")
    whole = browser.get(f"/recordings/{contact}")
    assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/wav")
    assert whole.content[:4] == b"RIFF"
    assert len(whole.content) == 44 + 80_000 * 4 == int(whole.headers["content-length"])
    for asked, start, stop in (
        ("bytes=100-199", 100, 200),
        ("bytes=300000-", 300_000, 320_044),
        ("bytes=-44", 320_000, 320_044),
        ("bytes=0-99999999", 0, 320_044),
    ):
        part = browser.get(f"/recordings/{contact}", headers={"range": asked})
        assert part.status_code == 206
        assert part.content == whole.content[start:stop]
        assert part.headers["content-range"] == f"bytes {start}-{stop - 1}/320044"
    beyond = browser.get(f"/recordings/{contact}", headers={"range": "bytes=400000-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */320044")


def test_every_listening_is_a_row_and_one_playing_in_pieces_is_one(town: Town) -> None:
    contact = call(town, town.ticket())
    put_away(town)
    browser = town.browser("ban")
    for start in (0, 1000, 2000):
        browser.get(f"/recordings/{contact}", headers={"range": f"bytes={start}-"})
    assert listenings(town) == [("play", contact)]
    town.clock.advance(minutes=10)
    browser.get(f"/recordings/{contact}", headers={"range": "bytes=500-"})
    saved = browser.get(f"/recordings/{contact}?download=1")
    town.browser("li").get(f"/recordings/{contact}")
    assert saved.headers["content-disposition"].startswith("attachment; filename=")
    assert [kind for kind, _ in listenings(town)] == ["play", "play", "download", "play"]
    with town.database.read() as session:
        assert "recording" in session.scalars(select(ViewLog.what)).all()
        rows = session.scalars(select(ListeningLog)).all()
        assert all(row.recording_id is not None and row.agent_id is not None for row in rows)


def test_an_agent_hears_his_own_call_without_a_ticket_and_nobody_elses(town: Town) -> None:
    contact = call(town)
    put_away(town)
    assert town.browser("wang").get(f"/recordings/{contact}").status_code == 200
    assert town.browser("wang").get(f"/calls/{contact}").status_code == 200
    assert town.browser("ban").get(f"/calls/{contact}").status_code == 200
    assert town.browser("zhao").get(f"/recordings/{contact}").status_code == 404
    assert town.browser("zhao").get(f"/calls/{contact}").status_code == 404
    assert town.browser("chengguan").get(f"/calls/{contact}").status_code == 403


def test_the_ticket_shows_every_call_with_waveform_masks_and_message(town: Town) -> None:
    number = town.ticket()
    call(town, number, voicemail=MESSAGE)
    message = np.resize(np.array([2000, -2000], np.int16), (16_000, 1))
    (folder_of(town).folder / MESSAGE).write_bytes(Sound(message, 8000).wav())
    put_away(town)
    with town.database.work() as session:
        session.scalars(select(Recording).where(Recording.path == PATH)).one().masks = [[2.0, 4.0]]
    page = town.browser("ban").get(f"/tickets/{number}").text
    assert page.count("data-player") == 2
    assert "语音留言" in page
    assert "有 1 段已遮蔽" in page
    assert 'data-masks="[[2.0, 4.0]]"' in page
    assert 'data-seconds="10.0"' in page
    # Without JavaScript the browser's own player is there.
    assert page.count("<audio controls") == 2
    for hidden in ("chengguan", "zhang"):
        assert "data-player" not in town.browser(hidden).get(f"/tickets/{number}").text


@pytest.mark.parametrize(("state", "words"), [("missing", "录音缺失"), ("deleted", "已过保存期限")])
def test_a_recording_that_is_gone_says_why(town: Town, state: str, words: str) -> None:
    number = town.ticket()
    contact = call(town, number)
    put_away(town)
    with town.database.work() as session:
        session.scalars(select(Recording)).one().state = state
    assert words in town.browser("ban").get(f"/tickets/{number}").text
    assert town.browser("ban").get(f"/recordings/{contact}").status_code == 409


def test_a_recording_somebody_changed_on_the_disk_does_not_play(town: Town) -> None:
    contact = call(town, town.ticket())
    put_away(town)
    next(folder_of(town).folder.rglob("*.sealed")).write_bytes(b"RIFF not sealed at all")
    assert town.browser("ban").get(f"/recordings/{contact}").status_code == 409


def test_an_old_recording_in_the_clear_plays_beside_a_plain_player(town: Town) -> None:
    number = town.ticket()
    contact = call(town, number)
    sound = Sound(np.ones((8000, 1), np.int16), 8000).wav()
    (folder_of(town).folder / PATH).write_bytes(sound)
    assert town.browser("ban").get(f"/recordings/{contact}").content == sound
    assert f'src="/recordings/{contact}"' in town.browser("ban").get(f"/tickets/{number}").text


def test_words_are_given_by_sentence_and_their_reading_is_written_down(town: Town) -> None:
    contact = call(town, town.ticket())
    put_away(town)
    assert town.browser("ban").get(f"/recordings/{contact}/words").status_code == 404
    transcribed(town, (0.5, 2.0, 1, "您好，请讲。"), (2.5, 9.0, 0, "云谷路的<路灯>坏了。"))
    answer = town.browser("ban").get(f"/recordings/{contact}/words")
    assert "云谷路的&lt;路灯&gt;坏了。" in answer.text
    assert answer.text.index("话务员") < answer.text.index("来电人")
    assert 'data-at="2.5"' in answer.text
    assert listenings(town) == [("transcript", contact)]
    assert town.browser("chengguan").get(f"/recordings/{contact}/words").status_code == 403


def test_the_agent_is_offered_the_words_of_his_call_and_nobody_else(town: Town) -> None:
    contact = call(town)
    put_away(town)
    offer = f"/agent/contact/{contact}/transcript"
    assert town.browser("wang").get(offer).status_code == 204
    with town.database.work() as session:
        session.scalars(select(Recording)).one().transcript_state = "waiting"
    assert "排队中" in town.browser("wang").get(offer).text
    transcribed(town, (0.5, 2.0, 1, "您好，请讲。"), (2.5, 9.0, 0, "路灯坏了。"))
    page = town.browser("wang").get(offer).text
    assert "采用转写" in page
    assert page.count("data-citizen") == 1
    assert town.browser("wang").get(offer).status_code == 200
    assert listenings(town) == [("transcript", contact)]
    assert town.browser("zhao").get(offer).status_code == 404


def test_asking_for_words_needs_speech_to_be_set_up(town: Town) -> None:
    contact = call(town, town.ticket())
    put_away(town)
    answer = town.browser("ban").post(f"/recordings/{contact}/transcribe")
    assert answer.status_code == 409
    assert "HOTLINE_SPEECH" in answer.text


class DeafTelephones(SilentTelephones):
    """Refuses to mute."""

    def mask(self, extension: str, *, on: bool) -> None:
        raise TelephonyUnavailable


@pytest.mark.parametrize(("works", "left_open"), [(True, True), (False, False)])
def test_a_mask_that_could_not_be_ordered_does_not_silence_the_rest_of_the_call(
    town: Town, works: bool, left_open: bool
) -> None:
    contact = call(town, ended_at=None, talk_s=None, agent="wang")
    stand_in = SilentTelephones() if works else DeafTelephones()
    context = town.app.state.context
    telephones = replace(context.telephones, desk=stand_in)
    town.app.state.context = replace(context, telephones=telephones)
    answer = town.browser("wang").post(
        "/agent/mask", data={"contact_id": str(contact), "on": "yes"}
    )
    assert answer.status_code == (200 if works else 503)
    with town.database.read() as session:
        (moment,) = session.scalars(select(Recording)).one().mask_moments
        assert (moment[1] is None) == left_open
        assert recording_masks.is_masked(session, contact) == left_open
