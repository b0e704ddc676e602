"""Recordings are put away once, whole, apart, silent where asked, sealed, kept by the rules."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.domain.call_rules import RecordingRules
from dispatch.domain.call_terms import RecordingState
from dispatch.domain.errors import RecordingUnavailable, RoleNotAllowed
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.files.recordings import RecordingFolder
from dispatch.files.sound import Sound, parse_wav, read_wav
from dispatch.files.vault import PIECE, Keyring, Unsealed, seal
from dispatch.models.contacts import Contact
from dispatch.models.telephone import Recording
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.service import recording_masks, recordings
from dispatch.service.intake import RequestForm, open_ticket
from hotline.keys import KeysUnreadable, load_keyring, rotate
from hotline.recordings import NOT_THERE, RecordingKeeper

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
PATH = "20261123/11111111-2222-3333-4444-555555555555.wav"
RATE = 8000
KEPT = RecordingRules(keep_days=365, keep_ticket_days=1095, encrypt=True)
AGENT = Actor(name="王芳", role=Role.AGENT, extension="8001")
RING = Keyring("k1", {"k1": b"1" * 32})


def tone(seconds: float, height: int) -> Sound:
    """A loud pattern that is never zero."""
    count = int(seconds * RATE)
    return Sound(np.resize(np.array([height, -height], np.int16), (count, 1)), RATE)


@pytest.fixture
def folder(tmp_path: Path) -> RecordingFolder:
    """Where the telephone system writes."""
    return RecordingFolder(tmp_path / "recordings", RING)


@pytest.fixture
def keeper(database: Database, folder: RecordingFolder) -> RecordingKeeper:
    """The job's hand."""
    return RecordingKeeper(database, folder, transcribe=False)


def write_sides(folder: RecordingFolder, path: str = PATH, seconds: float = 10.0) -> None:
    """What MixMonitor leaves: the citizen speaks low, the agent loud."""
    for side, height in (("citizen", 1000), ("agent", 20000)):
        file = folder.folder / path.replace(".wav", f"-{side}.wav")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(tone(seconds, height).wav())


def talk(database: Database, path: str | None = PATH, **more: object) -> int:
    """A finished talk of ten seconds; its contact's id."""
    values: dict[str, object] = {
        "call_id": f"hot1-{path}",
        "call_uuid": "11111111-2222-3333-4444-555555555555",
        "direction": "inbound",
        "started_at": NOON - timedelta(seconds=20),
        "answered_at": NOON,
        "ended_at": NOON + timedelta(seconds=10),
        "talk_s": 10.0,
        "recording": path,
        "node": "hot1",
        **more,
    }
    with database.work() as session:
        contact = Contact(**values)
        session.add(contact)
        session.flush()
        return contact.id


def row(database: Database, path: str = PATH) -> Recording:
    with database.read() as session:
        return session.scalars(select(Recording).where(Recording.path == path)).one()


def files(folder: RecordingFolder) -> list[str]:
    return sorted(file.name[36:] for file in folder.folder.rglob("*") if file.is_file())


def test_a_finished_talk_is_put_away_sealed_with_both_sides_apart(
    database: Database, folder: RecordingFolder, keeper: RecordingKeeper
) -> None:
    contact = talk(database)
    write_sides(folder)
    assert keeper.put_away(KEPT, LATER) == 1
    found = row(database)
    assert (found.state, found.contact_id, found.channels) == ("stored", contact, 2)
    assert (found.duration_s, found.key_id, found.problem) == (10.0, "k1", "")
    assert found.keep_until == NOON - timedelta(seconds=20) + timedelta(days=365)
    assert files(folder) == [".wav.sealed"]
    assert b"RIFF" not in next(folder.folder.rglob("*.sealed")).read_bytes()
    sound = folder.load(PATH, found.key_id)
    assert int(abs(sound.samples[:, 0]).max()) == 1000
    assert int(abs(sound.samples[:, 1]).max()) == 20000
    assert hashlib.sha256(sound.wav()).hexdigest() == found.sha256
    assert found.peaks is not None
    assert [len(channel) for channel in found.peaks] == [400, 400]
    assert (max(found.peaks[0]), max(found.peaks[1])) == (3, 61)
    with database.read() as session:
        kinds = session.scalars(select(TicketEvent.kind)).all()
    assert kinds == ["RecordingStored"]


