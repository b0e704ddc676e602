"""Rows as files of any length: CSV and workbooks made in constant memory, and safe to open.

CSV begins with a BOM, so that Excel reads the Chinese; a cell that begins like a formula gets an
apostrophe. In a workbook such a cell is a word that stays one when it is edited.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from dispatch.domain.worktime import SHANGHAI
from portal.tables import FORMULA

Cell = str | int | float | Decimal | datetime | None

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

ROWS_AT_ONCE = 1_000
"""Rows of CSV that are sent together."""

PIECE = 256 * 1024
"""Bytes of a workbook that are sent together."""

SHEET_ROWS = 1_048_575
"""Rows below the heading on one sheet, set by the format; more go on to the next sheet."""

WIDTH = 18
"""Of a column, in characters: its words are not known when the sheet is begun."""


def stream_csv(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield the rows as CSV, some at a time; moments are city time."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_guarded(heading) for heading in headings])
    yield b"\xef\xbb\xbf"
    for count, row in enumerate(rows, start=1):
        writer.writerow([_guarded(shown(cell)) for cell in row])
        if count % ROWS_AT_ONCE == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def stream_xlsx(
    headings: Sequence[str], rows: Iterable[Sequence[Cell]], *, footer: str = ""
) -> Iterator[bytes]:
    """Yield the rows as a workbook.

    It is written to a file of its own first, because a workbook is complete only at its end:
    memory stays constant, and the disk holds it until it has been sent. `footer` is printed at
    the foot of every page: who took it away, and when.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-export-") as folder:
        path = Path(folder) / "rows.xlsx"
        _write(path, headings, rows, footer, folder)
        with path.open("rb") as made:
            while piece := made.read(PIECE):
                yield piece


def shown(cell: Cell) -> str | int | float | Decimal:
    """A cell as it stands in a file: nothing is empty, a moment is city time to the second."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    return cell


def _guarded(cell: str | int | float | Decimal) -> str | int | float | Decimal:
    # A negative number is no formula: only words are guarded.
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _write(
    path: Path,
    headings: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    footer: str,
    folder: str,
) -> None:
    options = {"constant_memory": True, "tmpdir": folder}
    book = xlsxwriter.Workbook(str(path), options)
    # An ampersand begins a code of the footer's own.
    foot = footer.replace("&", "&&")
    head = book.add_format({"bold": True, "bg_color": "#EAF0F7"})
    quoted = book.add_format({"quote_prefix": True})
    sheet: Any = None
    for count, row in enumerate(rows):
        at = count % SHEET_ROWS
        if at == 0:
            sheet = _sheet(book, headings, head, foot)
        for place, cell in enumerate(row):
            value = shown(cell)
            if isinstance(value, str):
                look = quoted if value.startswith(FORMULA) else None
                sheet.write_string(at + 1, place, value, look)
            else:
                sheet.write_number(at + 1, place, value)
    if sheet is None:
        _sheet(book, headings, head, foot)
    book.close()


def _sheet(book: Any, headings: Sequence[str], head: Any, footer: str) -> Any:
    sheet = book.add_worksheet(f"明细 {len(book.worksheets()) + 1}")
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.set_column(0, max(0, len(headings) - 1), WIDTH)
    if footer:
        sheet.set_footer(f"&L{footer[:200]}&R&P/&N")
    for place, heading in enumerate(headings):
        sheet.write_string(0, place, heading, head)
    return sheet
