"""What scores are made of, out of the database: counts by unit, and the cases behind them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from analytics.conditions import Condition, Definition
from analytics.facts import READERS, code_for, definition
from analytics.figures import BY_CODE, Subject
from analytics.periods import Period
from analytics.rates import Rate
from analytics.scoring import UnitCounts
from dispatch.db import Session
from dispatch.domain.errors import NotFound, RoleNotAllowed
from dispatch.domain.judging_terms import Cause, FindingState, Measure
from dispatch.domain.limits import SourceLevel
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import DepartmentKind, Rating, Role, Verdict
from dispatch.domain.worktime import local
from dispatch.models.judging import GamingFinding
from dispatch.models.oversight import Notice, Supervision
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.access import visible


@dataclass(frozen=True)
class Case:
    """One ticket that cost points; `number` is empty for one the reader may not open."""

    number: str
    title: str
    at: datetime
    words: str


def may_read(session: Session, reader: Actor, unit: str) -> None:
    """Refuse whoever may not read this unit's score: a unit reads its own and no other's.

    Raises:
        RoleNotAllowed: it is not theirs.
    """
    if reader.role in READERS:
        return
    own = select(Department.code).where(Department.id == reader.department_id)
    if reader.role is not Role.DEPARTMENT or session.scalar(own) != unit:
        raise RoleNotAllowed("考核得分只能由热线中心和本单位查看")


def unit_code(session: Session, reader: Actor) -> str:
    """The code of the reader's own unit.

    Raises:
        NotFound: the account belongs to no unit.
    """
    own = session.scalar(select(Department.code).where(Department.id == reader.department_id))
    if own is None:
        raise NotFound("您的账号没有所属单位，请联系系统管理员")
    return own


def counts(
    session: Session,
    period: Period,
    rules: Rules,
    *,
    unit: str = "",
    excluded_too: bool = False,
    now: datetime,
) -> list[UnitCounts]:
    """Every unit's counts of the period, or one unit's; whoever asks was checked before.

    `excluded_too` counts what was excluded as well: how it would have been without exclusions.
    """
    rates: dict[int, dict[Measure, dict[SourceLevel | None, Rate]]] = defaultdict(dict)
    for measure in Measure:
        code = code_for(measure, rules)
        what = definition(code, period, rules, now, unit)
        if excluded_too and what.excluded is not None:
            what = replace(what, judged=or_(what.judged, what.excluded))
        for department, level, rate in _by_level(session, BY_CODE[code].subject, what):
            rates[department].setdefault(measure, {})[level] = rate
    causes: dict[int, dict[Cause, int]] = defaultdict(dict)
    for cause in Cause:
        for department, number in _cause_counts(session, cause, period):
            causes[department][cause] = number
    units = select(Department).where(Department.active.is_(True))
    if unit:
        units = units.where(Department.code == unit)
    return [
        UnitCounts(
            code=one.code,
            name=one.short_name,
            kind=DepartmentKind(one.kind),
            tier=one.tier,
            rates=rates.get(one.id, {}),
            causes=causes.get(one.id, {}),
        )
        for one in session.scalars(units.order_by(Department.code))
    ]


def missed(
    session: Session,
    reader: Actor,
    unit: str,
    measure: Measure,
    period: Period,
    rules: Rules,
    *,
    now: datetime,
) -> list[Case]:
    """The tickets that count against a unit in one measure, the oldest first.

    What the reader may not open (济南条例 32: the accused) is in the list without its number.
    """
    may_read(session, reader, unit)
    code = code_for(measure, rules)
    what = definition(code, period, rules, now, unit)
    against = and_(what.judged, func.coalesce(what.hit, False).is_(False))
    readable = visible(reader)
    judged: Any = Ticket
    query: Select[*tuple[Any, ...]] = select(Ticket, Ticket, readable)
    if BY_CODE[code].subject is Subject.ASSIGNMENT:
        judged = Assignment
        query = select(Ticket, Assignment, readable).join(
            Assignment, Assignment.ticket_id == Ticket.id
        )
    found = session.execute(query.where(against).order_by(Ticket.created_at, judged.id))
    return [
        Case(
            ticket.number if open_ else "",
            ticket.title if open_ else "",
            ticket.created_at,
            _WORDS[measure](row),
        )
        for ticket, row, open_ in found
    ]


def cases(session: Session, reader: Actor, unit: str, cause: Cause, period: Period) -> list[Case]:
    """The cases of one deduction of a unit."""
    may_read(session, reader, unit)
    table, at, words, condition = _cause(cause, period)
    readable = visible(reader)
    query = (
        select(Ticket.number, Ticket.title, at, words, readable)
        .select_from(table)
        .join(Department, Department.id == table.department_id)
        .outerjoin(Ticket, Ticket.id == table.ticket_id)
        .where(condition, Department.code == unit)
        .order_by(at)
    )
    return [
        Case(number or "" if open_ else "", title or "" if open_ else "", moment, said)
        for number, title, moment, said, open_ in session.execute(query)
    ]


def _late(due: datetime | None, done: datetime | None, what: str) -> str:
    """When it was due and when it was done, in the city's time."""
    limit = f"限 {local(due):%m-%d %H:%M}" if due else "没有时限"
    return f"{limit}，{f'{local(done):%m-%d %H:%M} ' if done else '尚未'}{what}"


