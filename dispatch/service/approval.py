"""单位审批 and 反馈进展: what a unit does with its reply before it is done."""

from __future__ import annotations

from datetime import datetime

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, OwnRequest, RoleNotAllowed
from dispatch.domain.events import ProgressReported, ReplyRejected, ReplySubmitted
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Action
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import handling, replies
from dispatch.service.change import begin, own_share


def submit_reply(
    session: Session,
    actor: Actor,
    number: str,
    rules: Rules,
    *,
    public_reply: str,
    internal_note: str = "",
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """送单位审批: the reply waits for the unit's leader; the handling clock goes on running.

    Raises:
        ReplyNotInOrder: the policy's rules for replies forbid it.
    """
    ticket, target = begin(session, actor, number, Action.SUBMIT_REPLY, expected)
    share = own_share(session, actor, ticket)
    reply = public_reply.strip()
    replies.require_in_order(session, ticket, reply, rules)
    share.replied_by_id = actor.staff_id
    share.public_reply, share.internal_note = reply, internal_note.strip()
    ticket.status = target.value
    fact = ReplySubmitted(at=now, ticket_id=ticket.id, department_id=share.department_id)
    record(session, actor, fact, status=ticket.status)
    return ticket


def approve_reply(
    session: Session,
    actor: Actor,
    number: str,
    rules: Rules,
    *,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """同意答复: the unit's leader signs the reply off; this moment is the completion.

    Raises:
        RoleNotAllowed: the actor is not the unit's leader.
        OwnRequest: the actor wrote the reply.
    """
    ticket, target = begin(session, actor, number, Action.APPROVE_REPLY, expected)
    share = _for_leader(session, actor, ticket)
    noticed = replies.require_in_order(session, ticket, share.public_reply, rules)
    share.approved_by_id, share.approved_at = actor.staff_id, now
    handling.hand_in(session, actor, ticket, share, target, noticed, now=now)
    return ticket


def reject_reply(
    session: Session,
    actor: Actor,
    number: str,
    *,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """退回修改: the unit's leader wants the reply changed; its text stays to be mended.

    Raises:
        RoleNotAllowed, OwnRequest: as for `approve_reply`.
    """
    if not reason.strip():
        raise InvalidInput("请写明要修改什么，经办人会看到", field="reason")
    ticket, target = begin(session, actor, number, Action.REJECT_REPLY, expected)
    share = _for_leader(session, actor, ticket)
    ticket.status = target.value
    fact = ReplyRejected(
        at=now, ticket_id=ticket.id, department_id=share.department_id, reason=reason.strip()
    )
    record(session, actor, fact, status=ticket.status)
    return ticket


def report_progress(
    session: Session,
    actor: Actor,
    number: str,
    *,
    note: str,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """反馈进展: the resident reads how far it is, and until when the law gives (济南条例 24)."""
    if not note.strip():
        raise InvalidInput("请写明目前的进展，诉求人会看到", field="note")
    ticket, _ = begin(session, actor, number, Action.REPORT_PROGRESS, expected)
    share = own_share(session, actor, ticket)
    share.interim_at = ticket.interim_at = now
    fact = ProgressReported(
        at=now, ticket_id=ticket.id, department_id=share.department_id, note=note.strip()
    )
    record(session, actor, fact, status=ticket.status)
    return ticket


def _for_leader(session: Session, actor: Actor, ticket: Ticket) -> Assignment:
    share = own_share(session, actor, ticket)
    if not actor.approver:
        raise RoleNotAllowed("答复须由本单位负责人审批；请联系系统管理员标明谁是负责人")
    # Without a staff id there is no telling two people of one unit apart.
    if share.replied_by_id is not None and share.replied_by_id == actor.staff_id:
        raise OwnRequest("不能审批自己起草的答复，请本单位另一位负责人审批")
    return share
