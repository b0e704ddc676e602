"""The department's side: contact the requester, complete; and the centre's audit of the reply."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.conduct import reason_of
from dispatch.domain.errors import ApprovalNeeded, InvalidInput, OwnRequest
from dispatch.domain.events import (
    AuditPassed,
    RequesterContacted,
    SentBack,
    TicketCompleted,
)
from dispatch.domain.lint import Finding
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import AssignmentEnd, ReasonUse
from dispatch.domain.vocabulary import Action, RequestKind, Status
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import merging, replies
from dispatch.service.application_rows import lapse
from dispatch.service.change import begin, own_share, running_assignment
from dispatch.service.followup_plan import ask_or_close
from dispatch.service.share_rows import end_shares


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
    rules: Rules,
    *,
    public_reply: str,
    internal_note: str = "",
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """办结: the department says it is done, with a reply the requester may read.

    Raises:
        ReplyNotInOrder: the policy's rules for replies forbid it; the sentence names each.
        ApprovalNeeded: the unit's own leader has to agree first.
    """
    ticket, target = begin(session, actor, number, Action.COMPLETE, expected)
    share = own_share(session, actor, ticket)
    reply = public_reply.strip()
    noticed = replies.require_in_order(session, ticket, reply, rules)
    require_no_approval(session, ticket, share, rules)
    share.replied_by_id = actor.staff_id
    share.public_reply, share.internal_note = reply, internal_note.strip()
    hand_in(session, actor, ticket, share, target, noticed, now=now)
    return ticket


def hand_in(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    share: Assignment,
    target: Status,
    noticed: Iterable[Finding],
    *,
    now: datetime,
) -> None:
    """Give the share's reply to the centre; this is the moment that counts as 办结."""
    share.completed_at = ticket.completed_at = now
    ticket.public_reply = share.public_reply
    ticket.status = target.value
    lapse(session, actor, ticket, "承办单位已办结，申请自动失效", now)
    fact = TicketCompleted(
        at=now,
        ticket_id=ticket.id,
        department_id=share.department_id,
        in_time=share.due_at is None or now <= share.due_at,
        noticed=replies.codes_of(noticed),
    )
    record(session, actor, fact, status=ticket.status)


def approval_needed(session: Session, ticket: Ticket, share: Assignment, rules: Rules) -> bool:
    """Whether the policy wants the unit's own leader to agree to this reply."""
    unit = session.get_one(Department, share.department_id)
    return rules.profile.approval.needed(RequestKind(ticket.kind), unit.kind)


def require_no_approval(session: Session, ticket: Ticket, share: Assignment, rules: Rules) -> None:
    """Refuse to complete what the unit's own leader has to agree to first.

    Raises:
        ApprovalNeeded: says by which policy, and what to press instead.
    """
    if approval_needed(session, ticket, share, rules):
        raise ApprovalNeeded(
            f"按“{rules.profile.label}”，这份答复须经本单位负责人同意后才能办结；"
            "请按“送单位审批”，负责人同意的时刻即为办结时刻，办理时限照常计算"
        )


def pass_audit(
    session: Session,
    actor: Actor,
    number: str,
    rules: Rules,
    *,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """审核通过: the reply is in order; every requester of it will be asked who wants a reply.

    Raises:
        OwnRequest: the auditor wrote or approved the reply in another post.
    """
    ticket, target = begin(session, actor, number, Action.PASS_AUDIT, expected)
    share = running_assignment(session, ticket)
    _check_not_own(actor, share)
    if share is not None:
        end_shares(session, actor, ticket, AssignmentEnd.AUDITED, now=now)
        share.ended_at, share.ended_how = now, AssignmentEnd.AUDITED.value
    ticket.audited_at = now
    ticket.status = target.value
    record(session, actor, AuditPassed(at=now, ticket_id=ticket.id), status=ticket.status)
    ask_or_close(session, ticket, rules, now)
    merging.answer_children(session, actor, ticket, rules, now)
    return ticket


def send_back(
    session: Session,
    actor: Actor,
    number: str,
    rules: Rules,
    *,
    reason_code: str,
    reason: str = "",
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """退回补正: the reply is not in order; the first clock goes on running.

    `reason_code` is one of the policy's catalogue, `reason` what the unit is told besides.

    Raises:
        InvalidInput: no reason of the catalogue was chosen.
        OwnRequest: the auditor wrote or approved the reply in another post.
    """
    chosen = reason_of(rules.profile.reasons, ReasonUse.SEND_BACK, reason_code)
    ticket, target = begin(session, actor, number, Action.SEND_BACK, expected)
    share = running_assignment(session, ticket)
    _check_not_own(actor, share)
    if share is not None:
        share.completed_at = None
    ticket.completed_at = None
    ticket.status = target.value
    fact = SentBack(
        at=now,
        ticket_id=ticket.id,
        department_id=ticket.department_id,
        reason="：".join(filter(None, (chosen.label, reason.strip()))),
        reason_code=chosen.code,
    )
    record(session, actor, fact, status=ticket.status)
    return ticket


def _check_not_own(actor: Actor, share: Assignment | None) -> None:
    """Nobody audits a reply of their own, not even after moving to the centre."""
    if share is None or actor.staff_id is None:
        return
    if actor.staff_id in {share.replied_by_id, share.approved_by_id}:
        raise OwnRequest("这份答复由您提交或同意，不能由您审核；请换一位热线中心的同事审核")