def test_nothing_is_touched_while_the_call_lasts_or_has_only_just_ended(
    database: Database, folder: RecordingFolder, keeper: RecordingKeeper
) -> None:
    talk(database, ended_at=None)
    talk(database, "20261123/b.wav", ended_at=LATER - timedelta(seconds=3))
    write_sides(folder)
    write_sides(folder, "20261123/b.wav")
    assert keeper.put_away(KEPT, LATER) == 0
    assert len(list(folder.folder.rglob("*.wav"))) == 4


def test_a_second_pass_and_a_second_process_do_nothing_more(
    database: Database, folder: RecordingFolder, keeper: RecordingKeeper
) -> None:
    talk(database)
    write_sides(folder)
    other = RecordingKeeper(database, folder, transcribe=False)
    with database.read() as session:
        seen_before = recordings.waiting(session, now=LATER, after=0, limit=50)
    assert keeper.put_away(KEPT, LATER) == 1
    first = row(database)
    # The other process had looked before the first was done, and finds the files gone.
    assert [other._take(one, KEPT, LATER + timedelta(hours=1)) for one in seen_before] == [False]
    assert other.put_away(KEPT, LATER + timedelta(hours=1)) == 0
    assert row(database).sha256 == first.sha256
    assert row(database).state == "stored"


@pytest.mark.parametrize("dies", ["before sealing", "before writing down", "before removing"])
def test_a_death_between_two_steps_loses_and_doubles_nothing(
    database: Database, folder: RecordingFolder, keeper: RecordingKeeper, dies: str
) -> None:
    talk(database)
    write_sides(folder)
    sides = {f: f.read_bytes() for f in folder.folder.rglob("*.wav")}
    if dies == "before sealing":
        half = folder.folder / "20261123" / f".{Path(PATH).name}.sealed-00000000"
        half.write_bytes(b"HLV1 half a file")
        os.utime(half, (0, 0))
    else:
        keeper.put_away(KEPT, LATER)
        for file, content in sides.items():
            file.write_bytes(content)
        if dies == "before writing down":
            with database.work() as session:
                session.delete(session.scalars(select(Recording)).one())
    keeper.put_away(KEPT, LATER)
    sound = folder.load(PATH, row(database).key_id)
    assert sound.seconds == 10.0
    assert files(folder) == [".wav.sealed"]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Recording)) == 1


def test_the_plain_file_stays_when_the_sealed_one_cannot_be_read_back(
    database: Database, folder: RecordingFolder, keeper: RecordingKeeper
) -> None:
    talk(database)
    write_sides(folder)
    sides = {f: f.read_bytes() for f in folder.folder.rglob("*.wav")}
    keeper.put_away(KEPT, LATER)
    for file, content in sides.items():
        file.write_bytes(content)
    sealed = next(folder.folder.rglob("*.sealed"))
    broken = bytearray(sealed.read_bytes())
    broken[500] ^= 1
    sealed.write_bytes(bytes(broken))
    keeper.clear_leftovers(LATER)
    assert {f: f.read_bytes() for f in folder.folder.rglob("*.wav")} == sides


def test_a_message_too_short_to_be_anybodys_does_not_lie_about(
    folder: RecordingFolder, keeper: RecordingKeeper
) -> None:
    day = folder.folder / f"{LATER:%Y%m%d}"
    day.mkdir(parents=True)
    for name, size in {"a-comment": 16_044, "b-voicemail": 20_000, "c-comment": 40_000}.items():
        (day / f"{name}.wav").write_bytes(bytes(size))
    (day / "d.wav").write_bytes(bytes(16_044))
    for file in day.iterdir():
        os.utime(file, ((LATER - timedelta(hours=2)).timestamp(),) * 2)
    (day / "e-comment.wav").write_bytes(bytes(16_044))
    os.utime(day / "e-comment.wav", (LATER.timestamp(),) * 2)
    keeper.clear_leftovers(LATER)
    assert {file.name for file in day.iterdir()} == {"c-comment.wav", "d.wav", "e-comment.wav"}


