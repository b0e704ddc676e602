"""`hotline import …`: history from another system's tables, and taking an import back."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from dispatch.bus import Database
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import SYSTEM
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from dispatch.files.import_folder import RefusedRow
from dispatch.files.spreadsheets import Table, open_table
from dispatch.service import history_import_queries, history_imports, history_undo
from dispatch.service.history_imports import Running
from dispatch.service.history_rows import CONTACTS, NO_CALENDAR, TICKETS, Layout, Sort
from dispatch.service.history_running import Brought, bring_in
from hotline import schema
from hotline.bootstrap import open_database, open_rulebook, utc_now
from hotline.commands.output import refusals, say

app = typer.Typer(
    help="导入历史数据：来电、工单（CSV 或 Excel，中英文表头均可）；撤销导入。",
    no_args_is_help=True,
)
File = Annotated[Path, typer.Argument(help="CSV（UTF-8 或 GB18030）或 Excel 文件", metavar="F.csv")]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", help="表头=列名，如 --map 受理日期=created_at；可多次", metavar="A=B"),
]


@app.command()
def contacts(file: File, chosen: Map = None) -> None:
    """导入来电：通话编号、开始时间必填，其余可空。"""
    run(CONTACTS, file, chosen or [])


@app.command()
def tickets(file: File, chosen: Map = None) -> None:
    """导入工单：工单编号、创建时间必填，其余可空；缺状态按时间推定，缺期限按规则计算。"""
    run(TICKETS, file, chosen or [])


@app.command("list")
def list_imports() -> None:
    """列出导入过的文件。"""
    with refusals(), _database() as database, database.read() as session:
        for one in history_import_queries.imports(session, SYSTEM):
            at = one.at.astimezone(SHANGHAI)
            print(
                f"{one.id}\t{at:%Y-%m-%d %H:%M}\t{one.subject.label}\t{one.name}"
                f"\t{one.state.label}\t导入 {one.taken:,}，重复 {one.doubled:,}"
                f"，有误 {one.refused:,}"
            )


@app.command()
def stop(number: Annotated[int, typer.Argument(help="第几次导入", metavar="N")]) -> None:
    """停止一次导入，或收尾一次中断了的导入：已导入的保留，可以再撤销。"""
    with refusals(), _database() as database, database.work() as session:
        history_imports.stop(session, SYSTEM, number, now=utc_now())
    say(f"已停止第 {number} 次导入")


@app.command()
def undo(number: Annotated[int, typer.Argument(help="第几次导入", metavar="N")]) -> None:
    """撤销一次导入：它带来的行全部删除；其中有行后来又办理过的，不撤销并说明是哪些。"""
    with refusals(), _database() as database, database.work() as session:
        gone = history_undo.undo(session, SYSTEM, number, now=utc_now())
    say(f"已撤销第 {number} 次导入，删除 {gone:,} 条")


@contextmanager
def _database() -> Iterator[Database]:
    """The database of the settings, migrated; closed at the end."""
    database = open_database()
    schema.migrate(database)
    try:
        yield database
    finally:
        database.dispose()


def run(sort: Sort, file: Path, chosen: Sequence[str]) -> None:
    """Import a file into the database of the settings and say what came of it."""
    with refusals():
        table = open_table(file)
        layout = Layout(sort, table.headings, _chosen(sort, table, chosen))
        if layout.unknown:
            say(f"未识别的列（已忽略）：{'、'.join(layout.unknown)}")
        sha256 = _digest(file)
        with _database() as database:
            now = utc_now()
            with database.work() as session:
                for told in history_import_queries.told_before(session, SYSTEM, sha256):
                    at = told.at.astimezone(SHANGHAI)
                    say(f"这个文件在 {at:%Y-%m-%d %H:%M} 已经导入过（第 {told.id} 次导入）")
                running = history_imports.begin(
                    session, SYSTEM, sort, table, layout, sha256=sha256, now=now
                )
            rules = open_rulebook(database).at(now)
            refused = Refused(file.with_suffix(".errors.csv"))
            done = _with_bar(database, running, rules, refused, now)
    say(sentence(running, done, refused.path))


def _with_bar(
    database: Database, running: Running, rules: Rules, refused: Refused, now: datetime
) -> Brought:
    columns = (TextColumn(f"导入{running.sort.name}"), BarColumn(), TaskProgressColumn())
    try:
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
            bar = progress.add_task("", total=running.table.size)

            def told(end: int) -> None:
                progress.update(bar, completed=end)

            done = bring_in(database, running, rules, refused.keep, now=now, told=told)
            progress.update(bar, completed=running.table.size)
    except OSError as error:
        raise InvalidInput(f"写不了 {refused.path}：{error.strerror}") from error
    finally:
        refused.close()
        with database.work() as session:
            # Whatever happened, nobody goes on reading this file: it lies where the person has it.
            history_imports.finish(session, running, now=now)
    return done


@dataclass
class Refused:
    """The refused rows, written beside the file."""

    path: Path
    _file: TextIO | None = field(default=None, repr=False)

    def keep(self, _first: int, rows: Sequence[RefusedRow]) -> None:
        """Write them down."""
        if not rows:
            return
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8-sig", newline="")
            csv.writer(self._file).writerow(["行号", "原因", "原文"])
        csv.writer(self._file).writerows([row.line, row.why, row.raw] for row in rows)

    def close(self) -> None:
        """Finish the file; one of an earlier run goes when nothing was wrong now."""
        if self._file is not None:
            self._file.close()
        else:
            self.path.unlink(missing_ok=True)


def sentence(running: Running, done: Brought, errors: Path) -> str:
    """The summary."""
    read = done.added + done.broken + done.doubled
    text = f"共读 {read:,} 行：导入{running.sort.name} {done.added:,} 条"
    if done.doubled:
        text += f"，重复 {done.doubled:,} 条（未再导入）"
    if done.broken:
        text += f"，有误 {done.broken:,} 行"
    if done.unclocked:
        text += f"；其中 {done.unclocked:,} 条{NO_CALENDAR}"
    if done.broken + done.doubled:
        text += f"；未导入的行及原因见 {errors}"
    return text + f"；撤销：hotline import undo {running.id}"


def _chosen(sort: Sort, table: Table, said: Sequence[str]) -> dict[int, str] | None:
    """The columns by their headings, with what `--map` says in their place."""
    if not said:
        return None
    by_word = {word: c.code for c in sort.columns for word in (c.code, *c.headings)}
    own: dict[int, str] = {}
    for pair in said:
        heading, _, word = (part.strip() for part in pair.partition("="))
        if heading not in table.headings:
            raise InvalidInput(f"--map {pair}：文件里没有“{heading}”这一列")
        if word and word not in by_word:
            raise InvalidInput(f"--map {pair}：没有“{word}”这个列名")
        own[table.headings.index(heading)] = by_word.get(word, "")
    guessed = Layout.guess(sort, table.headings)
    taken = set(own.values())
    return {
        place: code
        for place, code in ({p: c for p, c in guessed.items() if c not in taken} | own).items()
        if code
    }


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
