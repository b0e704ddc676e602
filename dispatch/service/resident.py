"""The resident's side: file a request, and see its progress with number and code."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ClockChangeKind
from dispatch.domain.vocabulary import Channel, FollowUpState, Part, Role, Status
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.service import followup_rows, repeats
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
    "ProgressReported",
    "AuditPassed",
    "TicketReopened",
    "TicketClosed",
    "TicketUrged",
    "ClockMoved",
    "TicketTerminated",
    "TicketMerged",
    "MergedAnswered",
)
_TOLD_OF_MAIN = ("TicketDispatched", "TicketReassigned", "TicketAcknowledged")
"""Of the ticket handled for several callers, each hears who has it, and nothing of the others."""
_REPLY_READABLE = frozenset(
    {
        Status.FOLLOW_UP.value,
        Status.REVIEW.value,
        Status.CLOSED.value,
        Status.ANSWERED.value,
        Status.REOPENED.value,
    }
)


@dataclass(frozen=True)
class Receipt:
    """What the resident keeps: number and code."""

    number: str
    query_code: str


@dataclass(frozen=True)
class Milestone:
    """One step of the way; `unit` is who got the ticket, where that is what happened.

    Of a due time that moved: from when to when, and why; of an end: why.
    """

    kind: str
    at: datetime
    unit: str | None = None
    words: str = ""
    old_due_at: datetime | None = None
    new_due_at: datetime | None = None


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
    may_rate: bool
    """Whether the resident is due to be asked and may answer here at once."""
    milestones: tuple[Milestone, ...]


def file_request(session: Session, form: RequestForm, rules: Rules, *, now: datetime) -> Receipt:
    """Open a ticket from the public page; the same form sent twice makes one ticket.

    A matter told before is taken too, tied to the earlier ticket for the dispatcher to see: whoever
    types a number here must not learn whether that number has a ticket.

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
    earlier = repeats.earlier_of(session, rules, form, now=now)
    ticket = open_ticket(session, RESIDENT, form, now=now)
    if earlier is not None:
        repeats.tie_to(session, RESIDENT, earlier, ticket, "网上再次反映", now=now)
    return Receipt(ticket.number, ticket.query_code)


def ticket_of(session: Session, number: str, code: str) -> Ticket | None:
    """The resident's own ticket; None for an unknown number and for a wrong code alike."""
    ticket = session.scalar(select(Ticket).where(Ticket.number == number.strip()))
    # Compared also when there is no such ticket, so that both answers take as long.
    right = hmac.compare_digest((ticket.query_code if ticket else "······").encode(), code.encode())
    return ticket if right else None


def progress(session: Session, number: str, code: str, *, now: datetime) -> Progress | None:
    """The progress of a ticket; None for an unknown number and for a wrong code alike."""
    ticket = ticket_of(session, number, code)
    if ticket is None:
        return None
    # The ticket that is handled: its own, or the one it is merged into.
    main = session.get(Ticket, ticket.merged_into_id) if ticket.merged_into_id else None
    handled = main or ticket
    unit = session.scalar(select(Department.name).where(Department.id == handled.department_id))
    status = Status(ticket.status)
    running = Status(handled.status).with_department
    return Progress(
        number=ticket.number,
        status=status,
        title=ticket.title,
        content=ticket.content,
        place=ticket.place,
        unit=unit,
        created_at=ticket.created_at,
        dispatched_at=handled.dispatched_at,
        acknowledged_at=handled.acknowledged_at,
        contacted_at=ticket.first_contacted_at,
        due_at=handled.due_at,
        closed_at=ticket.closed_at,
        reply=ticket.public_reply if ticket.status in _REPLY_READABLE else "",
        reply_wanted=ticket.reply_wanted,
        overdue=running and handled.due_at is not None and handled.due_at < now,
        may_rate=_may_rate(session, ticket),
        milestones=_milestones(session, ticket.id, main.id if main else None),
    )


def _may_rate(session: Session, ticket: Ticket) -> bool:
    if ticket.status != Status.FOLLOW_UP.value:
        return False
    row = followup_rows.open_row(session, ticket)
    return row is not None and row.state != FollowUpState.CALLING.value


def _milestones(session: Session, ticket_id: int, main_id: int | None) -> tuple[Milestone, ...]:
    own = and_(TicketEvent.ticket_id == ticket_id, TicketEvent.kind.in_(_TOLD))
    shared = and_(TicketEvent.ticket_id == main_id, TicketEvent.kind.in_(_TOLD_OF_MAIN))
    rows = session.scalars(
        select(TicketEvent).where(or_(own, shared)).order_by(TicketEvent.at, TicketEvent.id)
    )
    # A helping unit's clock is its own affair; the requester was promised the lead unit's.
    leads = select(Assignment.department_id).where(
        Assignment.ticket_id == ticket_id, Assignment.part == Part.LEAD.value
    )
    told = {None, *session.scalars(leads)}
    return tuple(
        _milestone(row)
        for row in rows
        if row.kind != "ClockMoved" or row.details.get("department_id") in told
    )


def _milestone(row: TicketEvent) -> Milestone:
    details = row.details
    if row.kind == "ClockMoved":
        change = ClockChangeKind(details["change"]).label
        return Milestone(
            row.kind,
            row.at,
            words=f"{change}：{details['reason']}" if details.get("reason") else change,
            old_due_at=_moment(details.get("old_due_at")),
            new_due_at=_moment(details.get("new_due_at")),
        )
    told = {"TicketTerminated": "reason", "ProgressReported": "note"}.get(row.kind, "")
    why = str(details.get(told) or "")
    return Milestone(row.kind, row.at, details.get("department"), words=why)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


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
