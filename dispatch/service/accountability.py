"""约谈: a unit is summoned, the talk is held, and the unit rectifies against a clock."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.counting import limit_due
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.events import AccountabilityChanged
from dispatch.domain.judging_terms import AccountabilityKind, AccountabilityState
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.rules import Rules
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Role
from dispatch.models.judging import Accountability
from dispatch.models.people import Department
from dispatch.service import notices
from dispatch.service.access import require_role

LONGEST = 4_000
"""Characters of a minute, a report or a ruling."""
BATCH = 200
State = AccountabilityState


def summon(
    session: Session,
    actor: Actor,
    unit: str,
    *,
    month: date,
    scored_by: str,
    reason: str,
    now: datetime,
) -> Accountability:
    """约谈 a unit over a month's result; it is told at once.

    Raises:
        InvalidInput: no reason, or the unit was summoned over this month already.
        NotFound: there is no such unit.
    """
    require_role(actor, Role.CENTER)
    words = said(reason, "请写明约谈的事由：哪些指标、哪些工单", "reason")
    # The unit's row is locked, so that two people do not summon it over the same month.
    department = locked_unit(session, unit)
    earlier = session.scalar(
        select(Accountability.id).where(
            Accountability.kind == AccountabilityKind.TALK.value,
            Accountability.department_id == department.id,
            Accountability.month == month,
        )
    )
    if earlier is not None:
        raise InvalidInput(
            f"{department.name}已就 {month:%Y-%m} 的结果约谈过，请打开那一次约谈继续办理",
            field="reason",
        )
    row = Accountability(
        kind=AccountabilityKind.TALK.value,
        department_id=department.id,
        rules=scored_by[:60],
        month=month,
        state=State.OPEN.value,
        reason=words,
        opened_at=now,
        opened_by_id=actor.staff_id,
    )
    session.add(row)
    session.flush()
    _moved(session, actor, row, now)
    _tell_unit(session, row, f"就 {month:%Y-%m} 考核结果约谈贵单位：{words}", now)
    return row


def hold_talk(
    session: Session, actor: Actor, talk_id: int, rules: Rules, *, minutes: str, now: datetime
) -> Accountability:
    """Write down the talk that was held; the rectification clock starts.

    Raises:
        InvalidInput: nothing is written down.
        ActionNotAllowed: the talk was held before.
    """
    require_role(actor, Role.CENTER)
    words = said(minutes, "请写明约谈纪要：参加人、指出的问题、整改要求", "minutes")
    row = _held(session, talk_id, State.OPEN, "这次约谈已经记录过纪要")
    row.state, row.minutes, row.talked_at = State.RECTIFYING.value, words, now
    calendar = rules.calendar.with_hours(rules.profile.hours)
    row.due_at = limit_due(rules.profile.accountability.rectify, calendar, now)
    _moved(session, actor, row, now)
    due = to_the_minute(row.due_at)
    _tell_unit(session, row, f"约谈已记录，请于 {due} 前整改并提交报告", now)
    return row


def report(
    session: Session, actor: Actor, talk_id: int, *, words: str, now: datetime
) -> Accountability:
    """整改报告 by the unit that was summoned.

    Raises:
        NotFound: the talk is another unit's.
        ActionNotAllowed: nothing is to be reported now.
    """
    require_role(actor, Role.DEPARTMENT)
    text = said(words, "请写明整改情况：做了什么、谁负责、效果如何", "report")
    row = _held(session, talk_id, State.RECTIFYING, "现在不需要提交整改报告")
    if row.department_id != actor.department_id:
        raise NotFound(f"没有找到约谈 {talk_id}，或您无权查看")
    row.state, row.report = State.REPORTED.value, text
    row.reported_at, row.reported_by_id = now, actor.staff_id
    _moved(session, actor, row, now)
    notices.tell(
        session,
        NoticeKind.ACCOUNTABILITY,
        f"{_name(session, row)}已提交整改报告，请认定",
        role=Role.CENTER,
        now=now,
    )
    return row


def accept(
    session: Session, actor: Actor, talk_id: int, *, words: str = "", now: datetime
) -> Accountability:
    """认定: the rectification is done.

    Raises:
        ActionNotAllowed: there is no report to rule on.
    """
    require_role(actor, Role.CENTER)
    row = _held(session, talk_id, State.REPORTED, "还没有整改报告可以认定")
    _finish(row, actor, words.strip()[:LONGEST], now)
    _moved(session, actor, row, now)
    _tell_unit(session, row, "整改已认定办结", now)
    return row


def send_back(
    session: Session, actor: Actor, talk_id: int, rules: Rules, *, reason: str, now: datetime
) -> Accountability:
    """退回整改: the report does not do; the due time stays, with the redo's floor at least.

    Raises:
        InvalidInput: no reason is given.
        ActionNotAllowed: there is no report to rule on.
    """
    require_role(actor, Role.CENTER)
    words = said(reason, "请写明退回的原因，以便单位继续整改", "reason")
    row = _held(session, talk_id, State.REPORTED, "还没有整改报告可以退回")
    calendar = rules.calendar.with_hours(rules.profile.hours)
    floor = limit_due(rules.profile.redo.at_least, calendar, now)
    row.due_at = max(row.due_at, floor) if row.due_at else floor
    row.state, row.ruling = State.RECTIFYING.value, words
    _moved(session, actor, row, now)
    due = to_the_minute(row.due_at)
    _tell_unit(session, row, f"整改报告退回：{words}。请于 {due} 前重新提交", now)
    return row


def call_off(
    session: Session, actor: Actor, talk_id: int, *, reason: str, now: datetime
) -> Accountability:
    """取消 a talk that was not held yet.

    Raises:
        InvalidInput: no reason is given.
        ActionNotAllowed: the talk was held.
    """
    require_role(actor, Role.CENTER)
    words = said(reason, "请写明取消约谈的原因", "reason")
    row = _held(session, talk_id, State.OPEN, "约谈已经进行，不能取消；整改完成后请认定办结")
    _finish(row, actor, f"取消约谈：{words}", now)
    _moved(session, actor, row, now)
    _tell_unit(session, row, f"约谈取消：{words}", now)
    return row


def mark_overdue(session: Session, *, now: datetime) -> int:
    """Mark talks whose rectification is overdue, and tell both sides; return how many.

    Each is marked once: a second process finds none left.
    """
    late = session.scalars(
        select(Accountability)
        .where(
            Accountability.kind == AccountabilityKind.TALK.value,
            Accountability.state == State.RECTIFYING.value,
            Accountability.breached_at.is_(None),
            Accountability.due_at <= now,
        )
        .order_by(Accountability.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for row in late:
        row.breached_at = now
        _moved(session, SYSTEM, row, now)
        _tell_unit(session, row, "整改逾期未报告，请立即提交", now)
        notices.tell(
            session,
            NoticeKind.ACCOUNTABILITY,
            f"{_name(session, row)}整改逾期未报告",
            role=Role.CENTER,
            now=now,
        )
    return len(late)


def said(typed: str, missing: str, field: str) -> str:
    """What was written.

    Raises:
        InvalidInput: nothing, or more than fits.
    """
    words = typed.strip()
    if not words:
        raise InvalidInput(missing, field=field)
    if len(words) > LONGEST:
        raise InvalidInput(f"最多 {LONGEST} 个字，现在有 {len(words)} 个", field=field)
    return words


def locked_unit(session: Session, code: str) -> Department:
    """The active unit with this code, its row locked.

    Raises:
        NotFound: there is none.
    """
    unit = session.scalar(
        select(Department)
        .where(Department.code == code, Department.active.is_(True))
        .with_for_update()
    )
    if unit is None:
        raise NotFound(f"没有编码为 {code[:40]} 的承办单位，请重新选择")
    return unit


def _held(session: Session, talk_id: int, state: AccountabilityState, no: str) -> Accountability:
    row = session.get(Accountability, talk_id, with_for_update=True, populate_existing=True)
    if row is None or row.kind != AccountabilityKind.TALK.value:
        raise NotFound(f"没有找到约谈 {talk_id}，或您无权查看")
    if row.state != state.value:
        raise ActionNotAllowed(f"{no}（现在是“{State(row.state).label}”）")
    return row


def _finish(row: Accountability, actor: Actor, words: str, now: datetime) -> None:
    row.state, row.ruling = State.DONE.value, words
    row.closed_at, row.closed_by_id = now, actor.staff_id


def _moved(session: Session, actor: Actor, row: Accountability, now: datetime) -> None:
    fact = AccountabilityChanged(at=now, accountability_id=row.id, state=row.state)
    record(session, actor, fact)


def _tell_unit(session: Session, row: Accountability, words: str, now: datetime) -> None:
    notices.tell(
        session, NoticeKind.ACCOUNTABILITY, words, department_id=row.department_id, now=now
    )


def _name(session: Session, row: Accountability) -> str:
    return session.get_one(Department, row.department_id).short_name
