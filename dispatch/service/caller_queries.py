"""What is known of a telephone number: its tickets and its earlier calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Disposition, RequestKind, Status
from dispatch.models.catalog import Category, Line
from dispatch.models.contacts import Contact
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Ticket
from dispatch.service.access import visible_to
from dispatch.service.number_flag_queries import FlagNote, warning_for

HISTORY = 8


@dataclass(frozen=True)
class PastContact:
    """An earlier call of the same number."""

    id: int
    at: datetime
    line_name: str | None
    disposition: Disposition | None
    note: str
    ticket_number: str | None
    agent_name: str | None


@dataclass(frozen=True)
class TicketCard:
    """A ticket of the caller, small."""

    number: str
    title: str
    kind: RequestKind
    status: Status
    category: str | None
    department: str | None
    place: str
    created_at: datetime
    due_at: datetime | None
    breached: bool
    urged: int


@dataclass(frozen=True)
class CallerPast:
    """What is known of a telephone number."""

    open_tickets: tuple[TicketCard, ...] = ()
    done_tickets: tuple[TicketCard, ...] = ()
    contacts: tuple[PastContact, ...] = ()
    flag: FlagNote | None = None
    """What was flagged about the number, for whoever talks with its caller all the same."""


def caller_past(
    session: Session, reader: Actor, phone: str | None, *, without: int | None = None
) -> CallerPast:
    """Tickets and earlier calls of a number, as far as the reader may see them."""
    if not phone:
        return CallerPast()
    tickets = select(Ticket, Category.name, Department.short_name).outerjoin(
        Category, Category.id == Ticket.category_id
    )
    tickets = tickets.outerjoin(Department, Department.id == Ticket.department_id).where(
        Ticket.phone == phone
    )
    final = [status.value for status in Status if status.is_final]
    running = tickets.where(Ticket.status.not_in(final)).order_by(Ticket.id.desc()).limit(20)
    done = tickets.where(Ticket.status.in_(final)).order_by(Ticket.id.desc()).limit(HISTORY)
    return CallerPast(
        tuple(_card(*row) for row in session.execute(visible_to(reader, running))),
        tuple(_card(*row) for row in session.execute(visible_to(reader, done))),
        _past_contacts(session, reader, phone, without),
        warning_for(session, phone),
    )


def _card(ticket: Ticket, category: str | None, department: str | None) -> TicketCard:
    return TicketCard(
        number=ticket.number,
        title=ticket.title,
        kind=RequestKind(ticket.kind),
        status=Status(ticket.status),
        category=category,
        department=department,
        place=ticket.place,
        created_at=ticket.created_at,
        due_at=ticket.due_at,
        breached=ticket.breached_at is not None,
        urged=ticket.urged,
    )


def _past_contacts(
    session: Session, reader: Actor, phone: str, without: int | None
) -> tuple[PastContact, ...]:
    # A ticket the reader may not see keeps its number, and what was noted of it, to itself.
    seen = visible_to(reader, select(Ticket.id, Ticket.number)).subquery()
    rows = session.execute(
        select(
            Contact.id,
            Contact.started_at,
            Line.name,
            Contact.disposition,
            Contact.disposition_note,
            seen.c.number,
            Staff.name,
            and_(Contact.ticket_id.is_not(None), seen.c.id.is_(None)),
        )
        .outerjoin(Line, Line.number == Contact.line)
        .outerjoin(seen, seen.c.id == Contact.ticket_id)
        .outerjoin(Staff, Staff.id == Contact.agent_id)
        .where(Contact.caller == phone, Contact.direction == "inbound")
        .where(Contact.id != (without or 0))
        .order_by(Contact.started_at.desc())
        .limit(HISTORY)
    )
    return tuple(
        PastContact(
            id_,
            at,
            line,
            Disposition(how) if how else None,
            "" if hidden else note or "",
            number,
            agent,
        )
        for id_, at, line, how, note, number, agent, hidden in rows
    )
