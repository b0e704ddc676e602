"""One knowledge entry as people read it: its texts, versions, history and error reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.knowledge_steps import CENTRE, knowledge_acts
from dispatch.domain.knowledge_terms import KnowledgeAct, KnowledgeLevel, KnowledgeStatus
from dispatch.domain.people import Actor
from dispatch.domain.worktime import local
from dispatch.models.catalog import Category
from dispatch.models.knowledge import (
    KnowledgeEntry,
    KnowledgeStep,
    KnowledgeUse,
    KnowledgeVersion,
)
from dispatch.models.people import Staff
from dispatch.service.knowledge_error_queries import ErrorView, error_list, reach
from dispatch.service.knowledge_queries import READING, EntryRow, row_of, rows_of, shown, tabs_of


@dataclass(frozen=True, kw_only=True)
class VersionView:
    """A text as it was published."""

    number: int
    title: str
    answer: str
    basis: str
    category: str
    keywords: str
    level: KnowledgeLevel
    valid_from: date | None
    valid_until: date | None
    published_at: datetime
    published_by: str
    live: bool
    expired: bool


@dataclass(frozen=True)
class StepView:
    """One link of an entry's history."""

    act: KnowledgeAct
    at: datetime
    who: str
    words: str
    version: int


@dataclass(frozen=True, kw_only=True)
class EntryView:
    """One entry; `work` is the text in work, None for those who only read."""

    row: EntryRow
    unit_code: str
    category_code: str
    revision: int
    work: KnowledgeEntry | None
    versions: tuple[VersionView, ...]
    steps: tuple[StepView, ...]
    errors: tuple[ErrorView, ...]
    uses: int
    acts: tuple[KnowledgeAct, ...]
    may_report: bool

    @property
    def live(self) -> VersionView | None:
        """What is on display."""
        return next((one for one in self.versions if one.live), None)


def entry_for(session: Session, reader: Actor, entry_id: int, *, now: datetime) -> EntryView:
    """One entry with its versions, history and error reports.

    Raises:
        NotFound: there is none, it is another unit's, or nothing of it is on display.
    """
    query = rows_of().where(KnowledgeEntry.id == entry_id, reach(reader), shown(reader, now))
    found = session.execute(query).first()
    if found is None:
        raise NotFound("没有找到这个知识条目，或它不属于您的单位")
    entry: KnowledgeEntry = found[0]
    writes = len(tabs_of(reader)) > len(READING)
    versions = _versions(session, entry.id, now)
    return EntryView(
        row=row_of(found, now),
        unit_code=found.unit_code,
        category_code=found.category_code or "",
        revision=entry.revision,
        work=entry if writes else None,
        versions=versions if writes else tuple(one for one in versions if one.live),
        steps=_steps(session, entry.id) if writes else (),
        errors=error_list(session, reader, entry_id=entry.id, now=now),
        uses=session.scalar(
            select(func.count()).where(KnowledgeUse.entry_id == entry.id).select_from(KnowledgeUse)
        )
        or 0,
        acts=knowledge_acts(KnowledgeStatus(entry.status), reader),
        may_report=reader.role in CENTRE and any(one.live for one in versions),
    )


def _versions(session: Session, entry_id: int, now: datetime) -> tuple[VersionView, ...]:
    rows = session.execute(
        select(KnowledgeVersion, Category.name, Staff.name)
        .outerjoin(Category, Category.id == KnowledgeVersion.category_id)
        .outerjoin(Staff, Staff.id == KnowledgeVersion.published_by_id)
        .where(KnowledgeVersion.entry_id == entry_id)
        .order_by(KnowledgeVersion.number.desc())
    )
    today = local(now).date()
    return tuple(
        VersionView(
            number=row.number,
            title=row.title,
            answer=row.answer,
            basis=row.basis,
            category=category or "",
            keywords=row.keywords,
            level=KnowledgeLevel(row.level),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            published_at=row.published_at,
            published_by=who or "系统",
            live=row.live,
            expired=bool(row.valid_until and row.valid_until < today),
        )
        for row, category, who in rows
    )


def _steps(session: Session, entry_id: int) -> tuple[StepView, ...]:
    rows = session.execute(
        select(KnowledgeStep, Staff.name)
        .outerjoin(Staff, Staff.id == KnowledgeStep.staff_id)
        .where(KnowledgeStep.entry_id == entry_id)
        .order_by(KnowledgeStep.id.desc())
    )
    return tuple(
        StepView(KnowledgeAct(row.act), row.at, who or "系统", row.words, row.version)
        for row, who in rows
    )
