"""The numbers of the weekly report and of the leader's page in SQL written by hand for DuckDB.

What somebody would write who knows the files, needs these numbers once and no rows behind them:
one statement for each table and period rule, the EXISTS as joins, no exclusions and no filters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analytics.engines.duck import without_zone
from analytics.periods import Period

Span = dict[str, datetime]

OFFERED = "queued_at IS NOT NULL AND (answered_at IS NOT NULL OR outcome IS NOT NULL)"
MINE = "direction = 'inbound' AND started_at >= $start AND started_at < $end"
OF = "{0} >= $start AND {0} < $end"

CALLS = f"""
SELECT count(*), count(*) FILTER (disposition = 'answered_on_call'),
  count(*) FILTER ({OFFERED}), count(answered_at) FILTER ({OFFERED}),
  count(*) FILTER (answered_at IS NOT NULL AND wait_s <= 15 AND {OFFERED}),
  count(*) FILTER (answered_at IS NULL AND outcome = 'abandoned_in_queue' AND {OFFERED}),
  count(*) FILTER (answered_at IS NOT NULL AND ended_at IS NOT NULL),
  count(disposition) FILTER (answered_at IS NOT NULL AND ended_at IS NOT NULL),
  sum(floor(wait_s * 1000 + 0.5)::BIGINT) FILTER (answered_at IS NOT NULL AND {OFFERED}),
  sum(floor(wait_s * 1000 + 0.5)::BIGINT) FILTER (outcome = 'abandoned_in_queue' AND {OFFERED}),
  sum(floor(talk_s * 1000 + 0.5)::BIGINT) FILTER (answered_at IS NOT NULL)
FROM contact WHERE {MINE}"""

WINDOWS = f"""
WITH each AS (SELECT date_trunc('minute', started_at) AS minute, count(*) AS n,
    count(answered_at) AS met FROM contact
  WHERE direction = 'inbound' AND started_at >= $start - INTERVAL 1 DAY AND started_at < $end
    AND {OFFERED} GROUP BY 1),
  day AS (SELECT minute, n, met, sum(n) OVER past AS offered, sum(met) OVER past AS answered
    FROM each WINDOW past AS (ORDER BY minute
      RANGE BETWEEN INTERVAL 1439 MINUTE PRECEDING AND CURRENT ROW))
SELECT sum(n) FILTER (answered * 100 >= offered * 95), sum(n), min(answered / offered)
FROM day WHERE minute >= $start"""

OPENED = f"""
SELECT kind, channel, source_level, category_id, count(*),
  count(*) FILTER (NOT anonymous AND requester_name <> ''),
  count(*) FILTER (category_id IS NOT NULL AND (division IS NOT NULL OR place <> '')
    AND content <> '' AND (anonymous OR phone IS NOT NULL)),
  count(*) FILTER (business_environment),
  count(*) FILTER (business_environment AND closed_at IS NOT NULL)
FROM ticket WHERE {OF.format("created_at")} GROUP BY ALL"""

SENT = f"""
SELECT count(*), count(closed_at), count(*) FILTER (first_contacted_at <= due_at),
  count(*) FILTER (closed_at IS NOT NULL AND NOT imported),
  count(*) FILTER (closed_at IS NOT NULL AND NOT imported AND public_reply <> ''),
  count(a.ticket_id), count(*) FILTER (a.granted), count(*) FILTER (a.granted OR moved)
FROM ticket t
LEFT JOIN (SELECT ticket_id, bool_or(state = 'granted') AS granted FROM application
  WHERE kind = 'return' GROUP BY ALL) a ON a.ticket_id = t.id
LEFT JOIN (SELECT ticket_id, true AS moved FROM assignment WHERE ended_how = 'reassigned'
  GROUP BY ALL) s ON s.ticket_id = t.id
WHERE {OF.format("dispatched_at")}"""

DUE = f"""
SELECT department_id, count(*) FILTER (completed_at IS NOT NULL OR due_at <= $now),
  count(*) FILTER (completed_at <= due_at)
FROM ticket WHERE {OF.format("due_at")} GROUP BY ALL"""

_CLOSED = """
SELECT count(*), count(*) FILTER (round > 1), count(solved), count(rating),
  count(*) FILTER (solved = 'resolved'), count(*) FILTER (rating IN ('satisfied')),
  count(first_solved), count(first_rating),
  count(*) FILTER (first_solved = 'resolved'), count(*) FILTER (first_rating IN ('satisfied')),
  count(*) FILTER (tried), count(*) FILTER (f.reached),
  count(*) FILTER (f.reached AND solved = 'resolved'),
  count(*) FILTER (f.reached AND rating IN ('satisfied')), count(*) FILTER (reply_wanted)
