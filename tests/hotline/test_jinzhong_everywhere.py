"""The published half-year is the same by command, page, interface, report and file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import pytest
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from dispatch.bus import Database
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import accounts
from hotline.cli import build
from tests.hotline import jinzhong
from tests.portal.town import PASSWORD_HASH, Town, open_town

Run = Callable[..., str]

PUBLISHED: dict[str, tuple[int, int, str]] = {
    "direct_answer_rate": (103_458, 112_563, "91.91"),
    "completion_rate": (2_945, 3_413, "86.29"),
    "business_environment_completion_rate": (104, 117, "88.89"),
}
"""Numerator, denominator and percentage, as the city published them."""

DAYS = f"from={jinzhong.FIRST}&to={jinzhong.LAST}"
SPAN = ("--from", jinzhong.FIRST, "--to", jinzhong.LAST)
OTHER_OUTCOMES = 5_692
"""Calls neither answered on the spot nor made a ticket."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jinzhong")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    """Run `hotline …` on a city into which the half-year was imported."""
    app = build(["import", "kpi", "report"])

    def command(*arguments: object) -> str:
        environment = {"HOTLINE_DATA_DIR": str(folder), "COLUMNS": "160"}
        result = CliRunner().invoke(app, [str(a) for a in arguments], env=environment)
        assert result.exit_code == 0, result.output
        return result.stdout

    for what, write in (("contacts", jinzhong.write_contacts), ("tickets", jinzhong.write_tickets)):
        path = folder / f"{what}.csv"
        write(path)
        command("import", what, path)
    return command


@pytest.fixture
def town(run: Run, folder: Path) -> Iterator[Town]:
    """The portal of that city."""
    path = folder / "town.db"
    if not path.exists():
        path.symlink_to("hotline.db")
        database = Database(f"sqlite:///{path}")
        with database.work() as session:
            for login, role in (("zhang", Role.LEADER), ("zhong", Role.CENTER)):
                accounts.create_staff(
                    session, login=login, name=login, role=role, password_hash=PASSWORD_HASH
                )
        database.dispose()
    opened = open_town(folder)
    opened.clock.now = datetime(2017, 7, 3, 9, tzinfo=SHANGHAI)
    opened.app.state.live.stop()
    yield opened
    opened.database.dispose()


def _parts(figures: list[dict[str, Any]]) -> dict[str, tuple[int, int, str]]:
    return {
        one["code"]: (one["hits"], one["judged"], f"{one['percent']:.2f}")
        for one in figures
        if one["code"] in PUBLISHED
    }


@pytest.mark.slow
def test_the_command_tells_it(run: Run) -> None:
    assert _parts(json.loads(run("kpi", *SPAN, "--json"))) == PUBLISHED
    # By the number dialled and by kind it is the same half-year.
    lines = json.loads(run("kpi", *SPAN, "--line", "12345", "--json"))
    assert _parts(lines)["direct_answer_rate"] == PUBLISHED["direct_answer_rate"]


@pytest.mark.slow
def test_page_interface_and_export_tell_it_and_open_as_many_rows(town: Town) -> None:
    leader, system = town.browser("zhang"), town.system("zhong")
    page = leader.get(f"/figures?{DAYS}").text
    assert _parts(system.get(f"/api/v1/figures?{DAYS}").json()["figures"]) == PUBLISHED
    for code, (hits, judged, percent) in PUBLISHED.items():
        assert f'data-testid="figure-{code}" data-value="{percent}%" data-judged="{judged}"' in page
        rows = leader.get(f"/figures/{code}?{DAYS}").text
        assert f'data-hits="{hits}" data-judged="{judged}"' in rows
        last = leader.get(f"/figures/{code}?{DAYS}&part=hits&page={-(-hits // 50)}").text
        assert last.count("<tr><td") == (hits % 50 or 50)
        one = system.get(f"/api/v1/figures/{code}/rows?{DAYS}&part=hits&limit=1").json()
        assert one["count"] == hits
        if hits < 10_000:
            taken = leader.get(f"/figures/{code}/rows.csv?{DAYS}&part=hits").content
            listed = list(csv.reader(taken.decode("utf-8-sig").splitlines()))
            assert len(listed) == 1 + hits


@pytest.mark.slow
def test_the_report_tells_it_in_every_kind_of_file(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "half-year"
    files: dict[str, bytes] = {}
    for format_ in ("json", "docx", "xlsx"):
        run("report", "special", *SPAN, "--format", format_, "--out", out)
        files[format_] = out.read_bytes()
    report = json.loads(files["json"])
    assert _parts([{"percent": 0.0, **one} for one in report["figures"]]) == PUBLISHED
    endings = dict(report["dispositions"])
    assert sum(endings.values()) == jinzhong.CALLS
    direct, tickets = endings.pop("answered_on_call"), endings.pop("ticket")
    assert (direct, tickets) == (103_458, 3_413)
    assert sum(endings.values()) == OTHER_OUTCOMES
    texts = {
        "docx": _docx_text(files["docx"]),
        "xlsx": _xlsx_text(files["xlsx"]),
    }
    for format_, text in texts.items():
        for percent in ("91.91", "86.29"):
            assert percent in text, format_
        for count in (112_563, 103_458, 3_413, 2_945):
            assert f"{count:,}" in text or str(count) in text, (format_, count)


def _docx_text(content: bytes) -> str:
    document = docx.Document(BytesIO(content))
    cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def _xlsx_text(content: bytes) -> str:
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    rows = (row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python())
    cells = (cell for row in rows for cell in row)
    return "\n".join(_written(cell) for cell in cells)


def _written(cell: object) -> str:
    """As it is seen: a share of one is shown as a percentage."""
    if not isinstance(cell, float):
        return str(cell)
    return str(int(cell)) if cell.is_integer() else f"{cell:.2f} {100 * cell:.2f}"
