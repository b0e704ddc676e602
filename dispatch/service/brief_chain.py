"""要情的办理: instruction by a leader, receipt and feedback by whoever has it, closing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.brief_steps import DRAFTERS, next_brief
from dispatch.domain.counting import limit_due
from dispatch.domain.errors import InvalidInput, NotFound
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.reporting_terms import (
    BriefAct,
    BriefLevel,
    BriefState,
    BriefStepKind,
    Origin,
)
from dispatch.domain.rules import Rules
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Role
from dispatch.models.people import Department
from dispatch.models.reporting import Brief, BriefStep
from dispatch.service import notices
from dispatch.service.access import require_role
from dispatch.service.briefs import BriefForm, add_step, locked_brief, new_brief, said, told

BATCH = 200
WAITING = (BriefState.INSTRUCTED.value, BriefState.RECEIVED.value)
"""States in which feedback is owed."""


def instruct(
    session: Session,
    actor: Actor,
    number: str,
    rules: Rules,
    *,
    words: str,
    unit: str = "",
    due: datetime | None = None,
    now: datetime,
) -> Brief:
    """批示: to a unit by its code, or to the centre; feedback is due when told or by the policy.

    A further instruction begins the chain anew with the new unit and the new time.

    Raises:
        InvalidInput: nothing is said, the time is past, or there is no such unit.
        ActionNotAllowed: it is still a draft, or closed.
    """
    text = said(words, "请写下批示内容")
    row = locked_brief(session, number)
    state = next_brief(BriefState(row.state), BriefAct.INSTRUCT, actor.role)
    _instruct(session, actor, row, state, rules, text, unit, due, now)
    return row


def instruct_about(
    session: Session,
    actor: Actor,
    form: BriefForm,
    rules: Rules,
    *,
    words: str,
    unit: str = "",
    due: datetime | None = None,
    now: datetime,
) -> Brief:
    """批示 on something that is no ticket: a figure, a topic. A brief is made of it at once.

    Raises:
        InvalidInput: nothing is said, or it is not said about what.
    """
    require_role(actor, Role.LEADER)
    text = said(words, "请写下批示内容")
    row = new_brief(session, actor, replace(form, origin=Origin.OWN), now=now)
    row.submitted_at, row.submitted_by_id = now, actor.staff_id
    _instruct(session, actor, row, BriefState.INSTRUCTED, rules, text, unit, due, now)
    return row


def receive(session: Session, actor: Actor, number: str, *, now: datetime) -> Brief:
    """签收: the unit, or somebody of the centre, takes charge.

    Raises:
        NotFound: it was given to another unit.
        ActionNotAllowed: there is no new instruction.
    """
    row, department_id = _mine(session, actor, number, BriefAct.RECEIVE)
    add_step(session, actor, row, BriefStepKind.RECEIPT, "", department_id=department_id, now=now)
    told(session, actor, row, now)
    return row


def feedback(session: Session, actor: Actor, number: str, *, words: str, now: datetime) -> Brief:
    """反馈: what was done; whoever instructed is told.

    Raises:
        InvalidInput: nothing is said.
        NotFound: it was given to another unit.
        ActionNotAllowed: it was not received, or answered already.
    """
    text = said(words, "请写明落实情况：做了什么、谁负责、效果如何")
    row, department_id = _mine(session, actor, number, BriefAct.FEEDBACK)
    add_step(
        session, actor, row, BriefStepKind.FEEDBACK, text, department_id=department_id, now=now
    )
    instructed = _instruction(session, row)
    if instructed is not None:
        words = f"您批示的要情 {row.number}“{row.title}”有反馈：{text[:200]}"
        notices.tell(session, NoticeKind.BRIEF, words, staff_id=instructed.staff_id, now=now)
    told(session, actor, row, now)
    return row


def close(session: Session, actor: Actor, number: str, *, words: str = "", now: datetime) -> Brief:
    """办结: the leader is content; the centre gives up a draft and says why.

    Raises:
        InvalidInput: a draft is given up without a reason.
        ActionNotAllowed: it is closed already.
    """
    row = locked_brief(session, number)
    state = BriefState(row.state)
    target = next_brief(state, BriefAct.CLOSE, actor.role)
    if state is BriefState.DRAFT:
        words = said(words, "请写明不再报送的原因")
    row.state, row.closed_at = target.value, now
    add_step(session, actor, row, BriefStepKind.CLOSING, words.strip(), now=now)
    if state is not BriefState.DRAFT:
        text = f"要情 {row.number}“{row.title}”已由{actor.name}办结"
        notices.tell(session, NoticeKind.BRIEF, text, role=Role.CENTER, now=now)
    told(session, actor, row, now)
    return row


def mark_overdue(session: Session, *, now: datetime) -> int:
    """Mark briefs whose feedback is overdue, and tell who owes it; return how many.

    Each is marked once: a second process finds none left.
    """
    late = session.scalars(
        select(Brief)
        .where(
            Brief.closed_at.is_(None),
            Brief.state.in_(WAITING),
            Brief.breached_at.is_(None),
            Brief.due_at <= now,
        )
        .order_by(Brief.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for row in late:
        row.breached_at = now
        words = f"要情 {row.number}“{row.title}”的批示已过反馈时间，请立即反馈"
        step = _instruction(session, row)
        _tell_holder(session, step.department_id if step else None, words, now)
        notices.tell(session, NoticeKind.BRIEF, words, role=Role.CENTER, now=now)
        told(session, SYSTEM, row, now)
    return len(late)


def _instruct(
    session: Session,
    actor: Actor,
    row: Brief,
    state: BriefState,
    rules: Rules,
    words: str,
    unit: str,
    due: datetime | None,
    now: datetime,
) -> None:
    if due is not None and due <= now:
        raise InvalidInput("要求反馈的时间应在现在之后", field="due")
    department_id = _unit(session, unit)
    brief = rules.profile.brief
    urgent = row.level == BriefLevel.URGENT.value
    limit = brief.urgent_feedback if urgent else brief.feedback
    calendar = rules.calendar.with_hours(rules.profile.hours)
    row.state, row.due_at = state.value, due or limit_due(limit, calendar, now)
    row.breached_at = None
    add_step(
        session,
        actor,
        row,
        BriefStepKind.INSTRUCTION,
        words,
        department_id=department_id,
        due_at=row.due_at,
        now=now,
    )
    text = (
        f"领导对要情 {row.number}“{row.title}”批示：{words[:300]}"
        f"（请于 {to_the_minute(row.due_at)} 前反馈）"
    )
    _tell_holder(session, department_id, text, now)
    told(session, actor, row, now)


def _mine(session: Session, actor: Actor, number: str, act: BriefAct) -> tuple[Brief, int | None]:
    """Take a step of whoever the last instruction went to."""
    row = locked_brief(session, number)
    step = _instruction(session, row)
    department_id = step.department_id if step else None
    centre = actor.role in DRAFTERS
    if centre != (department_id is None) or (not centre and actor.department_id != department_id):
        raise NotFound(f"要情 {number} 的批示不是交给您的，请由受批示的单位{act.label}")
    row.state = next_brief(BriefState(row.state), act, actor.role).value
    return row, department_id


def _instruction(session: Session, row: Brief) -> BriefStep | None:
    return session.scalar(
        select(BriefStep)
        .where(BriefStep.brief_id == row.id, BriefStep.kind == BriefStepKind.INSTRUCTION.value)
        .order_by(BriefStep.id.desc())
        .limit(1)
    )


def _unit(session: Session, code: str) -> int | None:
    if not code.strip():
        return None
    found = session.scalar(select(Department.id).where(Department.code == code.strip()))
    if found is None:
        raise InvalidInput("没有这个单位，请从列表中选择", field="unit")
    return found


def _tell_holder(session: Session, department_id: int | None, words: str, now: datetime) -> None:
    if department_id is None:
        notices.tell(session, NoticeKind.BRIEF, words, role=Role.CENTER, now=now)
    else:
        notices.tell(session, NoticeKind.BRIEF, words, department_id=department_id, now=now)
