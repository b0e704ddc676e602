"""What exclusions change: each figure before and after, and every ticket that was left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from analytics.conditions import Condition
from analytics.exclusions import holding
from analytics.facts import COUNTED, READERS, definition
from analytics.figures import BY_CODE, FIGURES, Figure, Subject
from analytics.filters import fits
from analytics.periods import Period
from analytics.rates import Rate
from analytics.scope import EVERYTHING, Scope
from dispatch.db import Session
from dispatch.domain.judging_terms import Measure
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.models.judging import Appeal, Exclusion
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.access import require_role
from dispatch.service.appeal_queries import reason_words


@dataclass(frozen=True)
class ExcludedTicket:
    """One ticket left out of a measure: whose, why, who decided it, when (UTC)."""

    number: str
    title: str
    unit: str
    measure: Measure
    reason: str
    decided_by: str
    at: datetime
    appeal: int
    confidential: bool
    """Its title stays out of whatever leaves the house."""


@dataclass(frozen=True)
class LeftOut:
    """A figure that exclusions change: as it would be, as it is, and by which tickets."""

    figure: Figure
    before: Rate
    after: Rate
    tickets: tuple[ExcludedTicket, ...]


def left_out(
    session: Session,
    reader: Actor,
    period: Period,
    rules: Rules,
    *,
    codes: Iterable[str] = (),
    unit: str = "",
    scope: Scope = EVERYTHING,
    now: datetime,
) -> list[LeftOut]:
    """The figures of a period that exclusions change, of all or of these codes.

    Where nothing is excluded this asks the database one small question.
    """
    require_role(reader, *READERS)
    mine = replace(scope, unit=unit) if unit else scope
    wanted = [BY_CODE[code] for code in codes] or list(FIGURES)
    held = select(Exclusion.measure).where(*holding(period)).distinct()
    measures = {Measure(value) for value in session.scalars(held)}
    found = [
        _changed(session, figure, period, rules, mine, now)
        for figure in wanted
        if figure.measure in measures and fits(figure, mine)
    ]
    return [one for one in found if one is not None]


def _changed(
    session: Session, figure: Figure, period: Period, rules: Rules, scope: Scope, now: datetime
) -> LeftOut | None:
    what = definition(figure.code, period, rules, now, scope=scope)
    if what.excluded is None:
        return None
    tickets = _tickets(session, figure, period, what.excluded, rules)
    if not tickets:
        return None
    query = (
        select(
            *(func.count().filter(what.judged, what.hit), func.count().filter(what.judged)),
            *(func.count().filter(what.hit), func.count()),
        )
        .select_from(COUNTED[figure.subject])
        .where(or_(what.judged, what.excluded))
    )
    hits, judged, hits_before, judged_before = session.execute(query).one()
    return LeftOut(figure, Rate(hits_before, judged_before), Rate(hits, judged), tickets)


def _tickets(
    session: Session, figure: Figure, period: Period, excluded: Condition, rules: Rules
) -> tuple[ExcludedTicket, ...]:
    """The tickets behind the difference, the latest decision first; shares of one ticket once."""
    first, second = aliased(Staff), aliased(Staff)
    counted = COUNTED[figure.subject]
    of_share = figure.subject is Subject.ASSIGNMENT
    unit = Assignment.department_id if of_share else Ticket.department_id
    query = select(Exclusion, Ticket, Department.short_name, Appeal.id, first.name, second.name)
    query = query.select_from(counted)
    if of_share:
        query = query.join(Ticket, Ticket.id == Assignment.ticket_id)
    query = (
        query.join(
            Exclusion,
            and_(
                Exclusion.ticket_id == Ticket.id,
                Exclusion.department_id == unit,
                Exclusion.measure == (figure.measure.value if figure.measure else ""),
                *holding(period),
            ),
        )
        .join(Department, Department.id == Exclusion.department_id)
        .join(Appeal, Appeal.id == Exclusion.appeal_id)
        .outerjoin(first, first.id == Appeal.first_by_id)
        .outerjoin(second, second.id == Appeal.second_by_id)
        .where(excluded)
        .order_by(Exclusion.id.desc())
    )
    listed = [
        ExcludedTicket(
            number=ticket.number,
            title=ticket.title,
            unit=name,
            measure=Measure(row.measure),
            reason=reason_words(rules, row.reason),
            decided_by="、".join(by for by in (one, other) if by),
            at=row.at,
            appeal=appeal,
            confidential=ticket.confidential,
        )
        for row, ticket, name, appeal, one, other in session.execute(query)
    ]
    return tuple({ticket.number: ticket for ticket in listed}.values())
