"""预警: the list by state and kind, one with its tickets, and its settling."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch.domain.brief_steps import DRAFTERS
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import WarningKind, WarningState
from dispatch.service import early_warning_queries, early_warnings
from dispatch.service.early_warning_queries import PAGE
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render

router = APIRouter(include_in_schema=False)

LIST = "/warnings"
VERDICTS = ("settle", "false")
Id = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Short = Annotated[str, Query(max_length=20)]


@router.get(LIST)
def list_page(
    request: Request, ctx: Ctx, me: Me, show: Short = "", kind: Short = "", before: Id = None
) -> Response:
    """Warnings in one state, of one kind or of all, the newest first."""
    state = next((one for one in WarningState if one == show), WarningState.OPEN)
    chosen = next((one for one in WarningKind if one == kind), None)
    with ctx.db.read() as session:
        listed = early_warning_queries.warning_list(
            session, me.actor, state, kind=chosen, before=before
        )
        counts = early_warning_queries.warning_counts(session, chosen)
        looked = early_warning_queries.looked_at(session)
    return render(
        request,
        "early_warnings/list.html",
        listed=listed,
        counts=counts,
        state=state,
        tabs=tuple(WarningState),
        kinds=tuple(WarningKind),
        kind=chosen,
        looked=looked,
        rules=ctx.rules.profile,
        more=listed[-1].id if len(listed) == PAGE else None,
    )


@router.get(f"{LIST}/{{warning_id}}")
def warning_page(request: Request, warning_id: int, ctx: Ctx, me: Me) -> Response:
    """One warning with the tickets behind it and the form that settles it."""
    return _page(request, ctx, me.actor, warning_id)


@router.post(f"{LIST}/{{warning_id}}/{{verdict}}")
def settle(
    request: Request,
    warning_id: int,
    verdict: str,
    ctx: Ctx,
    me: Me,
    now: Now,
    outcome: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """处置 with what was done, or 误报 with why."""
    with ctx.db.read() as session:
        early_warning_queries.warning_for(session, me.actor, warning_id)
    if verdict not in VERDICTS:
        raise InvalidInput(f"没有“{verdict[:20]}”这个操作，请从预警页面的按钮进入")
    try:
        _settle(ctx, me.actor, warning_id, outcome, verdict == "false", now)
    except InvalidInput as problem:
        return _page(request, ctx, me.actor, warning_id, outcome, problem)
    return RedirectResponse(f"{LIST}/{warning_id}", 303)


def _settle(
    ctx: PortalContext, actor: Actor, warning_id: int, outcome: str, false: bool, now: datetime
) -> None:
    with ctx.db.work() as session:
        early_warnings.settle(session, actor, warning_id, outcome=outcome, false=false, now=now)


def _page(
    request: Request,
    ctx: PortalContext,
    reader: Actor,
    warning_id: int,
    outcome: str = "",
    problem: InvalidInput | None = None,
) -> Response:
    with ctx.db.read() as session:
        view = early_warning_queries.warning_for(session, reader, warning_id)
        cards = early_warning_queries.warning_tickets(session, reader, view)
    return render(
        request,
        "early_warnings/warning.html",
        status_code=status_of(problem) if problem else 200,
        w=view,
        cards=cards,
        outcome=outcome,
        problem=problem,
        drafting=reader.role in DRAFTERS,
    )
