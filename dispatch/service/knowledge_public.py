"""What everybody may read of the knowledge base: public versions that are valid today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, or_, select

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.knowledge_steps import readable_levels
from dispatch.domain.worktime import local
from dispatch.models.knowledge import KnowledgeVersion
from dispatch.models.people import Department
from dispatch.service import knowledge_index

SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class PublicEntry:
    """One answer as everybody reads it."""

    id: int
    title: str
    answer: str
    basis: str
    unit: str
    valid_until: date | None
    published_at: datetime


def entries(session: Session, words: str, *, now: datetime) -> tuple[PublicEntry, ...]:
    """What answers the words, the best first; without words the newest."""
    today = local(now).date()
    query = _valid(today)
    if words.strip():
        levels = readable_levels(None)
        hits = knowledge_index.search(session, words, levels, today=today, limit=SHOWN)
        order = [hit.entry_id for hit in hits if not hit.expired]
        found = session.execute(query.where(KnowledgeVersion.entry_id.in_(order))).all()
        known = {row[0].entry_id: _view(*row) for row in found}
        return tuple(known[one] for one in order if one in known)
    newest = query.order_by(KnowledgeVersion.published_at.desc(), KnowledgeVersion.id.desc())
    return tuple(_view(*row) for row in session.execute(newest.limit(SHOWN)).all())


def entry(session: Session, entry_id: int, *, now: datetime) -> PublicEntry:
    """One public entry.

    Raises:
        NotFound: there is none that everybody may read today.
    """
    query = _valid(local(now).date()).where(KnowledgeVersion.entry_id == entry_id)
    row = session.execute(query).first()
    if row is None:
        raise NotFound("没有找到这条解答，可能已经过期或撤下；可以拨打 12345 询问")
    return _view(*row)


def _valid(today: date) -> Select[KnowledgeVersion, str]:
    shown = knowledge_index.readable(readable_levels(None), today)
    still = or_(KnowledgeVersion.valid_until.is_(None), KnowledgeVersion.valid_until >= today)
    return (
        select(KnowledgeVersion, Department.name)
        .join(Department, Department.id == KnowledgeVersion.department_id)
        .where(shown, still)
    )


def _view(row: KnowledgeVersion, unit: str) -> PublicEntry:
    return PublicEntry(
        id=row.entry_id,
        title=row.title,
        answer=row.answer,
        basis=row.basis,
        unit=unit,
        valid_until=row.valid_until,
        published_at=row.published_at,
    )
