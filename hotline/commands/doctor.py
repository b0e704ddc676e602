"""`hotline doctor`: check every part, one line each with the remedy."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dispatch.bus import Database
from dispatch.service import chain_check
from dispatch.service.chain_check import Broken
from hotline import checks
from hotline.bootstrap import open_database, open_rulebook, utc_now
from hotline.checks import Check
from hotline.commands.output import refusals
from hotline.settings import Settings

STEP = 500
"""Tickets, or rows of no ticket, between two moves of the bar."""


def doctor(
    *,
    history: Annotated[
        bool, typer.Option("--history", help="只检查流转记录，但检查全部（百万条约需一分钟）")
    ] = False,
) -> None:
    """检查每个部分：数据库、流转记录、电话系统、录音目录、模型、时钟、节假日、磁盘。"""
    settings = Settings()
    database = open_database(settings)
    if history:
        found = [checks.this_database(database)]
        if found[0].trouble is None:
            found.append(whole_history(database))
    else:
        now = utc_now()
        found = checks.all_checks(
            settings, database, open_rulebook(database, settings).at(now), now
        )
    database.dispose()
    for check in found:
        sign = "✓" if check.trouble is None else "!" if check.warning else "✗"
        print(f"{sign} {check.part}：{check.trouble or check.found}")
    if any(check.trouble and not check.warning for check in found):
        raise typer.Exit(1)


def whole_history(database: Database) -> Check:
    """Check every row there is; what is wrong is printed as it is found."""
    found: list[Broken] = []
    with refusals(), database.read() as session:
        tickets, rows = chain_check.newest_ticket(session), chain_check.newest_event(session)
        columns = (TextColumn("检查流转记录"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
            task = progress.add_task("", total=tickets + rows)
            for walk, end in ((chain_check.broken, tickets), (chain_check.broken_apart, rows)):
                for first in range(0, end, STEP):
                    last = min(first + STEP, end)
                    for one in walk(session, after=first, up_to=last):
                        found.append(one)
                        print(one.why)
                    progress.advance(task, last - first)
    return checks.of_history(found, f"{tickets} 张工单的记录全部完好")
