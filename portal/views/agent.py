"""The agent's console: the call at hand, the request form, and what ends a call."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse

from dispatch.db import Session
from dispatch.domain.errors import HotlineError, InvalidInput, RepeatRequest
from dispatch.domain.seating import own_pauses
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import console_queries, drafts, seats, seats_past
from dispatch.service.accounts import SignedIn
from portal.deps import Ctx, Me, Now, context_of
from portal.rendering import render
from portal.views import agent_panel, agent_suggestions
from portal.views.agent_endings import Ending, end, ends_of
from portal.views.agent_form import FIELDS, Subject, TypedForm
from portal.views.agent_panel import Panel, Saved
from portal.views.agent_phone import ask_telephone, ready_again

router = APIRouter()

Number = Annotated[int | None, Query(ge=1, lt=2**62)]


@router.get("/agent")
def console(request: Request, ctx: Ctx, me: Me, now: Now) -> HTMLResponse:
    """The whole page, on the call that should be at hand."""
    with ctx.db.read() as session:
        return _console(request, session, me, _current(session, me, now))


@router.get("/agent/contact/{contact_id}")
def contact(request: Request, contact_id: int, ctx: Ctx, me: Me) -> HTMLResponse:
    """One call of the agent's own: the panel to htmx, the whole page to a link."""
    with ctx.db.read() as session:
        panel = agent_panel.for_contact(session, me.actor, contact_id)
        return _either(request, session, me, panel)


@router.get("/agent/current")
def current(request: Request, ctx: Ctx, me: Me, now: Now) -> HTMLResponse:
    """The panel for the call that should be at hand now, or the idle one."""
    with ctx.db.read() as session:
        return _either(request, session, me, _current(session, me, now))


@router.get("/agent/new")
def by_hand(
    request: Request, ctx: Ctx, me: Me, again: Number = None, phone: str = ""
) -> HTMLResponse:
    """A form without a call, or for a further request of the same call."""
    with ctx.db.read() as session:
        panel = agent_panel.by_hand(session, me.actor, again, phone[:20])
        return _either(request, session, me, panel)


@router.get("/agent/recent")
def recent(request: Request, ctx: Ctx, me: Me, now: Now) -> HTMLResponse:
    """The agent's calls today, those not written up first."""
    with ctx.db.read() as session:
        day = agent_panel.day_of(session, me.actor, now)
        start = agent_panel.midnight(now)
        states = seats_past.day_of(session, me.actor.staff_id, start=start, now=now)
    totals = seats_past.seconds_by_state(states, now)
    return render(request, "agent/recent.html", day=day, states=states, totals=totals)


@router.post("/agent/caller")
def caller(request: Request, ctx: Ctx, me: Me, typed: TypedForm) -> HTMLResponse:
    """What is known of a number typed by hand; by POST, so that no log keeps the number."""
    with ctx.db.read() as session:
        subject = Subject.of(typed)
        panel = agent_panel.refused(session, me.actor, subject, typed, None, "")
    return render(request, "agent/past.html", panel=panel)


@router.post("/agent/draft")
def keep_draft(ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> JSONResponse:
    """Keep what was typed so far."""
    kept = {name: typed[name] for name in FIELDS if name in typed}
    with ctx.db.work() as session:
        drafts.save_draft(session, me.actor, Subject.of(typed).key, kept, now=now)
    return JSONResponse({"saved_at": f"{now.astimezone(SHANGHAI):%H:%M:%S}"})


@router.post("/agent/suggest")
def suggest(request: Request, ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> HTMLResponse:
    """Proposals for what was typed so far: categories of the model, units of the catalogue."""
    with ctx.db.read() as session:
        panel = agent_suggestions.read(ctx, session, me.actor, typed, now)
    return render(request, "agent/suggestions.html", **panel)


@router.post("/agent/save")
def save(request: Request, ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> HTMLResponse:
    """End the call, or take the request, as the pressed button says; all of it or nothing."""
    subject = Subject.of(typed)
    try:
        with ctx.db.work() as session:
            saved = end(Ending(ctx, session, me.actor, subject, typed, now))
            drafts.drop_draft(session, me.actor, subject.key)
            seat = ready_again(session, me.actor, ctx.rules, now)
    except HotlineError as error:
        name = error.field if isinstance(error, InvalidInput) else None
        with ctx.db.read() as session:
            earlier = error.number if isinstance(error, RepeatRequest) else ""
            panel = agent_panel.refused(
                session, me.actor, subject, typed, name, str(error), earlier
            )
            page = _either(request, session, me, panel)
        page.status_code = 422 if isinstance(error, InvalidInput) else 409
        return page
    if seat is not None:
        ask_telephone(ctx, seat)
    with ctx.db.read() as session:
        panel = _after(session, me, subject, saved)
        return _either(request, session, me, panel)


def _current(session: Session, me: SignedIn, now: datetime) -> Panel:
    at_hand = console_queries.current_contact(session, me.actor, now=now)
    if at_hand is None:
        return agent_panel.idle(session)
    return agent_panel.for_contact(session, me.actor, at_hand)


def _after(session: Session, me: SignedIn, subject: Subject, saved: Saved) -> Panel:
    # While the caller is still there, the call stays on the screen for a second request.
    if subject.contact_id is not None:
        panel = agent_panel.for_contact(session, me.actor, subject.contact_id, saved=saved)
        if panel.contact is not None and panel.contact.live:
            return panel
    return agent_panel.idle(session, saved=saved)


def _either(request: Request, session: Session, me: SignedIn, panel: Panel) -> HTMLResponse:
    if request.headers.get("hx-request"):
        return render(
            request, "agent/panel.html", panel=panel, ends=ends_of(context_of(request).rules)
        )
    return _console(request, session, me, panel)


def _console(request: Request, session: Session, me: SignedIn, panel: Panel) -> HTMLResponse:
    rules = context_of(request).rules
    return render(
        request,
        "agent/console.html",
        panel=panel,
        seat=seats.seat_of(session, me.actor, rules),
        desk_phones=context_of(request).desk_phones,
        pause_reasons=[pause.label for pause in own_pauses(rules)],
        ends=ends_of(rules),
    )
