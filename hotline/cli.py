"""The `hotline` command: one table of subcommands, each loaded only when it is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable

import typer

from dispatch.domain.errors import HotlineError

COMMANDS: dict[str, str] = {
    "up": "hotline.commands.up:up",
    "serve": "hotline.commands.serve:serve",
    "worker": "hotline.commands.serve:worker",
    "migrate": "hotline.commands.serve:migrate",
    "doctor": "hotline.commands.doctor:doctor",
    "asterisk": "hotline.commands.configure:app",
    "demo": "hotline.commands.demo:app",
    "token": "hotline.commands.token:app",
    "calls": "hotline.commands.calls:app",
    "due": "hotline.commands.due:due",
    "policy": "hotline.commands.policy:app",
    "classify": "hotline.commands.classify:app",
    "kpi": "hotline.commands.kpi:kpi",
    "report": "hotline.commands.report:app",
    "hot-spots": "hotline.commands.hot_spots:app",
    "import": "hotline.commands.imports:app",
    "recordings": "hotline.commands.recordings:app",
    "archive": "hotline.commands.archive:app",
}
"""Name → where it lives: a function, or a group of commands."""


def build(names: Iterable[str]) -> typer.Typer:
    """Put the named subcommands together."""
    root = typer.Typer(
        help="12345 政务服务便民热线", no_args_is_help=True, pretty_exceptions_show_locals=False
    )
    root.callback()(_root)
    for name in names:
        module, _, attribute = COMMANDS[name].partition(":")
        target = getattr(importlib.import_module(module), attribute)
        if isinstance(target, typer.Typer):
            root.add_typer(target, name=name)
        else:
            root.command(name)(target)
    return root


def _root() -> None:
    """12345 政务服务便民热线：一个电话，从受理到回访。"""


def main() -> None:
    """Run the command line. Loading all would cost each `hotline due` a second of imports."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        build([wanted] if wanted in COMMANDS else COMMANDS)()
    except HotlineError as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(2)
