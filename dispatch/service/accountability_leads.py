"""问责线索: handed over to the discipline desk, and from then on seen by nobody else.

Whoever hands a lead over writes it and sees no more of it: neither the list nor the outcome.
The history says that a lead was handed over, not about whom.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, NotFound
from dispatch.domain.events import AccountabilityChanged
from dispatch.domain.judging_terms import AccountabilityKind, AccountabilityState
from dispatch.domain.people import Actor
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Role, Status
from dispatch.models.judging import Accountability
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Ticket
from dispatch.service import notices
from dispatch.service.access import log_view, require_role, ticket_for
from dispatch.service.accountability import said
from dispatch.service.change import department_of

PAGE = 50
State = AccountabilityState


@dataclass(frozen=True)
class LeadRow:
    """A lead in the list of the discipline desk."""

    id: int
    unit: str
    reason: str
    state: AccountabilityState
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True)
class LeadTicket:
    """What the discipline desk reads of the ticket: the matter, without who reported it."""

    number: str
    title: str
    content: str
    status: Status
    public_reply: str
    created_at: datetime
    due_at: datetime | None
    completed_at: datetime | None


@dataclass(frozen=True)
class Lead:
    """One lead as the discipline desk sees it."""

    row: LeadRow
    handed_over_by: str
    ruling: str
    ticket: LeadTicket | None


def hand_over(
    session: Session,
    actor: Actor,
    unit: str,
    *,
    ticket: str = "",
    reason: str,
    now: datetime,
) -> int:
    """移送线索 about a unit, with the ticket it came from; return the lead's number.

    Raises:
        InvalidInput: nothing is written.
        NotFound: there is no such unit, or no such ticket for this person.
    """
    require_role(actor, Role.CENTER, Role.SUPERVISOR)
    words = said(reason, "请写明线索：什么人、什么事、有什么依据", "reason")
    department = department_of(session, unit)
    about = ticket_for(session, actor, ticket.strip()) if ticket.strip() else None
    row = Accountability(
        kind=AccountabilityKind.LEAD.value,
        department_id=department.id,
        ticket_id=about.id if about else None,
        state=State.HANDED_OVER.value,
        reason=words,
        opened_at=now,
        opened_by_id=actor.staff_id,
    )
    session.add(row)
    session.flush()
    fact = AccountabilityChanged(at=now, accountability_id=row.id, state=row.state)
    record(session, actor, fact)
    notices.tell(
        session,
        NoticeKind.ACCOUNTABILITY,
        "收到新的问责线索，请到线索台查看",
        role=Role.DISCIPLINE,
        now=now,
    )
    return row.id


def conclude(
    session: Session, actor: Actor, lead_id: int, *, taken: bool, words: str, now: datetime
) -> None:
    """办结 or 不予受理, by the discipline desk alone.

    Raises:
        InvalidInput: nothing is written.
        ActionNotAllowed: the lead is done with.
    """
    require_role(actor, Role.DISCIPLINE)
    text = said(words, "请写明处理结果，或不予受理的理由", "ruling")
    row = _lead(session, lead_id, for_update=True)
    if row.state != State.HANDED_OVER.value:
        raise ActionNotAllowed(f"这条线索已经{State(row.state).label}，不能再改")
    row.state = (State.DONE if taken else State.RETURNED).value
    row.ruling, row.closed_at, row.closed_by_id = text, now, actor.staff_id
    fact = AccountabilityChanged(at=now, accountability_id=row.id, state=row.state)
    record(session, actor, fact)


def counts(session: Session, reader: Actor) -> dict[str, int]:
    """How many leads stand where."""
    require_role(reader, Role.DISCIPLINE)
    query = (
        select(Accountability.state, func.count())
        .where(Accountability.kind == AccountabilityKind.LEAD.value)
        .group_by(Accountability.state)
    )
    found = dict(session.execute(query).all())
    return {one.value: found.get(one.value, 0) for one in TABS}


TABS = (State.HANDED_OVER, State.DONE, State.RETURNED)


def leads(
    session: Session, reader: Actor, state: AccountabilityState, *, before: int | None = None
) -> list[LeadRow]:
    """Leads in one state, the newest first."""
    require_role(reader, Role.DISCIPLINE)
    query = (
        select(Accountability, Department.short_name)
        .join(Department, Department.id == Accountability.department_id)
        .where(
            Accountability.kind == AccountabilityKind.LEAD.value,
            Accountability.state == state.value,
        )
        .order_by(Accountability.id.desc())
        .limit(PAGE)
    )
    if before is not None:
        query = query.where(Accountability.id < before)
    return [_row(row, name) for row, name in session.execute(query)]


def lead_for(session: Session, reader: Actor, lead_id: int, *, now: datetime) -> Lead:
    """One lead; that its ticket was looked at is written down.

    Raises:
        NotFound: there is none of this number.
    """
    require_role(reader, Role.DISCIPLINE)
    row = _lead(session, lead_id)
    unit = session.get_one(Department, row.department_id)
    opener = session.get(Staff, row.opened_by_id) if row.opened_by_id else None
    about = session.get(Ticket, row.ticket_id) if row.ticket_id else None
    if about is not None:
        log_view(session, reader, about.id, "lead", now=now)
    return Lead(
        row=_row(row, unit.name),
        handed_over_by=opener.name if opener else "",
        ruling=row.ruling,
        ticket=_ticket(about) if about else None,
    )


def _lead(session: Session, lead_id: int, *, for_update: bool = False) -> Accountability:
    row = session.get(Accountability, lead_id, with_for_update=for_update)
    if row is None or row.kind != AccountabilityKind.LEAD.value:
        raise NotFound(f"没有编号为 {lead_id} 的线索")
    return row


def _row(row: Accountability, unit: str) -> LeadRow:
    return LeadRow(row.id, unit, row.reason, State(row.state), row.opened_at, row.closed_at)


def _ticket(ticket: Ticket) -> LeadTicket:
    return LeadTicket(
        number=ticket.number,
        title=ticket.title,
        content=ticket.content,
        status=Status(ticket.status),
        public_reply=ticket.public_reply,
        created_at=ticket.created_at,
        due_at=ticket.due_at,
        completed_at=ticket.completed_at,
    )
