"""The page of one ticket for all roles, its buttons, and the search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from dispatch.domain.errors import HotlineError, NotFound
from dispatch.service import drafts, queries_ticket, replies
from dispatch.service.accounts import SignedIn
from dispatch.service.queries_search import search
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render
from portal.views import ticket_sheet
from portal.views.agent_form import TypedForm
from portal.views.ticket_buttons import BUTTONS
from portal.views.ticket_press import MAX_TEXT, Press
from portal.views.ticket_sheet import Refusal

router = APIRouter(include_in_schema=False)

Words = Annotated[str, Query(max_length=200)]

ALSO_DONE = {"attach": "附件已添加"}
"""What the page says after forms that are no buttons."""


@router.get("/search")
def search_page(request: Request, ctx: Ctx, me: Me, q: Words = "") -> Response:
    """Tickets by number, telephone number or words; a single hit by number opens at once."""
    with ctx.db.read() as session:
        cards = search(session, me.actor, q)
    if len(cards) == 1 and cards[0].number == q.strip():
        return RedirectResponse(f"/tickets/{cards[0].number}", 303)
    return render(request, "desk/search.html", cards=cards, q=q.strip())


@router.get("/tickets/{number}")
def ticket_page(
    request: Request, number: str, ctx: Ctx, me: Me, now: Now, done: str = ""
) -> Response:
    """One ticket; who opened it is written down."""
    with ctx.db.work() as session:
        queries_ticket.look_at(session, me.actor, number, "ticket", now=now)
    with ctx.db.read() as session:
        sheet = ticket_sheet.sheet(session, ctx, me.actor, number, now=now)
    said = BUTTONS[done].done if done in BUTTONS else ALSO_DONE.get(done, "")
    return render(request, "ticket/page.html", sheet=sheet, said=said)


@router.post("/tickets/{number}/draft")
def keep_draft(number: str, ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> Response:
    """Keep what was typed into one of the ticket's forms."""
    action = typed.get("form", "")
    if action not in BUTTONS:
        raise NotFound
    kept = {k: v for k, v in typed.items() if k not in ticket_sheet.OWN_FIELDS and v}
    with ctx.db.work() as session:
        queries_ticket.look_at(session, me.actor, number, "ticket", now=now)
        drafts.save_draft(session, me.actor, ticket_sheet.draft_name(number, action), kept, now=now)
    return JSONResponse({"saved_at": now.isoformat()})


@router.post("/tickets/{number}/lint")
def lint(request: Request, number: str, ctx: Ctx, me: Me, typed: TypedForm) -> Response:
    """What the rules for public replies say of a text that is still being written."""
    text = typed.get("public_reply", "")[:MAX_TEXT].strip()
    with ctx.db.read() as session:
        found = replies.look_over(session, me.actor, number, text, ctx.rules)
    return render(request, "ticket/lint_fragment.html", findings=found if text else (), text=text)


def _act(
    request: Request,
    ctx: PortalContext,
    me: SignedIn,
    number: str,
    action: str,
    typed: Mapping[str, str],
    now: datetime,
) -> Response:
    button = BUTTONS[action]
    try:
        with ctx.db.work() as session:
            after = button.do(Press(ctx, session, me.actor, number, typed, now))
            drafts.drop_draft(session, me.actor, ticket_sheet.draft_name(number, action))
        if after is not None:
            after()
    except NotFound:
        raise
    except HotlineError as error:
        refusal = Refusal(action, button.label, typed, error)
        with ctx.db.read() as session:
            sheet = ticket_sheet.sheet(session, ctx, me.actor, number, refusal, now=now)
        status = status_of(error)
        return render(request, "ticket/page.html", status_code=status, sheet=sheet, said="")
    return RedirectResponse(_next(typed.get("next", ""), number, action), 303)


def _next(wished: str, number: str, action: str) -> str:
    """Back to the desk's tab or the leader's page when the button stood there, else the ticket."""
    if wished.startswith("/desk?tab=") and wished.isprintable() and "\\" not in wished:
        return f"{wished}&done={action}&number={number}"
    if wished == "/leader":
        return f"/leader?done={action}"
    return f"/tickets/{number}?done={action}"


def _endpoint(action: str) -> Callable[..., Response]:
    def press(
        request: Request, number: str, ctx: Ctx, me: Me, now: Now, typed: TypedForm
    ) -> Response:
        return _act(request, ctx, me, number, action, typed, now)

    return press


for _action in BUTTONS:
    router.add_api_route(
        f"/tickets/{{number}}/{_action}",
        _endpoint(_action),
        methods=["POST"],
        name=f"ticket-{_action}",
        response_model=None,
    )
