"""FollowUp: one attempt to ask the requester whether it was solved."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime


class FollowUp(Base):
    """回访: asked, reached and answered are kept apart; unreached is never satisfied."""

    __tablename__ = "follow_up"
    __table_args__ = (
        Index("ix_follow_up_state", "state", "due_at"),
        Index("ix_follow_up_ticket", "ticket_id"),
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
