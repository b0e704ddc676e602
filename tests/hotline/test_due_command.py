"""`hotline due`: its JSON, its words, and how it refuses."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner, Result

from dispatch.domain.policy import load_calendar
from hotline.commands.due import due
from tests.dispatch.due_by_hand import BY_HAND, HOURS, WORKING_DAYS

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


@pytest.mark.parametrize("profile", WORKING_DAYS)
@pytest.mark.parametrize("day", BY_HAND)
def test_the_command_agrees_with_counting_by_hand_over_every_holiday(
    profile: str, day: str
) -> None:
    for kind, days in WORKING_DAYS[profile].items():
        said = asked("--profile", profile, "--kind", kind.value, "--from", f"{day}T10:00")
        assert said["due_at"] == f"{day[:4]}-{BY_HAND[day][days]}T17:30:00+08:00", kind


@pytest.mark.parametrize("profile", HOURS)
@pytest.mark.parametrize("day", BY_HAND)
def test_a_limit_in_hours_takes_no_notice_of_holidays(profile: str, day: str) -> None:
    said = asked("--profile", profile, "--kind", "report", "--from", f"{day}T10:00")
    assert said["due_at"] == f"{day}T{10 + HOURS[profile]}:00:00+08:00"


def asked(*arguments: str) -> dict[str, object]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, object] = json.loads(result.stdout)
    return found


FRIDAY = ("--kind", "complaint", "--from", "2025-09-26T10:00")


@pytest.mark.parametrize(
    ("more", "due_at"),
    [
        (("--stated", "3 working_day"), "2025-09-30T17:30"),
        (("--statutory", "15 working_day"), "2025-10-23T17:30"),
        (("--round", "2"), "2025-09-30T17:30"),  # half of five days, rounded up
        (("--extend", "5 working_day"), "2025-10-16T17:30"),  # 10-11 is worked
        (("--extend", "2 working_day", "--extend", "3 working_day"), "2025-10-16T17:30"),
        (("--hold", "2025-09-29T08:30/2025-09-30T17:30"), "2025-10-13T17:30"),
        (("--hold", "2025-09-30T17:30/2025-10-09T08:30"), "2025-10-10T17:30"),  # only days off
        (("--profile", "sichuan_2025", "--source-level", "city"), "2025-10-23T17:30"),
        (("--unit-class", "镇街", "--category", "0101"), "2025-10-10T17:30"),
    ],
)
def test_each_option_is_counted_in(more: tuple[str, ...], due_at: str) -> None:
    assert asked(*FRIDAY, *more)["due_at"] == f"{due_at}:00+08:00"


def test_every_moment_of_the_clock_is_told() -> None:
    said = asked(*FRIDAY, "--profile", "jinan_2018", "--statutory", "15 working_day")
    assert said["interim_by"] == "2025-10-10T17:30:00+08:00"
    assert said["red_at"] == "2025-10-24T08:30:00+08:00"
    assert said["warn_at"] == "2025-10-22T17:30:00+08:00"
    assert said["remind_at"] == "2025-09-26T11:00:00+08:00"
    assert said["return_by"] == "2025-09-28T17:30:00+08:00"
    sheet = run(*FRIDAY, "--statutory", "15 working_day").stdout
    for words in (
        "签收提醒：2025-09-26 11:00",
        "反馈进展截止：2025-10-10 17:30",
        "红牌：2025-10-24",
    ):
        assert words in sheet


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--hold", "2025-09-29"), "--hold 应写成 开始/结束"),
        (("--hold", "2025-09-30/2025-09-29"), "应晚于开始时间"),
        (("--extend", "5 days"), "数字 单位"),
        (("--unit-class", "x"), "可用：bureau"),
        (("--source-level", "x"), "可用：national"),
    ],
)
def test_a_bad_option_is_refused_by_its_name(arguments: tuple[str, ...], message: str) -> None:
    result = run(*FRIDAY, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


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
