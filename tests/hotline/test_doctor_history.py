"""`hotline doctor` finds the row that somebody changed in the database, and says whose it is."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dispatch.bus import Database
from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.service import intake, urging
from hotline import checks
from hotline.cli import build

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
AGENT = Actor(name="王芳", role=Role.AGENT)


@pytest.fixture
def numbers(sqlite_url: str) -> list[str]:
    """Some tickets of an installation."""
    database, made = Database(sqlite_url), []
    for n in range(4):
        form = intake.RequestForm(content=f"路灯不亮 {n}", kind=RequestKind.REPORT)
        with database.work() as s:
            made.append(intake.open_ticket(s, AGENT, form, now=NOW).number)
            urging.urge(s, AGENT, made[-1], contact_id=None, note="", now=NOW)
    database.dispose()
    return made


def tamper(url: str, statement: str) -> None:
    """Write into the file by hand, past the program and its trigger."""
    with sqlite3.connect(url.removeprefix("sqlite:///")) as line:
        line.execute("DROP TRIGGER ticket_event_no_update")
        line.execute(statement)
    line.close()


def doctor(monkeypatch: pytest.MonkeyPatch, url: str, folder: Path) -> tuple[int, str]:
    """Run `hotline doctor --history` on this database."""
    monkeypatch.setenv("HOTLINE_DATABASE_URL", url)
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(folder))
    done = CliRunner().invoke(build(["doctor", "token"]), ["doctor", "--history"])
    return done.exit_code, done.stdout


def test_an_untouched_history_is_said_to_hold(
    monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path, numbers: list[str]
) -> None:
    code, said = doctor(monkeypatch, sqlite_url, tmp_path)
    assert code == 0, said
    assert f"{len(numbers)} 张工单的记录全部完好" in said


def test_a_changed_row_is_named_with_its_ticket_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path, numbers: list[str]
) -> None:
    tamper(sqlite_url, "UPDATE ticket_event SET actor_name = '别人' WHERE id = 5")
    code, said = doctor(monkeypatch, sqlite_url, tmp_path)
    assert code == 1
    assert f"工单 {numbers[2]} 第 5 号流转记录" in said
    assert "备份" in said
    assert all(number not in said for number in numbers if number != numbers[2])


@pytest.mark.parametrize("day", range(3))
def test_the_quick_check_sees_every_new_ticket_on_every_day(
    sqlite_url: str, numbers: list[str], day: int
) -> None:
    tamper(sqlite_url, "UPDATE ticket_event SET actor_name = '别人' WHERE id = 2")
    database = Database(sqlite_url)
    check = checks.history(database, NOW + timedelta(days=day))
    database.dispose()
    assert check.trouble is not None
    assert numbers[0] in check.trouble


def test_a_call_nobody_accounted_for_is_counted_after_a_day(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    call = CallRecord(
        call_id="hot1-1",
        call_uuid=None,
        direction=Direction.INBOUND,
        caller="12900000001",
        line="12345",
        queue="hotline",
        agent="8001",
        ringing=None,
        started_at=NOW,
        queued_at=NOW,
        answered_at=NOW,
        talk_ended_at=NOW,
        ended_at=NOW,
        outcome=CallOutcome.ANSWERED,
    )
    with database.work() as s:
        intake.record_call(s, call, now=NOW)
    assert checks.contacts(database, NOW + timedelta(hours=3)).trouble is None
    found = checks.contacts(database, NOW + timedelta(days=2))
    assert found.warning
    assert "1 个" in str(found.trouble)
    database.dispose()
