"""开放数据: the public page with its files, and the page on which they are published."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from analytics import open_data_files
from analytics.open_data import QUASI, steps
from analytics.open_data_files import COLUMNS
from dispatch.domain.errors import HotlineError, InvalidInput, NotFound
from dispatch.domain.people import Actor
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import open_releases
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render

router = APIRouter(include_in_schema=False)

KEEPING = "/admin/open-data"
MONTHS_OFFERED = 24
_FILE = re.compile(r"(\d{4}-\d{2})\.(csv|json)")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@router.get("/open-data")
def public(request: Request, ctx: Ctx) -> Response:
    """Every month that may be downloaded, what its columns mean, what may be done with it."""
    with ctx.db.read() as session:
        listed = open_releases.public(session)
    return render(
        request,
        "open_data/public.html",
        listed=listed,
        sizes={
            (one.id, kind): size
            for one in listed
            for kind in TYPES
            if (size := _size(ctx, one.file, kind)) is not None
        },
        columns=COLUMNS,
        quasi=QUASI,
        steps={code: words for code, words, _ in steps(ctx.clock().date())},
        policy=ctx.rules.profile.open_data,
    )


@router.get("/open-data/{name}")
def download(ctx: Ctx, name: str) -> Response:
    """A month as CSV or JSON."""
    wanted = _FILE.fullmatch(name)
    if wanted is None:
        raise NotFound("没有这个文件")
    slug, kind = wanted.groups()
    with ctx.db.read() as session:
        found = open_releases.public_month(session, slug)
    return FileResponse(
        open_data_files.file_of(ctx.open_data, found.file, kind),
        media_type=TYPES[kind],
        filename=f"12345-{slug}-r{found.revision}.{kind}",
        headers={"Cache-Control": "no-cache"},
    )


@router.get(KEEPING)
def keeping(
    request: Request, ctx: Ctx, me: Me, said: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """What was published, by whom; the buttons to publish and to withdraw."""
    return _keeping(request, ctx, me.actor, said=said)


@router.post(KEEPING)
def publish(
    request: Request, ctx: Ctx, me: Me, now: Now, month: Annotated[str, Form(max_length=7)] = ""
) -> Response:
    """发布 a month; what is already public is replaced by a later revision."""
    try:
        first = _first(month)
        open_releases.require_over(first, now=now)
        with ctx.db.read() as session:
            made = open_data_files.make(session, ctx.open_data, first, ctx.rules)
        with ctx.db.work() as session:
            open_releases.publish(session, me.actor, **asdict(made), now=now)
    except HotlineError as problem:
        return _keeping(request, ctx, me.actor, problem=problem, typed=month)
    return RedirectResponse(f"{KEEPING}?said=published", 303)


@router.post(f"{KEEPING}/{{release_id}}/withdraw")
def withdraw(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    release_id: int,
    why: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """撤回, with a reason."""
    try:
        with ctx.db.work() as session:
            open_releases.withdraw(session, me.actor, release_id, why, now=now)
    except InvalidInput as problem:
        return _keeping(request, ctx, me.actor, problem=problem, about=release_id)
    return RedirectResponse(f"{KEEPING}?said=withdrawn", 303)


def _keeping(
    request: Request,
    ctx: PortalContext,
    reader: Actor,
    *,
    said: str = "",
    problem: HotlineError | None = None,
    typed: str = "",
    about: int | None = None,
) -> Response:
    now = ctx.clock()
    with ctx.db.read() as session:
        listed = open_releases.all_releases(session, reader)
        current = {one.id for one in open_releases.public(session)}
    return render(
        request,
        "open_data/keeping.html",
        status_code=status_of(problem) if problem else 200,
        listed=listed,
        current=current,
        months=_months(now.astimezone(SHANGHAI).date()),
        said=said,
        problem=problem,
        typed=typed,
        about=about,
        steps={code: words for code, words, _ in steps(now.date())},
        policy=ctx.rules.profile.open_data,
    )


def _months(today: date) -> list[str]:
    """The months that are over, newest first."""
    found: list[str] = []
    day = today.replace(day=1)
    while len(found) < MONTHS_OFFERED:
        day = (day - timedelta(days=1)).replace(day=1)
        found.append(f"{day:%Y-%m}")
    return found


def _first(month: str) -> date:
    wanted = _MONTH.fullmatch(month)
    if wanted is None or not 1 <= int(wanted[2]) <= 12 or int(wanted[1]) < 1990:
        raise InvalidInput("请选择一个月份", field="month")
    return date(int(wanted[1]), int(wanted[2]), 1)


def _size(ctx: PortalContext, name: str, kind: str) -> int | None:
    try:
        return open_data_files.file_of(ctx.open_data, name, kind).stat().st_size
    except NotFound:
        return None
