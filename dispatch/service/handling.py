"""The department's side: contact the requester, complete; and the centre's audit of the reply."""

from __future__ import annotations

from datetime import datetime

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.domain.events import (
    AuditPassed,
    RequesterContacted,
    SentBack,
    TicketClosed,
    TicketCompleted,
)
from dispatch.domain.lifecycle import next_status
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Action
from dispatch.models.tickets import Ticket
from dispatch.service.assignment import begin, own_share, running_assignment
from dispatch.service.followup import schedule

MIN_REPLY = 10


def contact_requester(
    session: Session,
    actor: Actor,
    number: str,
    *,
    note: str,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """先行联系: the department spoke with the requester; the first time of a share counts."""
    if not note.strip():
        raise InvalidInput("请写明联系情况：联系了谁、说了什么", field="note")
    ticket, target = begin(session, actor, number, Action.CONTACT, expected)
    share = own_share(session, actor, ticket)
    share.first_contacted_at = share.first_contacted_at or now
    ticket.first_contacted_at = share.first_contacted_at
    ticket.status = target.value
    fact = RequesterContacted(
        at=now, ticket_id=ticket.id, department_id=share.department_id, note=note.strip()
    )
    record(session, actor, fact, status=ticket.status)
    return ticket


def complete(
    session: Session,
    actor: Actor,
    number: str,
    *,
    public_reply: str,
    internal_note: str = "",
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """办结: the department says it is done, with a reply the requester may read."""
    reply = public_reply.strip()
    if len(reply) < MIN_REPLY:
        raise InvalidInput(
            f"公开答复至少写 {MIN_REPLY} 个字，说明查明的情况、处理结果和依据", field="public_reply"
        )
    ticket, target = begin(session, actor, number, Action.COMPLETE, expected)
    share = own_share(session, actor, ticket)
    share.completed_at = ticket.completed_at = now
    share.public_reply = ticket.public_reply = reply
    share.internal_note = internal_note.strip()
    ticket.status = target.value
    in_time = share.due_at is None or now <= share.due_at
    record(
        session,
        actor,
        TicketCompleted(
            at=now, ticket_id=ticket.id, department_id=share.department_id, in_time=in_time
        ),
        status=ticket.status,
    )
    return ticket


def pass_audit(
    session: Session,
    actor: Actor,
    number: str,
    rules: Rules,
    *,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """审核通过: the reply is in order; the requester will be asked, unless no reply was wanted."""
    ticket, target = begin(session, actor, number, Action.PASS_AUDIT, expected)
    share = running_assignment(session, ticket)
    if share is not None:
        share.ended_at = now
    ticket.audited_at = now
    ticket.status = target.value
    record(session, actor, AuditPassed(at=now, ticket_id=ticket.id), status=ticket.status)
    if ticket.reply_wanted and ticket.phone:
        schedule(session, ticket, rules, attempt=1, now=now)
    else:
        # 济南条例 24: who asked for no reply is not called; nothing is counted as satisfied.
        ticket.status = next_status(target, Action.CLOSE, SYSTEM.role).value
        ticket.closed_at = now
        record(
            session,
            SYSTEM,
            TicketClosed(at=now, ticket_id=ticket.id, solved=None, rating=None),
            status=ticket.status,
        )
    return ticket


def send_back(
    session: Session,
    actor: Actor,
    number: str,
    *,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """退回补正: the reply does not answer the request; the first clock goes on running."""
    if not reason.strip():
        raise InvalidInput("请写明退回补正的原因，承办单位会看到", field="reason")
    ticket, target = begin(session, actor, number, Action.SEND_BACK, expected)
    share = running_assignment(session, ticket)
    if share is not None:
        share.completed_at = None
    ticket.completed_at = None
    ticket.status = target.value
    fact = SentBack(
        at=now, ticket_id=ticket.id, department_id=ticket.department_id, reason=reason.strip()
    )
    record(session, actor, fact, status=ticket.status)
    return ticket
