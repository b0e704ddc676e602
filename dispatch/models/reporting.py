"""Reports as issued, important-matter briefs, early warnings, rosters, meetings, open data."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime

_OPEN_WARNING = text("state = 'open'")
_OPEN_BRIEF = text("closed_at IS NULL")


class IssuedReport(Base):
    """已印发的报告: a report as it was issued; a correction is a new row that replaces it."""

    __tablename__ = "issued_report"
    __table_args__ = (
        UniqueConstraint(
            *("kind", "subject", "first", "last", "revision"), name="uq_issued_report_revision"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(200), default="")
    """What a special report is about: the filters it was made with; "" for the whole city."""
    first: Mapped[date] = mapped_column(Date)
    last: Mapped[date] = mapped_column(Date)
    revision: Mapped[int]
    number: Mapped[int]
    """期号, within the kind and year; a correction keeps it."""
    title: Mapped[str] = mapped_column(String(200))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The document: all words, tables and points of charts."""
    digest: Mapped[str] = mapped_column(String(64))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    """None: by the schedule."""
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("issued_report.id"))
    why: Mapped[str] = mapped_column(Text, default="")
    differences: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """Against the issue it replaces: what, before, after."""


class ReportDelivery(Base):
    """报告送达: to whom a report went, and when it was opened."""

    __tablename__ = "report_delivery"
    __table_args__ = (UniqueConstraint("report_id", "staff_id", name="uq_report_delivery_reader"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("issued_report.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Brief(Base):
    """要情: an important matter told to the leaders, and the chain of what came of it."""

    __tablename__ = "brief"
    __table_args__ = (
        Index("ix_brief_open", "due_at", postgresql_where=_OPEN_BRIEF, sqlite_where=_OPEN_BRIEF),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    level: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(120))
    place: Mapped[str] = mapped_column(String(200), default="")
    happened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    facts: Mapped[str] = mapped_column(Text)
    measures: Mapped[str] = mapped_column(Text, default="")
    """What was done so far, and which units were told."""
    origin: Mapped[str] = mapped_column(String(20))
    origin_ref: Mapped[str] = mapped_column(String(80), default="")
    tickets: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """Numbers of the tickets it was made from."""
    drafted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BriefStep(Base):
    """One link of a brief's chain: submitted, instruction, receipt, feedback, closing."""

    __tablename__ = "brief_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    brief_id: Mapped[int] = mapped_column(ForeignKey("brief.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    words: Mapped[str] = mapped_column(Text, default="")
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class EarlyWarning(Base):
    """预警: something that rises, wanders or is about to be missed, told once a window."""

    __tablename__ = "early_warning"
    __table_args__ = (
        UniqueConstraint("kind", "subject", "since", name="uq_early_warning_window"),
        Index(
            "ix_early_warning_open",
            "found_at",
            postgresql_where=_OPEN_WARNING,
            sqlite_where=_OPEN_WARNING,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(120))
    """What it is about, as one word: a category and a place, a unit, a ticket."""
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20))
    level: Mapped[str] = mapped_column(String(20), default="")
    words: Mapped[str] = mapped_column(Text)
    count: Mapped[int] = mapped_column(default=0)
    expected: Mapped[float | None]
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    division: Mapped[str | None] = mapped_column(String(20))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    tickets: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """Numbers of the tickets behind it."""
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    outcome: Mapped[str] = mapped_column(Text, default="")


class DayNote(Base):
    """当日情况: weather and events of a day, as far as they move the number of calls."""

    __tablename__ = "day_note"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    weather: Mapped[str] = mapped_column(String(20), default="")
    note: Mapped[str] = mapped_column(String(200), default="")
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class RosterShift(Base):
    """排班: one agent's shift, from a moment to a moment."""

    __tablename__ = "roster_shift"
    __table_args__ = (UniqueConstraint("staff_id", "starts_at", name="uq_roster_shift_start"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    queue: Mapped[str] = mapped_column(String(40), default="")
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class JointMeeting(Base):
    """联席会议: several units around one table about the business environment."""

    __tablename__ = "joint_meeting"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    held_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    place: Mapped[str] = mapped_column(String(120), default="")
    units: Mapped[list[Any]] = mapped_column(JSON, default=list)
    minutes: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(20))
    called_at: Mapped[datetime] = mapped_column(UtcDateTime)
    called_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class JointCase(Base):
    """联席会议议题: an enterprise's ticket that one unit alone cannot settle."""

    __tablename__ = "joint_case"
    __table_args__ = (UniqueConstraint("meeting_id", "ticket_id", name="uq_joint_case_ticket"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("joint_meeting.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    question: Mapped[str] = mapped_column(Text)
    conclusion: Mapped[str] = mapped_column(Text, default="")
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20))
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    raised_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OpenRelease(Base):
    """开放数据: one month's rows without persons, as they were published."""

    __tablename__ = "open_release"
    __table_args__ = (UniqueConstraint("month", "revision", name="uq_open_release_revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(Date)
    revision: Mapped[int]
    k: Mapped[int]
    rows: Mapped[int]
    suppressed: Mapped[int]
    coarsened: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    digest: Mapped[str] = mapped_column(String(64))
    file: Mapped[str] = mapped_column(String(200))
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    why: Mapped[str] = mapped_column(Text, default="")


class HistoryImport(Base):
    """历史数据导入: one file, how its columns were read, what was taken and what was refused."""

    __tablename__ = "history_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Place of a column in the file, from 0, to the code of what it holds."""
    state: Mapped[str] = mapped_column(String(20))
    size: Mapped[int]
    """Bytes of a text, rows of a workbook; `position` is how many of them are behind us."""
    position: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int] = mapped_column(default=0)
    """Rows read so far; they are taken, told before (`doubled`) or refused."""
    taken: Mapped[int] = mapped_column(default=0)
    doubled: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    problems: Mapped[list[Any]] = mapped_column(JSON, default=list)
    views: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """Who had opened the tickets that were taken back: staff, number, what, at."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
