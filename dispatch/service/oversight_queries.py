"""Supervision orders and leaders' instructions as their readers see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select, true
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.lifecycle import INSTRUCTION_STEPS, SUPERVISION_STEPS
from dispatch.domain.people import Actor
from dispatch.domain.terms import (
    InstructionAct,
    InstructionState,
    SupervisionAct,
    SupervisionLevel,
    SupervisionState,
    SupervisionTrigger,
)
from dispatch.domain.vocabulary import Labelled, Role, Status
from dispatch.models.oversight import Instruction, Supervision
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Ticket
from dispatch.service.access import visible
from dispatch.service.supervision import COPIES_APART

PAGE = 50
READERS = frozenset(
    {Role.DISPATCHER, Role.FOLLOW_UP, Role.SUPERVISOR, Role.CENTER, Role.LEADER, Role.ADMIN}
)
"""Who reads every order; a unit reads its own and those of the units right under it."""


class OrderFilter(Labelled):
    """The lists of supervision orders; LATE are those that nobody answered in time."""

    OPEN = "open", "在办"
    ISSUED = "issued", "待答复"
    LATE = "late", "逾期未答复"
    ANSWERED = "answered", "待认定"
    DONE = "done", "已了结"


@dataclass(frozen=True, kw_only=True)
class OrderView:
    """One supervision order; `acts` is what this reader may do now."""

    number: str
    ticket: str
    title: str
    ticket_status: Status
    version: int
    department: str
    level: SupervisionLevel
    trigger: SupervisionTrigger
    state: SupervisionState
    demand: str
    copied_to: tuple[str, ...]
    issued_at: datetime
    issued_by: str
    due_at: datetime
    breached_at: datetime | None
    answer: str
    answered_at: datetime | None
    answered_by: str
    ruling: str
    closed_at: datetime | None
    raised_from: str | None
    acts: frozenset[SupervisionAct]


@dataclass(frozen=True, kw_only=True)
class InstructionView:
    """One leader's instruction; `acts` is what this reader may do now."""

    id: int
    ticket: str
    title: str
    ticket_status: Status
    state: InstructionState
    words: str
    given_by: str
    given_at: datetime
    due_at: datetime | None
    received_by: str
    received_at: datetime | None
    feedback: str
    reported_by: str
    reported_at: datetime | None
    closed_at: datetime | None
    acts: frozenset[InstructionAct]


def orders_of(session: Session, reader: Actor, number: str) -> tuple[OrderView, ...]:
    """The orders on one ticket, newest first."""
    rows = session.execute(
        _orders(reader).where(Ticket.number == number).order_by(Supervision.id.desc())
    )
    return tuple(_order(reader, row) for row in rows)


def order_for(session: Session, reader: Actor, number: str) -> OrderView:
    """One order by its number.

    Raises:
        NotFound: there is none, or the reader may not see it.
    """
    row = session.execute(_orders(reader).where(Supervision.number == number)).first()
    if row is None:
        raise NotFound(f"没有找到督办 {number}，或您无权查看")
    return _order(reader, row)


def order_list(
    session: Session,
    reader: Actor,
    wanted: OrderFilter,
    *,
    level: SupervisionLevel | None = None,
    unit: str = "",
    after: int = 0,
    now: datetime,
) -> tuple[OrderView, ...]:
    """A page of orders: those that wait by what runs out first, those done with newest first."""
    query = _orders(reader).where(_in_filter(wanted, now))
    if level is not None:
        query = query.where(Supervision.level == level.value)
    if unit:
        query = query.where(Department.code == unit)
    done = wanted is OrderFilter.DONE
    query = query.order_by(Supervision.id.desc() if done else Supervision.due_at, Supervision.id)
    rows = session.execute(query.offset(after).limit(PAGE))
    return tuple(_order(reader, row) for row in rows)


