"""What the rules in force make of a share that runs already: its first count, by those rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.adjustments import adjusted
from dispatch.domain.deadlines import Clock
from dispatch.domain.profile import ClockStart
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Part
from dispatch.models.catalog import Category
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.clocks import after_transfer, clock_of
from dispatch.service.recount import Base, changes_of, counting, settle


@dataclass(frozen=True)
class Words:
    """Codes that clocks are chosen by, read once for many shares."""

    categories: Mapping[int, str]
    unit_classes: Mapping[int, str]

    @classmethod
    def read(cls, session: Session) -> Words:
        """All categories' codes and all units' classes."""
        categories = session.execute(select(Category.id, Category.code)).all()
        units = session.execute(select(Department.id, Department.kind)).all()
        return cls({row[0]: row[1] for row in categories}, {row[0]: row[1] for row in units})


def base_by(
    session: Session, ticket: Ticket, share: Assignment, base: Base, rules: Rules, words: Words
) -> Base:
    """The first count of a running share by these rules.

    `base` is the one that counts now. A unit that helps keeps the due time it was given, but
    none beyond the lead unit's.
    """
    if share.part == Part.LEAD.value:
        return Base.counted(lead_clock(session, ticket, share, rules, words), share, rules)
    lead_due = ticket.due_at
    if lead_due is not None and lead_due < base.due_at:
        return replace(base, due_at=lead_due)
    return base


def lead_clock(
    session: Session, ticket: Ticket, share: Assignment, rules: Rules, words: Words
) -> Clock:
    """The lead unit's clock by these rules, with the time of the units before it counted in."""
    promised: datetime | None = None
    for earlier in _before(session, ticket, share):
        clock = after_transfer(rules, _own(ticket, earlier, rules, words), promised)
        changes = counting(changes_of(session, earlier))
        promised = adjusted(rules.profile, rules.calendar, clock, changes).due_at
    return after_transfer(rules, _own(ticket, share, rules, words), promised)


def start_at_signing(
    session: Session, ticket: Ticket, share: Assignment, rules: Rules, *, now: datetime
) -> None:
    """签收起算: where the city says so, a lead unit's clock counts from its signature."""
    if rules.profile.clock.starts is ClockStart.DISPATCH:
        return
    clock = lead_clock(session, ticket, share, rules, Words.read(session))
    base = Base.counted(clock, share, rules)
    rows = changes_of(session, share)
    for row in rows:
        # Nothing but a changed rule can have moved the clock of an unsigned ticket.
        row.base = (row.base or {}) | {"after": base.kept}
    settle(ticket, share, rows, rules, now=now, base=base)


def _before(session: Session, ticket: Ticket, share: Assignment) -> list[Assignment]:
    if ticket.dispatches <= 1:
        return []
    rows = select(Assignment).where(
        Assignment.ticket_id == ticket.id,
        Assignment.part == Part.LEAD.value,
        Assignment.round == share.round,
        Assignment.id < share.id,
    )
    return list(session.scalars(rows.order_by(Assignment.id)))


def _own(ticket: Ticket, share: Assignment, rules: Rules, words: Words) -> Clock:
    category = words.categories.get(ticket.category_id) if ticket.category_id else None
    return clock_of(
        ticket,
        category,
        words.unit_classes[share.department_id],
        rules,
        start=share.dispatched_at,
        signed_at=share.acknowledged_at,
    )
