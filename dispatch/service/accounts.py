"""Accounts: staff and their browser sessions."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, NotFound
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.people import Department, SignIn, Staff
from dispatch.service.access import require_role

SESSION_LENGTH = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Account:
    """One person's account as the administrator sees it; no secrets."""

    id: int
    login: str
    name: str
    role: Role
    department: str | None
    extension: str | None
    active: bool
    tokens: int = 0
    approver: bool = False


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """Who is behind a session or a token.

    `csrf` is empty for a token: a browser never sends one by itself. `sign_in_id` is None then.
    """

    actor: Actor
    staff_id: int
    login: str
    csrf: str = ""
    sign_in_id: int | None = None
    department: str | None = None
    stale: bool = False


@dataclass(frozen=True)
class NewSession:
    """A session just started: `token` goes into the cookie and is stored nowhere."""

    token: str
    csrf: str
    expires_at: datetime


def digest(secret: str) -> str:
    """What is stored of a session's or an API token: random 256 bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_staff(
    session: Session,
    *,
    login: str,
    name: str,
    role: Role,
    password_hash: str,
    department: str | None = None,
    extension: str | None = None,
    approver: bool = False,
) -> int:
    """Add an account; return its id. `department` is a code, required for unit staff.

    An `approver` is the person in charge of the unit, or of the centre.

    Raises:
        InvalidInput: the login is taken or empty, or the unit is missing or unknown.
    """
    login = login.strip()
    if not login:
        raise InvalidInput("请填写账号", field="login")
    if session.scalar(select(Staff.id).where(Staff.login == login)) is not None:
        raise InvalidInput(f"账号 {login} 已经有人使用，请换一个", field="login")
    if role is Role.SYSTEM:
        raise InvalidInput("“系统”不是可以登录的岗位", field="role")
    if role is Role.DEPARTMENT and not department:
        raise InvalidInput("承办单位的账号必须选择所属单位", field="department")
    taken = extension and session.scalar(select(Staff.login).where(Staff.extension == extension))
    if taken:
        raise InvalidInput(f"分机 {extension} 已分配给 {taken}", field="extension")
    staff = Staff(
        login=login,
        name=name.strip() or login,
        role=role.value,
        password_hash=password_hash,
        department_id=_department_id(session, department),
        extension=extension or None,
        approver=approver,
    )
    session.add(staff)
    session.flush()
    return staff.id


def upsert_staff(
    session: Session,
    *,
    login: str,
    name: str,
    role: Role,
    password_hash: str,
    department: str | None = None,
    extension: str | None = None,
) -> int:
    """Add the account, or bring an existing one with this login in line; return its id."""
    staff = session.scalar(select(Staff).where(Staff.login == login))
    if staff is None:
        return create_staff(
            session,
            login=login,
            name=name,
            role=role,
            password_hash=password_hash,
            department=department,
            extension=extension,
        )
    staff.name, staff.role, staff.password_hash = name, role.value, password_hash
    staff.department_id = _department_id(session, department)
    staff.extension = extension or None
    staff.active = True
    session.flush()
    return staff.id


def _department_id(session: Session, code: str | None) -> int | None:
    if not code:
        return None
    found = session.scalar(select(Department.id).where(Department.code == code))
    if found is None:
        raise InvalidInput(f"没有编码为 {code} 的承办单位，请重新选择", field="department")
    return found


def password_hash_of(session: Session, login: str) -> tuple[int, str] | None:
    """The id and password hash of an active account, or None."""
    row = session.execute(
        select(Staff.id, Staff.password_hash).where(Staff.login == login, Staff.active.is_(True))
    ).one_or_none()
    return (row[0], row[1]) if row else None


def change_password(
    session: Session, staff_id: int, password_hash: str, *, keep: int | None
) -> None:
    """Set a new password and end the person's other sessions; `keep` is the one in use."""
    session.execute(update(Staff).where(Staff.id == staff_id).values(password_hash=password_hash))
    session.execute(delete(SignIn).where(SignIn.staff_id == staff_id, SignIn.id != (keep or 0)))


