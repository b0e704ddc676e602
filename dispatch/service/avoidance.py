"""回避: an accused or interested unit, and those above and below it, stay away from a ticket.

济南市12345市民服务热线条例（2018）第三十二条: who has an interest in the matter withdraws, and the
reporter may demand it; nothing a reporter said is passed on to the accused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import AccusedUnit, InvalidInput, NotFound
from dispatch.domain.events import AvoidanceLifted, UnitAvoided
from dispatch.domain.people import Actor
from dispatch.domain.terms import AvoidReason, NoticeKind
from dispatch.domain.vocabulary import Action, Part, Role
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.models.ties import AvoidedUnit, TicketMerge
from dispatch.service import notices
from dispatch.service.change import begin, department_of
from dispatch.service.family import family
from dispatch.service.share_rows import end_share

LAW = "济南市12345市民服务热线条例（2018）第三十二条"


@dataclass(frozen=True)
class Avoided:
    """A unit that must stay away; `holds` when a unit of its family leads the ticket right now."""

    code: str
    name: str
    why: AvoidReason
    added_at: datetime
    holds: bool = False


def avoid(
    session: Session,
    actor: Actor,
    number: str,
    department: str,
    why: AvoidReason,
    *,
    note: str = "",
    expected: int | None = None,
    now: datetime,
) -> Avoided:
    """设为回避单位: the unit's family can no longer receive or read the ticket.

    It may be the unit that has the ticket: what its family was given to help with is taken back
    at once, and the dispatchers are told to give the ticket to another unit.
    """
    ticket, _ = begin(session, actor, number, Action.AVOID, expected)
    unit = department_of(session, department)
    if session.get(AvoidedUnit, (ticket.id, unit.id)) is not None:
        raise InvalidInput(f"{unit.name}已经是这张工单的回避单位", field="department")
    put(session, actor, ticket, unit, why, note=note, now=now)
    holds = _take_back(session, actor, ticket, unit, now)
    if holds:
        words = f"工单 {number} 的承办单位须回避，已看不到工单，请立即改派"
        notices.tell(
            session, NoticeKind.URGE, words, ticket_id=ticket.id, role=Role.DISPATCHER, now=now
        )
    return Avoided(unit.code, unit.short_name, why, now, holds)


def put(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    unit: Department,
    why: AvoidReason,
    *,
    note: str = "",
    now: datetime,
) -> None:
    """Write the row for a ticket that the caller has just made or holds locked."""
    session.add(
        AvoidedUnit(
            ticket_id=ticket.id,
            department_id=unit.id,
            why=why.value,
            added_at=now,
            added_by_id=actor.staff_id,
        )
    )
    session.flush()
    fact = UnitAvoided(
        at=now,
        ticket_id=ticket.id,
        department_id=unit.id,
        department=unit.short_name,
        reason=f"{why.label}{note.strip() and f'：{note.strip()}'}",
    )
    record(session, actor, fact, status=ticket.status)


def lift(
    session: Session,
    actor: Actor,
    number: str,
    department: str,
    *,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """解除回避: the centre found that there is nothing to avoid; the history keeps both."""
    if not reason.strip():
        raise InvalidInput("请写明解除回避的理由", field="reason")
    ticket, _ = begin(session, actor, number, Action.LIFT_AVOIDANCE, expected)
    unit = department_of(session, department)
    row = session.get(AvoidedUnit, (ticket.id, unit.id))
    if row is None:
        raise NotFound(f"{unit.name}不是这张工单的回避单位")
    session.delete(row)
    fact = AvoidanceLifted(
        at=now,
        ticket_id=ticket.id,
        department_id=unit.id,
        department=unit.short_name,
        reason=reason.strip(),
    )
    record(session, actor, fact, status=ticket.status)
    return ticket


def check(session: Session, ticket: Ticket, unit: Department) -> None:
    """Refuse to give the ticket to a unit of an avoided unit's family.

    Raises:
        AccusedUnit: says which unit is avoided, why, and what can be done instead.
    """
    # Whom one of its callers accuses does not answer for all of them.
    merged = select(TicketMerge.child_id).where(
        TicketMerge.main_id == ticket.id,
        TicketMerge.undone_at.is_(None),
        TicketMerge.answered_at.is_(None),
    )
    accused = session.execute(
        select(Department.id, Department.name, AvoidedUnit.why)
        .join(AvoidedUnit, AvoidedUnit.department_id == Department.id)
        .where(or_(AvoidedUnit.ticket_id == ticket.id, AvoidedUnit.ticket_id.in_(merged)))
        .where(Department.id.in_(family(unit.id)))
        .limit(1)
    ).first()
    if accused is None:
        return
    who = (
        f"{unit.name}是"
        if accused[0] == unit.id
        else f"{unit.name}是{accused[1]}的上下级单位，后者是"
    )
    raise AccusedUnit(
        f"{who}这张工单的{AvoidReason(accused[2]).label}，本单位及其上下级单位在工单办结前都不能承办"
        f"（依据：{LAW}）；请交给与此事无关的单位、兜底单位，或先由热线中心写明理由解除回避"
    )


def avoided_units(session: Session, ticket_id: int) -> tuple[Avoided, ...]:
    """Units that must stay away from a ticket the caller has read with its reader's rights."""
    lead = select(Assignment.department_id).where(
        Assignment.ticket_id == ticket_id,
        Assignment.part == Part.LEAD.value,
        Assignment.ended_at.is_(None),
    )
    holder = session.scalar(lead)
    near = set(session.scalars(family(holder))) if holder is not None else set()
    rows = session.execute(
        select(AvoidedUnit, Department.code, Department.short_name)
        .join(Department, Department.id == AvoidedUnit.department_id)
        .where(AvoidedUnit.ticket_id == ticket_id)
        .order_by(AvoidedUnit.added_at, Department.code)
    )
    return tuple(
        Avoided(code, name, AvoidReason(row.why), row.added_at, row.department_id in near)
        for row, code, name in rows
    )


def _take_back(
    session: Session, actor: Actor, ticket: Ticket, unit: Department, now: datetime
) -> bool:
    """End what the family was given to help with; say whether it has the ticket itself."""
    held = session.scalars(
        select(Assignment).where(
            Assignment.ticket_id == ticket.id,
            Assignment.ended_at.is_(None),
            Assignment.department_id.in_(family(unit.id)),
        )
    ).all()
    for share in held:
        if share.part != Part.LEAD.value:
            end_share(session, actor, share, "本单位须回避", now=now)
    return any(share.part == Part.LEAD.value for share in held)
