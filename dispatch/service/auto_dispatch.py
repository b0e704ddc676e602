"""自动派单: a new request goes to the catalogue's unit without a person, where nothing forbids it.

The model only says the category, and only where it has proven on texts it had not seen that it
is right often enough (`classifier.precision_percent`); the catalogue says the unit. Every new
request is judged once: the row written of it is the claim, so two processes, or one that was
killed between, send nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import IntegrityError

from dispatch.db import Session
from dispatch.domain.errors import HotlineError
from dispatch.domain.learning_terms import LeftToPerson
from dispatch.domain.people import SYSTEM
from dispatch.domain.ports import Suggestion, Suggestions
from dispatch.domain.proposals import kept_proposal, text_for_model
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Status, Urgency
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.catalog import Category, Responsibility
from dispatch.models.learning import AutomaticDispatch
from dispatch.models.tickets import Ticket
from dispatch.models.ties import AvoidedUnit, TicketLink
from dispatch.service import alike, assignment
from dispatch.service.access import ticket_for
from dispatch.service.routing import EVERYWHERE, Route, in_force, route_for

NEW_FOR = timedelta(days=1)
"""Older requests that wait are a person's: switching the rule on must not send a backlog."""

AT_ONCE = 50
"""Requests looked at in one pass."""


@dataclass(frozen=True)
class Waiting:
    """A new request that nobody has judged yet; `text` is what the model reads."""

    number: str
    text: str
    division: str | None


@dataclass(frozen=True)
class Judged:
    """What became of it: the unit's short name, or the reasons why a person must look."""

    number: str
    unit: str = ""
    reasons: tuple[LeftToPerson, ...] = ()


def waiting(session: Session, *, now: datetime) -> list[Waiting]:
    """New requests that wait for dispatch and were not judged, the oldest first."""
    judged = select(AutomaticDispatch.ticket_id).where(AutomaticDispatch.ticket_id == Ticket.id)
    query = (
        select(Ticket.number, Ticket.content, Ticket.place, Ticket.division)
        .where(
            Ticket.status == Status.OPEN.value,
            Ticket.dispatches == 0,
            Ticket.imported.is_(False),
            Ticket.created_at > now - NEW_FOR,
            ~judged.exists(),
        )
        .order_by(Ticket.id)
        .limit(AT_ONCE)
    )
    return [
        Waiting(number, text_for_model(content, place), division)
        for number, content, place, division in session.execute(query)
    ]


def decide(
    session: Session, number: str, found: Suggestions, rules: Rules, *, now: datetime
) -> Judged | None:
    """Dispatch one new request, or leave it to a person with the reasons; once and for all.

    None when somebody has been quicker: it was judged, dispatched, or changed its status.
    """
    ticket = ticket_for(session, SYSTEM, number, for_update=True)
    if ticket.status != Status.OPEN.value or ticket.dispatches or not _claim(session, ticket, now):
        return None
    row = session.get_one(AutomaticDispatch, ticket.id)
    best = found.categories[0] if found.categories else None
    row.model_version, row.precision = found.model_version, found.precision
    if best is not None:
        row.probability = best.probability
        row.category_id = session.scalar(select(Category.id).where(Category.code == best.label))
    if ticket.suggestion is None:
        ticket.suggestion = kept_proposal(found, None)
    route = _route(session, ticket, best, now)
    reasons = _against(session, ticket, row, found, route, rules, now)
    if not reasons and route is not None and best is not None:
        return _send(session, ticket, row, route, _words(found, best), rules, now)
    return _leave(row, number, reasons)


