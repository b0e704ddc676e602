"""`hotline due`: its JSON, its words, and how it refuses."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner, Result

from dispatch.domain.policy import load_calendar
from hotline.commands.due import due

APP = typer.Typer()
APP.command()(due)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(APP, list(arguments))


def test_json_goes_to_stdout_alone_with_moments_of_shanghai() -> None:
    result = run(
        "--profile", "jinan_2018", "--kind", "complaint", "--from", "2025-09-26T10:00", "--json"
    )
    assert result.exit_code == 0
    assert result.stderr == ""
    answer = json.loads(result.stdout)
    assert answer["due_at"] == "2025-10-10T17:30:00+08:00"
    assert answer["warn_at"] == "2025-10-09T17:30:00+08:00"
    assert answer["acknowledge_by"] == "2025-09-26T12:00:00+08:00"
    assert answer["working_days"] == 5
    assert answer["calendar_version"] == load_calendar().version
    assert answer["provisional"] is False


@pytest.mark.parametrize(
    "moment", ["2025-09-19T22:30", "2025-09-19T22:30:00+08:00", "2025-09-19T14:30:00Z"]
)
def test_a_moment_without_a_zone_is_beijing_time(moment: str) -> None:
    result = run(
        *("--profile", "anhui_2025", "--kind", "assistance", "--urgency", "urgent"),
        *("--from", moment, "--json"),
    )
    answer = json.loads(result.stdout)
    assert answer["due_at"] == "2025-09-20T22:30:00+08:00"
    assert answer["working_days"] is None
    assert answer["means"] == "progress"


def test_people_read_the_rule_and_its_source() -> None:
    result = run("--profile", "sichuan_2025", "--kind", "咨询", "--from", "2026-02-12")
    assert result.exit_code == 0
    assert "办结截止：2026-02-24 17:30" in result.stdout
    assert "四川日报" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--profile", "x", "--kind", "report", "--from", "2025-01-02"), "可用：default、"),
        (("--kind", "x", "--from", "2025-01-02"), "可用：inquiry（咨询）"),
        (("--kind", "report", "--urgency", "x", "--from", "2025-01-02"), "可用：routine（一般）"),
        (("--kind", "report", "--from", "昨天"), "看不懂"),
        (("--kind", "report"), "缺少 --from"),
        (("--from", "2025-01-02"), "缺少 --kind"),
        (("--kind", "report", "--from", "1999-01-02"), "只覆盖 2020-01-01"),
        (("--kind", "report", "--from", "0001-01-01T00:00+14:00"), "超出可用范围"),
        (("--kind", "report", "--from", "9999-12-31T23:00"), "只覆盖 2020-01-01"),
    ],
)
def test_bad_input_ends_with_2_and_a_sentence_on_stderr(
    arguments: tuple[str, ...], message: str
) -> None:
    result = run(*arguments, "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr
