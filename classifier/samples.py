"""Labelled requests from a CSV file as offices really export them."""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from classifier.errors import SamplesUnusable

MAX_CELL = 16_000_000
"""Characters of one cell; a pasted letter of a megabyte still passes."""

ENCODINGS = ("utf-8-sig", "gb18030", "utf-16")
"""Tried in this order: ours, old office suites', and 'Unicode text'."""


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


def read_samples(path: Path, *, text: str, label: str) -> Samples:
    """Read the two named columns; rows that are broken or empty are skipped and told.

    Raises SamplesUnusable when the file cannot be read, lacks a column or holds no good row.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SamplesUnusable(f"无法读取 {path}：{error.strerror}") from error
    texts: list[str] = []
    labels: list[str] = []
    skipped: list[SkippedRow] = []
    for line, row, reason in _rows(_decode(content, path), path, (text, label)):
        if reason:
            skipped.append(SkippedRow(line, reason))
        else:
            texts.append(row[0])
            labels.append(row[1])
    if not texts:
        raise SamplesUnusable(f"{path} 中没有可用的行（跳过 {len(skipped)} 行）")
    return Samples(tuple(texts), tuple(labels), tuple(skipped), hashlib.sha256(content).hexdigest())


def _decode(content: bytes, path: Path) -> str:
    wide = content[:2] in {b"\xff\xfe", b"\xfe\xff"}
    for encoding in ("utf-16",) if wide else ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeError:
            continue
    raise SamplesUnusable(f"{path} 的文字编码无法识别，请另存为 UTF-8 或 GBK 编码的 CSV")


def _rows(
    content: str, path: Path, wanted: Sequence[str]
) -> Iterator[tuple[int, tuple[str, str], str]]:
    csv.field_size_limit(MAX_CELL)  # the module's only knob; 128 KiB would refuse real letters
    reader = csv.reader(io.StringIO(content, newline=""))
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


def _judge(row: list[str], width: int, columns: list[int]) -> tuple[tuple[str, str], str]:
    if len(row) != width:
        return ("", ""), f"有 {len(row)} 列，应为 {width} 列"
    text, label = row[columns[0]].strip(), row[columns[1]].strip()
    if not text:
        return ("", ""), "文本为空"
    if not label:
        return ("", ""), "标签为空"
    return (text, label), ""
