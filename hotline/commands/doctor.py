"""`hotline doctor`: check every part, one line each with the remedy."""

from __future__ import annotations

import typer

from hotline import checks
from hotline.bootstrap import load_rules, open_database, utc_now
from hotline.settings import Settings


def doctor() -> None:
    """检查每个部分：数据库、电话系统、录音目录、模型、时钟、节假日、磁盘。"""
    settings = Settings()
    database = open_database(settings)
    found = checks.all_checks(settings, database, load_rules(settings), utc_now())
    database.dispose()
    for check in found:
        sign = "✓" if check.trouble is None else "!" if check.warning else "✗"
        print(f"{sign} {check.part}：{check.trouble or check.found}")
    if any(check.trouble and not check.warning for check in found):
        raise typer.Exit(1)
