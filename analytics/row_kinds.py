"""What a figure's rows tell of a ticket, a call, a call-back or an agent's wrap-up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from analytics.figures_terms import Subject
from dispatch.domain.call_terms import CallBackState
from dispatch.domain.ports import AgentState
from dispatch.domain.vocabulary import Channel, Disposition, Rating, RequestKind, Status, Verdict
from dispatch.models.catalog import Category
from dispatch.models.contacts import Contact
from dispatch.models.people import Department, Staff
from dispatch.models.telephone import AgentInterval, CallBack
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.access import mask_phone


@dataclass(frozen=True, kw_only=True)
class TicketRow:
    """One ticket behind a figure; moments are UTC. `answer` is what the requester said, the
    first answer before the last where a redo lies between them. `counted` are the milliseconds
    it adds to a mean."""

    number: str
    title: str
    status: Status
    department: str | None
    created_at: datetime
    due_at: datetime | None
    completed_at: datetime | None
    answer: str
    kind: RequestKind
    channel: Channel
    category: str | None
    dispatched_at: datetime | None
    closed_at: datetime | None
    counted: int | None = None


@dataclass(frozen=True, kw_only=True)
class ContactRow:
    """One call behind a figure; the number is masked. `counted`: as with tickets."""

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
    counted: int | None = None


@dataclass(frozen=True, kw_only=True)
class TimeRow:
    """One call-back or wrap-up behind a figure: whose, from when till when, how it stands."""

    id: int
    since: datetime
    until: datetime | None
    who: str
    line: str | None
    state: str
    counted: int | None = None


Row = TicketRow | ContactRow | TimeRow
Read = Callable[[Any], Row]


@dataclass(frozen=True)
class Listing:
    """How rows of one subject are read: the query, its order, and what makes a row of a record.

    The record's last place is what it adds to a mean.
    """

    query: Select[*tuple[Any, ...]]
    order: tuple[Any, ...]
    read: Read


def listing(subject: Subject, value: Any) -> Listing:
    """The listing of a subject's rows, newest first; `value` is the expression that is summed."""
    return _LISTINGS[subject](value)


def _tickets(unit: Any, value: Any, *, by_share: bool) -> Listing:
    query: Select[*tuple[Any, ...]] = select(Ticket, Department.short_name, Category.name, value)
    if by_share:
        query = query.join(Assignment, Assignment.ticket_id == Ticket.id)
    query = query.outerjoin(Department, Department.id == unit)
    query = query.outerjoin(Category, Category.id == Ticket.category_id)
    newest: tuple[Any, ...] = (Ticket.created_at.desc(), Ticket.id.desc())
    if by_share:
        newest = (*newest, Assignment.id.desc())
    return Listing(query, newest, _ticket_row)


def _ticket_row(record: Any) -> TicketRow:
    ticket, unit, category, counted = record
    return TicketRow(
        number=ticket.number,
        title=ticket.title,
        status=Status(ticket.status),
        department=unit,
        created_at=ticket.created_at,
        due_at=ticket.due_at,
        completed_at=ticket.completed_at,
        answer=_answer(ticket),
        kind=RequestKind(ticket.kind),
        channel=Channel(ticket.channel),
        category=category,
        dispatched_at=ticket.dispatched_at,
        closed_at=ticket.closed_at,
        counted=counted,
    )


def _answer(ticket: Ticket) -> str:
    first, last = (
        "，".join(
            [
                *([Verdict(solved).label] if solved else []),
                *([Rating(rating).label] if rating else []),
            ]
        )
        for solved, rating in (
            (ticket.first_solved, ticket.first_rating),
            (ticket.solved, ticket.rating),
        )
    )
    return f"首次：{first}；最终：{last or '未评价'}" if first and first != last else last


def _contacts(value: Any) -> Listing:
    query = (
        select(Contact, Staff.name, Ticket.number, value)
        .outerjoin(Staff, Staff.id == Contact.agent_id)
        .outerjoin(Ticket, Ticket.id == Contact.ticket_id)
    )
    return Listing(query, (Contact.started_at.desc(), Contact.id.desc()), _contact_row)


def _contact_row(record: Any) -> ContactRow:
    contact, name, number, counted = record
    return ContactRow(
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
        counted=counted,
    )


def _call_backs(value: Any) -> Listing:
    query = select(CallBack, value)
    return Listing(query, (CallBack.created_at.desc(), CallBack.id.desc()), _call_back_row)


def _call_back_row(record: Any) -> TimeRow:
    row, counted = record
    return TimeRow(
        id=row.id,
        since=row.created_at,
        until=row.ended_at,
        who=mask_phone(row.number),
        line=row.line,
        state=CallBackState(row.state).label,
        counted=counted,
    )


def _intervals(value: Any) -> Listing:
    query = select(AgentInterval, Staff.name, value).join(Staff, Staff.id == AgentInterval.staff_id)
    newest = (AgentInterval.since.desc(), AgentInterval.id.desc())
    return Listing(query, newest, _interval_row)


def _interval_row(record: Any) -> TimeRow:
    row, name, counted = record
    return TimeRow(
        id=row.id,
        since=row.since,
        until=row.until,
        who=name,
        line=None,
        state=AgentState(row.state).label,
        counted=counted,
    )


_LISTINGS: Mapping[Subject, Callable[[Any], Listing]] = {
    Subject.TICKET: lambda value: _tickets(Ticket.department_id, value, by_share=False),
    Subject.ASSIGNMENT: lambda value: _tickets(Assignment.department_id, value, by_share=True),
    Subject.CONTACT: _contacts,
    Subject.CALL_BACK: _call_backs,
    Subject.INTERVAL: _intervals,
}
