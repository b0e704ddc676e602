"""When a ticket's clocks run out: the rules of a profile applied to a start moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from dispatch.domain.counting import MINUTES, limit_before, limit_due
from dispatch.domain.limits import Evidence, Limit, LimitMeaning, LimitRule, LimitUnit, Mark
from dispatch.domain.profile import ClockStart, PolicyProfile, RedAfter
from dispatch.domain.terms import SupervisionLevel
from dispatch.domain.vocabulary import RequestKind, Urgency
from dispatch.domain.worktime import WorkCalendar, local


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A running limit. All moments are aware, on the wall clock of Asia/Shanghai.

    `warn_at` is the yellow card, `red_at` the red one; `remind_at` is when a unit that has not
    signed is reminded. `interim_by` is set when a statutory
    limit is longer than the hotline's: the resident must have heard of the progress by then.
    `working_days` is None for limits in hours or natural days. `rule` is the sentence people
    read: the limit, how it is counted, and its source.
    """

    started_at: datetime
    due_at: datetime
    warn_at: datetime
    red_at: datetime
    acknowledge_by: datetime
    remind_at: datetime
    interim_by: datetime | None
    limit: Limit
    means: LimitMeaning
    working_days: int | None
    rule: str
    evidence: Evidence
    calendar_version: str
    provisional: bool


def clock_for(
    profile: PolicyProfile,
    calendar: WorkCalendar,
    *,
    kind: RequestKind,
    urgency: Urgency,
    start: datetime,
    source_level: str | None = None,
    category: str | None = None,
    unit_class: str | None = None,
    stated: Limit | None = None,
    statutory: Limit | None = None,
) -> Clock:
    """Return the handling clock of a ticket that starts at `start` (aware).

    `stated` is the limit written on the ticket itself (北京条例第十二条, or an upper-level
    platform's own limit) and replaces the profile's. `statutory` is a limit set by law; when it
    ends later it prevails, and the hotline's own limit becomes the interim reply
    (济南条例第二十四条第二项).
    """
    calendar = calendar.with_hours(profile.hours)
    start = local(start)
    rule = profile.rule_for(kind, urgency, source_level, category, unit_class)
    if stated is not None:
        mark = Mark(profile.evidence, "派单时在工单上载明的时限")
        rule = replace(rule, limit=stated, mark=mark, means=LimitMeaning.HANDLING, generation=0)
        rule = replace(rule, sentence=profile.sentence_of(rule))
    signing = profile.acknowledge_rule_for(kind, urgency, source_level, category, unit_class)
    clock = _clock(profile, calendar, rule, start, signing.limit)
    if statutory is None:
        return clock
    sentence = (
        f"法定时限 {statutory.words}，从其规定；{clock.due_at:%Y-%m-%d %H:%M} 前须先向诉求人"
        f"反馈进展并告知法定时限。{rule.sentence}"
    )
    law = replace(rule, limit=statutory, means=LimitMeaning.HANDLING, sentence=sentence)
    lawful = _clock(profile, calendar, law, start, signing.limit)
    return replace(lawful, interim_by=clock.due_at) if lawful.due_at > clock.due_at else clock


def redo_clock(
    profile: PolicyProfile,
    calendar: WorkCalendar,
    *,
    kind: RequestKind,
    urgency: Urgency,
    start: datetime,
    source_level: str | None = None,
    category: str | None = None,
    unit_class: str | None = None,
) -> Clock:
    """Return the clock of a second handling (重办) sent back at `start`.

    The profile's own redo limit, or its share of the original limit: rounded up to whole units,
    and for day limits not under the floor.
    """
    rule = profile.rule_for(kind, urgency, source_level, category, unit_class)
    limit = redo_limit(profile, rule.limit)
    mark = profile.mark_of("redo.limit" if profile.redo.limit else "redo.share")
    sentence = f"{profile.label}：重办时限 {limit.words}，{limit.counting}。{mark.cited}"
    calendar = calendar.with_hours(profile.hours)
    start = local(start)
    signing = profile.acknowledge_rule_for(kind, urgency, source_level, category, unit_class)
    redo = replace(rule, limit=limit, mark=mark, means=LimitMeaning.HANDLING, sentence=sentence)
    return _clock(profile, calendar, redo, start, signing.limit)


def moved(profile: PolicyProfile, calendar: WorkCalendar, clock: Clock, due: datetime) -> Clock:
    """Return the clock with another due time; its cards fall due relative to the new one."""
    calendar, due = calendar.with_hours(profile.hours), local(due)
    return replace(
        clock,
        due_at=due,
        warn_at=_warn_at(profile, calendar, clock.limit, clock.started_at, due),
        red_at=_red_at(profile, calendar, clock.limit, due),
        acknowledge_by=min(clock.acknowledge_by, due),
        remind_at=min(clock.remind_at, due),
    )


def ladder_at(
    profile: PolicyProfile, calendar: WorkCalendar, due_at: datetime, step: int
) -> datetime | None:
    """Return when step number `step` (from 0) of the escalation ladder is taken."""
    if step >= len(profile.ladder):
        return None
    return limit_due(profile.ladder[step].after, calendar.with_hours(profile.hours), due_at)


