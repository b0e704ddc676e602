"""`hotline import …`: history from another system's tables."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from dispatch.bus import Database
from dispatch.domain.errors import InvalidInput
from dispatch.domain.rules import Rules
from hotline import schema
from hotline.bootstrap import load_rules, open_database, utc_now
from hotline.commands.output import refusals, say
from hotline.history_columns import BadCell
from hotline.history_rows import CONTACTS, NO_CALENDAR, TICKETS, Layout, Past, Sort
from hotline.spreadsheets import Record, Spreadsheet

app = typer.Typer(help="导入历史数据：来电、工单（CSV，中英文表头均可）。", no_args_is_help=True)
CsvFile = Annotated[Path, typer.Argument(help="CSV 文件，UTF-8 或 GB18030", metavar="F.csv")]

CHUNK = 5_000
"""Records in one transaction, and in memory at once."""


@app.command()
def contacts(file: CsvFile) -> None:
    """导入来电：通话编号、开始时间必填，其余可空。"""
    run(CONTACTS, file)


@app.command()
def tickets(file: CsvFile) -> None:
    """导入工单：工单编号、创建时间必填，其余可空；缺状态按时间推定，缺期限按规则计算。"""
    run(TICKETS, file)


def run(sort: Sort, file: Path) -> None:
    """Import a file into the database of the settings and say what came of it."""
    with refusals():
        sheet = Spreadsheet(file)
        layout = Layout(sort, sheet.headings)
        if layout.unknown:
            say(f"未识别的列（已忽略）：{'、'.join(layout.unknown)}")
        rules = load_rules()
        database = open_database()
        schema.migrate(database)
        try:
            done = bring_in(database, sort, sheet, layout, rules, now=utc_now())
        finally:
            database.dispose()
    say(done.sentence(sort.name))


@dataclass
class Result:
    """What came of a file."""

    errors: Path
    added: int = 0
    broken: int = 0
    doubled: int = 0
    unclocked: int = 0
    _file: TextIO | None = field(default=None, repr=False)

    def refuse(self, record: Record, reason: str) -> None:
        """Write a record and its reason beside the file."""
        if self._file is None:
            self._file = self.errors.open("w", encoding="utf-8-sig", newline="")
            csv.writer(self._file).writerow(["行号", "原因", "原文"])
        csv.writer(self._file).writerow([record.line, reason, record.raw])

    def close(self) -> None:
        """Finish the file of errors; one of an earlier run goes when nothing was wrong now."""
        if self._file is not None:
            self._file.close()
        else:
            self.errors.unlink(missing_ok=True)

    def sentence(self, name: str) -> str:
        """The summary."""
        read = self.added + self.broken + self.doubled
        text = f"共读 {read:,} 行：导入{name} {self.added:,} 条"
        if self.doubled:
            text += f"，重复 {self.doubled:,} 条（未再导入）"
        if self.broken:
            text += f"，有误 {self.broken:,} 行"
        if self.unclocked:
            text += f"；其中 {self.unclocked:,} 条{NO_CALENDAR}"
        return text + (f"；未导入的行及原因见 {self.errors}" if self.broken + self.doubled else "")


def bring_in(
    database: Database,
    sort: Sort,
    sheet: Spreadsheet,
    layout: Layout,
    rules: Rules,
    *,
    now: datetime,
) -> Result:
    """Write the good rows chunk by chunk, each chunk whole or not at all."""
    result = Result(sheet.path.with_suffix(".errors.csv"))
    columns = (TextColumn(f"导入{sort.name}"), BarColumn(), TaskProgressColumn())
    try:
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
            bar = progress.add_task("", total=sheet.size)
            for part in _chunks(iter(sheet)):
                _bring_in_part(database, sort, layout, rules, part, result, now)
                progress.update(bar, completed=part[-1].end)
            progress.update(bar, completed=sheet.size)
    except OSError as error:
        raise InvalidInput(f"写不了 {result.errors}：{error.strerror}") from error
    finally:
        result.close()
    return result


def _chunks(records: Iterator[Record]) -> Iterator[list[Record]]:
    while part := list(islice(records, CHUNK)):
        yield part


def _bring_in_part(
    database: Database,
    sort: Sort,
    layout: Layout,
    rules: Rules,
    part: list[Record],
    result: Result,
    now: datetime,
) -> None:
    made: dict[str, tuple[Record, Past]] = {}
    refused: list[tuple[Record, str]] = []
    doubled: list[tuple[Record, str]] = []
    for record in part:
        try:
            values = layout.values(record)
            key = values[sort.key]
            if key in made:
                doubled.append((record, f"与第 {made[key][0].line} 行重复：{key}"))
                continue
            made[key] = record, sort.make(values, rules, now)
        except BadCell as error:
            refused.append((record, str(error)))
    with database.work() as session:
        known = sort.known(session, list(made))
        doubled += [(made[key][0], f"已在库中：{key}") for key in made if key in known]
        fresh = [past for key, (_, past) in made.items() if key not in known]
        if fresh:
            sort.add(session, fresh)
    result.added += len(fresh)
    result.unclocked += sum(getattr(past, "clock_rule", "") == NO_CALENDAR for past in fresh)
    result.broken += len(refused)
    result.doubled += len(doubled)
    for record, reason in sorted(refused + doubled, key=lambda pair: pair[0].line):
        result.refuse(record, reason)
