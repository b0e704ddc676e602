"""走访与第三方调查: one written down by a form, many taken in from a table."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from dispatch.domain.errors import HotlineError, InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import FollowUpMethod, Rating, Verdict
from dispatch.service import follow_up_desk, survey_import_queries, survey_imports
from dispatch.service.follow_up_desk import DeskTab
from dispatch.service.survey_rows import EXAMPLE, HEADINGS, UNREACHED
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.tables import read_table, write_csv
from portal.views.agent_form import TypedForm

router = APIRouter(include_in_schema=False)

PAGE = "/visits"


@router.get(PAGE)
def page(
    request: Request, ctx: Ctx, me: Me, said: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """The form, the import and what was taken in."""
    return _page(request, ctx, me.actor, said=said)


@router.post(PAGE)
def write_down(request: Request, ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> Response:
    """登记走访; what is wrong is said beside its field, and nothing typed is lost."""
    try:
        with ctx.db.work() as session:
            made = survey_imports.visit(
                session,
                me.actor,
                {name: value.strip() for name, value in typed.items()},
                ctx.rules,
                method=_method(typed.get("method", "")),
                asked_by=typed.get("asked_by", ""),
                now=now,
            )
            number = typed.get("number", "").strip()
            result = made.state
    except HotlineError as problem:
        return _page(request, ctx, me.actor, typed=typed, problem=problem)
    said = "已登记，但没有见到诉求人" if result == "unreached" else "已登记"
    return RedirectResponse(f"{PAGE}?said={quote(f'工单 {number} {said}')}", 303)


@router.post(f"{PAGE}/imports")
def bring_in(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    file: Annotated[UploadFile | None, File()] = None,
    method: Annotated[str, Form(max_length=20)] = "",
    asked_by: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """导入 a table: good rows count at once, bad rows wait to be corrected."""
    content = file.file.read() if file is not None else b""
    try:
        with ctx.db.work() as session:
            begun = survey_imports.begin(
                session,
                me.actor,
                content,
                read_table(content),
                name=(file.filename if file is not None else "") or "",
                method=_method(method),
                asked_by=asked_by,
                now=now,
            )
        more = True
        while more:
            with ctx.db.work() as session:
                more = survey_imports.go_on(session, me.actor, begun, ctx.rules, now=now)
    except HotlineError as problem:
        typed = {"import_method": method, "import_asked_by": asked_by}
        return _page(request, ctx, me.actor, typed=typed, import_problem=problem)
    return RedirectResponse(f"{PAGE}?said={quote('导入完成，结果见下表')}#imports", 303)


@router.get(f"{PAGE}/template.csv")
def template(ctx: Ctx, me: Me) -> Response:
    """An empty table with the headings and one example."""
    return _csv([[names[0] for names in HEADINGS.values()], list(EXAMPLE)], "survey-template")


@router.get(f"{PAGE}/imports/{{import_id}}/refused.csv")
def refused(import_id: int, ctx: Ctx, me: Me) -> Response:
    """The rows that were not taken, with why: to be corrected and brought again."""
    with ctx.db.read() as session:
        table = survey_import_queries.refused_table(session, me.actor, import_id)
    return _csv(table, f"survey-{import_id}-refused")


def _page(
    request: Request,
    ctx: PortalContext,
    reader: Actor,
    *,
    said: str = "",
    typed: dict[str, str] | None = None,
    problem: HotlineError | None = None,
    import_problem: HotlineError | None = None,
) -> Response:
    now = ctx.clock()
    with ctx.db.read() as session:
        values: dict[str, Any] = {
            "counts": follow_up_desk.counts(session, reader, now=now),
            "listed": survey_import_queries.imports(session, reader),
        }
    wrong = problem or import_problem
    return render(
        request,
        "follow_up/visits.html",
        status_code=status_of(wrong) if wrong else 200,
        tabs=tuple(DeskTab),
        said=said,
        typed=typed or {},
        problem=problem,
        problem_field=problem.field if isinstance(problem, InvalidInput) else None,
        import_problem=import_problem,
        may_write=reader.role in follow_up_desk.CALLERS,
        methods=survey_imports.METHODS,
        verdicts=tuple(Verdict),
        grades=tuple(Rating),
        reasons=UNREACHED,
        most_rows=survey_imports.MOST_ROWS,
        headings=[names[0] for names in HEADINGS.values()],
        **values,
    )


def _method(typed: str) -> FollowUpMethod:
    found = next((one for one in survey_imports.METHODS if one.value == typed), None)
    if found is None:
        raise InvalidInput("请选择上门走访或第三方调查", field="method")
    return found


def _csv(table: list[list[str]], name: str) -> Response:
    return Response(
        write_csv(table),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "no-store",
        },
    )
