"""`hotline import`: another system's tables, clean and dirty, through the real command."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hotline.cli import build
from tests.hotline import jinzhong


@dataclass(frozen=True)
class Ran:
    returncode: int
    stdout: str
    stderr: str


Hotline = Callable[..., Ran]


@pytest.fixture
def hotline(tmp_path: Path) -> Hotline:
    """Run `hotline …` in this process on a data folder of the test's own."""
    app = build(["import", "kpi"])
    environment = {"HOTLINE_DATA_DIR": str(tmp_path / "var"), "COLUMNS": "200"}

    def run(*arguments: object) -> Ran:
        result = CliRunner().invoke(app, [str(a) for a in arguments], env=environment)
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def command(tmp_path: Path) -> Hotline:
    """Run the installed command itself, on the same folder."""

    def run(*arguments: object) -> Ran:
        result = subprocess.run(
            [sys.executable, "-m", "hotline", *map(str, arguments)],
            env={**os.environ, "HOTLINE_DATA_DIR": str(tmp_path / "var"), "COLUMNS": "200"},
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=170,
        )
        return Ran(result.returncode, result.stdout, result.stderr)

    return run


def figures(hotline: Hotline, first: str, last: str) -> dict[str, dict[str, Any]]:
    result = hotline("kpi", "--from", first, "--to", last, "--json")
    assert result.returncode == 0, result.stderr
    return {figure["code"]: figure for figure in json.loads(result.stdout)}


def refused(path: Path) -> list[tuple[int, str]]:
    """Line numbers and reasons of the file of errors."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["行号", "原因", "原文"]
    return [(int(line), reason) for line, reason, _ in rows[1:]]


def counts(figure: dict[str, Any]) -> tuple[int, int, float]:
    return figure["hits"], figure["judged"], figure["percent"]


def endings(table: str) -> dict[str, int]:
    """The outcomes of calls as `hotline kpi` prints them."""
    below = table[table.index("来电结果") :]
    cells = [line.split("│")[1:3] for line in below.splitlines() if line.startswith("│")]
    return {name.strip(): int(count.strip().replace(",", "")) for name, count in cells}


def assert_published(hotline: Hotline) -> None:
    found = figures(hotline, jinzhong.FIRST, jinzhong.LAST)
    assert counts(found["direct_answer_rate"]) == (103_458, 112_563, 91.91)
    assert counts(found["completion_rate"]) == (2_945, 3_413, 86.29)
    assert counts(found["business_environment_completion_rate"]) == (104, 117, 88.89)
    shown = hotline("kpi", "--from", jinzhong.FIRST, "--to", jinzhong.LAST).stdout
    by_outcome = endings(shown)
    total = by_outcome.pop("合计")
    assert total == 112_563 == sum(by_outcome.values())
    assert total - by_outcome["当场答复"] - by_outcome["生成工单"] == 5_692


@pytest.mark.slow
def test_the_published_half_year_comes_out_of_imported_rows_and_once_only(
    command: Hotline, tmp_path: Path
) -> None:
    calls, tickets = tmp_path / "calls.csv", tmp_path / "tickets.csv"
    jinzhong.write_contacts(calls)
    jinzhong.write_tickets(tickets)
    for what, path in (("contacts", calls), ("tickets", tickets)):
        result = command("import", what, path)
        assert result.returncode == 0, result.stderr
    assert not list(tmp_path.glob("*.errors.csv"))
    assert_published(command)

    again = command("import", "tickets", tickets)
    assert again.returncode == 0
    assert "导入工单 0 条，重复 3,413 条" in again.stderr
    assert_published(command)


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


CHINESE = """通话编号,开始时间,主叫号码,被叫号码,坐席,接听时间,结束时间,结果,工单编号
a1,2026/1/2 8:30,13812345678,12345,8001,2026/1/2 8:30:09,2026/1/2 8:33,当场答复,
a2,2026-01-02 08:31,13812345679,12329,8001,2026-01-02T00:31:20Z,2026-01-02 08:34:00,生成工单,G1
a3,2026年1月2日 8时40分,,12345,,,2026-01-02 08:40:30,中途挂断,
"""
TICKETS = """工单编号,创建时间,渠道,诉求类型,事项分类,承办单位,状态,派单时间,到期时间,签收时间,\
首次联系时间,办结时间,结案时间,是否解决,满意度,营商环境,备注
G1,2026-01-02 08:35,电话,投诉,噪声扰民,生态环境局,,2026-01-02 08:40,,2026-01-02 10:00,,\
2026-01-04 16:00,2026-01-05 09:00,是,非常满意,否,老系统迁移
G2,2026-01-03 08:35,微信,咨询,,,,,,,,,,,,是,
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("tickets_first", [True, False])
def test_chinese_headings_and_values_are_read_in_either_order_and_encoding(
    hotline: Hotline, tmp_path: Path, encoding: str, tickets_first: bool
) -> None:
    files = [
        ("contacts", write(tmp_path / "来电.csv", CHINESE, encoding)),
        ("tickets", write(tmp_path / "工单.csv", TICKETS, encoding)),
    ]
    for what, path in reversed(files) if tickets_first else files:
        result = hotline("import", what, path)
        assert result.returncode == 0, result.stderr
        if what == "tickets":
            assert "未识别的列（已忽略）：备注" in result.stderr
    found = figures(hotline, "2026-01-02", "2026-01-02")
    assert counts(found["direct_answer_rate"]) == (1, 3, 33.33)
    assert counts(found["connection_rate"]) == (2, 3, 66.67)
    assert counts(found["service_level_rate"]) == (1, 3, 33.33)
    assert counts(found["completion_rate"]) == (1, 1, 100.0)
    assert counts(found["acknowledged_on_time_rate"]) == (1, 1, 100.0)
    whole = figures(hotline, "2026-01-01", "2026-01-31")
    assert counts(whole["resolution_rate"]) == (1, 1, 100.0)
    assert counts(whole["satisfaction_rate"]) == (1, 1, 100.0)
    assert counts(whole["on_time_rate"]) == (1, 1, 100.0)
    assert counts(whole["business_environment_completion_rate"]) == (0, 1, 0.0)


