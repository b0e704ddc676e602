"""派单目录: the list in force, versions, a new one looked at before it is loaded, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from dispatch.db import Session
from dispatch.domain.catalogue_rows import HEADINGS, Preview, Row, rows_of
from dispatch.domain.errors import HotlineError, InvalidInput
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import catalogue_versions
from dispatch.service.catalogue_versions import Listed
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.tables import read_table, write_csv

router = APIRouter(include_in_schema=False)

PAGE = 100
MOST_SHOWN = 200

Words = Annotated[str, Query(max_length=60)]


@router.get("/admin/catalogue")
def catalogue_page(request: Request, ctx: Ctx, now: Now, q: Words = "", done: str = "") -> Response:
    """The rows in force, the versions, and the form for a new one."""
    said = {"loaded": "新目录已保存", "withdrawn": "已回退到上一版目录"}.get(done, "")
    return _page(request, ctx, now, q=q, said=said)


@router.get("/admin/catalogue/export.csv")
def export(ctx: Ctx, now: Now) -> Response:
    """The catalogue in force, in the columns in which it is uploaded."""
    with ctx.db.read() as session:
        rows = catalogue_versions.listed(session, on=_today(now))
    table = [[names[0] for names in HEADINGS.values()], *(_cells(row) for row in rows)]
    return Response(
        write_csv(table),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="catalogue.csv"'},
    )


@router.post("/admin/catalogue/preview")
def preview(
    request: Request,
    ctx: Ctx,
    now: Now,
    file: Annotated[UploadFile | None, File()] = None,
    effective_from: Annotated[str, Form()] = "",
) -> Response:
    """Look at an upload: what is wrong with which line, and what it would change."""
    typed = {"effective_from": effective_from}
    try:
        rows, problems = rows_of(read_table(file.file.read() if file else b""))
        with ctx.db.read() as session:
            seen = catalogue_versions.preview(
                session, rows, problems, on=_day(effective_from) or _today(now)
            )
    except InvalidInput as problem:
        return _page(request, ctx, now, typed=typed, problem=problem, status=status_of(problem))
    return _page(request, ctx, now, typed=typed, seen=seen)


@router.post("/admin/catalogue/load")
def load(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    label: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    effective_from: Annotated[str, Form()] = "",
    rows: Annotated[str, Form()] = "",
) -> Response:
    """Put the rows of the preview in force from the day on."""
    typed = {"label": label, "note": note, "effective_from": effective_from}
    good: list[Row] = []
    try:
        good, problems = rows_of(read_table(rows.encode()))
        if problems:
            raise InvalidInput("预览的内容不完整，请重新上传", field="file")
        with ctx.db.work() as session:
            catalogue_versions.load_version(
                session,
                me.actor,
                good,
                label=label,
                effective_from=_day(effective_from) or _today(now),
                note=note,
                now=now,
            )
    except InvalidInput as problem:
        with ctx.db.read() as session:
            seen = catalogue_versions.preview(session, good, on=_today(now)) if good else None
        status = status_of(problem)
        return _page(request, ctx, now, typed=typed, problem=problem, seen=seen, status=status)
    return RedirectResponse("/admin/catalogue?done=loaded", 303)


@router.post("/admin/catalogue/{version_id}/withdraw")
def withdraw(request: Request, ctx: Ctx, me: Me, now: Now, version_id: int) -> Response:
    """Go back to what held before this version."""
    try:
        with ctx.db.work() as session:
            catalogue_versions.withdraw_version(session, me.actor, version_id, now=now)
    except HotlineError as problem:
        return _page(request, ctx, now, problem=problem, status=status_of(problem))
    return RedirectResponse("/admin/catalogue?done=withdrawn", 303)


def _page(
    request: Request,
    ctx: PortalContext,
    now: datetime,
    *,
    q: str = "",
    said: str = "",
    typed: dict[str, str] | None = None,
    problem: HotlineError | None = None,
    seen: Preview | None = None,
    status: int = 200,
) -> Response:
    with ctx.db.read() as session:
        values = _read(session, now, q)
    return render(
        request,
        "admin/catalogue.html",
        status_code=status,
        said=said,
        q=q,
        typed=typed or {},
        problem=problem,
        seen=seen,
        shown=MOST_SHOWN,
        rows=_written(seen.good) if seen else "",
        today=_today(now),
        **values,
    )


def _read(session: Session, now: datetime, q: str) -> dict[str, Any]:
    today = _today(now)
    found = catalogue_versions.listed(session, on=today, search=q)
    return {
        "versions": catalogue_versions.versions(session, today=today),
        "listed": found[:PAGE],
        "total": len(found),
    }


def _written(rows: Sequence[Row]) -> str:
    """The good rows as they are sent along with the preview's button."""
    table = [[names[0] for names in HEADINGS.values()]]
    table += [
        [row.category, row.division, row.lead, "、".join(row.supporting), row.legal_basis]
        for row in rows
    ]
    return write_csv(table).decode("utf-8-sig")


def _cells(row: Listed) -> list[str]:
    return [row.category, row.division, row.lead, "、".join(row.supporting), row.legal_basis]


def _day(typed: str) -> date | None:
    if not typed.strip():
        return None
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        raise InvalidInput("生效日期应写成 2026-12-01 这样", field="effective_from") from None


def _today(now: datetime) -> date:
    return now.astimezone(SHANGHAI).date()
