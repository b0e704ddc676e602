"""The escalation ladder: what happens when a share, or a supervision order, is out of time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dispatch.bus import hold, record
from dispatch.db import Session
from dispatch.domain.conduct import LadderAct, LadderStep
from dispatch.domain.deadlines import ladder_at
from dispatch.domain.events import SupervisionBreached, UrgeSent
from dispatch.domain.lifecycle import next_supervision
from dispatch.domain.people import SYSTEM
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.rules import Rules
from dispatch.domain.terms import (
    NoticeKind,
    SupervisionAct,
    SupervisionLevel,
    SupervisionState,
    SupervisionTrigger,
)
from dispatch.domain.vocabulary import Role
from dispatch.models.oversight import Supervision
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import notices, supervision
from dispatch.service.supervision import Order

_AWAITED = (
    Supervision.state == SupervisionState.ISSUED.value,
    Supervision.breached_at.is_(None),
)


def climb(session: Session, rules: Rules, ticket: Ticket, share: Assignment, now: datetime) -> None:
    """Take the share's next step of the ladder and remember when the one after it is due.

    The caller holds the ticket and has read the share anew, so no step is taken twice.
    """
    ladder = rules.profile.ladder
    if share.due_at is None or share.escalation >= len(ladder):
        share.escalate_at = None
        return
    step = ladder[share.escalation]
    if step.act is LadderAct.URGE:
        _urge(session, ticket, share, step, now)
    elif step.level is not None:
        _supervise(session, rules, ticket, share, step, now)
    share.escalation += 1
    share.escalate_at = ladder_at(rules.profile, rules.calendar, share.due_at, share.escalation)


def overdue_orders(session: Session, rules: Rules, *, now: datetime, limit: int = 500) -> int:
    """Mark supervision orders nobody answered in time, each once, and raise them a level.

    The claim reads a partial index of the orders that wait; tickets somebody acts upon are left
    to the next pass, as in the sweep of the clocks.
    """
    due = session.scalars(
        select(Supervision.ticket_id)
        .where(*_AWAITED, Supervision.due_at <= now)
        .order_by(Supervision.due_at)
        .limit(limit)
    )
    tickets = session.scalars(
        select(Ticket)
        .where(Ticket.id.in_(set(due)))
        .order_by(Ticket.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    held = {ticket.id: ticket for ticket in tickets}
    rows = session.scalars(
        select(Supervision)
        .where(*_AWAITED, Supervision.ticket_id.in_(held), Supervision.due_at <= now)
        .order_by(Supervision.due_at, Supervision.id)
        .execution_options(populate_existing=True)
    ).all()
    for ticket in held.values():
        hold(session, ticket)
    for row in rows:
        _breach(session, rules, held[row.ticket_id], row, now)
    return len(rows)


def _urge(
    session: Session, ticket: Ticket, share: Assignment, step: LadderStep, now: datetime
) -> None:
    words = f"工单 {ticket.number} 已超过办理时限，请立即办理并反馈。{step.mark.cited}"
    fact = UrgeSent(at=now, ticket_id=ticket.id, department_id=share.department_id, reason=words)
    record(session, SYSTEM, fact, status=ticket.status)
    notices.tell(
        session,
        NoticeKind.URGE,
        words,
        ticket_id=ticket.id,
        department_id=share.department_id,
        now=now,
    )


def _supervise(
    session: Session,
    rules: Rules,
    ticket: Ticket,
    share: Assignment,
    step: LadderStep,
    now: datetime,
) -> None:
    level = step.level
    if level is None or not supervision.may_order(ticket):
        return
    # An order nobody answered may have reached this level before the ladder did.
    if supervision.has_open(session, ticket, level, share.department_id):
        return
    wanted = Order(
        level=level,
        trigger=SupervisionTrigger.OVERDUE,
        demand=f"工单应于 {to_the_minute(share.due_at)} 前办结，已超期 {step.after.words}。"
        f"请立即办结，书面报告超期原因和办结时间。{step.mark.cited}",
        copied_to=step.copies,
        department_id=share.department_id,
    )
    supervision.order(session, SYSTEM, ticket, wanted, rules, now=now)


def _breach(
    session: Session, rules: Rules, ticket: Ticket, row: Supervision, now: datetime
) -> None:
    row.breached_at = now
    fact = SupervisionBreached(
        at=now,
        ticket_id=ticket.id,
        supervision_id=row.id,
        number=row.number,
        due_at=row.due_at,
    )
    record(session, SYSTEM, fact, status=ticket.status)
    notices.tell(
        session,
        NoticeKind.SUPERVISION,
        f"督办 {row.number} 逾期未答复（工单 {ticket.number}）",
        ticket_id=ticket.id,
        role=Role.SUPERVISOR,
        now=now,
    )
    step = _step_above(rules, SupervisionLevel(row.level))
    if step is None or step.level is None or not supervision.may_order(ticket):
        return
    row.state = next_supervision(
        SupervisionState(row.state), SupervisionAct.ESCALATE, Role.SYSTEM
    ).value
    if supervision.has_open(session, ticket, step.level, row.department_id):
        return
    wanted = Order(
        level=step.level,
        trigger=SupervisionTrigger(row.trigger),
        demand=f"{row.number} 逾期未答复，升级为{step.level.label}。{row.demand}",
        copied_to=step.copies,
        department_id=row.department_id,
        escalated_from=row,
    )
    supervision.order(session, SYSTEM, ticket, wanted, rules, now=now)


def _step_above(rules: Rules, level: SupervisionLevel) -> LadderStep | None:
    """The ladder's step for the next level; a policy whose ladder has none does not raise it."""
    levels = list(SupervisionLevel)
    for step in rules.profile.ladder:
        if step.level is not None and levels.index(step.level) == levels.index(level) + 1:
            return step
    return None
