"""Excel and OpenDocument workbooks: the rows of the first sheet, every cell as words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from dispatch.domain.errors import InvalidInput

WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How a workbook begins: XLSX (and ODS), and the older XLS."""


def rows_of(file: BinaryIO | Path) -> Iterator[list[str]]:
    """Yield every row of the first sheet, the empty ones too, so that rows keep their number.

    Raises:
        InvalidInput: it cannot be opened.
    """
    try:
        if isinstance(file, Path):
            book = CalamineWorkbook.from_path(file)
        else:
            book = CalamineWorkbook.from_filelike(file)
        rows = book.get_sheet_by_index(0).iter_rows()
    except (CalamineError, IndexError, OSError) as problem:
        raise InvalidInput(
            "这个 Excel 工作簿打不开，请另存为 XLSX 或 CSV 再上传", field="file"
        ) from problem
    for row in rows:
        yield [_words(cell) for cell in row]


def height_of(file: Path) -> int:
    """How many rows the first sheet has.

    Raises:
        InvalidInput: it cannot be opened.
    """
    try:
        end = CalamineWorkbook.from_path(file).get_sheet_by_index(0).end
    except (CalamineError, IndexError, OSError) as problem:
        raise InvalidInput(
            "这个 Excel 工作簿打不开，请另存为 XLSX 或 CSV 再上传", field="file"
        ) from problem
    return end[0] + 1 if end else 0


def _words(cell: object) -> str:
    # A code typed into Excel as a number comes back as 101.0.
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    return str(cell)
