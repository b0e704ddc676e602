"""`hotline hot-spots …`: what gathers now, and a look at this moment."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dispatch.domain.learning_terms import HotSpotState
from dispatch.domain.people import SYSTEM
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import hot_spot_queries
from hotline import schema
from hotline.bootstrap import open_database, open_rulebook, utc_now
from hotline.commands.output import put_json, refusals, say
from hotline.hot_spots import HotSpotWatch

app = typer.Typer(help="热点预警：列出热点，立即查找一次。", no_args_is_help=True)


@app.command("list")
def listed(
    state: Annotated[HotSpotState, typer.Option(help="状态")] = HotSpotState.OPEN,
    json_: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """列出热点：地点、事项、工单件数、按以往应有的件数、开始时间。"""
    with refusals():
        database = open_database()
        schema.migrate(database)
        with database.read() as session:
            found = hot_spot_queries.hot_spots(session, SYSTEM, state)
        database.dispose()
    if json_:
        put_json(
            [
                {
                    "id": one.id,
                    "where": one.where,
                    "category": one.category,
                    "words": list(one.words),
                    "tickets": one.tickets,
                    "expected": round(one.expected, 3),
                    "began_at": one.began_at.isoformat(),
                    "last_at": one.last_at.isoformat(),
                }
                for one in found
            ]
        )
        return
    if not found:
        say(f"没有{state.label}的热点")
        return
    table = Table("编号", "地点", "事项", "工单", "按以往", "开始")
    for one in found:
        began = f"{one.began_at.astimezone(SHANGHAI):%m-%d %H:%M}"
        row = (one.where, one.category, str(one.tickets), f"{one.expected:.2f}", began)
        table.add_row(str(one.id), *row)
    Console().print(table)


@app.command()
def look() -> None:
    """立即查找一次，不等每 10 分钟一次的任务。"""
    with refusals():
        database = open_database()
        schema.migrate(database)
        now = utc_now()
        rules = open_rulebook(database).at(now).profile.hot_spot
        told = HotSpotWatch(database).look(rules, now)
        with database.read() as session:
            running = hot_spot_queries.counts(session)[HotSpotState.OPEN.value]
        database.dispose()
    say(f"新发现 {told} 个热点，正在升温的共 {running} 个")
