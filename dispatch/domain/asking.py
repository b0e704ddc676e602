"""What a unit may ask the centre for, until when and how often, by the city's policy.

One answer serves the rules box of the unit's page and the asking itself.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from dispatch.domain.adjustments import committed
from dispatch.domain.conduct import reasons_for
from dispatch.domain.counting import limit_due
from dispatch.domain.deadlines import extended_due, extension_apply_by, return_by
from dispatch.domain.errors import (
    ActionNotAllowed,
    HotlineError,
    NotByPolicy,
    ReturnForbidden,
    ReturnWindowClosed,
    TooManyTimes,
    WindowClosed,
)
from dispatch.domain.profile import PolicyProfile
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.rules import Rules
from dispatch.domain.standing import Option, Standing
from dispatch.domain.terms import ApplicationKind, ReasonUse
from dispatch.domain.worktime import WorkCalendar, local

COORDINATE = "或请热线中心协调、改派"


def option_of(kind: ApplicationKind, standing: Standing, rules: Rules, now: datetime) -> Option:
    """What the policy says of one kind of application at this moment."""
    profile = rules.profile
    found = _BY_KIND[kind](standing, profile, rules.calendar.with_hours(profile.hours), now)
    if found.allowed and not reasons_for(profile.reasons, ReasonUse(kind.value)):
        return replace(found, refusal=_not_by_policy(profile, kind))
    return found


def _return(s: Standing, profile: PolicyProfile, calendar: WorkCalendar, now: datetime) -> Option:
    rules = profile.returning
    until = s.return_by or return_by(profile, calendar, s.dispatched_at)
    rule = (
        f"{profile.label}：派单后 {rules.window.words}内可以申请退单，每个单位对一张工单至多 "
        f"{rules.max_times} 次；退单所用时间计入办理时限。{_cited(profile, 'return.window')}"
    )
    return Option(
        kind=ApplicationKind.RETURN,
        rule=rule,
        until=until,
        left=max(rules.max_times - s.returns, 0),
        refusal=_no_return(s, profile, until, now),
    )


def _no_return(
    s: Standing, profile: PolicyProfile, until: datetime, now: datetime
) -> HotlineError | None:
    rules = profile.returning
    if s.denied_at is not None:
        return ReturnForbidden(
            f"本单位的退单申请已于 {to_the_minute(s.denied_at)} 被驳回，不得再次退回，请继续办理；"
            f"可以申请延期，{COORDINATE}。{_cited(profile, 'return.after_designation')}"
        )
    if s.designated and not rules.after_designation:
        return ReturnForbidden(
            "这张工单由热线中心直接指定本单位承办，不得退回；请先行办理，可以申请延期，"
            f"{COORDINATE}。{_cited(profile, 'return.after_designation')}"
        )
    if s.returns >= rules.max_times:
        return TooManyTimes(
            f"本单位对这张工单已申请退单 {s.returns} 次，至多 {rules.max_times} 次；请继续办理，"
            f"{COORDINATE}。{_cited(profile, 'return.max_times')}"
        )
    if now > until:
        return ReturnWindowClosed(
            f"退单须在派单后 {rules.window.words}内提出，已于 {to_the_minute(until)} 截止；"
            f"可以申请延期，{COORDINATE}。{_cited(profile, 'return.window')}"
        )
    return None


def _extension(
    s: Standing, profile: PolicyProfile, calendar: WorkCalendar, now: datetime
) -> Option:
    rules, kind = profile.extension, ApplicationKind.EXTENSION
    longest = rules.longest or s.limit
    if s.due_at is None or longest is None:
        return Option(kind=kind, rule="", refusal=_not_by_policy(profile, kind))
    until = extension_apply_by(profile, calendar, s.started_at, s.due_at)
    higher = s.extensions >= 1 and rules.further_needs_higher_approver
    rule = (
        f"{profile.label}：{to_the_minute(until)} 以前可以申请延期，至多 {rules.max_times} 次，"
        f"每次不超过 {longest.words}{'；再次延期须由热线中心负责人审批' if higher else ''}。"
        f"{_cited(profile, 'extension.max_times')}"
    )
    refusal: HotlineError | None = None
    if s.extensions >= rules.max_times:
        refusal = TooManyTimes(
            f"本单位这一轮已延期 {s.extensions} 次，至多 {rules.max_times} 次；请按时办结，"
            f"确有客观原因的请联系热线中心协调。{_cited(profile, 'extension.max_times')}"
        )
    elif now > until:
        refusal = WindowClosed(
            f"延期须在到期前按规定的提前量提出，已于 {to_the_minute(until)} 截止（到期时间 "
            f"{to_the_minute(s.due_at)}）；请尽快办结，并向诉求人说明进展。"
            f"{_cited(profile, 'extension.apply_before')}"
        )
    return Option(
        kind=kind,
        rule=rule,
        until=until,
        left=max(rules.max_times - s.extensions, 0),
        latest=extended_due(profile, calendar, s.due_at, longest),
        longest=longest,
        higher=higher,
        refusal=refusal,
    )


def _hold(s: Standing, profile: PolicyProfile, calendar: WorkCalendar, now: datetime) -> Option:
    rules, kind = profile.hold, ApplicationKind.HOLD
    if rules.max_times == 0:
        return Option(kind=kind, rule="", refusal=_not_by_policy(profile, kind))
    rule = (
        f"{profile.label}：到期前可以申请挂起，至多 {rules.max_times} 次，最长 "
        f"{rules.longest.words}；挂起期间时限暂停，可以提前恢复。{_cited(profile, 'hold.longest')}"
    )
    refusal = _after_due(s, kind, now)
    if s.held_until is not None and s.held_until > now:
        refusal = ActionNotAllowed(
            f"时限已经挂起，到 {to_the_minute(s.held_until)} 自动恢复；需要提前办理请按“恢复计时”"
        )
    elif s.holds >= rules.max_times:
        refusal = TooManyTimes(
            f"本单位这一轮已挂起 {s.holds} 次，至多 {rules.max_times} 次；请按时办结，"
            f"或申请延期。{_cited(profile, 'hold.max_times')}"
        )
    return Option(
        kind=kind,
        rule=rule,
        until=s.due_at,
        left=max(rules.max_times - s.holds, 0),
        latest=limit_due(rules.longest, calendar, now),
        refusal=refusal,
    )


def _commitment(
    s: Standing, profile: PolicyProfile, calendar: WorkCalendar, now: datetime
) -> Option:
    months, kind = profile.extension.commitment_max_months, ApplicationKind.COMMITMENT
    if months == 0:
        return Option(kind=kind, rule="", refusal=_not_by_policy(profile, kind))
    rule = (
        f"{profile.label}：到期前可以申请承诺办理，承诺的日期不晚于起算后 {months} 个月，"
        f"由热线中心审核并告知诉求人。{_cited(profile, 'extension.commitment_max_months')}"
    )
    return Option(
        kind=kind,
        rule=rule,
        until=s.due_at,
        latest=committed(calendar, _months_after(s.started_at, months)),
        refusal=_after_due(s, kind, now),
    )


def _termination(
    s: Standing, profile: PolicyProfile, _calendar: WorkCalendar, now: datetime
) -> Option:
    kind = ApplicationKind.TERMINATION
    reasons = reasons_for(profile.reasons, ReasonUse.TERMINATION)
    source = reasons[0].mark.cited if reasons else ""
    rule = f"到期前可以书面申请终止办理，由热线中心审核并向诉求人说明理由。{source}"
    return Option(kind=kind, rule=rule, until=s.due_at, refusal=_after_due(s, kind, now))


def _after_due(s: Standing, kind: ApplicationKind, now: datetime) -> HotlineError | None:
    if s.due_at is None or now <= s.due_at:
        return None
    return WindowClosed(
        f"{kind.label}须在到期前提出，已于 {to_the_minute(s.due_at)} 截止；"
        "请尽快办结，并向诉求人和热线中心说明情况"
    )


def _not_by_policy(profile: PolicyProfile, kind: ApplicationKind) -> NotByPolicy:
    keys = {
        ApplicationKind.COMMITMENT: "extension.commitment_max_months",
        ApplicationKind.HOLD: "hold.max_times",
    }
    return NotByPolicy(
        f"“{profile.label}”没有{kind.label}这种办理方式；请按时办结，"
        f"确有困难请联系热线中心协调。{_cited(profile, keys.get(kind, ''))}"
    )


def _cited(profile: PolicyProfile, key: str) -> str:
    return profile.marks[key].cited if key in profile.marks else ""


def _months_after(start: datetime, months: int) -> datetime:
    """The same day so many months on, or the month's last (民法典 202)."""
    here = local(start)
    year, month = divmod(here.year * 12 + here.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return here.replace(year=year, month=month + 1, day=min(here.day, last))


_BY_KIND: Mapping[
    ApplicationKind,
    Callable[[Standing, PolicyProfile, WorkCalendar, datetime], Option],
] = {
    ApplicationKind.RETURN: _return,
    ApplicationKind.EXTENSION: _extension,
    ApplicationKind.HOLD: _hold,
    ApplicationKind.COMMITMENT: _commitment,
    ApplicationKind.TERMINATION: _termination,
}
