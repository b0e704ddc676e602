"""The follow-up caller's desk: who is to be asked by a person, and what is known of one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import ColumnElement, and_, case, func, select

from dispatch.db import Session
from dispatch.domain.calls import SurveyResult
from dispatch.domain.errors import NotFound
from dispatch.domain.follow_up_scripts import script_for
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import (
    FollowUpMethod,
    FollowUpState,
    Labelled,
    Rating,
    RequestKind,
    Role,
    Verdict,
)
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.followups import FollowUp
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role, visible

PAGE = 100
CALLERS = (Role.FOLLOW_UP, Role.CENTER)
READERS = (*CALLERS, Role.SUPERVISOR)


class DeskTab(Labelled):
    """The lists of the follow-up caller's desk."""

    DUE = "due", "待人工回访"
    LATER = "later", "约定稍后"
    IN_HAND = "in_hand", "正在回访"
    DONE = "done", "今天已回访"


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One requester to be asked, or asked today."""

    id: int
    number: str
    title: str
    kind: RequestKind
    unit: str | None
    confidential: bool
    round: int
    tried: int
    """How often the requester was tried before in this round, by whatever way."""
    state: FollowUpState
    due_at: datetime
    caller: str | None
    mine: bool
    ended_at: datetime | None
    result: SurveyResult | None
    solved: Verdict | None
    rating: Rating | None


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt of the person's desk: whose it is, and what is kept of it."""

    id: int
    number: str
    round: int
    tried: int
    state: FollowUpState
    due_at: datetime
    mine: bool
    caller: str | None
    called_at: datetime | None
    comment: str


def counts(session: Session, reader: Actor, *, now: datetime) -> dict[str, int]:
    """How many rows each list has; the same conditions as the lists."""
    require_role(reader, *READERS)
    named = {tab: func.sum(case((_in(tab, now), 1), else_=0)).label(tab.value) for tab in DeskTab}
    row = session.execute(
        select(*named.values())
        .select_from(FollowUp)
        .join(Ticket, Ticket.id == FollowUp.ticket_id)
        .where(FollowUp.method == FollowUpMethod.PERSON.value, visible(reader))
        .where(FollowUp.state.in_([_PENDING, _CALLING]) | (FollowUp.ended_at >= _today(now)))
    ).one()
    return {tab.value: int(getattr(row, tab.value) or 0) for tab in DeskTab}


def rows(session: Session, reader: Actor, tab: DeskTab, *, now: datetime) -> tuple[Waiting, ...]:
    """One list, what is due longest first; what was done today newest first."""
    require_role(reader, *READERS)
    order = FollowUp.ended_at.desc() if tab is DeskTab.DONE else FollowUp.due_at
    found = session.execute(
        select(FollowUp, Ticket, Department.short_name, Staff.name, _tried())
        .join(Ticket, Ticket.id == FollowUp.ticket_id)
        .outerjoin(Department, Department.id == Ticket.department_id)
        .outerjoin(Staff, Staff.id == FollowUp.asked_by_id)
        .where(FollowUp.method == FollowUpMethod.PERSON.value, visible(reader), _in(tab, now))
        .order_by(order, FollowUp.id)
        .limit(PAGE)
    )
    return tuple(
        Waiting(
            id=row.id,
            number=ticket.number,
            title=ticket.title,
            kind=RequestKind(ticket.kind),
            unit=unit,
            confidential=ticket.confidential,
            round=row.round,
            tried=tried,
            state=FollowUpState(row.state),
            due_at=row.due_at,
            caller=caller,
            mine=row.asked_by_id == reader.staff_id,
            ended_at=row.ended_at,
            result=SurveyResult(row.result) if row.result else None,
            solved=Verdict(row.solved) if row.solved else None,
            rating=Rating(row.rating) if row.rating else None,
        )
        for row, ticket, unit, caller, tried in found
    )


def attempt(session: Session, reader: Actor, follow_up_id: int) -> Attempt:
    """One attempt of the person's desk.

    Raises:
        NotFound: there is none, or it is not a person's to make.
    """
    require_role(reader, *READERS)
    found = session.execute(
        select(FollowUp, Ticket.number, Staff.name, _tried())
        .join(Ticket, Ticket.id == FollowUp.ticket_id)
        .outerjoin(Staff, Staff.id == FollowUp.asked_by_id)
        .where(FollowUp.id == follow_up_id, visible(reader))
        .where(FollowUp.method == FollowUpMethod.PERSON.value)
    ).one_or_none()
    if found is None:
        raise NotFound("没有找到这次人工回访，可能已由系统或其他人完成")
    row, number, caller, tried = found
    return Attempt(
        id=row.id,
        number=number,
        round=row.round,
        tried=tried,
        state=FollowUpState(row.state),
        due_at=row.due_at,
        mine=row.asked_by_id == reader.staff_id,
        caller=caller,
        called_at=row.called_at,
        comment=row.comment,
    )


def in_hand(session: Session, reader: Actor) -> int | None:
    """The attempt the reader has taken and not ended: he is led back to it."""
    return session.scalar(
        select(FollowUp.id)
        .where(FollowUp.state == _CALLING, FollowUp.method == FollowUpMethod.PERSON.value)
        .where(FollowUp.asked_by_id == reader.staff_id)
        .order_by(FollowUp.called_at)
        .limit(1)
    )


def script(
    rules: Rules,
    kind: RequestKind,
    *,
    city: str,
    name: str,
    title: str,
    unit: str,
    number: str,
    created_at: datetime,
) -> tuple[str, ...]:
    """What to read out for this ticket, line by line; empty without a script in the policy."""
    found = script_for(rules.profile.scripts, kind)
    if found is None:
        return ()
    day = created_at.astimezone(SHANGHAI)
    return found.spoken(
        {
            "city": city,
            "name": name or "您",
            "title": title,
            "unit": unit or "承办单位",
            "number": number,
            "day": f"{day.month}月{day.day}日",
        }
    )


_PENDING = FollowUpState.PENDING.value
_CALLING = FollowUpState.CALLING.value


def _in(tab: DeskTab, now: datetime) -> ColumnElement[bool]:
    if tab is DeskTab.DUE:
        return and_(FollowUp.state == _PENDING, FollowUp.due_at <= now)
    if tab is DeskTab.LATER:
        return and_(FollowUp.state == _PENDING, FollowUp.due_at > now)
    if tab is DeskTab.IN_HAND:
        return FollowUp.state == _CALLING
    return FollowUp.ended_at >= _today(now)


def _today(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(SHANGHAI).date(), time(), SHANGHAI)


def _tried() -> ColumnElement[int]:
    earlier = FollowUp.__table__.alias("earlier")
    return (
        select(func.count())
        .select_from(earlier)
        .where(earlier.c.ticket_id == FollowUp.ticket_id, earlier.c.round == FollowUp.round)
        .where(earlier.c.id < FollowUp.id, earlier.c.ended_at.is_not(None))
        .correlate(FollowUp)
        .scalar_subquery()
    )
