"""Sign in, sign out, one's own account, the colours of the page, and the way home."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from dispatch.domain.errors import AccountLocked, BadCredentials, InvalidInput
from dispatch.service import accounts
from portal import auth
from portal.deps import Ctx, Me, signed_in_or_none
from portal.errors import status_of
from portal.navigation import home
from portal.rendering import THEMES, render

router = APIRouter(include_in_schema=False)

YEAR = 365 * 24 * 3600


@router.get("/")
def start(me: Me) -> Response:
    """Send everybody to the place their day begins."""
    return RedirectResponse(home(me.actor.role), 303)


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/") -> Response:  # noqa: A002
    """The sign-in page."""
    if signed_in_or_none(request) is not None:
        return RedirectResponse(_inside(next), 303)
    return render(request, "account/sign_in.html", next=_inside(next), login="", problem=None)


@router.post("/sign-in")
def sign_in(
    request: Request,
    ctx: Ctx,
    login: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Check the password; wrong ones get the same page with what was typed."""
    client = request.headers.get("user-agent", "")
    address = request.client.host if request.client else "unknown"
    try:
        fresh = auth.sign_in(ctx, login, password, client=client, address=address)
    except (BadCredentials, AccountLocked) as problem:
        return render(
            request,
            "account/sign_in.html",
            status_code=status_of(problem),
            next=_inside(next),
            login=login[:60],
            problem=str(problem),
        )
    response = RedirectResponse(_inside(next), 303)
    auth.set_session(request, response, fresh)
    return response


@router.post("/sign-out")
def sign_out(request: Request, ctx: Ctx, me: Me) -> Response:
    """End this browser's session."""
    if me.sign_in_id is not None:
        with ctx.db.work() as session:
            accounts.end_session(session, me.sign_in_id)
    response = RedirectResponse("/sign-in", 303)
    auth.drop_session(request, response)
    return response


@router.get("/account")
def account_page(request: Request, me: Me) -> Response:
    """Who I am, my password, and the keys."""
    return render(request, "account/account.html", problem=None, done=False)


@router.post("/account/password")
def change_password(
    request: Request,
    ctx: Ctx,
    me: Me,
    current: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Change one's own password; other browsers of the account are signed out."""
    try:
        auth.change_password(ctx, me, current, password, again)
    except (InvalidInput, AccountLocked) as problem:
        return render(
            request,
            "account/account.html",
            status_code=status_of(problem),
            problem=problem,
            done=False,
        )
    return render(request, "account/account.html", problem=None, done=True)


@router.post("/theme")
def choose_theme(
    request: Request,
    theme: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Keep the choice of light or dark in the browser; anything else follows the system."""
    response = RedirectResponse(_inside(next), 303)
    if theme in THEMES:
        response.set_cookie("hotline_theme", theme, max_age=YEAR, samesite="lax")
    else:
        response.delete_cookie("hotline_theme", samesite="lax")
    return response


def _inside(target: str) -> str:
    """The target when it is a path of ours, else the start page: nobody is led outside."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if plain and target.isprintable() and "\\" not in target else "/"
