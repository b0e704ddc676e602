"""问而未得: questions agents did not find, with every search, given to a unit or dismissed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch.domain.errors import InvalidInput
from dispatch.domain.knowledge_terms import GapState
from dispatch.domain.people import Actor
from dispatch.service import knowledge_gap_queries, knowledge_gaps
from dispatch.service.queries_search import unit_code, units
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render

router = APIRouter(include_in_schema=False)

LIST = "/knowledge/gaps"
PERIODS = (7, 30, 90, 365)
USUAL = 30


@router.get(LIST)
def list_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    show: Annotated[str, Query(max_length=20)] = "",
    days: Annotated[int, Query(ge=1, le=3650)] = USUAL,
) -> Response:
    """Questions in one state that were asked in the last so many days, the most asked first."""
    state = next((one for one in GapState if one == show), GapState.OPEN)
    since = now - timedelta(days=days)
    with ctx.db.read() as session:
        listed = knowledge_gap_queries.gap_list(session, me.actor, state, since=since, now=now)
        counts = knowledge_gap_queries.gap_counts(session, me.actor, since=since)
    return render(
        request,
        "knowledge/gaps.html",
        listed=listed,
        counts=counts,
        state=state,
        tabs=tuple(GapState),
        days=days,
        periods=PERIODS,
    )


@router.get(f"{LIST}/{{gap_id}}")
def gap_page(request: Request, gap_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """One question with every search behind it and what may be done."""
    return _page(request, ctx, me.actor, gap_id, now)


@router.post(f"{LIST}/{{gap_id}}/assign")
def assign(
    request: Request,
    gap_id: int,
    ctx: Ctx,
    me: Me,
    now: Now,
    unit: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """交单位编写: a draft of the unit's with a day."""
    with ctx.db.read() as session:
        knowledge_gap_queries.gap_for(session, me.actor, gap_id, now=now)
    try:
        with ctx.db.work() as session:
            code = unit_code(session, unit)
            knowledge_gaps.assign(session, me.actor, gap_id, code, rules=ctx.rules, now=now)
    except InvalidInput as problem:
        return _page(request, ctx, me.actor, gap_id, now, unit=unit, problem=problem)
    return RedirectResponse(f"{LIST}/{gap_id}", 303)


@router.post(f"{LIST}/{{gap_id}}/dismiss")
def dismiss(
    request: Request,
    gap_id: int,
    ctx: Ctx,
    me: Me,
    now: Now,
    reason: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """不予补充, with why."""
    with ctx.db.read() as session:
        knowledge_gap_queries.gap_for(session, me.actor, gap_id, now=now)
    try:
        with ctx.db.work() as session:
            knowledge_gaps.dismiss(session, me.actor, gap_id, reason, now=now)
    except InvalidInput as problem:
        return _page(request, ctx, me.actor, gap_id, now, reason=reason, problem=problem)
    return RedirectResponse(f"{LIST}/{gap_id}", 303)


def _page(
    request: Request,
    ctx: PortalContext,
    reader: Actor,
    gap_id: int,
    now: datetime,
    *,
    unit: str = "",
    reason: str = "",
    problem: InvalidInput | None = None,
) -> Response:
    with ctx.db.read() as session:
        view = knowledge_gap_queries.gap_for(session, reader, gap_id, now=now)
        rows = knowledge_gap_queries.misses_of(session, reader, gap_id)
        known = units(session) if view.may_decide else ()
    return render(
        request,
        "knowledge/gap.html",
        status_code=status_of(problem) if problem else 200,
        g=view,
        rows=rows,
        units=known,
        unit=unit,
        reason=reason,
        problem=problem,
        policy=ctx.rules.profile.knowledge,
    )
