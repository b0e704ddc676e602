"""Ticket, its assignments to departments, and the append-only history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime

_RUNNING = text("ended_at IS NULL")


class Ticket(Base):
    """工单: the record of a request. `number` is public, `query_code` the resident's key to it.

    The clock columns mirror the lead department's running assignment.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        CheckConstraint("round >= 1", name="round_positive"),
        CheckConstraint("status <> 'closed' OR closed_at IS NOT NULL", name="closed_has_time"),
        Index("ix_ticket_status", "status", "due_at"),
        Index("ix_ticket_created", "created_at"),
        Index("ix_ticket_dispatched", "dispatched_at"),
        Index("ix_ticket_due", "due_at", "completed_at"),
        Index("ix_ticket_closed", "closed_at"),
        Index("ix_ticket_department", "department_id", "status"),
        Index("ix_ticket_phone", "phone", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    query_code: Mapped[str] = mapped_column(String(12))
    version: Mapped[int] = mapped_column(default=1)
    channel: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    urgency: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    content: Mapped[str] = mapped_column(Text)
    expectation: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[str] = mapped_column(String(200), default="")
    division: Mapped[str | None] = mapped_column(String(20), index=True)
    requester_id: Mapped[int | None] = mapped_column(ForeignKey("requester.id"), index=True)
    requester_name: Mapped[str] = mapped_column(String(60), default="")
    phone: Mapped[str | None] = mapped_column(String(40))
    confidential: Mapped[bool] = mapped_column(default=False)
    reply_wanted: Mapped[bool] = mapped_column(default=True)
    business_environment: Mapped[bool] = mapped_column(default=False)
    round: Mapped[int] = mapped_column(default=1)
    urged: Mapped[int] = mapped_column(default=0)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    dispatched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledge_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_contacted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    audited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    clock_rule: Mapped[str] = mapped_column(Text, default="")
    calendar_version: Mapped[str] = mapped_column(String(40), default="")
    public_reply: Mapped[str] = mapped_column(Text, default="")
    solved: Mapped[str | None] = mapped_column(String(20))
    rating: Mapped[str | None] = mapped_column(String(30))
    suggestion: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    imported: Mapped[bool] = mapped_column(default=False)


class Assignment(Base):
    """One department's share of one round, with its own clock and reply; old ones are kept."""

    __tablename__ = "assignment"
    __table_args__ = (
        Index("ix_assignment_ticket", "ticket_id"),
        Index("ix_assignment_department", "department_id", "ended_at"),
        Index("ix_assignment_dispatched", "dispatched_at"),
        # The sweep reads only running clocks; closed tickets cost it nothing.
        Index("ix_assignment_due", "due_at", postgresql_where=_RUNNING, sqlite_where=_RUNNING),
        Index("ix_assignment_warn", "warn_at", postgresql_where=_RUNNING, sqlite_where=_RUNNING),
        Index(
            "ix_assignment_sign", "acknowledge_by", postgresql_where=_RUNNING, sqlite_where=_RUNNING
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    part: Mapped[str] = mapped_column(String(20))
    round: Mapped[int]
    dispatched_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    opinion: Mapped[str] = mapped_column(Text, default="")
    dispatched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    acknowledge_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    sign_breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_contacted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    public_reply: Mapped[str] = mapped_column(Text, default="")
    internal_note: Mapped[str] = mapped_column(Text, default="")
    clock_rule: Mapped[str] = mapped_column(Text, default="")


class TicketEvent(Base):
    """流转记录: history and outbox in one append-only table."""

    __tablename__ = "ticket_event"
    __table_args__ = (
        Index("ix_ticket_event_ticket", "ticket_id", "id"),
        Index("ix_ticket_event_contact", "contact_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    actor_name: Mapped[str] = mapped_column(String(60))
    actor_role: Mapped[str] = mapped_column(String(20))
    status: Mapped[str | None] = mapped_column(String(20))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
