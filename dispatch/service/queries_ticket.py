"""Everything the page of one ticket shows, as far as its reader may see it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.terms import AssignmentEnd, ShareState
from dispatch.domain.vocabulary import (
    Channel,
    Disposition,
    Part,
    Role,
)
from dispatch.models.catalog import Division
from dispatch.models.contacts import Contact
from dispatch.models.people import Department, Staff, ViewLog
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.access import (
    log_view,
    mask_name,
    mask_phone,
    sees_requester,
    ticket_for,
)
from dispatch.service.queries import TicketCard, cards_of
from dispatch.service.queries_story import (
    FollowUpView,
    TimelineEntry,
    follow_ups_of,
    timeline_of,
)
from dispatch.service.recording_queries import RecordingLine, lines_of
from dispatch.service.share_rows import state_of

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
    """One department's part of one round, as far as its reader may see it.

    Replies and notes of other units are empty for a unit that does not lead.
    """

    id: int
    department_id: int
    department: str
    part: Part
    state: ShareState
    parent_id: int | None
    basis: str
    clock_rule: str
    designated: bool
    ended_how: AssignmentEnd | None
    breached: bool
    score: int | None
    warn_at: datetime | None
    acknowledge_by: datetime | None
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
class ContactLine:
    """One call about the ticket, with the recordings of it that the reader may hear."""

    id: int
    direction: str
    started_at: datetime
    talk_s: float | None
    agent: str | None
    disposition: Disposition | None
    recordings: tuple[RecordingLine, ...]


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
    interim_by: datetime | None
    interim_at: datetime | None
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
        interim_by=ticket.interim_by,
        interim_at=ticket.interim_at,
        shares=_shares(session, reader, ticket),
        timeline=timeline_of(session, ticket.id),
        follow_ups=_follow_ups(session, reader, ticket),
        contacts=_contacts(session, reader, ticket.id),
    )


def _follow_ups(session: Session, reader: Actor, ticket: Ticket) -> tuple[FollowUpView, ...]:
    """The attempts; what the requester wrote may show who they are, as their files do."""
    found = follow_ups_of(session, [ticket.id]).get(ticket.id, ())
    if sees_requester(reader, confidential=ticket.confidential):
        return found
    return tuple(replace(one, comment="") for one in found)


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


def _requester(reader: Actor, ticket: Ticket) -> RequesterView:
    if sees_requester(reader, confidential=ticket.confidential):
        shown = ticket.phone or "未提供"
        return RequesterView(ticket.requester_name, shown, ticket.phone, hidden=False)
    if ticket.confidential:
        return RequesterView("", "已保密", None, hidden=True)
    return RequesterView(
        mask_name(ticket.requester_name), mask_phone(ticket.phone), None, hidden=False
    )


def _shares(session: Session, reader: Actor, ticket: Ticket) -> tuple[Share, ...]:
    rows = session.execute(
        select(Assignment, Department.short_name, Department.parent_id)
        .join(Department, Department.id == Assignment.department_id)
        .where(Assignment.ticket_id == ticket.id)
        .order_by(Assignment.id)
    )
    leads = reader.role is not Role.DEPARTMENT or reader.department_id == ticket.department_id
    return tuple(
        _share(reader, leads, *row)
        for row in rows
        # Who helps sees its own part and who leads, not what the others were asked.
        if leads or row[0].part == Part.LEAD.value or _own(reader, row[0].department_id, row[2])
    )


def _own(reader: Actor, department_id: int, parent: int | None) -> bool:
    return reader.role is not Role.DEPARTMENT or reader.department_id in {department_id, parent}


def _share(
    reader: Actor, leads: bool, row: Assignment, department: str, parent: int | None
) -> Share:
    own = _own(reader, row.department_id, parent)
    return Share(
        id=row.id,
        department_id=row.department_id,
        department=department,
        part=Part(row.part),
        state=state_of(row),
        parent_id=row.parent_id,
        basis=row.basis,
        clock_rule=row.clock_rule,
        designated=row.designated,
        ended_how=AssignmentEnd(row.ended_how) if row.ended_how else None,
        breached=row.breached_at is not None,
        score=row.score,
        warn_at=row.warn_at,
        acknowledge_by=row.acknowledge_by,
        round=row.round,
        opinion=row.opinion,
        dispatched_at=row.dispatched_at,
        acknowledged_at=row.acknowledged_at,
        first_contacted_at=row.first_contacted_at,
        due_at=row.due_at,
        completed_at=row.completed_at,
        ended_at=row.ended_at,
        public_reply=row.public_reply if own or leads else "",
        internal_note=row.internal_note if own and reader.role is not Role.LEADER else "",
    )


def _contacts(session: Session, reader: Actor, ticket_id: int) -> tuple[ContactLine, ...]:
    person = aliased(Staff)
    rows = session.execute(
        select(Contact, person.name)
        .outerjoin(person, person.id == Contact.agent_id)
        .where(Contact.ticket_id == ticket_id)
        .order_by(Contact.started_at)
    ).all()
    heard = lines_of(session, reader, [contact.id for contact, _ in rows])
    return tuple(
        ContactLine(
            id=contact.id,
            direction=contact.direction,
            started_at=contact.started_at,
            talk_s=contact.talk_s,
            agent=agent,
            disposition=Disposition(contact.disposition) if contact.disposition else None,
            recordings=heard.get(contact.id, ()),
        )
        for contact, agent in rows
    )
