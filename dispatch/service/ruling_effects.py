"""What happens to a ticket when the centre agrees to a unit's application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete

from dispatch.db import Session
from dispatch.domain.conduct import reasons_for
from dispatch.domain.errors import InvalidInput
from dispatch.domain.limits import Limit
from dispatch.domain.people import Actor
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ApplicationKind, AssignmentEnd, ClockChangeKind, ReasonUse
from dispatch.domain.vocabulary import FollowUpState
from dispatch.models.followups import FollowUp
from dispatch.models.handling import Application
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import clock_changes, merging
from dispatch.service.share_rows import end_shares


@dataclass(frozen=True)
class Ruling:
    """One application that was agreed to, with the ticket locked."""

    actor: Actor
    ticket: Ticket
    share: Assignment
    application: Application
    rules: Rules
    release_merged: bool
    now: datetime


def put_into_effect(session: Session, ruling: Ruling) -> None:
    """Do what was asked for; the ticket's status is the caller's to set."""
    _EFFECTS[ApplicationKind(ruling.application.kind)](session, ruling)


def _return(session: Session, ruling: Ruling) -> None:
    """The ticket waits for another unit; what was promised to the requester stays promised."""
    _end(session, ruling, AssignmentEnd.RETURNED)
    ticket = ruling.ticket
    ticket.returns += 1
    ticket.department_id = None
    ticket.acknowledge_by = ticket.acknowledged_at = ticket.first_contacted_at = None
    ticket.held_until = None
    ruling.application.new_due_at = ticket.due_at


def _move_clock(session: Session, ruling: Ruling) -> None:
    application, kind = ruling.application, ApplicationKind(ruling.application.kind)
    dated = kind is not ApplicationKind.EXTENSION
    if dated and (application.until is None or application.until <= ruling.now):
        raise InvalidInput(
            f"申请的日期 {to_the_minute(application.until)} 已过，请填写新的日期，或驳回申请",
            field="until",
        )
    held = kind is ApplicationKind.HOLD
    promised = kind is ApplicationKind.COMMITMENT
    change = clock_changes.add_change(
        session,
        ruling.ticket,
        ruling.share,
        kind=ClockChangeKind(kind.value),
        limit=Limit.parse(application.limit) if application.limit else None,
        held_from=ruling.now if held else None,
        held_to=application.until if held else None,
        until=application.until if promised else None,
        application_id=application.id,
        why=public_reason(application, ruling.rules),
        rules=ruling.rules,
        actor=ruling.actor,
        now=ruling.now,
    )
    application.old_due_at, application.new_due_at = change.old_due_at, change.new_due_at


def _terminate(session: Session, ruling: Ruling) -> None:
    _end(session, ruling, AssignmentEnd.TERMINATED)
    ticket = ruling.ticket
    session.execute(
        delete(FollowUp).where(
            FollowUp.ticket_id == ticket.id, FollowUp.state == FollowUpState.PENDING.value
        )
    )
    ticket.closed_at, ticket.held_until = ruling.now, None
    ruling.application.new_due_at = ticket.due_at
    follow = merging.release_children if ruling.release_merged else merging.end_children
    reason = ruling.application.ruling
    follow(session, ruling.actor, ticket, reason=reason, now=ruling.now)


def _end(session: Session, ruling: Ruling, how: AssignmentEnd) -> None:
    """End the lead unit's share, and what others still have of the ticket."""
    ruling.share.ended_at, ruling.share.ended_how = ruling.now, how.value
    ruling.share.held_until = None
    end_shares(session, ruling.actor, ruling.ticket, how, now=ruling.now)


def public_reason(application: Application, rules: Rules) -> str:
    """Why, in the catalogue's words: the requester may read them, the unit's own not."""
    for reason in reasons_for(rules.profile.reasons, ReasonUse(application.kind)):
        if reason.code == application.reason_code:
            return reason.label
    return ApplicationKind(application.kind).label


_EFFECTS: Mapping[ApplicationKind, Callable[[Session, Ruling], None]] = {
    ApplicationKind.RETURN: _return,
    ApplicationKind.EXTENSION: _move_clock,
    ApplicationKind.HOLD: _move_clock,
    ApplicationKind.COMMITMENT: _move_clock,
    ApplicationKind.TERMINATION: _terminate,
}
