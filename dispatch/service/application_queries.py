"""What is read of applications: what a unit may ask for, what was asked, what was ruled before."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.asking import option_of
from dispatch.domain.errors import ApplicationPending, HotlineError, NotByPolicy, ReturnForbidden
from dispatch.domain.lifecycle import APPLY, next_status
from dispatch.domain.people import Actor
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.rules import Rules
from dispatch.domain.standing import Option, Standing
from dispatch.domain.terms import ApplicationKind, ApplicationState
from dispatch.domain.vocabulary import Status
from dispatch.models.handling import Application
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.clocks import limit_from

Past = tuple[tuple[Application, int], ...]
"""Applications of one unit for one ticket, each with the round it belongs to."""


def options(
    session: Session,
    reader: Actor,
    ticket: Ticket,
    share: Assignment,
    rules: Rules,
    now: datetime,
) -> tuple[Option, ...]:
    """What the unit may ask for now, every kind with the rule that allows or forbids it."""
    past = _past(session, share)
    return tuple(_option(reader, ticket, share, past, kind, rules, now) for kind in ApplicationKind)


def option(
    session: Session,
    reader: Actor,
    ticket: Ticket,
    share: Assignment,
    kind: ApplicationKind,
    rules: Rules,
    now: datetime,
) -> Option:
    """Whether the unit may ask for this now."""
    return _option(reader, ticket, share, _past(session, share), kind, rules, now)


def _option(
    reader: Actor,
    ticket: Ticket,
    share: Assignment,
    past: Past,
    kind: ApplicationKind,
    rules: Rules,
    now: datetime,
) -> Option:
    found = option_of(kind, _standing(ticket, share, past), rules, now)
    if isinstance(found.refusal, NotByPolicy | ReturnForbidden):
        return found  # no change of the ticket's status will ever open it
    try:
        next_status(Status(ticket.status), APPLY[kind], reader.role)
    except HotlineError as refusal:
        return replace(found, refusal=refusal)
    waiting = next((a for a, _ in past if a.state == ApplicationState.PENDING), None)
    if waiting is None:
        return found
    pending = ApplicationPending(
        f"{to_the_minute(waiting.asked_at)} 提出的{ApplicationKind(waiting.kind).label}申请还在等待"
        "裁定，一次只能有一项申请；请等结果，或先撤回那一项"
    )
    return replace(found, refusal=pending)


def _past(session: Session, share: Assignment) -> Past:
    rows = session.execute(
        select(Application, Assignment.round)
        .join(Assignment, Assignment.id == Application.assignment_id)
        .where(
            Application.ticket_id == share.ticket_id,
            Application.department_id == share.department_id,
        )
        .order_by(Application.id)
    )
    return tuple((row[0], row[1]) for row in rows)


def _standing(ticket: Ticket, share: Assignment, past: Past) -> Standing:
    returns = [a for a, _ in past if a.kind == ApplicationKind.RETURN]
    denied = [a.ruled_at for a in returns if a.state == ApplicationState.DENIED]
    granted = [
        a.kind
        for a, round_ in past
        if a.state == ApplicationState.GRANTED and round_ == share.round
    ]
    ruled = {ApplicationState.GRANTED, ApplicationState.DENIED}
    return Standing(
        dispatched_at=share.dispatched_at,
        started_at=share.started_at or share.dispatched_at,
        due_at=share.due_at,
        return_by=share.return_by,
        limit=limit_from(share.limit),
        held_until=share.held_until,
        designated=ticket.designated or share.designated,
        returns=sum(1 for a in returns if a.state in ruled),
        denied_at=denied[-1] if denied else None,
        extensions=granted.count(ApplicationKind.EXTENSION),
        holds=granted.count(ApplicationKind.HOLD),
    )
