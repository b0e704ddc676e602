"""FollowUp: one attempt to ask the requester whether it was solved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime

_CALLING = text("state = 'calling'")


class FollowUp(Base):
    """回访: asked, reached and answered are kept apart; unreached is never satisfied."""

    __tablename__ = "follow_up"
    __table_args__ = (
        Index("ix_follow_up_state", "state", "due_at"),
        Index("ix_follow_up_ticket", "ticket_id"),
        Index("ix_follow_up_ended", "ended_at"),
        # Never two calls at once to one person, whoever dials.
        Index(
            "ix_follow_up_calling",
            "number",
            unique=True,
            postgresql_where=_CALLING,
            sqlite_where=_CALLING,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    round: Mapped[int]
    attempt: Mapped[int] = mapped_column(default=1)
    method: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    called_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    channel_id: Mapped[str | None] = mapped_column(String(80), unique=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[str | None] = mapped_column(String(20))
    reached: Mapped[bool] = mapped_column(default=False)
    solved: Mapped[str | None] = mapped_column(String(20))
    rating: Mapped[str | None] = mapped_column(String(30))
    note: Mapped[str] = mapped_column(Text, default="")
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    number: Mapped[str | None] = mapped_column(String(40))
    """The telephone called, or written to."""
    contacted: Mapped[bool | None]
    """Whether the unit had been in touch, as the requester says."""
    reply_true: Mapped[bool | None]
    """Whether what the unit wrote is so, as the requester says."""
    language: Mapped[str] = mapped_column(String(10), default="", server_default="")
    comment: Mapped[str] = mapped_column(Text, default="", server_default="")
    """What the requester wrote, or what was heard in the spoken comment."""
    comment_sound: Mapped[str | None] = mapped_column(String(200))
    """The spoken comment, below the folder of recordings."""
    redo_wanted: Mapped[bool] = mapped_column(default=False, server_default=false())
    asked_by: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """Who asked, when it was nobody of the hotline."""
    import_id: Mapped[int | None] = mapped_column(ForeignKey("survey_import.id"))


class SurveyImport(Base):
    """A file of visits or of an outside survey that was taken in; bad rows are kept with why."""

    __tablename__ = "survey_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    method: Mapped[str] = mapped_column(String(20))
    asked_by: Mapped[str] = mapped_column(String(80))
    """Who asked: the firm, the bureau, the party of visitors."""
    sha256: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int]
    taken: Mapped[int]
    refused: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
