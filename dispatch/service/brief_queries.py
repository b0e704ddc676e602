"""要情 as they are read: the list with its counts, one with its chain and tickets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select, true
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.brief_steps import DRAFTERS, acts_for
from dispatch.domain.errors import NotFound
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import (
    BriefAct,
    BriefLevel,
    BriefState,
    BriefStepKind,
    Origin,
)
from dispatch.domain.vocabulary import Labelled, Role
from dispatch.models.people import Department, Staff
from dispatch.models.reporting import Brief, BriefStep
from dispatch.models.tickets import Ticket
from dispatch.service.access import visible
from dispatch.service.brief_chain import WAITING
from dispatch.service.queries import TicketCard, cards_of

PAGE = 50


class BriefFilter(Labelled):
    """The tabs of the list; LATE are those whose feedback is overdue."""

    DRAFT = "draft", "起草中"
    SUBMITTED = "submitted", "待批示"
    HANDLING = "handling", "办理中"
    LATE = "late", "逾期未反馈"
    ANSWERED = "answered", "已反馈"
    CLOSED = "closed", "已办结"


@dataclass(frozen=True, kw_only=True)
class BriefStepView:
    """One link of the chain. `late` marks feedback after it was due."""

    kind: BriefStepKind
    at: datetime
    who: str
    unit: str
    words: str
    due_at: datetime | None
    late: bool


@dataclass(frozen=True, kw_only=True)
class BriefView:
    """One brief; `acts` is what this reader may do now, `holder` who owes feedback."""

    number: str
    level: BriefLevel
    state: BriefState
    title: str
    place: str
    happened_at: datetime | None
    facts: str
    measures: str
    origin: Origin
    origin_ref: str
    tickets: tuple[str, ...]
    drafted_at: datetime
    drafted_by: str
    submitted_at: datetime | None
    submitted_by: str
    due_at: datetime | None
    late: bool
    closed_at: datetime | None
    holder: str
    steps: tuple[BriefStepView, ...]
    acts: frozenset[BriefAct]


def brief_counts(session: Session, reader: Actor, *, now: datetime) -> dict[str, int]:
    """How many briefs of the reader's stand under each tab."""
    sums = [func.sum(case((_in(one, now), 1), else_=0)) for one in BriefFilter]
    row = session.execute(select(*sums).select_from(Brief).where(_readable(reader))).one()
    return {one.value: int(count or 0) for one, count in zip(BriefFilter, row, strict=True)}


def brief_list(
    session: Session, reader: Actor, wanted: BriefFilter, *, after: int = 0, now: datetime
) -> tuple[BriefView, ...]:
    """A page of briefs: what is owed by what is due first, the others newest first."""
    owed = wanted in (BriefFilter.HANDLING, BriefFilter.LATE)
    order = (Brief.due_at, Brief.id) if owed else (Brief.id.desc(),)
    return _views(session, reader, _in(wanted, now), *order, after=after, now=now)


def briefs_instructed(
    session: Session, reader: Actor, *, now: datetime, limit: int = 10
) -> tuple[BriefView, ...]:
    """What this leader instructed: what still waits first, then the newest."""
    mine = select(BriefStep.brief_id).where(
        BriefStep.kind == BriefStepKind.INSTRUCTION.value, BriefStep.staff_id == reader.staff_id
    )
    order = (Brief.closed_at.is_not(None), Brief.id.desc())
    return _views(session, reader, Brief.id.in_(mine), *order, limit=limit, now=now)


def brief_for(session: Session, reader: Actor, number: str, *, now: datetime) -> BriefView:
    """One brief.

    Raises:
        NotFound: there is none, or the reader may not see it.
    """
    found = _views(session, reader, Brief.number == number, Brief.id, now=now)
    if not found:
        raise NotFound(f"没有找到要情 {number}，或您无权查看")
    return found[0]


def brief_tickets(session: Session, reader: Actor, view: BriefView) -> list[TicketCard]:
    """The tickets it was made from, as far as the reader may see them."""
    return cards_of(
        session, Ticket.number.in_(view.tickets) & visible(reader), limit=len(view.tickets)
    )


