"""指标异常: findings of gaming, each with its tickets, settled by a person with what was found."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch.domain.errors import InvalidInput
from dispatch.domain.judging_terms import FindingState, GamingKind
from dispatch.service import gaming, gaming_queries, queries_ticket
from dispatch.service.accounts import SignedIn
from dispatch.service.gaming_queries import PAGE
from portal.deps import Ctx, Me, Now, PortalContext
from portal.rendering import render

router = APIRouter(include_in_schema=False)

LIST = "/evaluation/gaming"

Word = Annotated[str, Query(max_length=40)]
Id = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get(LIST)
def list_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    show: Word = "",
    kind: Word = "",
    unit: Word = "",
    before: Id = None,
) -> Response:
    """Findings in one state, of one kind or unit if wished; those to be settled come first."""
    state = next((one for one in FindingState if one == show), FindingState.OPEN)
    of_kind = next((one for one in GamingKind if one == kind), None)
    with ctx.db.read() as session:
        listed = gaming_queries.findings(
            session, me.actor, state, kind=of_kind, unit=unit, before=before
        )
        counts = gaming_queries.counts(session, me.actor)
    return render(
        request,
        "evaluation/gaming_list.html",
        listed=listed,
        counts=counts,
        state=state,
        states=tuple(FindingState),
        kind=of_kind,
        kinds=tuple(GamingKind),
        unit=unit,
        rules=ctx.rules.profile.gaming,
        more=listed[-1].id if len(listed) == PAGE else None,
    )


@router.get(f"{LIST}/{{finding_id}}")
def finding_page(request: Request, finding_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """One finding with its tickets; who read them is written down."""
    with ctx.db.work() as session:
        shown = gaming_queries.finding(session, me.actor, finding_id)
        for number in filter(None, (shown.ticket, shown.other)):
            queries_ticket.look_at(session, me.actor, number, "gaming", now=now)
    return _page(request, finding_id, ctx, me)


@router.post(f"{LIST}/{{finding_id}}/settle")
def settle(
    request: Request,
    finding_id: int,
    ctx: Ctx,
    me: Me,
    now: Now,
    verdict: Annotated[Literal["yes", "no"], Form()],
    note: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """属实 or 不属实; without a word it is refused beside its field."""
    try:
        with ctx.db.work() as session:
            holds = verdict == "yes"
            gaming.settle(session, me.actor, finding_id, holds=holds, note=note, now=now)
    except InvalidInput as problem:
        return _page(request, finding_id, ctx, me, problem=problem)
    return RedirectResponse(f"{LIST}/{finding_id}", 303)


def _page(
    request: Request,
    finding_id: int,
    ctx: PortalContext,
    me: SignedIn,
    *,
    problem: InvalidInput | None = None,
) -> Response:
    rules = ctx.rules
    with ctx.db.read() as session:
        shown = gaming_queries.finding(session, me.actor, finding_id)
        asked = gaming_queries.asked_tickets(session, me.actor, shown, rules)
    return render(
        request,
        "evaluation/gaming_finding.html",
        status_code=422 if problem else 200,
        f=shown,
        asked=asked,
        problem=problem,
    )
