"""Findings of gaming as people read them: by week, kind and unit, each with its tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.judging_terms import FindingState, GamingKind
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.judging import GamingFinding
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Ticket
from dispatch.service import gaming_asked
from dispatch.service.access import require_role
from dispatch.service.gaming import SETTLERS, span_of

READERS = (*SETTLERS, Role.LEADER, Role.ADMIN, Role.SYSTEM)
"""Who reads the weekly list; who settles is fewer."""

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class FindingView:
    """One finding; the tickets are None where it is about many."""

    id: int
    kind: GamingKind
    state: FindingState
    week: date
    words: str
    unit: str
    ticket: str | None
    title: str
    request: str
    reply: str
    other: str | None
    other_title: str
    other_request: str
    other_reply: str
    found_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    note: str


@dataclass(frozen=True)
class AskedTicket:
    """One ticket behind a finding about many."""

    number: str
    title: str
    pleased_before: bool
    asked: bool


def counts(session: Session, reader: Actor) -> dict[str, int]:
    """How many findings are in each state."""
    require_role(reader, *READERS)
    query = select(GamingFinding.state, func.count()).group_by(GamingFinding.state)
    found: dict[str, int] = {row[0]: row[1] for row in session.execute(query)}
    return {state.value: found.get(state.value, 0) for state in FindingState}


def findings(
    session: Session,
    reader: Actor,
    state: FindingState,
    *,
    kind: GamingKind | None = None,
    unit: str = "",
    before: int | None = None,
) -> list[FindingView]:
    """Findings in a state, the newest first; `unit` is a unit's code."""
    require_role(reader, *READERS)
    query = _rows().where(GamingFinding.state == state.value)
    if kind is not None:
        query = query.where(GamingFinding.kind == kind.value)
    if unit:
        query = query.where(Department.code == unit)
    if before is not None:
        query = query.where(GamingFinding.id < before)
    rows = session.execute(query.order_by(GamingFinding.id.desc()).limit(PAGE))
    return [_view(*row) for row in rows]


def finding(session: Session, reader: Actor, finding_id: int) -> FindingView:
    """One finding.

    Raises:
        NotFound: there is none.
    """
    require_role(reader, *READERS)
    row = session.execute(_rows().where(GamingFinding.id == finding_id)).one_or_none()
    if row is None:
        raise NotFound("没有找到这条异常")
    return _view(*row)


def of_week(session: Session, reader: Actor, week: date) -> list[FindingView]:
    """Every finding of a week by kind and unit, the dismissed ones left out."""
    require_role(reader, *READERS)
    query = _rows().where(
        GamingFinding.week == week, GamingFinding.state != FindingState.DISMISSED.value
    )
    rows = session.execute(query.order_by(GamingFinding.kind, Department.code, GamingFinding.id))
    order = tuple(GamingKind)
    return sorted((_view(*row) for row in rows), key=lambda one: order.index(one.kind))


def asked_tickets(
    session: Session, reader: Actor, about: FindingView, rules: Rules
) -> Sequence[AskedTicket]:
    """The tickets a finding of ONLY_PLEASED is counted from, the asked ones first."""
    require_role(reader, *READERS)
    if about.kind is not GamingKind.ONLY_PLEASED:
        return ()
    row = session.get_one(GamingFinding, about.id)
    _, end = span_of(row.week)
    due = gaming_asked.due_tickets(session, end, rules, department_id=row.department_id)
    named = {
        ticket.id: ticket
        for ticket in session.scalars(
            select(Ticket).where(Ticket.id.in_([t.ticket_id for t in due]))
        )
    }
    return [
        AskedTicket(
            named[one.ticket_id].number, named[one.ticket_id].title, one.pleased_before, one.asked
        )
        for one in sorted(due, key=lambda one: (not one.asked, one.ticket_id))
    ]


_OTHER = aliased(Ticket)


def _rows() -> Select[GamingFinding, str, Ticket | None, Ticket | None, str | None]:
    return (
        select(GamingFinding, Department.short_name, Ticket, _OTHER, Staff.name)
        .join(Department, Department.id == GamingFinding.department_id)
        .outerjoin(Ticket, Ticket.id == GamingFinding.ticket_id)
        .outerjoin(_OTHER, _OTHER.id == GamingFinding.other_ticket_id)
        .outerjoin(Staff, Staff.id == GamingFinding.settled_by_id)
    )


def _view(
    row: GamingFinding,
    unit: str,
    ticket: Ticket | None,
    other: Ticket | None,
    settled_by: str | None,
) -> FindingView:
    return FindingView(
        id=row.id,
        kind=GamingKind(row.kind),
        state=FindingState(row.state),
        week=row.week,
        words=row.words,
        unit=unit,
        ticket=ticket.number if ticket else None,
        title=ticket.title if ticket else "",
        request=ticket.content if ticket else "",
        reply=ticket.public_reply if ticket else "",
        other=other.number if other else None,
        other_title=other.title if other else "",
        other_request=other.content if other else "",
        other_reply=other.public_reply if other else "",
        found_at=row.found_at,
        settled_at=row.settled_at,
        settled_by=settled_by,
        note=row.note,
    )
