"""Events that call for supervision by themselves, by the policy's `[[trigger]]` rows.

Each fires once for a ticket and round, whatever became of the order (济南条例 28, 潍坊条例 26). The
caller has locked the ticket. Being overdue is the ladder's business, see `escalation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from dispatch.bus import hold
from dispatch.db import Session
from dispatch.domain.conduct import TriggerRule
from dispatch.domain.errors import AlreadySupervised
from dispatch.domain.events import TicketReopened
from dispatch.domain.people import SYSTEM
from dispatch.domain.rules import Rules
from dispatch.domain.terms import SupervisionTrigger
from dispatch.domain.vocabulary import Status
from dispatch.models.oversight import Supervision
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.models.ties import TicketMerge
from dispatch.service import supervision
from dispatch.service.supervision import Order
from dispatch.service.wandering import units_had, wanders

_OPEN_STATUSES = tuple(status.value for status in Status if status.is_open)


def returned(
    session: Session, ticket: Ticket, rules: Rules, *, times: int, now: datetime
) -> Supervision | None:
    """多次退单: a return was granted; the centre itself must settle whose matter it is."""
    least = rules.profile.supervision.returned_times
    if not least or times < least:
        return None
    demand = f"工单已退单 {times} 次，请在期限内协调确定主办单位并说明经过。"
    return _fire(session, ticket, SupervisionTrigger.RETURNED, demand, None, rules, now)


def unsatisfied(
    session: Session, ticket: Ticket, rules: Rules, now: datetime
) -> Supervision | None:
    """重办后仍不满意: the redos are used up and the requester is still not content."""
    demand = f"工单已办理 {ticket.round} 轮，诉求人仍不满意。请复查办理情况，书面报告原因和措施。"
    unit = ticket.department_id
    return _fire(session, ticket, SupervisionTrigger.UNSATISFIED, demand, unit, rules, now)


def many_callers(
    session: Session, ticket: Ticket, rules: Rules, now: datetime
) -> Supervision | None:
    """多人集中反映: so many urged about the ticket or were merged into it."""
    least = rules.profile.supervision.many_callers
    callers = callers_of(session, ticket)
    if not least or callers < least:
        return None
    demand = f"已有 {callers} 人次反映同一事项。请立即查明情况，控制影响，报告处置措施。"
    unit = ticket.department_id
    return _fire(session, ticket, SupervisionTrigger.MANY_CALLERS, demand, unit, rules, now)


def wandering(
    session: Session, ticket: Ticket, why: str, rules: Rules, now: datetime
) -> Supervision | None:
    """流转无主: `why` says what makes the ticket wander; the centre must find it an owner."""
    demand = f"{why}。请在期限内确定主办单位，必要时指定承办。"
    return _fire(session, ticket, SupervisionTrigger.WANDERING, demand, None, rules, now)


def knowledge_stale(
    session: Session, ticket: Ticket, entry: str, rules: Rules, now: datetime
) -> Supervision | None:
    """知识未及时更新: an agent could not answer because the unit's entry is out of date."""
    demand = f"知识库条目“{entry}”没有及时更新，影响答复诉求人。请在期限内更新并回复。"
    unit = ticket.department_id
    return _fire(session, ticket, SupervisionTrigger.KNOWLEDGE_STALE, demand, unit, rules, now)


def many_callers_due(
    session: Session, rules: Rules, *, now: datetime, limit: int = 100
) -> list[Supervision]:
    """Look for matters that many callers brought up, and order supervision of each once.

    Both searches read partial indexes, of merged and of urged tickets, never all open ones.
    """
    least = rules.profile.supervision.many_callers
    if not least or _rule(rules, SupervisionTrigger.MANY_CALLERS) is None:
        return []
    main, child = aliased(Ticket), aliased(Ticket)
    joined = (
        select(main.id)
        .join(TicketMerge, TicketMerge.main_id == main.id)
        .join(child, child.id == TicketMerge.child_id)
        .where(TicketMerge.undone_at.is_(None))
        .group_by(main.id, main.urged)
        .having(1 + main.urged + func.count() + func.sum(child.urged) >= least)
    )
    wanted = and_(
        or_(Ticket.id.in_(joined), Ticket.urged >= max(least - 1, 1)),
        Ticket.status.in_(_OPEN_STATUSES),
    )
    found = _claim(session, SupervisionTrigger.MANY_CALLERS, wanted, limit)
    made = (many_callers(session, ticket, rules, now) for ticket in found)
    return [row for row in made if row is not None]


