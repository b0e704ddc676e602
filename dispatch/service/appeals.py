"""考核申诉: a unit asks that a ticket be left out of a measure; two people of the centre decide.

国办函〔2025〕66号 asks for fair evaluation, and cities leave out what is beyond a unit's duty,
unreasonable after a hearing, or untrue; that two people decide is this project's own rule. Neither
may have asked the requester. A denial ends the matter; a grant makes an exclusion, which every
report it changes tells of, and which can be lifted again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.conduct import reason_of
from dispatch.domain.errors import (
    ActionNotAllowed,
    InvalidInput,
    NotFound,
    OwnRequest,
    RoleNotAllowed,
    WindowClosed,
)
from dispatch.domain.events import AppealChanged
from dispatch.domain.judging_terms import AppealState, Measure
from dispatch.domain.people import Actor
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.rules import Rules
from dispatch.domain.terms import AttachmentPart, NoticeKind, ReasonUse
from dispatch.domain.vocabulary import Role
from dispatch.models.followups import FollowUp
from dispatch.models.judging import Appeal, Review
from dispatch.models.tickets import Ticket
from dispatch.service import attachments, exclusions
from dispatch.service.access import require_role, ticket_for
from dispatch.service.appeal_standing import due, standings, window_from
from dispatch.service.attachments import Taken
from dispatch.service.notices import tell

OPEN = (AppealState.PENDING.value, AppealState.FIRST_GRANTED.value)
LONGEST = 4000
"""Characters of a statement, a basis or a ruling that are taken."""


@dataclass(frozen=True, kw_only=True)
class AppealForm:
    """What the unit fills in; `reason` is a code of the catalogue, use `exclusion`."""

    measure: Measure
    reason: str
    statement: str
    basis: str = ""


def ask(
    session: Session,
    actor: Actor,
    number: str,
    form: AppealForm,
    rules: Rules,
    *,
    evidence: Sequence[Taken] = (),
    now: datetime,
) -> Appeal:
    """Appeal, with the files that show why; nothing is left out until two people have agreed.

    Raises:
        WindowClosed: too early or too late.
        ActionNotAllowed: an appeal waits already, or was decided for this result.
        InvalidInput: the measure does not count against the unit, or something is missing.
    """
    require_role(actor, Role.DEPARTMENT)
    ticket = ticket_for(session, actor, number, for_update=True)
    unit = actor.department_id
    if unit is None:
        raise RoleNotAllowed
    _check_window(session, ticket, rules, now)
    standing = {one.measure: one for one in standings(session, ticket, unit, rules, now=now)}
    judged = standing.get(form.measure)
    if judged is None:
        raise InvalidInput(f"这件工单的{form.measure.label}不由您的单位承担", field="measure")
    if not judged.missed:
        raise InvalidInput(
            f"这件工单的{form.measure.label}是“{judged.words}”，没有扣您单位的分，不需要申诉",
            field="measure",
        )
    _check_earlier(session, ticket, unit, form.measure)
    _check_words(form, rules)
    appeal = Appeal(
        ticket_id=ticket.id,
        department_id=unit,
        measure=form.measure.value,
        state=AppealState.PENDING.value,
        reason=form.reason,
        statement=form.statement.strip()[:LONGEST],
        basis=form.basis.strip()[:LONGEST],
        asked_by_id=actor.staff_id,
        asked_at=now,
        due_at=due(rules, rules.profile.appeal.decide_within, now),
    )
    session.add(appeal)
    session.flush()
    if evidence:
        attachments.put(session, actor, ticket, AttachmentPart.APPEAL, evidence, rules, now=now)
    _record(session, actor, appeal, appeal.statement, now)
    words = f"{actor.name}对工单 {ticket.number} 的{form.measure.label}提出考核申诉"
    tell(session, NoticeKind.APPEAL, words, ticket_id=ticket.id, role=Role.CENTER, now=now)
    return appeal


def withdraw(session: Session, actor: Actor, appeal_id: int, *, now: datetime) -> Appeal:
    """Take back the unit's own appeal while nobody has decided it to the end."""
    appeal, _ = _locked(session, appeal_id)
    if actor.role is not Role.DEPARTMENT or actor.department_id != appeal.department_id:
        raise RoleNotAllowed("只有提出申诉的单位可以撤回")
    appeal.state = AppealState.WITHDRAWN.value
    _record(session, actor, appeal, "", now)
    return appeal


def decide(
    session: Session,
    actor: Actor,
    appeal_id: int,
    *,
    grant: bool,
    words: str,
    rules: Rules,
    now: datetime,
) -> Appeal:
    """初审 or 复审: agree to leave the ticket out, or refuse and end the matter.

    Raises:
        OwnRequest: the actor asked the requester, or made the first decision.
        InvalidInput: no reason was given; units and reports read it.
        ActionNotAllowed: it is decided already.
    """
    require_role(actor, Role.CENTER)
    appeal, ticket = _locked(session, appeal_id)
    if (no := why_not(session, actor, appeal)) is not None:
        raise OwnRequest(no)
    said = words.strip()[:LONGEST]
    if not said:
        raise InvalidInput("请写明理由，申诉单位和报表都会看到", field="words")
    first = appeal.state == AppealState.PENDING.value
    if first:
        appeal.first_by_id, appeal.first_at, appeal.first_words = actor.staff_id, now, said
    else:
        appeal.second_by_id, appeal.second_at, appeal.second_words = actor.staff_id, now, said
    if not grant:
        appeal.state = AppealState.DENIED.value
    elif first and rules.profile.appeal.deciders > 1:
        appeal.state = AppealState.FIRST_GRANTED.value
    else:
        appeal.state = AppealState.GRANTED.value
        exclusions.leave_out(session, appeal, now)
    _record(session, actor, appeal, said, now)
    _tell_unit(session, appeal, ticket, said, now)
    return appeal


