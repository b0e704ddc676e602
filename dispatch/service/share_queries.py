"""What pages ask about units' shares: whom a unit may pass work to, what the policy wants."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ShareState
from dispatch.domain.vocabulary import Part
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import assignment, handling
from dispatch.service.change import running_assignment
from dispatch.service.family import units_below
from dispatch.service.queries_search import UnitChoice
from dispatch.service.share_rows import state_of


@dataclass(frozen=True)
class Duties:
    """What the policy wants of this ticket now."""

    approval: bool
    designation: bool


def duties(session: Session, ticket_id: int, rules: Rules) -> Duties:
    """Whether its reply needs the unit's leader, and whether the next unit must be designated."""
    ticket = session.get_one(Ticket, ticket_id)
    share = running_assignment(session, ticket)
    return Duties(
        approval=share is not None and handling.approval_needed(session, ticket, share, rules),
        designation=assignment.must_designate(session, ticket, rules),
    )


@dataclass(frozen=True, kw_only=True)
class OwnShare:
    """A unit's own running share in a list, in the shape of any clock."""

    id: int
    part: Part
    state: ShareState
    opinion: str
    dispatched_at: datetime
    warn_at: datetime | None
    due_at: datetime | None
    clock_rule: str


def own_shares(session: Session, reader: Actor, ticket_ids: Collection[int]) -> dict[int, OwnShare]:
    """The reader's unit's running shares of these tickets that do not lead, by ticket."""
    rows = session.scalars(
        select(Assignment).where(
            Assignment.ticket_id.in_(ticket_ids),
            Assignment.department_id == reader.department_id,
            Assignment.part != Part.LEAD.value,
            Assignment.ended_at.is_(None),
        )
    )
    return {
        row.ticket_id: OwnShare(
            id=row.id,
            part=Part(row.part),
            state=state_of(row),
            opinion=row.opinion,
            dispatched_at=row.dispatched_at,
            warn_at=row.warn_at,
            due_at=row.due_at,
            clock_rule=row.clock_rule,
        )
        for row in rows
    }


def lower_units(session: Session, reader: Actor) -> tuple[UnitChoice, ...]:
    """Active units under the reader's own, to whom it may pass work down."""
    if reader.department_id is None:
        return ()
    rows = session.execute(
        select(Department.code, Department.name, Department.short_name)
        .where(
            Department.id.in_(units_below(reader.department_id)),
            Department.id != reader.department_id,
            Department.active.is_(True),
        )
        .order_by(Department.tier, Department.code)
    )
    return tuple(UnitChoice(*row) for row in rows)
