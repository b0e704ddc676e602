"""Versions of the model: their reports, one step back, and the training of the next one."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import APIRouter, File, Query, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from dispatch.domain.errors import HotlineError, InvalidInput
from dispatch.service import label_examples, model_releases, training_runs
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render

router = APIRouter(include_in_schema=False)

SAID = {
    "asked": "已安排训练，进度见下方；可以离开这一页，训练在后台进行。",
    "back": "已回退到上一个模型，新来的诉求由它判断。",
    "taken": "模型文件已收下并登记，检验结果见下方；要使用它请按“启用”。",
    "activated": "已启用这个模型，新来的诉求由它判断。",
}

Done = Annotated[str, Query(max_length=20)]


@router.get("/model/versions")
def versions(request: Request, ctx: Ctx, now: Now, done: Done = "") -> Response:
    """Every version with its report, and the trainings."""
    return _page(request, ctx, said=SAID.get(done, ""))


@router.get("/model/training")
def training(request: Request, ctx: Ctx) -> Response:
    """How far the training is, for the page to ask again; it lives in the database."""
    with ctx.db.read() as session:
        latest = training_runs.runs(session, limit=1)
        run = training_runs.open_run(session)
    return render(request, "model/training.html", run=run or (latest[0] if latest else None))


@router.post("/model/retrain")
def retrain(request: Request, ctx: Ctx, me: Me, now: Now) -> Response:
    """Ask for a training; a job takes it up within seconds."""
    with ctx.db.work() as session:
        training_runs.ask(session, me.actor, now=now)
    return RedirectResponse("/model/versions?done=asked", 303)


@router.post("/model/roll-back")
def roll_back(request: Request, ctx: Ctx, me: Me, now: Now) -> Response:
    """One step back."""
    try:
        with ctx.db.work() as session:
            model_releases.roll_back(session, me.actor, now=now)
    except HotlineError as problem:
        return _page(request, ctx, problem=problem)
    return RedirectResponse("/model/versions?done=back", 303)


@router.post("/model/versions/{version}/activate")
def activate(request: Request, ctx: Ctx, me: Me, now: Now, version: str) -> Response:
    """Put a version into use that was not refused."""
    try:
        with ctx.db.work() as session:
            model_releases.activate(session, me.actor, version, now=now)
    except HotlineError as problem:
        return _page(request, ctx, problem=problem)
    return RedirectResponse("/model/versions?done=activated", 303)


@router.post("/model/import")
def take_in(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    upload: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Check a model file that somebody hands in; it is registered, and used only on a press."""
    if upload is None or not upload.filename:
        return _page(request, ctx, refused=InvalidInput("请先选择模型文件"))
    try:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "model"
            with file.open("wb") as kept:
                shutil.copyfileobj(upload.file, kept)
            version = ctx.models.take(file, me.actor, now=now)
    except HotlineError as problem:
        return _page(request, ctx, refused=problem)
    return RedirectResponse(f"/model/versions?done=taken#v-{version}", 303)


def _page(
    request: Request,
    ctx: PortalContext,
    *,
    said: str = "",
    problem: HotlineError | None = None,
    refused: HotlineError | None = None,
) -> Response:
    with ctx.db.read() as session:
        listed = model_releases.releases(session)
        runs = training_runs.runs(session, limit=5)
        run = training_runs.open_run(session)
        began = max((one.started_at for one in runs if one.started_at), default=None)
        fresh = label_examples.new_since(session, began)
    return render(
        request,
        "model/versions.html",
        status_code=422 if refused else status_of(problem) if problem else 200,
        listed=listed,
        active=next((one for one in listed if one.state == "active"), None),
        runs=runs,
        run=run,
        fresh=fresh,
        wanted=ctx.rules.profile.classifier.retrain_after,
        said=said,
        problem=problem,
        refused=refused,
    )
