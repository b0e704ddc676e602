"""A month of open data as files: CSV for people, JSON for programs, checked after writing."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import MappingProxyType

from analytics.open_data import QUASI, Anonymised, anonymise, smallest_class
from analytics.open_data_rows import rows
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, NotFound
from dispatch.domain.rules import Rules

COLUMNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "row_id": ("序号", "本月数据里的行号，按内容排列，与工单编号、先后次序无关"),
        "period": ("受理日期", "年-月-日；较少见的组合只到周（如 2026-W41）或月（如 2026-10）"),
        "channel": ("渠道", "诉求从哪里来"),
        "kind": ("诉求类型", "咨询、求助、投诉、建议、表扬；举报等保密类型不公布"),
        "subject": ("事项大类", "派单目录的第一级"),
        "matter": ("事项小类", "派单目录的第二级"),
        "unit": ("承办单位", "市直部门或区县；街道、社区归到上级"),
        "district": ("区县", "诉求所在区县；不到街道、小区"),
        "status": ("办理情况", "发布时已办结、办理中或已并单"),
        "duration": ("办理用时", "从受理到结案，分段；未结案为空"),
        "on_time": ("是否按时", "在期限内办结为“是”；未办结或无期限为空"),
        "solved": ("是否解决", "诉求人回访时所说；没有回访到为空"),
    }
)
"""The data dictionary: code, heading, meaning. An empty cell is "not told"."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Release:
    """A month as it was written down, not published yet."""

    month: date
    k: int
    rows: int
    suppressed: int
    coarsened: dict[str, int]
    digest: str
    """SHA-256 of the CSV."""
    file: str
    """Name of the CSV; the JSON stands beside it."""


def make(session: Session, folder: Path, month: date, rules: Rules) -> Release:
    """Write the files of a month; nothing is published by it.

    Raises:
        InvalidInput: the month has nothing that may be published.
    """
    first, k = month.replace(day=1), rules.profile.open_data.k
    found = anonymise(rows(session, first, rules), first, k)
    if not found.rows:
        raise InvalidInput(f"{first:%Y-%m} 没有可以公布的数据", field="month")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=folder, prefix="incoming-", delete=False) as made:
        draft = Path(made.name)
    try:
        _write_csv(draft, first, found)
        _check(draft, k)
        digest = hashlib.sha256(draft.read_bytes()).hexdigest()
        name = f"{first:%Y-%m}-{digest[:16]}.csv"
        _write_json(folder / name.replace(".csv", ".json"), first, found, rules)
        draft.replace(folder / name)
    finally:
        draft.unlink(missing_ok=True)
    return Release(first, k, len(found.rows), found.suppressed, found.coarsened, digest, name)


def file_of(folder: Path, name: str, kind: str) -> Path:
    """The file of a release, `csv` or `json`.

    Raises:
        NotFound: it is not there.
    """
    path = folder / Path(name).with_suffix(f".{kind}").name
    if not path.is_file():
        raise NotFound("数据文件不在了，请联系热线中心")
    return path


def _write_csv(path: Path, month: date, found: Anonymised) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([heading for heading, _ in COLUMNS.values()])
        for place, row in enumerate(found.rows, start=1):
            cells = [getattr(row, code) for code in COLUMNS if code != "row_id"]
            guarded = (f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells)
            writer.writerow([f"{month:%Y%m}-{place:06d}", *guarded])


def _write_json(path: Path, month: date, found: Anonymised, rules: Rules) -> None:
    told = {
        "month": f"{month:%Y-%m}",
        "k": rules.profile.open_data.k,
        "licence": rules.profile.open_data.licence,
        "suppressed": found.suppressed,
        "coarsened": found.coarsened,
        "columns": [
            {"code": code, "name": name, "meaning": meaning}
            for code, (name, meaning) in COLUMNS.items()
        ],
    }
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        # One row a line: a month of a large city is read line by line, and differences show.
        file.write(json.dumps(told, ensure_ascii=False)[:-1] + ', "rows": [\n')
        for place, row in enumerate(found.rows, start=1):
            cells = {"row_id": f"{month:%Y%m}-{place:06d}"}
            cells |= {code: getattr(row, code) for code in COLUMNS if code != "row_id"}
            file.write(json.dumps(cells, ensure_ascii=False))
            file.write(",\n" if place < len(found.rows) else "\n")
        file.write("]}\n")
    draft.replace(path)


def _check(path: Path, k: int) -> None:
    """Count the combinations of the file itself: what is published is what was checked."""
    quasi = [list(COLUMNS).index(code) for code in QUASI]
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        rarest = smallest_class(lines, quasi)
    if rarest < k:
        raise InvalidInput(f"有组合只有 {rarest} 件，少于 {k} 件，没有发布", field="month")
