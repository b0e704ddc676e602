"""The rows behind a figure: they add up to its count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute

from analytics.facts import READERS, definition
from analytics.figures import BY_CODE, Subject
from analytics.periods import Period
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition, Rating, Status, Verdict
from dispatch.models.contacts import Contact
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.access import mask_phone, require_role, visible

Condition = ColumnElement[bool]


class Part(StrEnum):
    """Which rows of a figure."""

    JUDGED = "judged"
    HITS = "hits"
    MISSED = "missed"


@dataclass(frozen=True)
class TicketRow:
    """One ticket behind a figure; moments are UTC."""

    number: str
    title: str
    status: Status
    department: str | None
    created_at: datetime
    due_at: datetime | None
    completed_at: datetime | None
    solved: str | None
    rating: str | None


@dataclass(frozen=True)
class ContactRow:
    """One call behind a figure; the number is masked."""

    id: int
    call_id: str
    started_at: datetime
    caller: str
    line: str | None
    agent: str | None
    wait_s: float | None
    talk_s: float | None
    outcome: str | None
    disposition: str | None
    ticket: str | None


def rows(
    session: Session,
    reader: Actor,
    code: str,
    period: Period,
    rules: Rules,
    *,
    part: Part = Part.JUDGED,
    unit: str = "",
    offset: int = 0,
    limit: int = 50,
    now: datetime,
) -> Sequence[TicketRow | ContactRow]:
    """The rows behind a figure, newest first; all of them add up to its count."""
    require_role(reader, *READERS)
    what = definition(code, period, rules, now, unit)
    chosen = {
        Part.JUDGED: what.judged,
        Part.HITS: and_(what.judged, what.hit),
        # A hit condition may be unknown (NULL), which is no hit.
        Part.MISSED: and_(what.judged, func.coalesce(what.hit, False).is_(False)),
    }[part]
    if BY_CODE[code].subject is Subject.CONTACT:
        return contact_rows(session, reader, chosen, offset=offset, limit=limit)
    return _ticket_rows(session, reader, BY_CODE[code].subject, chosen, offset, limit)


def _ticket_rows(
    session: Session,
    reader: Actor,
    subject: Subject,
    condition: Condition,
    offset: int,
    limit: int,
) -> list[TicketRow]:
    unit: InstrumentedAttribute[Any] = Ticket.department_id
    query: Select[*tuple[Any, ...]] = select(Ticket, Department.short_name)
    if subject is Subject.ASSIGNMENT:
        query = query.join(Assignment, Assignment.ticket_id == Ticket.id)
        unit = Assignment.department_id
    query = (
        query.outerjoin(Department, Department.id == unit)
        .where(condition, visible(reader))
        .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [
        TicketRow(
            number=ticket.number,
            title=ticket.title,
            status=Status(ticket.status),
            department=name,
            created_at=ticket.created_at,
            due_at=ticket.due_at,
            completed_at=ticket.completed_at,
            solved=Verdict(ticket.solved).label if ticket.solved else None,
            rating=Rating(ticket.rating).label if ticket.rating else None,
        )
        for ticket, name in session.execute(query)
    ]


def contact_rows(
    session: Session, reader: Actor, condition: Condition, *, offset: int = 0, limit: int = 50
) -> list[ContactRow]:
    """Calls that fulfil a condition, newest first."""
    require_role(reader, *READERS)
    query = (
        select(Contact, Staff.name, Ticket.number)
        .outerjoin(Staff, Staff.id == Contact.agent_id)
        .outerjoin(Ticket, Ticket.id == Contact.ticket_id)
        .where(condition)
        .order_by(Contact.started_at.desc(), Contact.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [
        ContactRow(
            id=contact.id,
            call_id=contact.call_id,
            started_at=contact.started_at,
            caller=mask_phone(contact.caller),
            line=contact.line,
            agent=name or contact.agent,
            wait_s=contact.wait_s,
            talk_s=contact.talk_s,
            outcome=contact.outcome,
            disposition=Disposition(contact.disposition).label if contact.disposition else None,
            ticket=number,
        )
        for contact, name, number in session.execute(query)
    ]
