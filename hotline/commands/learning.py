"""`hotline classify …`: retrain, the versions, a step back, the drift report, a model handed in."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from dispatch.domain.errors import InvalidInput
from dispatch.domain.learning_terms import ModelState
from dispatch.domain.people import SYSTEM
from dispatch.domain.worktime import local
from dispatch.service import drift, model_releases, training_runs
from dispatch.service.model_releases import Release
from hotline import schema
from hotline.bootstrap import open_database, open_rulebook, utc_now
from hotline.commands.output import put_json, refusals, say
from hotline.model_keeping import ModelKeeper
from hotline.settings import Settings
from hotline.training_start import NICE

JsonOption = Annotated[bool, typer.Option("--json", help="以 JSON 输出到标准输出")]

_COLUMNS = ("版本", "状态", "样本", "宏平均F1", "启用时间", "文件")

NOT_ACCEPTED = 1
"""Exit code when a training or a model handed in did not pass."""


def add_to(app: typer.Typer) -> None:
    """Put these commands beside those that train and measure."""
    app.command("retrain")(retrain)
    app.command("versions")(versions)
    app.command("activate")(activate)
    app.command("rollback")(rollback)
    app.command("drift")(drift_report)
    app.command("export")(give_out)
    app.command("import")(take_in)


@contextmanager
def _keeper() -> Iterator[ModelKeeper]:
    """This installation's models; a first model that is not registered yet becomes it."""
    settings = Settings()
    with refusals():
        database = open_database(settings)
        schema.migrate(database)
        keeper = ModelKeeper(database, settings.models, open_rulebook(database, settings).at)
        keeper.adopt_current(now=utc_now())
        try:
            yield keeper
        finally:
            database.dispose()


def retrain(
    now: Annotated[bool, typer.Option("--now", help="就在这里训练，不等后台任务")] = False,
    waiting: Annotated[bool, typer.Option("--waiting", hidden=True)] = False,
) -> None:
    """用更正和结案的工单重新训练；新模型须通过检验才启用。"""
    from hotline.retraining import Retraining

    with _keeper() as keeper:
        if not waiting:
            with keeper.database.work() as session:
                asked = training_runs.ask(session, SYSTEM, now=utc_now())
            say(f"训练 {asked.id} 已列入；后台任务半分钟内开始（hotline serve 或 hotline worker）")
        if not (now or waiting):
            return
        os.nice(NICE)
        release = Retraining(keeper.database, keeper, utc_now, say).run()
        with keeper.database.read() as session:
            last = training_runs.runs(session, limit=1)
    if release is None:
        say(last[0].problem if last and last[0].problem else "没有等待的训练，或另一个进程正在训练")
        raise typer.Exit(NOT_ACCEPTED)
    _tell(release)
    if release.state is ModelState.REFUSED:
        raise typer.Exit(NOT_ACCEPTED)


def versions(as_json: JsonOption = False) -> None:
    """列出各个模型：哪个在用，各自的成绩，上一个是哪个。"""
    with _keeper() as keeper, keeper.database.read() as session:
        found = model_releases.releases(session, limit=100)
    if as_json:
        put_json([_json(release) for release in found])
        return
    back = next((one.previous for one in found if one.state is ModelState.ACTIVE), None)
    table = Table(*(Column(name, no_wrap=True) for name in _COLUMNS))
    for one in found:
        table.add_row(
            one.version,
            one.state.label + ("（回退到此）" if one.version == back else ""),
            str(one.texts),
            f"{one.metrics.get('macro_f1', 0):.4f}",
            f"{local(one.activated_at):%Y-%m-%d %H:%M}" if one.activated_at else "—",
            "在" if one.folder else "已清理",
        )
    Console().print(table)


def activate(version: Annotated[str, typer.Argument(help="版本，见 versions")]) -> None:
    """启用一个已登记、未被拒绝的模型。"""
    with _keeper() as keeper:
        with keeper.database.read() as session:
            chosen = model_releases.release_of(session, version)
        if chosen.can_activate:
            # A model whose files are damaged is refused here, and not by every process later.
            keeper.folders.load(chosen.folder)
        with keeper.database.work() as session:
            release = model_releases.activate(session, SYSTEM, version, now=utc_now())
    say(f"已启用 {release.version}；运行中的进程几秒内换用，不必重启")


def rollback() -> None:
    """退回上一个模型。"""
    with _keeper() as keeper, keeper.database.work() as session:
        release = model_releases.roll_back(session, SYSTEM, now=utc_now())
    say(f"已退回 {release.version}；运行中的进程几秒内换用，不必重启")


def drift_report(
    weeks: Annotated[int, typer.Option(min=1, max=104, help="最近几周")] = 12,
    as_json: JsonOption = False,
) -> None:
    """漂移报告：每周模型的把握、采纳、退单，与事项构成的变化。"""
    with _keeper() as keeper, keeper.database.read() as session:
        found = drift.weekly(session, until=utc_now(), weeks=weeks)
    if as_json:
        put_json([{**vars(week), "monday": week.monday.isoformat()} for week in found])
        return
    table = Table(
        "周一", "模型", "工单", "平均把握", "有把握", "采纳", "退单", "构成变化", "偶然波动"
    )
    for week in found:
        shares = (week.confidence, week.sure_share, week.taken_share, week.return_share)
        table.add_row(
            week.monday.isoformat(),
            week.version or "全部",
            str(week.tickets),
            *("—" if share is None else f"{share:.1%}" for share in shares),
            *("—" if b is None else f"{b:.4f}" for b in (week.mix_shift, week.mix_noise)),
        )
    Console().print(table)


def give_out(
    version: Annotated[str, typer.Argument(help="版本，见 versions")],
    out: Annotated[Path, typer.Option("--out", help="写入的文件")],
) -> None:
    """把一个模型导出为一个文件，可在别处导入。"""
    from classifier.packed import pack_model

    with _keeper() as keeper:
        with keeper.database.read() as session:
            release = model_releases.release_of(session, version)
        if not release.folder:
            raise InvalidInput(f"模型 {version} 的文件已清理，不能导出")
        keeper.folders.load(release.folder)
        pack_model(keeper.folders.root / release.folder, out)
    say(f"已导出 {release.version} 到 {out}")


def take_in(
    path: Annotated[Path, typer.Argument(help="模型文件夹，或本系统导出的模型文件")],
) -> None:
    """导入别处训练的模型：检查、与使用中的比较、登记；不自动启用。"""
    with _keeper() as keeper:
        release = keeper.take_in(path, SYSTEM, now=utc_now())
    _tell(release)
    if release.state is ModelState.REFUSED:
        raise typer.Exit(NOT_ACCEPTED)


def _tell(release: Release) -> None:
    say(f"模型 {release.version}：{release.state.label}")
    for reason in release.report.get("reasons") or ["没有使用中的模型可比，这是第一个"]:
        say(f"  {reason}")


def _json(release: Release) -> dict[str, object]:
    figures = {k: v for k, v in release.metrics.items() if isinstance(v, int | float | str)}
    row = {**vars(release), "metrics": figures, "state": release.state.value}
    content: dict[str, object] = json.loads(json.dumps(row, default=str))
    return content
