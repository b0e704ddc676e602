"""Intake: calls become contacts, contacts end in a disposition, requests become tickets."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from dispatch.bus import hold, record
from dispatch.db import Session
from dispatch.domain.calls import CallOutcome, CallRecord
from dispatch.domain.errors import InvalidInput
from dispatch.domain.events import (
    CallAnswered,
    CallArrived,
    CallEnded,
    CallRinging,
    TicketAnswered,
    TicketOpened,
)
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.terms import AvoidReason
from dispatch.domain.vocabulary import Channel, Disposition, RequestKind, Role, Status, Urgency
from dispatch.models.contacts import Contact
from dispatch.models.people import Requester, Staff
from dispatch.models.tickets import Ticket
from dispatch.service import avoidance, particulars
from dispatch.service.access import require_role
from dispatch.service.catalogue import category_id
from dispatch.service.change import department_of
from dispatch.service.numbering import query_code, ticket_number
from dispatch.service.outcomes import contact_for, dispose

MAX_CONTENT = 20_000
TITLE_LENGTH = 40

_MERGED_FIELDS = (
    "call_uuid",
    "caller",
    "line",
    "queue",
    "agent",
    "queued_at",
    "left_queue_at",
    "answered_at",
    "talk_ended_at",
    "ended_at",
    "recording",
    "node",
    "ended_by",
    "hold_s",
    "voicemail",
)

_ENDS_BY_ITSELF = MappingProxyType(
    {
        CallOutcome.ABANDONED_IN_QUEUE: Disposition.HUNG_UP,
        CallOutcome.ABANDONED_IN_IVR: Disposition.HUNG_UP,
        CallOutcome.OVERFLOWED: Disposition.HUNG_UP,
        CallOutcome.CALL_BACK: Disposition.HUNG_UP,
        CallOutcome.CLOSED: Disposition.HUNG_UP,
        CallOutcome.FAILED: Disposition.HUNG_UP,
        CallOutcome.REFUSED: Disposition.HARASSMENT,
    }
)
"""How a call ended for a caller whom nobody spoke with: nobody else can say it."""


@dataclass(frozen=True, kw_only=True)
class RequestForm:
    """What is written down of a request, from whatever channel.

    `category` and `division` are codes, so are the units to `avoid`. `content` is required, at
    most 20,000 characters. `anonymous` to `tags` are read by `domain.particulars`, which takes
    them as typed. An enterprise's request counts as one of the business environment.
    `new_facts` is what is new since the same caller's earlier ticket of the same matter.
    """

    content: str
    kind: RequestKind
    title: str = ""
    urgency: Urgency = Urgency.ROUTINE
    channel: Channel = Channel.PHONE
    category: str | None = None
    expectation: str = ""
    place: str = ""
    division: str | None = None
    requester_name: str = ""
    phone: str | None = None
    confidential: bool = False
    reply_wanted: bool = True
    business_environment: bool = False
    anonymous: bool = False
    difficult: bool = False
    source_level: str | None = None
    stated_limit: str | None = None
    statutory_limit: str | None = None
    statutory_basis: str = ""
    requester_kind: str = ""
    enterprise_name: str = ""
    enterprise_code: str = ""
    contact_phone: str = ""
    gender: str = ""
    language: str = ""
    reported_party: str = ""
    reported_phone: str = ""
    reported_code: str = ""
    avoid: tuple[str, ...] = ()
    occurred_at: datetime | str | None = None
    longitude: float | str | None = None
    latitude: float | str | None = None
    grid: str = ""
    spot: str = ""
    source_system: str = ""
    external_no: str = ""
    tags: tuple[str, ...] | str = ()
    suggestion: dict[str, Any] | None = None
    new_facts: str = ""


def record_call(session: Session, call: CallRecord, *, now: datetime) -> int:
    """Write what is known of a call into its contact; return the contact's id.

    Safe to repeat and to call with less than is known already: a known value is never lost,
    and each fact (arrived, ringing, answered, ended) is told once.
    """
    known = select(Contact).where(Contact.call_id == call.call_id).with_for_update()
    contact = session.scalar(known)
    if contact is None:
        contact = _new_contact(session, call)
    if contact is None:
        # Another process saw the same call first: there is one contact to a call.
        contact = session.scalars(known).one()
    before = (contact.ringing, contact.answered_at, contact.ended_at)
    for name in _MERGED_FIELDS:
        value = getattr(call, name)
        if value is not None:
            setattr(contact, name, value)
    if call.started_at < contact.started_at:
        contact.started_at = call.started_at
    # A late telling of the ringing must not pop the screen of a call long answered.
    contact.ringing = None if contact.answered_at or contact.ended_at else call.ringing
    if call.outcome is not None and contact.outcome != CallOutcome.ANSWERED:
        contact.outcome = call.outcome.value
    if call.transfers:
        contact.transfers = [{**asdict(t), "at": t.at.isoformat()} for t in call.transfers]
    if call.dtmf:
        contact.dtmf = [{"at": d.at.isoformat(), "digit": d.digit} for d in call.dtmf]
    # What it looks up does not depend on the contact, which is then written once, not twice.
    with session.no_autoflush:
        _derive(session, contact)
    session.flush()
    _tell(session, contact, before, now)
    return contact.id


def _new_contact(session: Session, call: CallRecord) -> Contact | None:
    contact = Contact(
        call_id=call.call_id,
        direction=call.direction.value,
        started_at=call.started_at,
        transfers=[],
        dtmf=[],
    )
    try:
        with session.begin_nested():
            session.add(contact)
    except IntegrityError:
        return None
    record(session, SYSTEM, CallArrived(at=call.started_at, contact_id=contact.id))
    return contact


def _derive(session: Session, contact: Contact) -> None:
    if contact.queued_at is not None:
        until = contact.answered_at or contact.left_queue_at or contact.ended_at
        if until is not None:
            contact.wait_s = round((until - contact.queued_at).total_seconds(), 3)
    if contact.answered_at is not None:
        until = contact.talk_ended_at or contact.ended_at
        if until is not None:
            contact.talk_s = round((until - contact.answered_at).total_seconds(), 3)
    if contact.agent and contact.agent_id is None:
        contact.agent_id = session.scalar(select(Staff.id).where(Staff.extension == contact.agent))
    if contact.caller and contact.requester_id is None:
        contact.requester_id = session.scalar(
            select(Requester.id).where(Requester.phone == contact.caller)
        )
    if (
        contact.ended_at is not None
        and contact.disposition is None
        and contact.direction == "inbound"
        and contact.outcome is not None
        and (disposition := _ENDS_BY_ITSELF.get(CallOutcome(contact.outcome))) is not None
    ):
        contact.disposition = disposition.value
        contact.disposed_at = contact.ended_at


def _tell(
    session: Session,
    contact: Contact,
    before: tuple[str | None, datetime | None, datetime | None],
    now: datetime,
) -> None:
    rang, answered, ended = before
    if contact.ringing and contact.ringing != rang:
        fact = CallRinging(
            at=now, contact_id=contact.id, extension=contact.ringing, call_id=contact.call_id
        )
        record(session, SYSTEM, fact)
    if contact.answered_at and answered is None and contact.agent:
        record(
            session,
            SYSTEM,
            CallAnswered(
                at=contact.answered_at,
                contact_id=contact.id,
                extension=contact.agent,
                call_id=contact.call_id,
            ),
        )
    if contact.ended_at and ended is None:
        record(
            session,
            SYSTEM,
            CallEnded(
                at=contact.ended_at,
                contact_id=contact.id,
                extension=contact.agent or rang,
                outcome=contact.outcome,
                call_id=contact.call_id,
            ),
        )


def open_ticket(
    session: Session,
    actor: Actor,
    form: RequestForm,
    *,
    contact_id: int | None = None,
    ends_with: Disposition = Disposition.TICKET,
    now: datetime,
) -> Ticket:
    """受理: make the request a ticket that waits for dispatch, and end the contact with it."""
    require_role(actor, Role.AGENT, Role.DISPATCHER, Role.CENTER, Role.SYSTEM)
    ticket = _ticket_from(session, actor, form, Status.OPEN, contact_id, now)
    record(session, actor, TicketOpened(at=now, ticket_id=ticket.id), status=ticket.status)
    _fill(session, actor, ticket, form, now)
    if contact_id is not None:
        dispose(session, actor, contact_id, ends_with, now=now, ticket_id=ticket.id)
    return ticket


def answer_on_call(
    session: Session,
    actor: Actor,
    form: RequestForm,
    answer: str,
    *,
    contact_id: int | None = None,
    now: datetime,
) -> Ticket:
    """当场答复: record request and answer, settled on the call.

    Raises:
        InvalidInput: no request or no answer was written.
    """
    require_role(actor, Role.AGENT, Role.CENTER)
    if not answer.strip():
        raise InvalidInput("请填写答复内容后再按“当场答复”", field="answer")
    ticket = _ticket_from(session, actor, form, Status.ANSWERED, contact_id, now)
    ticket.public_reply = answer.strip()
    ticket.completed_at = ticket.closed_at = now
    record(session, actor, TicketAnswered(at=now, ticket_id=ticket.id), status=ticket.status)
    _fill(session, actor, ticket, form, now)
    if contact_id is not None:
        how = Disposition.ANSWERED_ON_CALL
        dispose(session, actor, contact_id, how, now=now, ticket_id=ticket.id)
    return ticket


def _ticket_from(
    session: Session,
    actor: Actor,
    form: RequestForm,
    status: Status,
    contact_id: int | None,
    now: datetime,
) -> Ticket:
    content = form.content.strip()
    if not content:
        raise InvalidInput("请填写诉求内容", field="content")
    if len(content) > MAX_CONTENT:
        raise InvalidInput(
            f"诉求内容有 {len(content)} 个字，超过 {MAX_CONTENT} 字的上限，请删减后提交",
            field="content",
        )
    contact = contact_for(session, contact_id) if contact_id is not None else None
    phone = (form.phone or (contact.caller if contact else None) or "").strip() or None
    requester_id = _requester(session, phone, form, now)
    if contact is not None:
        contact.requester_id = requester_id
    ticket = Ticket(
        number=ticket_number(session, now),
        query_code=query_code(),
        channel=form.channel.value,
        kind=form.kind.value,
        urgency=form.urgency.value,
        status=status.value,
        category_id=category_id(session, form.category) if form.category else None,
        title=form.title.strip()[:120] or content.replace("\n", " ")[:TITLE_LENGTH],
        content=content,
        expectation=form.expectation.strip(),
        place=form.place.strip()[:200],
        division=form.division or None,
        requester_id=requester_id,
        requester_name=form.requester_name.strip()[:60],
        phone=phone,
        confidential=form.confidential,
        reply_wanted=form.reply_wanted,
        business_environment=form.business_environment,
        created_by_id=actor.staff_id,
        created_at=now,
        suggestion=form.suggestion,
    )
    session.add(ticket)
    session.flush()
    hold(session, ticket)
    return ticket


def _fill(session: Session, actor: Actor, ticket: Ticket, form: RequestForm, now: datetime) -> None:
    said = {name: getattr(form, name) for name in particulars.FILED}
    particulars.file(session, ticket, said, now=now)
    for code in dict.fromkeys(form.avoid):
        unit = department_of(session, code)
        avoidance.put(session, actor, ticket, unit, AvoidReason.REPORTED, now=now)


def _requester(session: Session, phone: str | None, form: RequestForm, now: datetime) -> int | None:
    if phone is None:
        return None
    known = select(Requester).where(Requester.phone == phone)
    requester = session.scalar(known)
    if requester is None:
        requester = Requester(phone=phone, created_at=now)
        try:
            with session.begin_nested():
                session.add(requester)
        except IntegrityError:
            # Somebody else wrote down the same number's first request at this moment.
            requester = session.scalars(known).one()
    if form.requester_name.strip():
        requester.name = form.requester_name.strip()[:60]
    session.flush()
    return requester.id
