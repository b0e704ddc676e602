"""Read side of accounts, and the counts that monitoring asks for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, or_, select

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.contacts import Contact
from dispatch.models.people import ApiToken, Department, Staff
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role
from dispatch.service.accounts import Account


@dataclass(frozen=True)
class Totals:
    """How many tickets in each status and contacts of each outcome there are."""

    tickets: dict[str, int]
    contacts: dict[str, int]


@dataclass(frozen=True)
class UnitChoice:
    """A department in a list of choices."""

    code: str
    name: str


def totals(session: Session) -> Totals:
    """Count everything stored; carries no personal data, so it needs no reader."""
    by_status = select(Ticket.status, func.count()).group_by(Ticket.status)
    by_outcome = select(func.coalesce(Contact.outcome, "running"), func.count()).group_by(
        func.coalesce(Contact.outcome, "running")
    )
    return Totals(
        {row[0]: row[1] for row in session.execute(by_status)},
        {row[0]: row[1] for row in session.execute(by_outcome)},
    )


def list_staff(session: Session, reader: Actor, *, search: str = "") -> list[Account]:
    """All accounts by role and login; `search` is a part of name or login."""
    require_role(reader, Role.ADMIN)
    tokens = (
        select(ApiToken.staff_id, func.count().label("good"))
        .where(ApiToken.revoked_at.is_(None))
        .group_by(ApiToken.staff_id)
        .subquery()
    )
    query = (
        select(Staff, Department.short_name, tokens.c.good)
        .outerjoin(Department, Department.id == Staff.department_id)
        .outerjoin(tokens, tokens.c.staff_id == Staff.id)
        .order_by(Staff.role, Staff.login)
    )
    if search.strip():
        wanted = f"%{search.strip()}%"
        query = query.where(or_(Staff.login.like(wanted), Staff.name.like(wanted)))
    return [
        Account(
            id=staff.id,
            login=staff.login,
            name=staff.name,
            role=Role(staff.role),
            department=department,
            extension=staff.extension,
            active=staff.active,
            tokens=good or 0,
            approver=staff.approver,
        )
        for staff, department, good in session.execute(query)
    ]


def unit_choices(session: Session) -> list[UnitChoice]:
    """Active departments by tier and code, for a list of choices."""
    rows = (
        select(Department.code, Department.name)
        .where(Department.active.is_(True))
        .order_by(Department.tier, Department.code)
    )
    return [UnitChoice(row[0], row[1]) for row in session.execute(rows)]
