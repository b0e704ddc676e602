"""`hotline report weekly` and `hotline kpi`: files, JSON, and how they refuse."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from analytics.document_json import from_json
from analytics.figures import CATALOGUE
from analytics.renderers.rendering import FORMATS
from dispatch.bus import Database
from hotline.cli import build
from hotline.schema import migrate
from tests.analytics.history_made import put_month

Hotline = Callable[..., Result]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a month of history."""
    folder = tmp_path_factory.mktemp("var")
    database = Database(f"sqlite:///{folder / 'hotline.db'}")
    migrate(database)
    put_month(database)
    database.dispose()
    return folder


@pytest.fixture(scope="module")
def hotline(folder: Path) -> Hotline:
    """Run `hotline …` on that folder."""
    app = build(["report", "kpi"])

    def run(*arguments: object, data: Path = folder) -> Result:
        environment = {"HOTLINE_DATA_DIR": str(data), "COLUMNS": "160"}
        return CliRunner().invoke(app, [str(a) for a in arguments], env=environment)

    return run


def weekly(hotline: Hotline, out: Path, format_: str, week: str = "2026-W46") -> Result:
    return hotline("report", "weekly", "--week", week, "--format", format_, "--out", out)


def test_every_format_tells_the_same_week(hotline: Hotline, tmp_path: Path) -> None:
    for format_ in ("json", *FORMATS):
        result = weekly(hotline, tmp_path / f"w.{format_}", format_)
        assert result.exit_code == 0, result.output
        assert result.stdout == ""
    report = json.loads((tmp_path / "w.json").read_text("utf-8"))
    page = (tmp_path / "w.html").read_text("utf-8")
    assert (report["from"], report["to"]) == ("2026-11-09", "2026-11-15")
    assert [figure["code"] for figure in report["figures"]] == [f.code for f in CATALOGUE]
    shown = {figure["name"]: figure for figure in report["figures"]}
    assert shown["按时办结率"]["judged"] > 0
    for figure in report["figures"]:
        assert figure["name"] in page
    for sentence in report["sentences"]:
        assert sentence in unescape(page)
    assert sum(report["dispositions"].values()) == report["totals"]["calls"]["now"] > 0
    assert from_json(report["document"]).headline == report["headline"]


def test_the_html_file_needs_nothing_else(hotline: Hotline, tmp_path: Path) -> None:
    weekly(hotline, tmp_path / "w.html", "html")
    page = (tmp_path / "w.html").read_text("utf-8")
    # The names of SVG's namespaces are addresses that nobody opens.
    page = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", page)
    assert not re.search(r"<script|<link|src=|https?://", page)
    assert page.rstrip().endswith("</html>")


def test_the_json_agrees_with_the_figures_of_the_same_days(
    hotline: Hotline, tmp_path: Path
) -> None:
    weekly(hotline, tmp_path / "w.json", "json")
    report = json.loads((tmp_path / "w.json").read_text("utf-8"))
    found = json.loads(
        hotline("kpi", "--from", "2026-11-09", "--to", "2026-11-15", "--json").stdout
    )
    assert [figure["code"] for figure in found] == [figure.code for figure in CATALOGUE]
    rates = {f["code"]: (f["hits"], f["judged"]) for f in found if f["unit"] == "%"}
    assert rates == {f["code"]: (f["hits"], f["judged"]) for f in report["figures"] if "hits" in f}


def test_an_empty_city_has_a_report_that_says_so(hotline: Hotline, tmp_path: Path) -> None:
    for format_ in ("json", "html"):
        out = tmp_path / f"w.{format_}"
        result = hotline(
            *("report", "weekly", "--week", "2026-W46", "--format", format_, "--out", out),
            data=tmp_path / "fresh",
        )
        assert result.exit_code == 0, result.output
        assert "没有来电和工单" in out.read_text("utf-8")
    figures = hotline(
        *("kpi", "--from", "2026-11-09", "--to", "2026-11-15", "--json"), data=tmp_path / "fresh"
    )
    assert {figure["percent"] for figure in json.loads(figures.stdout)} == {None}


@pytest.mark.parametrize(
    ("week", "format_", "out", "reason"),
    [
        ("2026-W46", "exe", "w.exe", "没有 exe 格式；可用的有：json、"),
        ("2026-W60", "html", "w.html", "应写成 2026-W46 这样"),
        ("last", "html", "w.html", "应写成 2026-W46 这样"),
        ("2026-W46", "html", "no/such/folder/w.html", "写不了文件"),
    ],
)
def test_what_cannot_be_written_is_refused_with_its_cause(
    hotline: Hotline, tmp_path: Path, week: str, format_: str, out: str, reason: str
) -> None:
    result = weekly(hotline, tmp_path / out, format_, week)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert not (tmp_path / out).exists()


@pytest.mark.parametrize(
    ("first", "last", "reason"),
    [
        ("yesterday", "2026-11-15", "日期应写成"),
        ("2026-11-15", "2026-11-14", "早于开始日期"),
    ],
)
def test_wrong_dates_are_refused(hotline: Hotline, first: str, last: str, reason: str) -> None:
    result = hotline("kpi", "--from", first, "--to", last, "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in result.stderr
