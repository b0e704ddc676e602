"""线路: the register, what the telephone system made of it, and each line's own report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from starlette.responses import RedirectResponse, Response

from dispatch.db import Session
from dispatch.domain.call_terms import LineKind
from dispatch.domain.calls import CallOutcome
from dispatch.domain.errors import HotlineError, InvalidInput, NotFound
from dispatch.domain.vocabulary import LineState
from dispatch.service import (
    account_queries,
    line_files,
    line_reports,
    lines,
    switch_plans,
)
from dispatch.service.line_forms import USUAL_QUEUE, LineForm
from dispatch.service.lines import LineView
from dispatch.service.switch_keeping import SwitchKeeper
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.tables import read_table, write_csv

router = APIRouter(include_in_schema=False)

PAGE = 50
WEEK = 7

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        CallOutcome.ANSWERED.value: "已接听",
        CallOutcome.ABANDONED_IN_QUEUE.value: "排队中挂断",
        CallOutcome.ABANDONED_IN_IVR.value: "未进入排队即挂断",
        CallOutcome.OVERFLOWED.value: "未能接听",
        CallOutcome.VOICEMAIL.value: "留言",
        CallOutcome.CALL_BACK.value: "登记回拨",
        CallOutcome.CLOSED.value: "非接听时段",
        CallOutcome.REFUSED.value: "播放告知",
        CallOutcome.FAILED.value: "呼叫失败",
    }
)

Typed = Annotated[str, Form(max_length=400)]


@router.get("/admin/lines")
def lines_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    q: Annotated[str, Query(max_length=60)] = "",
    done: str = "",
) -> Response:
    """The register, how the telephone system took it, and the form for a new line."""
    said = {
        "saved": "已保存，几秒后在电话系统生效，正在进行的通话不受影响",
        "loaded": "已导入，几秒后在电话系统生效",
        "applied": "电话系统已重新载入方案，正在进行的通话不受影响",
    }.get(done, "")
    return _list(request, ctx, me, now, q=q, said=said)


@router.get("/admin/lines/export.csv")
def export(ctx: Ctx, now: Now) -> Response:
    """The register in the columns in which it is uploaded."""
    with ctx.db.read() as session:
        table = line_files.table(lines.listed(session, ctx.rules, now=now))
    return Response(
        write_csv(table),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="lines.csv"'},
    )


@router.post("/admin/lines/import")
def load(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Add and change lines from a file; one wrong row and nothing is changed."""
    try:
        content = file.file.read() if file else b""
        with ctx.db.work() as session:
            loaded = line_files.load(session, me.actor, read_table(content), ctx.rules, now=now)
    except InvalidInput as problem:
        return _list(request, ctx, me, now, problem=problem)
    said = f"新增 {len(loaded.added)} 条，修改 {len(loaded.changed)} 条，{loaded.same} 条没有变化"
    return _list(request, ctx, me, now, said=f"已导入：{said}")


@router.post("/admin/lines/apply")
def apply(request: Request, ctx: Ctx, me: Me, now: Now, node: Typed = "") -> Response:
    """Give the plan to a telephone system again, whatever it has now."""
    try:
        if node not in ctx.telephones.switch.nodes:
            raise InvalidInput("请选择要重新应用的电话系统", field="node")
        problem = _keeper(ctx).apply(node, by=me.actor, now=now)
    except HotlineError as refused:
        return _list(request, ctx, me, now, problem=refused)
    if problem:
        return _list(request, ctx, me, now)
    return RedirectResponse("/admin/lines?done=applied", 303)


@router.post("/admin/lines")
def save(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    number: Typed = "",
    name: Typed = "",
    state: Typed = "",
    kind: Typed = LineKind.GENERAL.value,
    queue: Typed = USUAL_QUEUE,
    effective_from: Typed = "",
    effective_to: Typed = "",
    transfer_number: Typed = "",
    greeting: Typed = "",
    language: Typed = "",
    department: Typed = "",
    own_report: Typed = "",
    note: Typed = "",
    version: Typed = "",
) -> Response:
    """Add a line, or change the one that was read in this version."""
    typed = {
        "number": number.strip(),
        "name": name,
        "state": state,
        "kind": kind,
        "queue": queue,
        "transfer_number": transfer_number,
        "greeting": greeting,
        "language": language,
        "department": department,
        "note": note,
    }
    days = {"effective_from": effective_from, "effective_to": effective_to}
    try:
        form = LineForm(
            **typed,
            effective_from=_day(effective_from, "effective_from"),
            effective_to=_day(effective_to, "effective_to"),
            own_report=own_report == "1",
        )
        read = _version(version)
        with ctx.db.work() as session:
            lines.save(session, me.actor, form, ctx.rules, version=read, now=now)
    except NotFound:
        raise
    except HotlineError as problem:
        shown = typed | days | {"own_report": own_report}
        if version:
            return _one(request, ctx, me, now, number, typed=shown, problem=problem)
        return _list(request, ctx, me, now, typed=shown, problem=problem)
    return RedirectResponse("/admin/lines?done=saved", 303)


