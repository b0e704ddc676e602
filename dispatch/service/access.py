"""Who may read what: the reader is part of every query, and masks are applied on the way out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true
from sqlalchemy.orm import aliased

from dispatch.bus import hold
from dispatch.db import Session
from dispatch.domain.errors import NotFound, RoleNotAllowed
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.people import Department, ViewLog
from dispatch.models.tickets import Assignment, Ticket
from dispatch.models.ties import AvoidedUnit
from dispatch.service.family import family

Row = TypeVarTuple("Row")

_CENTRE = frozenset(
    {Role.DISPATCHER, Role.FOLLOW_UP, Role.SUPERVISOR, Role.CENTER, Role.ADMIN, Role.SYSTEM}
)


def _of_unit(actor: Actor) -> ColumnElement[bool]:
    if actor.department_id is None:
        # Compared with NULL, the condition below would find every unit without a parent.
        return false()
    return _given_to(actor.department_id)


@lru_cache(maxsize=1024)
def _given_to(department_id: int) -> ColumnElement[bool]:
    """Built once for each unit: making this condition takes longer than asking the database it."""
    # A unit sees what was given to it and, one tier down, to the units under it.
    child = aliased(Department)
    units = select(child.id).where(or_(child.id == department_id, child.parent_id == department_id))
    mine = select(Assignment.ticket_id).where(Assignment.department_id.in_(units))
    # 济南条例 32: what a reporter said reaches neither the accused nor those above and below.
    kin = family(department_id)
    accused = select(AvoidedUnit.ticket_id).where(AvoidedUnit.department_id.in_(kin))
    return and_(Ticket.id.in_(mine), Ticket.id.not_in(accused))


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
    if for_update:
        hold(session, ticket)
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
