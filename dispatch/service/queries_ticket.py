"""Everything the page of one ticket shows, as far as its reader may see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.events import FACTS
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import (
    Channel,
    Disposition,
    FollowUpMethod,
    FollowUpState,
    Part,
    Rating,
    Role,
    Verdict,
)
from dispatch.models.catalog import Division
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp
from dispatch.models.people import Department, Staff, ViewLog
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.service.access import (
    log_view,
    mask_name,
    mask_phone,
    sees_requester,
    ticket_for,
    visible_to,
)
from dispatch.service.queries import TicketCard, cards_of

LISTENERS = frozenset({Role.AGENT, Role.DISPATCHER, Role.FOLLOW_UP, Role.SUPERVISOR, Role.CENTER})
"""Who may hear a recording: the centre's own people, never the units or the leaders."""

SAME_LOOK = timedelta(minutes=5)


@dataclass(frozen=True)
class RequesterView:
    """The requester as this reader may see them; `phone` may be dialled only when given."""

    name: str
    shown_phone: str
    phone: str | None
    hidden: bool


@dataclass(frozen=True, kw_only=True)
class Share:
    """One department's part of one round; the note is empty for other units."""

    department: str
    part: Part
    round: int
    opinion: str
    dispatched_at: datetime
    acknowledged_at: datetime | None
    first_contacted_at: datetime | None
    due_at: datetime | None
    completed_at: datetime | None
    ended_at: datetime | None
    public_reply: str
    internal_note: str


@dataclass(frozen=True)
class TimelineEntry:
    """One fact of the history in words."""

    id: int
    at: datetime
    kind: str
    label: str
    actor: str
    text: str


@dataclass(frozen=True)
class FollowUpView:
    """One attempt to ask the requester."""

    id: int
    attempt: int
    round: int
    method: FollowUpMethod
    state: FollowUpState
    due_at: datetime
    called_at: datetime | None
    ended_at: datetime | None
    result: str | None
    reached: bool
    solved: Verdict | None
    rating: Rating | None
    note: str


@dataclass(frozen=True)
class ContactLine:
    """One call about the ticket; `playable` when the reader may hear its recording."""

    id: int
    direction: str
    started_at: datetime
    talk_s: float | None
    agent: str | None
    disposition: Disposition | None
    playable: bool


@dataclass(frozen=True, kw_only=True)
class TicketView:
    """One ticket for its page."""

    card: TicketCard
    channel: Channel
    expectation: str
    reply_wanted: bool
    business_environment: bool
    division_name: str | None
    created_by: str | None
    department_id: int | None
    requester: RequesterView
    acknowledged_at: datetime | None
    first_contacted_at: datetime | None
    calendar_version: str
    shares: tuple[Share, ...]
    timeline: tuple[TimelineEntry, ...]
    follow_ups: tuple[FollowUpView, ...]
    contacts: tuple[ContactLine, ...]

    @property
    def last_event(self) -> int:
        """The newest fact the page shows, so that it can later tell what came after."""
        return self.timeline[-1].id if self.timeline else 0


def ticket_view(session: Session, reader: Actor, number: str) -> TicketView:
    """One ticket with its history.

    Raises:
        NotFound: there is none, or the reader may not see it.
    """
    ticket = ticket_for(session, reader, number)
    names = session.execute(
        select(Division.name, Staff.name)
        .select_from(Ticket)
        .outerjoin(Division, Division.code == Ticket.division)
        .outerjoin(Staff, Staff.id == Ticket.created_by_id)
        .where(Ticket.id == ticket.id)
    ).one()
    return TicketView(
        card=cards_of(session, Ticket.id == ticket.id, limit=1)[0],
        channel=Channel(ticket.channel),
        expectation=ticket.expectation,
        reply_wanted=ticket.reply_wanted,
        business_environment=ticket.business_environment,
        division_name=names[0],
        created_by=names[1],
        department_id=ticket.department_id,
        requester=_requester(reader, ticket),
        acknowledged_at=ticket.acknowledged_at,
        first_contacted_at=ticket.first_contacted_at,
        calendar_version=ticket.calendar_version,
        shares=_shares(session, reader, ticket.id),
        timeline=_timeline(session, ticket.id),
        follow_ups=follow_ups_of(session, [ticket.id]).get(ticket.id, ()),
        contacts=_contacts(session, reader, ticket.id),
    )


def look_at(session: Session, reader: Actor, number: str, what: str, *, now: datetime) -> None:
    """Write down that the reader opened the ticket; the same look within minutes counts once.

    Raises:
        NotFound: there is none, or the reader may not see it.
    """
    ticket = ticket_for(session, reader, number)
    seen = session.scalar(
        select(ViewLog.id)
        .where(ViewLog.ticket_id == ticket.id, ViewLog.at > now - SAME_LOOK)
        .where(ViewLog.staff_id == reader.staff_id, ViewLog.what == what)
        .limit(1)
    )
    if seen is None:
        log_view(session, reader, ticket.id, what, now=now)


def recording_for(session: Session, reader: Actor, contact_id: int) -> tuple[str, str]:
    """(file below the recordings folder, ticket number) of a call about a ticket.

    Raises:
        NotFound: no such recording, or its ticket is not the reader's to see.
    """
    found = None
    if reader.role in LISTENERS:
        wanted = (
            select(Contact.recording, Ticket.number)
            .join(Ticket, Ticket.id == Contact.ticket_id)
            .where(Contact.id == contact_id, Contact.recording.is_not(None))
        )
        found = session.execute(visible_to(reader, wanted)).first()
    if found is None or found[0] is None:
        raise NotFound("没有找到这段录音，或您无权收听")
    return found[0], found[1]


