"""约谈 as they are read: the list with its counts, one talk, and who was summoned over a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, select

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.judging_terms import AccountabilityKind, AccountabilityState
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Labelled, Role
from dispatch.models.judging import Accountability
from dispatch.models.people import Department, Staff
from dispatch.service.access import require_role

PAGE = 50
READERS = (Role.CENTER, Role.SUPERVISOR, Role.LEADER, Role.DEPARTMENT)
State = AccountabilityState


class TalkFilter(Labelled):
    """The tabs of the list."""

    OPEN = "open", "待约谈"
    RECTIFYING = "rectifying", "整改中"
    LATE = "late", "整改逾期"
    REPORTED = "reported", "待认定"
    DONE = "done", "已办结"


@dataclass(frozen=True)
class Talk:
    """One talk. `month` is the first day of the month it is about; moments are UTC."""

    id: int
    unit: str
    unit_code: str
    month: date | None
    rules: str
    state: AccountabilityState
    reason: str
    opened_at: datetime
    opened_by: str
    talked_at: datetime | None
    minutes: str
    due_at: datetime | None
    breached_at: datetime | None
    report: str
    reported_at: datetime | None
    ruling: str
    closed_at: datetime | None


def _mine(reader: Actor) -> ColumnElement[bool]:
    talks = Accountability.kind == AccountabilityKind.TALK.value
    if reader.role is Role.DEPARTMENT:
        return and_(talks, Accountability.department_id == reader.department_id)
    return talks


def _in(wanted: TalkFilter, now: datetime) -> ColumnElement[bool]:
    if wanted is TalkFilter.LATE:
        rectifying = Accountability.state == State.RECTIFYING.value
        return and_(rectifying, Accountability.due_at <= now)
    return Accountability.state == wanted.value


def talk_counts(session: Session, reader: Actor, *, now: datetime) -> dict[str, int]:
    """How many talks of the reader's stand under each tab."""
    require_role(reader, *READERS)
    parts = [func.count().filter(_in(one, now)) for one in TalkFilter]
    row = session.execute(select(*parts).select_from(Accountability).where(_mine(reader))).one()
    return {one.value: number for one, number in zip(TalkFilter, row, strict=True)}


def talk_list(
    session: Session, reader: Actor, wanted: TalkFilter, *, after: int = 0, now: datetime
) -> list[Talk]:
    """Talks under one tab, what is due first on top, then the newest."""
    require_role(reader, *READERS)
    query = (
        select(Accountability, Department, Staff.name)
        .join(Department, Department.id == Accountability.department_id)
        .outerjoin(Staff, Staff.id == Accountability.opened_by_id)
        .where(_mine(reader), _in(wanted, now))
        .order_by(Accountability.due_at.asc().nulls_last(), Accountability.id.desc())
        .offset(after)
        .limit(PAGE)
    )
    return [_talk(*row) for row in session.execute(query)]


def talk_for(session: Session, reader: Actor, talk_id: int) -> Talk:
    """One talk.

    Raises:
        NotFound: there is none, or it is another unit's.
    """
    require_role(reader, *READERS)
    row = session.execute(
        select(Accountability, Department, Staff.name)
        .join(Department, Department.id == Accountability.department_id)
        .outerjoin(Staff, Staff.id == Accountability.opened_by_id)
        .where(_mine(reader), Accountability.id == talk_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"没有找到约谈 {talk_id}，或您无权查看")
    return _talk(*row)


def talks_of_month(session: Session, reader: Actor, month: date) -> dict[str, int]:
    """The talk of each unit summoned over a month, by the unit's code; none for who may not see."""
    if reader.role not in READERS:
        return {}
    query = (
        select(Department.code, Accountability.id)
        .join(Department, Department.id == Accountability.department_id)
        .where(_mine(reader), Accountability.month == month)
    )
    return dict(session.execute(query).all())


def _talk(row: Accountability, unit: Department, opened_by: str | None) -> Talk:
    return Talk(
        id=row.id,
        unit=unit.short_name,
        unit_code=unit.code,
        month=row.month,
        rules=row.rules,
        state=State(row.state),
        reason=row.reason,
        opened_at=row.opened_at,
        opened_by=opened_by or "系统",
        talked_at=row.talked_at,
        minutes=row.minutes,
        due_at=row.due_at,
        breached_at=row.breached_at,
        report=row.report,
        reported_at=row.reported_at,
        ruling=row.ruling,
        closed_at=row.closed_at,
    )