FROM ticket t LEFT JOIN (SELECT ticket_id, bool_or(reached) AS reached,
    bool_or(called_at IS NOT NULL OR ended_at IS NOT NULL) AS tried
  FROM follow_up WHERE ticket_id IN (SELECT id FROM ticket t WHERE {0}) GROUP BY ALL) f
  ON f.ticket_id = t.id WHERE {0}"""

CLOSED = _CLOSED.format(OF.format("t.closed_at"))
REOPENED = _CLOSED.format(
    "t.closed_at IS NULL AND " + OF.format("coalesce(completed_at, created_at)")
)

WORKED = f"""
SELECT date_trunc('day', dispatched_at), date_trunc('day', closed_at), count(*),
  sum(epoch_us(dispatched_at) // 1000000 % 86400), sum(epoch_us(closed_at) // 1000000 % 86400)
FROM ticket WHERE {OF.format("closed_at")} AND dispatched_at <= closed_at GROUP BY ALL"""

SIGNED = f"""
SELECT count(*), count(*) FILTER (acknowledged_at <= acknowledge_by)
FROM assignment WHERE {OF.format("dispatched_at")}
  AND (acknowledged_at IS NOT NULL OR acknowledge_by <= $now)"""

PARTS = f"""
SELECT line, queue, disposition, date_trunc('day', started_at + INTERVAL 8 HOUR), count(*),
  count(answered_at), count(*) FILTER (wait_s <= 15),
  count(*) FILTER (outcome = 'abandoned_in_queue'), sum(wait_s), sum(talk_s)
FROM contact WHERE {MINE} GROUP BY ALL"""

AGENTS = f"SELECT count(DISTINCT agent_id) FROM contact WHERE {MINE} AND answered_at IS NOT NULL"

DAYS = f"""
SELECT date_trunc('day', created_at + INTERVAL 8 HOUR), count(*)
FROM ticket WHERE {OF.format("created_at")} GROUP BY ALL"""

CALL_DAYS = f"""
SELECT date_trunc('day', started_at + INTERVAL 8 HOUR), count(*)
FROM contact WHERE {MINE} GROUP BY ALL"""

CLASSES = f"""
SELECT department_id, count(*) FILTER (completed_at <= due_at),
  count(*) FILTER (completed_at > due_at), count(*) FILTER (completed_at IS NULL AND due_at > $now),
  count(*) FILTER (completed_at IS NULL AND due_at <= $now)
FROM ticket WHERE {OF.format("dispatched_at")} GROUP BY ALL"""

_LATE = "dispatched_at IS NOT NULL AND due_at <= $end AND (completed_at IS NULL"
LATE = f"""
SELECT department_id, count(*), min(due_at) FROM ticket
WHERE {_LATE} OR completed_at > $end) GROUP BY ALL"""
OLDEST = f"""
SELECT id FROM ticket WHERE {_LATE} OR completed_at > $end) ORDER BY due_at, id LIMIT 30"""

TOPICS = f"SELECT category_id, count(*) FROM ticket WHERE {OF.format('created_at')} GROUP BY ALL"
PLACES = f"""
SELECT category_id, division, department_id, count(*) FROM ticket
WHERE {OF.format("created_at")} AND category_id <= 5 GROUP BY ALL"""
GROUND = f"SELECT division, count(*) FROM ticket WHERE {OF.format('created_at')} GROUP BY ALL"

CATALOGUE = (CALLS, WINDOWS, OPENED, SENT, DUE, CLOSED, REOPENED, WORKED, SIGNED)
"""Every figure of one span."""


@dataclass(frozen=True)
class Statement:
    """One statement of a span so many days long that ended so many days before the week did."""

    sql: str
    days: int = 7
    ago: int = 0


def _of(statements: Sequence[str], *, days: int = 7, ago: int = 0) -> list[Statement]:
    return [Statement(sql, days, ago) for sql in statements]


REPORT = [
    *(one for ago in (0, 7, 364) for one in _of(CATALOGUE, ago=ago)),
    *_of((PARTS, AGENTS, DAYS, CLASSES, LATE, OLDEST, PLACES)),
    Statement(TOPICS, days=28, ago=7),
]

LEADER = [
    *(one for ago in (0, 7) for one in _of(CATALOGUE, ago=ago)),
    *_of((CALLS, DUE, CLOSED, REOPENED), days=15),
    *_of((LATE, PLACES)),
    Statement(TOPICS, days=28, ago=7),
    *_of((CALL_DAYS, DAYS), days=84),
    *_of((CALL_DAYS, DAYS), days=98, ago=357),
    *(Statement(GROUND, ago=ago) for ago in (0, 7, 14, 21, 28)),
]


def run(duck: Any, statements: Sequence[Statement], week: Period, now: datetime) -> list[Any]:
    """What each statement finds."""
    return [_run(duck, one, week, now) for one in statements]


def _run(duck: Any, one: Statement, week: Period, now: datetime) -> Any:
    end = week.end - timedelta(days=one.ago)
    known = {
        "start": end - timedelta(days=one.days),
        "end": end,
        "now": now - timedelta(days=one.ago),
    }
    given = {name: without_zone(moment) for name, moment in known.items() if f"${name}" in one.sql}
    return duck.execute(one.sql, given).fetchall()
