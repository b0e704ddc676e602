"""The clock of a unit's share: started at dispatch, kept over transfers, mirrored to the ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.conduct import OnTransfer
from dispatch.domain.counting import limit_due
from dispatch.domain.deadlines import Clock, handling_start, ladder_at, moved, return_by
from dispatch.domain.limits import Limit
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Urgency
from dispatch.domain.worktime import WorkCalendar
from dispatch.models.catalog import Category
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket


def dispatch_clock(
    session: Session, ticket: Ticket, unit: Department, rules: Rules, *, start: datetime
) -> Clock:
    """The clock of a dispatch to this unit, by everything the ticket says."""
    category = None
    if ticket.category_id is not None:
        category = session.scalar(select(Category.code).where(Category.id == ticket.category_id))
    return clock_of(ticket, category, unit.kind, rules, start=start)


def clock_of(
    ticket: Ticket,
    category: str | None,
    unit_class: str,
    rules: Rules,
    *,
    start: datetime,
    signed_at: datetime | None = None,
) -> Clock:
    """The same for a category's code and a class of unit; asks no database.

    Where the city lets the clock start at 签收, it counts from the signature, or from when the
    ticket should have been signed: silence holds no clock back.
    """
    sent = _from(ticket, category, unit_class, rules, start)
    begins = handling_start(rules.profile, sent.started_at, sent.acknowledge_by, signed_at)
    if begins == sent.started_at:
        return sent
    clock = _from(ticket, category, unit_class, rules, begins)
    return replace(clock, acknowledge_by=sent.acknowledge_by, remind_at=sent.remind_at)


def _from(
    ticket: Ticket, category: str | None, unit_class: str, rules: Rules, start: datetime
) -> Clock:
    return rules.clock(
        kind=RequestKind(ticket.kind),
        urgency=Urgency(ticket.urgency),
        start=start,
        round_=ticket.round,
        category=category,
        unit_class=unit_class,
        source_level=ticket.source_level,
        stated=limit_from(ticket.stated_limit),
        statutory=limit_from(ticket.statutory_limit),
    )


def after_transfer(rules: Rules, clock: Clock, promised: datetime | None) -> Clock:
    """The clock of a unit that gets a ticket another unit had.

    What was promised to the requester stays: time spent with the wrong unit, and with returning,
    counts. The new unit still gets at least the policy's floor, and never more than its own limit.
    """
    profile = rules.profile
    if promised is None or profile.transfer.clock is OnTransfer.RESTART:
        return clock
    calendar = rules.calendar.with_hours(profile.hours)
    floor = limit_due(profile.transfer.floor, calendar, clock.started_at)
    return moved(profile, calendar, clock, min(clock.due_at, max(promised, floor)))


def set_clock(share: Assignment, clock: Clock, rules: Rules) -> None:
    """Write a clock into a share; the first due time is kept as promised."""
    share.started_at = clock.started_at
    share.acknowledge_by, share.remind_at = clock.acknowledge_by, clock.remind_at
    share.warn_at, share.due_at, share.red_at = clock.warn_at, clock.due_at, clock.red_at
    share.interim_by = clock.interim_by
    share.limit = f"{clock.limit.amount} {clock.limit.unit.value}"
    share.clock_rule, share.calendar_version = clock.rule, clock.calendar_version
    share.promised_at = share.promised_at or clock.due_at
    share.return_by = return_by(rules.profile, rules.calendar, share.dispatched_at)
    share.escalate_at = ladder_at(
        rules.profile, rules.calendar, clock.due_at, share.escalation or 0
    )


def supporting_clock(clock: Clock, lead: Assignment, limit: Limit | None, rules: Rules) -> Clock:
    """协办时限: the unit's own limit or the one given, but never later than the lead unit's."""
    calendar = rules.calendar.with_hours(rules.profile.hours)
    due = clock.due_at if limit is None else limit_due(limit, calendar, clock.started_at)
    said = f"协办时限 {limit.words}。" if limit else "协办时限：与主办单位同时到期。"
    if lead.due_at is not None and clock.started_at < lead.due_at <= due:
        due, said = lead.due_at, "协办时限：不晚于主办单位的办理时限。"
    return _shorter(clock, due, said, rules)


def lower_clock(clock: Clock, parent: Assignment, rules: Rules) -> Clock:
    """下派时限: the policy's share of the time the upper unit has left, at least the floor.

    Never beyond the upper unit's own due time; one that is late already passes on the floor.
    """
    profile = rules.profile
    calendar = rules.calendar.with_hours(profile.hours)
    start, until = clock.started_at, parent.due_at
    due = limit_due(profile.sub_dispatch.at_least, calendar, start)
    said = f"下派时限：至少 {profile.sub_dispatch.at_least.words}"
    if until is not None and until > start:
        until = until.astimezone(start.tzinfo)
        part = _share_of(profile.sub_dispatch.share, parent, calendar, start, until)
        due = min(max(part, due), until)
        said = f"下派时限：上级单位剩余时间的 {profile.sub_dispatch.share:.0%}，不晚于其办理时限"
    mark = profile.mark_of("sub_dispatch.share")
    return _shorter(clock, due, f"{profile.label}：{said}。{mark.cited}", rules)


def _share_of(
    share: float, parent: Assignment, calendar: WorkCalendar, start: datetime, until: datetime
) -> datetime:
    limit = limit_from(parent.limit)
    if limit is not None and limit.unit.is_natural_time:
        return start + (until - start) * share
    left = calendar.working_time_between(start, until) * share
    return calendar.add_working_time(start, timedelta(seconds=round(left.total_seconds())))


def _shorter(clock: Clock, due: datetime, said: str, rules: Rules) -> Clock:
    """The clock ending sooner; only the lead unit owes the resident an interim reply."""
    changed = moved(rules.profile, rules.calendar, clock, due)
    return replace(changed, rule=said, interim_by=None)


def mirror(ticket: Ticket, share: Assignment) -> None:
    """Copy the lead share's clock to the ticket, where lists and figures read it."""
    ticket.acknowledge_by, ticket.warn_at = share.acknowledge_by, share.warn_at
    ticket.due_at, ticket.interim_by = share.due_at, share.interim_by
    ticket.promised_at = ticket.promised_at or share.due_at
    ticket.clock_rule, ticket.calendar_version = share.clock_rule, share.calendar_version
    ticket.held_until = share.held_until


def limit_from(text: str | None) -> Limit | None:
    """A limit written on a ticket, such as "30 working_day"."""
    return Limit.parse(text) if text else None
