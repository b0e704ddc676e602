"""媒体督: items of the press, the ticket each is about, its supervision and its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch.domain.errors import HotlineError, InvalidInput
from dispatch.domain.judging_terms import MediaState
from dispatch.domain.terms import SupervisionLevel
from dispatch.service import media, media_queries
from dispatch.service.media import MediaForm
from dispatch.service.media_queries import PAGE
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.views.agent_form import TypedForm

router = APIRouter(include_in_schema=False)

LIST = "/evaluation/media"
FIELDS = ("title", "outlet", "published_on", "words", "url", "place")

Id = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Query_ = Annotated[str, Query(max_length=60)]


@router.get(LIST)
def list_page(request: Request, ctx: Ctx, me: Me, show: Query_ = "", before: Id = None) -> Response:
    """Items in one state, the newest first; those nobody has looked into come first."""
    with ctx.db.read() as session:
        counts = media_queries.counts(session)
        state = next((one for one in MediaState if one == show), _first(counts))
        listed = media_queries.items(session, me.actor, state, before=before)
    return render(
        request,
        "evaluation/media_list.html",
        listed=listed,
        counts=counts,
        state=state,
        states=tuple(MediaState),
        more=listed[-1].id if len(listed) == PAGE else None,
    )


def _first(counts: Mapping[str, int]) -> MediaState:
    return next((one for one in MediaState if counts[one.value]), MediaState.REGISTERED)


@router.get(f"{LIST}/new")
def new_page(request: Request) -> Response:
    """The form of a media item."""
    return _form(request, {})


@router.post(LIST)
def register(request: Request, ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> Response:
    """登记; what is wrong is said beside its field, and nothing typed is lost."""
    form = MediaForm(**{name: typed.get(name, "") for name in FIELDS})
    try:
        with ctx.db.work() as session:
            made = media.register(session, me.actor, form, now=now).id
    except InvalidInput as problem:
        return _form(request, typed, problem)
    return RedirectResponse(f"{LIST}/{made}", 303)


@router.get(f"{LIST}/{{item_id}}")
def item_page(
    request: Request, item_id: int, ctx: Ctx, me: Me, now: Now, words: Query_ = ""
) -> Response:
    """One item: the tickets it may be about, and what can be done next."""
    return _page(request, item_id, ctx, me, now, words=words)


@router.post(f"{LIST}/{{item_id}}/match")
def match(
    request: Request,
    item_id: int,
    ctx: Ctx,
    me: Me,
    now: Now,
    number: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """对应工单 by its number."""
    try:
        with ctx.db.work() as session:
            media.match(session, me.actor, item_id, number, now=now)
    except InvalidInput as problem:
        return _page(request, item_id, ctx, me, now, problem=problem)
    return _to(item_id)


@router.post(f"{LIST}/{{item_id}}/open-ticket")
def open_ticket(item_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """据此登记工单 when there is none yet."""
    with ctx.db.work() as session:
        media.open_ticket(session, me.actor, item_id, now=now)
    return _to(item_id)


@router.post(f"{LIST}/{{item_id}}/supervise")
def supervise(
    request: Request,
    item_id: int,
    ctx: Ctx,
    me: Me,
    now: Now,
    level: Annotated[str, Form(max_length=20)] = SupervisionLevel.DAILY.value,
    demand: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """督办 of the matched ticket; a refusal keeps the words."""
    chosen = next((one for one in SupervisionLevel if one == level), SupervisionLevel.DAILY)
    try:
        with ctx.db.work() as session:
            media.supervise(
                session, me.actor, item_id, ctx.rules, level=chosen, demand=demand, now=now
            )
    except HotlineError as problem:
        typed = {"level": level, "demand": demand}
        return _page(request, item_id, ctx, me, now, problem=problem, typed=typed)
    return _to(item_id)


@router.post(f"{LIST}/{{item_id}}/close")
def close(
    request: Request,
    item_id: int,
    ctx: Ctx,
    me: Me,
    now: Now,
    outcome: Annotated[str, Form(max_length=5000)] = "",
) -> Response:
    """办结 with what came of it; a refusal keeps the words."""
    try:
        with ctx.db.work() as session:
            media.close(session, me.actor, item_id, outcome, now=now)
    except HotlineError as problem:
        return _page(request, item_id, ctx, me, now, problem=problem, typed={"outcome": outcome})
    return _to(item_id)


def _form(
    request: Request, typed: Mapping[str, str], problem: InvalidInput | None = None
) -> Response:
    return render(
        request,
        "evaluation/media_new.html",
        status_code=422 if problem else 200,
        typed=typed,
        problem=problem,
    )


def _page(
    request: Request,
    item_id: int,
    ctx: PortalContext,
    me: Me,
    now: datetime,
    *,
    words: str = "",
    problem: HotlineError | None = None,
    typed: Mapping[str, Any] | None = None,
) -> Response:
    with ctx.db.read() as session:
        shown = media_queries.item(session, me.actor, item_id)
        found = []
        if shown.state in {MediaState.REGISTERED, MediaState.MATCHED}:
            found = (
                media_queries.found_by_words(session, me.actor, words)
                if words
                else media_queries.candidates(session, me.actor, shown, ctx.search, now=now)
            )
    return render(
        request,
        "evaluation/media_item.html",
        status_code=status_of(problem) if problem else 200,
        m=shown,
        found=found,
        words=words,
        levels=tuple(SupervisionLevel),
        problem=problem,
        field=problem.field if isinstance(problem, InvalidInput) else None,
        typed=typed or {},
    )


def _to(item_id: int) -> Response:
    return RedirectResponse(f"{LIST}/{item_id}", 303)
