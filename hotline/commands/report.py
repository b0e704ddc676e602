"""`hotline report …`: reports as files, and issuing them."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from analytics.document_json import to_json
from analytics.engines.engine import LiveEngine
from analytics.renderers.rendering import FORMATS
from analytics.renderers.rendering import render as render_as
from analytics.reports.as_json import report_json
from analytics.reports.gathered import gather
from analytics.reports.spans import Span, read_span
from analytics.reports.write import document, written
from analytics.scope import EVERYTHING, Scope
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import SYSTEM
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.rules import Rules
from hotline import schema
from hotline.bootstrap import open_database, open_rulebook, utc_now
from hotline.commands.output import refusals, say
from hotline.reporting import issue_due

app = typer.Typer(help="报表：写成文件，或立即按规则印发到期的。", no_args_is_help=True)

Out = Annotated[Path, typer.Option(help="写到哪个文件")]
Format = Annotated[str, typer.Option("--format", help="html、json、docx、pdf 或 xlsx")]


@app.callback()
def report() -> None:
    """报表。"""


@app.command()
def daily(
    day: Annotated[str, typer.Option(help="哪一天，如 2026-11-09")],
    out: Out,
    format_: Format = "html",
) -> None:
    """热线日报：总量、指标、热点、话务、超期、批示、预警。"""
    _report(ReportKind.DAILY, day, out, format_)


@app.command()
def weekly(
    week: Annotated[str, typer.Option(help="哪一周，如 2026-W46（周一至周日）")],
    out: Out,
    format_: Format = "html",
) -> None:
    """热线周报：总量、指标、诉求构成、热点、单位、超期、话务、回访、剔除、批示、预警。"""
    _report(ReportKind.WEEKLY, week, out, format_)


@app.command()
def monthly(
    month: Annotated[str, typer.Option(help="哪一月，如 2026-11")],
    out: Out,
    format_: Format = "html",
) -> None:
    """热线月报。"""
    _report(ReportKind.MONTHLY, month, out, format_)


@app.command()
def yearly(
    year: Annotated[str, typer.Option(help="哪一年，如 2026")],
    out: Out,
    format_: Format = "html",
) -> None:
    """热线年报。"""
    _report(ReportKind.YEARLY, year, out, format_)


@app.command()
def business(
    month: Annotated[str, typer.Option(help="哪一月，如 2026-11，或 2026-01-01..2026-06-30")],
    out: Out,
    format_: Format = "html",
) -> None:
    """营商环境专报。"""
    _report(ReportKind.BUSINESS, month, out, format_)


@app.command()
def special(
    first: Annotated[str, typer.Option("--from", help="第一天，如 2026-11-09（含）")],
    last: Annotated[str, typer.Option("--to", help="最后一天（含）")],
    out: Out,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="条件，如 category=noise、unit=CG；可写多次"),
    ] = None,
    format_: Format = "html",
) -> None:
    """专报：任意几天；可只看一类事项、一个属地、一个单位。"""
    _report(ReportKind.SPECIAL, f"{first}..{last}", out, format_, _scope(only or []))


@app.command()
def issue() -> None:
    """立即印发到期而没有印发的报表，不等定时任务；规则见方案的“报表印发”。"""
    with refusals():
        database = open_database()
        schema.migrate(database)
        try:
            now = utc_now()
            issued = issue_due(database, LiveEngine(database), open_rulebook(database).at(now), now)
        finally:
            database.dispose()
    say(f"印发 {issued} 份报表" if issued else "没有到期未印发的报表")


def _scope(only: list[str]) -> Scope:
    known = {one.name for one in fields(Scope)}
    chosen = {}
    for one in only:
        name, equals, value = one.partition("=")
        if not equals or name not in known:
            raise typer.BadParameter(f"“{one[:40]}”不是条件；可用：{'、'.join(sorted(known))}")
        chosen[name] = value
    return Scope.read(chosen)


def _report(
    kind: ReportKind, code: str, out: Path, format_: str, scope: Scope = EVERYTHING
) -> None:
    with refusals():
        if format_ != "json" and format_ not in FORMATS:
            known = "、".join(("json", *FORMATS))
            raise InvalidInput(f"没有 {format_[:20]} 格式；可用的有：{known}")
        span = read_span(kind, code)
        database = open_database()
        schema.migrate(database)
        try:
            now = utc_now()
            rules = open_rulebook(database).at(now)
            with database.read() as session:
                content = _content(session, span, scope, rules, format_, now)
        finally:
            database.dispose()
        _write(out, content)
    say(f"{span.name}{kind.label}已写到 {out}")


def _content(
    session: Session, span: Span, scope: Scope, rules: Rules, format_: str, now: datetime
) -> bytes:
    own = span.kind is ReportKind.BUSINESS or scope != EVERYTHING
    if format_ == "json" and not own:
        found = gather(session, SYSTEM, span, rules, now=now)
        return _json(report_json(found, written(found)))
    made = document(session, SYSTEM, span, rules, scope=scope, now=now)
    return _json(to_json(made)) if format_ == "json" else render_as(made, format_)


def _json(values: object) -> bytes:
    return (json.dumps(values, ensure_ascii=False, indent=2) + "\n").encode()


def _write(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        raise InvalidInput(f"写不了文件 {out}：{error.strerror}") from error