def order_counts(session: Session, reader: Actor, *, now: datetime) -> dict[OrderFilter, int]:
    """How many orders each list holds, in one query; those done with are not counted."""
    waiting = [one for one in OrderFilter if one is not OrderFilter.DONE]
    sums = [func.sum(case((_in_filter(one, now), 1), else_=0)) for one in waiting]
    still_open = Supervision.state.in_([s.value for s in SupervisionState if s.is_open])
    row = session.execute(
        select(*sums)
        .select_from(Supervision)
        .join(Ticket, Ticket.id == Supervision.ticket_id)
        .where(_readable(reader), still_open)
    ).one()
    return {one: int(count or 0) for one, count in zip(waiting, row, strict=True)}


def open_orders_by_unit(session: Session, reader: Actor) -> dict[str, int]:
    """How many orders each unit has open, by the unit's code."""
    rows = session.execute(
        select(Department.code, func.count())
        .join(Supervision, Supervision.department_id == Department.id)
        .join(Ticket, Ticket.id == Supervision.ticket_id)
        .where(_readable(reader))
        .where(Supervision.state.in_([s.value for s in SupervisionState if s.is_open]))
        .group_by(Department.code)
    )
    return dict(rows.all())


def orders_to_answer(session: Session, reader: Actor) -> tuple[OrderView, ...]:
    """What the reader's own unit still has to answer, first due first."""
    query = _orders(reader).where(
        Supervision.state == SupervisionState.ISSUED.value,
        Supervision.department_id == reader.department_id,
    )
    rows = session.execute(query.order_by(Supervision.due_at).limit(PAGE))
    return tuple(_order(reader, row) for row in rows)


def instructions_on(session: Session, reader: Actor, number: str) -> tuple[InstructionView, ...]:
    """The instructions on one ticket, newest first; an agent reads none."""
    return _instructions(session, reader, Ticket.number == number)


def instructions_by(session: Session, leader: Actor) -> tuple[InstructionView, ...]:
    """What this leader asked for: what still waits first, then the newest."""
    return _instructions(session, leader, Instruction.given_by_id == leader.staff_id)


def instructions_open(session: Session, reader: Actor) -> tuple[InstructionView, ...]:
    """Every instruction that is not done with, for the centre."""
    return _instructions(session, reader, Instruction.state != InstructionState.CLOSED.value)


def _readable(reader: Actor) -> ColumnElement[bool]:
    if reader.role in READERS:
        return visible(reader)
    if reader.role is not Role.DEPARTMENT or reader.department_id is None:
        return false()
    child = aliased(Department)
    units = select(child.id).where(
        or_(child.id == reader.department_id, child.parent_id == reader.department_id)
    )
    return and_(visible(reader), Supervision.department_id.in_(units))


def _in_filter(wanted: OrderFilter, now: datetime) -> ColumnElement[bool]:
    issued = Supervision.state == SupervisionState.ISSUED.value
    still_open = [state.value for state in SupervisionState if state.is_open]
    conditions = {
        OrderFilter.OPEN: Supervision.state.in_(still_open),
        OrderFilter.ISSUED: and_(issued, Supervision.due_at > now),
        OrderFilter.LATE: and_(issued, Supervision.due_at <= now),
        OrderFilter.ANSWERED: Supervision.state == SupervisionState.ANSWERED.value,
    }
    return conditions.get(wanted, Supervision.state.not_in(still_open))


def _orders(reader: Actor) -> Select[*tuple[Any, ...]]:
    issuer, answerer, lower = aliased(Staff), aliased(Staff), aliased(Supervision)
    return (
        select(
            Supervision,
            Ticket.number,
            Ticket.title,
            Ticket.status,
            Ticket.version,
            Department.name,
            issuer.name,
            answerer.name,
            lower.number,
        )
        .join(Ticket, Ticket.id == Supervision.ticket_id)
        .outerjoin(Department, Department.id == Supervision.department_id)
        .outerjoin(issuer, issuer.id == Supervision.issued_by_id)
        .outerjoin(answerer, answerer.id == Supervision.answered_by_id)
        .outerjoin(lower, lower.id == Supervision.escalated_from_id)
        .where(_readable(reader))
    )


