"""排班: shifts entered one by one or from a file, the day's weather, and who is on duty when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, or_, select

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, NotFound
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import Weather
from dispatch.domain.roster import RowProblem, ShiftRow
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.people import Staff
from dispatch.models.reporting import DayNote, RosterShift
from dispatch.service.access import require_role

ROSTERING = (Role.SUPERVISOR, Role.CENTER)
READING = (*ROSTERING, Role.ADMIN)
ON_TELEPHONE = (Role.AGENT.value, Role.FOLLOW_UP.value, Role.SUPERVISOR.value)
FARTHEST = timedelta(days=400)
_NOTE = 200


@dataclass(frozen=True)
class Rostered:
    """One shift, with whose it is."""

    id: int
    name: str
    extension: str
    starts_at: datetime
    ends_at: datetime
    queue: str


@dataclass(frozen=True)
class Person:
    """Somebody who may be put on the roster."""

    login: str
    name: str
    extension: str


@dataclass(frozen=True)
class Note:
    """What was written of a day."""

    day: date
    weather: Weather | None
    note: str


def people(session: Session, reader: Actor) -> tuple[Person, ...]:
    """Active people with an extension who take calls, by extension."""
    require_role(reader, *READING)
    rows = session.scalars(
        select(Staff)
        .where(Staff.active, Staff.extension.is_not(None), Staff.role.in_(ON_TELEPHONE))
        .order_by(Staff.extension)
    )
    return tuple(Person(row.login, row.name, row.extension or "") for row in rows)


def shifts(
    session: Session, reader: Actor, first: date, last: date, *, queue: str = ""
) -> tuple[Rostered, ...]:
    """Shifts that touch these days, by their start; `queue` with those that serve every queue."""
    require_role(reader, *READING)
    begins = datetime.combine(first, time(), SHANGHAI)
    ends = datetime.combine(last + timedelta(days=1), time(), SHANGHAI)
    query = (
        select(RosterShift, Staff.name, Staff.extension)
        .join(Staff, Staff.id == RosterShift.staff_id)
        .where(RosterShift.starts_at < ends, RosterShift.ends_at > begins)
        .order_by(RosterShift.starts_at, Staff.extension, RosterShift.id)
    )
    if queue:
        query = query.where(RosterShift.queue.in_((queue, "")))
    return tuple(
        Rostered(row.id, name, extension or "", row.starts_at, row.ends_at, row.queue)
        for row, name, extension in session.execute(query)
    )


def add_shift(
    session: Session, actor: Actor, row: ShiftRow, rules: Rules, *, now: datetime
) -> RosterShift:
    """Put one person on the roster.

    Raises:
        InvalidInput: nobody by that login or extension takes calls, the queue is unknown, the
            day is more than a year away, or he has another shift in that time.
    """
    require_role(actor, *ROSTERING)
    staff = _person(session, row.who)
    if row.queue and row.queue not in {queue.code for queue in rules.profile.calls.queues}:
        raise InvalidInput(f"现行规则里没有队列“{row.queue}”", field="queue")
    if abs(row.starts_at - now) > FARTHEST:
        raise InvalidInput("只能排前后一年以内的班，请核对日期", field="day")
    taken = session.scalar(
        select(RosterShift.starts_at)
        .where(
            RosterShift.staff_id == staff.id,
            RosterShift.starts_at < row.ends_at,
            RosterShift.ends_at > row.starts_at,
        )
        .limit(1)
    )
    if taken is not None:
        at = taken.astimezone(SHANGHAI)
        words = f"{staff.name}在 {at:%m月%d日 %H:%M} 已有班次，请先删除原来的"
        raise InvalidInput(words, field="starts")
    made = RosterShift(
        staff_id=staff.id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        queue=row.queue,
        made_by_id=actor.staff_id,
    )
    session.add(made)
    session.flush()
    return made


def add_file(
    session: Session, actor: Actor, rows: Sequence[ShiftRow], rules: Rules, *, now: datetime
) -> tuple[int, list[RowProblem]]:
    """Take every good row of a file; return how many, and what is wrong with the others."""
    taken, problems = 0, []
    for row in rows:
        try:
            add_shift(session, actor, row, rules, now=now)
        except InvalidInput as problem:
            problems.append(RowProblem(row.row, str(problem)))
        else:
            taken += 1
    return taken, problems


def remove_shift(session: Session, actor: Actor, shift_id: int) -> date:
    """Take a shift off the roster; return its day.

    Raises:
        NotFound: there is none.
    """
    require_role(actor, *ROSTERING)
    row = session.get(RosterShift, shift_id)
    if row is None:
        raise NotFound("没有找到这个班次，可能已被删除")
    session.delete(row)
    return row.starts_at.astimezone(SHANGHAI).date()


def copy_week(session: Session, actor: Actor, monday: date, rules: Rules, *, now: datetime) -> int:
    """Repeat the week before in the week of this Monday; return how many shifts were new.

    Who has a shift in that time already keeps it; who has left is not put on again.
    """
    require_role(actor, *ROSTERING)
    week = timedelta(weeks=1)
    before = shifts(session, actor, monday - week, monday - timedelta(days=1))
    begins = datetime.combine(monday - week, time(), SHANGHAI)
    mine = [one for one in before if one.starts_at >= begins]
    rows = [
        ShiftRow(n, one.extension, one.starts_at + week, one.ends_at + week, one.queue)
        for n, one in enumerate(mine, start=1)
    ]
    return add_file(session, actor, rows, rules, now=now)[0]


def note_day(
    session: Session, actor: Actor, day: date, *, weather: str, note: str, now: datetime
) -> None:
    """Write down a day's weather, past or forecast; empty words take the note away.

    Raises:
        InvalidInput: no such weather.
    """
    require_role(actor, *ROSTERING)
    if weather and weather not in {one.value for one in Weather}:
        raise InvalidInput("请从列出的天气中选择", field="weather")
    row = session.get(DayNote, day)
    if not weather and not note.strip():
        if row is not None:
            session.delete(row)
        return
    if row is None:
        row = DayNote(day=day)
        session.add(row)
    row.weather, row.note = weather, note.strip()[:_NOTE]
    row.staff_id, row.at = actor.staff_id, now


def notes(session: Session, reader: Actor, first: date, last: date) -> dict[date, Note]:
    """What was written of these days."""
    require_role(reader, *READING)
    rows = session.scalars(select(DayNote).where(DayNote.day.between(first, last)))
    return {
        row.day: Note(row.day, Weather(row.weather) if row.weather else None, row.note)
        for row in rows
    }


def _person(session: Session, who: str) -> Staff:
    # Locked, so that two who roster the same person at once see each other's shifts.
    staff = session.scalar(
        select(Staff)
        .where(
            Staff.active,
            Staff.role.in_(ON_TELEPHONE),
            or_(func.lower(Staff.login) == who.strip().lower(), Staff.extension == who.strip()),
        )
        .with_for_update()
    )
    if staff is None:
        raise InvalidInput(f"没有账号或分机为“{who}”的话务人员", field="who")
    return staff
