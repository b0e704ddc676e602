"""约谈整改: the list, one talk with its forms, summoning a unit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from analytics import score_counts, tallies
from analytics.scoring import UnitScore, score
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.service import accountability, scoring_versions
from dispatch.service.accountability_queries import (
    PAGE,
    TalkFilter,
    talk_counts,
    talk_for,
    talk_list,
)
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.views.scoring import Month, month_asked

router = APIRouter(include_in_schema=False)

Short = Annotated[str, Query(max_length=40)]
Words = Annotated[str, Form(max_length=20_000)]
Act = Callable[[Session, Actor, int, Rules, str, datetime], object]

ACTS: dict[str, Act] = {
    "hold": lambda s, a, i, r, w, n: accountability.hold_talk(s, a, i, r, minutes=w, now=n),
    "report": lambda s, a, i, _r, w, n: accountability.report(s, a, i, words=w, now=n),
    "accept": lambda s, a, i, _r, w, n: accountability.accept(s, a, i, words=w, now=n),
    "send-back": lambda s, a, i, r, w, n: accountability.send_back(s, a, i, r, reason=w, now=n),
    "call-off": lambda s, a, i, _r, w, n: accountability.call_off(s, a, i, reason=w, now=n),
}
"""What the buttons of a talk do; who may press which is the service's to say."""


@router.get("/accountability")
def list_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    show: Short = "",
    after: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """Talks under one tab; what waits for the reader is opened first."""
    with ctx.db.read() as session:
        counts = talk_counts(session, me.actor, now=now)
        first = next((one for one in TalkFilter if counts[one.value]), TalkFilter.OPEN)
        wanted = next((one for one in TalkFilter if one == show), first)
        talks = talk_list(session, me.actor, wanted, after=after, now=now)
    return render(
        request,
        "accountability/talks.html",
        talks=talks,
        counts=counts,
        tabs=tuple(TalkFilter),
        wanted=wanted,
        more=after + PAGE if len(talks) == PAGE else None,
    )


@router.get("/accountability/new")
def new_page(
    request: Request, ctx: Ctx, me: Me, now: Now, unit: Short = "", month: Short = ""
) -> Response:
    """The form that summons a unit, with its result beside it."""
    return _form(request, ctx, now, unit, month_asked(month, now), None)


@router.post("/accountability")
def summon(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    unit: Annotated[str, Form(max_length=40)] = "",
    month: Annotated[str, Form(max_length=10)] = "",
    reason: Words = "",
) -> Response:
    """约谈: open the talk and tell the unit."""
    chosen = month_asked(month, now)
    try:
        with ctx.db.work() as session:
            rules = scoring_versions.rules_at(session, chosen.first)
            made = accountability.summon(
                session,
                me.actor,
                unit,
                month=chosen.first.date(),
                scored_by=rules.label,
                reason=reason,
                now=now,
            ).id
    except InvalidInput as problem:
        return _form(request, ctx, now, unit, chosen, problem, reason)
    return RedirectResponse(f"/accountability/{made}", 303)


@router.get("/accountability/{talk_id}")
def talk_page(request: Request, talk_id: int, ctx: Ctx, me: Me) -> Response:
    """One talk with what may be done now."""
    return _talk(request, ctx, me.actor, talk_id)


@router.post("/accountability/{talk_id}/{act}")
def press(
    request: Request,
    talk_id: int,
    act: str,
    ctx: Ctx,
    me: Me,
    now: Now,
    words: Words = "",
) -> Response:
    """Hold the talk, report, accept, send back or call off; nothing typed is lost."""
    with ctx.db.read() as session:
        talk_for(session, me.actor, talk_id)
    do = ACTS.get(act)
    if do is None:
        raise InvalidInput(f"没有“{act[:20]}”这个操作，请从约谈页面的按钮进入")
    try:
        with ctx.db.work() as session:
            do(session, me.actor, talk_id, ctx.rules, words, now)
    except InvalidInput as problem:
        return _talk(request, ctx, me.actor, talk_id, act, words, problem)
    return RedirectResponse(f"/accountability/{talk_id}", 303)


def _form(
    request: Request,
    ctx: PortalContext,
    now: datetime,
    unit: str,
    month: Month,
    problem: InvalidInput | None,
    reason: str = "",
) -> Response:
    found: UnitScore | None = None
    with ctx.db.read() as session:
        rules = scoring_versions.rules_at(session, month.first)
        counted = score_counts.counts(session, month.period, ctx.rules, unit=unit, now=now)
        if unit and counted:
            found = score(rules, counted[0])
        name = tallies.unit_name(session, unit) if unit else ""
    return render(
        request,
        "accountability/new.html",
        status_code=status_of(problem) if problem else 200,
        unit=unit,
        unit_name=name,
        month=month,
        score=found,
        problem=problem,
        reason=reason or (_usual(found, month) if found and not problem else ""),
    )


def _usual(found: UnitScore, month: Month) -> str:
    """A first wording of the reason: the items that cost most."""
    worst = sorted((one for one in found.items if one.lost), key=lambda one: -one.lost)[:3]
    parts = [
        f"{one.item.measure.label} {one.rate.percent}%（{one.rate.judged} 件）" for one in worst
    ]
    total = f"得分 {found.total}，" if found.total is not None else ""
    return f"{month.name} {total}失分较多：{'、'.join(parts)}" if parts else ""


def _talk(
    request: Request,
    ctx: PortalContext,
    reader: Actor,
    talk_id: int,
    act: str = "",
    words: str = "",
    problem: InvalidInput | None = None,
) -> Response:
    with ctx.db.read() as session:
        talk = talk_for(session, reader, talk_id)
    return render(
        request,
        "accountability/talk.html",
        status_code=status_of(problem) if problem else 200,
        t=talk,
        act=act,
        words=words,
        problem=problem,
    )
