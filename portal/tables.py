"""Tables that people upload and take away: CSV or a workbook in, CSV that Excel opens out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from dispatch.domain.errors import InvalidInput
from dispatch.files.workbooks import WORKBOOKS, rows_of

MOST_BYTES = 3 * 1024 * 1024
MOST_ROWS = 50_000
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet, whoever typed it."""


def read_table(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield every row with its number in the file, from 1; a workbook's first sheet.

    Text is UTF-8 (with or without BOM) or GB18030; between cells stand commas, semicolons or
    tabs.

    Raises:
        InvalidInput: nothing was sent, too much was, or it is no table.
    """
    if not content.strip():
        raise InvalidInput("请选择一个有内容的文件", field="file")
    if len(content) > MOST_BYTES:
        raise InvalidInput(f"文件超过 {MOST_BYTES // 2**20} MB，请分成几个文件", field="file")
    rows = rows_of(io.BytesIO(content)) if content.startswith(WORKBOOKS) else _text(content)
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise InvalidInput(f"文件超过 {MOST_ROWS} 行，请分成几个文件", field="file")
        yield number, row


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Write rows as CSV with a BOM, so that Excel reads the Chinese; no cell becomes a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in row])
    return out.getvalue().encode("utf-8-sig")


def _text(content: bytes) -> Iterator[list[str]]:
    text = _decoded(content)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as problem:
        raise InvalidInput(
            f"第 {reader.line_num} 行的引号没有成对，或格式有误", field="file"
        ) from problem


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise InvalidInput("不是 CSV 或 Excel 工作簿：文字应是 UTF-8 或 GB18030 编码", field="file")
