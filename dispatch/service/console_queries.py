"""What the agent's console reads of calls: the one at hand and the agent's own day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Text, and_, cast, exists, func, or_, select

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Disposition
from dispatch.models.catalog import Line
from dispatch.models.contacts import Contact
from dispatch.models.people import Requester
from dispatch.models.telephone import DialAttempt
from dispatch.models.tickets import Ticket
from dispatch.service import lines

# A call without an end that old was cut off by a crash: it no longer claims the screen.
LIVE_FOR = timedelta(hours=8)


@dataclass(frozen=True)
class ContactView:
    """One call as the agent who has it sees it; the number is in full."""

    id: int
    call_uuid: str | None
    caller: str | None
    line: str | None
    line_name: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    ringing: bool
    live: bool
    disposition: Disposition | None
    ticket_number: str | None
    requester_name: str
    visit: int
    line_note: str = ""
    """What an agent should know of the line: how it was merged, its former desk, its language."""
    voicemail: bool = False
    """Whether the caller left a message."""

    @property
    def registered(self) -> bool:
        """Whether the agent has said how it ended; a caller who hung up may still be written up."""
        return self.disposition not in {None, Disposition.HUNG_UP}


@dataclass(frozen=True)
class OwnContact:
    """A call of the agent's own day."""

    id: int
    caller: str | None
    line_name: str | None
    started_at: datetime
    talk_s: float | None
    live: bool
    disposition: Disposition | None
    ticket_number: str | None


@dataclass(frozen=True)
class OwnDay:
    """The agent's calls since a moment: those not yet written up first in line."""

    unregistered: tuple[OwnContact, ...]
    registered: tuple[OwnContact, ...]
    answered: int


def _own(reader: Actor) -> ColumnElement[bool]:
    # A call belongs to whom it rings at or who answered it; nobody else may open it here.
    mine = Contact.agent_id == reader.staff_id
    if reader.extension is None:
        return mine
    by_phone = or_(Contact.agent == reader.extension, Contact.ringing == reader.extension)
    # Handed on to the reader: told by the transfers, because `agent` is who answered first.
    handed = cast(Contact.transfers, Text).like(f'%"to": "{reader.extension}"%')
    joined = exists().where(
        DialAttempt.contact_id == Contact.id,
        DialAttempt.number == reader.extension,
        DialAttempt.allowed.is_(True),
    )
    return or_(mine, by_phone, handed, joined)


def _placed_by(reader: Actor) -> ColumnElement[bool]:
    """A call the reader placed himself; the automatic follow-ups have no agent."""
    return and_(Contact.direction == "outbound", Contact.agent == reader.extension)


def contact_view(session: Session, reader: Actor, contact_id: int) -> ContactView:
    """One call of the reader's own.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    row = session.execute(
        select(Contact, Line, Ticket.number, Requester.name)
        .outerjoin(Line, Line.number == Contact.line)
        .outerjoin(Ticket, Ticket.id == Contact.ticket_id)
        .outerjoin(Requester, Requester.phone == Contact.caller)
        .where(Contact.id == contact_id, _own(reader))
    ).first()
    if row is None:
        raise NotFound("没有找到这次来电，或它不是您接听的")
    contact, found_line, number, name = row
    line: Line | None = found_line  # joined from outside: a number need not be registered
    return ContactView(
        id=contact.id,
        call_uuid=contact.call_uuid,
        caller=contact.caller,
        line=contact.line,
        line_name=line.name if line else None,
        line_note=lines.note_for_agent(line, contact.started_at) if line else "",
        started_at=contact.started_at,
        answered_at=contact.answered_at,
        ended_at=contact.ended_at,
        ringing=contact.ringing is not None,
        live=contact.ended_at is None and contact.talk_ended_at is None,
        disposition=_disposition(contact.disposition),
        ticket_number=number,
        requester_name=name or "",
        visit=_visit(session, contact),
        voicemail=contact.voicemail is not None,
    )


def current_contact(session: Session, reader: Actor, *, now: datetime) -> int | None:
    """The call that should be on the reader's screen: ringing or talking, else not written up."""
    live = (
        select(Contact.id)
        .where(_own(reader), or_(_to_write_up(), _placed_by(reader)))
        .where(Contact.ended_at.is_(None), Contact.talk_ended_at.is_(None))
        .where(Contact.started_at > now - LIVE_FOR)
        .where(or_(Contact.ringing.is_not(None), Contact.answered_at.is_not(None)))
        .order_by(Contact.started_at.desc())
        .limit(1)
    )
    found = session.scalar(live)
    if found is not None:
        return found
    left = (
        select(Contact.id)
        .where(_own(reader), _unregistered(), Contact.started_at > now - LIVE_FOR)
        .order_by(Contact.started_at.desc())
        .limit(1)
    )
    return session.scalar(left)


def _to_write_up() -> ColumnElement[bool]:
    """Who called us, or was rung back for having called: he has something to say."""
    return or_(Contact.direction == "inbound", Contact.call_back_id.is_not(None))


def _unregistered() -> ColumnElement[bool]:
    return and_(
        _to_write_up(),
        Contact.answered_at.is_not(None),
        Contact.disposition.is_(None),
    )


def own_day(session: Session, reader: Actor, *, since: datetime) -> OwnDay:
    """The reader's answered calls, newest first; unregistered ones are never left out."""
    base = (
        select(Contact, Line.name, Ticket.number)
        .outerjoin(Line, Line.number == Contact.line)
        .outerjoin(Ticket, Ticket.id == Contact.ticket_id)
        .where(_own(reader), _to_write_up(), Contact.answered_at.is_not(None))
        .order_by(Contact.started_at.desc())
    )
    week = since - timedelta(days=7)
    left = base.where(_unregistered(), Contact.started_at >= week).limit(30)
    done = base.where(Contact.disposition.is_not(None), Contact.started_at >= since).limit(12)
    answered = session.scalar(
        select(func.count())
        .select_from(Contact)
        .where(_own(reader), Contact.answered_at.is_not(None), Contact.started_at >= since)
    )
    return OwnDay(
        tuple(_own_contact(*row) for row in session.execute(left)),
        tuple(_own_contact(*row) for row in session.execute(done)),
        answered or 0,
    )


def _own_contact(contact: Contact, line_name: str | None, number: str | None) -> OwnContact:
    return OwnContact(
        id=contact.id,
        caller=contact.caller,
        line_name=line_name or contact.line,
        started_at=contact.started_at,
        talk_s=contact.talk_s,
        live=contact.ended_at is None and contact.talk_ended_at is None,
        disposition=_disposition(contact.disposition),
        ticket_number=number,
    )


def twin(session: Session, reader: Actor, content: str, *, since: datetime) -> str | None:
    """The number of a ticket the reader made of the same words since then: a key pressed twice."""
    return session.scalar(
        select(Ticket.number)
        .where(Ticket.created_by_id == reader.staff_id, Ticket.created_at >= since)
        .where(Ticket.content == content.strip())
        .limit(1)
    )


def _visit(session: Session, contact: Contact) -> int:
    if not contact.caller:
        return 1
    earlier = session.scalar(
        select(func.count())
        .select_from(Contact)
        .where(Contact.caller == contact.caller, Contact.direction == "inbound")
        .where(Contact.started_at < contact.started_at)
    )
    return (earlier or 0) + 1


def _disposition(value: str | None) -> Disposition | None:
    return Disposition(value) if value else None