def follow_ups_of(
    session: Session, ticket_ids: Iterable[int]
) -> dict[int, tuple[FollowUpView, ...]]:
    """The attempts of tickets the caller has read with its reader's rights, oldest first."""
    rows = session.scalars(
        select(FollowUp).where(FollowUp.ticket_id.in_(list(ticket_ids))).order_by(FollowUp.id)
    )
    found: dict[int, tuple[FollowUpView, ...]] = {}
    for row in rows:
        found[row.ticket_id] = (*found.get(row.ticket_id, ()), _follow_up(row))
    return found


def _follow_up(row: FollowUp) -> FollowUpView:
    return FollowUpView(
        id=row.id,
        attempt=row.attempt,
        round=row.round,
        method=FollowUpMethod(row.method),
        state=FollowUpState(row.state),
        due_at=row.due_at,
        called_at=row.called_at,
        ended_at=row.ended_at,
        result=row.result,
        reached=row.reached,
        solved=Verdict(row.solved) if row.solved else None,
        rating=Rating(row.rating) if row.rating else None,
        note=row.note,
    )


def _requester(reader: Actor, ticket: Ticket) -> RequesterView:
    if sees_requester(reader, confidential=ticket.confidential):
        shown = ticket.phone or "未提供"
        return RequesterView(ticket.requester_name, shown, ticket.phone, hidden=False)
    if ticket.confidential:
        return RequesterView("", "已保密", None, hidden=True)
    return RequesterView(
        mask_name(ticket.requester_name), mask_phone(ticket.phone), None, hidden=False
    )


def _shares(session: Session, reader: Actor, ticket_id: int) -> tuple[Share, ...]:
    rows = session.execute(
        select(Assignment, Department.short_name, Department.parent_id)
        .join(Department, Department.id == Assignment.department_id)
        .where(Assignment.ticket_id == ticket_id)
        .order_by(Assignment.id)
    )
    return tuple(_share(reader, *row) for row in rows)


def _share(reader: Actor, row: Assignment, department: str, parent: int | None) -> Share:
    own = reader.role is not Role.DEPARTMENT or reader.department_id in {row.department_id, parent}
    return Share(
        department=department,
        part=Part(row.part),
        round=row.round,
        opinion=row.opinion,
        dispatched_at=row.dispatched_at,
        acknowledged_at=row.acknowledged_at,
        first_contacted_at=row.first_contacted_at,
        due_at=row.due_at,
        completed_at=row.completed_at,
        ended_at=row.ended_at,
        public_reply=row.public_reply,
        internal_note=row.internal_note if own and reader.role is not Role.LEADER else "",
    )


def _timeline(session: Session, ticket_id: int) -> tuple[TimelineEntry, ...]:
    rows = session.scalars(
        select(TicketEvent).where(TicketEvent.ticket_id == ticket_id).order_by(TicketEvent.id)
    )
    return tuple(
        TimelineEntry(
            id=row.id,
            at=row.at,
            kind=row.kind,
            label=FACTS[row.kind].label if row.kind in FACTS else row.kind,
            actor=row.actor_name,
            text=_words(row.kind, row.details),
        )
        for row in rows
    )


def _words(kind: str, details: dict[str, Any]) -> str:
    if kind in {"TicketDispatched", "TicketReassigned"}:
        parts = [f"交 {details.get('department', '')}", str(details.get("reason") or "")]
    elif kind == "TicketCompleted":
        parts = ["按时办结" if details.get("in_time") else "超期办结"]
    elif kind == "FollowUpAnswered":
        asked = "是否解决" if details.get("question") == "solved" else "是否满意"
        parts = [f"{asked}：{details.get('answer', '')}"]
    elif kind == "FollowUpEnded":
        parts = [RESULTS.get(str(details.get("result")), "")]
    elif kind == "TicketClosed":
        solved, rating = details.get("solved"), details.get("rating")
        parts = [Verdict(solved).label if solved else "", Rating(rating).label if rating else ""]
    elif kind == "ContactDisposed":
        parts = [Disposition(details["disposition"]).label, str(details.get("note") or "")]
    elif kind == "DeadlineBreached":
        parts = ["签收时限已过" if details.get("clock") == "sign" else "办理时限已过"]
    else:
        parts = [str(details.get("reason") or details.get("note") or "")]
    return "；".join(part for part in parts if part)


RESULTS = {
    "completed": "两问都已作答",
    "partial": "只答了一问",
    "no_answer": "无人接听",
    "busy": "占线",
    "failed": "呼叫失败",
    "hung_up": "接通后挂断",
}


def _contacts(session: Session, reader: Actor, ticket_id: int) -> tuple[ContactLine, ...]:
    person = aliased(Staff)
    rows = session.execute(
        select(Contact, person.name)
        .outerjoin(person, person.id == Contact.agent_id)
        .where(Contact.ticket_id == ticket_id)
        .order_by(Contact.started_at)
    )
    return tuple(
        ContactLine(
            id=contact.id,
            direction=contact.direction,
            started_at=contact.started_at,
            talk_s=contact.talk_s,
            agent=agent,
            disposition=Disposition(contact.disposition) if contact.disposition else None,
            playable=contact.recording is not None and reader.role in LISTENERS,
        )
        for contact, agent in rows
    )
