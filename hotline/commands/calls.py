"""`hotline calls`: what recorded telephone events amount to."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from dispatch.domain.calls import CallRecord, Direction
from dispatch.domain.errors import InvalidInput

if TYPE_CHECKING:
    from telephony.agent_intervals import AgentInterval

OUTCOMES = {
    "answered": "已接通",
    "abandoned_in_queue": "排队中放弃",
    "abandoned_in_ivr": "语音导航中挂断",
    "overflowed": "排队超时或已满",
    "voicemail": "留言",
    "call_back": "登记回拨",
    "closed": "非工作时间",
    "refused": "已告知限制",
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
    states: Annotated[
        bool, typer.Option("--states", help="与 --json 合用：输出坐席状态区间，而不是通话")
    ] = False,
) -> None:
    """从一段 AMI 记录还原每一通来电或外呼，以及每个坐席的状态区间"""
    from telephony.replay import contact_as_json, interval_as_json, replay_file

    try:
        replayed = replay_file(trace)
    except InvalidInput as refused:
        Console(stderr=True).print(f"[red]{refused}[/red]", highlight=False)
        raise typer.Exit(2) from refused
    if not as_json:
        Console().print(_contacts(replayed.contacts()), _states(replayed.states()))
    elif states:
        for interval in replayed.states():
            typer.echo(json.dumps(interval_as_json(interval), ensure_ascii=False))
    else:
        for record in replayed.contacts():
            typer.echo(json.dumps(contact_as_json(record), ensure_ascii=False))


def _contacts(records: list[CallRecord]) -> Table:
    table = Table("开始", "方向", "主叫", "线路", "坐席", "等待(秒)", "通话(秒)", "结果", "先挂断")
    for record in records:
        outcome = None if record.outcome is None else OUTCOMES[record.outcome.value]
        table.add_row(
            _time(record.started_at),
            "来电" if record.direction is Direction.INBOUND else "外呼",
            record.caller or "未知",
            record.line or "",
            record.agent or "",
            "" if record.wait_s is None else f"{record.wait_s:.1f}",
            "" if record.talk_s is None else f"{record.talk_s:.1f}",
            outcome or "进行中",
            "" if record.ended_by is None else record.ended_by.label,
        )
    return table


def _states(intervals: list[AgentInterval]) -> Table:
    table = Table("坐席", "状态", "开始", "结束", "秒", "说明")
    for one in intervals:
        lasted = None if one.ended_at is None else (one.ended_at - one.began_at).total_seconds()
        table.add_row(
            one.extension,
            one.state.label,
            _time(one.began_at),
            "" if one.ended_at is None else _time(one.ended_at),
            "" if lasted is None else f"{lasted:.1f}",
            "未接" if one.missed else one.reason,
        )
    return table


def _time(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
