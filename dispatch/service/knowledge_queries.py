"""知识库 as people read it: lists with counts, one entry with its versions and its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select, true

from dispatch.db import Session
from dispatch.domain.knowledge_steps import CENTRE, readable_levels
from dispatch.domain.knowledge_terms import (
    ErrorReportState,
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
    KnowledgeVersion,
)
from dispatch.models.people import Department
from dispatch.service.access import require_role
from dispatch.service.knowledge_error_queries import reach

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
    query = rows_of().where(
        reach(reader), _tab(tab, now), _chosen(unit, category, words), shown(reader, now)
    )
    if before is not None:
        query = query.where(KnowledgeEntry.id < before)
    found = session.execute(query.order_by(KnowledgeEntry.id.desc()).limit(PAGE)).all()
    return tuple(row_of(one, now) for one in found)


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
        .where(reach(reader), _chosen(unit, category, words), shown(reader, now))
    ).one()
    return {name: int(count or 0) for name, count in zip(names, row, strict=True)}


def tabs_of(reader: Actor) -> tuple[str, ...]:
    """The tabs a reader has."""
    writes = reader.role in KEEPERS or reader.role is Role.DEPARTMENT
    return tuple(TABS) if writes else READING


def shown(reader: Actor, now: datetime) -> ColumnElement[bool]:
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


def rows_of() -> Any:
    """Entries beside what is on display of them, their unit, category and waiting reports."""
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


def row_of(found: Any, now: datetime) -> EntryRow:
    """One of those rows as it is read."""
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
