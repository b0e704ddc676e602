"""Dispatch, reassign and acknowledge: who has the ticket and since when its clock runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, PolicyError, RoleNotAllowed
from dispatch.domain.events import TicketAcknowledged, TicketDispatched, TicketReassigned
from dispatch.domain.limits import Limit, SourceLevel
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import AssignmentEnd
from dispatch.domain.vocabulary import Action, Part, Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.catalog import Category
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import avoidance, clocks, label_examples
from dispatch.service.application_rows import lapse
from dispatch.service.catalogue import category_id
from dispatch.service.change import begin as begin
from dispatch.service.change import department_of as department_of
from dispatch.service.change import locked as locked
from dispatch.service.change import own_share as own_share
from dispatch.service.change import running_assignment as running_assignment
from dispatch.service.routing import Route, route_for
from dispatch.service.rule_base import start_at_signing
from dispatch.service.share_rows import end_shares
from dispatch.service.supporting import add_supporting_rows

_DESIGNATORS = frozenset({Role.DISPATCHER, Role.CENTER})


@dataclass(frozen=True, kw_only=True)
class LimitTerms:
    """What the dispatcher writes on the ticket about its limit (北京条例 13).

    Limits are such as "30 working_day"; None keeps what the ticket says already.
    """

    stated: str | None = None
    statutory: str | None = None
    statutory_basis: str = ""
    source_level: SourceLevel | None = None


AS_IT_IS = LimitTerms()
"""Nothing is written on the ticket that is not there."""


def dispatch(
    session: Session,
    actor: Actor,
    number: str,
    department: str,
    rules: Rules,
    *,
    opinion: str = "",
    category: str | None = None,
    supporting: Iterable[str] = (),
    designate: bool = False,
    terms: LimitTerms = AS_IT_IS,
    learn: bool = True,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """派单: give the ticket to the department with this code and start its clock.

    The clock starts at dispatch, not at acknowledgement, so that silence never stops it; where
    the policy says otherwise, at the latest when the ticket should have been signed for.
    `supporting` are codes of units that help, `designate` rules that the unit may not return it.
    `learn` is off when no person looked at the category.

    Raises:
        AccusedUnit: the unit or one that helps must stay away from this ticket.
        InvalidInput: the ticket was sent about so often that the next unit must be designated.
        RoleNotAllowed: designating is not for this role.
    """
    ticket, target = begin(session, actor, number, Action.DISPATCH, expected)
    unit = department_of(session, department)
    filed_as = ticket.category_id
    if category:
        ticket.category_id = category_id(session, category)
    _write_terms(ticket, terms)
    share = _assign(session, actor, ticket, unit, rules, opinion, designate, now)
    ticket.status = target.value
    fact = TicketDispatched(
        at=now,
        ticket_id=ticket.id,
        department_id=unit.id,
        department=unit.short_name,
        due_at=ticket.due_at,
        reason=_said(opinion, designate),
    )
    record(session, actor, fact, status=ticket.status)
    if learn:
        label_examples.note_dispatch(session, actor, ticket, share, filed_as, now=now)
    add_supporting_rows(session, actor, ticket, share, supporting, rules, now=now)
    return ticket


def reassign(
    session: Session,
    actor: Actor,
    number: str,
    department: str,
    rules: Rules,
    *,
    reason: str,
    category: str | None = None,
    designate: bool = False,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """改派: take the ticket from one department and give it to another; the old share is kept.

    `category` is what the request turned out to be about, when it was filed otherwise.

    Raises:
        AccusedUnit, InvalidInput, RoleNotAllowed: as for `dispatch`.
    """
    if not reason.strip():
        raise InvalidInput("改派需要写明原因", field="reason")
    ticket, target = begin(session, actor, number, Action.REASSIGN, expected)
    unit = department_of(session, department)
    if unit.id == ticket.department_id:
        raise InvalidInput(f"工单已经在{unit.name}，请选择另一个单位", field="department")
    old = running_assignment(session, ticket)
    if old is not None:
        end_shares(session, actor, ticket, AssignmentEnd.REASSIGNED, now=now)
        old.ended_at, old.ended_how = now, AssignmentEnd.REASSIGNED.value
        lapse(session, actor, ticket, "工单已改派，申请自动失效", now)
    filed_as = ticket.category_id
    if category:
        ticket.category_id = category_id(session, category)
    share = _assign(session, actor, ticket, unit, rules, reason, designate, now)
    ticket.status = target.value
    fact = TicketReassigned(
        at=now,
        ticket_id=ticket.id,
        department_id=unit.id,
        department=unit.short_name,
        due_at=ticket.due_at,
        reason=_said(reason, designate),
    )
    record(session, actor, fact, status=ticket.status)
    label_examples.note_dispatch(session, actor, ticket, share, filed_as, now=now)
    return ticket


def acknowledge(
    session: Session,
    actor: Actor,
    number: str,
    rules: Rules | None = None,
    *,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """签收: the department signs for the ticket; its handling clock is running already.

    Where the policy lets the clock start at 签收 (`clock.starts`), `rules` count it anew from
    this moment; without them it goes on from when the ticket should have been signed.
    """
    ticket, target = begin(session, actor, number, Action.ACKNOWLEDGE, expected)
    share = own_share(session, actor, ticket)
    share.acknowledged_at = ticket.acknowledged_at = now
    share.acknowledged_by_id = actor.staff_id
    if rules is not None:
        start_at_signing(session, ticket, share, rules, now=now)
    ticket.status = target.value
    record(
        session,
        actor,
        TicketAcknowledged(at=now, ticket_id=ticket.id, department_id=share.department_id),
        status=ticket.status,
    )
    return ticket


def must_designate(session: Session, ticket: Ticket, rules: Rules) -> bool:
    """Whether so many units had the ticket in this round that the next one must be designated."""
    after = rules.profile.returning.designation_after
    return 0 < after <= _times_sent(session, ticket)


def _times_sent(session: Session, ticket: Ticket) -> int:
    sent = select(func.count(Assignment.id)).where(
        Assignment.ticket_id == ticket.id,
        Assignment.part == Part.LEAD.value,
        Assignment.round == ticket.round,
    )
    return session.scalar(sent) or 0


def _check_designation(
    session: Session, actor: Actor, ticket: Ticket, rules: Rules, designate: bool
) -> None:
    if designate and actor.role not in _DESIGNATORS:
        raise RoleNotAllowed("指定承办只能由派单员或热线中心操作")
    if designate or not must_designate(session, ticket, rules):
        return
    profile = rules.profile
    cited = profile.mark_of("return.designation_after").cited
    raise InvalidInput(
        f"这张工单本轮已派 {_times_sent(session, ticket)} 次，按“{profile.label}”满 "
        f"{profile.returning.designation_after} 次须由派单员指定承办单位，指定后不得再退。{cited}"
        "请勾选“指定承办”后再派",
        field="designate",
    )


def _write_terms(ticket: Ticket, terms: LimitTerms) -> None:
    for name, text in (("stated_limit", terms.stated), ("statutory_limit", terms.statutory)):
        if text:
            try:
                Limit.parse(text)
            except PolicyError as problem:
                raise InvalidInput(str(problem), field=name) from problem
            setattr(ticket, name, text.strip())
    if terms.statutory and not (terms.statutory_basis.strip() or ticket.statutory_basis):
        raise InvalidInput("填写法定时限时请写明依据的法律条文", field="statutory_basis")
    ticket.statutory_basis = terms.statutory_basis.strip() or ticket.statutory_basis
    if terms.source_level is not None:
        ticket.source_level = terms.source_level.value


def _assign(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    unit: Department,
    rules: Rules,
    opinion: str,
    designate: bool,
    now: datetime,
) -> Assignment:
    avoidance.check(session, ticket, unit)
    _check_designation(session, actor, ticket, rules, designate)
    ticket.designated = designate
    route = _route_followed(session, ticket, unit, now)
    promised = ticket.due_at if ticket.promised_at is not None else None
    clock = clocks.dispatch_clock(session, ticket, unit, rules, start=now)
    share = Assignment(
        ticket_id=ticket.id,
        department_id=unit.id,
        part=Part.LEAD.value,
        round=ticket.round,
        dispatched_by_id=actor.staff_id,
        opinion=opinion.strip(),
        basis=route.words if route else "",
        responsibility_id=route.row_id if route else None,
        dispatched_at=now,
        escalation=0,
        interim_at=ticket.interim_at,
        designated=designate,
    )
    clocks.set_clock(share, clocks.after_transfer(rules, clock, promised), rules)
    session.add(share)
    session.flush()
    ticket.department_id = unit.id
    ticket.dispatched_at = ticket.dispatched_at or now
    ticket.dispatches += 1
    ticket.acknowledged_at = ticket.first_contacted_at = ticket.completed_at = None
    ticket.warned_at = ticket.breached_at = ticket.audited_at = None
    clocks.mirror(ticket, share)
    return share


def _route_followed(
    session: Session, ticket: Ticket, unit: Department, now: datetime
) -> Route | None:
    """The row of the catalogue that names this unit for the ticket, if it is the nearest one."""
    if ticket.category_id is None:
        return None
    code = session.scalar(select(Category.code).where(Category.id == ticket.category_id))
    if code is None:
        return None
    route = route_for(session, code, ticket.division, today=now.astimezone(SHANGHAI).date())
    return route if route is not None and route.lead == unit.code else None


def _said(words: str, designate: bool) -> str:
    return "；".join(part for part in ("指定承办" if designate else "", words.strip()) if part)
