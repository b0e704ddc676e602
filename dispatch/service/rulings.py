"""裁定: the centre agrees to what a unit asked for, or does not; nobody rules on his own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import (
    ActionNotAllowed,
    InvalidInput,
    RoleNotAllowed,
)
from dispatch.domain.events import ApplicationDenied, ApplicationGranted, TicketTerminated
from dispatch.domain.lifecycle import GRANT, STEPS
from dispatch.domain.people import Actor
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ApplicationKind, ApplicationState, NoticeKind
from dispatch.domain.vocabulary import Action, Role, Status
from dispatch.models.handling import Application, ClockChange
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import clock_changes, triggers
from dispatch.service.access import ticket_for
from dispatch.service.application_queries import option
from dispatch.service.application_rows import pending_application
from dispatch.service.applications import asked_for
from dispatch.service.change import begin, own_share, running_assignment
from dispatch.service.notices import tell
from dispatch.service.ruling_checks import check_rank, check_ruler
from dispatch.service.ruling_effects import Ruling, put_into_effect


@dataclass(frozen=True, kw_only=True)
class GrantTerms:
    """What the centre writes when it agrees; `until` or `limit` grants less than was asked for.

    `release_merged`: of a termination, the tickets merged into this one stand again as before,
    because only its own requester was the reason.
    """

    ruling: str = ""
    until: datetime | date | None = None
    limit: str | None = None
    release_merged: bool = False


def grant(
    session: Session,
    actor: Actor,
    number: str,
    application_id: int,
    rules: Rules,
    terms: GrantTerms,
    *,
    expected: int | None = None,
    now: datetime,
) -> Application:
    """同意: what was asked for happens now.

    Raises:
        OwnRequest: the actor asked for it, or dispatched what is to be returned.
        HigherApproverNeeded: the centre's person in charge must rule.
        ChangedMeanwhile: somebody ruled before.
    """
    kind = _kind_of(session, actor, number, application_id)
    ticket, target = begin(session, actor, number, GRANT[kind], expected)
    application = pending_application(session, ticket, application_id)
    share = _share(session, application)
    check_ruler(actor, application, share)
    check_rank(actor, application, rules)
    if kind is ApplicationKind.TERMINATION and not terms.ruling.strip():
        raise InvalidInput("终止办理须向诉求人说明理由，请写明；诉求人会看到", field="ruling")
    if terms.until is not None or terms.limit:
        _change_terms(session, actor, ticket, share, application, rules, terms, now)
    _decide(application, actor, ApplicationState.GRANTED, terms.ruling, now)
    application.granted_until = application.until
    ticket.status = target.value
    ruling = Ruling(actor, ticket, share, application, rules, terms.release_merged, now)
    put_into_effect(session, ruling)
    _say_granted(session, actor, ticket, application, now)
    if kind is ApplicationKind.RETURN:
        triggers.returned(session, ticket, rules, times=ticket.returns, now=now)
    _tell_unit(session, ticket, application, now)
    return application


def deny(
    session: Session,
    actor: Actor,
    number: str,
    application_id: int,
    *,
    ruling: str,
    designate: bool = False,
    expected: int | None = None,
    now: datetime,
) -> Application:
    """驳回: the unit goes on as before. A return denied is denied for good (潍坊条例 22).

    `designate` also designates the unit for the whole ticket, so that no later share of it may be
    returned either.
    """
    kind = _kind_of(session, actor, number, application_id)
    ticket, target = begin(session, actor, number, Action.DENY_APPLICATION, expected)
    application = pending_application(session, ticket, application_id)
    share = _share(session, application)
    step = STEPS.get((Status(ticket.status), GRANT[kind]))
    if step is not None and actor.role not in step.by:
        raise RoleNotAllowed(f"{kind.label}申请只能由热线中心裁定")
    check_ruler(actor, application, share)
    if not ruling.strip():
        raise InvalidInput("请写明驳回的理由，承办单位会看到", field="ruling")
    _decide(application, actor, ApplicationState.DENIED, ruling, now)
    if kind is ApplicationKind.RETURN:
        share.designated = True
        ticket.designated = ticket.designated or designate
    ticket.status = target.value
    fact = ApplicationDenied(
        at=now,
        ticket_id=ticket.id,
        application_id=application.id,
        application=kind.value,
        ruling=application.ruling,
    )
    record(session, actor, fact, status=ticket.status)
    _tell_unit(session, ticket, application, now)
    return application


def resume(
    session: Session,
    actor: Actor,
    number: str,
    rules: Rules,
    *,
    reason: str = "",
    expected: int | None = None,
    now: datetime,
) -> ClockChange:
    """恢复计时: end a hold before its time; only the time it really stood still counts.

    Raises:
        ActionNotAllowed: the clock runs already.
    """
    ticket, target = begin(session, actor, number, Action.RESUME, expected)
    unit = actor.role is Role.DEPARTMENT
    share = own_share(session, actor, ticket) if unit else running_assignment(session, ticket)
    if share is None:
        raise ActionNotAllowed("这张工单不在任何单位手中，没有可以恢复的时限")
    ticket.status = target.value
    why = reason.strip() or "挂起的原因已消除"
    return clock_changes.resume(session, ticket, share, why=why, rules=rules, actor=actor, now=now)


def _kind_of(session: Session, actor: Actor, number: str, application_id: int) -> ApplicationKind:
    """What is to be ruled on, which decides what the table is asked.

    Looked at before the lock, so that who comes second hears what became of the application,
    and not only that the ticket's status no longer allows a ruling.
    """
    ticket = ticket_for(session, actor, number)
    return ApplicationKind(pending_application(session, ticket, application_id).kind)


def _share(session: Session, application: Application) -> Assignment:
    return session.get_one(Assignment, application.assignment_id, populate_existing=True)


def _decide(
    application: Application, actor: Actor, state: ApplicationState, ruling: str, now: datetime
) -> None:
    application.state = state.value
    application.ruled_by_id, application.ruled_at = actor.staff_id, now
    application.ruling = ruling.strip()


def _change_terms(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    share: Assignment,
    application: Application,
    rules: Rules,
    terms: GrantTerms,
    now: datetime,
) -> None:
    """Put what the centre grants in the place of what was asked for."""
    kind = ApplicationKind(application.kind)
    application.until, application.limit = asked_for(
        kind,
        share,
        option(session, actor, ticket, share, kind, rules, now),
        rules,
        until=terms.until or application.until,
        limit=terms.limit or application.limit,
        now=now,
    )


def _say_granted(
    session: Session, actor: Actor, ticket: Ticket, application: Application, now: datetime
) -> None:
    fact = ApplicationGranted(
        at=now,
        ticket_id=ticket.id,
        application_id=application.id,
        application=application.kind,
        ruling=application.ruling,
        old_due_at=application.old_due_at,
        new_due_at=application.new_due_at,
    )
    record(session, actor, fact, status=ticket.status)
    if application.kind == ApplicationKind.TERMINATION:
        ended = TicketTerminated(at=now, ticket_id=ticket.id, reason=application.ruling)
        record(session, actor, ended, status=ticket.status)


def _tell_unit(session: Session, ticket: Ticket, application: Application, now: datetime) -> None:
    kind, state = ApplicationKind(application.kind), ApplicationState(application.state)
    words = f"工单 {ticket.number} 的{kind.label}申请{state.label}"
    if state is ApplicationState.GRANTED and application.new_due_at != application.old_due_at:
        words += f"，办理时限由 {to_the_minute(application.old_due_at)} 改为 "
        words += to_the_minute(application.new_due_at)
    words += f"：{application.ruling}" if application.ruling else ""
    tell(
        session,
        NoticeKind.RULING,
        words,
        ticket_id=ticket.id,
        department_id=application.department_id,
        now=now,
    )
