"""群众评、媒体督、平台管 by unit: what the media and the platform's checks say beside the ratings.

The residents' ratings come from the figures; here are the two other views, counted over the same
days, so that a good rate beside poor replies or reports in the press can be seen for what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select

from dispatch.db import Session
from dispatch.domain.judging_terms import CheckState, CheckSubject, MediaState
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import DepartmentKind, Role
from dispatch.models.judging import MediaItem, QualityCheck
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role

READERS = (Role.LEADER, Role.CENTER, Role.SUPERVISOR, Role.ADMIN)


@dataclass(frozen=True)
class UnitName:
    """A unit and the class it is compared in."""

    code: str
    name: str
    kind: DepartmentKind
    tier: int


@dataclass(frozen=True)
class MediaTally:
    """Items published about a unit's tickets: all, and those not closed yet."""

    items: int
    open: int


@dataclass(frozen=True)
class CheckTally:
    """Checks done: how many, and the mean of their final points in per cent of the sheet."""

    checks: int
    mean: float


def units(session: Session, reader: Actor) -> dict[str, UnitName]:
    """Every unit by its code."""
    require_role(reader, *READERS)
    rows = session.execute(
        select(Department.code, Department.short_name, Department.kind, Department.tier)
    )
    return {
        code: UnitName(code, name, DepartmentKind(kind), tier) for code, name, kind, tier in rows
    }


def media_by_unit(
    session: Session, reader: Actor, *, first: date, last: date
) -> dict[str, MediaTally]:
    """Items published in these days, by the code of the unit that has the matched ticket."""
    require_role(reader, *READERS)
    still_open = func.count().filter(MediaItem.state != MediaState.CLOSED.value)
    query = (
        select(Department.code, func.count(), still_open)
        .select_from(MediaItem)
        .join(Ticket, Ticket.id == MediaItem.ticket_id)
        .join(Department, Department.id == Ticket.department_id)
        .where(MediaItem.published_on >= first, MediaItem.published_on <= last)
        .group_by(Department.code)
    )
    return {code: MediaTally(count, open_) for code, count, open_ in session.execute(query)}


def media_unmatched(session: Session, reader: Actor, *, first: date, last: date) -> int:
    """Items published in these days that no unit answers for."""
    require_role(reader, *READERS)
    query = (
        select(func.count())
        .select_from(MediaItem)
        .outerjoin(Ticket, Ticket.id == MediaItem.ticket_id)
        .where(MediaItem.published_on >= first, MediaItem.published_on <= last)
        .where(Ticket.department_id.is_(None))
    )
    return session.scalar(query) or 0


def replies_by_unit(
    session: Session, reader: Actor, *, since: datetime, until: datetime
) -> dict[str, CheckTally]:
    """Checks of replies finished in the time, by the code of the unit that replied."""
    require_role(reader, *READERS)
    query = (
        select(Department.code, QualityCheck)
        .join(Ticket, Ticket.id == QualityCheck.ticket_id)
        .join(Department, Department.id == Ticket.department_id)
        .where(QualityCheck.subject == CheckSubject.REPLY.value, *_done(since, until))
    )
    found: dict[str, list[float]] = {}
    for code, check in session.execute(query):
        found.setdefault(code, []).append(_percent(check))
    return {code: _tally(points) for code, points in found.items()}


def calls(
    session: Session, reader: Actor, *, since: datetime, until: datetime
) -> CheckTally | None:
    """Checks of calls finished in the time: the centre's own, of no unit. None without any."""
    require_role(reader, *READERS)
    query = select(QualityCheck).where(
        QualityCheck.subject == CheckSubject.CALL.value, *_done(since, until)
    )
    points = [_percent(check) for check in session.scalars(query)]
    return _tally(points) if points else None


def _done(since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        QualityCheck.state == CheckState.DONE.value,
        QualityCheck.done_at >= since,
        QualityCheck.done_at < until,
    )


def _percent(check: QualityCheck) -> float:
    most = sum(int(line["points"]) for line in check.sheet) or 1
    return 100 * (check.final or 0) / most


def _tally(points: list[float]) -> CheckTally:
    return CheckTally(len(points), sum(points) / len(points))
