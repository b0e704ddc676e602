"""历史数据导入: hand a file over, say what its columns are, look at it, take it, take it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain, islice
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, File, Query, Request, UploadFile
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from dispatch.domain.errors import HotlineError, InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import ImportState, ImportSubject
from dispatch.files.import_folder import MOST, Staged
from dispatch.files.spreadsheets import Table, open_table
from dispatch.service import (
    exports,
    history_import_queries,
    history_imports,
    history_preview,
    history_running,
    history_undo,
)
from dispatch.service.history_imports import Running
from dispatch.service.history_rows import SORTS, Layout, Sort
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.exports import CSV_TYPE, stream_csv
from portal.rendering import render
from portal.views.agent_form import TypedForm

router = APIRouter(include_in_schema=False)

PAGE = "/admin/imports"
LOOKED_AT = 1_000
"""Refused rows that say how wide the table is."""


@router.get(PAGE)
def page(
    request: Request, ctx: Ctx, me: Me, said: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """What was brought in, and the field to hand over more."""
    return _page(request, ctx, me.actor, said=said)


@router.post(PAGE)
def hand_over(
    request: Request, ctx: Ctx, me: Me, file: Annotated[UploadFile | None, File()] = None
) -> Response:
    """Keep a file until its columns are said; it must be one that can be read."""
    try:
        if file is None or not file.filename:
            raise InvalidInput("请选择一个文件", field="file")
        staged = ctx.imports.stage(file.file, file.filename)
        try:
            open_table(staged.path, staged.name)
        except HotlineError:
            ctx.imports.drop(staged.sha256)
            raise
    except HotlineError as problem:
        return _page(request, ctx, me.actor, problem=problem)
    return RedirectResponse(f"{PAGE}/files/{staged.sha256}", 303)


@router.get(f"{PAGE}/files/{{sha256}}")
def look(
    request: Request, ctx: Ctx, me: Me, now: Now, sha256: str, subject: ImportSubject | None = None
) -> Response:
    """The columns as they will be read, guessed or chosen, and the first rows."""
    staged = ctx.imports.staged(sha256)
    table = open_table(staged.path, staged.name)
    sort = SORTS[subject.value] if subject else history_preview.sort_of(table)
    chosen = _chosen(request.query_params) if "c0" in request.query_params else None
    return _preview(request, ctx, me.actor, staged, table, sort, chosen, now)


@router.post(f"{PAGE}/files/{{sha256}}")
def take(request: Request, ctx: Ctx, me: Me, now: Now, sha256: str, typed: TypedForm) -> Response:
    """Begin the import; a short file is read at once, the rest of a long one by the clock."""
    staged = ctx.imports.staged(sha256)
    table = open_table(staged.path, staged.name)
    sort = SORTS.get(typed.get("subject", "")) or history_preview.sort_of(table)
    chosen = _chosen(typed)
    try:
        layout = Layout(sort, table.headings, chosen)
        with ctx.db.work() as session:
            running: Running = history_imports.begin(
                session, me.actor, sort, table, layout, sha256=sha256, now=now
            )
        history_running.bring_in_staged(
            ctx.db, ctx.imports, running.id, ctx.rules, now=now, parts=1
        )
    except HotlineError as problem:
        return _preview(request, ctx, me.actor, staged, table, sort, chosen, now, problem=problem)
    return RedirectResponse(f"{PAGE}/{running.id}", 303)


@router.get(f"{PAGE}/{{import_id}}")
def one(request: Request, ctx: Ctx, me: Me, import_id: int) -> Response:
    """How far one import has come and what was not taken."""
    return _one(request, ctx, me.actor, import_id)


@router.post(f"{PAGE}/{{import_id}}/stop")
def stop(request: Request, ctx: Ctx, me: Me, now: Now, import_id: int) -> Response:
    """停止: what was taken stays."""
    try:
        with ctx.db.work() as session:
            history_imports.stop(session, me.actor, import_id, now=now)
    except HotlineError as problem:
        return _one(request, ctx, me.actor, import_id, problem=problem)
    return RedirectResponse(f"{PAGE}/{import_id}", 303)


@router.post(f"{PAGE}/{{import_id}}/undo")
def undo(request: Request, ctx: Ctx, me: Me, now: Now, import_id: int) -> Response:
    """撤销 the whole import, or say which rows stand against it."""
    with ctx.db.read() as session:
        history_import_queries.one(session, me.actor, import_id)
    try:
        with ctx.db.work() as session:
            gone = history_undo.undo(session, me.actor, import_id, now=now)
    except HotlineError as problem:
        return _one(request, ctx, me.actor, import_id, problem=problem)
    ctx.imports.forget(import_id)
    said = f"已撤销第 {import_id} 次导入，删除 {gone:,} 条"
    return RedirectResponse(f"{PAGE}?said={quote(said)}", 303)


@router.get(f"{PAGE}/{{import_id}}/refused.csv")
def refused(ctx: Ctx, me: Me, now: Now, import_id: int) -> Response:
    """The rows that were not taken, with why: to be corrected and brought again."""
    with ctx.db.work() as session:
        view = history_import_queries.one(session, me.actor, import_id)
        codes = history_import_queries.headings(session, me.actor, import_id)
        exports.note_export(
            session,
            me.actor,
            what="import-refused",
            filters=f"import={import_id}",
            form="csv",
            rows=view.left_out,
            now=now,
        )
    return StreamingResponse(
        _refused_csv(ctx, import_id, codes),
        media_type=CSV_TYPE,
        headers={"Content-Disposition": f'attachment; filename="import-{import_id}-refused.csv"'},
    )


def _refused_csv(ctx: PortalContext, import_id: int, codes: Mapping[int, str]) -> Iterator[bytes]:
    rows = ctx.imports.refused(import_id)
    first = list(islice(rows, LOOKED_AT))
    wide = max([*codes, *(len(row.cells) - 1 for row in first)], default=-1) + 1
    heads = [codes.get(place, f"column_{place + 1}") for place in range(wide)]
    told = (
        [*[*row.cells, *[""] * wide][:wide], str(row.line), row.why] for row in chain(first, rows)
    )
    yield from stream_csv([*heads, "行号", "未导入的原因"], told)


def _chosen(said: Mapping[str, str]) -> dict[int, str]:
    """The choices of the page: c0=number, c1=, c2=created_at."""
    return {
        int(name[1:]): code
        for name, code in said.items()
        if name[:1] == "c" and name[1:].isdigit() and len(name) <= 5 and code
    }


def _page(
    request: Request,
    ctx: PortalContext,
    reader: Actor,
    *,
    said: str = "",
    problem: HotlineError | None = None,
) -> Response:
    with ctx.db.read() as session:
        listed = history_import_queries.imports(session, reader)
    return render(
        request,
        "imports/list.html",
        status_code=status_of(problem) if problem else 200,
        listed=listed,
        said=said,
        problem=problem,
        most_mb=MOST // 2**20,
        sorts=SORTS.values(),
        busy=any(i.state is ImportState.RUNNING for i in listed),
    )


def _preview(
    request: Request,
    ctx: PortalContext,
    reader: Actor,
    staged: Staged,
    table: Table,
    sort: Sort,
    chosen: dict[int, str] | None,
    now: datetime,
    *,
    problem: HotlineError | None = None,
) -> Response:
    found = history_preview.columns(sort, table, chosen)
    seen = None
    try:
        layout = Layout(sort, table.headings, {c.place: c.code for c in found if c.code})
        seen = history_preview.preview(sort, table, layout, ctx.rules, now=now)
    except InvalidInput as missing:
        problem = problem or missing
    with ctx.db.read() as session:
        told = history_import_queries.told_before(session, reader, staged.sha256)
    return render(
        request,
        "imports/preview.html",
        status_code=status_of(problem) if problem and request.method == "POST" else 200,
        staged=staged,
        sort=sort,
        sorts=SORTS.values(),
        found=found,
        seen=seen,
        told=told,
        problem=problem,
        address=f"{PAGE}/files/{staged.sha256}",
        subjects=[
            (other.name, f"?{urlencode({'subject': other.subject.value})}", other is sort)
            for other in SORTS.values()
        ],
    )


def _one(
    request: Request,
    ctx: PortalContext,
    reader: Actor,
    import_id: int,
    *,
    problem: HotlineError | None = None,
) -> Response:
    with ctx.db.read() as session:
        view = history_import_queries.one(session, reader, import_id)
        codes = history_import_queries.headings(session, reader, import_id)
    columns = {column.code: column.name for column in SORTS[view.subject.value].columns}
    return render(
        request,
        "imports/one.html",
        status_code=status_of(problem) if problem else 200,
        one=view,
        columns=[(place + 1, columns.get(code, code)) for place, code in sorted(codes.items())],
        problem=problem,
    )