def _readable(reader: Actor) -> ColumnElement[bool]:
    """Drafts stay with who writes them; a unit reads what an instruction gave to it."""
    if reader.role in DRAFTERS:
        return true()
    if reader.role is Role.LEADER:
        # A draft that was given up was never told to a leader.
        return Brief.submitted_at.is_not(None)
    if reader.role is not Role.DEPARTMENT or reader.department_id is None:
        return false()
    given = select(BriefStep.brief_id).where(
        BriefStep.kind == BriefStepKind.INSTRUCTION.value,
        BriefStep.department_id == reader.department_id,
    )
    return Brief.id.in_(given)


def _in(wanted: BriefFilter, now: datetime) -> ColumnElement[bool]:
    waiting = Brief.state.in_(WAITING)
    conditions = {
        BriefFilter.HANDLING: and_(waiting, or_(Brief.due_at.is_(None), Brief.due_at > now)),
        BriefFilter.LATE: and_(waiting, Brief.due_at <= now),
    }
    return conditions.get(wanted, Brief.state == wanted.value)


def _views(
    session: Session,
    reader: Actor,
    condition: ColumnElement[bool],
    *order: Any,
    after: int = 0,
    limit: int = PAGE,
    now: datetime,
) -> tuple[BriefView, ...]:
    drafter, sender = aliased(Staff), aliased(Staff)
    rows = session.execute(
        select(Brief, drafter.name, sender.name)
        .join(drafter, drafter.id == Brief.drafted_by_id)
        .outerjoin(sender, sender.id == Brief.submitted_by_id)
        .where(condition, _readable(reader))
        .order_by(*order)
        .offset(after)
        .limit(limit)
    ).all()
    chains = _chains(session, [row[0].id for row in rows])
    return tuple(_view(reader, *row, chains.get(row[0].id, []), now) for row in rows)


Link = tuple[BriefStep, str, str]


def _chains(session: Session, briefs: list[int]) -> dict[int, list[Link]]:
    rows = session.execute(
        select(BriefStep, Staff.name, Department.name)
        .outerjoin(Staff, Staff.id == BriefStep.staff_id)
        .outerjoin(Department, Department.id == BriefStep.department_id)
        .where(BriefStep.brief_id.in_(briefs))
        .order_by(BriefStep.id)
    )
    chains: dict[int, list[Link]] = {}
    for step, who, unit in rows:
        chains.setdefault(step.brief_id, []).append((step, who or "系统", unit or ""))
    return chains


def _view(
    reader: Actor, row: Brief, drafter: str, sender: str | None, chain: list[Link], now: datetime
) -> BriefView:
    state = BriefState(row.state)
    given = [link for link in chain if link[0].kind == BriefStepKind.INSTRUCTION.value]
    holder = given[-1][0].department_id if given else None
    acts = acts_for(state, reader.role)
    if reader.role is Role.DEPARTMENT and holder != reader.department_id:
        acts = frozenset()
    if reader.role in DRAFTERS and holder is not None:
        acts -= {BriefAct.RECEIVE, BriefAct.FEEDBACK}
    return BriefView(
        number=row.number,
        level=BriefLevel(row.level),
        state=state,
        title=row.title,
        place=row.place,
        happened_at=row.happened_at,
        facts=row.facts,
        measures=row.measures,
        origin=Origin(row.origin),
        origin_ref=row.origin_ref,
        tickets=tuple(row.tickets),
        drafted_at=row.drafted_at,
        drafted_by=drafter,
        submitted_at=row.submitted_at,
        submitted_by=sender or "",
        due_at=row.due_at,
        late=row.state in WAITING and row.due_at is not None and row.due_at <= now,
        closed_at=row.closed_at,
        holder=(given[-1][2] or "热线中心") if given else "",
        steps=_steps(chain),
        acts=acts,
    )


def _steps(chain: list[Link]) -> tuple[BriefStepView, ...]:
    due: datetime | None = None
    views = []
    for step, who, unit in chain:
        kind = BriefStepKind(step.kind)
        due = step.due_at if kind is BriefStepKind.INSTRUCTION else due
        views.append(
            BriefStepView(
                kind=kind,
                at=step.at,
                who=who,
                unit=unit,
                words=step.words,
                due_at=step.due_at,
                late=kind is BriefStepKind.FEEDBACK and due is not None and step.at > due,
            )
        )
    return tuple(views)
