"""`hotline asterisk configure`: write a telephone system's configuration without starting it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dispatch.domain.errors import NotFound
from dispatch.domain.switch_plan import SwitchPlan
from dispatch.service import switch_plans
from hotline.bootstrap import open_database, open_rulebook, utc_now
from hotline.commands.output import refusals, say
from hotline.keys import load_keyring
from hotline.nodes import Node, nodes_of
from hotline.settings import Settings
from hotline.switchboard import asterisk_settings
from telephony.asterisk.conffiles import write_configuration
from telephony.asterisk.plan_files import plan_texts, write_files
from telephony.asterisk.program import find_asterisk

app = typer.Typer(help="电话系统（Asterisk）的配置", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """电话系统（Asterisk）的配置。"""


@app.command()
def configure(
    node: Annotated[str, typer.Option(help="电话系统的名字；不写为第一个")] = "",
    to: Annotated[
        Path | None,
        typer.Option(help="只把随方案变化的文件写到这个目录（那台 Asterisk 的 etc）"),
    ] = None,
) -> None:
    """按现行线路、规则和中继写出配置；电话系统不在本机运行时用。"""
    settings = Settings()
    with refusals():
        wanted = _node(settings, node)
        ours = asterisk_settings(settings, wanted, _plan(settings, wanted))
        if to is None:
            write_configuration(ours, find_asterisk())
            folder = ours.etc
        else:
            to.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_files(to, plan_texts(ours, ours.plan))
            folder = to
    say(
        f"{wanted.name} 的配置已写到 {folder}（含密码，仅本账号可读）。\n"
        "请让 Asterisk 重新载入：asterisk -rx 'core reload'；正在进行的通话不受影响"
    )


def _node(settings: Settings, name: str) -> Node:
    nodes = nodes_of(settings)
    for node in nodes:
        if not name or node.name == name:
            return node
    raise NotFound(f"没有名为 {name} 的电话系统；现有：{'、'.join(one.name for one in nodes)}")


def _plan(settings: Settings, node: Node) -> SwitchPlan:
    database, now = open_database(settings), utc_now()
    try:
        rules = open_rulebook(database, settings).at(now)
        with database.read() as session:
            keyring = load_keyring(settings.folder, now)
            return switch_plans.plan_of(session, rules, keyring, node=node.name, now=now)
    finally:
        database.dispose()
