"""Ties between tickets, the fuller particulars of a request, units to avoid, attachments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime

# Answered or undone, a ticket may be merged again in a later round.
_STANDING = text("undone_at IS NULL AND answered_at IS NULL")


class TicketMerge(Base):
    """并单: `child` waits for `main`; `before` holds what the child was, to restore it exactly."""

    __tablename__ = "ticket_merge"
    __table_args__ = (
        Index(
            "ix_ticket_merge_child",
            "child_id",
            unique=True,
            postgresql_where=_STANDING,
            sqlite_where=_STANDING,
        ),
        Index("ix_ticket_merge_main", "main_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    main_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    child_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    merged_at: Mapped[datetime] = mapped_column(UtcDateTime)
    merged_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str] = mapped_column(Text, default="")
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class TicketLink(Base):
    """关联: two tickets belong together; `ticket` is the earlier one."""

    __tablename__ = "ticket_link"
    __table_args__ = (
        Index("ix_ticket_link_pair", "ticket_id", "other_id", "kind", unique=True),
        Index("ix_ticket_link_other", "other_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    other_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    kind: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(Text, default="")
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class Particulars(Base):
    """What only some requests have: reported party, enterprise, exact place, outside numbers."""

    __tablename__ = "particulars"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    requester_kind: Mapped[str] = mapped_column(String(20), default="person")
    enterprise_name: Mapped[str] = mapped_column(String(120), default="")
    enterprise_code: Mapped[str] = mapped_column(String(20), default="")
    contact_phone: Mapped[str] = mapped_column(String(40), default="")
    gender: Mapped[str] = mapped_column(String(10), default="")
    language: Mapped[str] = mapped_column(String(40), default="")
    reported_party: Mapped[str] = mapped_column(String(120), default="")
    reported_phone: Mapped[str] = mapped_column(String(40), default="")
    reported_code: Mapped[str] = mapped_column(String(20), default="")
    occurred_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    grid: Mapped[str] = mapped_column(String(60), default="")
    spot: Mapped[str] = mapped_column(String(80), default="")
    source_system: Mapped[str] = mapped_column(String(60), default="")
    external_no: Mapped[str] = mapped_column(String(60), default="", index=True)
    category_as_filed: Mapped[str] = mapped_column(String(200), default="")
    tags: Mapped[list[Any]] = mapped_column(JSON, default=list)


class AvoidedUnit(Base):
    """回避: neither this unit nor those above and below it may receive or read the ticket."""

    __tablename__ = "avoided_unit"
    __table_args__ = (Index("ix_avoided_unit_department", "department_id"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), primary_key=True)
    why: Mapped[str] = mapped_column(String(20))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class Attachment(Base):
    """附件: a file outside the web root; `path` is below the attachments folder."""

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_ticket", "ticket_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    part: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    media_type: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(200))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(String(200))
    scanned: Mapped[str] = mapped_column(String(80), default="")
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