def start_session(
    session: Session, staff_id: int, *, client: str = "", now: datetime
) -> NewSession:
    """Open a browser session; `client` is the browser's own name, for the person's list."""
    fresh = NewSession(secrets.token_urlsafe(32), secrets.token_urlsafe(24), now + SESSION_LENGTH)
    session.execute(delete(SignIn).where(SignIn.expires_at <= now))
    session.add(
        SignIn(
            token_hash=digest(fresh.token),
            staff_id=staff_id,
            csrf=fresh.csrf,
            created_at=now,
            seen_at=now,
            expires_at=fresh.expires_at,
            client=client[:200],
        )
    )
    return fresh


def session_for(session: Session, token: str, *, now: datetime) -> SignedIn | None:
    """Who holds this session token; None when it is unknown, over, or the account is closed."""
    row = session.execute(
        select(SignIn, Staff, Department.short_name)
        .join(Staff, Staff.id == SignIn.staff_id)
        .outerjoin(Department, Department.id == Staff.department_id)
        .where(SignIn.token_hash == digest(token), SignIn.expires_at > now, Staff.active.is_(True))
    ).one_or_none()
    if row is None:
        return None
    sign_in, staff, department = row
    return SignedIn(
        actor=actor_of(staff),
        staff_id=staff.id,
        login=staff.login,
        csrf=sign_in.csrf,
        sign_in_id=sign_in.id,
        department=department,
        stale=sign_in.seen_at + TOUCH_EVERY <= now,
    )


def touch_session(session: Session, sign_in_id: int, *, now: datetime) -> None:
    """Slide the end of a session that is in use; called at most every few minutes."""
    session.execute(
        update(SignIn)
        .where(SignIn.id == sign_in_id)
        .values(seen_at=now, expires_at=now + SESSION_LENGTH)
    )


def session_runs(session: Session, sign_in_id: int, *, now: datetime) -> bool:
    """Whether the session still holds: asked by streams that outlive a request."""
    found = session.scalar(
        select(SignIn.id)
        .join(Staff, Staff.id == SignIn.staff_id)
        .where(SignIn.id == sign_in_id, SignIn.expires_at > now, Staff.active.is_(True))
    )
    return found is not None


def end_session(session: Session, sign_in_id: int) -> None:
    """Sign out."""
    session.execute(delete(SignIn).where(SignIn.id == sign_in_id))


def set_active(session: Session, actor: Actor, login: str, active: bool) -> None:
    """Open or close an account; closing ends its sessions at once.

    Raises:
        NotFound: nobody has this login.
        InvalidInput: an administrator would lock themselves out.
    """
    staff = _staff_for(session, actor, login)
    if staff.id == actor.staff_id:
        raise InvalidInput("不能停用自己的账号，请由另一位管理员操作")
    staff.active = active
    if not active:
        session.execute(delete(SignIn).where(SignIn.staff_id == staff.id))


def set_approver(session: Session, actor: Actor, login: str, approver: bool) -> None:
    """Make somebody the person in charge of a unit or of the centre, or take it from them.

    Raises:
        NotFound: nobody has this login.
        InvalidInput: the role has nothing to approve.
    """
    staff = _staff_for(session, actor, login)
    if staff.role not in {Role.DEPARTMENT.value, Role.CENTER.value}:
        raise InvalidInput("只有承办单位和热线中心的账号可以设为负责人")
    staff.approver = approver


def reset_password(session: Session, actor: Actor, login: str, password_hash: str) -> None:
    """Set a password for somebody who forgot theirs; all their sessions end."""
    staff = _staff_for(session, actor, login)
    change_password(session, staff.id, password_hash, keep=None)


def _staff_for(session: Session, actor: Actor, login: str) -> Staff:
    require_role(actor, Role.ADMIN)
    staff = session.scalar(select(Staff).where(Staff.login == login))
    if staff is None:
        raise NotFound(f"没有账号 {login}")
    return staff


def actor_named(session: Session, login: str) -> Actor:
    """The person with this login, as services take them.

    Raises:
        NotFound: nobody has this login.
    """
    staff = session.scalar(select(Staff).where(Staff.login == login, Staff.active.is_(True)))
    if staff is None:
        raise NotFound(f"没有账号 {login}")
    return actor_of(staff)


def actor_of(staff: Staff) -> Actor:
    """The person of the account, as services take them."""
    return Actor(
        name=staff.name,
        role=Role(staff.role),
        staff_id=staff.id,
        department_id=staff.department_id,
        extension=staff.extension,
        approver=staff.approver,
    )
