"""Tables from other offices: record by record, whatever the encoding, the comma or the quotes."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dispatch.domain.errors import InvalidInput
from dispatch.files.workbooks import WORKBOOKS, height_of, rows_of

SAMPLE = 1 << 20
"""Bytes looked at to find out the encoding."""

MAX_LINES = 50
"""Lines one quoted record may span; more is a quote that was never closed."""

MAX_LINE = 1 << 20
"""Bytes a line may have."""

BAD = "\ufffd"


@dataclass(frozen=True)
class Record:
    """One record: its first line in the file, what was written there, and its cells or why not."""

    line: int
    raw: str
    cells: tuple[str, ...]
    problem: str | None = None
    end: int = 0
    """How much of the file is behind us: bytes of a text, rows of a workbook."""


class Table(Protocol):
    """A file of rows under one row of headings; read from the start as often as one likes."""

    path: Path
    name: str
    """What people call the file."""
    size: int
    """What the last record's `end` comes to."""
    headings: tuple[str, ...]

    def __iter__(self) -> Iterator[Record]:
        """Records after the headings; blank ones are left out."""


def open_table(path: Path, name: str = "") -> Table:
    """Open a file of text or a workbook, told apart by how it begins.

    Raises:
        InvalidInput: the file is not there, is empty, or is not a table.
    """
    try:
        with path.open("rb") as file:
            begins = file.read(8)
    except OSError as error:
        raise InvalidInput(f"打不开文件 {name or path}：{error.strerror}", field="file") from error
    table = Workbook if begins.startswith(WORKBOOKS) else Spreadsheet
    return table(path, name)


class Workbook:
    """The first sheet of an Excel or OpenDocument workbook; its first row with words is the heads.

    The sheet is unpacked into memory: a million rows want a CSV.

    Raises:
        InvalidInput: it cannot be opened, or has no row.
    """

    def __init__(self, path: Path, name: str = "") -> None:
        self.path, self.name = path, name or str(path)
        self.size = height_of(path)
        first = next(self._records(), None)
        if first is None:
            raise InvalidInput(f"文件 {self.name} 是空的", field="file")
        self._heading_line = first.line
        self.headings = tuple(cell.strip() for cell in first.cells)

    def __iter__(self) -> Iterator[Record]:
        """Records after the headings; blank rows are left out."""
        for record in self._records():
            if record.line > self._heading_line:
                yield record

    def _records(self) -> Iterator[Record]:
        for number, cells in enumerate(rows_of(self.path), start=1):
            if any(cell.strip() for cell in cells):
                yield Record(number, ",".join(cells), tuple(cells), None, number)


class Spreadsheet:
    """A CSV file read record by record; only its headings are kept in memory.

    UTF-8 (with or without BOM) or GB18030; comma, semicolon or tab.

    Raises:
        InvalidInput: the file is not there, is empty, or is not a table of text.
    """

    def __init__(self, path: Path, name: str = "") -> None:
        self.path, self.name = path, name or str(path)
        sample = _sample(path, self.name)
        self.size = path.stat().st_size
        self.encoding = _encoding_of(sample)
        first = next(self._physical(), None)
        if first is None:
            raise InvalidInput(f"文件 {self.name} 是空的", field="file")
        self.delimiter = max(",;\t", key=first[1].count)
        heading = next(self._records(), None)
        if heading is None:
            raise InvalidInput(f"文件 {self.name} 是空的", field="file")
        self._heading_line = heading.line
        self.headings = tuple(cell.strip() for cell in heading.cells)

    def __iter__(self) -> Iterator[Record]:
        """Records after the headings; blank lines are left out."""
        for record in self._records():
            if record.line > self._heading_line:
                yield record

    def _physical(self) -> Iterator[tuple[int, str, int]]:
        with self.path.open("rb") as file:
            end, number = 0, 0
            while chunk := file.readline(MAX_LINE):
                number += 1
                end += len(chunk)
                while not chunk.endswith(b"\n") and (rest := file.readline(MAX_LINE)):
                    # The tail of an endless line is passed over; the line is reported as broken.
                    end += len(rest)
                    if rest.endswith(b"\n"):
                        break
                text = chunk.decode(self.encoding, "replace")
                yield number, text.removeprefix("\ufeff") if number == 1 else text, end

    def _records(self) -> Iterator[Record]:
        lines = self._physical()
        ahead: deque[tuple[int, str, int]] = deque()
        while True:
            line = ahead.popleft() if ahead else next(lines, None)
            if line is None:
                return
            number, text, end = line
            parts, taken = [text], []
            quotes = text.count('"')
            while quotes % 2 and len(parts) < MAX_LINES:
                more = ahead.popleft() if ahead else next(lines, None)
                if more is None:
                    break
                taken.append(more)
                parts.append(more[1])
                quotes += more[1].count('"')
            if quotes % 2:
                # What followed the open quote are records of their own, not its contents.
                ahead.extendleft(reversed(taken))
                yield Record(number, text.rstrip("\r\n"), (), "引号没有成对", end)
                continue
            whole = "".join(parts)
            if whole.strip():
                yield self._record(number, whole, taken[-1][2] if taken else end)

    def _record(self, number: int, text: str, end: int) -> Record:
        raw = text.rstrip("\r\n")
        if len(text) >= MAX_LINE:
            return Record(number, raw[:200] + "……", (), "这一行过长", end)
        if BAD in text:
            return Record(number, raw, (), f"有不是 {self.encoding.upper()} 编码的字符", end)
        if "\x00" in text:
            return Record(number, raw.replace("\x00", ""), (), "有空字符（NUL）", end)
        try:
            cells = next(csv.reader([text], delimiter=self.delimiter), [])
        except csv.Error:
            return Record(number, raw[:2000], (), "单元格过长或格式有误", end)
        return Record(number, raw, tuple(cells), None, end)


def _sample(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            sample = file.read(SAMPLE)
    except OSError as error:
        raise InvalidInput(f"打不开文件 {name}：{error.strerror}", field="file") from error
    if not sample.strip(b"\xef\xbb\xbf\r\n\t ,;"):
        raise InvalidInput(f"文件 {name} 是空的", field="file")
    if sample[:4096].count(b"\x00") * 20 > len(sample[:4096]):
        raise InvalidInput(
            f"{name} 不是 UTF-8 或 GB18030 的文本，请另存为“CSV UTF-8”再导入", field="file"
        )
    return sample


def _encoding_of(sample: bytes) -> str:
    """UTF-8 unless most lines are not: one spoilt line must not turn the others to gibberish."""
    lines = sample.split(b"\n")[: -1 or None] if len(sample) == SAMPLE else sample.split(b"\n")
    telling = [line for line in lines if not line.isascii()]
    good = sum(_decodes(line, "utf-8") for line in telling)
    return "utf-8" if good * 2 >= len(telling) else "gb18030"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
