"""A due time counted anew from its first count and everything that has moved it since.

Nothing is ever added to a stored due time: a change that is taken back leaves no trace, and the
same changes give the same due time whatever was tried in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from dispatch.domain.counting import ONE_DAY, limit_due
from dispatch.domain.deadlines import Clock, moved
from dispatch.domain.limits import Limit, LimitStart, LimitUnit
from dispatch.domain.profile import PolicyProfile
from dispatch.domain.worktime import WorkCalendar, local

Span = tuple[datetime, datetime]
NOTHING = timedelta(0)
_BY_DATE = Limit(1, LimitUnit.WORKING_DAY)  # a promised date is a limit in days: it ends as days do


@dataclass(frozen=True, slots=True)
class Extension:
    """延期: a limit counted on from the due time so far."""

    limit: Limit


@dataclass(frozen=True, slots=True)
class Hold:
    """挂起: the clock stands still from one aware moment to the other."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Commitment:
    """承诺办理: the date named to the requester; its end of business, when that is later."""

    until: datetime


Change = Extension | Hold | Commitment


def adjusted(
    profile: PolicyProfile, calendar: WorkCalendar, clock: Clock, changes: Iterable[Change]
) -> Clock:
    """Return the clock with its extensions, then its holds, then its commitments.

    A hold moves the due time by the working time it covers, or by the elapsed time when the
    limit runs day and night. A limit in days goes on ending as its days end: what a hold covers
    is rounded up to whole days, all holds together. The reply due to the requester in between
    (`interim_by`) stands still during a hold and is moved by nothing else.
    """
    calendar = calendar.with_hours(profile.hours)
    changes = tuple(changes)
    due, limit, anchor = clock.due_at, clock.limit, clock.started_at
    for change in changes:
        if isinstance(change, Extension):
            due, limit, anchor = limit_due(change.limit, calendar, due), change.limit, due
    holds = united(
        (max(local(change.since), clock.started_at), local(change.until))
        for change in changes
        if isinstance(change, Hold)
    )
    unheld = due
    due = _stood_still(calendar, limit, anchor, due, holds)
    for change in changes:
        if isinstance(change, Commitment) and (end := committed(calendar, change.until)) > due:
            due, limit = end, _BY_DATE
    if due == clock.due_at:
        return clock
    return _with_cards(profile, calendar, clock, limit, unheld, due, holds)


def committed(calendar: WorkCalendar, until: datetime) -> datetime:
    """The end of business of a promised date; of the next working day when it is a day off."""
    return calendar.close_of(calendar.working_day_on_or_after(local(until).date()))


def united(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order, overlapping ones joined, empty ones left out."""
    joined: list[Span] = []
    for since, until in sorted(span for span in spans if span[0] < span[1]):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((since, until))
    return tuple(joined)


def elapsed(
    calendar: WorkCalendar, spans: Iterable[tuple[datetime, datetime | None]], now: datetime
) -> timedelta:
    """Return the working time that units have had a ticket until `now`.

    `spans` are the shares, (dispatched, ended or None while running). Time spent returning lies
    within a share and counts; units that had it at once count once. Never falls as `now` grows
    or a share is added.
    """
    now = local(now)
    until_now = (
        (local(since), now if until is None else min(local(until), now)) for since, until in spans
    )
    return sum(
        (calendar.working_time_between(since, until) for since, until in united(until_now)),
        NOTHING,
    )


def _with_cards(
    profile: PolicyProfile,
    calendar: WorkCalendar,
    clock: Clock,
    limit: Limit,
    unheld: datetime,
    due: datetime,
    holds: tuple[Span, ...],
) -> Clock:
    """The cards of a moved due time; none falls due while the clock stands still."""
    shaped = replace(clock, limit=limit)
    found = moved(profile, calendar, shaped, due)
    warn = found.warn_at
    if not limit.unit.is_day:
        # A share of the limit itself: the time a clock stood still is no part of it.
        early = moved(profile, calendar, shaped, unheld).warn_at
        warn = _stood_still(calendar, limit, clock.started_at, early, holds)
    interim = clock.interim_by
    if interim is not None:
        interim = _stood_still(calendar, clock.limit, clock.started_at, interim, holds)
    return replace(
        found, limit=clock.limit, warn_at=min(_awake(warn, holds), due), interim_by=interim
    )


def _awake(moment: datetime, holds: tuple[Span, ...]) -> datetime:
    for since, until in holds:
        if since <= moment < until:
            return until
    return moment


def _stood_still(
    calendar: WorkCalendar,
    limit: Limit,
    anchor: datetime,
    moment: datetime,
    holds: tuple[Span, ...],
) -> datetime:
    """Where `moment`, counted by `limit` from `anchor`, goes when the clock stands still.

    A hold that begins when the moment, moved by the holds before it, is over moves nothing.
    """
    first, still = moment, NOTHING
    for since, until in holds:
        if since >= moment:
            break
        natural = limit.unit in (LimitUnit.NATURAL_DAY, LimitUnit.HOUR, LimitUnit.MINUTE)
        still += until - since if natural else calendar.working_time_between(since, until)
        moment = _shifted(calendar, limit, anchor, first, still)
    return moment


def _shifted(
    calendar: WorkCalendar, limit: Limit, anchor: datetime, moment: datetime, still: timedelta
) -> datetime:
    if still == NOTHING:
        return moment
    if limit.unit.is_natural_time:
        return moment + still
    if not limit.unit.is_day:
        return calendar.add_working_time(moment, still)
    if limit.unit is LimitUnit.WORKING_DAY:
        days = -(-still // calendar.working_day_length)
        day = calendar.add_working_days(moment.date(), days)
    else:
        days = -(-still // ONE_DAY)
        last = _last_natural_day(calendar, limit, anchor, moment)
        day = calendar.working_day_on_or_after(last + days * ONE_DAY)
    return datetime.combine(day, moment.timetz())


def _last_natural_day(
    calendar: WorkCalendar, limit: Limit, anchor: datetime, due: datetime
) -> date:
    """The day a limit in natural days ended on before a day off moved it."""
    day = anchor.date() + limit.amount * ONE_DAY
    if limit.start is LimitStart.SAME_DAY:
        day -= ONE_DAY
    return day if calendar.working_day_on_or_after(day) == due.date() else due.date()
