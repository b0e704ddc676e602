"""剔除: a ticket left out of one measure of one unit, and how it comes to count again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.events import ExclusionLifted
from dispatch.domain.judging_terms import Measure
from dispatch.domain.people import Actor
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Role
from dispatch.models.judging import Appeal, Exclusion
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role
from dispatch.service.notices import tell


def leave_out(session: Session, appeal: Appeal, now: datetime) -> None:
    """What two people granted: the ticket leaves that measure of the unit from now on."""
    session.add(
        Exclusion(
            appeal_id=appeal.id,
            ticket_id=appeal.ticket_id,
            department_id=appeal.department_id,
            measure=appeal.measure,
            reason=appeal.reason,
            at=now,
        )
    )


def holds(session: Session, ticket_id: int, department_id: int, measure: Measure) -> bool:
    """Whether the ticket is left out of this measure of the unit now."""
    found = select(Exclusion.id).where(
        Exclusion.ticket_id == ticket_id,
        Exclusion.department_id == department_id,
        Exclusion.measure == measure.value,
        Exclusion.lifted_at.is_(None),
    )
    return session.scalar(found) is not None


def lift(session: Session, actor: Actor, exclusion_id: int, *, why: str, now: datetime) -> None:
    """撤销剔除: the ticket counts again; the exclusion and its reasons stay on record.

    Raises:
        NotFound, ActionNotAllowed: there is none, or it was lifted before.
    """
    require_role(actor, Role.CENTER)
    if not why.strip():
        raise InvalidInput("请写明撤销剔除的理由，单位会看到", field="why")
    ticket_id = session.scalar(select(Exclusion.ticket_id).where(Exclusion.id == exclusion_id))
    if ticket_id is None:
        raise NotFound("没有找到这项剔除")
    ticket = session.get_one(Ticket, ticket_id, with_for_update=True)
    exclusion = session.get_one(
        Exclusion, exclusion_id, with_for_update=True, populate_existing=True
    )
    if exclusion.lifted_at is not None:
        raise ActionNotAllowed("这项剔除已经撤销")
    exclusion.lifted_at, exclusion.lifted_by_id = now, actor.staff_id
    exclusion.lifted_why = why.strip()
    measure = Measure(exclusion.measure)
    fact = ExclusionLifted(
        at=now, ticket_id=ticket.id, measure=measure.value, reason=exclusion.lifted_why
    )
    record(session, actor, fact, status=ticket.status)
    words = f"工单 {ticket.number} 重新计入{measure.label}：{exclusion.lifted_why}"
    unit = exclusion.department_id
    tell(session, NoticeKind.APPEAL, words, ticket_id=ticket.id, department_id=unit, now=now)