def test_a_file_that_does_not_come_is_missing_and_is_taken_in_when_it_does(
    database: Database, folder: RecordingFolder, keeper: RecordingKeeper
) -> None:
    talk(database)
    keeper.put_away(KEPT, LATER)
    with database.read() as session:
        assert session.scalars(select(Recording)).all() == []  # it may still come
    keeper.put_away(KEPT, NOON + timedelta(minutes=15))
    assert (row(database).state, row(database).problem) == ("missing", NOT_THERE)
    with database.read() as session:
        assert recordings.count_missing(session) == 1
    write_sides(folder)
    assert keeper.put_away(KEPT, NOON + timedelta(hours=20)) == 1
    assert (row(database).state, row(database).problem) == ("stored", "")


def test_a_call_nobody_answered_misses_no_recording(
    database: Database, keeper: RecordingKeeper
) -> None:
    talk(database, answered_at=None, talk_s=None)
    keeper.put_away(KEPT, NOON + timedelta(minutes=30))
    with database.read() as session:
        assert session.scalars(select(Recording)).all() == []


def test_a_file_that_is_no_sound_is_kept_and_said_to_be_so(
    database: Database, folder: RecordingFolder, keeper: RecordingKeeper
) -> None:
    talk(database)
    file = folder.folder / PATH
    file.parent.mkdir(parents=True)
    file.write_bytes(b"not a sound at all")
    keeper.put_away(KEPT, LATER)
    assert row(database).state == "missing"
    assert "不是 WAV 文件" in row(database).problem
    assert file.read_bytes() == b"not a sound at all"


def test_a_recording_much_shorter_than_the_talk_is_marked(
    database: Database, folder: RecordingFolder, keeper: RecordingKeeper
) -> None:
    talk(database, talk_s=60.0)
    write_sides(folder, seconds=10)
    keeper.put_away(KEPT, LATER)
    assert row(database).problem == "录音 10 秒，通话 60 秒，时长不符"


def test_a_message_on_the_machine_is_put_away_too(
    database: Database, folder: RecordingFolder, keeper: RecordingKeeper
) -> None:
    message = "20261123/a-voicemail.wav"
    talk(database, None, voicemail=message, answered_at=None, talk_s=None)
    (folder.folder / "20261123").mkdir(parents=True)
    (folder.folder / message).write_bytes(tone(4, 5000).wav())
    assert keeper.put_away(KEPT, LATER) == 1
    assert (row(database, message).channels, row(database, message).duration_s) == (1, 4.0)
    assert not (folder.folder / message).exists()


def test_without_encryption_the_stereo_file_lies_in_the_clear(
    database: Database, folder: RecordingFolder, keeper: RecordingKeeper
) -> None:
    talk(database)
    write_sides(folder)
    keeper.put_away(replace(KEPT, encrypt=False), LATER)
    keeper.clear_leftovers(LATER)
    assert (row(database).key_id, files(folder)) == (None, [".wav"])
    assert read_wav(folder.folder / PATH).channels == 2


def test_a_header_that_a_crash_left_unfinished_does_not_cost_the_sound() -> None:
    whole = tone(3, 900).wav()
    cut = bytearray(whole)
    cut[40:44] = b"\0\0\0\0"
    assert parse_wav(bytes(cut), "a.wav").seconds == 3.0
    assert parse_wav(whole[: 44 + 8001], "a.wav").samples.shape == (4000, 1)


# ---- silence where an identity number was read out


def mask(database: Database, contact: int, start: float, end: float | None) -> None:
    with database.work() as session:
        recording_masks.begin(session, AGENT, contact, now=NOON + timedelta(seconds=start))
    if end is not None:
        with database.work() as session:
            recording_masks.end(session, AGENT, contact, now=NOON + timedelta(seconds=end))


def loud_seconds(sound: Sound) -> list[bool]:
    """Of each half second, whether anything is heard on any channel."""
    half = sound.rate // 2
    return [bool(sound.samples[i : i + half].any()) for i in range(0, len(sound.samples), half)]


def test_what_was_said_under_the_mask_is_silent_even_if_the_telephone_system_never_muted(
    database: Database, folder: RecordingFolder, keeper: RecordingKeeper
) -> None:
    contact = talk(database)
    mask(database, contact, 3.0, 5.0)
    mask(database, contact, 8.0, None)  # never taken back: silent to the end
    with database.read() as session:
        assert recording_masks.is_masked(session, contact)
    write_sides(folder)
    keeper.put_away(KEPT, LATER)
    assert row(database).masks == [[2.5, 5.5], [7.5, 10.0]]
    heard = loud_seconds(folder.load(PATH, "k1"))
    assert [i / 2 for i, loud in enumerate(heard) if not loud] == [
        2.5, 3, 3.5, 4, 4.5, 5, 7.5, 8, 8.5, 9, 9.5,
    ]  # fmt: skip


