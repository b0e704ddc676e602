"""平台管·质检: what waits to be scored, one check with its sound or reply, what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from analytics.agreement import BANDS, LEAST, agreement
from dispatch.domain.errors import InvalidInput
from dispatch.service import (
    quality,
    quality_figures,
    quality_queries,
    queries_ticket,
    recording_queries,
)
from dispatch.service.accounts import SignedIn
from dispatch.service.quality_queries import PAGE, TABS
from portal.deps import Ctx, Me, Now, PortalContext
from portal.rendering import render
from portal.views.agent_form import TypedForm

router = APIRouter(include_in_schema=False)

LIST = "/evaluation/quality"
AGREEMENT_BACK = timedelta(days=91)
"""The agreement is told of the double checks of a quarter."""

Id = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get(LIST)
def list_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    show: Annotated[str, Query(max_length=20)] = "open",
    before: Id = None,
) -> Response:
    """The checks of a tab, the weeks drawn, and how far two scores of one thing agree."""
    tab = show if show in TABS else TABS[0]
    with ctx.db.read() as session:
        listed = quality_queries.checks(session, me.actor, tab, before=before)
        counts = quality_queries.counts(session, me.actor)
        weeks = quality_figures.weeks(session, now=now)
        pairs = quality_figures.double_scores(session, since=now - AGREEMENT_BACK)
    return render(
        request,
        "evaluation/quality_list.html",
        listed=listed,
        counts=counts,
        tab=tab,
        weeks=weeks,
        agreed=agreement(pairs),
        least=LEAST,
        bands=BANDS,
        rules=ctx.rules.profile.quality,
        more=listed[-1].id if len(listed) == PAGE else None,
    )


@router.get(f"{LIST}/mine")
def own_page(request: Request, ctx: Ctx, me: Me) -> Response:
    """An agent's own checks that are done."""
    with ctx.db.read() as session:
        listed = quality_queries.own_results(session, me.actor)
    return render(request, "evaluation/quality_mine.html", listed=listed)


@router.get(f"{LIST}/{{check_id}}")
def check_page(request: Request, check_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """One check: the sound or the reply beside the sheet; who read the ticket is written down."""
    with ctx.db.work() as session:
        shown = quality_queries.check(session, me.actor, check_id)
        if shown.ticket is not None and shown.scorer:
            queries_ticket.look_at(session, me.actor, shown.ticket, "quality", now=now)
    return _page(request, check_id, ctx, me)


@router.post(f"{LIST}/{{check_id}}/score")
def score(
    request: Request, check_id: int, ctx: Ctx, me: Me, now: Now, typed: TypedForm
) -> Response:
    """Hand in a sheet, then on to the next check; a refusal keeps the points."""
    points = {name.removeprefix("p-"): said for name, said in typed.items() if name[:2] == "p-"}
    note = typed.get("note", "")
    try:
        with ctx.db.work() as session:
            quality.score(session, me.actor, check_id, points, ctx.rules, note=note, now=now)
    except InvalidInput as problem:
        return _page(request, check_id, ctx, me, typed=typed, problem=problem)
    with ctx.db.read() as session:
        following = quality_queries.next_open(session, me.actor)
    return RedirectResponse(f"{LIST}/{following}" if following else LIST, 303)


@router.post(f"{LIST}/{{check_id}}/rule")
def rule(
    request: Request,
    check_id: int,
    ctx: Ctx,
    me: Me,
    now: Now,
    final: Annotated[str, Form(max_length=10)] = "",
    ruling: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """裁定 of two sheets too far apart."""
    try:
        with ctx.db.work() as session:
            quality.rule(session, me.actor, check_id, final=final, ruling=ruling, now=now)
    except InvalidInput as problem:
        typed = {"final": final, "ruling": ruling}
        return _page(request, check_id, ctx, me, typed=typed, problem=problem)
    return RedirectResponse(f"{LIST}/{check_id}", 303)


def _page(
    request: Request,
    check_id: int,
    ctx: PortalContext,
    me: SignedIn,
    *,
    typed: Mapping[str, str] | None = None,
    problem: InvalidInput | None = None,
) -> Response:
    with ctx.db.read() as session:
        shown = quality_queries.check(session, me.actor, check_id)
        heard = (shown.contact_id,) if shown.contact_id is not None else ()
        sounds = recording_queries.lines_of(session, me.actor, heard)
    return render(
        request,
        "evaluation/quality_check.html",
        status_code=422 if problem else 200,
        c=shown,
        sounds=sounds.get(shown.contact_id or 0, ()),
        typed=typed or {},
        problem=problem,
    )
