"""One pass over running clocks: warn, breach; safe to run twice or in two processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import InstrumentedAttribute

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.events import DeadlineBreached, DeadlineNear
from dispatch.domain.people import SYSTEM
from dispatch.models.tickets import Assignment, Ticket

Moment = InstrumentedAttribute[datetime | None]


@dataclass(frozen=True)
class Swept:
    """How many clocks were marked by this pass, and by no other."""

    warned: int
    unsigned: int
    breached: int


def sweep(session: Session, *, now: datetime, limit: int = 500) -> Swept:
    """Mark clocks whose moment has come; each is marked and told exactly once.

    One statement claims and marks, so a second sweep finds nothing left to claim.
    """
    open_work = Assignment.completed_at.is_(None)
    warned = _claim(session, Assignment.warn_at, Assignment.warned_at, open_work, now, limit)
    unsigned = _claim(
        session,
        Assignment.acknowledge_by,
        Assignment.sign_breached_at,
        Assignment.acknowledged_at.is_(None),
        now,
        limit,
    )
    breached = _claim(session, Assignment.due_at, Assignment.breached_at, open_work, now, limit)
    for row in warned:
        _mirror(session, row.ticket_id, Ticket.warned_at, now)
        if row.due_at is not None:
            near = DeadlineNear(
                at=now,
                ticket_id=row.ticket_id,
                department_id=row.department_id,
                due_at=row.due_at,
            )
            record(session, SYSTEM, near)
    for clock, rows in (("sign", unsigned), ("handle", breached)):
        for row in rows:
            if clock == "handle":
                _mirror(session, row.ticket_id, Ticket.breached_at, now)
            due = row.acknowledge_by if clock == "sign" else row.due_at
            if due is not None:
                fact = DeadlineBreached(
                    at=now,
                    ticket_id=row.ticket_id,
                    department_id=row.department_id,
                    due_at=due,
                    clock=clock,
                )
                record(session, SYSTEM, fact)
    return Swept(len(warned), len(unsigned), len(breached))


def _claim(
    session: Session,
    moment: Moment,
    mark: Moment,
    condition: ColumnElement[bool],
    now: datetime,
    limit: int,
) -> list[Assignment]:
    # The ticket is locked first, as every action does, and one that is being acted upon waits
    # for the next pass: a sweep must never be what a person's button collides with.
    due = (
        select(Assignment.id)
        .join(Ticket, Ticket.id == Assignment.ticket_id)
        .where(Assignment.ended_at.is_(None), moment <= now, mark.is_(None), condition)
        .order_by(moment)
        .limit(limit)
        .with_for_update(of=Ticket, skip_locked=True)
    )
    claim = (
        update(Assignment)
        .where(Assignment.id.in_(due.scalar_subquery()), mark.is_(None))
        .values({mark.key: now})
        .returning(Assignment)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return list(session.scalars(claim))


def _mirror(session: Session, ticket_id: int, column: Moment, now: datetime) -> None:
    session.execute(
        update(Ticket)
        .where(Ticket.id == ticket_id)
        .values({column.key: now})
        .execution_options(synchronize_session=False)
    )
