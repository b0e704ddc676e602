"""预警 as people read them: a list by state and kind, and one with its tickets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, true

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import WarningKind, WarningState
from dispatch.domain.vocabulary import Role
from dispatch.models.catalog import Category, Division
from dispatch.models.people import Department, Staff
from dispatch.models.reporting import EarlyWarning
from dispatch.models.tickets import Ticket
from dispatch.service import catalogue
from dispatch.service.access import require_role, visible
from dispatch.service.early_warnings import LOOKED, SETTLERS
from dispatch.service.queries import TicketCard, cards_of

PAGE = 30
READERS = (Role.DISPATCHER, Role.SUPERVISOR, Role.CENTER, Role.LEADER)


@dataclass(frozen=True, kw_only=True)
class WarningView:
    """One early warning; `about` is what it is about in a few words."""

    id: int
    kind: WarningKind
    state: WarningState
    about: str
    place: str
    unit: str
    unit_code: str
    words: str
    count: int
    expected: float | None
    since: datetime
    found_at: datetime
    tickets: tuple[str, ...]
    gap_id: int | None
    """The question it is about, when it is about knowledge that was not found."""
    settled_at: datetime | None
    settled_by: str
    outcome: str
    may_settle: bool


def warning_list(
    session: Session,
    reader: Actor,
    state: WarningState,
    *,
    kind: WarningKind | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> tuple[WarningView, ...]:
    """Warnings in one state, the newest first; of one kind or of all."""
    require_role(reader, *READERS)
    query = _query().where(EarlyWarning.state == state.value, _of(kind))
    if before is not None:
        query = query.where(EarlyWarning.id < before)
    rows = session.execute(query.order_by(EarlyWarning.id.desc()).limit(limit))
    return tuple(_view(reader, row) for row in rows)


def warning_for(session: Session, reader: Actor, warning_id: int) -> WarningView:
    """One warning.

    Raises:
        NotFound: there is none.
    """
    require_role(reader, *READERS)
    row = session.execute(_query().where(EarlyWarning.id == warning_id)).first()
    if row is None:
        raise NotFound("没有找到这条预警")
    return _view(reader, row)


def warning_counts(session: Session, kind: WarningKind | None = None) -> dict[str, int]:
    """How many there are in each state."""
    rows = session.execute(
        select(EarlyWarning.state, func.count()).where(_of(kind)).group_by(EarlyWarning.state)
    )
    known: dict[str, int] = dict(rows.all())
    return {state.value: known.get(state.value, 0) for state in WarningState}


def warning_tickets(session: Session, reader: Actor, view: WarningView) -> list[TicketCard]:
    """The tickets behind it that the reader may see."""
    mine = Ticket.number.in_(view.tickets) & visible(reader)
    return cards_of(session, mine, limit=len(view.tickets))


def looked_at(session: Session) -> datetime | None:
    """When warnings were looked for last; None when never."""
    value = catalogue.checkpoint(session, LOOKED)
    return datetime.fromisoformat(value) if value else None


def _of(kind: WarningKind | None) -> ColumnElement[bool]:
    return EarlyWarning.kind == kind.value if kind else true()


def _query() -> Select[*tuple[Any, ...]]:
    return (
        select(
            EarlyWarning,
            Category.name,
            Division.name,
            Department.name,
            Department.code,
            Staff.name,
        )
        .outerjoin(Category, Category.id == EarlyWarning.category_id)
        .outerjoin(Division, Division.code == EarlyWarning.division)
        .outerjoin(Department, Department.id == EarlyWarning.department_id)
        .outerjoin(Staff, Staff.id == EarlyWarning.settled_by_id)
    )


def _view(reader: Actor, found: Any) -> WarningView:
    row, category, division, unit, code, settler = found
    kind = WarningKind(row.kind)
    gap = kind is WarningKind.KNOWLEDGE_GAP
    place = (division or "全市") if kind is WarningKind.SURGE else ""
    about = {
        WarningKind.SURGE: f"{place}“{category}”",
        WarningKind.ABOUT_TO_MISS: unit or "",
        WarningKind.WANDERING: f"工单 {row.subject}",
        WarningKind.KNOWLEDGE_GAP: f"知识库没有“{row.subject.partition(' ')[2]}”",
    }[kind]
    return WarningView(
        id=row.id,
        kind=kind,
        state=WarningState(row.state),
        about=about,
        place=place,
        unit=unit or "",
        unit_code=code or "",
        words=row.words,
        count=row.count,
        expected=row.expected,
        since=row.since,
        found_at=row.found_at,
        tickets=tuple(row.tickets),
        gap_id=int(row.subject.partition(" ")[0]) if gap else None,
        settled_at=row.settled_at,
        settled_by=settler or ("系统" if row.settled_at else ""),
        outcome=row.outcome,
        may_settle=reader.role in SETTLERS and row.state == WarningState.OPEN.value,
    )
