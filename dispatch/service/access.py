"""Who may read what: the reader is part of every query, and masks are applied on the way out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, false, or_, select, true
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.errors import NotFound, RoleNotAllowed
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.people import Department, ViewLog
from dispatch.models.tickets import Assignment, Ticket

Row = TypeVarTuple("Row")

_CENTRE = frozenset(
    {Role.DISPATCHER, Role.FOLLOW_UP, Role.SUPERVISOR, Role.CENTER, Role.ADMIN, Role.SYSTEM}
)


def _of_unit(actor: Actor) -> ColumnElement[bool]:
    if actor.department_id is None:
        # Compared with NULL, the condition below would find every unit without a parent.
        return false()
    # A unit sees what was given to it and, one tier down, to the units under it.
    child = aliased(Department)
    units = select(child.id).where(
        or_(child.id == actor.department_id, child.parent_id == actor.department_id)
    )
    mine = select(Assignment.ticket_id).where(Assignment.department_id.in_(units))
    return Ticket.id.in_(mine)


def _of_agent(actor: Actor) -> ColumnElement[bool]:
    # An agent must find any caller's earlier tickets; confidential ones only if taken by oneself.
    return or_(Ticket.confidential.is_(False), Ticket.created_by_id == actor.staff_id)


def _all(_actor: Actor) -> ColumnElement[bool]:
    return true()


_READERS: dict[Role, Callable[[Actor], ColumnElement[bool]]] = {
    **dict.fromkeys(_CENTRE, _all),
    Role.LEADER: _all,
    Role.AGENT: _of_agent,
    Role.DEPARTMENT: _of_unit,
}


def visible(reader: Actor) -> ColumnElement[bool]:
    """The condition that a ticket may be read by this person; nothing for an unknown role."""
    rule = _READERS.get(reader.role)
    return rule(reader) if rule else false()


def visible_to(reader: Actor, query: Select[*Row]) -> Select[*Row]:
    """Narrow a query over tickets to what the reader may see."""
    return query.where(visible(reader))


def ticket_for(session: Session, actor: Actor, number: str, *, for_update: bool = False) -> Ticket:
    """Load one ticket by its public number.

    Raises:
        NotFound: there is none, or the actor may not see it; the two are not told apart.
    """
    query = visible_to(actor, select(Ticket).where(Ticket.number == number))
    if for_update:
        # What the session has read before must not hide what others wrote since.
        query = query.with_for_update(of=Ticket).execution_options(populate_existing=True)
    ticket = session.scalar(query)
    if ticket is None:
        raise NotFound(f"没有找到工单 {number}，或您无权查看")
    return ticket


def require_role(actor: Actor, *roles: Role) -> None:
    """Refuse by name what the actor's role may not do."""
    if actor.role not in roles:
        raise RoleNotAllowed


def log_view(session: Session, reader: Actor, ticket_id: int, what: str, *, now: datetime) -> None:
    """Write down who opened a ticket (济南条例 32: nobody may pass on what a reporter said)."""
    if reader.staff_id is not None:
        session.add(ViewLog(staff_id=reader.staff_id, ticket_id=ticket_id, what=what, at=now))


def sees_requester(reader: Actor, *, confidential: bool) -> bool:
    """Whether the reader may see the requester's name and full number."""
    if reader.role is Role.LEADER:
        return False
    return not (confidential and reader.role is Role.DEPARTMENT)


def mask_phone(phone: str | None) -> str:
    """138****5678; short numbers keep only their last two digits."""
    if not phone:
        return "未提供"
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 11 else f"****{phone[-2:]}"


def mask_name(name: str) -> str:
    """王** : the surname stays."""
    return name[:1] + "*" * (len(name) - 1) if name else ""
