"""`hotline report …`: reports as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analytics.render import render
from analytics.tallies import city_name
from analytics.weekly import weekly as assemble
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import SYSTEM
from hotline import schema
from hotline.bootstrap import load_rules, open_database, utc_now
from hotline.commands.output import refusals, say

app = typer.Typer(help="报表。", no_args_is_help=True)


@app.callback()
def report() -> None:
    """报表。"""


@app.command()
def weekly(
    week: Annotated[str, typer.Option(help="哪一周，如 2026-W46（周一至周日）")],
    out: Annotated[Path, typer.Option(help="写到哪个文件")],
    format_: Annotated[str, typer.Option("--format", help="html 或 json")] = "html",
) -> None:
    """热线周报：总量、指标、结果、类型、事项、号码、单位、回访、上升的诉求、超期工单。"""
    with refusals():
        database = open_database()
        schema.migrate(database)
        try:
            with database.read() as session:
                found = assemble(session, SYSTEM, week, load_rules(), now=utc_now())
                text = render(found, format_, city=city_name(session))
        finally:
            database.dispose()
        _write(out, text)
    say(f"{found.week} 周报已写到 {out}")


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"写不了文件 {out}：{error.strerror}") from error
