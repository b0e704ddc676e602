"""知识库 as people read it: lists with counts, one entry with its versions and its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select, true

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.knowledge_steps import CENTRE, knowledge_acts, readable_levels
from dispatch.domain.knowledge_terms import (
    ErrorReportState,
    KnowledgeAct,
    KnowledgeLevel,
    KnowledgeStatus,
)
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import local
from dispatch.models.catalog import Category
from dispatch.models.knowledge import (
    KnowledgeEntry,
    KnowledgeError,
    KnowledgeStep,
    KnowledgeUse,
    KnowledgeVersion,
)
from dispatch.models.people import Department, Staff
from dispatch.service.access import require_role
from dispatch.service.knowledge_error_queries import ErrorView, error_list, reach

PAGE = 50
KEEPERS = frozenset({Role.CENTER, Role.SUPERVISOR})
"""Who sees entries of all units in every state."""

TABS: Mapping[str, str] = MappingProxyType(
    {
        "published": "在用",
        "draft": "编写中",
        "approved": "待发布",
        "late": "编写逾期",
        "review": "该复审",
        "expired": "已过期",
        "withdrawn": "已撤下",
    }
)
READING = ("published", "expired")
"""Tabs of those who only read."""


@dataclass(frozen=True, kw_only=True)
class EntryRow:
    """One line of a list; `expired` when what is on display is no longer valid."""

    id: int
    title: str
    unit: str
    category: str
    level: KnowledgeLevel
    status: KnowledgeStatus
    version: int
    valid_until: date | None
    expired: bool
    review_on: date | None
    due_at: datetime | None
    late: bool
    changed_at: datetime
    errors: int


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


def entry_list(
    session: Session,
    reader: Actor,
    tab: str,
    *,
    unit: str = "",
    category: str = "",
    words: str = "",
    before: int | None = None,
    now: datetime,
) -> tuple[EntryRow, ...]:
    """Entries under a tab that the reader may see, the newest first; `unit`, `category`: codes."""
    query = _rows(now).where(
        reach(reader), _tab(tab, now), _chosen(unit, category, words), _shown(reader, now)
    )
    if before is not None:
        query = query.where(KnowledgeEntry.id < before)
    found = session.execute(query.order_by(KnowledgeEntry.id.desc()).limit(PAGE)).all()
    return tuple(_row(one, now) for one in found)


def entry_counts(
    session: Session,
    reader: Actor,
    *,
    unit: str = "",
    category: str = "",
    words: str = "",
    now: datetime,
) -> dict[str, int]:
    """How many entries each tab of this reader opens, under the same choices."""
    names = tabs_of(reader)
    sums = [func.sum(case((_tab(name, now), 1), else_=0)) for name in names]
    row = session.execute(
        select(*sums)
        .select_from(KnowledgeEntry)
        .outerjoin(KnowledgeVersion, _on_display())
        .join(Department, Department.id == KnowledgeEntry.department_id)
        .outerjoin(Category, Category.id == KnowledgeEntry.category_id)
        .where(reach(reader), _chosen(unit, category, words), _shown(reader, now))
    ).one()
    return {name: int(count or 0) for name, count in zip(names, row, strict=True)}


def tabs_of(reader: Actor) -> tuple[str, ...]:
    """The tabs a reader has."""
    writes = reader.role in KEEPERS or reader.role is Role.DEPARTMENT
    return tuple(TABS) if writes else READING


def entry_for(session: Session, reader: Actor, entry_id: int, *, now: datetime) -> EntryView:
    """One entry with its versions, history and error reports.

    Raises:
        NotFound: there is none, it is another unit's, or nothing of it is on display.
    """
    query = _rows(now).where(KnowledgeEntry.id == entry_id, reach(reader), _shown(reader, now))
    found = session.execute(query).first()
    if found is None:
        raise NotFound("没有找到这个知识条目，或它不属于您的单位")
    entry: KnowledgeEntry = found[0]
    writes = len(tabs_of(reader)) > len(READING)
    versions = _versions(session, entry.id, now)
    return EntryView(
        row=_row(found, now),
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


def _shown(reader: Actor, now: datetime) -> ColumnElement[bool]:
    """Who does not write reads only what is on display."""
    require_role(reader, *CENTRE, Role.DEPARTMENT)
    if len(tabs_of(reader)) > len(READING):
        return true()
    levels = [level.value for level in readable_levels(reader.role)]
    begun = or_(
        KnowledgeVersion.valid_from.is_(None), KnowledgeVersion.valid_from <= local(now).date()
    )
    return and_(KnowledgeVersion.id.is_not(None), KnowledgeVersion.level.in_(levels), begun)


def _tab(tab: str, now: datetime) -> ColumnElement[bool]:
    today = local(now).date()
    status = KnowledgeEntry.status
    shown = KnowledgeVersion.id.is_not(None)
    over = func.coalesce(KnowledgeVersion.valid_until < today, false())
    return {
        "published": and_(shown, ~over),
        "expired": and_(shown, over),
        "draft": status == KnowledgeStatus.DRAFT.value,
        "approved": status == KnowledgeStatus.APPROVED.value,
        "late": and_(status == KnowledgeStatus.DRAFT.value, KnowledgeEntry.due_at < now),
        "review": and_(shown, ~over, KnowledgeEntry.review_on <= today),
        "withdrawn": status == KnowledgeStatus.WITHDRAWN.value,
    }[tab if tab in TABS else "published"]


def _chosen(unit: str, category: str, words: str) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [
        or_(
            KnowledgeEntry.title.contains(part, autoescape=True),
            KnowledgeEntry.keywords.contains(part, autoescape=True),
            KnowledgeEntry.answer.contains(part, autoescape=True),
        )
        for part in words.replace("\0", "").split()[:6]
    ]
    if unit:
        parts.append(Department.code == unit)
    if category:
        above = select(Category.id).where(Category.code == category).scalar_subquery()
        parts.append(or_(Category.code == category, Category.parent_id == above))
    return and_(true(), *parts)


def _on_display() -> ColumnElement[bool]:
    return and_(KnowledgeVersion.entry_id == KnowledgeEntry.id, KnowledgeVersion.live)


def _rows(now: datetime) -> Any:
    waiting = (
        select(func.count())
        .select_from(KnowledgeError)
        .where(
            KnowledgeError.entry_id == KnowledgeEntry.id,
            KnowledgeError.state == ErrorReportState.OPEN.value,
        )
        .correlate(KnowledgeEntry)
        .scalar_subquery()
    )
    return (
        select(
            KnowledgeEntry,
            KnowledgeVersion,
            Department.short_name.label("unit"),
            Department.code.label("unit_code"),
            Category.name.label("category"),
            Category.code.label("category_code"),
            waiting.label("errors"),
        )
        .outerjoin(KnowledgeVersion, _on_display())
        .join(Department, Department.id == KnowledgeEntry.department_id)
        .outerjoin(Category, Category.id == KnowledgeEntry.category_id)
    )


def _row(found: Any, now: datetime) -> EntryRow:
    entry: KnowledgeEntry = found[0]
    shown: KnowledgeVersion | None = found[1]
    until = shown.valid_until if shown else entry.valid_until
    draft = entry.status == KnowledgeStatus.DRAFT.value
    return EntryRow(
        id=entry.id,
        title=entry.title,
        unit=found.unit,
        category=found.category or "",
        level=KnowledgeLevel(shown.level if shown else entry.level),
        status=KnowledgeStatus(entry.status),
        version=entry.version,
        valid_until=until,
        expired=bool(shown and until and until < local(now).date()),
        review_on=entry.review_on,
        due_at=entry.due_at,
        late=bool(draft and entry.due_at and entry.due_at < now),
        changed_at=entry.changed_at,
        errors=found.errors,
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
