"""督办: orders that a unit must answer in time, with a number and a level of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.deadlines import supervision_due
from dispatch.domain.errors import (
    AccusedUnit,
    AlreadySupervised,
    InvalidInput,
)
from dispatch.domain.events import SupervisionIssued
from dispatch.domain.lifecycle import allowed_actions
from dispatch.domain.people import Actor
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.rules import Rules
from dispatch.domain.terms import (
    NoticeKind,
    SupervisionLevel,
    SupervisionState,
    SupervisionTrigger,
)
from dispatch.domain.vocabulary import Action, Role, Status
from dispatch.models.oversight import Supervision
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import avoidance, notices
from dispatch.service.change import begin, department_of
from dispatch.service.numbering import CITY_ZONE, next_number

OPEN = tuple(state.value for state in SupervisionState if state.is_open)
COPIES_APART = "、"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What an order says before it has a number; without a unit it is the centre's own to answer.

    `due` None means the policy's limit for the level.
    """

    level: SupervisionLevel
    trigger: SupervisionTrigger
    demand: str
    copied_to: Sequence[str] = ()
    due: datetime | None = None
    department_id: int | None = None
    escalated_from: Supervision | None = None


def issue(
    session: Session,
    actor: Actor,
    number: str,
    rules: Rules,
    *,
    level: SupervisionLevel,
    demand: str,
    trigger: SupervisionTrigger = SupervisionTrigger.MANUAL,
    copied_to: Sequence[str] = (),
    due: datetime | None = None,
    department: str | None = None,
    expected: int | None = None,
    now: datetime,
) -> Supervision:
    """下达督办 by a person: to the unit in charge, or to another unit of the ticket by its code.

    Raises:
        InvalidInput: nothing is demanded, the due time is over already, or the unit has no part.
        AccusedUnit: the unit must stay away from the ticket.
        AlreadySupervised: the unit has such an order for the same cause open.
        ActionNotAllowed, RoleNotAllowed: the lifecycle table says no.
    """
    if not demand.strip():
        raise InvalidInput("请写明督办要求：要承办单位做什么、报告什么", field="demand")
    if due is not None and due <= now:
        raise InvalidInput("答复期限应在现在之后，请重新填写", field="due")
    ticket, _ = begin(session, actor, number, Action.SUPERVISE, expected)
    unit = _ordered_unit(session, ticket, department) if department else ticket.department_id
    wanted = Order(
        level=level,
        trigger=trigger,
        demand=demand.strip(),
        copied_to=copied_to,
        due=due,
        department_id=unit,
    )
    return order(session, actor, ticket, wanted, rules, now=now)


def order(
    session: Session, actor: Actor, ticket: Ticket, wanted: Order, rules: Rules, *, now: datetime
) -> Supervision:
    """Write the order for a ticket the caller has locked, and tell everybody concerned.

    Raises:
        AlreadySupervised: the unit has an order of this level for the same cause open.
    """
    if (open_one := _same(session, ticket, wanted)) is not None:
        raise AlreadySupervised(
            f"{open_one.number} 已就“{wanted.trigger.label}”对同一单位下达{wanted.level.label}，"
            f"答复期限 {to_the_minute(open_one.due_at)}；请先等待答复，或提高督办级别"
        )
    made = Supervision(
        number=_number(session, now),
        ticket_id=ticket.id,
        department_id=wanted.department_id,
        level=wanted.level.value,
        trigger=wanted.trigger.value,
        state=SupervisionState.ISSUED.value,
        demand=wanted.demand,
        copied_to=COPIES_APART.join(wanted.copied_to),
        issued_at=now,
        issued_by_id=actor.staff_id,
        due_at=wanted.due
        or supervision_due(rules.profile, rules.calendar, now, level=wanted.level),
        escalated_from_id=wanted.escalated_from.id if wanted.escalated_from else None,
    )
    session.add(made)
    session.flush()
    fact = SupervisionIssued(
        at=now,
        ticket_id=ticket.id,
        supervision_id=made.id,
        number=made.number,
        level=made.level,
        trigger=made.trigger,
        due_at=made.due_at,
        department_id=made.department_id,
    )
    record(session, actor, fact, status=ticket.status)
    _announce(session, ticket, made, wanted.copied_to, now)
    return made


