"""The weekly report and the leader's page of a large city, beside SQL written by hand.

`python -m benchmarks figures` makes cities of 0.1, 1 and 10 million tickets with three calls each.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from analytics.engines.duck import from_parquet, open_duck
from analytics.engines.engine import ArchiveEngine
from analytics.facts import code_for, rates, value
from analytics.periods import Period
from analytics.rates import Rate
from analytics.renderers.page import page
from analytics.reports.spans import Span, read_span
from analytics.reports.write import document
from analytics.territory import territory
from analytics.trends import trends
from analytics.weekly import weekly
from benchmarks import figures_by_hand as by_hand
from benchmarks.figures_store import NOW, City, city
from benchmarks.lines import Line, MeasurementFailed
from benchmarks.plan import Plan
from benchmarks.workshop import progress
from dispatch.db import Session
from dispatch.domain.judging_terms import Measure
from dispatch.domain.people import SYSTEM
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.rules import Rules
from hotline.bootstrap import load_rules

SIZES = (100_000, 1_000_000, 10_000_000)
WEEK = "2026-W46"
ROUNDS = 3
LIMIT = "DuckDB over the same files: the same numbers in statements by hand (figures_by_hand.py)"

NOTES = {
    "report": "the page with its charts; the hand draws and writes nothing",
    "leader": "what the page counts, with the ranges to be expected; the hand counts only",
}


def measure(plan: Plan) -> Iterator[Line]:
    """One size after the other."""
    rules = load_rules()
    for size in SIZES:
        with city(size) as made, closing(ArchiveEngine(made.database, made.folder)) as engine:
            yield from _measured(made, engine, rules)


def _measured(made: City, engine: ArchiveEngine, rules: Rules) -> Iterator[Line]:
    millions = f"{made.tickets / 1e6:g}m"
    span = read_span(ReportKind.WEEKLY, WEEK)
    with engine.reading() as session:
        first = value(session, SYSTEM, "on_time_rate", span.period, rules, now=NOW)
    with closing(_by_hand(made)) as duck:
        due = by_hand.run(duck, [by_hand.Statement(by_hand.DUE)], span.period, NOW)[0]
        counted = (sum(row[2] for row in due), sum(row[1] for row in due))
        if not isinstance(first, Rate) or (first.hits, first.judged) != counted:
            raise MeasurementFailed(f"the hand's count {counted} differs from {first}")
        works: dict[str, tuple[Sequence[by_hand.Statement], Callable[[Session], Any]]] = {
            "report": (by_hand.REPORT, lambda session: report(session, span, rules)),
            "leader": (by_hand.LEADER, lambda session: leaders_page(session, rules)),
        }
        for name, (statements, work) in works.items():
            progress(f"figures: {name} of {made.tickets:,} tickets")
            hands, takes = [], []
            for _ in range(ROUNDS):  # in turns: what else the machine does meets both
                hands.append(_timed(partial(by_hand.run, duck, statements, span.period, NOW)))
                takes.append(_timed(partial(_reading, engine, work)))
            yield Line(
                figure=f"figures_{name}_{millions}_s",
                value=min(takes),
                unit="s",
                limit=LIMIT,
                limit_value=min(hands),
                n=ROUNDS,
                note=NOTES[name],
            )
    yield Line(
        figure=f"figures_memory_{millions}_mb",
        value=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        unit="MB",
        limit="the bound given to DuckDB, 1 GB",
        limit_value=1024,
        n=1,
        note="largest resident memory of the process, the making of the files (4 GB) in it",
    )


def leaders_page(session: Session, rules: Rules) -> Any:
    """What portal.views.leader counts."""
    report = weekly(session, SYSTEM, WEEK, rules, now=NOW)
    month = Period(report.period.last.replace(day=1), report.period.last)
    codes = ("direct_answer_rate", "service_level_rate", "on_time_rate")
    said = (code_for(measure, rules) for measure in (Measure.RESOLUTION, Measure.SATISFACTION))
    months = rates(session, SYSTEM, month, rules, codes=(*codes, *said), now=NOW)
    moved = trends(session, SYSTEM, rules, last=report.period.last, now=NOW)
    return report, months, moved, territory(session, SYSTEM, report.period, now=NOW)


def report(session: Session, span: Span, rules: Rules) -> bytes:
    """The weekly report as a file of its own, with its charts."""
    return page(document(session, SYSTEM, span, rules, now=NOW))


def _reading(engine: ArchiveEngine, work: Callable[[Session], Any]) -> None:
    with engine.reading() as session:
        work(session)


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _by_hand(made: City) -> Any:
    """A DuckDB with the city's tables and the settings that counting has."""
    duck = open_duck()
    for table in ("ticket", "contact", "assignment", "follow_up", "application"):
        files = sorted((made.folder / table).glob("*.parquet"))
        duck.execute(f"CREATE VIEW {table} AS {from_parquet(table, map(str, files))}")
    return duck
