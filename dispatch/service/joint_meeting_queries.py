"""What is shown of joint meetings: cases by state, a meeting with its agenda, units to invite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVarTuple

from sqlalchemy import Select, func, select

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import CaseState, MeetingState
from dispatch.domain.vocabulary import Role
from dispatch.models.people import Department, Staff
from dispatch.models.reporting import JointCase, JointMeeting
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role
from dispatch.service.joint_meetings import RAISING

Row = TypeVarTuple("Row")

READING = (*RAISING, Role.LEADER, Role.ADMIN, Role.DEPARTMENT, Role.SYSTEM)
"""A unit reads what it was told to do, and nothing else."""

PAGE = 100
_HIDDEN = "（保密工单，内容不列）"


@dataclass(frozen=True)
class CaseView:
    """One case; `overdue` is past its day and not done."""

    id: int
    state: CaseState
    ticket: str
    title: str
    question: str
    conclusion: str
    unit: str
    due_at: datetime | None
    overdue: bool
    raised_at: datetime
    raised_by: str
    settled_at: datetime | None
    meeting_id: int | None
    meeting: str


@dataclass(frozen=True)
class MeetingView:
    """One meeting with the names of its units."""

    id: int
    state: MeetingState
    title: str
    held_at: datetime | None
    place: str
    units: tuple[str, ...]
    minutes: str
    called_by: str
    cases: int


def counts(session: Session, reader: Actor) -> Mapping[str, int]:
    """How many cases stand in each state."""
    require_role(reader, *READING)
    query = select(JointCase.state, func.count()).group_by(JointCase.state)
    found = dict(session.execute(_mine(reader, query)).all())
    return {state.value: found.get(state.value, 0) for state in CaseState}


def cases(
    session: Session,
    reader: Actor,
    *,
    state: CaseState | None = None,
    meeting_id: int | None = None,
    ticket: str | None = None,
    now: datetime,
) -> list[CaseView]:
    """Cases in one state, of one meeting or of one ticket; what is due first comes first."""
    require_role(reader, *READING)
    query = (
        select(JointCase, Ticket, Department.short_name, Staff.name, JointMeeting.title)
        .join(Ticket, Ticket.id == JointCase.ticket_id)
        .join(Staff, Staff.id == JointCase.raised_by_id)
        .outerjoin(Department, Department.id == JointCase.department_id)
        .outerjoin(JointMeeting, JointMeeting.id == JointCase.meeting_id)
        .order_by(JointCase.due_at.is_(None), JointCase.due_at, JointCase.id.desc())
        .limit(PAGE)
    )
    if state is not None:
        query = query.where(JointCase.state == state.value)
    if meeting_id is not None:
        query = query.where(JointCase.meeting_id == meeting_id)
    if ticket is not None:
        query = query.where(Ticket.number == ticket)
    return [
        CaseView(
            id=row.id,
            state=CaseState(row.state),
            ticket=of.number,
            title=_HIDDEN if of.confidential else of.title,
            question=_HIDDEN if of.confidential else row.question,
            conclusion=row.conclusion,
            unit=unit or "",
            due_at=row.due_at,
            overdue=row.state == CaseState.CONCLUDED.value
            and row.due_at is not None
            and row.due_at <= now,
            raised_at=row.raised_at,
            raised_by=by,
            settled_at=row.settled_at,
            meeting_id=row.meeting_id,
            meeting=meeting or "",
        )
        for row, of, unit, by, meeting in session.execute(_mine(reader, query))
    ]


def meetings(session: Session, reader: Actor) -> list[MeetingView]:
    """All meetings, the newest first; none for a unit."""
    require_role(reader, *READING)
    if reader.role is Role.DEPARTMENT:
        return []
    return _views(session, _meetings().order_by(JointMeeting.held_at.desc()).limit(PAGE))


def meeting(session: Session, reader: Actor, meeting_id: int) -> MeetingView:
    """One meeting.

    Raises:
        NotFound: there is none, or a unit asks.
    """
    require_role(reader, *READING)
    found = _views(session, _meetings().where(JointMeeting.id == meeting_id))
    if not found or reader.role is Role.DEPARTMENT:
        raise NotFound("没有找到这次会议，或您无权查看")
    return found[0]


def units(session: Session) -> list[tuple[str, str]]:
    """Codes and names of the units that may be invited, by name."""
    query = select(Department.code, Department.short_name).where(Department.active)
    return [(code, name) for code, name in session.execute(query.order_by(Department.short_name))]


def _meetings() -> Select[JointMeeting, str, int]:
    listed = (
        select(func.count())
        .where(JointCase.meeting_id == JointMeeting.id)
        .correlate(JointMeeting)
        .scalar_subquery()
    )
    return select(JointMeeting, Staff.name, listed).join(
        Staff, Staff.id == JointMeeting.called_by_id
    )


def _views(session: Session, query: Select[JointMeeting, str, int]) -> list[MeetingView]:
    rows = session.execute(query).all()
    codes = {code for row, _, _ in rows for code in row.units}
    query_names = select(Department.code, Department.short_name).where(Department.code.in_(codes))
    names = dict(session.execute(query_names).all())
    return [
        MeetingView(
            id=row.id,
            state=MeetingState(row.state),
            title=row.title,
            held_at=row.held_at,
            place=row.place,
            units=_names(row.units, names),
            minutes=row.minutes,
            called_by=by,
            cases=listed,
        )
        for row, by, listed in rows
    ]


def _names(codes: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(names.get(code, code) for code in codes)


def _mine(reader: Actor, query: Select[*Row]) -> Select[*Row]:
    """A unit reads the cases it is to carry out."""
    if reader.role is not Role.DEPARTMENT:
        return query
    return query.where(JointCase.department_id == reader.department_id)
