"""Labelled requests from a CSV file as offices really export them."""

import codecs
import csv
import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from classifier.errors import SamplesUnusable

MAX_CELL = 16_000_000
"""Characters of one cell; a pasted letter of a megabyte still passes."""

ENCODINGS = ("utf-8-sig", "gb18030", "utf-16")
"""Tried in this order: ours, old office suites', and 'Unicode text'."""

_CHUNK = 1 << 20
"""Bytes looked at together."""


@dataclass(frozen=True)
class SkippedRow:
    """A row left out: its line in the file (1 is the heading) and the reason."""

    line: int
    reason: str


@dataclass(frozen=True)
class Samples:
    """Texts with their labels, what was left out, and the hash of the file they came from."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    skipped: tuple[SkippedRow, ...]
    sha256: str
    kinds: tuple[str, ...] = ()
    """Kind of request (诉求类型) of each text, "" where it is not known; empty: of none."""
    urgencies: tuple[str, ...] = ()
    """Urgency of each text, likewise."""


def read_samples(
    path: Path, *, text: str, label: str, kind: str | None = None, urgency: str | None = None
) -> Samples:
    """Read the named columns; rows that are broken, or lack text or label, are skipped and told.

    The file is read piece by piece; only the texts stay in memory.
    Raises SamplesUnusable when the file cannot be read, lacks a column or holds no good row.
    """
    wanted = [name for name in (text, label, kind, urgency) if name is not None]
    texts: list[str] = []
    others: list[list[str]] = [[] for _ in wanted[1:]]
    skipped: list[SkippedRow] = []
    try:
        encoding, sha256 = _encoding_and_hash(path)
        with path.open(encoding=encoding, newline="") as content:
            for line, row, reason in _rows(content, path, wanted):
                if reason:
                    skipped.append(SkippedRow(line, reason))
                    continue
                texts.append(row[0])
                for column, value in zip(others, row[1:], strict=True):
                    column.append(sys.intern(value))
    except OSError as error:
        raise SamplesUnusable(f"无法读取 {path}：{error.strerror}") from error
    if not texts:
        raise SamplesUnusable(f"{path} 中没有可用的行（跳过 {len(skipped)} 行）")
    read = iter(tuple(column) for column in others)
    return Samples(
        tuple(texts),
        next(read),
        tuple(skipped),
        sha256,
        kinds=next(read) if kind is not None else (),
        urgencies=next(read) if urgency is not None else (),
    )


def _encoding_and_hash(path: Path) -> tuple[str, str]:
    """Return the first encoding that can read the whole file, and the file's SHA-256."""
    sha256 = hashlib.sha256()
    decoders: dict[str, codecs.IncrementalDecoder] = {}
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            if not decoders:
                wide = chunk[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
                names = ("utf-16",) if wide else ENCODINGS
                decoders = {name: codecs.getincrementaldecoder(name)() for name in names}
            sha256.update(chunk)
            for name in list(decoders):
                try:
                    decoders[name].decode(chunk, final=not chunk)
                except UnicodeError:
                    del decoders[name]
            if not decoders:
                break
            if not chunk:
                return next(iter(decoders)), sha256.hexdigest()
    raise SamplesUnusable(f"{path} 的文字编码无法识别，请另存为 UTF-8 或 GBK 编码的 CSV")


def _rows(
    content: Iterable[str], path: Path, wanted: Sequence[str]
) -> Iterator[tuple[int, tuple[str, ...], str]]:
    csv.field_size_limit(MAX_CELL)  # the module's only knob; 128 KiB would refuse real letters
    reader = csv.reader(content)
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in wanted if name not in header]
        if missing:
            present = "、".join(name or "（空）" for name in header) or "（文件是空的）"
            raise SamplesUnusable(f"{path} 缺少列：{'、'.join(missing)}；现有列：{present}")
        columns = [header.index(name) for name in wanted]
        for row in reader:
            if row:
                yield reader.line_num, *_judge(row, len(header), columns)
    except csv.Error as error:
        raise SamplesUnusable(f"{path} 第{reader.line_num}行无法解析：{error}") from error


def _judge(row: list[str], width: int, columns: list[int]) -> tuple[tuple[str, ...], str]:
    if len(row) != width:
        return (), f"有 {len(row)} 列，应为 {width} 列"
    values = tuple(row[column].strip() for column in columns)
    if not values[0]:
        return (), "文本为空"
    if not values[1]:
        return (), "标签为空"
    return values, ""
