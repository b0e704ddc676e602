"""The archive's command and job."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner, Result

from analytics.engines.engine import ArchiveEngine, LiveEngine
from analytics.engines.manifest import read_manifest
from dispatch.bus import Database
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.service import intake
from hotline.archive import engine_of, timers
from hotline.bootstrap import utc_now
from hotline.commands.archive import app
from hotline.settings import Settings

CENTRE = Actor(name="中心", role=Role.CENTER)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path) -> Settings:
    """A folder of its own, and a database with one ticket an hour old."""
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HOTLINE_DATABASE_URL", sqlite_url)
    database = Database(sqlite_url)
    form = intake.RequestForm(content="路灯不亮", kind=RequestKind.COMPLAINT, phone="13912345678")
    with database.work() as session:
        intake.open_ticket(session, CENTRE, form, now=utc_now() - timedelta(hours=1))
    database.dispose()
    return Settings()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_it_is_taken_shown_and_held_against_the_database(settings: Settings) -> None:
    assert "还没有归档" in run("show").stderr
    assert "已归档 1 行" in run("take").stderr
    assert "ticket" in run("show").stdout
    same = run("check", "--weeks", "1")
    assert same.exit_code == 0, same.output
    assert "都相同" in same.stderr


def test_a_file_that_is_not_true_is_found(settings: Settings) -> None:
    run("take")
    manifest = read_manifest(settings.archive)
    assert manifest is not None
    (path,) = manifest.files(settings.archive, "ticket")
    duckdb.sql(f"CREATE TABLE t AS FROM '{path}'")
    duckdb.sql("UPDATE t SET created_at = created_at - INTERVAL 90 DAY")
    duckdb.sql(f"COPY t TO '{path}' (FORMAT parquet)")
    duckdb.sql("DROP TABLE t")
    wrong = run("check", "--weeks", "2")
    assert wrong.exit_code == 1
    assert "归档 Rate(hits=0, judged=0)" in wrong.stderr


def test_an_archive_is_kept_from_so_many_tickets_on(settings: Settings) -> None:
    database = Database(settings.database)
    few = settings.model_copy(update={"archive_from": 2})
    ((_, _, job),) = timers(few, database)
    job(utc_now())
    assert read_manifest(settings.archive) is None
    ((seconds, _, job),) = timers(settings.model_copy(update={"archive_from": 1}), database)
    job(utc_now())
    assert read_manifest(settings.archive) is not None
    assert seconds == 6 * 3600
    assert isinstance(engine_of(settings, database), ArchiveEngine)
    none = settings.model_copy(update={"archive_hours": 0})
    assert timers(none, database) == ()
    assert isinstance(engine_of(none, database), LiveEngine)
    database.dispose()