def why_not(session: Session, actor: Actor, appeal: Appeal) -> str | None:
    """Why this person may not make the next decision, as a sentence; None when they may."""
    if actor.staff_id is None:
        return None
    if appeal.state == AppealState.FIRST_GRANTED.value and appeal.first_by_id == actor.staff_id:
        return "初审是您作出的，复审须由热线中心的另一位同事决定"
    asked = session.scalar(
        select(FollowUp.id)
        .where(FollowUp.ticket_id == appeal.ticket_id, FollowUp.asked_by_id == actor.staff_id)
        .limit(1)
    )
    if asked is not None:
        return "这件工单是您回访的，申诉须由没有参与回访的同事决定"
    reviewed = session.scalar(
        select(Review.id)
        .where(Review.ticket_id == appeal.ticket_id, Review.decided_by_id == actor.staff_id)
        .limit(1)
    )
    if reviewed is not None:
        return "这件工单的评价是您复核的，申诉须由没有参与复核的同事决定"
    return None


def _check_window(session: Session, ticket: Ticket, rules: Rules, now: datetime) -> None:
    start = window_from(session, ticket)
    if start is None:
        raise WindowClosed("这件工单还没有回访或结案，有结果以后才能申诉")
    until = due(rules, rules.profile.appeal.within, start)
    if now > until:
        raise WindowClosed(
            f"申诉应在回访结束后 {rules.profile.appeal.within.words}内提出，"
            f"这件工单已于 {to_the_minute(until)} 截止"
        )


def _check_earlier(session: Session, ticket: Ticket, unit: int, measure: Measure) -> None:
    """Refuse while an appeal waits, and again for a result that was decided on."""
    earlier = session.scalars(
        select(Appeal).where(
            Appeal.ticket_id == ticket.id,
            Appeal.department_id == unit,
            Appeal.measure == measure.value,
            Appeal.state != AppealState.WITHDRAWN.value,
        )
    ).all()
    if exclusions.holds(session, ticket.id, unit, measure):
        raise ActionNotAllowed(f"这件工单已经不计入您单位的{measure.label}，不需要再申诉")
    if any(appeal.state in OPEN for appeal in earlier):
        raise ActionNotAllowed(f"对{measure.label}已有一项申诉在等待决定，请等结果或先撤回")
    judged_at = window_from(session, ticket)
    if any(judged_at is None or appeal.asked_at >= judged_at for appeal in earlier):
        raise ActionNotAllowed(f"对{measure.label}的申诉已经有了决定，同一结果不能再次申诉")


def _check_words(form: AppealForm, rules: Rules) -> None:
    reason = reason_of(rules.profile.reasons, ReasonUse.EXCLUSION, form.reason)
    if not form.statement.strip():
        hint = f"：{reason.says}" if reason.says else ""
        raise InvalidInput(f"请写明申诉的事实{hint}", field="statement")
    if reason.basis_required and not form.basis.strip():
        raise InvalidInput(f"以“{reason.label}”为由须写明依据：{reason.says}", field="basis")


def _locked(session: Session, appeal_id: int) -> tuple[Appeal, Ticket]:
    """An open appeal with its ticket, the ticket locked first as everywhere."""
    ticket_id = session.scalar(select(Appeal.ticket_id).where(Appeal.id == appeal_id))
    if ticket_id is None:
        raise NotFound("没有找到这项申诉")
    ticket = session.get_one(Ticket, ticket_id, with_for_update=True)
    appeal = session.get_one(Appeal, appeal_id, with_for_update=True, populate_existing=True)
    if appeal.state not in OPEN:
        label = AppealState(appeal.state).label
        raise ActionNotAllowed(f"这项申诉现在是“{label}”，不能再作决定")
    return appeal, ticket


def _record(session: Session, actor: Actor, appeal: Appeal, words: str, now: datetime) -> None:
    fact = AppealChanged(
        at=now,
        ticket_id=appeal.ticket_id,
        appeal_id=appeal.id,
        measure=appeal.measure,
        state=appeal.state,
        reason=words[:500],
    )
    record(session, actor, fact)


def _tell_unit(session: Session, appeal: Appeal, ticket: Ticket, said: str, now: datetime) -> None:
    state = AppealState(appeal.state)
    measure = Measure(appeal.measure).label
    words = {
        AppealState.FIRST_GRANTED: f"工单 {ticket.number} 的{measure}申诉初审同意，等待复审",
        AppealState.GRANTED: f"工单 {ticket.number} 不再计入{measure}：{said}",
        AppealState.DENIED: f"工单 {ticket.number} 的{measure}申诉没有通过：{said}",
    }[state]
    unit = appeal.department_id
    tell(session, NoticeKind.APPEAL, words, ticket_id=ticket.id, department_id=unit, now=now)
