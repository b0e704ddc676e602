"""问而未得 as people read it: questions with how often and by whom, and the searches behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.knowledge_steps import CENTRE
from dispatch.domain.knowledge_terms import GapState
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.catalog import Category
from dispatch.models.contacts import Contact
from dispatch.models.knowledge import (
    KnowledgeEntry,
    KnowledgeGap,
    KnowledgeMiss,
    KnowledgeUse,
    KnowledgeVersion,
)
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role, visible

PAGE = 50
READERS = (Role.DISPATCHER, Role.SUPERVISOR, Role.CENTER, Role.LEADER)
MOST_ROWS = 500


@dataclass(frozen=True, kw_only=True)
class GapView:
    """One question; `count` searches by `agents` people in the period, the last at `last`."""

    id: int
    question: str
    state: GapState
    count: int
    agents: int
    last: datetime
    unit: str
    due_at: datetime | None
    late: bool
    entry_id: int | None
    entry_title: str
    reason: str
    decided_at: datetime | None
    decided_by: str
    closed_at: datetime | None
    may_decide: bool


@dataclass(frozen=True, kw_only=True)
class MissView:
    """One search that gave no answer; `ticket` is the number when the reader may see it."""

    id: int
    at: datetime
    words: str
    found: int
    agent: str
    category: str
    contact_id: int | None
    ticket: str


@dataclass(frozen=True)
class AskedInVain:
    """A question over the policy's number of times, for the early warnings."""

    gap_id: int
    question: str
    count: int
    agents: int


@dataclass(frozen=True)
class UsedView:
    """What was cited on a call."""

    entry_id: int
    version: int
    title: str
    at: datetime


def gap_list(
    session: Session, reader: Actor, state: GapState, *, since: datetime, now: datetime
) -> tuple[GapView, ...]:
    """Questions in one state that were asked for since a moment, the most asked first."""
    require_role(reader, *READERS)
    query = _query(since).where(KnowledgeGap.state == state.value)
    count = func.count(KnowledgeMiss.id)
    rows = session.execute(
        query.order_by(count.desc(), func.max(KnowledgeMiss.at).desc()).limit(PAGE * 4)
    )
    return tuple(_view(reader, row, now) for row in rows)


def gap_counts(session: Session, reader: Actor, *, since: datetime) -> dict[str, int]:
    """How many questions each state has, of those asked for since a moment."""
    require_role(reader, *READERS)
    rows = session.execute(
        select(KnowledgeGap.state, func.count(func.distinct(KnowledgeGap.id)))
        .join(KnowledgeMiss, KnowledgeMiss.gap_id == KnowledgeGap.id)
        .where(KnowledgeMiss.at > since)
        .group_by(KnowledgeGap.state)
    )
    known: dict[str, int] = dict(rows.all())
    return {state.value: known.get(state.value, 0) for state in GapState}


def gap_for(session: Session, reader: Actor, gap_id: int, *, now: datetime) -> GapView:
    """One question with all its searches counted.

    Raises:
        NotFound: there is none.
    """
    require_role(reader, *READERS)
    ever = now - timedelta(days=36_500)
    row = session.execute(_query(ever).where(KnowledgeGap.id == gap_id)).first()
    if row is None:
        raise NotFound("没有找到这条问而未得")
    return _view(reader, row, now)


def misses_of(session: Session, reader: Actor, gap_id: int) -> tuple[MissView, ...]:
    """The searches behind a question, the newest first."""
    require_role(reader, *READERS)
    rows = session.execute(
        select(KnowledgeMiss, Staff.name, Category.name, Ticket.number)
        .outerjoin(Staff, Staff.id == KnowledgeMiss.staff_id)
        .outerjoin(Category, Category.id == KnowledgeMiss.category_id)
        .outerjoin(Contact, Contact.id == KnowledgeMiss.contact_id)
        .outerjoin(Ticket, (Ticket.id == Contact.ticket_id) & visible(reader))
        .where(KnowledgeMiss.gap_id == gap_id)
        .order_by(KnowledgeMiss.at.desc(), KnowledgeMiss.id.desc())
        .limit(MOST_ROWS)
    )
    return tuple(
        MissView(
            id=row.id,
            at=row.at,
            words=row.words,
            found=row.found,
            agent=agent or "系统",
            category=category or "",
            contact_id=row.contact_id,
            ticket=ticket or "",
        )
        for row, agent, category, ticket in rows
    )


