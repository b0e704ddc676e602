"""发布: a text becomes a version on display, findable, and answers what waited for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.domain.events import KnowledgeErrorChanged, KnowledgeGapChanged
from dispatch.domain.knowledge_terms import ErrorReportState, GapState
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import local
from dispatch.models.knowledge import (
    KnowledgeEntry,
    KnowledgeError,
    KnowledgeGap,
    KnowledgeVersion,
)
from dispatch.service import knowledge_index

TEXT = (
    *("title", "answer", "basis", "keywords"),
    *("level", "category_id", "valid_from", "valid_until"),
)
"""What a version keeps of an entry."""


def live_version(session: Session, entry_id: int) -> KnowledgeVersion | None:
    """The version on display."""
    query = select(KnowledgeVersion).where(
        KnowledgeVersion.entry_id == entry_id, KnowledgeVersion.live
    )
    return session.scalar(query)


def publish(
    session: Session, actor: Actor, entry: KnowledgeEntry, rules: Rules, now: datetime
) -> None:
    """Put the text in work on display as the next version.

    Raises:
        InvalidInput: its last valid day is over.
    """
    today = local(now).date()
    if entry.valid_until is not None and entry.valid_until < today:
        raise InvalidInput("有效期已经过去，请退回单位改定后再发布", field="valid_until")
    take_down(session, entry)
    entry.version += 1
    version = KnowledgeVersion(
        entry_id=entry.id,
        number=entry.version,
        department_id=entry.department_id,
        **{name: getattr(entry, name) for name in TEXT},
        published_at=now,
        published_by_id=actor.staff_id,
        live=True,
    )
    session.add(version)
    session.flush()
    knowledge_index.put(session, version)
    entry.due_at = None
    if entry.review_on is None or entry.review_on <= today:
        entry.review_on = today + timedelta(days=rules.profile.knowledge.review_days)
    _close_gaps(session, actor, entry, now)
    _correct_errors(session, actor, entry, now)


def take_down(session: Session, entry: KnowledgeEntry) -> None:
    """Take the version on display away, when there is one; it stays readable as a version."""
    shown = live_version(session, entry.id)
    if shown is not None:
        knowledge_index.drop(session, shown.id)
        session.execute(
            update(KnowledgeVersion).where(KnowledgeVersion.id == shown.id).values(live=False)
        )


def _close_gaps(session: Session, actor: Actor, entry: KnowledgeEntry, now: datetime) -> None:
    gaps = session.scalars(
        select(KnowledgeGap).where(
            KnowledgeGap.entry_id == entry.id, KnowledgeGap.state == GapState.ASSIGNED.value
        )
    )
    for gap in gaps.all():
        gap.state, gap.closed_at = GapState.CLOSED.value, now
        fact = KnowledgeGapChanged(at=now, gap_id=gap.id, state=gap.state)
        record(session, actor, fact)


def _correct_errors(session: Session, actor: Actor, entry: KnowledgeEntry, now: datetime) -> None:
    reports = session.scalars(
        select(KnowledgeError).where(
            KnowledgeError.entry_id == entry.id,
            KnowledgeError.state == ErrorReportState.OPEN.value,
            KnowledgeError.version < entry.version,
        )
    )
    for row in reports.all():
        row.state, row.answered_at = ErrorReportState.CORRECTED.value, now
        row.answered_by_id = actor.staff_id
        row.answer = f"已更正，见第 {entry.version} 版"
        record(session, actor, KnowledgeErrorChanged(at=now, error_id=row.id, state=row.state))
