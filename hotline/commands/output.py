"""What a command says: sentences to stderr, results to stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from dispatch.db import DATABASE_DOWN
from dispatch.domain.errors import HotlineError


def say(sentence: str) -> None:
    """Tell the person something; stdout stays for results."""
    print(sentence, file=sys.stderr, flush=True)


def put_json(value: Any) -> None:
    """Print one JSON value as the command's result."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn a named refusal into its sentence and exit code 2, a lost database into 3."""
    try:
        yield
    except HotlineError as error:
        say(str(error))
        raise typer.Exit(2) from error
    except DATABASE_DOWN as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        say(
            f"数据库连接不上，或正被别的程序占用（{reason}）。"
            "请检查 HOTLINE_DATABASE_URL、数据目录的权限，以及是否有另一个程序在写同一个数据库"
        )
        raise typer.Exit(3) from error
