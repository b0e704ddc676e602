"""知识库: entries with their published versions, the terms a search finds, errors, gaps."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime

_LIVE = text("live")
_STANDING = text("state <> 'closed'")


class KnowledgeEntry(Base):
    """An entry's text in work. What people read is its published version, until the next one."""

    __tablename__ = "knowledge_entry"
    __table_args__ = (Index("ix_knowledge_entry_unit", "department_id", "status"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    title: Mapped[str] = mapped_column(String(120))
    answer: Mapped[str] = mapped_column(Text, default="")
    basis: Mapped[str] = mapped_column(Text, default="")
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    keywords: Mapped[str] = mapped_column(String(200), default="")
    level: Mapped[str] = mapped_column(String(20))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
    review_on: Mapped[date | None] = mapped_column(Date)
    status: Mapped[str] = mapped_column(String(20), index=True)
    version: Mapped[int] = mapped_column(default=0)
    """Number of the newest published version; 0 while there is none."""
    revision: Mapped[int] = mapped_column(default=1)
    """Grows with every change, so that nobody overwrites what he has not read."""
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """By when the unit was told to have it written."""
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class KnowledgeVersion(Base):
    """A text as published; `live` is the one on display."""

    __tablename__ = "knowledge_version"
    __table_args__ = (
        UniqueConstraint("entry_id", "number", name="uq_knowledge_version"),
        Index(
            "ix_knowledge_version_live",
            "entry_id",
            unique=True,
            postgresql_where=_LIVE,
            sqlite_where=_LIVE,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("knowledge_entry.id"))
    number: Mapped[int]
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    title: Mapped[str] = mapped_column(String(120))
    answer: Mapped[str] = mapped_column(Text)
    basis: Mapped[str] = mapped_column(Text)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    keywords: Mapped[str] = mapped_column(String(200))
    level: Mapped[str] = mapped_column(String(20))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
    published_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    live: Mapped[bool]


class KnowledgeTerm(Base):
    """What a search finds: each term of a version on display and what it adds to the score."""

    __tablename__ = "knowledge_term"
    __table_args__ = (
        Index("ix_knowledge_term_version", "version_id"),
        {"sqlite_with_rowid": False},
    )

    term: Mapped[str] = mapped_column(String(24), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("knowledge_version.id"), primary_key=True)
    impact: Mapped[float]


class KnowledgeStep(Base):
    """One link of an entry's history: who did what, when, with which words."""

    __tablename__ = "knowledge_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("knowledge_entry.id"), index=True)
    act: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    words: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=0)


class KnowledgeError(Base):
    """纠错: somebody says that a version on display is wrong; the unit owes an answer."""

    __tablename__ = "knowledge_error"
    __table_args__ = (Index("ix_knowledge_error_state", "state", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("knowledge_entry.id"), index=True)
    version: Mapped[int]
    words: Mapped[str] = mapped_column(Text)
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reported_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20))
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class KnowledgeUse(Base):
    """Which version of an entry was cited, on which call, by whom."""

    __tablename__ = "knowledge_use"

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("knowledge_entry.id"), index=True)
    version: Mapped[int]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class KnowledgeGap(Base):
    """问而未得: one question that was not found, whoever asked it, until an entry answers it."""

    __tablename__ = "knowledge_gap"
    __table_args__ = (
        Index(
            "ix_knowledge_gap_question",
            "question",
            unique=True,
            postgresql_where=_STANDING,
            sqlite_where=_STANDING,
        ),
        Index("ix_knowledge_gap_state", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    question: Mapped[str] = mapped_column(String(60))
    """Normalised by knowledge_words.question_of."""
    state: Mapped[str] = mapped_column(String(20))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("knowledge_entry.id"), index=True)
    reason: Mapped[str] = mapped_column(Text, default="")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class KnowledgeMiss(Base):
    """One search that gave no answer: the words, the call, the agent."""

    __tablename__ = "knowledge_miss"
    __table_args__ = (
        Index("ix_knowledge_miss_gap", "gap_id", "at"),
        Index("ix_knowledge_miss_at", "at"),
        Index("ix_knowledge_miss_staff", "staff_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    gap_id: Mapped[int] = mapped_column(ForeignKey("knowledge_gap.id"))
    words: Mapped[str] = mapped_column(String(60))
    question: Mapped[str] = mapped_column(String(60))
    found: Mapped[int] = mapped_column(default=0)
    """How many entries the search showed; 0 when none."""
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
