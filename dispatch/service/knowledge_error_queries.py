"""纠错 as people read it: error reports on entries, with how late their answers are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, false, func, select, true

from dispatch.db import Session
from dispatch.domain.knowledge_steps import CENTRE
from dispatch.domain.knowledge_terms import ErrorReportState
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.knowledge import KnowledgeEntry, KnowledgeError
from dispatch.models.people import Department, Staff

MOST = 200


@dataclass(frozen=True, kw_only=True)
class ErrorView:
    """One error report; `late` when it was not answered in time, or is overdue."""

    id: int
    entry_id: int
    title: str
    unit: str
    version: int
    words: str
    state: ErrorReportState
    reported_at: datetime
    reported_by: str
    due_at: datetime
    late: bool
    answer: str
    answered_at: datetime | None
    answered_by: str


def error_list(
    session: Session,
    reader: Actor,
    state: ErrorReportState | None = None,
    *,
    entry_id: int | None = None,
    now: datetime,
) -> tuple[ErrorView, ...]:
    """Error reports the reader may see, those due first."""
    reporter, answerer = Staff.__table__.alias(), Staff.__table__.alias()
    query = (
        select(
            KnowledgeError,
            KnowledgeEntry.title,
            Department.short_name,
            reporter.c.name,
            answerer.c.name,
        )
        .join(KnowledgeEntry, KnowledgeEntry.id == KnowledgeError.entry_id)
        .join(Department, Department.id == KnowledgeEntry.department_id)
        .outerjoin(reporter, reporter.c.id == KnowledgeError.reported_by_id)
        .outerjoin(answerer, answerer.c.id == KnowledgeError.answered_by_id)
        .where(reach(reader))
        .order_by(KnowledgeError.answered_at.desc(), KnowledgeError.due_at, KnowledgeError.id)
        .limit(MOST)
    )
    if state is not None:
        query = query.where(KnowledgeError.state == state.value)
    if entry_id is not None:
        query = query.where(KnowledgeError.entry_id == entry_id)
    return tuple(
        ErrorView(
            id=row.id,
            entry_id=row.entry_id,
            title=title,
            unit=unit,
            version=row.version,
            words=row.words,
            state=ErrorReportState(row.state),
            reported_at=row.reported_at,
            reported_by=who or "系统",
            due_at=row.due_at,
            late=row.due_at < (row.answered_at or now),
            answer=row.answer,
            answered_at=row.answered_at,
            answered_by=by or "",
        )
        for row, title, unit, who, by in session.execute(query)
    )


def open_errors(session: Session, reader: Actor) -> int:
    """How many error reports wait for an answer, as far as the reader may see them."""
    query = (
        select(func.count())
        .select_from(KnowledgeError)
        .join(KnowledgeEntry, KnowledgeEntry.id == KnowledgeError.entry_id)
        .where(reach(reader), KnowledgeError.state == ErrorReportState.OPEN.value)
    )
    return session.scalar(query) or 0


def reach(reader: Actor) -> ColumnElement[bool]:
    """Whose entries a reader has to do with: the centre's people all, a unit its own."""
    if reader.role in CENTRE:
        return true()
    if reader.role is Role.DEPARTMENT and reader.department_id is not None:
        return KnowledgeEntry.department_id == reader.department_id
    return false()
