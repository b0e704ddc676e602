"""What somebody has not read yet, marking it read, and the cards each unit was given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select, update

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.people import Actor
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Role
from dispatch.models.oversight import Notice
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.models.ties import AvoidedUnit
from dispatch.service.access import visible
from dispatch.service.family import family

PAGE = 50


@dataclass(frozen=True)
class NoticeLine:
    """One notice as its reader sees it; `ticket` only if the reader may open it."""

    id: int
    kind: NoticeKind
    words: str
    at: datetime
    read_at: datetime | None
    ticket: str | None


@dataclass(frozen=True)
class Cards:
    """How many yellow and red cards a unit was given in a period."""

    yellow: int = 0
    red: int = 0


def unread_count(session: Session, reader: Actor) -> int:
    """How many notices the reader, their unit or their role has not read."""
    waiting = and_(_mine(reader), Notice.read_at.is_(None))
    return session.scalar(select(func.count()).select_from(Notice).where(waiting)) or 0


def notices_of(
    session: Session, reader: Actor, *, unread: bool = True, before: int | None = None
) -> tuple[NoticeLine, ...]:
    """The reader's notices, newest first; `before` is the id the page before ended with."""
    query = (
        select(Notice, Ticket.number)
        .outerjoin(Ticket, and_(Ticket.id == Notice.ticket_id, visible(reader)))
        .where(_mine(reader))
        .order_by(Notice.id.desc())
        .limit(PAGE)
    )
    if unread:
        query = query.where(Notice.read_at.is_(None))
    if before is not None:
        query = query.where(Notice.id < before)
    return tuple(
        NoticeLine(n.id, NoticeKind(n.kind), n.words, n.at, n.read_at, number)
        for n, number in session.execute(query)
    )


def mark_read(session: Session, reader: Actor, notice_id: int, *, now: datetime) -> str | None:
    """Mark one notice read; return the ticket it is about, if the reader may open it.

    Raises:
        NotFound: there is none of the reader's with this id.
    """
    found = session.execute(
        select(Notice, Ticket.number)
        .outerjoin(Ticket, and_(Ticket.id == Notice.ticket_id, visible(reader)))
        .where(Notice.id == notice_id, _mine(reader))
    ).first()
    if found is None:
        raise NotFound("没有找到这条通知")
    notice, number = found
    if notice.read_at is None:
        notice.read_at, notice.read_by_id = now, reader.staff_id
    return number


def mark_all_read(session: Session, reader: Actor, *, up_to: int, now: datetime) -> None:
    """Mark everything read that the reader's page showed; what came since stays unread."""
    session.execute(
        update(Notice)
        .where(_mine(reader), Notice.read_at.is_(None), Notice.id <= up_to)
        .values(read_at=now, read_by_id=reader.staff_id)
        .execution_options(synchronize_session=False)
    )


def cards_of(
    session: Session, departments: Iterable[int], *, first: datetime, last: datetime
) -> dict[int, Cards]:
    """Yellow and red cards (山东 2017) of each unit given in [first, last), by the unit's id."""
    wanted = list(departments)
    rows = session.execute(_counted(first, last).where(Notice.department_id.in_(wanted)))
    found = {unit: Cards(yellow, red) for unit, yellow, red in rows}
    return {unit: found.get(unit, Cards()) for unit in wanted}


def cards_by_unit(session: Session, *, first: datetime, last: datetime) -> dict[str, Cards]:
    """The same for all units, by the unit's code."""
    counted = _counted(first, last).subquery()
    rows = session.execute(
        select(Department.code, counted.c.yellow, counted.c.red).join(
            counted, counted.c.department_id == Department.id
        )
    )
    return {code: Cards(yellow, red) for code, yellow, red in rows}


def cards_given(
    session: Session, reader: Actor, unit: str, *, first: datetime, last: datetime
) -> tuple[NoticeLine, ...]:
    """Each card the unit with this code was given in [first, last), newest first."""
    rows = session.execute(
        select(Notice, Ticket.number)
        .join(Department, Department.id == Notice.department_id)
        .outerjoin(Ticket, and_(Ticket.id == Notice.ticket_id, visible(reader)))
        .where(Department.code == unit, *_cards(first, last))
        .order_by(Notice.at.desc(), Notice.id.desc())
        .limit(500)
    )
    return tuple(
        NoticeLine(n.id, NoticeKind(n.kind), n.words, n.at, n.read_at, number) for n, number in rows
    )


def _cards(first: datetime, last: datetime) -> tuple[ColumnElement[bool], ...]:
    kinds = [NoticeKind.YELLOW.value, NoticeKind.RED.value]
    return Notice.kind.in_(kinds), Notice.at >= first, Notice.at < last


def _counted(first: datetime, last: datetime) -> Select[int | None, int, int]:
    yellow = func.sum(case((Notice.kind == NoticeKind.YELLOW.value, 1), else_=0))
    red = func.sum(case((Notice.kind == NoticeKind.RED.value, 1), else_=0))
    return (
        select(Notice.department_id, yellow.label("yellow"), red.label("red"))
        .where(*_cards(first, last))
        .group_by(Notice.department_id)
    )


def _mine(reader: Actor) -> ColumnElement[bool]:
    """Notices for the person, for the person's unit, and for everybody of the role."""
    own: list[ColumnElement[bool]] = []
    if reader.staff_id is not None:
        own.append(Notice.staff_id == reader.staff_id)
    if reader.role is Role.DEPARTMENT and reader.department_id is not None:
        # 济南条例 32: a unit found to be accused must not go on reading what it was told before.
        accused = select(AvoidedUnit.ticket_id).where(
            AvoidedUnit.department_id.in_(family(reader.department_id))
        )
        told = or_(Notice.ticket_id.is_(None), Notice.ticket_id.not_in(accused))
        own.append(and_(Notice.department_id == reader.department_id, told))
    if reader.role is not Role.DEPARTMENT:
        own.append(Notice.role == reader.role.value)
    return or_(*own) if own else false()
