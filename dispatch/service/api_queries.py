"""Tickets as other systems read them: pages of cards, one ticket, its history."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.engine import Row

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, NotFound
from dispatch.domain.events import FACTS
from dispatch.domain.lifecycle import allowed_actions
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Action, Status
from dispatch.models.catalog import Category
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.service.access import mask_name, mask_phone, sees_requester, visible_to

MAX_PAGE = 200


@dataclass(frozen=True, kw_only=True)
class TicketFilter:
    """What to list; `since` and `until` bound the moment of intake, `until` itself excluded."""

    statuses: tuple[Status, ...] = ()
    department: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TicketRow:
    """One ticket as its reader may see it; name and number are masked where they must be."""

    id: int
    number: str
    version: int
    status: str
    kind: str
    urgency: str
    channel: str
    category: str | None
    category_name: str | None
    department: str | None
    department_name: str | None
    title: str
    content: str
    expectation: str
    place: str
    division: str | None
    requester_name: str
    phone: str
    confidential: bool
    reply_wanted: bool
    business_environment: bool
    anonymous: bool
    difficult: bool
    source_level: str | None
    stated_limit: str | None
    statutory_limit: str | None
    statutory_basis: str
    round: int
    urged: int
    created_at: datetime
    dispatched_at: datetime | None
    acknowledge_by: datetime | None
    acknowledged_at: datetime | None
    first_contacted_at: datetime | None
    warn_at: datetime | None
    due_at: datetime | None
    breached_at: datetime | None
    completed_at: datetime | None
    closed_at: datetime | None
    clock_rule: str
    public_reply: str
    solved: str | None
    rating: str | None
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class TicketPage:
    """Newest first; `next_cursor` leads on, None at the end."""

    items: list[TicketRow]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class EventRow:
    """One line of the history."""

    id: int
    kind: str
    label: str
    at: datetime
    actor: str
    role: str
    status: str | None
    details: dict[str, Any]


_PLAIN = tuple(
    name
    for name in TicketRow.__dataclass_fields__
    if name in Ticket.__table__.columns and name not in {"requester_name", "phone", "status"}
)


def _rows() -> Select[Ticket, str, str, str, str]:
    return (
        select(Ticket, Category.code, Category.name, Department.code, Department.short_name)
        .outerjoin(Category, Category.id == Ticket.category_id)
        .outerjoin(Department, Department.id == Ticket.department_id)
    )


def list_tickets(
    session: Session, reader: Actor, wanted: TicketFilter, *, limit: int, cursor: str | None
) -> TicketPage:
    """One page of the tickets the reader may see.

    Raises:
        InvalidInput: the cursor is not one of ours.
    """
    query = visible_to(reader, _rows()).order_by(Ticket.created_at.desc(), Ticket.id.desc())
    if wanted.statuses:
        query = query.where(Ticket.status.in_([status.value for status in wanted.statuses]))
    if wanted.department:
        query = query.where(Department.code == wanted.department)
    if wanted.since:
        query = query.where(Ticket.created_at >= wanted.since)
    if wanted.until:
        query = query.where(Ticket.created_at < wanted.until)
    if cursor:
        at, last = _open(cursor)
        query = query.where(tuple_(Ticket.created_at, Ticket.id) < tuple_(at, last))
    found = session.execute(query.limit(limit + 1)).all()
    items = [_row(reader, row) for row in found[:limit]]
    if len(found) <= limit:
        return TicketPage(items, None)
    last_shown: Ticket = found[limit - 1][0]
    return TicketPage(items, _seal(last_shown.created_at, last_shown.id))


def one_ticket(session: Session, reader: Actor, number: str) -> TicketRow:
    """One ticket with what the reader may do to it now.

    Raises:
        NotFound: there is none, or the reader may not see it.
    """
    row = session.execute(visible_to(reader, _rows().where(Ticket.number == number))).one_or_none()
    if row is None:
        raise NotFound(f"没有找到工单 {number}，或您无权查看")
    return _row(reader, row)


def query_code_of(session: Session, reader: Actor, number: str) -> str:
    """The resident's key to a ticket, for whoever has just opened it.

    Raises:
        NotFound: the ticket is not the reader's own.
    """
    code = session.scalar(
        select(Ticket.query_code).where(
            Ticket.number == number, Ticket.created_by_id == reader.staff_id
        )
    )
    if code is None:
        raise NotFound
    return code


def ticket_events(session: Session, reader: Actor, number: str) -> list[EventRow]:
    """The history of a ticket the reader may see, oldest first."""
    wanted = select(Ticket.id).where(Ticket.number == number)
    ticket_id = session.scalar(visible_to(reader, wanted))
    if ticket_id is None:
        raise NotFound(f"没有找到工单 {number}，或您无权查看")
    rows = select(TicketEvent).where(TicketEvent.ticket_id == ticket_id).order_by(TicketEvent.id)
    return [
        EventRow(
            id=event.id,
            kind=event.kind,
            label=FACTS[event.kind].label if event.kind in FACTS else event.kind,
            at=event.at,
            actor=event.actor_name,
            role=event.actor_role,
            status=event.status,
            details=event.details,
        )
        for event in session.scalars(rows)
    ]


def _row(reader: Actor, row: Row[Ticket, str, str, str, str]) -> TicketRow:
    ticket, category, category_name, department, department_name = row
    open_name = sees_requester(reader, confidential=ticket.confidential)
    # 保密: not even a surname or the last digits.
    hidden = ticket.confidential and not open_name
    name = ticket.requester_name if open_name else mask_name(ticket.requester_name)
    phone = (ticket.phone or "") if open_name else mask_phone(ticket.phone)
    return TicketRow(
        **{field: getattr(ticket, field) for field in _PLAIN},
        status=ticket.status,
        category=category,
        category_name=category_name,
        department=department,
        department_name=department_name,
        requester_name="" if hidden else name,
        phone="" if hidden else phone,
        actions=allowed_actions(Status(ticket.status), reader.role),
    )


def _seal(at: datetime, last: int) -> str:
    raw = json.dumps([at.isoformat(), last]).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _open(cursor: str) -> tuple[datetime, int]:
    try:
        at, last = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        return moment, int(last)
    except (ValueError, TypeError, binascii.Error) as problem:
        raise InvalidInput(
            "cursor 无效，请使用上一页返回的 next_cursor", field="cursor"
        ) from problem
