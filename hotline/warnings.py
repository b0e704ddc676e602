"""The look for early warnings, every quarter of an hour, and for briefs whose feedback is late."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from analytics.warnings_miss import Pace, pace_of, will_miss
from analytics.warnings_surge import learn_surges, season_blocks, surges
from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.counting import limit_due
from dispatch.domain.early import Sign
from dispatch.domain.gatherings import WHOLE_CITY, Found, Seen, Series
from dispatch.domain.people import SYSTEM
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.reporting_terms import WarningKind
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import local
from dispatch.service import (
    brief_chain,
    early_warning_counts,
    early_warnings,
    hot_spot_counts,
    knowledge_gap_queries,
    wandering,
)
from dispatch.service.early_warning_counts import DueSoon
from dispatch.service.rulebook import RuleBook

log = logging.getLogger("hotline.jobs")

LOOK_S = 900.0
BRIEFS_S = 60.0
EXPLAINED = 0.5
"""A surge is not told when hot spots have told of this part of its tickets."""

NEWEST = 2_000


def look(
    database: Database,
    rules: Rules,
    now: datetime,
    kinds: Collection[WarningKind] = tuple(WarningKind),
) -> int:
    """Look for these kinds; return how many warnings were told anew."""
    with database.read() as session:
        found = [sign for kind in kinds for sign in FINDERS[kind](session, rules, now)]
    with database.work() as session:
        told = early_warnings.keep(session, kinds, found, now=now)
    if told:
        log.info("early warnings told of: %d", told)
    return told


def find_surges(session: Session, rules: Rules, now: datetime) -> list[Sign]:
    """Subjects and places that bring more than their season explains."""
    early = rules.profile.early_warning
    history = max(1, early.history_weeks * 7 // early.surge_days)
    same, before = season_blocks(early)
    wanted = ((0, history), (min(same), max(before)))
    trees = hot_spot_counts.trees(session)
    counts = early_warning_counts.blocks(session, wanted, days=early.surge_days, until=now)
    model = learn_surges(counts, trees, early)
    if model is None:
        return []
    since = now - timedelta(days=early.surge_days)
    open_ones = early_warning_counts.open_subjects(session, WarningKind.SURGE)
    watched = [Series(one, where or WHOLE_CITY) for one, where in open_ones if one is not None]

    def tickets_of(series: Series) -> list[Seen]:
        return early_warning_counts.tickets_of(session, series, trees, since=since, until=now)

    found = surges(model, trees, early, tickets_of, watched, now=now)
    told = [one for one in found if one.series in watched or not _explained(session, one)]
    return [_surge(session, one, early.surge_days, now) for one in told]


def find_misses(session: Session, rules: Rules, now: datetime) -> list[Sign]:
    """Units with more due soon than they usually finish."""
    early = rules.profile.early_warning
    calendar = rules.calendar.with_hours(rules.profile.hours)
    until = limit_due(early.within, calendar, now)
    units = early_warning_counts.due_soon(session, now=now, until=until)
    units = [unit for unit in units if len(unit.numbers) >= early.miss_least]
    today = local(now).date()
    first = calendar.add_working_days(today, -early.pace_days)
    days = [first + timedelta(days=n) for n in range((today - first).days)]
    done = early_warning_counts.finished_by_day(
        session,
        [unit.department_id for unit in units],
        since=calendar.opening_of(first).replace(hour=0, minute=0),
        until=now,
    )
    span = calendar.working_time_between(now, until) / calendar.working_day_length
    signs = []
    for unit in units:
        by_day = done.get(unit.department_id, {})
        finished: list[int] = []
        for day in days:
            # What was finished on a day off is work too: it counts for the working day before.
            if calendar.is_working_day(day) or not finished:
                finished.append(by_day.get(day, 0))
            else:
                finished[-1] += by_day.get(day, 0)
        pace = pace_of(finished, span)
        if pace is not None and will_miss(pace, len(unit.numbers), early):
            signs.append(_miss(unit, pace, until, now))
    return signs


def find_wanderers(session: Session, rules: Rules, now: datetime) -> list[Sign]:
    """Tickets that go from unit to unit, or that nobody has."""
    found = wandering.find(session, SYSTEM, rules, now=now)
    moved = early_warning_counts.dispatched_at(session, [one.number for one in found])
    return [
        Sign(
            kind=WarningKind.WANDERING,
            subject=one.number,
            about=f"工单 {one.number}",
            since=one.since or moved[one.number],
            words=(
                f"工单 {one.number} 自 {to_the_minute(one.since)} 起无单位承办"
                + (f"，此前经过 {one.units} 个单位。" if one.units else "。")
                if one.since
                else f"工单 {one.number} 已经过 {one.units} 个单位，仍未办结。"
            ),
            count=1,
            tickets=(one.number,),
        )
        for one in found
    ]


def find_gaps(session: Session, rules: Rules, now: datetime) -> list[Sign]:
    """Questions that agents asked the knowledge base for in vain, often enough to be told of."""
    policy = rules.profile.knowledge
    since = now - timedelta(days=policy.gap_days)
    found = knowledge_gap_queries.asked_in_vain(session, least=policy.gap_asked, since=since)
    midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return [
        Sign(
            kind=WarningKind.KNOWLEDGE_GAP,
            subject=f"{one.gap_id} {one.question}",
            about=one.question,
            since=midnight - timedelta(days=midnight.weekday()),
            words=(
                f"最近 {policy.gap_days} 天话务员查“{one.question}”{one.count} 次没有找到答案，"
                f"查的有 {one.agents} 人。"
            ),
            count=one.count,
            tickets=knowledge_gap_queries.tickets_of(session, one.gap_id, since=since),
        )
        for one in found
    ]


FINDERS: Mapping[WarningKind, Callable[[Session, Rules, datetime], list[Sign]]] = {
    WarningKind.SURGE: find_surges,
    WarningKind.ABOUT_TO_MISS: find_misses,
    WarningKind.WANDERING: find_wanderers,
    WarningKind.KNOWLEDGE_GAP: find_gaps,
}


def _explained(session: Session, found: Found) -> bool:
    """Whether hot spots have told of it: of half of its newest tickets, a bounded number."""
    newest = found.tickets[-NEWEST:]
    return early_warning_counts.in_hot_spots(session, newest) >= EXPLAINED * len(newest)


def _surge(session: Session, found: Found, days: int, now: datetime) -> Sign:
    category, where = early_warning_counts.names(session, found.series)
    here = local(now)
    monday = (here - timedelta(days=here.weekday())).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    usual = "不到 0.1" if found.expected < 0.1 else f"约 {found.expected:.1f}"
    return Sign(
        kind=WarningKind.SURGE,
        subject=f"{found.series.category_id}/{found.series.division}",
        about=f"{where}“{category}”",
        since=monday,
        words=(
            f"最近 {days} 天{where}“{category}”{len(found.tickets)} 件，"
            f"来电人 {found.callers} 位，按以往同期{usual} 件。"
        ),
        count=len(found.tickets),
        expected=found.expected,
        category_id=found.series.category_id,
        division=found.series.division or None,
        tickets=early_warning_counts.numbers_of(session, found.tickets[-early_warnings.KEPT :]),
    )


def _miss(unit: DueSoon, pace: Pace, until: datetime, now: datetime) -> Sign:
    due = len(unit.numbers)
    late = f"另有 {unit.late} 件已超期。" if unit.late else ""
    return Sign(
        kind=WarningKind.ABOUT_TO_MISS,
        subject=str(unit.department_id),
        about=unit.name,
        since=local(now).replace(hour=0, minute=0, second=0, microsecond=0),
        words=(
            f"{unit.name}到 {to_the_minute(until)} 有 {due} 件到期未办结，按平时的速度这段时间"
            f"约办结 {pace.mean:.1f} 件，预计至少 {round(due - pace.mean)} 件超期。{late}"
        ),
        count=due,
        expected=pace.mean,
        department_id=unit.department_id,
        tickets=unit.numbers,
    )


def timers(
    database: Database, rulebook: RuleBook
) -> tuple[tuple[float, str, Callable[[datetime], None]], ...]:
    """What runs by the clock: seconds, name, work."""

    def warn(now: datetime) -> None:
        look(database, rulebook.at(now), now)

    def overdue(now: datetime) -> None:
        with database.work() as session:
            late = brief_chain.mark_overdue(session, now=now)
        if late:
            log.info("briefs overdue: %d", late)

    return (
        (LOOK_S, "early-warnings", warn),
        (BRIEFS_S, "briefs", overdue),
    )
