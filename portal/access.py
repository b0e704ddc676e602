"""Who may call which route: one table, denied unless listed."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from dispatch.domain.errors import ForgedRequest, RoleNotAllowed, SignInRequired
from dispatch.domain.vocabulary import Role
from dispatch.service import accounts, tokens
from dispatch.service.accounts import SignedIn
from portal.auth import form_token, session_token
from portal.deps import context_of

Audience = frozenset[Role | None]
"""Roles that may call a route; None stands for somebody not signed in."""

PUBLIC: Audience = frozenset({None, *Role})
STAFF: Audience = frozenset(set(Role) - {Role.SYSTEM})


def only(*roles: Role) -> Audience:
    """These roles and nobody else."""
    return frozenset(roles)


DISPATCHING: Audience = only(Role.AGENT, Role.DISPATCHER, Role.CENTER)
LISTENERS: Audience = only(
    Role.AGENT, Role.DISPATCHER, Role.FOLLOW_UP, Role.SUPERVISOR, Role.CENTER, Role.ADMIN
)
"""Who hears of single calls: not the departments, not the leaders."""

DESKS = only(Role.DEPARTMENT, Role.DISPATCHER, Role.CENTER, Role.FOLLOW_UP, Role.SUPERVISOR)
READERS = DESKS | only(Role.AGENT, Role.LEADER)
"""Who reads tickets; which ones is decided by every query."""

OVERSEERS = only(Role.LEADER, Role.CENTER, Role.SUPERVISOR, Role.ADMIN)
"""Who reads the figures of the whole city."""

ACCESS: dict[tuple[str, str], Audience] = {
    # --- account, health, live ---
    ("GET", "/"): STAFF,
    ("GET", "/sign-in"): PUBLIC,
    ("POST", "/sign-in"): PUBLIC,
    ("POST", "/sign-out"): STAFF,
    ("GET", "/account"): STAFF,
    ("POST", "/account/password"): STAFF,
    ("POST", "/theme"): PUBLIC,
    ("GET", "/live"): STAFF,
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/metrics"): PUBLIC,
    # --- resident ---
    ("GET", "/resident"): PUBLIC,
    ("POST", "/resident"): PUBLIC,
    ("GET", "/resident/new"): PUBLIC,
    ("POST", "/resident/new"): PUBLIC,
    # --- administration ---
    ("GET", "/admin"): only(Role.ADMIN),
    ("POST", "/admin/staff"): only(Role.ADMIN),
    ("POST", "/admin/staff/{login}/close"): only(Role.ADMIN),
    ("POST", "/admin/staff/{login}/open"): only(Role.ADMIN),
    ("POST", "/admin/staff/{login}/password"): only(Role.ADMIN),
    ("POST", "/admin/staff/{login}/tokens/revoke"): only(Role.ADMIN),
    # --- REST; the services refuse what a role may not do to a ticket ---
    ("GET", "/api/v1/me"): STAFF,
    ("GET", "/api/v1/tickets"): STAFF,
    ("POST", "/api/v1/tickets"): DISPATCHING,
    ("GET", "/api/v1/tickets/{number}"): STAFF,
    ("GET", "/api/v1/tickets/{number}/events"): STAFF,
    ("POST", "/api/v1/tickets/{number}/dispatch"): DISPATCHING,
    ("POST", "/api/v1/tickets/{number}/reassign"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/api/v1/tickets/{number}/acknowledge"): only(Role.DEPARTMENT),
    ("POST", "/api/v1/tickets/{number}/contact"): only(Role.DEPARTMENT),
    ("POST", "/api/v1/tickets/{number}/complete"): only(Role.DEPARTMENT),
    ("POST", "/api/v1/tickets/{number}/pass-audit"): only(Role.CENTER),
    ("POST", "/api/v1/tickets/{number}/send-back"): only(Role.CENTER),
    ("POST", "/api/v1/tickets/{number}/follow-up"): only(Role.FOLLOW_UP, Role.CENTER),
    ("POST", "/api/v1/tickets/{number}/reopen"): only(Role.FOLLOW_UP, Role.CENTER),
    ("GET", "/api/v1/contacts"): LISTENERS,
    ("GET", "/api/v1/contacts/{call_id}"): LISTENERS,
    ("POST", "/api/v1/suggestions"): STAFF,
    ("GET", "/api/v1/departments"): STAFF,
    ("GET", "/api/v1/categories"): STAFF,
    ("GET", "/api/v1/lines"): STAFF,
    # --- agent console (append your own block below) ---
    ("GET", "/agent"): only(Role.AGENT),
    ("GET", "/agent/contact/{contact_id}"): only(Role.AGENT),
    ("GET", "/agent/current"): only(Role.AGENT),
    ("GET", "/agent/new"): only(Role.AGENT),
    ("GET", "/agent/recent"): only(Role.AGENT),
    ("GET", "/agent/seat"): only(Role.AGENT),
    ("GET", "/agent/softphone"): only(Role.AGENT),
    ("POST", "/agent/caller"): only(Role.AGENT),
    ("POST", "/agent/draft"): only(Role.AGENT),
    ("POST", "/agent/save"): only(Role.AGENT),
    ("POST", "/agent/seat"): only(Role.AGENT),
    ("POST", "/agent/suggest"): only(Role.AGENT),
    # --- desks and tickets ---
    ("GET", "/desk"): DESKS,
    ("GET", "/search"): READERS,
    ("GET", "/tickets/{number}"): READERS,
    ("GET", "/recordings/{contact_id}"): READERS - {Role.DEPARTMENT, Role.LEADER},
    ("POST", "/tickets/{number}/draft"): READERS - {Role.LEADER, Role.SUPERVISOR},
    ("POST", "/tickets/{number}/dispatch"): only(Role.AGENT, Role.DISPATCHER, Role.CENTER),
    ("POST", "/tickets/{number}/reassign"): only(Role.DISPATCHER, Role.CENTER),
    ("POST", "/tickets/{number}/acknowledge"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/contact"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/complete"): only(Role.DEPARTMENT),
    ("POST", "/tickets/{number}/pass-audit"): only(Role.CENTER),
    ("POST", "/tickets/{number}/send-back"): only(Role.CENTER),
    ("POST", "/tickets/{number}/follow-up"): only(Role.FOLLOW_UP, Role.CENTER),
    ("POST", "/tickets/{number}/call-now"): only(Role.FOLLOW_UP, Role.CENTER),
    ("POST", "/tickets/{number}/reopen"): only(Role.FOLLOW_UP, Role.CENTER),
    # --- leader and reports ---
    ("GET", "/leader"): OVERSEERS,
    ("GET", "/reports/weekly"): OVERSEERS,
    ("GET", "/figures/{code}"): OVERSEERS,
}

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def guard(request: Request) -> None:
    """Find out who asks, and refuse what the table does not allow; runs before every endpoint.

    Raises:
        SignInRequired: the route is not public and nobody is signed in.
        RoleNotAllowed: the role is not in the route's row, or the route has no row.
        ForgedRequest: a changing request without the token of our own page.
    """
    template = getattr(request.scope.get("route"), "path_format", None)
    audience = ACCESS.get((request.method, template or ""), frozenset())
    is_api = request.url.path.startswith("/api/")
    me = await who_asks(request)
    request.state.me = me
    if (me.actor.role if me else None) not in audience:
        raise SignInRequired if me is None and audience else RoleNotAllowed
    if request.method in UNSAFE and not is_api:
        await _check_origin(request, me)


async def who_asks(request: Request) -> SignedIn | None:
    """The person behind the request: by token under /api/, by cookie everywhere else."""
    is_api = request.url.path.startswith("/api/")
    return await (_bearer(request) if is_api else _session(request))


async def _session(request: Request) -> SignedIn | None:
    token = session_token(request)
    if token is None:
        return None
    return await run_in_threadpool(_load_session, request, token)


def _load_session(request: Request, token: str) -> SignedIn | None:
    ctx = context_of(request)
    now = ctx.clock()
    with ctx.db.read() as session:
        me = accounts.session_for(session, token, now=now)
    if me is not None and me.stale and me.sign_in_id is not None:
        with ctx.db.work() as session:
            accounts.touch_session(session, me.sign_in_id, now=now)
    return me


async def _bearer(request: Request) -> SignedIn | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    return await run_in_threadpool(_load_token, request, token.strip())


def _load_token(request: Request, token: str) -> SignedIn | None:
    with context_of(request).db.read() as session:
        return tokens.token_owner(session, token)


async def _check_origin(request: Request, me: SignedIn | None) -> None:
    """A form must come from our own page: its token proves it, and Origin must not deny it."""
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.url.netloc:
        raise ForgedRequest
    expected = me.csrf if me else form_token(request)
    sent = request.headers.get("x-csrf-token")
    if sent is None and request.headers.get("content-type", "").startswith(FORMS):
        value = (await request.form()).get("csrf")
        sent = value if isinstance(value, str) else None
    if not expected or not sent or not hmac.compare_digest(expected.encode(), sent.encode()):
        raise ForgedRequest
