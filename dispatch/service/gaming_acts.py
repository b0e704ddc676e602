"""Gaming by what a unit did: closed without contact, rated from its own phones, returned late.

Only tickets handled in this system are looked at: an import does not tell who was rung when.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain import numbers
from dispatch.domain.counting import limit_before
from dispatch.domain.judging_terms import GamingKind
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ApplicationKind, ApplicationState
from dispatch.domain.vocabulary import Part, Rating, RequestKind
from dispatch.domain.worktime import local
from dispatch.models.followups import FollowUp
from dispatch.models.handling import Application
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Assignment, Ticket


@dataclass(frozen=True, kw_only=True)
class Suspicion:
    """What a rule found, in a sentence; `ticket_id` None where it is about many tickets."""

    kind: GamingKind
    department_id: int
    words: str
    ticket_id: int | None = None
    other_ticket_id: int | None = None


def without_contact(session: Session, first: datetime, end: datetime) -> Iterator[Suspicion]:
    """Completed in the time although nobody wrote down that the requester was contacted, or
    although the requester says that nobody did.

    Who left no number, asked for no reply or is confidential is not the unit's to contact, and
    a unit below that made the contact in the same round made it for the one above.
    """
    made = aliased(Assignment)
    contact = (
        select(made.id)
        .where(made.ticket_id == Assignment.ticket_id, made.round == Assignment.round)
        .where(made.first_contacted_at.is_not(None))
        .exists()
    )
    query = (
        select(Assignment.ticket_id, Assignment.department_id, Assignment.completed_at)
        .join(Ticket, Ticket.id == Assignment.ticket_id)
        .where(_within(Assignment.completed_at, first, end), *_leads())
        .where(~contact, *_reachable())
        .order_by(Assignment.id)
    )
    for ticket_id, unit, completed in session.execute(query):
        at = to_the_minute(completed) if completed else ""
        yield Suspicion(
            kind=GamingKind.NO_CONTACT,
            department_id=unit,
            ticket_id=ticket_id,
            words=f"{at} 办结，此前没有登记过联系诉求人",
        )
    denied = (
        select(Assignment.ticket_id, Assignment.department_id, Assignment.first_contacted_at)
        .join(FollowUp, FollowUp.ticket_id == Assignment.ticket_id)
        .join(Ticket, Ticket.id == Assignment.ticket_id)
        .where(_within(FollowUp.ended_at, first, end), FollowUp.round == Assignment.round)
        .where(FollowUp.contacted.is_(False), Assignment.first_contacted_at.is_not(None))
        .where(*_leads(), *_reachable())
        .order_by(Assignment.id)
    )
    for ticket_id, unit, contacted in session.execute(denied):
        at = to_the_minute(contacted) if contacted else ""
        yield Suspicion(
            kind=GamingKind.NO_CONTACT,
            department_id=unit,
            ticket_id=ticket_id,
            words=f"承办单位登记 {at} 联系过诉求人，诉求人回访时说没有联系",
        )


def rated_by_itself(
    session: Session, first: datetime, end: datetime, rules: Rules
) -> Iterator[Suspicion]:
    """A satisfied answer given from a telephone of the unit, of one above or below it, or of
    their staff. A school's telephone may rate another bureau: only the unit's own family counts.
    """
    area = rules.profile.dialling.area_code
    owners = _telephones(session, area)
    parents = {
        row[0]: row[1] for row in session.execute(select(Department.id, Department.parent_id))
    }
    grades = [grade.value for grade in Rating if rules.counts_as_satisfied(grade)]
    called = func.coalesce(FollowUp.number, Ticket.phone)
    query = (
        select(FollowUp.ticket_id, Ticket.department_id, called, FollowUp.rating)
        .join(Ticket, Ticket.id == FollowUp.ticket_id)
        .where(_within(FollowUp.ended_at, first, end), FollowUp.rating.in_(grades))
        .where(Ticket.department_id.is_not(None), Ticket.imported.is_(False))
        .order_by(FollowUp.id)
    )
    for ticket_id, unit, number, rating in session.execute(query):
        same = _canonical(number, area)
        owner = next((one for one in owners.get(same, ()) if _related(one, unit, parents)), None)
        if owner is not None and unit is not None and rating is not None:
            yield Suspicion(
                kind=GamingKind.OWN_PHONE,
                department_id=unit,
                ticket_id=ticket_id,
                words=f"“{Rating(rating).label}”的评价来自本单位登记的电话 {same}",
            )


def returned_late(
    session: Session, first: datetime, end: datetime, rules: Rules
) -> Iterator[Suspicion]:
    """A return asked for within `gaming.return_before` of the last moment at which the unit could
    ask or had to be done. Who had it for a shorter time than was left has not sat on it."""
    limit = rules.profile.gaming.return_before
    query = (
        select(Application, Assignment)
        .join(Assignment, Assignment.id == Application.assignment_id)
        .join(Ticket, Ticket.id == Application.ticket_id)
        .where(_within(Application.asked_at, first, end))
        .where(Application.kind == ApplicationKind.RETURN.value)
        .where(Application.state != ApplicationState.WITHDRAWN.value)
        .where(Ticket.imported.is_(False))
        .order_by(Application.id)
    )
    for asked, share in session.execute(query):
        moments = [moment for moment in (share.return_by, share.due_at) if moment is not None]
        last = min(moments, default=None)
        if last is None or asked.asked_at > last:
            continue
        calendar = rules.calendar
        near = asked.asked_at >= limit_before(limit, calendar, local(last))
        held = calendar.working_time_between(share.dispatched_at, asked.asked_at)
        left = calendar.working_time_between(asked.asked_at, last)
        if near and held > left:
            yield Suspicion(
                kind=GamingKind.LATE_RETURN,
                department_id=asked.department_id,
                ticket_id=asked.ticket_id,
                words=(
                    f"{to_the_minute(share.dispatched_at)} 收到，{to_the_minute(asked.asked_at)} "
                    f"才申请退单，最迟可到 {to_the_minute(last)}"
                ),
            )


def _within(moment: Any, first: datetime, end: datetime) -> ColumnElement[bool]:
    inside: ColumnElement[bool] = (moment >= first) & (moment < end)
    return inside


def _leads() -> tuple[ColumnElement[bool], ...]:
    return (Assignment.part == Part.LEAD.value, Ticket.imported.is_(False))


def _reachable() -> tuple[ColumnElement[bool], ...]:
    """Tickets whose requester the unit could and should have contacted."""
    return (
        Ticket.phone.is_not(None),
        Ticket.reply_wanted.is_(True),
        Ticket.confidential.is_(False),
        Ticket.anonymous.is_(False),
        Ticket.merged_into_id.is_(None),
        Ticket.kind != RequestKind.PRAISE.value,
    )


def _telephones(session: Session, area: str) -> dict[str, list[int]]:
    """Units by the telephones known to be theirs: the unit's own and its staff's extensions."""
    found: dict[str, list[int]] = {}
    phones = select(Department.id, Department.phone).where(Department.phone.is_not(None))
    extensions = select(Staff.department_id, Staff.extension).where(
        Staff.department_id.is_not(None), Staff.extension.is_not(None)
    )
    for query in (phones, extensions):
        for unit, number in session.execute(query):
            same = _canonical(number, area)
            if same and unit is not None:
                found.setdefault(same, []).append(unit)
    return found


def _canonical(number: str | None, area: str) -> str:
    return numbers.canonical(number or "", area)


def _related(one: int, other: int | None, parents: dict[int, int | None]) -> bool:
    """Whether one of the units is the other or stands above it."""
    return other is not None and (one in _chain(other, parents) or other in _chain(one, parents))


def _chain(unit: int | None, parents: dict[int, int | None]) -> Iterator[int]:
    """The unit and those above it."""
    while unit is not None:
        yield unit
        unit = parents.get(unit)
