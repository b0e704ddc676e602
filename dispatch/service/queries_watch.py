"""What the supervisor watches beside the telephones: deadlines by unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Status
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service.access import visible


@dataclass(frozen=True)
class UnitLoad:
    """Open tickets of one unit by how their clocks stand."""

    code: str
    name: str
    running: int
    near: int
    over: int
    unsigned: int
    next_due: datetime | None


def unit_loads(session: Session, reader: Actor, *, now: datetime) -> tuple[UnitLoad, ...]:
    """Units that have tickets in hand, those over their deadlines first."""
    over = func.sum(case((Ticket.due_at <= now, 1), else_=0))
    near = func.sum(case(((Ticket.warn_at <= now) & (Ticket.due_at > now), 1), else_=0))
    signing = (Ticket.status == Status.DISPATCHED.value) & (Ticket.acknowledge_by <= now)
    rows = session.execute(
        select(
            Department.code,
            Department.short_name,
            func.count(),
            near,
            over,
            func.sum(case((signing, 1), else_=0)),
            func.min(Ticket.due_at),
        )
        .join(Department, Department.id == Ticket.department_id)
        .where(visible(reader), Ticket.status.in_([s.value for s in Status if s.with_department]))
        .group_by(Department.code, Department.short_name)
        .order_by(over.desc(), near.desc(), func.min(Ticket.due_at))
        .limit(60)
    )
    return tuple(UnitLoad(*row) for row in rows)


def latest_by_unit(
    session: Session, reader: Actor, units: Sequence[str], now: datetime
) -> dict[str, tuple[str, str]]:
    """(number, title) of the ticket each unit is latest with, by the unit's code."""
    running = [status.value for status in Status if status.with_department]
    order = (Ticket.due_at, Ticket.id)
    place = func.row_number().over(partition_by=Department.code, order_by=order)
    ranked = (
        select(Department.code, Ticket.number, Ticket.title, place.label("place"))
        .join(Department, Department.id == Ticket.department_id)
        .where(visible(reader), Ticket.status.in_(running), Ticket.due_at <= now)
        .where(Department.code.in_(units))
        .subquery()
    )
    rows = session.execute(
        select(ranked.c.code, ranked.c.number, ranked.c.title).where(ranked.c.place == 1)
    )
    return {code: (number, title) for code, number, title in rows}