DIRTY = """call_id,started_at,caller,outcome_code,answered_at
b1,2026-01-02 08:30,13800000001,answered_on_call,
,2026-01-02 08:30,13800000002,answered_on_call,
b3,,13800000003,answered_on_call,
b4,昨天上午,13800000004,answered_on_call,
b5,2026-02-30 08:30,13800000005,answered_on_call,
b6,2026-01-02 08:30,13800000006,vanished,
b7,2026-01-02 08:30,13800000007
b8,2026-01-02 08:30,13800000008,ticket,,surplus
b1,2026-01-02 08:30,13800000009,answered_on_call,
b10,2026-01-02 08:30,13800000010,answered_on_call,2026-01-01 08:30
b11,"2026-01-02 08:30,13800000011,answered_on_call,
b12,2026-01-02 08:30,,hung_up,

b14,2026-01-02 08:30,,,
"""


def test_broken_rows_are_written_beside_the_file_and_good_rows_are_kept(
    hotline: Hotline, tmp_path: Path
) -> None:
    path = write(tmp_path / "dirty.csv", DIRTY)
    result = hotline("import", "contacts", path)
    assert result.returncode == 0, result.stderr
    assert "导入来电 3 条，重复 1 条" in result.stderr
    assert "有误 9 行" in result.stderr
    told = refused(tmp_path / "dirty.errors.csv")
    assert [line for line, _ in told] == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    reasons = dict(told)
    assert reasons[3] == "缺少通话编号"
    assert reasons[4] == "缺少开始时间"
    assert "不是时间" in reasons[5]
    assert "没有“2026-02-30 08:30”这个时间" in reasons[6]
    assert "answered_on_call（当场答复）" in reasons[7]
    assert reasons[8] == "有 3 个字段，表头有 5 个"
    assert reasons[9] == "有 6 个字段，表头有 5 个"
    assert reasons[10] == "与第 2 行重复：b1"
    assert reasons[11] == "接听时间早于开始时间"
    assert reasons[12] == "引号没有成对"
    shown = hotline("kpi", "--from", "2026-01-02", "--to", "2026-01-02").stdout
    by_outcome = {name: n for name, n in endings(shown).items() if n}
    assert by_outcome == {"当场答复": 1, "中途挂断": 1, "尚未登记": 1, "合计": 3}


def test_a_call_that_was_answered_at_an_unknown_moment_is_not_called_missed(
    hotline: Hotline, tmp_path: Path
) -> None:
    hotline("import", "contacts", write(tmp_path / "dirty.csv", DIRTY))
    found = figures(hotline, "2026-01-02", "2026-01-02")
    # Only the caller who hung up is known not to have been answered.
    assert (found["connection_rate"]["hits"], found["connection_rate"]["judged"]) == (0, 1)


