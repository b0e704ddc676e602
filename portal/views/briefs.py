"""要情: the list, one with its chain, the form that starts it, and the printed sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch.db import Session
from dispatch.domain.brief_steps import DRAFTERS
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import BriefLevel
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.service import brief_chain, brief_drafts, briefs
from dispatch.service.brief_queries import (
    PAGE,
    BriefFilter,
    brief_counts,
    brief_for,
    brief_list,
    brief_tickets,
)
from dispatch.service.queries_search import units
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.printed_briefs import brief_form
from portal.printing import pdf_of
from portal.rendering import render
from portal.views.brief_form import TypedBrief, close_of_day

router = APIRouter(include_in_schema=False)

LIST = "/briefs"
Short = Annotated[str, Query(max_length=40)]
Id = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Words = Annotated[str, Form(max_length=20_000)]
Little = Annotated[str, Form(max_length=400)]

TABS: Mapping[Role, BriefFilter] = {Role.LEADER: BriefFilter.SUBMITTED}
"""The tab a role reads first when there is something in it."""


@dataclass(frozen=True)
class Pressed:
    """What came with a button of a brief's page."""

    words: str
    unit: str
    due: str


Act = Callable[[Session, Actor, str, Rules, Pressed, datetime], object]


def _instruct(
    session: Session, actor: Actor, number: str, rules: Rules, typed: Pressed, now: datetime
) -> object:
    return brief_chain.instruct(
        session,
        actor,
        number,
        rules,
        words=typed.words,
        unit=typed.unit,
        due=close_of_day(typed.due, rules),
        now=now,
    )


ACTS: Mapping[str, Act] = {
    "submit": lambda s, a, n, _r, _t, at: briefs.submit(s, a, n, now=at),
    "instruct": _instruct,
    "receive": lambda s, a, n, _r, _t, at: brief_chain.receive(s, a, n, now=at),
    "feedback": lambda s, a, n, _r, t, at: brief_chain.feedback(s, a, n, words=t.words, now=at),
    "close": lambda s, a, n, _r, t, at: brief_chain.close(s, a, n, words=t.words, now=at),
}
"""What the buttons of a brief do; who may press which is the service's to say."""


@router.get(LIST)
def list_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    show: Short = "",
    after: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """Briefs under one tab; what waits for the reader is opened first."""
    with ctx.db.read() as session:
        counts = brief_counts(session, me.actor, now=now)
        mine = TABS.get(me.actor.role)
        first = next((one for one in BriefFilter if counts[one.value]), BriefFilter.HANDLING)
        first = mine if mine and counts[mine.value] else first
        wanted = next((one for one in BriefFilter if one == show), first)
        listed = brief_list(session, me.actor, wanted, after=after, now=now)
    return render(
        request,
        "briefs/list.html",
        listed=listed,
        counts=counts,
        tabs=tuple(BriefFilter),
        wanted=wanted,
        drafting=me.actor.role in DRAFTERS,
        more=after + PAGE if len(listed) == PAGE else None,
    )


@router.get(f"{LIST}/new")
def new_page(
    request: Request, ctx: Ctx, me: Me, ticket: Short = "", spot: Id = None, warning: Id = None
) -> Response:
    """The form; begun from a ticket, a hot spot or a warning it says what is known of it."""
    with ctx.db.read() as session:
        form = briefs.BriefForm()
        if ticket:
            form = brief_drafts.from_ticket(session, me.actor, ticket)
        elif spot is not None:
            form = brief_drafts.from_hot_spot(session, me.actor, spot)
        elif warning is not None:
            form = brief_drafts.from_warning(session, me.actor, warning)
    return _form(request, TypedBrief.of(form))


@router.post(LIST)
async def create(request: Request, ctx: Ctx, me: Me, now: Now) -> Response:
    """起草: keep what was typed as a draft."""
    typed = TypedBrief.read(await request.form())
    try:
        with ctx.db.work() as session:
            number = briefs.draft(session, me.actor, typed.form, now=now).number
    except InvalidInput as problem:
        return _form(request, typed, problem=problem)
    return RedirectResponse(f"{LIST}/{number}", 303)


@router.get(f"{LIST}/{{number}}")
def brief_page(request: Request, number: str, ctx: Ctx, me: Me, now: Now) -> Response:
    """One brief with its chain, its tickets and what may be done now."""
    return _page(request, ctx, me.actor, number, now)


@router.get(f"{LIST}/{{number}}/edit")
def edit_page(request: Request, number: str, ctx: Ctx, me: Me, now: Now) -> Response:
    """The form of a draft."""
    with ctx.db.read() as session:
        view = brief_for(session, me.actor, number, now=now)
    return _form(request, TypedBrief.of(view), number)


@router.post(f"{LIST}/{{number}}/edit")
async def edit(request: Request, number: str, ctx: Ctx, me: Me, now: Now) -> Response:
    """修改 the draft."""
    typed = TypedBrief.read(await request.form())
    with ctx.db.read() as session:
        brief_for(session, me.actor, number, now=now)
    try:
        with ctx.db.work() as session:
            briefs.edit(session, me.actor, number, typed.form, now=now)
    except InvalidInput as problem:
        return _form(request, typed, number, problem)
    return RedirectResponse(f"{LIST}/{number}", 303)


@router.get(f"{LIST}/{{number}}/print.pdf")
def print_brief(number: str, ctx: Ctx, me: Me, now: Now) -> Response:
    """The sheet that goes on a leader's table."""
    with ctx.db.read() as session:
        view = brief_for(session, me.actor, number, now=now)
    form = brief_form(view, city=ctx.city_name, printed_by=me.actor.name, now=now)
    return Response(
        pdf_of(form),
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{view.number}.pdf"',
            "Cache-Control": "no-store",
        },
    )


@router.post(f"{LIST}/{{number}}/{{act}}")
def press(
    request: Request,
    number: str,
    act: str,
    ctx: Ctx,
    me: Me,
    now: Now,
    words: Words = "",
    unit: Little = "",
    due: Little = "",
) -> Response:
    """Submit, instruct, receive, feed back or close; nothing typed is lost."""
    with ctx.db.read() as session:
        brief_for(session, me.actor, number, now=now)
    do = ACTS.get(act)
    if do is None:
        raise InvalidInput(f"没有“{act[:20]}”这个操作，请从要情页面的按钮进入")
    typed = Pressed(words, unit, due)
    try:
        with ctx.db.work() as session:
            do(session, me.actor, number, ctx.rules, typed, now)
    except InvalidInput as problem:
        return _page(request, ctx, me.actor, number, now, act, typed, problem)
    return RedirectResponse(f"{LIST}/{number}", 303)


def _form(
    request: Request, typed: TypedBrief, number: str = "", problem: InvalidInput | None = None
) -> Response:
    return render(
        request,
        "briefs/form.html",
        status_code=status_of(problem) if problem else 200,
        typed=typed,
        number=number,
        problem=problem,
        levels=tuple(BriefLevel),
    )


def _page(
    request: Request,
    ctx: PortalContext,
    reader: Actor,
    number: str,
    now: datetime,
    act: str = "",
    typed: Pressed | None = None,
    problem: InvalidInput | None = None,
) -> Response:
    with ctx.db.read() as session:
        view = brief_for(session, reader, number, now=now)
        cards = brief_tickets(session, reader, view)
        choices = units(session) if reader.role is Role.LEADER else []
    return render(
        request,
        "briefs/brief.html",
        status_code=status_of(problem) if problem else 200,
        b=view,
        cards=cards,
        units=choices,
        act=act,
        typed=typed,
        problem=problem,
    )
