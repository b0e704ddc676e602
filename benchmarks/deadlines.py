"""Deadline arithmetic: whole clocks per second, beside a lookup in a list of working days."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random

from benchmarks.bulk import the_rules
from benchmarks.lines import Line
from benchmarks.plan import Plan
from dispatch.domain.vocabulary import RequestKind, Urgency
from dispatch.domain.worktime import local

STARTS = 4_000
ROUNDS = 3
WORKING_DAYS = 5


def measure(plan: Plan) -> Iterator[Line]:
    """The clock of a complaint that comes at any minute of 2025 and 2026."""
    del plan
    rules, chance = the_rules(), Random(12345)
    first = datetime(2025, 1, 1, tzinfo=UTC)
    starts = [first + timedelta(minutes=chance.randrange(700 * 1440)) for _ in range(STARTS)]
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(800)]
    working = [day for day in days if rules.calendar.is_working_day(day)]
    closing = rules.profile.hours[-1][1]

    def ours(start: datetime) -> datetime:
        return rules.clock(kind=RequestKind.COMPLAINT, urgency=Urgency.ROUTINE, start=start).due_at

    def bare(start: datetime) -> datetime:
        here = local(start)
        place = bisect_right(working, here.date()) + WORKING_DAYS - 1
        return datetime.combine(working[place], closing, here.tzinfo)

    same = sum(ours(start) == bare(start) for start in starts)
    yield Line(
        figure="deadlines_per_s",
        value=_per_second(ours, starts),
        unit="clocks/s",
        limit="bisect in a list of working days, one due time and nothing else",
        limit_value=_per_second(bare, starts),
        n=STARTS * ROUNDS,
        note=f"a whole clock: due, 签收, reminder, yellow and red card, with the sentence that "
        f"says why; {same} of {STARTS} due times are those of the list",
    )


def _per_second(work: Callable[[datetime], datetime], starts: list[datetime]) -> float:
    """The fastest of a few rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for start in starts:
            work(start)
        best = min(best, time.perf_counter() - began)
    return len(starts) / best
