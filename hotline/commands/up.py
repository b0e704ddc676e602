"""`hotline up`: everything on one machine with one command."""

from __future__ import annotations

from hotline.commands.output import refusals
from hotline.commands.supervisor import Supervisor
from hotline.settings import Settings


def up() -> None:
    """一条命令启动全部：建库、演示城市、Asterisk、网站；Ctrl-C 全部停止。"""
    with refusals():
        Supervisor(Settings()).run()