def leave(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """Keep a request just taken for the dispatchers, because who took it wants it so."""
    if _claim(session, ticket, now):
        row = session.get_one(AutomaticDispatch, ticket.id)
        row.reasons = [LeftToPerson.BY_PERSON.value]


def _claim(session: Session, ticket: Ticket, now: datetime) -> bool:
    if session.get(AutomaticDispatch, ticket.id) is not None:
        return False
    try:
        with session.begin_nested():
            session.add(AutomaticDispatch(ticket_id=ticket.id, at=now))
    except IntegrityError:  # another process judges it at this moment
        return False
    return True


def _route(
    session: Session, ticket: Ticket, best: Suggestion | None, now: datetime
) -> Route | None:
    if best is None:
        return None
    today = now.astimezone(SHANGHAI).date()
    return route_for(session, best.label, ticket.division, today=today)


def _against(
    session: Session,
    ticket: Ticket,
    row: AutomaticDispatch,
    found: Suggestions,
    route: Route | None,
    rules: Rules,
    now: datetime,
) -> tuple[LeftToPerson, ...]:
    """Everything that forbids sending it without a person; all of it, not the first alone."""
    if found.unreadable:
        return (LeftToPerson.UNREADABLE,)
    if not found.sure or not found.categories:
        return (LeftToPerson.NOT_SURE,)
    category_id = row.category_id
    # Whoever marked it does not matter: a danger the model reads is a person's to weigh, too.
    read = found.urgency.label if found.urgency is not None else ""
    reasons = {
        LeftToPerson.OTHER_CATEGORY: ticket.category_id not in {None, category_id},
        LeftToPerson.NO_DIVISION: not ticket.division and _by_place(session, category_id, now),
        LeftToPerson.NO_ROUTE: route is None,
        LeftToPerson.CONFIDENTIAL: ticket.confidential or ticket.anonymous,
        LeftToPerson.AVOIDED: _any(session, AvoidedUnit.ticket_id == ticket.id),
        LeftToPerson.EMERGENCY: Urgency.EMERGENCY.value in {ticket.urgency, read},
        LeftToPerson.DIFFICULT: ticket.difficult,
        LeftToPerson.REPEAT: _any(
            session, or_(TicketLink.ticket_id == ticket.id, TicketLink.other_id == ticket.id)
        ),
        LeftToPerson.SAME_EVENT: bool(_same_event(session, ticket, category_id, rules, now)),
        LeftToPerson.DESIGNATED: ticket.designated,
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


def _any(session: Session, condition: ColumnElement[bool]) -> bool:
    return session.scalar(select(1).where(condition).limit(1)) is not None


def _by_place(session: Session, category_id: int | None, now: datetime) -> bool:
    """Whether the catalogue divides this category by place, so that no place means no unit."""
    local = select(Responsibility.id).where(
        Responsibility.category_id == category_id,
        Responsibility.division != EVERYWHERE,
        in_force(now.astimezone(SHANGHAI).date()),
    )
    return session.scalar(local.limit(1)) is not None


def _same_event(
    session: Session, ticket: Ticket, category_id: int | None, rules: Rules, now: datetime
) -> tuple[alike.Similar, ...]:
    return alike.similar(
        session,
        SYSTEM,
        category_id=category_id,
        division=ticket.division,
        days=rules.profile.classifier.same_event_days,
        content=ticket.content,
        phone=ticket.phone,
        without=ticket.number,
        now=now,
        limit=1,
    )


def _words(found: Suggestions, best: Suggestion) -> str:
    proven = "" if found.precision is None else f"，该类经验证预计准确率 {found.precision:.1%}"
    return (
        f"系统自动派单：模型 {found.model_version} 判为“{best.name}”，"
        f"把握 {best.probability:.1%}{proven}"
    )


def _send(
    session: Session,
    ticket: Ticket,
    row: AutomaticDispatch,
    route: Route,
    opinion: str,
    rules: Rules,
    now: datetime,
) -> Judged:
    try:
        with session.begin_nested():
            assignment.dispatch(
                session,
                SYSTEM,
                ticket.number,
                route.lead,
                rules,
                opinion=opinion,
                category=route.category,
                supporting=route.supporting,
                now=now,
            )
            share = assignment.running_assignment(session, ticket)
            row.assignment_id = share.id if share is not None else None
    except HotlineError as refused:
        row.note = str(refused)
        return _leave(row, ticket.number, (LeftToPerson.REFUSED,))
    return Judged(ticket.number, route.lead_name)


def _leave(row: AutomaticDispatch, number: str, reasons: tuple[LeftToPerson, ...]) -> Judged:
    row.reasons = [reason.value for reason in reasons]
    return Judged(number, reasons=reasons)
