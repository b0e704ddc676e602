"""Contact: one call, message or visit, with its queue times, outcome and recording."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime

_OPEN_CALL = text("ended_at IS NULL")


class Contact(Base):
    """One interaction. Telephone fields come from the call; the rest from the agent.

    `outcome` is how the call ended in the queue (CallOutcome); `disposition` how it ended
    for the caller (Disposition). Waits and talks are seconds.
    """

    __tablename__ = "contact"
    __table_args__ = (
        Index("ix_contact_started", "started_at"),
        Index("ix_contact_caller", "caller", "started_at"),
        Index("ix_contact_ticket", "ticket_id"),
        Index("ix_contact_agent", "agent_id", "started_at"),
        Index(
            "ix_contact_open", "started_at", postgresql_where=_OPEN_CALL, sqlite_where=_OPEN_CALL
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(String(80), unique=True)
    call_uuid: Mapped[str | None] = mapped_column(String(40), index=True)
    channel: Mapped[str] = mapped_column(String(20), default="phone")
    direction: Mapped[str] = mapped_column(String(10))
    caller: Mapped[str | None] = mapped_column(String(40))
    line: Mapped[str | None] = mapped_column(String(40))
    queue: Mapped[str | None] = mapped_column(String(40))
    agent: Mapped[str | None] = mapped_column(String(20))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    ringing: Mapped[str | None] = mapped_column(String(20))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    queued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    left_queue_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    talk_ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wait_s: Mapped[float | None]
    talk_s: Mapped[float | None]
    outcome: Mapped[str | None] = mapped_column(String(30))
    recording: Mapped[str | None] = mapped_column(String(200))
    transfers: Mapped[list[Any]] = mapped_column(JSON, default=list)
    dtmf: Mapped[list[Any]] = mapped_column(JSON, default=list)
    disposition: Mapped[str | None] = mapped_column(String(30))
    disposition_note: Mapped[str | None] = mapped_column(Text)
    disposition_reason: Mapped[str | None] = mapped_column(String(40))
    """Code of the reason in the city's catalogue, or the emergency line's number."""
    disposed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    ticket_ref: Mapped[str | None] = mapped_column(String(40), index=True)
    """Number of a ticket that an import named and that is not here (yet)."""
    requester_id: Mapped[int | None] = mapped_column(ForeignKey("requester.id"))
    imported: Mapped[bool] = mapped_column(default=False)
    import_id: Mapped[int | None] = mapped_column(Integer, index=True)
    """The history import it came with; taking that back removes it."""
    node: Mapped[str | None] = mapped_column(String(20))
    """Which telephone system took the call."""
    ended_by: Mapped[str | None] = mapped_column(String(10))
    """EndedBy: who hung up."""
    hold_s: Mapped[float | None]
    """Seconds of the talk that the caller spent on hold."""
    voicemail: Mapped[str | None] = mapped_column(String(200))
    """Where the caller's message lies below the recordings folder."""
    call_back_id: Mapped[int | None] = mapped_column(Integer, index=True)
    """The call-back this outbound call was placed for."""


class Draft(Base):
    """What somebody typed and has not sent yet, kept so that no crash loses it."""

    __tablename__ = "draft"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(80), primary_key=True)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
