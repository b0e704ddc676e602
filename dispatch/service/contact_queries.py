"""Contacts as other systems read them, and the catalogue's lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, false, or_, select, true

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.catalog import Category
from dispatch.models.contacts import Contact
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket

_CENTRE = frozenset(
    {Role.DISPATCHER, Role.FOLLOW_UP, Role.SUPERVISOR, Role.CENTER, Role.ADMIN, Role.SYSTEM}
)


@dataclass(frozen=True, kw_only=True)
class ContactRow:
    """One interaction; seconds in `wait_s` and `talk_s`, None where not known."""

    call_id: str
    channel: str
    direction: str
    caller: str | None
    line: str | None
    queue: str | None
    agent: str | None
    started_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    wait_s: float | None
    talk_s: float | None
    outcome: str | None
    disposition: str | None
    ticket_number: str | None
    recorded: bool
    node: str | None


@dataclass(frozen=True)
class Named:
    """A code with its name; `parent` is the code one level up."""

    code: str
    name: str
    parent: str | None = None


def contacts_visible(reader: Actor) -> ColumnElement[bool]:
    """The condition that a contact may be read: the centre all, agents their own, others none."""
    if reader.role in _CENTRE:
        return true()
    if reader.role is Role.AGENT:
        return or_(Contact.agent_id == reader.staff_id, Contact.agent == (reader.extension or ""))
    return false()


def list_contacts(
    session: Session,
    reader: Actor,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    before_id: int | None = None,
    limit: int,
) -> tuple[list[ContactRow], int | None]:
    """Contacts by time of arrival here, newest first, and the id to go on from."""
    query = _rows(reader).order_by(Contact.id.desc()).limit(limit + 1)
    if since:
        query = query.where(Contact.started_at >= since)
    if until:
        query = query.where(Contact.started_at < until)
    if before_id:
        query = query.where(Contact.id < before_id)
    found = session.execute(query).all()
    more = found[limit - 1][0].id if len(found) > limit else None
    return [_row(contact, number) for contact, number in found[:limit]], more


def one_contact(session: Session, reader: Actor, call_id: str) -> ContactRow:
    """One contact by the telephone system's own id.

    Raises:
        NotFound: there is none, or the reader may not see it.
    """
    row = session.execute(_rows(reader).where(Contact.call_id == call_id)).one_or_none()
    if row is None:
        raise NotFound("没有找到这次来电，或您无权查看")
    return _row(row[0], row[1])


def caller_of(session: Session, reader: Actor, contact_id: int) -> str:
    """The number that called, "" when it was hidden.

    Raises:
        NotFound: there is no such contact, or the reader may not see it.
    """
    wanted = select(Contact).where(Contact.id == contact_id, contacts_visible(reader))
    contact = session.scalar(wanted)
    if contact is None:
        raise NotFound("没有找到这次来电，或您无权查看")
    return contact.caller or ""


def departments(session: Session) -> list[Named]:
    """Active departments by code."""
    rows = session.execute(
        select(Department.code, Department.name, Department.parent_id, Department.id)
        .where(Department.active.is_(True))
        .order_by(Department.code)
    ).all()
    codes = {row[3]: row[0] for row in rows}
    return [Named(row[0], row[1], codes.get(row[2] or 0)) for row in rows]


def categories(session: Session) -> list[Named]:
    """Active categories by code."""
    rows = session.execute(
        select(Category.code, Category.name, Category.parent_id, Category.id)
        .where(Category.active.is_(True))
        .order_by(Category.code)
    ).all()
    codes = {row[3]: row[0] for row in rows}
    return [Named(row[0], row[1], codes.get(row[2] or 0)) for row in rows]


def _rows(reader: Actor) -> Select[Contact, str]:
    return (
        select(Contact, Ticket.number)
        .outerjoin(Ticket, Ticket.id == Contact.ticket_id)
        .where(contacts_visible(reader))
    )


def _row(contact: Contact, number: str | None) -> ContactRow:
    return ContactRow(
        call_id=contact.call_id,
        channel=contact.channel,
        direction=contact.direction,
        caller=contact.caller,
        line=contact.line,
        queue=contact.queue,
        agent=contact.agent,
        started_at=contact.started_at,
        queued_at=contact.queued_at,
        answered_at=contact.answered_at,
        ended_at=contact.ended_at,
        wait_s=contact.wait_s,
        talk_s=contact.talk_s,
        outcome=contact.outcome,
        disposition=contact.disposition,
        ticket_number=number,
        recorded=contact.recording is not None,
        node=contact.node,
    )
