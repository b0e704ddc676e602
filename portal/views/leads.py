"""问责线索: handed over by the centre, read and concluded by the discipline desk alone."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch.domain.errors import InvalidInput, NotFound
from dispatch.domain.people import Actor
from dispatch.service import accountability_leads as desk
from dispatch.service import queries_search
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render

router = APIRouter(include_in_schema=False)

Short = Annotated[str, Query(max_length=40)]
Words = Annotated[str, Form(max_length=20_000)]


@router.get("/leads")
def list_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    show: Short = "",
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """Leads in one state, the newest first."""
    state = next((one for one in desk.TABS if one == show), desk.TABS[0])
    with ctx.db.read() as session:
        counts = desk.counts(session, me.actor)
        listed = desk.leads(session, me.actor, state, before=before)
    return render(
        request,
        "accountability/leads.html",
        listed=listed,
        counts=counts,
        state=state,
        tabs=desk.TABS,
        more=listed[-1].id if len(listed) == desk.PAGE else None,
    )


@router.get("/leads/new")
def new_page(
    request: Request, ctx: Ctx, me: Me, unit: Short = "", ticket: Short = "", sent: Short = ""
) -> Response:
    """The form of a hand-over; afterwards only that it was handed over."""
    return _form(request, ctx, me.actor, {"unit": unit, "ticket": ticket}, sent=bool(sent))


@router.post("/leads")
def hand_over(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    unit: Annotated[str, Form(max_length=40)] = "",
    ticket: Annotated[str, Form(max_length=40)] = "",
    reason: Words = "",
) -> Response:
    """移送: from now on only the discipline desk sees it."""
    typed = {"unit": unit, "ticket": ticket, "reason": reason}
    try:
        with ctx.db.work() as session:
            desk.hand_over(session, me.actor, unit, ticket=ticket, reason=reason, now=now)
    except NotFound as missing:
        field = "ticket" if "工单" in str(missing) else "unit"
        return _form(request, ctx, me.actor, typed, InvalidInput(str(missing), field=field))
    except InvalidInput as problem:
        return _form(request, ctx, me.actor, typed, problem)
    return RedirectResponse("/leads/new?sent=1", 303)


@router.get("/leads/{lead_id}")
def lead_page(request: Request, lead_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """One lead with the matter it came from."""
    with ctx.db.work() as session:
        lead = desk.lead_for(session, me.actor, lead_id, now=now)
    return render(request, "accountability/lead.html", lead=lead, problem=None, words="")


@router.post("/leads/{lead_id}/conclude")
def conclude(
    request: Request,
    lead_id: int,
    ctx: Ctx,
    me: Me,
    now: Now,
    verdict: Annotated[Literal["taken", "returned"], Form()],
    words: Words = "",
) -> Response:
    """办结 or 不予受理."""
    try:
        with ctx.db.work() as session:
            desk.conclude(
                session, me.actor, lead_id, taken=verdict == "taken", words=words, now=now
            )
    except InvalidInput as problem:
        with ctx.db.work() as session:
            lead = desk.lead_for(session, me.actor, lead_id, now=now)
        return render(
            request,
            "accountability/lead.html",
            status_code=status_of(problem),
            lead=lead,
            problem=problem,
            words=words,
        )
    return RedirectResponse(f"/leads/{lead_id}", 303)


def _form(
    request: Request,
    ctx: PortalContext,
    reader: Actor,
    typed: dict[str, str],
    problem: InvalidInput | None = None,
    *,
    sent: bool = False,
) -> Response:
    with ctx.db.read() as session:
        units = queries_search.units(session)
    return render(
        request,
        "accountability/hand_over.html",
        status_code=status_of(problem) if problem else 200,
        units=units,
        typed=typed,
        problem=problem,
        sent=sent,
    )