def test_a_spoilt_line_does_not_turn_the_others_to_gibberish(
    hotline: Hotline, tmp_path: Path
) -> None:
    lines = CHINESE.encode().splitlines(keepends=True)
    path = tmp_path / "spoilt.csv"
    path.write_bytes(b"".join(lines) + b"a9,2026-01-02 08:30,\xff\xfe\x80,12345,,,,\xd5\xd5,\n")
    result = hotline("import", "contacts", path)
    assert result.returncode == 0, result.stderr
    assert "导入来电 3 条" in result.stderr
    assert refused(tmp_path / "spoilt.errors.csv") == [(5, "有不是 UTF-8 编码的字符")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "打不开文件"),
        (b"", "是空的"),
        (b"\xef\xbb\xbf\r\n\r\n", "是空的"),
        (b"caller,line\n1,2\n", "缺少必需的列：通话编号（call_id）、开始时间（started_at）"),
        (b"PK\x03\x04\x00\x00", "Excel 工作簿"),
        ("编号,时间\n".encode("utf-16"), "不是 UTF-8 或 GB18030"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_cause(
    hotline: Hotline, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "useless.csv"
    if content is not None:
        path.write_bytes(content)
    result = hotline("import", "contacts", path)
    assert result.returncode == 2
    assert reason in result.stderr
    assert "Traceback" not in result.stderr


def test_errors_of_an_earlier_run_go_when_nothing_is_wrong_any_more(
    hotline: Hotline, tmp_path: Path
) -> None:
    path = write(tmp_path / "t.csv", "number,created_at,rating\nG1,2026-01-02,6\n")
    assert hotline("import", "tickets", path).returncode == 0
    assert "满意度：“6”不认识" in refused(tmp_path / "t.errors.csv")[0][1]
    write(path, "number,created_at,rating,status\nG1,2026-01-02,1,closed\n")
    result = hotline("import", "tickets", path)
    assert "导入工单 1 条" in result.stderr
    assert not (tmp_path / "t.errors.csv").exists()


def test_what_a_ticket_leaves_out_follows_from_what_it_says(
    hotline: Hotline, tmp_path: Path
) -> None:
    rows = """number,created_at,status,dispatched_at,completed_at,closed_at
d1,2026-01-05 09:00,,2026-01-05,,2026-01-06
d2,2026-01-05 09:00,closed,2026-01-05 10:00,,
d3,2026-01-05 09:00,办理中,2026-01-05 10:00,,
d4,2026-01-05 09:00,,,,
d5,2026-01-05 09:00,,2026-01-04,,
d6,2026-01-05 09:00,,2026-01-05 10:00,\x00,
"""
    path = write(tmp_path / "t.csv", rows)
    assert hotline("import", "tickets", path).returncode == 0
    assert refused(tmp_path / "t.errors.csv") == [
        (6, "派单时间早于创建时间"),
        (7, "有空字符（NUL）"),
    ]
    found = figures(hotline, "2026-01-05", "2026-01-05")
    assert counts(found["completion_rate"]) == (2, 3, 66.67)
    later = figures(hotline, "2026-01-01", "2026-01-31")["on_time_rate"]
    assert counts(later) == (2, 3, 66.67), "the limit of each comes from the rules"


@pytest.mark.postgres
def test_postgresql_takes_the_same_files(migrated_postgres_url: str, tmp_path: Path) -> None:
    app = build(["import", "kpi"])
    environment = {
        "HOTLINE_DATA_DIR": str(tmp_path / "var"),
        "HOTLINE_DATABASE_URL": migrated_postgres_url,
    }
    for what, name, text in (
        ("contacts", "c.csv", CHINESE),
        ("contacts", "d.csv", DIRTY),
        ("tickets", "t.csv", TICKETS),
        ("tickets", "t.csv", TICKETS),
    ):
        path = str(write(tmp_path / name, text))
        assert CliRunner().invoke(app, ["import", what, path], env=environment).exit_code == 0
    result = CliRunner().invoke(
        app, ["kpi", "--from", "2026-01-02", "--to", "2026-01-02", "--json"], env=environment
    )
    found = {figure["code"]: figure for figure in json.loads(result.stdout)}
    assert counts(found["direct_answer_rate"]) == (2, 6, 33.33)
    assert counts(found["completion_rate"]) == (1, 1, 100.0)
