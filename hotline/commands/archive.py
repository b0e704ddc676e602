"""`hotline archive …`: take the figures' archive now, show it, hold it against the database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from analytics.engines.archive_writer import take
from analytics.engines.engine import ArchiveEngine
from analytics.engines.manifest import read_manifest
from analytics.periods import Period
from dispatch.domain.worktime import SHANGHAI
from hotline import schema
from hotline.archive import differences
from hotline.bootstrap import open_database, open_rulebook, utc_now
from hotline.commands.output import refusals, say
from hotline.settings import Settings

app = typer.Typer(help="统计归档：立即归档、查看、与数据库核对。", no_args_is_help=True)


@app.command("take")
def taken() -> None:
    """立即归档：只写新增和变动过的部分，正在统计的页面不受影响。"""
    with refusals():
        settings = Settings()
        database = open_database(settings)
        schema.migrate(database)
        done = take(database, settings.archive, now=utc_now())
        database.dispose()
    say(f"已归档 {done.manifest.rows:,} 行，本次写了 {done.written} 个文件、{done.rows:,} 行")


@app.command()
def show() -> None:
    """查看归档：每张表有多少行、多少个文件，归档的时间。"""
    manifest = read_manifest(Settings().archive)
    if manifest is None:
        say("还没有归档，指标直接由数据库统计；要归档请运行 hotline archive take")
        return
    table = Table("表", "行数", "文件")
    for name, blocks in manifest.blocks.items():
        table.add_row(name, f"{sum(block.rows for block in blocks):,}", str(len(blocks)))
    Console().print(table)
    say(f"归档时间：{manifest.taken_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}")


@app.command()
def check(
    weeks: Annotated[int, typer.Option(min=1, max=520, help="核对最近多少周")] = 8,
) -> None:
    """核对：最近若干周的每一项指标由归档和数据库各统计一次，有不同就列出并以 1 退出。"""
    with refusals():
        settings = Settings()
        database = open_database(settings)
        schema.migrate(database)
        now = utc_now()
        rules = open_rulebook(database).at(now)
        engine = ArchiveEngine(database, settings.archive)
        found = differences(database, engine, _weeks(now, weeks), rules, now)
        told = engine.told
        engine.close()
        database.dispose()
    for one in found:
        say(
            f"{one.period.first} 至 {one.period.last} {one.name}："
            f"数据库 {one.live}，归档 {one.archived}"
        )
    if found:
        raise typer.Exit(1)
    say(f"最近 {weeks} 周的各项指标两边都相同（{told}）")


def _weeks(now: datetime, count: int) -> list[Period]:
    today = now.astimezone(SHANGHAI).date()
    monday = today - timedelta(days=today.weekday())
    starts = [monday - timedelta(weeks=back) for back in range(count)]
    return [Period(start, start + timedelta(days=6)) for start in starts]
