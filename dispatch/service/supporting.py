"""协办 rows: units that help the lead unit, each with a clock of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.events import SupportingAdded
from dispatch.domain.limits import Limit
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Part
from dispatch.models.catalog import Category
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import avoidance, clocks
from dispatch.service.access import ticket_for
from dispatch.service.change import department_of
from dispatch.service.routing import route_for
from dispatch.service.share_rows import add_share


def add_supporting_rows(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    lead: Assignment,
    codes: Iterable[str],
    rules: Rules,
    *,
    now: datetime,
) -> None:
    """Let these units help from the dispatch on.

    Raises:
        AccusedUnit, InvalidInput, NotFound: one of them may not, already does, or does not exist.
    """
    for code in dict.fromkeys(codes):
        unit = department_of(session, code)
        join(session, actor, ticket, lead, unit, rules, opinion=lead.opinion, limit=None, now=now)


def join(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    lead: Assignment,
    unit: Department,
    rules: Rules,
    *,
    opinion: str,
    limit: Limit | None,
    now: datetime,
) -> Assignment:
    """Make one unit a supporting one, unless it must stay away from the ticket."""
    avoidance.check(session, ticket, unit)
    own = clocks.dispatch_clock(session, ticket, unit, rules, start=now)
    clock = clocks.supporting_clock(own, lead, limit, rules)
    part = Part.SUPPORTING
    share = add_share(
        session, actor, ticket, lead, unit, part, clock, rules, opinion=opinion, now=now
    )
    fact = SupportingAdded(
        at=now,
        ticket_id=ticket.id,
        department_id=unit.id,
        department=unit.short_name,
        due_at=share.due_at,
        reason=opinion.strip(),
    )
    record(session, actor, fact, status=ticket.status)
    return share


def helpers_named(
    session: Session,
    reader: Actor,
    number: str,
    department: str,
    *,
    category: str | None = None,
    today: date,
) -> tuple[str, ...]:
    """Codes of the units that the catalogue lets help this one; none when it names another lead.

    `category` is the code the ticket is about to get, when it is not the one it has.
    """
    ticket = ticket_for(session, reader, number)
    if category is None:
        about = select(Category.code).where(Category.id == ticket.category_id)
        category = session.scalar(about)
    if category is None:
        return ()
    route = route_for(session, category, ticket.division, today=today)
    return route.supporting if route is not None and route.lead == department else ()