_WORDS: Mapping[Measure, Callable[[Any], str]] = {
    Measure.SATISFACTION: lambda t: Rating(t.rating).label if t.rating else "未评价",
    Measure.RESOLUTION: lambda t: Verdict(t.solved).label if t.solved else "未回答是否解决",
    Measure.ON_TIME: lambda t: _late(t.due_at, t.completed_at, "办结"),
    Measure.ACKNOWLEDGED: lambda a: _late(a.acknowledge_by, a.acknowledged_at, "签收"),
    Measure.RESPONSE: lambda t: _late(t.due_at, t.first_contacted_at, "联系诉求人"),
}
"""Why a case counts against the unit."""


def _by_level(
    session: Session, subject: Subject, what: Definition
) -> list[tuple[int, SourceLevel | None, Rate]]:
    table: Any = Assignment if subject is Subject.ASSIGNMENT else Ticket
    query: Select[*tuple[Any, ...]] = select(
        table.department_id, Ticket.source_level, func.count().filter(what.hit), func.count()
    ).select_from(table)
    if table is Assignment:
        query = query.join(Ticket, Ticket.id == Assignment.ticket_id)
    query = query.where(what.judged, table.department_id.is_not(None))
    return [
        (department, SourceLevel(level) if level else None, Rate(hits, judged))
        for department, level, hits, judged in session.execute(
            query.group_by(table.department_id, Ticket.source_level)
        )
    ]


def _cause(cause: Cause, period: Period) -> tuple[Any, Any, Any, Condition]:
    """The table of a cause, its moment, its words, and which rows count."""
    if cause is Cause.RED_CARD:
        red = and_(Notice.kind == NoticeKind.RED.value, period.holds(Notice.at))
        return Notice, Notice.at, Notice.words, red
    if cause is Cause.ORDER_LATE:
        return (
            Supervision,
            Supervision.breached_at,
            Supervision.number,
            period.holds(Supervision.breached_at),
        )
    confirmed = and_(
        GamingFinding.state == FindingState.CONFIRMED.value,
        period.holds(GamingFinding.settled_at),
    )
    return GamingFinding, GamingFinding.settled_at, GamingFinding.words, confirmed


def _cause_counts(session: Session, cause: Cause, period: Period) -> list[tuple[int, int]]:
    table, _at, _words, condition = _cause(cause, period)
    query = (
        select(table.department_id, func.count())
        .where(condition, table.department_id.is_not(None))
        .group_by(table.department_id)
    )
    return [(department, number) for department, number in session.execute(query)]