def may_order(ticket: Ticket) -> bool:
    """Whether the lifecycle table lets the system issue an order on this ticket now."""
    return Action.SUPERVISE in allowed_actions(Status(ticket.status), Role.SYSTEM)


def has_open(
    session: Session, ticket: Ticket, level: SupervisionLevel, department_id: int | None
) -> bool:
    """Whether the unit has an order of this level or a higher one open, whatever called for it."""
    levels = list(SupervisionLevel)
    found = select(Supervision.id).where(
        Supervision.ticket_id == ticket.id,
        Supervision.level.in_([one.value for one in levels[levels.index(level) :]]),
        Supervision.department_id.is_not_distinct_from(department_id),
        Supervision.state.in_(OPEN),
    )
    return session.scalar(found.limit(1)) is not None


def _ordered_unit(session: Session, ticket: Ticket, code: str) -> int:
    """A unit that has or had a part in the ticket: another could not even read what to answer."""
    unit = department_of(session, code)
    avoidance.check(session, ticket, unit)
    part = select(Assignment.id).where(
        Assignment.ticket_id == ticket.id, Assignment.department_id == unit.id
    )
    if session.scalar(part.limit(1)) is None:
        raise InvalidInput(
            f"{unit.name}没有参与这张工单，不能督办；请先派单或增加协办", field="department"
        )
    return unit.id


def _same(session: Session, ticket: Ticket, wanted: Order) -> Supervision | None:
    return session.scalar(
        select(Supervision)
        .where(
            Supervision.ticket_id == ticket.id,
            Supervision.trigger == wanted.trigger.value,
            Supervision.level == wanted.level.value,
            Supervision.department_id.is_not_distinct_from(wanted.department_id),
            Supervision.state.in_(OPEN),
        )
        .limit(1)
    )


def _number(session: Session, now: datetime) -> str:
    """`DB-2026-000017`: the year and its running number, without gaps."""
    year = now.astimezone(CITY_ZONE).year
    return f"DB-{year}-{next_number(session, f'supervision-{year}'):06d}"


def _announce(
    session: Session, ticket: Ticket, row: Supervision, copied_to: Sequence[str], now: datetime
) -> None:
    """Tell the unit, and those who get a copy; whom the system does not know, the centre tells."""
    words = (
        f"{SupervisionLevel(row.level).label} {row.number}：工单 {ticket.number}，"
        f"请于 {to_the_minute(row.due_at)} 前答复。{row.demand}"
    )
    notices.tell(
        session,
        NoticeKind.SUPERVISION,
        words,
        ticket_id=ticket.id,
        department_id=row.department_id,
        role=None if row.department_id else Role.CENTER,
        now=now,
    )
    for name in copied_to:
        unit = _copied_unit(session, ticket, name)
        notices.tell(
            session,
            NoticeKind.COPY,
            f"抄送{name}：{words}" if unit else f"请将督办 {row.number} 抄送{name}。{words}",
            ticket_id=ticket.id,
            department_id=unit,
            role=None if unit else Role.CENTER,
            now=now,
        )


def _copied_unit(session: Session, ticket: Ticket, name: str) -> int | None:
    """The unit with this name; None for an office that is none here, and for an accused one."""
    unit = session.scalar(
        select(Department).where(
            (Department.name == name) | (Department.short_name == name),
            Department.active.is_(True),
        )
    )
    if unit is None:
        return None
    try:
        avoidance.check(session, ticket, unit)
    except AccusedUnit:
        return None
    return unit.id


def unit_name(session: Session, department_id: int | None) -> str:
    """A unit's full name; empty for none, which stands for the centre."""
    if department_id is None:
        return ""
    return session.scalars(select(Department.name).where(Department.id == department_id)).one()
