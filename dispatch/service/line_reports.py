"""The report of one line: its calls, how soon they were answered, and the rows behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, func, select

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.profile import ServiceRules
from dispatch.domain.worktime import SHANGHAI, local
from dispatch.models.contacts import Contact
from dispatch.models.people import Staff
from dispatch.models.tickets import Ticket
from dispatch.service.contact_queries import contacts_visible

SPANS = (1, 7, 30)
"""Days of the report, today included."""


@dataclass(frozen=True, kw_only=True)
class LineFigures:
    """The calls of some days; seconds are averages over those that have them."""

    days: int
    calls: int
    queued: int
    answered: int
    soon: int
    """Answered within the policy's seconds of joining the queue."""
    wait_s: float | None
    talk_s: float | None

    @property
    def soon_percent(self) -> float | None:
        """限时接通率: of those that joined the queue."""
        return 100 * self.soon / self.queued if self.queued else None


@dataclass(frozen=True, kw_only=True)
class LineCall:
    """One call of the line."""

    call_id: str
    started_at: datetime
    caller: str
    agent: str
    wait_s: float | None
    talk_s: float | None
    outcome: str | None
    node: str
    ticket: str | None


def calls_by_line(session: Session, reader: Actor, *, now: datetime, days: int) -> dict[str, int]:
    """How many calls each number had in the last days, today included."""
    query = (
        select(Contact.line, func.count())
        .where(_inbound(reader), Contact.started_at >= _since(now, days))
        .group_by(Contact.line)
    )
    return {number: count for number, count in session.execute(query) if number}


def figures(
    session: Session, reader: Actor, number: str, service: ServiceRules, *, now: datetime
) -> list[LineFigures]:
    """The line's report: today, 7 days, 30 days."""
    mine = and_(_inbound(reader), Contact.line == number)
    return [_figures(session, mine, service, now, days) for days in SPANS]


def calls(
    session: Session,
    reader: Actor,
    number: str,
    *,
    now: datetime,
    days: int,
    offset: int,
    limit: int,
) -> list[LineCall]:
    """The calls behind the figures, newest first."""
    query = (
        select(Contact, Staff.name, Ticket.number)
        .outerjoin(Staff, Staff.id == Contact.agent_id)
        .outerjoin(Ticket, Ticket.id == Contact.ticket_id)
        .where(_inbound(reader), Contact.line == number)
        .where(Contact.started_at >= _since(now, days))
        .order_by(Contact.started_at.desc(), Contact.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [
        LineCall(
            call_id=contact.call_id,
            started_at=contact.started_at,
            caller=contact.caller or "",
            agent=name or contact.agent or "",
            wait_s=contact.wait_s,
            talk_s=contact.talk_s,
            outcome=contact.outcome,
            node=contact.node or "",
            ticket=ticket,
        )
        for contact, name, ticket in session.execute(query)
    ]


def _figures(
    session: Session, mine: ColumnElement[bool], service: ServiceRules, now: datetime, days: int
) -> LineFigures:
    queued, answered = Contact.queued_at.is_not(None), Contact.answered_at.is_not(None)
    soon = and_(queued, answered, Contact.wait_s <= service.answer_within_seconds)
    count = func.count()
    row = session.execute(
        select(
            count,
            count.filter(queued),
            count.filter(answered),
            count.filter(soon),
            func.avg(Contact.wait_s).filter(queued),
            func.avg(Contact.talk_s).filter(answered),
        ).where(mine, Contact.started_at >= _since(now, days))
    ).one()
    return LineFigures(
        days=days,
        calls=row[0],
        queued=row[1],
        answered=row[2],
        soon=row[3],
        wait_s=row[4],
        talk_s=row[5],
    )


def _inbound(reader: Actor) -> ColumnElement[bool]:
    return and_(contacts_visible(reader), Contact.direction == "inbound")


def _since(now: datetime, days: int) -> datetime:
    """The midnight (Beijing time) that the first of these days begins with."""
    first = local(now).date() - timedelta(days=days - 1)
    return datetime.combine(first, time(), SHANGHAI)
