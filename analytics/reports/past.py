"""What leaders asked for, what was ordered and what was warned of in a span."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select

from analytics.facts import READERS
from analytics.periods import Period
from analytics.reports.words import CONFIDENTIAL
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import WarningKind, WarningState
from dispatch.domain.terms import InstructionState, SupervisionLevel, SupervisionState
from dispatch.models.catalog import Category, Division
from dispatch.models.oversight import Instruction, Supervision
from dispatch.models.people import Department, Staff
from dispatch.models.reporting import EarlyWarning
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role


@dataclass(frozen=True)
class Instructed:
    """One instruction of a leader and what came of it; moments are UTC."""

    ticket: str
    title: str
    unit: str
    given_by: str
    given_at: datetime
    words: str
    due_at: datetime | None
    state: InstructionState
    feedback: str
    late: bool
    """Its due time is over, and nobody reported in time."""


@dataclass(frozen=True)
class Warned:
    """One early warning and what it turned out to be."""

    id: int
    kind: WarningKind
    state: WarningState
    words: str
    where: str
    count: int
    expected: float | None
    found_at: datetime
    outcome: str


def instructions(
    session: Session, reader: Actor, period: Period, *, now: datetime
) -> list[Instructed]:
    """Instructions given in the period, and those from before that were not closed in time for it.

    Of a confidential ticket only its number is told.
    """
    require_role(reader, *READERS)
    until = min(period.end, now)
    before = and_(
        Instruction.given_at < period.start,
        or_(Instruction.closed_at.is_(None), Instruction.closed_at >= period.start),
    )
    query = (
        select(Instruction, Ticket, Department.short_name, Staff.name)
        .join(Ticket, Ticket.id == Instruction.ticket_id)
        .join(Staff, Staff.id == Instruction.given_by_id)
        .outerjoin(Department, Department.id == Ticket.department_id)
        .where(or_(period.holds(Instruction.given_at), before))
        .order_by(Instruction.given_at, Instruction.id)
    )
    return [
        Instructed(
            ticket=ticket.number,
            title=CONFIDENTIAL if ticket.confidential else ticket.title,
            unit=unit or "",
            given_by=giver,
            given_at=row.given_at,
            words=CONFIDENTIAL if ticket.confidential else row.words,
            due_at=row.due_at,
            state=InstructionState(row.state),
            feedback="" if ticket.confidential else row.feedback,
            late=_late(row, until),
        )
        for row, ticket, unit, giver in session.execute(query)
    ]


def _late(row: Instruction, until: datetime) -> bool:
    if row.due_at is None or row.due_at > until:
        return False
    done = row.reported_at or row.closed_at
    return done is None or done > row.due_at


@dataclass(frozen=True)
class Ordered:
    """Supervision orders of one level issued in the period, and how they stand now."""

    level: SupervisionLevel
    issued: int
    answered: int
    late: int


def orders(session: Session, reader: Actor, period: Period) -> list[Ordered]:
    """Supervision orders issued in the period, by level, the cancelled ones left out."""
    require_role(reader, *READERS)
    query = (
        select(
            Supervision.level,
            func.count(),
            func.count(Supervision.answered_at),
            func.count(Supervision.breached_at),
        )
        .where(
            period.holds(Supervision.issued_at),
            Supervision.state != SupervisionState.CANCELLED.value,
        )
        .group_by(Supervision.level)
    )
    found = {row[0]: Ordered(SupervisionLevel(row[0]), *row[1:]) for row in session.execute(query)}
    return [found[level.value] for level in SupervisionLevel if level.value in found]


def warnings(session: Session, reader: Actor, period: Period) -> list[Warned]:
    """Early warnings found in the period, with what became of them; newest last."""
    require_role(reader, *READERS)
    query = (
        select(EarlyWarning, Category.name, Division.name, Department.short_name)
        .outerjoin(Category, Category.id == EarlyWarning.category_id)
        .outerjoin(Division, Division.code == EarlyWarning.division)
        .outerjoin(Department, Department.id == EarlyWarning.department_id)
        .where(period.holds(EarlyWarning.found_at))
        .order_by(EarlyWarning.found_at, EarlyWarning.id)
    )
    return [
        Warned(
            id=row.id,
            kind=WarningKind(row.kind),
            state=WarningState(row.state),
            words=row.words,
            where="·".join(part for part in (division, category, unit) if part),
            count=row.count,
            expected=row.expected,
            found_at=row.found_at,
            outcome=row.outcome,
        )
        for row, category, division, unit in session.execute(query)
    ]
