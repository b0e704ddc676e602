"""Dispatch, acknowledge and reassign: who has the ticket and since when its clock runs."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import or_, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ChangedMeanwhile, InvalidInput, NotFound, RoleNotAllowed
from dispatch.domain.events import TicketAcknowledged, TicketDispatched, TicketReassigned
from dispatch.domain.lifecycle import next_status
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Action, Part, RequestKind, Status, Urgency
from dispatch.models.catalog import Category, Division, Responsibility
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.access import ticket_for
from dispatch.service.catalogue import category_id


def begin(
    session: Session,
    actor: Actor,
    number: str,
    action: Action,
    expected: int | None,
) -> tuple[Ticket, Status]:
    """Load the ticket for a change and ask the table where the action leads.

    `expected` is the version the actor's page showed.

    Raises:
        ChangedMeanwhile: somebody acted since the page was made.
        ActionNotAllowed, RoleNotAllowed: the table says no.
    """
    ticket = ticket_for(session, actor, number, for_update=True)
    if expected is not None and ticket.version != expected:
        raise ChangedMeanwhile(
            f"工单 {number} 刚刚被其他人处理过，现在是“{Status(ticket.status).label}”；"
            "您填写的内容已保留，请看过最新情况再决定"
        )
    target = next_status(Status(ticket.status), action, actor.role)
    ticket.version += 1
    return ticket, target


def running_assignment(session: Session, ticket: Ticket) -> Assignment | None:
    """The lead department's assignment that has not ended."""
    return session.scalar(
        select(Assignment).where(
            Assignment.ticket_id == ticket.id,
            Assignment.part == Part.LEAD.value,
            Assignment.ended_at.is_(None),
        )
    )


def catalogue_lead(
    session: Session, category: str, division: str | None, *, today: date
) -> tuple[str, str] | None:
    """派单目录: the (code, legal basis) of the lead unit for a category and place.

    The nearest row wins: the place itself, then the districts above it, then the whole city.
    """
    places = [*_upwards(session, division), "*"]
    rows = session.execute(
        select(Responsibility.division, Department.code, Responsibility.legal_basis)
        .join(Category, Category.id == Responsibility.category_id)
        .join(Department, Department.id == Responsibility.lead_id)
        .where(
            Category.code == category,
            Responsibility.division.in_(places),
            Responsibility.effective_from <= today,
            or_(Responsibility.effective_to.is_(None), Responsibility.effective_to >= today),
        )
    ).all()
    if not rows:
        return None
    nearest = min(rows, key=lambda row: places.index(row[0]))
    return nearest[1], nearest[2]


def _upwards(session: Session, division: str | None) -> list[str]:
    path: list[str] = []
    while division and division not in path:
        path.append(division)
        division = session.scalar(select(Division.parent).where(Division.code == division))
    return path


def dispatch(
    session: Session,
    actor: Actor,
    number: str,
    department: str,
    rules: Rules,
    *,
    opinion: str = "",
    category: str | None = None,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """派单: give the ticket to the department with this code and start its clock.

    The clock starts at dispatch, not at acknowledgement, so that silence never stops it.
    """
    ticket, target = begin(session, actor, number, Action.DISPATCH, expected)
    unit = _department(session, department)
    if category:
        ticket.category_id = category_id(session, category)
    _assign(session, actor, ticket, unit, rules, opinion, now)
    ticket.status = target.value
    fact = TicketDispatched(
        at=now,
        ticket_id=ticket.id,
        department_id=unit.id,
        department=unit.short_name,
        due_at=ticket.due_at,
        reason=opinion,
    )
    record(session, actor, fact, status=ticket.status)
    return ticket


def reassign(
    session: Session,
    actor: Actor,
    number: str,
    department: str,
    rules: Rules,
    *,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """改派: take the ticket from one department and give it to another; the old share is kept."""
    if not reason.strip():
        raise InvalidInput("改派需要写明原因", field="reason")
    ticket, target = begin(session, actor, number, Action.REASSIGN, expected)
    unit = _department(session, department)
    if unit.id == ticket.department_id:
        raise InvalidInput(f"工单已经在{unit.name}，请选择另一个单位", field="department")
    old = running_assignment(session, ticket)
    if old is not None:
        old.ended_at = now
    _assign(session, actor, ticket, unit, rules, reason, now)
    ticket.status = target.value
    fact = TicketReassigned(
        at=now,
        ticket_id=ticket.id,
        department_id=unit.id,
        department=unit.short_name,
        due_at=ticket.due_at,
        reason=reason.strip(),
    )
    record(session, actor, fact, status=ticket.status)
    return ticket


def acknowledge(
    session: Session, actor: Actor, number: str, *, expected: int | None = None, now: datetime
) -> Ticket:
    """签收: the department signs for the ticket; its handling clock is running already."""
    ticket, target = begin(session, actor, number, Action.ACKNOWLEDGE, expected)
    share = own_share(session, actor, ticket)
    share.acknowledged_at = ticket.acknowledged_at = now
    share.acknowledged_by_id = actor.staff_id
    ticket.status = target.value
    record(
        session,
        actor,
        TicketAcknowledged(at=now, ticket_id=ticket.id, department_id=share.department_id),
        status=ticket.status,
    )
    return ticket


def own_share(session: Session, actor: Actor, ticket: Ticket) -> Assignment:
    """The running assignment if it is the actor's own unit's.

    Raises:
        RoleNotAllowed: another unit has the ticket.
    """
    share = running_assignment(session, ticket)
    if share is None or share.department_id != actor.department_id:
        raise RoleNotAllowed("这张工单不在您的单位手中，不能办理")
    return share


def _assign(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    unit: Department,
    rules: Rules,
    opinion: str,
    now: datetime,
) -> None:
    category = None
    if ticket.category_id is not None:
        category = session.scalar(select(Category.code).where(Category.id == ticket.category_id))
    clock = rules.clock(
        kind=RequestKind(ticket.kind),
        urgency=Urgency(ticket.urgency),
        start=now,
        round_=ticket.round,
        category=category,
        unit_class=unit.kind,
    )
    session.add(
        Assignment(
            ticket_id=ticket.id,
            department_id=unit.id,
            part=Part.LEAD.value,
            round=ticket.round,
            dispatched_by_id=actor.staff_id,
            opinion=opinion.strip(),
            dispatched_at=now,
            acknowledge_by=clock.acknowledge_by,
            warn_at=clock.warn_at,
            due_at=clock.due_at,
            clock_rule=clock.rule,
        )
    )
    ticket.department_id = unit.id
    ticket.dispatched_at = ticket.dispatched_at or now
    ticket.acknowledge_by, ticket.warn_at, ticket.due_at = (
        clock.acknowledge_by,
        clock.warn_at,
        clock.due_at,
    )
    ticket.acknowledged_at = ticket.first_contacted_at = ticket.completed_at = None
    ticket.warned_at = ticket.breached_at = ticket.audited_at = None
    ticket.clock_rule = clock.rule
    ticket.calendar_version = clock.calendar_version


def _department(session: Session, code: str) -> Department:
    unit = session.scalar(
        select(Department).where(Department.code == code, Department.active.is_(True))
    )
    if unit is None:
        raise NotFound(f"没有编码为 {code} 的承办单位，请重新选择")
    return unit
