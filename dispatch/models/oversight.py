"""Supervision orders, leaders' instructions, notices to units, and versions of the policy."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime

_AWAITED = text("state = 'issued' AND breached_at IS NULL")
_UNREAD = text("read_at IS NULL")
_UNREAD_BY_ROLE = text("role IS NOT NULL AND read_at IS NULL")
_CARD = text("kind IN ('yellow', 'red')")


class Supervision(Base):
    """督办: an order with a number, a level, its own due time and an answer that is ruled on.

    `step_of` is the ladder step that issued it, so that no step is taken twice.
    """

    __tablename__ = "supervision"
    __table_args__ = (
        Index("ix_supervision_ticket", "ticket_id"),
        Index("ix_supervision_state", "state", "due_at"),
        Index("ix_supervision_department", "department_id", "state"),
        Index("ix_supervision_due", "due_at", postgresql_where=_AWAITED, sqlite_where=_AWAITED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    level: Mapped[str] = mapped_column(String(20))
    trigger: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    demand: Mapped[str] = mapped_column(Text)
    copied_to: Mapped[str] = mapped_column(String(200), default="")
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    ruling: Mapped[str] = mapped_column(Text, default="")
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    escalated_from_id: Mapped[int | None] = mapped_column(ForeignKey("supervision.id"))


class Instruction(Base):
    """批示: what a leader wrote on a ticket, who took charge of it and what came of it."""

    __tablename__ = "instruction"
    __table_args__ = (
        Index("ix_instruction_ticket", "ticket_id"),
        Index("ix_instruction_state", "state", "given_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    state: Mapped[str] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(Text)
    given_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    feedback: Mapped[str] = mapped_column(Text, default="")
    reported_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reported_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Notice(Base):
    """What a unit (or one person) is told of: reminders, cards, rulings; read once, kept."""

    __tablename__ = "notice"
    __table_args__ = (
        Index(
            "ix_notice_department",
            "department_id",
            "at",
            postgresql_where=_UNREAD,
            sqlite_where=_UNREAD,
        ),
        Index("ix_notice_staff", "staff_id", "at", postgresql_where=_UNREAD, sqlite_where=_UNREAD),
        Index(
            "ix_notice_role",
            "role",
            "at",
            postgresql_where=_UNREAD_BY_ROLE,
            sqlite_where=_UNREAD_BY_ROLE,
        ),
        # Cards are counted per unit and period; the other notices never are.
        Index("ix_notice_card", "at", "department_id", postgresql_where=_CARD, sqlite_where=_CARD),
        Index("ix_notice_ticket", "ticket_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    role: Mapped[str | None] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class PolicyVersion(Base):
    """A policy document as it was loaded: a rule profile, or one year of the calendar.

    Of each part the newest that is effective and not withdrawn is in force; without any, the
    shipped files are. `open_too` recounts the clocks of open tickets when it comes in force:
    `recounted_to` is the last share looked at, `recounted` how many were, `moved` how many
    due times changed; `applied_at` says that it is done.
    """

    __tablename__ = "policy_version"
    __table_args__ = (Index("ix_policy_version_part", "part", "effective_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(60))
    label: Mapped[str] = mapped_column(String(80))
    document: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
    effective_from: Mapped[datetime] = mapped_column(UtcDateTime)
    open_too: Mapped[bool] = mapped_column(default=False, server_default=false())
    loaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    loaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    recounted_to: Mapped[int] = mapped_column(default=0, server_default="0")
    recounted: Mapped[int] = mapped_column(default=0, server_default="0")
    moved: Mapped[int] = mapped_column(default=0, server_default="0")
    applied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