def test_asking_twice_for_silence_is_asking_once(database: Database) -> None:
    contact = talk(database, ended_at=None)
    mask(database, contact, 1, None)
    mask(database, contact, 2, 4)
    mask(database, contact, 6, 7)
    with database.work() as session:
        recording_masks.end(session, AGENT, contact, now=NOON + timedelta(seconds=9))
    moments = [
        [(datetime.fromisoformat(at) - NOON).total_seconds() for at in moment]
        for moment in row(database).mask_moments
    ]
    assert moments == [[1, 4], [6, 7]]
    assert row(database).state == RecordingState.RECORDING.value


def test_only_a_recorded_talk_under_way_can_be_masked(
    database: Database, folder: RecordingFolder, keeper: RecordingKeeper
) -> None:
    silent = talk(database, None, call_id="none")
    done = talk(database)
    write_sides(folder)
    keeper.put_away(KEPT, LATER)
    with database.work() as session:
        with pytest.raises(RecordingUnavailable, match="没有录音"):
            recording_masks.begin(session, AGENT, silent, now=NOON)
        with pytest.raises(RecordingUnavailable, match="已入库"):
            recording_masks.begin(session, AGENT, done, now=NOON)
        leader = Actor(name="张", role=Role.LEADER)
        with pytest.raises(RoleNotAllowed):
            recording_masks.begin(session, leader, done, now=NOON)


@pytest.mark.parametrize(
    ("dead", "expected"),
    [
        ([], [(6.5, 14.5)]),  # nobody knows where in the gap: all that it can be
        ([(9.3, 11.1)], [(8.8, 11.6)]),  # the file shows where the mute took effect
        ([(9.3, 9.7)], [(6.5, 14.5)]),  # a shorter silence is another one
    ],
)
def test_after_a_transfer_the_mask_is_found_earlier_in_the_file(
    dead: list[tuple[float, float]], expected: list[tuple[float, float]]
) -> None:
    moments = [
        ((NOON + timedelta(seconds=12)).isoformat(), (NOON + timedelta(seconds=14)).isoformat())
    ]
    spans = recording_masks.spans_of(moments, began_at=NOON, seconds=25.0, talk_s=30.0, dead=dead)
    assert spans == expected


def test_exact_silence_of_both_sides_is_told_from_a_quiet_line() -> None:
    quiet = np.full((RATE * 4, 2), 8, np.int16)
    quiet[RATE : RATE * 2] = 0
    quiet[RATE * 3 : RATE * 3 + 80] = 0
    assert Sound(quiet, RATE).dead_spans(0.2) == [(1.0, 2.0)]


# ---- how long


def test_old_recordings_go_and_their_row_stays(
    database: Database, folder: RecordingFolder, keeper: RecordingKeeper
) -> None:
    talk(database)
    write_sides(folder)
    keeper.put_away(KEPT, LATER)
    assert keeper.delete_old(KEPT, NOON + timedelta(days=364)) == 0
    gone_at = NOON + timedelta(days=366)
    assert keeper.delete_old(KEPT, gone_at) == 1
    found = row(database)
    assert (found.state, found.deleted_at, found.peaks) == ("deleted", gone_at, None)
    assert found.sha256 is not None
    assert files(folder) == []
    assert keeper.put_away(KEPT, gone_at) == 0
    assert row(database).state == "deleted"


def test_a_ticket_keeps_its_recording_longer_and_an_open_one_keeps_it_for_good(
    database: Database, folder: RecordingFolder, keeper: RecordingKeeper, rules: Rules
) -> None:
    contact = talk(database)
    write_sides(folder)
    keeper.put_away(KEPT, LATER)
    with database.work() as session:
        form = RequestForm(
            content="路灯不亮，晚上很黑",
            kind=RequestKind.COMPLAINT,
            requester_name="陈",
            phone="13812345678",
        )
        ticket = open_ticket(session, AGENT, form, now=NOON)
        session.get_one(Contact, contact).ticket_id = ticket.id
        ticket_id = ticket.id
    assert keeper.delete_old(KEPT, NOON + timedelta(days=5000)) == 0  # the ticket is open
    with database.work() as session:
        ticket = session.get_one(Ticket, ticket_id)
        ticket.status, ticket.closed_at = "closed", LATER
    assert keeper.delete_old(KEPT, NOON + timedelta(days=366)) == 0
    assert row(database).keep_until == NOON - timedelta(seconds=20) + timedelta(days=1095)
    assert keeper.delete_old(KEPT, NOON + timedelta(days=1096)) == 1


