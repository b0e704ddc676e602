"""What an administrator sees of the recordings: the doctor's line, the keys, the whole verified."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from dispatch.bus import Database
from dispatch.domain.call_rules import RecordingRules
from dispatch.files.recordings import RecordingFolder
from dispatch.files.sound import Sound
from dispatch.models.contacts import Contact
from dispatch.models.telephone import Recording
from hotline import checks
from hotline.cli import build
from hotline.keys import load_keyring
from hotline.recordings import RecordingKeeper
from hotline.schema import migrate
from hotline.settings import Settings

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
RULES = RecordingRules(keep_days=365, keep_ticket_days=1095, encrypt=True)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with two recordings, named by the environment as a shell would."""
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path))
    made = Settings()
    database = Database(made.database)
    migrate(database)
    folder = RecordingFolder(made.recordings, load_keyring(made.folder, NOON))
    for name in ("a", "b"):
        path = f"20261123/{name}.wav"
        with database.work() as session:
            session.add(
                Contact(
                    call_id=name,
                    direction="inbound",
                    started_at=NOON,
                    answered_at=NOON,
                    ended_at=NOON + timedelta(seconds=1),
                    talk_s=1.0,
                    recording=path,
                )
            )
        (folder.folder / "20261123").mkdir(parents=True, exist_ok=True)
        sound = Sound(np.ones((8000, 1), np.int16), 8000)
        (folder.folder / path).write_bytes(sound.wav())
    RecordingKeeper(database, folder, transcribe=False).put_away(RULES, NOON + timedelta(minutes=1))
    database.dispose()
    return made


def run(*arguments: str) -> tuple[int, dict[str, object], str]:
    done = CliRunner().invoke(build(["recordings"]), ["recordings", *arguments])
    return done.exit_code, json.loads(done.stdout), done.stderr


def found(settings: Settings) -> list[checks.Check]:
    database = Database(settings.database)
    try:
        return list(checks.recording_rows(settings, database, NOON))
    finally:
        database.dispose()


def test_every_recording_is_held_against_its_digest(settings: Settings) -> None:
    assert run("verify")[:2] == (0, {"good": 2, "bad": 0})
    sealed = settings.recordings / "20261123/a.wav.sealed"
    content = bytearray(sealed.read_bytes())
    content[-1] ^= 1
    sealed.write_bytes(bytes(content))
    code, answer, said = run("verify")
    assert (code, answer) == (1, {"good": 1, "bad": 1})
    assert "20261123/a.wav" in said
    assert "改动或截断" in said


def test_a_new_key_leaves_the_old_recordings_readable(settings: Settings) -> None:
    before = load_keyring(settings.folder, NOON).current
    code, answer, _ = run("rotate-key")
    assert code == 0
    assert answer["current"] != before
    assert run("verify")[1] == {"good": 2, "bad": 0}


def test_the_doctor_names_what_is_missing(settings: Settings) -> None:
    (check,) = found(settings)
    assert check.trouble is None
    database = Database(settings.database)
    with database.work() as session:
        session.scalars(select(Recording)).all()[0].state = "missing"
    (check,) = found(settings)
    assert check.trouble is not None
    assert "1 次通话的录音缺失" in check.trouble
    with database.work() as session:
        session.scalars(select(Recording)).all()[1].key_id = "lost-key"
    (check,) = found(settings)
    assert "缺少密钥 lost-key" in (check.trouble or "")
    database.dispose()
    (settings.folder / "recording-keys.json").write_text("{}")
    (check,) = found(settings)
    assert "密钥文件无法读取" in (check.trouble or "")


def test_speech_that_is_switched_on_and_not_installed_is_said(
    settings: Settings, tmp_path: Path
) -> None:
    *_, check = found(Settings(data_dir=tmp_path, speech="whisper"))
    assert "hotline[speech]" in (check.trouble or "")
