"""Bearer tokens for /api/v1: made once, stored as a hash, revoked by login."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select, update

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.models.people import ApiToken, Department, Staff
from dispatch.service.accounts import SignedIn, actor_of, digest


def create_token(session: Session, login: str, *, now: datetime) -> str:
    """Make a bearer token for /api/v1; it can be read only now, a hash is stored.

    Raises:
        NotFound: no active account has this login.
    """
    staff_id = session.scalar(select(Staff.id).where(Staff.login == login, Staff.active.is_(True)))
    if staff_id is None:
        raise NotFound(f"没有账号 {login}，或账号已停用")
    token = f"hot_{secrets.token_urlsafe(32)}"
    session.add(ApiToken(token_hash=digest(token), staff_id=staff_id, created_at=now))
    return token


def token_owner(session: Session, token: str) -> SignedIn | None:
    """Who holds this bearer token; None when it is unknown, revoked, or the account is closed."""
    row = session.execute(
        select(Staff, Department.short_name)
        .join(ApiToken, ApiToken.staff_id == Staff.id)
        .outerjoin(Department, Department.id == Staff.department_id)
        .where(
            ApiToken.token_hash == digest(token),
            ApiToken.revoked_at.is_(None),
            Staff.active.is_(True),
        )
    ).one_or_none()
    if row is None:
        return None
    staff, department = row
    return SignedIn(
        actor=actor_of(staff), staff_id=staff.id, login=staff.login, department=department
    )


def revoke_tokens(session: Session, login: str, *, now: datetime) -> int:
    """Revoke all of an account's tokens; return how many were still good."""
    owner = select(Staff.id).where(Staff.login == login).scalar_subquery()
    gone = session.scalars(
        update(ApiToken)
        .where(ApiToken.staff_id == owner, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ApiToken.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
