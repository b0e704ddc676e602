"""催办通知: the centre tells the unit in charge, in writing, to hurry."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, InvalidInput
from dispatch.domain.events import UrgeSent
from dispatch.domain.people import Actor
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Action, Role
from dispatch.models.people import Staff
from dispatch.service import notices
from dispatch.service.access import require_role
from dispatch.service.change import begin
from dispatch.service.numbering import CITY_ZONE, next_number


def urge_unit(
    session: Session,
    actor: Actor,
    number: str,
    *,
    words: str,
    expected: int | None = None,
    now: datetime,
) -> str:
    """催办通知 by a supervisor: numbered, to the unit, with a copy to its person in charge.

    Raises:
        ActionNotAllowed: no unit has the ticket.
    """
    require_role(actor, Role.SUPERVISOR, Role.CENTER)
    if not words.strip():
        raise InvalidInput("请写明催办内容", field="words")
    ticket, _ = begin(session, actor, number, Action.URGE, expected)
    unit = ticket.department_id
    if unit is None:
        raise ActionNotAllowed("工单还没有承办单位，不能催办；请先派单")
    year = now.astimezone(CITY_ZONE).year
    note = f"CB-{year}-{next_number(session, f'urge-{year}'):06d}"
    said = f"催办通知 {note}（工单 {ticket.number}）：{words.strip()}"
    fact = UrgeSent(at=now, ticket_id=ticket.id, department_id=unit, reason=said)
    record(session, actor, fact, status=ticket.status)
    notices.tell(session, NoticeKind.URGE, said, ticket_id=ticket.id, department_id=unit, now=now)
    in_charge = select(Staff.id).where(
        Staff.department_id == unit, Staff.approver.is_(True), Staff.active.is_(True)
    )
    for staff_id in session.scalars(in_charge):
        notices.tell(
            session,
            NoticeKind.COPY,
            f"抄送负责人：{said}",
            ticket_id=ticket.id,
            staff_id=staff_id,
            now=now,
        )
    return note
