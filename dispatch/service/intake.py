"""Intake: calls become contacts, contacts end in a disposition, requests become tickets."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.calls import CallOutcome, CallRecord
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.events import (
    CallAnswered,
    CallArrived,
    CallEnded,
    CallRinging,
    ContactDisposed,
    TicketAnswered,
    TicketOpened,
    TicketUrged,
)
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.vocabulary import Channel, Disposition, RequestKind, Role, Status, Urgency
from dispatch.models.contacts import Contact
from dispatch.models.people import Requester, Staff
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role, ticket_for
from dispatch.service.catalogue import category_id
from dispatch.service.numbering import query_code, ticket_number

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
)


@dataclass(frozen=True, kw_only=True)
class RequestForm:
    """What is written down of a request, from whatever channel.

    `category` and `division` are codes. `content` is required, at most 20,000 characters.
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
    suggestion: dict[str, Any] | None = None


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
        and contact.outcome in {CallOutcome.ABANDONED_IN_QUEUE, CallOutcome.ABANDONED_IN_IVR}
    ):
        # The caller left before anybody spoke: nobody else can say how it ended.
        contact.disposition = Disposition.HUNG_UP.value
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


def contact_for(session: Session, contact_id: int) -> Contact:
    """Load one contact for a change.

    Raises:
        NotFound: there is none.
    """
    contact = session.get(Contact, contact_id, with_for_update=True)
    if contact is None:
        raise NotFound("没有找到这次来电")
    return contact


def open_ticket(
    session: Session,
    actor: Actor,
    form: RequestForm,
    *,
    contact_id: int | None = None,
    now: datetime,
) -> Ticket:
    """受理: make the request a ticket that waits for dispatch, and end the contact with it."""
    require_role(actor, Role.AGENT, Role.DISPATCHER, Role.CENTER, Role.SYSTEM)
    ticket = _ticket_from(session, actor, form, Status.OPEN, contact_id, now)
    record(session, actor, TicketOpened(at=now, ticket_id=ticket.id), status=ticket.status)
    if contact_id is not None:
        _dispose(session, actor, contact_id, Disposition.TICKET, ticket.id, "", now)
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
    if contact_id is not None:
        _dispose(session, actor, contact_id, Disposition.ANSWERED_ON_CALL, ticket.id, "", now)
    return ticket


def urge(
    session: Session, actor: Actor, number: str, *, contact_id: int | None, note: str, now: datetime
) -> Ticket:
    """催办: the caller asks again about an open ticket; no second ticket is made."""
    require_role(actor, Role.AGENT, Role.CENTER)
    ticket = ticket_for(session, actor, number, for_update=True)
    if Status(ticket.status).is_final:
        raise ActionNotAllowed("这张工单已经结束，不能催办；请新建工单并说明新的情况")
    ticket.urged += 1
    ticket.version += 1
    record(session, actor, TicketUrged(at=now, ticket_id=ticket.id), status=ticket.status)
    if contact_id is not None:
        _dispose(session, actor, contact_id, Disposition.URGED, ticket.id, note, now)
    return ticket


def end_contact(
    session: Session,
    actor: Actor,
    contact_id: int,
    disposition: Disposition,
    note: str,
    *,
    now: datetime,
) -> None:
    """End a contact that made no ticket; a refusal needs its reason in words (66号: 分类处置)."""
    require_role(actor, Role.AGENT, Role.CENTER)
    needs_note = {Disposition.DECLINED, Disposition.TOLD_ROUTE, Disposition.TRANSFERRED_OUT}
    if disposition in needs_note and not note.strip():
        raise InvalidInput(f"“{disposition.label}”需要写明原因或去向", field="note")
    if disposition in {Disposition.TICKET, Disposition.ANSWERED_ON_CALL, Disposition.URGED}:
        raise InvalidInput(f"“{disposition.label}”请使用对应的按钮登记")
    _dispose(session, actor, contact_id, disposition, None, note.strip(), now)


def _dispose(
    session: Session,
    actor: Actor,
    contact_id: int,
    disposition: Disposition,
    ticket_id: int | None,
    note: str,
    now: datetime,
) -> None:
    contact = contact_for(session, contact_id)
    if contact.disposition is not None and contact.disposition != Disposition.HUNG_UP:
        raise ActionNotAllowed(
            f"这次来电已登记为“{Disposition(contact.disposition).label}”，不能重复登记"
        )
    contact.disposition = disposition.value
    contact.disposition_note = note
    contact.disposed_at = now
    contact.ticket_id = ticket_id
    if contact.agent_id is None:
        contact.agent_id = actor.staff_id
    fact = ContactDisposed(
        at=now, contact_id=contact.id, ticket_id=ticket_id, disposition=disposition.value, note=note
    )
    record(session, actor, fact)


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
    return ticket


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
