"""`hotline calls`: what recorded telephone events amount to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dispatch.domain.calls import CallRecord, Direction
from dispatch.domain.errors import InvalidInput

OUTCOMES = {
    "answered": "已接通",
    "abandoned_in_queue": "排队中放弃",
    "abandoned_in_ivr": "语音导航中挂断",
    "overflowed": "排队超时或已满",
    "voicemail": "留言",
    "failed": "未接通",
}

app = typer.Typer(help="通话", no_args_is_help=True)


@app.callback()
def calls() -> None:
    """通话记录"""


@app.command()
def replay(
    trace: Annotated[Path, typer.Argument(help="AMI 原始字节流的记录，可为 .gz")],
    as_json: Annotated[bool, typer.Option("--json", help="每行一个 JSON 对象")] = False,
) -> None:
    """从一段 AMI 记录还原每一通来电或外呼"""
    from telephony.replay import contact_as_json, replay_file

    try:
        records = replay_file(trace)
    except InvalidInput as refused:
        Console(stderr=True).print(f"[red]{refused}[/red]", highlight=False)
        raise typer.Exit(2) from refused
    if as_json:
        for record in records:
            typer.echo(json.dumps(contact_as_json(record), ensure_ascii=False))
    else:
        Console().print(_table(records))


def _table(records: list[CallRecord]) -> Table:
    table = Table("开始", "方向", "主叫", "线路", "坐席", "等待(秒)", "通话(秒)", "结果")
    for record in records:
        outcome = None if record.outcome is None else OUTCOMES[record.outcome.value]
        table.add_row(
            f"{record.started_at.astimezone():%Y-%m-%d %H:%M:%S}",
            "来电" if record.direction is Direction.INBOUND else "外呼",
            record.caller or "未知",
            record.line or "",
            record.agent or "",
            "" if record.wait_s is None else f"{record.wait_s:.1f}",
            "" if record.talk_s is None else f"{record.talk_s:.1f}",
            outcome or "进行中",
        )
    return table