def redo_limit(profile: PolicyProfile, original: Limit) -> Limit:
    """Return the limit of a second handling of a ticket whose first limit was `original`."""
    rules = profile.redo
    if rules.limit is not None:
        return rules.limit
    if original.unit in MINUTES:
        per_unit = MINUTES[original.unit]
        natural = original.unit.is_natural_time
        unit = LimitUnit.MINUTE if natural else LimitUnit.WORKING_MINUTE
        minutes = ceil(original.amount * per_unit * rules.share)
        if minutes % per_unit == 0:
            return replace(original, amount=minutes // per_unit)
        return replace(original, amount=minutes, unit=unit)
    floor = rules.at_least.amount if rules.at_least.unit is original.unit else 1
    return replace(original, amount=max(ceil(original.amount * rules.share), floor))


def handling_start(
    profile: PolicyProfile,
    dispatched_at: datetime,
    acknowledge_by: datetime,
    acknowledged_at: datetime | None = None,
) -> datetime:
    """Return the moment the handling clock starts.

    Usually the dispatch. Where a city lets it start at 签收, silence cannot hold it back: an
    unsigned ticket starts when it should have been signed.
    """
    if profile.clock.starts is ClockStart.DISPATCH:
        return dispatched_at
    return min(acknowledged_at, acknowledge_by) if acknowledged_at else acknowledge_by


def return_by(profile: PolicyProfile, calendar: WorkCalendar, dispatched_at: datetime) -> datetime:
    """Return until when the unit may ask to send the ticket back (退单)."""
    return limit_due(profile.returning.window, calendar.with_hours(profile.hours), dispatched_at)


def follow_up_by(profile: PolicyProfile, calendar: WorkCalendar, audited_at: datetime) -> datetime:
    """Return until when the resident must have been asked (回访)."""
    return limit_due(profile.follow_up.within, calendar.with_hours(profile.hours), audited_at)


def supervision_due(
    profile: PolicyProfile,
    calendar: WorkCalendar,
    ordered_at: datetime,
    *,
    level: SupervisionLevel = SupervisionLevel.DAILY,
) -> datetime:
    """Return until when a supervision order (督办) of this level must be answered."""
    limit = profile.supervision.limit_of(level)
    return limit_due(limit, calendar.with_hours(profile.hours), ordered_at)


def extension_apply_by(
    profile: PolicyProfile, calendar: WorkCalendar, started_at: datetime, due_at: datetime
) -> datetime:
    """Return the last moment at which an extension (延期) may be asked for.

    A limit too short to be asked that early may be asked for until it is due.
    """
    before, due_at = profile.extension.apply_before, local(due_at)
    if before is None:
        return due_at
    early = limit_before(before, calendar.with_hours(profile.hours), due_at)
    return early if early > started_at else due_at


def extended_due(
    profile: PolicyProfile, calendar: WorkCalendar, due_at: datetime, extension: Limit
) -> datetime:
    """Return the new due time: the extension counted on from the old due time."""
    return limit_due(extension, calendar.with_hours(profile.hours), due_at)


def _clock(
    profile: PolicyProfile,
    calendar: WorkCalendar,
    rule: LimitRule,
    start: datetime,
    signing: Limit,
) -> Clock:
    limit = rule.limit
    signed_by = limit_due(signing, calendar, start)
    due = limit_due(limit, calendar, start)
    natural = limit.unit.is_natural_time
    provisional = not natural and calendar.is_provisional(start.date(), due.date())
    sentence = rule.sentence
    if provisional:
        sentence += "所跨年份的放假通知尚未公布，日期暂定。"
    return Clock(
        started_at=start,
        due_at=due,
        warn_at=_warn_at(profile, calendar, limit, start, due),
        red_at=_red_at(profile, calendar, limit, due),
        acknowledge_by=min(signed_by, due),
        remind_at=min(_remind_at(profile, calendar, signing, start, signed_by), due),
        interim_by=None,
        limit=limit,
        means=rule.means,
        working_days=limit.amount if limit.unit is LimitUnit.WORKING_DAY else None,
        rule=sentence,
        evidence=rule.mark.evidence,
        calendar_version=calendar.version,
        provisional=provisional,
    )


def _remind_at(
    profile: PolicyProfile,
    calendar: WorkCalendar,
    signing: Limit,
    start: datetime,
    signed_by: datetime,
) -> datetime:
    share = profile.clock.sign_reminder
    if signing.unit.is_natural_time:
        return start + (signed_by - start) * share
    elapsed = calendar.working_time_between(start, signed_by) * share
    return calendar.add_working_time(start, timedelta(seconds=round(elapsed.total_seconds())))


def _warn_at(
    profile: PolicyProfile, calendar: WorkCalendar, limit: Limit, start: datetime, due: datetime
) -> datetime:
    """The yellow card: whole days before due, or after a share of a limit too short for that."""
    if limit.unit.is_day:
        early = limit_before(profile.warning.yellow_before, calendar, due)
        if early > start:
            return early
    share = profile.warning.elapsed_fraction
    if limit.unit.is_natural_time:
        return start + (due - start) * share
    elapsed = calendar.working_time_between(start, due) * share
    return calendar.add_working_time(start, timedelta(seconds=round(elapsed.total_seconds())))


def _red_at(
    profile: PolicyProfile, calendar: WorkCalendar, limit: Limit, due: datetime
) -> datetime:
    if profile.warning.red is RedAfter.DUE or not limit.unit.is_day:
        return due
    return calendar.opening_of(calendar.next_working_day(due.date()))
