"""The first lines of every change: the ticket locked, its version held, the one table asked."""

from __future__ import annotations

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.errors import ChangedMeanwhile, NotFound, RoleNotAllowed
from dispatch.domain.lifecycle import next_status
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Action, Part, Status
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.access import ticket_for


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
    ticket = locked(session, actor, number, expected)
    target = next_status(Status(ticket.status), action, actor.role)
    ticket.version += 1
    return ticket, target


def locked(session: Session, actor: Actor, number: str, expected: int | None) -> Ticket:
    """Lock the ticket, and make sure that it is still what the actor's page showed.

    Raises:
        NotFound: there is none, or the actor may not see it.
        ChangedMeanwhile: somebody acted since the page was made.
    """
    ticket = ticket_for(session, actor, number, for_update=True)
    if expected is not None and ticket.version != expected:
        raise ChangedMeanwhile(
            f"工单 {number} 刚刚被其他人处理过，现在是“{Status(ticket.status).label}”；"
            "您填写的内容已保留，请看过最新情况再决定"
        )
    return ticket


def running_assignment(session: Session, ticket: Ticket) -> Assignment | None:
    """The lead department's assignment that has not ended."""
    return session.scalar(
        select(Assignment).where(
            Assignment.ticket_id == ticket.id,
            Assignment.part == Part.LEAD.value,
            Assignment.ended_at.is_(None),
        )
    )


def own_share(session: Session, actor: Actor, ticket: Ticket) -> Assignment:
    """The running assignment if it is the actor's own unit's.

    Raises:
        RoleNotAllowed: another unit has the ticket.
    """
    share = running_assignment(session, ticket)
    if share is None or share.department_id != actor.department_id:
        raise RoleNotAllowed("这张工单不在您的单位手中，不能办理")
    return share


def department_of(session: Session, code: str) -> Department:
    """The active unit with this code.

    Raises:
        NotFound: there is none.
    """
    unit = session.scalar(
        select(Department).where(Department.code == code, Department.active.is_(True))
    )
    if unit is None:
        raise NotFound(f"没有编码为 {code} 的承办单位，请重新选择")
    return unit