# ---- the seal


def test_a_sealed_file_is_read_from_any_place(tmp_path: Path) -> None:
    plain = np.random.default_rng(3).bytes(3 * PIECE + 17)
    seal(plain, tmp_path / "a", RING)
    with Unsealed(tmp_path / "a", RING) as sealed:
        assert sealed.size == len(plain)
        for start, stop in [
            (0, 10),
            (PIECE - 1, PIECE + 1),
            (5, 3 * PIECE + 9),
            (3 * PIECE, 10**9),
        ]:
            assert b"".join(sealed.read(start, stop)) == plain[start:stop]


@pytest.mark.parametrize("size", [0, 1, PIECE, 2 * PIECE])
def test_a_sealed_file_of_any_size_comes_back(tmp_path: Path, size: int) -> None:
    seal(b"x" * size, tmp_path / "a", RING)
    with Unsealed(tmp_path / "a", RING) as sealed:
        assert b"".join(sealed.read(0, sealed.size)) == b"x" * size


def test_a_sealed_file_cut_swapped_or_changed_does_not_play(tmp_path: Path) -> None:
    seal(b"a" * (3 * PIECE), tmp_path / "a", RING)
    whole = (tmp_path / "a").read_bytes()
    head = len(whole) - 3 * (PIECE + 16)
    first, second = (
        whole[head : head + PIECE + 16],
        whole[head + PIECE + 16 : head + 2 * (PIECE + 16)],
    )
    for name, content in {
        "cut": whole[: -(PIECE + 16)],
        "swapped": whole[:head] + second + first + whole[head + 2 * (PIECE + 16) :],
        "changed": whole[:-1] + bytes([whole[-1] ^ 1]),
    }.items():
        (tmp_path / name).write_bytes(content)
        with (
            Unsealed(tmp_path / name, RING) as sealed,
            pytest.raises(RecordingUnavailable, match="改动或截断"),
        ):
            list(sealed.read(0, sealed.size))


def test_after_a_rotation_old_recordings_still_play_and_new_ones_have_the_new_key(
    tmp_path: Path,
) -> None:
    old = load_keyring(tmp_path, NOON)
    assert load_keyring(tmp_path, LATER) == old
    assert (tmp_path / "recording-keys.json").stat().st_mode & 0o777 == 0o600
    seal(b"before", tmp_path / "a", old)
    name = rotate(tmp_path, LATER)
    ring = load_keyring(tmp_path, LATER)
    assert ring.current == name != old.current
    with Unsealed(tmp_path / "a", ring) as sealed:
        assert b"".join(sealed.read(0, 99)) == b"before"
    seal(b"after", tmp_path / "b", ring)
    with pytest.raises(RecordingUnavailable, match=f"没有密钥 {name}"):
        Unsealed(tmp_path / "b", old)


def test_a_damaged_key_file_is_said_and_never_replaced(tmp_path: Path) -> None:
    load_keyring(tmp_path, NOON)
    (tmp_path / "recording-keys.json").write_text('{"current": "x", "keys": {}}')
    with pytest.raises(KeysUnreadable):
        load_keyring(tmp_path, NOON)


def test_an_installation_of_before_gets_its_key_beside_its_secrets(tmp_path: Path) -> None:
    from hotline.bootstrap import load_secrets

    load_secrets(tmp_path)
    before = (tmp_path / "secrets.json").read_bytes()
    load_keyring(tmp_path, NOON)
    assert (tmp_path / "secrets.json").read_bytes() == before


def test_no_path_leads_out_of_the_folder(folder: RecordingFolder, tmp_path: Path) -> None:
    folder.folder.mkdir(parents=True)
    shutil.copy(__file__, tmp_path / "outside.wav")
    for path in ("../outside.wav", "/etc/hostname", "."):
        with pytest.raises(RecordingUnavailable), folder.opened(path, None):
            pass
