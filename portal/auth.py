"""Passwords, the session cookie, and signing in without telling who exists."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta

from fastapi import Request, Response
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from dispatch.domain.errors import AccountLocked, BadCredentials, InvalidInput
from dispatch.service import accounts, throttle
from dispatch.service.accounts import SESSION_LENGTH, NewSession
from portal.deps import PortalContext

SESSION_COOKIE = "hotline_session"
FORM_COOKIE = "hotline_form"
MIN_PASSWORD = 10
MAX_PASSWORD = 200
SIGN_IN_LIMIT = throttle.Limit()
# One password tried at many logins; a hall of agents behind one address mistypes less often.
PER_ADDRESS = throttle.Limit(tries=60, window=timedelta(minutes=15), pause=timedelta(minutes=15))

# argon2id, 19 MiB and two passes: the smallest of OWASP's equivalent settings, so that thirty
# agents who sign in at eight o'clock wait less than a second.
_HASHER = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),))
# Compared against when nobody has the login, so that both answers take as long.
_NOBODY = _HASHER.hash("nobody has this password")


def hash_password(password: str) -> str:
    """Return the argon2id hash to store (about 30 ms of work; never on the event loop)."""
    return _HASHER.hash(password)


def check_new_password(password: str, again: str | None = None) -> None:
    """Refuse a password that is too short, absurdly long, or typed differently twice.

    Raises:
        InvalidInput: with the sentence to show beside the field.
    """
    if len(password) < MIN_PASSWORD:
        raise InvalidInput(f"密码至少 {MIN_PASSWORD} 位，可以用一句话", field="password")
    if len(password) > MAX_PASSWORD:
        raise InvalidInput(f"密码最多 {MAX_PASSWORD} 位", field="password")
    if again is not None and again != password:
        raise InvalidInput("两次输入的密码不一致，请重新输入", field="again")


def sign_in(
    ctx: PortalContext, login: str, password: str, *, client: str, address: str
) -> NewSession:
    """Check the password and open a session.

    Failures are counted by the login as typed, whether or not anybody has it, and by the
    address they come from; the answers are the same, so nobody learns which logins exist.

    Raises:
        AccountLocked: too many failures at the login or from the address; no password is even
            looked at.
        BadCredentials: anything else that is wrong.
    """
    login = login.strip()
    subject = f"sign-in:{accounts.digest(login.casefold())}"
    place = f"sign-in-at:{address}"[:120]
    now = ctx.clock()
    with ctx.db.read() as session:
        if any(throttle.locked_until(session, s, now=now) for s in (subject, place)):
            raise AccountLocked
        found = accounts.password_hash_of(session, login)
    if not _matches(password, found[1] if found else _NOBODY) or found is None:
        with ctx.db.work() as session:
            locked = throttle.count_failure(session, subject, SIGN_IN_LIMIT, now=now)
            throttle.count_failure(session, place, PER_ADDRESS, now=now)
        raise AccountLocked if locked else BadCredentials
    with ctx.db.work() as session:
        throttle.forget(session, subject)
        return accounts.start_session(session, found[0], client=client, now=now)


def change_password(
    ctx: PortalContext, me: accounts.SignedIn, current: str, new: str, again: str
) -> None:
    """Set a new password after checking the current one; other browsers are signed out.

    Raises:
        InvalidInput: the current password is wrong, or the new one is not acceptable.
    """
    check_new_password(new, again)
    subject = f"password:{me.staff_id}"
    now = ctx.clock()
    with ctx.db.read() as session:
        if throttle.locked_until(session, subject, now=now) is not None:
            raise AccountLocked
        found = accounts.password_hash_of(session, me.login)
    if found is None or not _matches(current, found[1]):
        with ctx.db.work() as session:
            throttle.count_failure(session, subject, SIGN_IN_LIMIT, now=now)
        raise InvalidInput("当前密码不正确", field="current")
    fresh = hash_password(new)
    with ctx.db.work() as session:
        accounts.change_password(session, me.staff_id, fresh, keep=me.sign_in_id)


def _matches(password: str, stored: str) -> bool:
    # A password of a megabyte would only make us work.
    return _HASHER.verify(password[:MAX_PASSWORD], stored) and len(password) <= MAX_PASSWORD


def session_token(request: Request) -> str | None:
    """The session token the browser sent."""
    return request.cookies.get(SESSION_COOKIE)


def form_token(request: Request) -> str | None:
    """The token that ties the forms of somebody not signed in to their browser."""
    return request.cookies.get(FORM_COOKIE)


def set_session(request: Request, response: Response, fresh: NewSession) -> None:
    """Give the browser its session cookie."""
    _set(request, response, SESSION_COOKIE, fresh.token, int(SESSION_LENGTH.total_seconds()))


def drop_session(request: Request, response: Response) -> None:
    """Take the session cookie back."""
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax", secure=_https(request))


def ensure_form_token(request: Request) -> tuple[str, Callable[[Response], None]]:
    """The public form token, and what puts it into the response (nothing when it was there)."""
    token = form_token(request)
    if token:
        return token, lambda _response: None
    fresh = secrets.token_urlsafe(24)
    return fresh, lambda response: _set(request, response, FORM_COOKIE, fresh, None)


def _set(request: Request, response: Response, name: str, value: str, age: int | None) -> None:
    response.set_cookie(
        name, value, max_age=age, httponly=True, samesite="lax", secure=_https(request)
    )


def _https(request: Request) -> bool:
    return request.url.scheme == "https"
