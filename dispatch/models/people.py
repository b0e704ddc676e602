"""Departments, staff with their sign-ins, and the people who call."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime


class Department(Base):
    """承办单位: a unit of one of three tiers."""

    __tablename__ = "department"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    short_name: Mapped[str] = mapped_column(String(40))
    tier: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"), index=True)
    division: Mapped[str | None] = mapped_column(String(20))
    phone: Mapped[str | None] = mapped_column(String(40))
    backstop: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)


class Staff(Base):
    """A person with an account; `approver` is the person in charge of the unit."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(20))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"), index=True)
    extension: Mapped[str | None] = mapped_column(String(20), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    approver: Mapped[bool] = mapped_column(default=False, server_default=false())
    active: Mapped[bool] = mapped_column(default=True)


class SignIn(Base):
    """A browser session; only a hash of its token is kept."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    client: Mapped[str] = mapped_column(String(200), default="")


class ApiToken(Base):
    """A bearer token for /api/v1; only its hash is kept."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ApiRequest(Base):
    """What was made for an Idempotency-Key, so that a repeated request makes nothing twice."""

    __tablename__ = "api_request"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    ticket_number: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Throttle(Base):
    """Wrong guesses at a secret, counted by what was guessed at: a login, a ticket, an address.

    Kept apart from the accounts, so that a login nobody has is slowed like one somebody has.
    """

    __tablename__ = "throttle"

    subject: Mapped[str] = mapped_column(String(120), primary_key=True)
    failures: Mapped[int]
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SeatRow(Base):
    """An agent's wished state at the queues (ours, asserted to Asterisk) and the one seen.

    `state`, `reason`, `since` are the wish; `seen`, `seen_since` what the agent is doing by the
    calls. `limit_at` is when the pause or the wrap-up runs out; `device` the telephone that rings.
    """

    __tablename__ = "seat"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    extension: Mapped[str] = mapped_column(String(20), unique=True)
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(60), default="")
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    seen: Mapped[str] = mapped_column(String(20), default="", server_default="")
    seen_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    call_id: Mapped[str | None] = mapped_column(String(80))
    limit_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    limit_passed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    device: Mapped[str] = mapped_column(String(20), default="browser", server_default="browser")
    other_device: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """Number or extension rung instead of the browser when `device` is not the browser."""
    auto_answer: Mapped[bool] = mapped_column(default=False, server_default=false())
    node: Mapped[str] = mapped_column(String(20), default="", server_default="")
    unreachable_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when no telephone is registered for a seat that is signed in; None: one is."""


class Requester(Base):
    """诉求人: a person, enterprise or organisation known by telephone number."""

    __tablename__ = "requester"
    __table_args__ = (Index("ix_requester_phone", "phone", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(String(40))
    name: Mapped[str | None] = mapped_column(String(60))
    enterprise: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ViewLog(Base):
    """Who looked at which ticket: nobody reads a request unseen."""

    __tablename__ = "view_log"
    __table_args__ = (Index("ix_view_log_ticket", "ticket_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    what: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
