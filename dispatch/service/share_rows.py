"""Rows of units' shares that do not lead: made with a clock of their own, ended in one place."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.deadlines import Clock
from dispatch.domain.errors import InvalidInput
from dispatch.domain.events import ShareWithdrawn
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import AssignmentEnd, ShareState
from dispatch.domain.vocabulary import Part
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import clocks


def state_of(share: Assignment) -> ShareState:
    """Where a share stands, told from its moments."""
    if share.ended_at is not None:
        return ShareState.ENDED
    if share.completed_at is not None:
        return ShareState.REPLIED
    return ShareState.SIGNED if share.acknowledged_at is not None else ShareState.PENDING


def running_shares(session: Session, ticket_id: int) -> list[Assignment]:
    """Shares of supporting and lower units that have not ended, oldest first."""
    rows = select(Assignment).where(
        Assignment.ticket_id == ticket_id,
        Assignment.part != Part.LEAD.value,
        Assignment.ended_at.is_(None),
    )
    return list(session.scalars(rows.order_by(Assignment.id)))


def add_share(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    parent: Assignment,
    unit: Department,
    part: Part,
    clock: Clock,
    rules: Rules,
    *,
    opinion: str,
    basis: str = "",
    now: datetime,
) -> Assignment:
    """Give a unit a share of its own under another unit's; the ticket's clock is not touched.

    Raises:
        InvalidInput: the unit has a running share of this ticket already.
    """
    held = session.scalar(
        select(Assignment.part).where(
            Assignment.ticket_id == ticket.id,
            Assignment.department_id == unit.id,
            Assignment.ended_at.is_(None),
        )
    )
    if held is not None:
        raise InvalidInput(
            f"{unit.name}已经是这张工单的{Part(held).label}单位，不必重复交办", field="department"
        )
    share = Assignment(
        ticket_id=ticket.id,
        department_id=unit.id,
        part=part.value,
        round=ticket.round,
        dispatched_by_id=actor.staff_id,
        opinion=opinion.strip(),
        basis=basis,
        dispatched_at=now,
        parent_id=parent.id,
        escalation=0,
    )
    clocks.set_clock(share, clock, rules)
    session.add(share)
    session.flush()
    return share


def end_share(
    session: Session, actor: Actor, share: Assignment, reason: str, *, now: datetime
) -> None:
    """Take one share back, and say so in the ticket's history."""
    share.ended_at, share.ended_how = now, AssignmentEnd.WITHDRAWN.value
    unit = session.get_one(Department, share.department_id)
    fact = ShareWithdrawn(
        at=now,
        ticket_id=share.ticket_id,
        department_id=unit.id,
        department=unit.short_name,
        reason=reason,
    )
    record(session, actor, fact)


def end_shares(
    session: Session, actor: Actor, ticket: Ticket, how: AssignmentEnd, *, now: datetime
) -> None:
    """End what supporting and lower units still have when the lead unit's share ends this way.

    A reply that was given is kept and ends as the lead's; a unit that has not replied is told
    that its part is taken back.
    """
    for share in running_shares(session, ticket.id):
        if share.completed_at is not None:
            share.ended_at, share.ended_how = now, how.value
        else:
            end_share(session, actor, share, f"主办单位的办理已结束：{how.label}", now=now)