def _order(reader: Actor, row: Any) -> OrderView:
    order, ticket, title, status, version, unit, issuer, answerer, lower = row
    return OrderView(
        number=order.number,
        ticket=ticket,
        title=title,
        ticket_status=Status(status),
        version=version,
        department=unit or "热线中心",
        level=SupervisionLevel(order.level),
        trigger=SupervisionTrigger(order.trigger),
        state=SupervisionState(order.state),
        demand=order.demand,
        copied_to=tuple(name for name in order.copied_to.split(COPIES_APART) if name),
        issued_at=order.issued_at,
        issued_by=issuer or "系统",
        due_at=order.due_at,
        breached_at=order.breached_at,
        answer=order.answer,
        answered_at=order.answered_at,
        answered_by=answerer or "",
        ruling=order.ruling,
        closed_at=order.closed_at,
        raised_from=lower,
        acts=_order_acts(reader, order),
    )


def _order_acts(reader: Actor, order: Supervision) -> frozenset[SupervisionAct]:
    state = SupervisionState(order.state)
    by_table = {
        act for (s, act), (_, by) in SUPERVISION_STEPS.items() if s is state and reader.role in by
    }
    by_table.discard(SupervisionAct.ESCALATE)
    if order.department_id != reader.department_id:
        by_table.discard(SupervisionAct.ANSWER)
    if reader.role is not Role.CENTER and order.issued_by_id != reader.staff_id:
        by_table.discard(SupervisionAct.CANCEL)
    if reader.staff_id is not None and order.answered_by_id == reader.staff_id:
        by_table -= {SupervisionAct.ACCEPT, SupervisionAct.SEND_BACK}
    return frozenset(by_table)


def _instructions(
    session: Session, reader: Actor, condition: ColumnElement[bool]
) -> tuple[InstructionView, ...]:
    giver, receiver, reporter = aliased(Staff), aliased(Staff), aliased(Staff)
    may = true() if reader.role in READERS or reader.role is Role.DEPARTMENT else false()
    rows = session.execute(
        select(
            Instruction,
            Ticket.number,
            Ticket.title,
            Ticket.status,
            giver.name,
            receiver.name,
            reporter.name,
        )
        .join(Ticket, Ticket.id == Instruction.ticket_id)
        .join(giver, giver.id == Instruction.given_by_id)
        .outerjoin(receiver, receiver.id == Instruction.received_by_id)
        .outerjoin(reporter, reporter.id == Instruction.reported_by_id)
        .where(condition, visible(reader), may)
        .order_by(Instruction.closed_at.is_not(None), Instruction.id.desc())
        .limit(PAGE)
    )
    return tuple(_instruction(reader, *row) for row in rows)


def _instruction(
    reader: Actor,
    row: Instruction,
    ticket: str,
    title: str,
    status: str,
    giver: str,
    receiver: str | None,
    reporter: str | None,
) -> InstructionView:
    state = InstructionState(row.state)
    acts = {
        act for (s, act), (_, by) in INSTRUCTION_STEPS.items() if s is state and reader.role in by
    }
    if reader.role is Role.LEADER and row.given_by_id != reader.staff_id:
        acts = set()
    return InstructionView(
        id=row.id,
        ticket=ticket,
        title=title,
        ticket_status=Status(status),
        state=state,
        words=row.words,
        given_by=giver,
        given_at=row.given_at,
        due_at=row.due_at,
        received_by=receiver or "",
        received_at=row.received_at,
        feedback=row.feedback,
        reported_by=reporter or "",
        reported_at=row.reported_at,
        closed_at=row.closed_at,
        acts=frozenset(acts),
    )
