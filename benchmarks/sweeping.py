"""The sweep over many open tickets among very many finished ones, on both databases."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select

from benchmarks.bulk import NOW, Bulk, on_postgres, on_sqlite, room_for, the_rules
from benchmarks.lines import Line, MeasurementFailed
from benchmarks.plan import Plan
from benchmarks.workshop import progress
from dispatch.bus import Database
from dispatch.models.tickets import TicketEvent
from dispatch.service import sweep

OPEN = 200_000
DUE = 20_000
BATCH = 500
ROUNDS = 15
SWEEPERS = 4
SQLITE_MOST = 1_000_000
SAME = "the same among a tenth of the tickets, as many of them open"
GOAL_MS = 50


def measure(plan: Plan) -> Iterator[Line]:
    """PostgreSQL with all the tickets asked for, SQLite with a million at most."""
    room_for(plan.tickets)
    with on_postgres() as database:
        yield from _on(database, "postgres", plan.tickets)
        yield _marked_once(database)
    with on_sqlite() as database:
        yield from _on(database, "sqlite", min(plan.tickets, SQLITE_MOST))


def _on(database: Database, engine: str, tickets: int) -> Iterator[Line]:
    """The claim and a whole batch, first among a tenth of the tickets, then among all."""
    opened = min(OPEN, tickets // 10)
    progress(f"sweeping: {tickets:,} tickets, {opened:,} of them open, on {engine}")
    bulk = Bulk(database)
    bulk.found()
    due = min(DUE, opened // 2)
    batch = min(BATCH, due // 16)
    bulk.open(opened, due=due)
    bulk.close(max(tickets // 10 - opened, 1))
    few = _claim_ms(database, batch), _batch_ms(database, batch)
    bulk.close(tickets - bulk.tickets)
    plan = _plan_of(database)
    many = _claim_ms(database, batch), _batch_ms(database, batch)
    among = f"{bulk.opened:,} open of {bulk.tickets:,} tickets"
    yield Line(
        figure=f"sweep_claim_ms_{engine}",
        value=many[0],
        unit="ms",
        limit=SAME,
        limit_value=few[0],
        n=ROUNDS,
        note=f"{among}; goal {GOAL_MS} ms; {plan}",
    )
    yield Line(
        figure=f"sweep_batch_ms_{engine}",
        value=many[1],
        unit="ms",
        limit=SAME,
        limit_value=few[1],
        n=ROUNDS // 3,
        note=f"{among}; {batch} clocks marked, told and committed in one transaction",
    )


def _claim_ms(database: Database, size: int) -> float:
    """The middle of some rounds of the claim alone."""
    statement = sweep.claim(NOW, size)

    def claim() -> None:
        with database.read() as s:
            found = s.scalars(statement).all()
        if len(found) != size:
            raise MeasurementFailed(f"the claim found {len(found)} of {size}")

    return _middle(claim, ROUNDS)


def _batch_ms(database: Database, size: int) -> float:
    """The middle of some whole batches; each marks other clocks."""
    rules = the_rules()

    def batch() -> None:
        with database.work() as s:
            swept = sweep.sweep(s, rules, now=NOW, limit=size)
        if swept.total < size:
            raise MeasurementFailed(f"a batch marked {swept.total} of {size}")

    return _middle(batch, ROUNDS // 3)


def _plan_of(database: Database) -> str:
    """How the database reads the claim; it must not touch the table."""
    compiled = sweep.claim(NOW, BATCH).compile(
        database.engines.read, compile_kwargs={"literal_binds": True}
    )
    sqlite = database.engines.is_sqlite
    explain = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN (ANALYZE, BUFFERS)"
    with database.engines.read.connect() as line:
        told = [str(row[-1]) for row in line.exec_driver_sql(f"{explain} {compiled}")]
    wanted = "COVERING INDEX ix_assignment_next" if sqlite else "Index Only Scan"
    said = " ".join(line.strip() for line in told)
    if wanted not in said:
        raise MeasurementFailed(f"the claim is not read from the index alone: {said}")
    fetched = next((line.strip() for line in told if "Heap Fetches" in line), "")
    return f"{wanted}{', ' + fetched if fetched else ''}"


def _marked_once(database: Database) -> Line:
    """Four sweepers at once; every clock that has come is told of exactly once."""
    until = NOW + timedelta(minutes=30)
    before = _warnings(database)
    with database.read() as s:
        waiting = len(set(s.scalars(sweep.claim(until, DUE * 10))))
    rules, marked = the_rules(), list[int]()

    def run() -> None:
        mine = 0
        while True:
            with database.work() as s:
                swept = sweep.sweep(s, rules, now=until, limit=BATCH)
            mine += swept.warned
            if not swept.total and not _left(database, until):
                break
        marked.append(mine)

    began = time.perf_counter()
    sweepers = [threading.Thread(target=run) for _ in range(SWEEPERS)]
    for sweeper in sweepers:
        sweeper.start()
    for sweeper in sweepers:
        sweeper.join()
    seconds = time.perf_counter() - began
    told = _warnings(database)
    fresh = {ticket: times - before.get(ticket, 0) for ticket, times in told.items()}
    once = sum(1 for times in fresh.values() if times == 1)
    if any(times > 1 for times in fresh.values()) or sum(marked) != waiting:
        raise MeasurementFailed(f"{sum(marked)} marked of {waiting}, {once} exactly once")
    return Line(
        figure="sweep_marked_once",
        value=once,
        unit="clocks",
        limit="clocks whose moment had come",
        limit_value=waiting,
        n=waiting,
        note=f"{SWEEPERS} sweepers at once, {waiting / seconds:.0f} clocks/s together",
    )


def _left(database: Database, until: datetime) -> bool:
    with database.read() as s:
        return s.scalar(sweep.claim(until, 1)) is not None


def _warnings(database: Database) -> dict[int | None, int]:
    with database.read() as s:
        rows = s.execute(
            select(TicketEvent.ticket_id, func.count())
            .where(TicketEvent.kind == "DeadlineNear")
            .group_by(TicketEvent.ticket_id)
        )
        return {row[0]: row[1] for row in rows}


def _middle(work: Callable[[], None], rounds: int) -> float:
    """The median of the rounds in milliseconds, after one to warm up."""
    work()
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)
