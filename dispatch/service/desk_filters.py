"""What a desk's tab keeps of its tickets, said to the database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, select

from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Part, Role, Status
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.access import visible
from dispatch.service.batch import sure
from dispatch.service.desk_tabs import Only, Tab
from dispatch.service.wandering import wanders


def kept(tab: Tab, reader: Actor, rules: Rules, *, now: datetime) -> ColumnElement[bool]:
    """The condition of a tab that keeps only some tickets of its statuses, for this reader."""
    statuses = Ticket.status.in_([status.value for status in tab.statuses])
    return and_(statuses, _kept(tab.only, reader, rules, now), scope(reader, tab))


def scope(reader: Actor, tab: Tab | None = None) -> ColumnElement[bool]:
    """What belongs on the reader's own desk: a unit's own tickets, not those it once had."""
    if reader.role is Role.DEPARTMENT and (tab is None or tab.only is not Only.HELPING):
        return and_(visible(reader), Ticket.department_id == reader.department_id)
    return visible(reader)


def returned() -> ColumnElement[bool]:
    """待补正: the lead unit's reply came back, from the centre or from its own leader."""
    mending = select(Assignment.id).where(
        Assignment.ticket_id == Ticket.id,
        Assignment.part == Part.LEAD.value,
        Assignment.ended_at.is_(None),
        Assignment.public_reply != "",
        Assignment.completed_at.is_(None),
    )
    return and_(mending.correlate(Ticket).exists(), Ticket.status != Status.APPROVAL.value)


def _kept(only: Only | None, reader: Actor, rules: Rules, now: datetime) -> ColumnElement[bool]:
    if only in {Only.SURE, Only.UNSURE}:
        certain = sure(today=now.astimezone(SHANGHAI).date())
        return certain if only is Only.SURE else ~certain
    if only is Only.WANDERING:
        return wanders(rules, now=now)
    if only is Only.HELPING:
        helping = select(Assignment.ticket_id).where(
            Assignment.department_id == reader.department_id,
            Assignment.part != Part.LEAD.value,
            Assignment.ended_at.is_(None),
            Assignment.completed_at.is_(None),
        )
        return Ticket.id.in_(helping)
    return returned() if only is Only.RETURNED else ~returned()
