"""What units ask for while they handle a ticket, and every move of a due time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime

_PENDING = text("state = 'pending'")
_BY_VERSION = text("version_id IS NOT NULL AND undone_at IS NULL")


class Application(Base):
    """申请: return, extension, hold, commitment or termination, asked and ruled on.

    `until` is the moment the unit asks for, `granted_until` the one it got; an extension is asked
    for as a `limit` such as "5 working_day", which the ruling may change; `old_due_at` and
    `new_due_at` keep what the ruling moved. `higher` means the centre's person in charge rules.
    """

    __tablename__ = "application"
    __table_args__ = (
        Index("ix_application_ticket", "ticket_id"),
        # One question at a time: a second application waits until the first is ruled on.
        Index(
            "ix_application_pending",
            "assignment_id",
            unique=True,
            postgresql_where=_PENDING,
            sqlite_where=_PENDING,
        ),
        Index("ix_application_state", "state", "asked_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    reason_code: Mapped[str] = mapped_column(String(40), default="")
    reason: Mapped[str] = mapped_column(Text)
    basis: Mapped[str] = mapped_column(Text, default="")
    suggested_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    limit: Mapped[str | None] = mapped_column(String(40))
    higher: Mapped[bool] = mapped_column(default=False, server_default=false())
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ruled_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    ruled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ruling: Mapped[str] = mapped_column(Text, default="")
    granted_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    old_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    new_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ClockChange(Base):
    """One move of a share's due time. The due time is always counted anew from all of them.

    An extension has `limit` (such as "5 working_day"), a hold `held_from` and `held_to`, a
    commitment `until`, a resumption `held_to`, which ends the hold it lies in. A row with
    `undone_at` no longer counts. Rows of kind calendar or policy tell what a changed rule did:
    `version_id` is the loaded version. `base` keeps the count before any change ("before", of a
    share's first row) and the one a changed rule gave ("after").
    """

    __tablename__ = "clock_change"
    __table_args__ = (
        Index("ix_clock_change_assignment", "assignment_id"),
        Index(
            "ix_clock_change_version",
            "version_id",
            postgresql_where=_BY_VERSION,
            sqlite_where=_BY_VERSION,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"))
    application_id: Mapped[int | None] = mapped_column(ForeignKey("application.id"))
    kind: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    limit: Mapped[str | None] = mapped_column(String(40))
    held_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    held_to: Mapped[datetime | None] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    old_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    new_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    why: Mapped[str] = mapped_column(Text, default="")
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("policy_version.id"))
    base: Mapped[dict[str, Any] | None] = mapped_column(JSON)
