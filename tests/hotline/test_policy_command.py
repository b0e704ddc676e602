"""`hotline policy`: see, check, try, load and take back, from files."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dispatch.bus import Database
from hotline.bootstrap import open_rulebook, utc_now
from hotline.commands.policy import app

THREE_DAYS = """
name = "linchuan"
label = "临川市办法"
evidence = "P"
source = "临川市 2026 年第 3 号文"
inherits = "default"

[[limit]]
limit = "3 working_day"
"""
YEAR = """
year = 2027
source = "放假通知"

[[holiday]]
name = "元旦"
first = 2027-01-01
last = 2027-01-03
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(THREE_DAYS, encoding="utf-8")
    return path


@pytest.fixture
def run(database_url: str, tmp_path: Path) -> object:
    """The command over a migrated database of its own."""
    env = {"HOTLINE_DATABASE_URL": database_url, "HOTLINE_DATA": str(tmp_path), "COLUMNS": "200"}
    return lambda *arguments: CliRunner(env=env).invoke(app, [str(a) for a in arguments])


class Run:
    """What `run` is, for the type checker."""

    def __call__(self, *arguments: object) -> Result: ...  # type: ignore[empty-body]


def test_every_value_in_force_is_shown_with_its_source(run: Run) -> None:
    shown = run("show")
    assert shown.exit_code == 0, shown.stderr
    assert "可退单的时间" in shown.stdout
    assert "潍坊市12345政务服务便民热线条例（2021）第二十二条" in shown.stdout


def test_a_file_is_checked_by_key_and_line(run: Run, file: Path, tmp_path: Path) -> None:
    assert "没有错误" in run("check", file).stderr
    file.write_text(THREE_DAYS.replace("3 working_day", "3 days"), encoding="utf-8")
    refused = run("check", file)
    assert refused.exit_code == 2
    assert "第 9 行：limit[1].limit" in refused.stderr
    assert run("check", tmp_path / "none.toml").exit_code == 2


def test_a_version_is_tried_loaded_and_taken_back(run: Run, file: Path, database_url: str) -> None:
    tried = run("dry-run", file)
    assert "3 个工作日内办结" in tried.stdout
    assert "正在计时 0 件" in tried.stderr
    loaded = run("load", file, "--note", "第 3 号文")
    assert loaded.exit_code == 0, loaded.stderr
    assert "编号 1" in loaded.stderr
    assert name_in_force(database_url) == "linchuan"
    assert "临川市办法" in run("show").stdout
    assert "已撤回" in run("withdraw", "1").stderr
    assert name_in_force(database_url) == "default"
    assert run("withdraw", "1").exit_code == 2
    assert run("load", file, "--note", "x", "--from", "2020-01-01").exit_code == 2


def test_a_year_of_the_calendar_is_known_by_its_key(run: Run, file: Path) -> None:
    file.write_text(YEAR, encoding="utf-8")
    assert "工作日历“2027 年”没有错误" in run("check", file).stderr
    tried = run("dry-run", file)
    assert "2027-02-05 周五" in tried.stdout  # a statutory day off that this notice forgot
    assert run("load", file, "--note", "通知").exit_code == 0


def name_in_force(url: str) -> str:
    database = Database(url)
    try:
        return open_rulebook(database).at(utc_now()).profile.name
    finally:
        database.dispose()
