"""Rows as files: the same as on the page, safe to open, of any length, and written down."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from dispatch.models.tickets import TicketEvent
from portal.exports import Cell, stream_csv, stream_xlsx
from tests.analytics.history_made import NOW, put_month
from tests.portal.town import Town

HEADINGS = ("编号", "内容", "件数", "时间")
AT = datetime(2026, 11, 16, 1, 30, tzinfo=UTC)
ROWS: Sequence[Sequence[Cell]] = [
    ("GD1", '=HYPERLINK("http://x")', 3, AT),
    ("GD2", "+86 说“，”和\n换行", -2, None),
    ("GD3", "@SUM(A1)", 1.5, AT),
]
DAYS = "from=2026-10-19&to=2026-11-18"


def sheet(content: bytes, place: int = 0) -> list[list[object]]:
    """A workbook's sheet."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return [list(row) for row in book.get_sheet_by_index(place).to_python()]


def table(content: bytes) -> list[list[str]]:
    """What a spreadsheet reads of a CSV file."""
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_csv_is_read_back_and_has_no_formula() -> None:
    found = table(b"".join(stream_csv(HEADINGS, ROWS)))
    assert found == [
        list(HEADINGS),
        ["GD1", '\'=HYPERLINK("http://x")', "3", "2026-11-16 09:30:00"],
        ["GD2", "'+86 说“，”和\n换行", "-2", ""],
        ["GD3", "'@SUM(A1)", "1.5", "2026-11-16 09:30:00"],
    ]


def test_workbook_keeps_words_words_and_numbers_numbers() -> None:
    content = b"".join(stream_xlsx(HEADINGS, ROWS, footer="甲 & 乙"))
    assert sheet(content) == [
        list(HEADINGS),
        ["GD1", '=HYPERLINK("http://x")', 3.0, "2026-11-16 09:30:00"],
        ["GD2", "+86 说“，”和\n换行", -2.0, ""],
        ["GD3", "@SUM(A1)", 1.5, "2026-11-16 09:30:00"],
    ]


def test_empty_files_have_their_headings() -> None:
    assert table(b"".join(stream_csv(HEADINGS, []))) == [list(HEADINGS)]
    assert sheet(b"".join(stream_xlsx(HEADINGS, []))) == [list(HEADINGS)]


def test_rows_beyond_one_sheet_go_on_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.exports.SHEET_ROWS", 2)
    content = b"".join(stream_xlsx(HEADINGS, ROWS))
    assert [row[0] for row in sheet(content)] == ["编号", "GD1", "GD2"]
    assert [row[0] for row in sheet(content, 1)] == ["编号", "GD3"]


@pytest.mark.parametrize("stream", [stream_csv, stream_xlsx])
def test_memory_does_not_grow_with_the_rows(
    stream: Callable[[Sequence[str], Iterator[Sequence[Cell]]], Iterator[bytes]],
) -> None:
    def peak(count: int) -> int:
        made: Iterator[Sequence[Cell]] = ((f"GD{i}", "内容" * 20, i, AT) for i in range(count))
        tracemalloc.start()
        for piece in stream(HEADINGS, made):
            del piece
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(100)
    assert peak(8_000) < peak(2_000) + 400_000


@pytest.mark.parametrize("code", ["on_time_rate", "direct_answer_rate", "mean_wait"])
def test_rows_of_a_figure_are_its_count_in_every_form_and_written_down(
    town: Town, code: str
) -> None:
    town.clock.now = NOW
    put_month(town.database)
    reader = town.browser("zhang")
    page = reader.get(f"/figures/{code}?{DAYS}").text
    judged = int(page.split('data-judged="')[1].split('"')[0])
    assert judged > 0
    assert f'href="/figures/{code}/rows.csv?' in page
    answer = reader.get(f"/figures/{code}/rows.csv?{DAYS}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = table(answer.content)
    assert len(lines) == judged + 1
    book = reader.get(f"/figures/{code}/rows.xlsx?{DAYS}").content
    assert [row[0] for row in sheet(book)] == [row[0].lstrip("'") for row in lines]
    with town.database.read() as session:
        kept = session.scalars(
            select(TicketEvent).where(TicketEvent.kind == "RowsExported").order_by(TicketEvent.id)
        ).all()
    assert [(one.actor_name, one.details["form"], one.details["rows"]) for one in kept] == [
        (town.actor("zhang").name, "csv", judged),
        (town.actor("zhang").name, "xlsx", judged),
    ]
    assert kept[0].details["what"] == code
    assert "from=2026-10-19" in kept[0].details["filters"]


def test_filters_narrow_the_file_as_they_narrow_the_page(town: Town) -> None:
    town.clock.now = NOW
    put_month(town.database)
    reader = town.browser("zhang")
    query = f"{DAYS}&kind=complaint&part=missed"
    everything = table(reader.get(f"/figures/on_time_rate/rows.csv?{DAYS}").content)
    some = table(reader.get(f"/figures/on_time_rate/rows.csv?{query}").content)
    assert len(some) < len(everything)
    assert all(row[3] == "投诉" for row in some[1:])
