"""申请: a unit asks for a return, more time, a hold, a promise or an end; and takes it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.adjustments import committed
from dispatch.domain.conduct import reason_of
from dispatch.domain.deadlines import extended_due
from dispatch.domain.errors import (
    InvalidInput,
    NotFound,
    PolicyError,
    WindowClosed,
)
from dispatch.domain.events import Applied
from dispatch.domain.lifecycle import APPLY
from dispatch.domain.limits import Limit
from dispatch.domain.people import Actor
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.rules import Rules
from dispatch.domain.standing import Option
from dispatch.domain.terms import ApplicationKind, ApplicationState, NoticeKind, ReasonUse
from dispatch.domain.vocabulary import Action, Role
from dispatch.models.handling import Application
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import avoidance
from dispatch.service.application_queries import option
from dispatch.service.application_rows import pending_application, take_back
from dispatch.service.change import begin, department_of, own_share
from dispatch.service.notices import tell

RULED_BY_CENTRE = frozenset({ApplicationKind.COMMITMENT, ApplicationKind.TERMINATION})


@dataclass(frozen=True, kw_only=True)
class ApplicationForm:
    """What the unit fills in; `suggested` is a unit's code, `limit` such as "5 working_day".

    `until` is a moment, or a date, which lasts until its close of business.
    """

    kind: ApplicationKind
    reason_code: str
    reason: str
    basis: str = ""
    suggested: str | None = None
    until: datetime | date | None = None
    limit: str | None = None


def apply(
    session: Session,
    actor: Actor,
    number: str,
    form: ApplicationForm,
    rules: Rules,
    *,
    expected: int | None = None,
    now: datetime,
) -> Application:
    """申请: put a question to the centre; until it is ruled on, every clock goes on running.

    Raises:
        ReturnForbidden, ReturnWindowClosed, WindowClosed, TooManyTimes, NotByPolicy,
        ApplicationPending: the rule that forbids asking, see `domain.asking`.
        InvalidInput: something the reason calls for is missing, or too much was asked for.
    """
    ticket, _ = begin(session, actor, number, APPLY[form.kind], expected)
    share = own_share(session, actor, ticket)
    found = option(session, actor, ticket, share, form.kind, rules, now)
    if found.refusal is not None:
        raise found.refusal
    _check_words(form, rules)
    suggested = _suggested(session, ticket, share, form, rules)
    until, limit = asked_for(
        form.kind, share, found, rules, until=form.until, limit=form.limit, now=now
    )
    application = Application(
        ticket_id=ticket.id,
        assignment_id=share.id,
        department_id=share.department_id,
        kind=form.kind.value,
        state=ApplicationState.PENDING.value,
        reason_code=form.reason_code,
        reason=form.reason.strip(),
        basis=form.basis.strip(),
        suggested_id=suggested.id if suggested else None,
        until=until,
        limit=limit,
        higher=found.higher,
        asked_by_id=actor.staff_id,
        asked_at=now,
        old_due_at=share.due_at,
    )
    session.add(application)
    session.flush()
    _announce(session, actor, ticket, application, now)
    return application


def withdraw(
    session: Session,
    actor: Actor,
    number: str,
    application_id: int,
    *,
    expected: int | None = None,
    now: datetime,
) -> Application:
    """撤回申请: the unit no longer asks."""
    ticket, _ = begin(session, actor, number, Action.WITHDRAW_APPLICATION, expected)
    own_share(session, actor, ticket)
    application = pending_application(session, ticket, application_id)
    if application.department_id != actor.department_id:
        raise NotFound("没有找到这项申请")
    take_back(session, actor, ticket, application, "", now)
    return application


def asked_for(
    kind: ApplicationKind,
    share: Assignment,
    found: Option,
    rules: Rules,
    *,
    until: datetime | date | None,
    limit: str | None,
    now: datetime,
) -> tuple[datetime | None, str | None]:
    """The moment asked for, with the length of an extension.

    Raises:
        InvalidInput: none was named, or it lies too far off or in the past.
    """
    if kind in {ApplicationKind.RETURN, ApplicationKind.TERMINATION}:
        return None, None
    if kind is ApplicationKind.EXTENSION:
        return _longer(share, found, rules, limit)
    if until is None:
        raise InvalidInput(f"请选择{kind.label}到哪一天", field="until")
    moment = _moment(kind, until, rules)
    least = max(now, share.due_at or now) if kind is ApplicationKind.COMMITMENT else now
    if moment <= least:
        raise InvalidInput(f"日期应晚于 {to_the_minute(least)}", field="until")
    if found.latest is not None and moment > found.latest:
        raise InvalidInput(f"最晚到 {to_the_minute(found.latest)}。{found.rule}", field="until")
    return moment, None


def _longer(
    share: Assignment, found: Option, rules: Rules, limit: str | None
) -> tuple[datetime, str]:
    if share.due_at is None or found.longest is None:
        raise WindowClosed
    if not limit:
        raise InvalidInput("请写明需要延期多久", field="limit")
    try:
        wanted = Limit.parse(limit)
        due = extended_due(rules.profile, rules.calendar, share.due_at, wanted)
    except PolicyError:
        raise InvalidInput("延期的长度应是正整数，例如 3 个工作日", field="limit") from None
    if found.latest is not None and due > found.latest:
        raise InvalidInput(
            f"每次延期不超过 {found.longest.words}（到 {to_the_minute(found.latest)}）。"
            f"{found.rule}",
            field="limit",
        )
    return due, f"{wanted.amount} {wanted.unit.value}"


def _moment(kind: ApplicationKind, until: datetime | date, rules: Rules) -> datetime:
    if isinstance(until, datetime):
        return until
    calendar = rules.calendar.with_hours(rules.profile.hours)
    if kind is ApplicationKind.COMMITMENT:
        return committed(calendar, calendar.close_of(until))
    return calendar.close_of(until)


def _check_words(form: ApplicationForm, rules: Rules) -> None:
    reason = reason_of(rules.profile.reasons, ReasonUse(form.kind.value), form.reason_code)
    if not form.reason.strip():
        raise InvalidInput(
            f"请写明具体情况{'：' + reason.says if reason.says else ''}", field="reason"
        )
    if reason.basis_required and not form.basis.strip():
        raise InvalidInput(
            f"以“{reason.label}”为由须写明法律或职责依据，例如三定方案、派单目录的条目",
            field="basis",
        )


def _suggested(
    session: Session, ticket: Ticket, share: Assignment, form: ApplicationForm, rules: Rules
) -> Department | None:
    """The unit that should get a returned ticket instead, checked."""
    if form.kind is not ApplicationKind.RETURN:
        return None
    if not form.suggested:
        if not rules.profile.returning.suggested_unit_required:
            return None
        mark = rules.profile.mark_of("return.suggested_unit_required")
        raise InvalidInput(f"退单须写明建议由哪个单位承办。{mark.cited}", field="suggested")
    unit = department_of(session, form.suggested)
    if unit.id == share.department_id:
        raise InvalidInput("建议的承办单位不能是本单位", field="suggested")
    avoidance.check(session, ticket, unit)
    return unit


def _announce(
    session: Session, actor: Actor, ticket: Ticket, application: Application, now: datetime
) -> None:
    kind = ApplicationKind(application.kind)
    fact = Applied(
        at=now,
        ticket_id=ticket.id,
        application_id=application.id,
        application=kind.value,
        reason=application.reason,
        until=application.until,
    )
    record(session, actor, fact, status=ticket.status)
    words = f"{actor.name}对工单 {ticket.number} 申请{kind.label}：{application.reason}"
    role = Role.CENTER if kind in RULED_BY_CENTRE or application.higher else Role.DISPATCHER
    tell(session, NoticeKind.APPLIED, words, ticket_id=ticket.id, role=role, now=now)
