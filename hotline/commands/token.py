"""hotline token: bearer tokens for other systems."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from dispatch.domain.errors import HotlineError
from hotline.bootstrap import open_database, utc_now

app = typer.Typer(no_args_is_help=True, help="接口令牌")


@app.command()
def create(
    staff: Annotated[str, typer.Option(help="账号；令牌的权限与它相同")],
) -> None:
    """生成一个 /api/v1 的令牌；只显示这一次。"""
    from dispatch.service.tokens import create_token

    database = open_database()
    try:
        with database.work() as session:
            token = create_token(session, staff, now=utc_now())
    except HotlineError as problem:
        Console(stderr=True).print(str(problem))
        raise typer.Exit(2) from problem
    finally:
        database.dispose()
    typer.echo(token)


@app.command()
def revoke(
    staff: Annotated[str, typer.Option(help="账号")],
) -> None:
    """吊销一个账号的全部令牌。"""
    from dispatch.service.tokens import revoke_tokens

    database = open_database()
    try:
        with database.work() as session:
            count = revoke_tokens(session, staff, now=utc_now())
    finally:
        database.dispose()
    Console(stderr=True).print(f"已吊销 {count} 个令牌")