def asked_in_vain(session: Session, *, least: int, since: datetime) -> list[AskedInVain]:
    """Questions nobody dismissed or answered that were asked for so often since a moment."""
    count = func.count(KnowledgeMiss.id)
    rows = session.execute(
        select(
            KnowledgeGap.id,
            KnowledgeGap.question,
            count,
            func.count(func.distinct(KnowledgeMiss.staff_id)),
        )
        .join(KnowledgeMiss, KnowledgeMiss.gap_id == KnowledgeGap.id)
        .where(
            KnowledgeMiss.at > since,
            KnowledgeGap.state.in_([GapState.OPEN.value, GapState.ASSIGNED.value]),
        )
        .group_by(KnowledgeGap.id, KnowledgeGap.question)
        .having(count >= least)
        .order_by(count.desc(), KnowledgeGap.id)
    )
    return [AskedInVain(*row) for row in rows]


def tickets_of(session: Session, gap_id: int, *, since: datetime) -> tuple[str, ...]:
    """Numbers of the tickets that came of the calls behind a question, the newest first."""
    query = (
        select(Ticket.number)
        .join(Contact, Contact.ticket_id == Ticket.id)
        .join(KnowledgeMiss, KnowledgeMiss.contact_id == Contact.id)
        .where(KnowledgeMiss.gap_id == gap_id, KnowledgeMiss.at > since)
        .order_by(Ticket.id.desc())
        .distinct()
        .limit(MOST_ROWS)
    )
    return tuple(row[0] for row in session.execute(query.add_columns(Ticket.id)))


def used_on(session: Session, reader: Actor, contact_id: int) -> tuple[UsedView, ...]:
    """What was cited on a call, in the order of the call."""
    require_role(reader, *CENTRE)
    rows = session.execute(
        select(KnowledgeUse.entry_id, KnowledgeUse.version, KnowledgeVersion.title, KnowledgeUse.at)
        .join(
            KnowledgeVersion,
            (KnowledgeVersion.entry_id == KnowledgeUse.entry_id)
            & (KnowledgeVersion.number == KnowledgeUse.version),
        )
        .where(KnowledgeUse.contact_id == contact_id)
        .order_by(KnowledgeUse.id)
    )
    return tuple(UsedView(*row) for row in rows)


def _query(since: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(
            KnowledgeGap,
            func.count(KnowledgeMiss.id),
            func.count(func.distinct(KnowledgeMiss.staff_id)),
            func.max(KnowledgeMiss.at),
            Department.short_name,
            KnowledgeEntry.title,
            Staff.name,
        )
        .join(KnowledgeMiss, KnowledgeMiss.gap_id == KnowledgeGap.id)
        .outerjoin(Department, Department.id == KnowledgeGap.department_id)
        .outerjoin(KnowledgeEntry, KnowledgeEntry.id == KnowledgeGap.entry_id)
        .outerjoin(Staff, Staff.id == KnowledgeGap.decided_by_id)
        .where(KnowledgeMiss.at > since)
        .group_by(KnowledgeGap.id, Department.short_name, KnowledgeEntry.title, Staff.name)
    )


def _view(reader: Actor, found: Any, now: datetime) -> GapView:
    row, count, agents, last, unit, title, who = found
    state = GapState(row.state)
    waiting = state is GapState.ASSIGNED and row.due_at is not None
    return GapView(
        id=row.id,
        question=row.question,
        state=state,
        count=count,
        agents=agents,
        last=last,
        unit=unit or "",
        due_at=row.due_at,
        late=bool(waiting and row.due_at < now),
        entry_id=row.entry_id,
        entry_title=title or "",
        reason=row.reason,
        decided_at=row.decided_at,
        decided_by=who or "",
        closed_at=row.closed_at,
        may_decide=reader.role is Role.CENTER and state is GapState.OPEN,
    )
