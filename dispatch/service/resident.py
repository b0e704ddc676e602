"""The resident's side: file a request, and see its progress with number and code."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Channel, Role, Status
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.service.intake import RequestForm, open_ticket

RESIDENT = Actor(name="市民网页", role=Role.SYSTEM)
TWICE = timedelta(minutes=10)
_PHONE = re.compile(r"\+?\d[\d\- ]{4,18}\d")
_TOLD = (
    "TicketOpened",
    "TicketAnswered",
    "TicketDispatched",
    "TicketReassigned",
    "TicketAcknowledged",
    "RequesterContacted",
    "AuditPassed",
    "TicketReopened",
    "TicketClosed",
    "TicketUrged",
)
_REPLY_READABLE = frozenset(
    {Status.FOLLOW_UP.value, Status.CLOSED.value, Status.ANSWERED.value, Status.REOPENED.value}
)


@dataclass(frozen=True)
class Receipt:
    """What the resident keeps: number and code."""

    number: str
    query_code: str


@dataclass(frozen=True)
class Milestone:
    """One step of the way; `unit` is who got the ticket, where that is what happened."""

    kind: str
    at: datetime
    unit: str | None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A ticket as its resident sees it; the reply only after the centre has checked it."""

    number: str
    status: Status
    title: str
    content: str
    place: str
    unit: str | None
    created_at: datetime
    dispatched_at: datetime | None
    acknowledged_at: datetime | None
    contacted_at: datetime | None
    due_at: datetime | None
    closed_at: datetime | None
    reply: str
    reply_wanted: bool
    overdue: bool
    milestones: tuple[Milestone, ...]


def file_request(session: Session, form: RequestForm, *, now: datetime) -> Receipt:
    """Open a ticket from the public page; the same form sent twice makes one ticket.

    Raises:
        InvalidInput: no way to answer although an answer is wanted, or a number that is none.
    """
    phone = (form.phone or "").strip()
    if phone and not _PHONE.fullmatch(phone):
        raise InvalidInput("电话号码只能有数字，例如 13800000000 或 0794-1234567", field="phone")
    if form.reply_wanted and not phone:
        raise InvalidInput("请留下电话，我们好答复您；或者选择“不需要回复”", field="phone")
    if form.channel is not Channel.WEB:
        raise InvalidInput
    # Written as telephones show it, so that a call of the same person finds this request.
    phone = re.sub(r"[ -]", "", phone)
    form = replace(form, phone=phone or None)
    if phone and (twin := _twin(session, phone, form.content.strip(), now - TWICE)):
        return twin
    ticket = open_ticket(session, RESIDENT, form, now=now)
    return Receipt(ticket.number, ticket.query_code)


def progress(session: Session, number: str, code: str, *, now: datetime) -> Progress | None:
    """The progress of a ticket; None for an unknown number and for a wrong code alike."""
    row = session.execute(
        select(Ticket, Department.name)
        .outerjoin(Department, Department.id == Ticket.department_id)
        .where(Ticket.number == number.strip())
    ).one_or_none()
    # Compared also when there is no such ticket, so that both answers take as long.
    right = hmac.compare_digest((row[0].query_code if row else "······").encode(), code.encode())
    if row is None or not right:
        return None
    ticket, unit = row
    status = Status(ticket.status)
    return Progress(
        number=ticket.number,
        status=status,
        title=ticket.title,
        content=ticket.content,
        place=ticket.place,
        unit=unit,
        created_at=ticket.created_at,
        dispatched_at=ticket.dispatched_at,
        acknowledged_at=ticket.acknowledged_at,
        contacted_at=ticket.first_contacted_at,
        due_at=ticket.due_at,
        closed_at=ticket.closed_at,
        reply=ticket.public_reply if ticket.status in _REPLY_READABLE else "",
        reply_wanted=ticket.reply_wanted,
        overdue=status.with_department and ticket.due_at is not None and ticket.due_at < now,
        milestones=_milestones(session, ticket.id),
    )


def _milestones(session: Session, ticket_id: int) -> tuple[Milestone, ...]:
    rows = session.scalars(
        select(TicketEvent)
        .where(TicketEvent.ticket_id == ticket_id, TicketEvent.kind.in_(_TOLD))
        .order_by(TicketEvent.id)
    )
    return tuple(Milestone(e.kind, e.at, e.details.get("department")) for e in rows)


def _twin(session: Session, phone: str, content: str, since: datetime) -> Receipt | None:
    row = session.execute(
        select(Ticket.number, Ticket.query_code).where(
            Ticket.phone == phone,
            Ticket.created_at >= since,
            Ticket.channel == Channel.WEB.value,
            Ticket.content == content,
        )
    ).first()
    return Receipt(row[0], row[1]) if row else None