def wandering_due(
    session: Session, rules: Rules, *, now: datetime, limit: int = 100
) -> list[Supervision]:
    """Look for tickets that wander, and order supervision of each once.

    What was brought in from another system is left alone: it wandered there, not here.
    """
    if _rule(rules, SupervisionTrigger.WANDERING) is None:
        return []
    wanted = and_(wanders(rules, now=now), Ticket.imported.is_(False))
    made = []
    for ticket in _claim(session, SupervisionTrigger.WANDERING, wanted, limit):
        units = units_had(session, ticket.id)
        why = f"工单已经过 {units} 个单位" if units else "工单长时间没有承办单位"
        made.append(wandering(session, ticket, why, rules, now))
    return [row for row in made if row is not None]


def callers_of(session: Session, ticket: Ticket) -> int:
    """How many times the matter was brought up: the ticket, those merged into it, every urge."""
    standing = select(TicketMerge.child_id).where(
        TicketMerge.main_id == ticket.id, TicketMerge.undone_at.is_(None)
    )
    merged, urged = session.execute(
        select(func.count(), func.coalesce(func.sum(Ticket.urged), 0)).where(
            Ticket.id.in_(standing)
        )
    ).one()
    return 1 + ticket.urged + int(merged) + int(urged)


def _claim(
    session: Session, trigger: SupervisionTrigger, wanted: ColumnElement[bool], limit: int
) -> Sequence[Ticket]:
    """Lock tickets that may call for an order, leaving out those somebody acts upon.

    At most one order for each round; `_fired` says exactly whether this round has had its own.
    """
    earlier = (
        select(func.count())
        .where(Supervision.ticket_id == Ticket.id, Supervision.trigger == trigger.value)
        .scalar_subquery()
    )
    found = session.scalars(
        select(Ticket)
        .where(wanted, earlier < Ticket.round)
        .order_by(Ticket.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Ticket)
        .execution_options(populate_existing=True)
    ).all()
    for ticket in found:
        hold(session, ticket)
    return found


def _fire(
    session: Session,
    ticket: Ticket,
    trigger: SupervisionTrigger,
    demand: str,
    department_id: int | None,
    rules: Rules,
    now: datetime,
) -> Supervision | None:
    rule = _rule(rules, trigger)
    if rule is None or not supervision.may_order(ticket) or _fired(session, ticket, trigger):
        return None
    wanted = Order(
        level=rule.level,
        trigger=trigger,
        demand=f"{demand}{rule.mark.cited}",
        department_id=department_id,
    )
    try:
        return supervision.order(session, SYSTEM, ticket, wanted, rules, now=now)
    except AlreadySupervised:
        return None


def _rule(rules: Rules, trigger: SupervisionTrigger) -> TriggerRule | None:
    return next((rule for rule in rules.profile.triggers if rule.trigger is trigger), None)


def _fired(session: Session, ticket: Ticket, trigger: SupervisionTrigger) -> bool:
    """Whether it fired already in this round; the history says when the round began."""
    began = session.scalar(
        select(func.max(TicketEvent.at)).where(
            TicketEvent.ticket_id == ticket.id, TicketEvent.kind == TicketReopened.__name__
        )
    )
    earlier = select(Supervision.id).where(
        Supervision.ticket_id == ticket.id,
        Supervision.trigger == trigger.value,
        Supervision.issued_at >= (began or ticket.created_at),
    )
    return session.scalar(earlier.limit(1)) is not None
