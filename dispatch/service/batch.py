"""批量派单: tickets the catalogue is sure of, sent in one press, each on its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select

from dispatch.db import Session
from dispatch.domain.errors import HotlineError, InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role, Status
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.catalog import Category, Division, Responsibility
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.models.ties import AvoidedUnit
from dispatch.service import assignment
from dispatch.service.access import require_role, visible_to
from dispatch.service.routing import EVERYWHERE, Route, directory, in_force

SURE = 0.9
"""The model's word stands in for a person's when it is this probable, or more."""

MOST = 200
"""So many tickets at most are sent by one press."""

_TOP = ("categories", 0, 0)
_TOP_PROBABILITY = ("categories", 0, 1)


@dataclass(frozen=True)
class Sent:
    """What became of one ticket: the unit that got it, or why it was not sent."""

    number: str
    unit: str = ""
    code: str = ""
    problem: str = ""


def batch_dispatch(
    session: Session,
    actor: Actor,
    numbers: Iterable[str],
    rules: Rules,
    *,
    expected: Mapping[str, int] | None = None,
    now: datetime,
) -> list[Sent]:
    """Send these tickets to the units the catalogue names, with those that help.

    Each stands for itself: one that is refused, with its reason, holds up none of the others.
    `expected` are the versions that the page showed, by number.

    Raises:
        RoleNotAllowed: only dispatchers and the centre send in batches.
        InvalidInput: nothing was chosen, or too much at once.
    """
    require_role(actor, Role.DISPATCHER, Role.CENTER)
    wanted = list(dict.fromkeys(numbers))
    if not wanted:
        raise InvalidInput("请先勾选要派出的工单")
    if len(wanted) > MOST:
        raise InvalidInput(f"一次最多派 {MOST} 张，现在勾选了 {len(wanted)} 张，请分批派单")
    today = now.astimezone(SHANGHAI).date()
    ways = sure_routes(session, actor, wanted, today=today)
    return [
        _send(session, actor, number, ways.get(number), rules, (expected or {}).get(number), now)
        for number in wanted
    ]


def sure_routes(
    session: Session, reader: Actor, numbers: Iterable[str], *, today: date
) -> dict[str, Route]:
    """The catalogue's rows for those of the tickets that it is sure of, by number."""
    query = select(Ticket.number, Ticket.division, Ticket.suggestion, Category.code).outerjoin(
        Category, Category.id == Ticket.category_id
    )
    query = query.where(Ticket.number.in_(list(numbers)), sure(today=today))
    rows = session.execute(visible_to(reader, query)).all()
    asked = {row[0]: row[3] or likely_category(row[2]) for row in rows}
    ways = directory(session, today=today, categories={code for code in asked.values() if code})
    found = {row[0]: ways.route(asked[row[0]], row[1]) for row in rows}
    return {number: route for number, route in found.items() if route is not None}


def likely_category(suggestion: Mapping[str, Any] | None) -> str | None:
    """The code of the category the model was sure of at intake; None when it was not."""
    listed = (suggestion or {}).get("categories") or []
    return str(listed[0][0]) if listed and float(listed[0][1]) >= SURE else None


def sure(*, today: date) -> ColumnElement[bool]:
    """拿得准: never sent before, nobody to avoid, and the catalogue names a unit for it.

    Its category was set by a person, or the model was sure of one.
    """
    avoided = select(AvoidedUnit.ticket_id).where(AvoidedUnit.ticket_id == Ticket.id).exists()
    return and_(
        Ticket.status == Status.OPEN.value,
        Ticket.dispatches == 0,
        ~avoided,
        _has_row(today),
    )


def _has_row(today: date) -> ColumnElement[bool]:
    above = select(Division.parent).where(Division.code == Ticket.division)
    parent = above.correlate(Ticket).scalar_subquery()
    higher = select(Division.parent).where(Division.code == parent).scalar_subquery()
    return (
        select(Responsibility.id)
        .join(Department, Department.id == Responsibility.lead_id)
        .where(
            in_force(today),
            Department.active.is_(True),
            Responsibility.category_id == _category(),
            or_(
                Responsibility.division == EVERYWHERE,
                Responsibility.division == Ticket.division,
                Responsibility.division == parent,
                Responsibility.division == higher,
            ),
        )
        .correlate(Ticket)
        .exists()
    )


def _category() -> ColumnElement[int]:
    likely = (
        select(Category.id)
        .where(Category.code == Ticket.suggestion[_TOP].as_string())
        .correlate(Ticket)
        .scalar_subquery()
    )
    told = case((Ticket.suggestion[_TOP_PROBABILITY].as_float() >= SURE, likely))
    return case((Ticket.category_id.is_not(None), Ticket.category_id), else_=told)


def _send(
    session: Session,
    actor: Actor,
    number: str,
    route: Route | None,
    rules: Rules,
    expected: int | None,
    now: datetime,
) -> Sent:
    if route is None:
        return Sent(number, code="not-sure", problem="派单目录没有把握，请打开工单人工派单")
    try:
        with session.begin_nested():
            assignment.dispatch(
                session,
                actor,
                number,
                route.lead,
                rules,
                category=route.category,
                supporting=route.supporting,
                learn=False,
                expected=expected,
                now=now,
            )
    except HotlineError as refused:
        return Sent(number, code=refused.code, problem=str(refused))
    return Sent(number, unit=route.lead_name)
