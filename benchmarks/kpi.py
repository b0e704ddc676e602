"""A week's figures on the demo year, beside two statements written by hand."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from analytics.facts import rates
from analytics.periods import Period
from benchmarks.lines import Line
from benchmarks.plan import Plan
from benchmarks.workshop import progress
from dispatch.bus import Database
from dispatch.domain.people import SYSTEM
from hotline.bootstrap import load_rules

LIMIT = "SQL by hand through sqlite3: one statement over contacts, one over tickets"
ROUNDS = 7
WEEKS_AGO = 3
CONTACTS = """
SELECT count(*), sum(disposition = 'answered_on_call'), sum(queued_at IS NOT NULL),
  sum(answered_at IS NOT NULL), sum(answered_at IS NOT NULL AND wait_s <= 15)
FROM contact WHERE direction = 'inbound' AND started_at >= ?1 AND started_at < ?2"""
TICKETS = """
SELECT count(*), sum(status = 'closed'), sum(completed_at <= due_at), sum(solved = 'resolved'),
  sum(solved IS NOT NULL), sum(rating IS NOT NULL), sum(first_contacted_at <= due_at),
  sum(business_environment)
FROM ticket WHERE dispatched_at >= ?1 AND dispatched_at < ?2"""


def measure(plan: Plan) -> Iterator[Line]:
    """Ask for a whole week in the past, the fastest of a few rounds each."""
    monday = date.today() - timedelta(weeks=WEEKS_AGO, days=date.today().weekday())  # noqa: DTZ011
    week = Period(monday, monday + timedelta(days=6))
    database, rules = Database(plan.town.database_url), load_rules()
    progress("kpi: one week of the demo city's past")

    def ours() -> Any:
        with database.read() as session:
            return rates(session, SYSTEM, week, rules, now=datetime.now(UTC))

    line = sqlite3.connect(plan.town.folder / "hotline.db")
    bounds = [
        f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}.000000" for moment in (week.start, week.end)
    ]

    def by_hand() -> Any:
        return [line.execute(query, bounds).fetchone() for query in (CONTACTS, TICKETS)]

    found, (calls, _) = ours(), by_hand()
    direct = found["direct_answer_rate"]
    agree = "agree" if (direct.judged, direct.hits) == calls[:2] else "DIFFER"
    least, value = _best(by_hand), _best(ours)
    line.close()
    database.dispose()
    yield Line(
        figure="kpi_week_ms",
        value=value,
        unit="ms",
        limit=LIMIT,
        limit_value=least,
        n=ROUNDS,
        note=f"{len(found)} figures over {calls[0]} calls; the counts of calls {agree}",
    )


def _stored(moment: datetime) -> str:
    """A moment as SQLite holds it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.000000")


def _best(work: Callable[[], Any]) -> float:
    """The fastest round in milliseconds."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return min(taken)
