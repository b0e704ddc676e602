"""Judgement: messages with links, reviews, appeals, exclusions, media, quality, accountability."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime

_WAITING = text("state = 'waiting'")
_PENDING = text("state = 'pending'")
_OPEN_APPEAL = text("state IN ('pending', 'first_granted')")
_HOLDS = text("lifted_at IS NULL")


class SurveyLink(Base):
    """短信评价链接: one signed token for one attempt, used once.

    The token is made of the machine's key and `salt` when the message is sent: whoever reads the
    database can open no link.
    """

    __tablename__ = "survey_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    follow_up_id: Mapped[int] = mapped_column(ForeignKey("follow_up.id"), unique=True)
    salt: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TextMessage(Base):
    """短信: what is to be sent to a number, and what became of it."""

    __tablename__ = "text_message"
    __table_args__ = (
        Index("ix_text_message_due", "due_at", postgresql_where=_WAITING, sqlite_where=_WAITING),
        Index("ix_text_message_ticket", "ticket_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    follow_up_id: Mapped[int | None] = mapped_column(ForeignKey("follow_up.id"), index=True)
    number: Mapped[str] = mapped_column(String(40))
    purpose: Mapped[str] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reference: Mapped[str] = mapped_column(String(80), default="")
    """The gateway's own name for the message."""
    problem: Mapped[str] = mapped_column(Text, default="")


class Review(Base):
    """复核: an unsatisfied or unsolved answer, and what the centre made of it."""

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("ticket_id", "round", name="uq_review_round"),
        Index("ix_review_due", "due_at", postgresql_where=_PENDING, sqlite_where=_PENDING),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    round: Mapped[int]
    follow_up_id: Mapped[int | None] = mapped_column(ForeignKey("follow_up.id"), index=True)
    state: Mapped[str] = mapped_column(String(20))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    words: Mapped[str] = mapped_column(Text, default="")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class Appeal(Base):
    """考核申诉: a unit asks that a ticket be left out of one measure; two people decide."""

    __tablename__ = "appeal"
    __table_args__ = (
        Index(
            "ix_appeal_open",
            "ticket_id",
            "department_id",
            "measure",
            unique=True,
            postgresql_where=_OPEN_APPEAL,
            sqlite_where=_OPEN_APPEAL,
        ),
        Index("ix_appeal_state", "state", "due_at"),
        Index("ix_appeal_department", "department_id", "asked_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    measure: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(40))
    statement: Mapped[str] = mapped_column(Text)
    basis: Mapped[str] = mapped_column(Text, default="")
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    first_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    first_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_words: Mapped[str] = mapped_column(Text, default="")
    second_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    second_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    second_words: Mapped[str] = mapped_column(Text, default="")


class Exclusion(Base):
    """剔除: a ticket left out of one measure of one unit, since when and by which appeal."""

    __tablename__ = "exclusion"
    __table_args__ = (
        Index(
            "ix_exclusion_holds",
            "ticket_id",
            "department_id",
            "measure",
            unique=True,
            postgresql_where=_HOLDS,
            sqlite_where=_HOLDS,
        ),
        # What held at an earlier moment, lifted since or not, is found by this one.
        Index("ix_exclusion_ticket", "ticket_id", "department_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    appeal_id: Mapped[int] = mapped_column(ForeignKey("appeal.id"), unique=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    measure: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    lifted_why: Mapped[str] = mapped_column(Text, default="")


class AgentRating(Base):
    """话务员服务评价: the key pressed right after the talk; never the ticket's result."""

    __tablename__ = "agent_rating"
    __table_args__ = (Index("ix_agent_rating_at", "at", "extension"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(String(80), unique=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    extension: Mapped[str] = mapped_column(String(20))
    rating: Mapped[str | None] = mapped_column(String(30))
    """None: asked, and nothing was pressed."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class MediaItem(Base):
    """媒体督: what a newspaper, a broadcaster or a site said, and the ticket it became."""

    __tablename__ = "media_item"
    __table_args__ = (Index("ix_media_item_state", "state", "published_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    outlet: Mapped[str] = mapped_column(String(80))
    url: Mapped[str] = mapped_column(String(500), default="")
    published_on: Mapped[date] = mapped_column(Date)
    words: Mapped[str] = mapped_column(Text)
    place: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(20))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    supervision_id: Mapped[int | None] = mapped_column(ForeignKey("supervision.id"))
    outcome: Mapped[str] = mapped_column(Text, default="")
    registered_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class QualityCheck(Base):
    """质检: a call or a reply drawn by lot, scored once or, unknown to each other, twice."""

    __tablename__ = "quality_check"
    __table_args__ = (Index("ix_quality_check_state", "state", "drawn_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(20))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    twice: Mapped[bool]
    state: Mapped[str] = mapped_column(String(20))
    drawn_at: Mapped[datetime] = mapped_column(UtcDateTime)
    week: Mapped[date] = mapped_column(Date)
    """The Monday of the week it was drawn for."""
    sheet: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """The score sheet as it was when drawn."""
    final: Mapped[int | None]
    ruled_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    ruling: Mapped[str] = mapped_column(Text, default="")
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class QualityScore(Base):
    """One person's score sheet for one check."""

    __tablename__ = "quality_score"
    __table_args__ = (UniqueConstraint("check_id", "staff_id", name="uq_quality_score_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    check_id: Mapped[int] = mapped_column(ForeignKey("quality_check.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    points: Mapped[dict[str, int]] = mapped_column(JSON)
    total: Mapped[int]
    note: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Accountability(Base):
    """约谈与问责线索: a talk with a rectification clock, or a lead for the discipline desk."""

    __tablename__ = "accountability"
    __table_args__ = (
        Index("ix_accountability_state", "kind", "state", "due_at"),
        Index("ix_accountability_department", "department_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    rules: Mapped[str] = mapped_column(String(60), default="")
    """The scoring rules by which it came about, "" for none."""
    month: Mapped[date | None] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    talked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    minutes: Mapped[str] = mapped_column(Text, default="")
    """What was said, who was there."""
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    report: Mapped[str] = mapped_column(Text, default="")
    reported_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reported_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    ruling: Mapped[str] = mapped_column(Text, default="")
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class GamingFinding(Base):
    """A suspicion that a good figure was made, found by a rule, settled by a person."""

    __tablename__ = "gaming_finding"
    __table_args__ = (
        UniqueConstraint("kind", "department_id", "ticket_id", "week", name="uq_gaming_finding"),
        Index("ix_gaming_finding_week", "week", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    other_ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    week: Mapped[date] = mapped_column(Date)
    words: Mapped[str] = mapped_column(Text)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20))
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = mapped_column(Text, default="")