@router.get("/admin/lines/{number}")
def line_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    number: str,
    days: Annotated[int, Query(ge=1, le=366)] = WEEK,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """One line: its report, the calls behind it, and the form to change it."""
    return _one(request, ctx, me, now, number, days=days, page=page)


def _list(
    request: Request,
    ctx: PortalContext,
    me: Me,
    now: datetime,
    *,
    q: str = "",
    said: str = "",
    typed: dict[str, str] | None = None,
    problem: HotlineError | None = None,
) -> Response:
    nodes = ctx.telephones.switch.nodes
    with ctx.db.read() as session:
        register = lines.listed(session, ctx.rules, now=now)
        counts = line_reports.calls_by_line(session, me.actor, now=now, days=WEEK)
        states = {one.node: one for one in switch_plans.applications(session, nodes)}
        choices = _choices(ctx, session)
    return render(
        request,
        "admin/lines.html",
        status_code=status_of(problem) if problem else 200,
        q=q,
        said=said,
        register=[one for one in register if _matches(one, q)],
        counts=counts,
        nodes=[(node, states.get(node)) for node in nodes],
        typed=typed or {},
        problem=problem,
        **choices,
    )


def _one(
    request: Request,
    ctx: PortalContext,
    me: Me,
    now: datetime,
    number: str,
    *,
    days: int = WEEK,
    page: int = 1,
    typed: dict[str, str] | None = None,
    problem: HotlineError | None = None,
) -> Response:
    with ctx.db.read() as session:
        view = lines.one(session, ctx.rules, number, now=now)
        report = line_reports.figures(session, me.actor, number, ctx.rules.profile.service, now=now)
        calls = line_reports.calls(
            session,
            me.actor,
            number,
            now=now,
            days=days,
            offset=(page - 1) * PAGE,
            limit=PAGE + 1,
        )
        choices = _choices(ctx, session)
    return render(
        request,
        "admin/line.html",
        status_code=status_of(problem) if problem else 200,
        line=view,
        outcomes=OUTCOMES,
        report=report,
        answer_within=ctx.rules.profile.service.answer_within_seconds,
        calls=calls[:PAGE],
        more=len(calls) > PAGE,
        days=days,
        page=page,
        typed=typed or _typed(view),
        problem=problem,
        **choices,
    )


def _choices(ctx: PortalContext, session: Session) -> dict[str, Any]:
    """What the form's lists offer: value and words."""
    units = account_queries.unit_choices(session)
    queues = ctx.rules.profile.calls.queues
    return {
        "state_options": [("", "请选择"), *((one.value, one.label) for one in LineState)],
        "kind_options": [(one.value, one.label) for one in LineKind],
        "queue_options": [(queue.code, queue.label) for queue in queues],
        "unit_options": [("", "无"), *((unit.code, unit.name) for unit in units)],
    }


def _typed(view: LineView) -> dict[str, str]:
    """The stored line as the form shows it."""
    first, last = view.effective_from, view.effective_to
    return {
        "number": view.number,
        "name": view.name,
        "state": view.state.value,
        "kind": view.kind.value,
        "queue": view.queue,
        "effective_from": first.isoformat() if first else "",
        "effective_to": last.isoformat() if last else "",
        "transfer_number": view.transfer_number,
        "greeting": view.greeting,
        "language": view.language,
        "department": view.department,
        "own_report": "1" if view.own_report else "",
        "note": view.note,
    }


def _keeper(ctx: PortalContext) -> SwitchKeeper:
    return SwitchKeeper(ctx.db, ctx.rulebook, ctx.telephones.switch, ctx.seal)


def _matches(view: LineView, q: str) -> bool:
    words = (view.number, view.name, view.department_name, view.state.label, view.queue_label)
    return not q.strip() or any(q.strip() in word for word in words)


def _version(typed: str) -> int | None:
    if not typed:
        return None
    if not typed.isdecimal():
        raise InvalidInput("页面已过期，请重新打开这条线路")
    return int(typed)


def _day(typed: str, field: str) -> date | None:
    if not typed.strip():
        return None
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        raise InvalidInput("日期应写成 2026-12-01 这样", field=field) from None
