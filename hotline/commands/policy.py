"""`hotline policy …`: the rules in force, and new versions of them, from files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dispatch.bus import Database
from dispatch.domain.calendar_years import YearPlan
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import SYSTEM
from dispatch.domain.policy_words import Difference, differences, said, year_differences
from dispatch.domain.terms import PolicyPart
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import policies
from dispatch.service.policy_preview import DryRun, dry_run
from dispatch.service.rulebook import read_content
from hotline import schema
from hotline.bootstrap import load_rules, open_database, open_rulebook, utc_now
from hotline.commands.due import read_moment
from hotline.commands.output import refusals, say

app = typer.Typer(help="规则方案与工作日历。", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="TOML 文件：规则方案，或一年的放假安排")]
Since = Annotated[str, typer.Option("--from", help="生效时间，如 2026-12-01T08:30；不写立即生效")]


@app.callback()
def policy() -> None:
    """规则方案与工作日历。"""


@app.command()
def show() -> None:
    """现行的每一项规则、证据等级和依据；载入过的版本。"""
    with refusals(), _opened() as database:
        now = utc_now()
        rules = open_rulebook(database).at(now)
        with database.read() as session:
            rows = policies.versions(session, now=now)
    table = Table("部分", "规则", "内容", "证据", "依据")
    for value in said(rules.profile):
        table.add_row(
            value.section, value.label, value.words, value.mark.evidence, value.mark.source
        )
    console = Console()
    console.print(
        f"{rules.profile.label}（{rules.profile.name}），工作日历 {rules.calendar.version}"
    )
    _put(console, table)
    if rows:
        loaded = Table("编号", "内容", "名称", "状态", "生效时间", "原因")
        for row in rows:
            since = f"{row.effective_from:%Y-%m-%d %H:%M}"
            loaded.add_row(str(row.id), row.part.label, row.label, row.state.label, since, row.note)
        _put(console, loaded)


@app.command()
def check(file: File) -> None:
    """检查文件有没有错误；指出哪个键、第几行。"""
    with refusals():
        part, text = _read(file)
        content = read_content(part, text)
    name = f"{content.year} 年" if isinstance(content, YearPlan) else content.label
    say(f"{part.label}“{name}”没有错误")


@app.command(name="dry-run")
def dry_run_(file: File, from_: Since = "") -> None:
    """试算：哪些规则会变，哪些在办工单的到期时间会动多少；什么都不写入。"""
    with refusals(), _opened() as database:
        part, text = _read(file)
        with database.read() as session:
            found = dry_run(
                session,
                load_rules(),
                part,
                text,
                effective_from=_moment(from_),
                now=utc_now(),
            )
    _show(found)


@app.command()
def load(
    file: File,
    note: Annotated[str, typer.Option(help="修改原因，如文件名称和文号")],
    from_: Since = "",
    open_too: Annotated[
        bool, typer.Option("--open-too", help="在办工单也重新计算（工作日历总是重新计算）")
    ] = False,
) -> None:
    """载入新版本；到生效时间由运行中的热线自动启用。"""
    with refusals(), _opened() as database:
        part, text = _read(file)
        with database.work() as session:
            row = policies.load_version(
                session,
                SYSTEM,
                part,
                text,
                effective_from=_moment(from_),
                note=note,
                open_too=open_too,
                now=utc_now(),
            )
            since = row.effective_from.astimezone(SHANGHAI)
            sentence = f"已载入，编号 {row.id}，{since:%Y-%m-%d %H:%M} 起生效"
    say(sentence)


@app.command()
def withdraw(
    version: Annotated[int, typer.Argument(help="版本编号，见 hotline policy show")],
) -> None:
    """撤回一个版本：之前的规则重新生效，它改动过的时限由运行中的热线恢复。"""
    with refusals(), _opened() as database, database.work() as session:
        row = policies.withdraw(session, SYSTEM, version, now=utc_now())
        label = row.label
    say(f"已撤回“{label}”")


@contextmanager
def _opened() -> Iterator[Database]:
    database = open_database()
    try:
        schema.migrate(database)
        yield database
    finally:
        database.dispose()


def _read(file: Path) -> tuple[PolicyPart, str]:
    """The text of a file, and which part it is: a year of the calendar names its year."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"读不了文件 {file}：{error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"文件 {file} 不是 UTF-8 编码的文本") from error
    keys = {line.partition("=")[0].strip() for line in text.splitlines() if "=" in line}
    return (PolicyPart.CALENDAR if "year" in keys else PolicyPart.PROFILE), text


def _moment(text: str) -> datetime | None:
    return read_moment(text) if text else None


def _show(found: DryRun) -> None:
    console = Console()
    changed: list[Difference] = (
        year_differences(found.before.calendar, found.content)
        if isinstance(found.content, YearPlan)
        else differences(found.before.profile, found.content)
    )
    table = Table("规则", "现在", "新版本", title=f"会改变的规则（{len(changed)}）")
    for one in changed:
        table.add_row(
            f"{one.section} · {one.label}", one.before or "没有规定", one.after or "不再规定"
        )
    _put(console, table)
    say(
        f"正在计时 {found.running} 件（另有 {found.held} 件挂起，不动）；"
        f"会变 {found.total} 件：提前 {found.earlier}，延后 {found.later}，"
        f"立即超期 {found.overdue_at_once}"
    )
    if found.moved:
        moves = Table("工单", "单位", "现在到期", "改为", "相差（工作时间）")
        for move in found.moved:
            way = "提前" if move.new_due_at < move.old_due_at else "延后"
            moments = (f"{at:%Y-%m-%d %H:%M}" for at in (move.old_due_at, move.new_due_at))
            moves.add_row(move.number, move.unit, *moments, f"{way} {move.words}")
        _put(console, moves)


def _put(console: Console, table: Table) -> None:
    for column in table.columns:
        column.overflow = "fold"
    console.print(table)
