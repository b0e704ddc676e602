"""Administration: the accounts, thin."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from dispatch.domain.errors import InvalidInput
from dispatch.domain.vocabulary import Role
from dispatch.service import account_queries, accounts, tokens
from portal.auth import hash_password
from portal.deps import Ctx, Me, Now, PortalContext
from portal.errors import status_of
from portal.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/admin")
def accounts_page(request: Request, ctx: Ctx, me: Me, q: str = "") -> Response:
    """All accounts, and the form for a new one."""
    return _page(request, ctx, me, q=q)


@router.post("/admin/staff")
def create(
    request: Request,
    ctx: Ctx,
    me: Me,
    login: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = "",
    department: Annotated[str, Form()] = "",
    extension: Annotated[str, Form()] = "",
) -> Response:
    """Add an account with a password made here, shown this once."""
    typed = {"login": login, "name": name, "role": role}
    typed |= {"department": department, "extension": extension}
    password = _new_password()
    try:
        if role not in Role.__members__.values():
            raise InvalidInput("请选择岗位", field="role")
        stored = hash_password(password)
        with ctx.db.work() as session:
            accounts.create_staff(
                session,
                login=login,
                name=name,
                role=Role(role),
                password_hash=stored,
                department=department or None,
                extension=extension.strip() or None,
            )
    except InvalidInput as problem:
        return _page(request, ctx, me, typed=typed, problem=problem, status=status_of(problem))
    return _page(request, ctx, me, shown=(login.strip(), password))


@router.post("/admin/staff/{login}/password")
def reset_password(request: Request, ctx: Ctx, me: Me, login: str) -> Response:
    """Make a new password for somebody, shown this once; their sessions end."""
    password = _new_password()
    stored = hash_password(password)
    with ctx.db.work() as session:
        accounts.reset_password(session, me.actor, login, stored)
    return _page(request, ctx, me, shown=(login, password))


@router.post("/admin/staff/{login}/approver")
def approver(ctx: Ctx, me: Me, login: str, on: Annotated[str, Form()] = "") -> Response:
    """Make somebody the person in charge of a unit or of the centre, or take it from them."""
    with ctx.db.work() as session:
        accounts.set_approver(session, me.actor, login, on == "1")
    return RedirectResponse("/admin", 303)


@router.post("/admin/staff/{login}/close")
def close(ctx: Ctx, me: Me, login: str) -> Response:
    """Close an account; its sessions and tokens stop working."""
    with ctx.db.work() as session:
        accounts.set_active(session, me.actor, login, False)
    return RedirectResponse("/admin", 303)


@router.post("/admin/staff/{login}/open")
def reopen(ctx: Ctx, me: Me, login: str) -> Response:
    """Open a closed account again."""
    with ctx.db.work() as session:
        accounts.set_active(session, me.actor, login, True)
    return RedirectResponse("/admin", 303)


@router.post("/admin/staff/{login}/tokens/revoke")
def revoke_tokens(ctx: Ctx, login: str, now: Now) -> Response:
    """Revoke all of an account's tokens."""
    with ctx.db.work() as session:
        tokens.revoke_tokens(session, login, now=now)
    return RedirectResponse("/admin", 303)


def _new_password() -> str:
    return secrets.token_urlsafe(12)


def _page(
    request: Request,
    ctx: PortalContext,
    me: Me,
    *,
    q: str = "",
    typed: dict[str, str] | None = None,
    problem: InvalidInput | None = None,
    shown: tuple[str, str] | None = None,
    status: int = 200,
) -> Response:
    with ctx.db.read() as session:
        staff = account_queries.list_staff(session, me.actor, search=q)
        units = account_queries.unit_choices(session)
    return render(
        request,
        "admin/accounts.html",
        status_code=status,
        staff=staff,
        units=units,
        roles=[role for role in Role if role is not Role.SYSTEM],
        q=q,
        typed=typed or {},
        problem=problem,
        shown=shown,
    )
