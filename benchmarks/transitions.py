"""Transitions of a ticket through the services, each committed, beside two rows written by hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import insert, select

from benchmarks.bulk import CENTRE, NOW, REPLY, on_postgres, on_sqlite, request, the_rules, unit_of
from benchmarks.lines import Line, PartMissing, Skipped
from benchmarks.plan import Plan
from benchmarks.workshop import progress
from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.models.tickets import Assignment, TicketEvent
from dispatch.service import assignment, handling, intake

TICKETS = 120
GROUP = 12
STEPS = 5
LIMIT = "a share and a row of history inserted by the driver into the same tables, and committed"


def measure(plan: Plan) -> Iterator[Line | Skipped]:
    """On a file and on a server."""
    del plan
    with on_sqlite() as database:
        yield _on(database, "sqlite")
    try:
        with on_postgres() as database:
            yield _on(database, "postgres")
    except PartMissing as missing:
        yield Skipped(figure="transitions_per_s_postgres", skipped=str(missing))


def _on(database: Database, engine: str) -> Line:
    progress(f"transitions: {TICKETS} tickets from dispatch to audit on {engine}")
    unit, numbers = unit_of(database), list[str]()
    for n in range(TICKETS + 1):
        with database.work() as s:
            numbers.append(intake.open_ticket(s, CENTRE, request(n), now=NOW).number)
    ours = _Pace(lambda group: _live(database, unit, group))
    bare = _Pace(_bare(database, unit, numbers.pop()))
    mapped = _Pace(_mapped(database))
    # In turns, so that whatever else the machine does befalls all three.
    for place in range(0, TICKETS, GROUP):
        group = numbers[place : place + GROUP]
        for pace in (ours, bare, mapped):
            pace.run(group)
    return Line(
        figure=f"transitions_per_s_{engine}",
        value=ours.per_second,
        unit="transitions/s",
        limit=LIMIT,
        limit_value=bare.per_second,
        n=TICKETS * STEPS,
        note="dispatch, sign, contact, complete, pass; each locks and reads the ticket, asks the "
        "table and chains the history. The same two rows through the mapper and our unit of "
        f"work, and nothing else: {mapped.per_second:.0f}/s, ratio to that "
        f"{ours.per_second / mapped.per_second:.2f}",
    )


@dataclass
class _Pace:
    """So many transactions of one kind, and the time they took."""

    work: Callable[[list[str]], None]
    done: int = 0
    seconds: float = 0.0

    def run(self, group: list[str]) -> None:
        """Do as many transactions as the group's tickets have steps."""
        began = time.perf_counter()
        self.work(group)
        self.seconds += time.perf_counter() - began
        self.done += len(group) * STEPS

    @property
    def per_second(self) -> float:
        """Transactions in a second."""
        return self.done / self.seconds


def _live(database: Database, unit: Actor, group: list[str]) -> None:
    """Every ticket of the group from dispatch to audit."""
    for place, step in enumerate(_steps(unit)):
        for number in group:
            with database.work() as s:
                step(s, number, place)


def _steps(unit: Actor) -> tuple[Callable[[Session, str, int], object], ...]:
    rules = the_rules()

    def at(place: int) -> timedelta:
        return timedelta(minutes=10 * place)

    return (
        lambda s, n, p: assignment.dispatch(s, CENTRE, n, "CG", rules, now=NOW + at(p)),
        lambda s, n, p: assignment.acknowledge(s, unit, n, now=NOW + at(p)),
        lambda s, n, p: handling.contact_requester(s, unit, n, note="已联系", now=NOW + at(p)),
        lambda s, n, p: handling.complete(s, unit, n, rules, public_reply=REPLY, now=NOW + at(p)),
        lambda s, n, p: handling.pass_audit(s, CENTRE, n, rules, now=NOW + at(p)),
    )


def _templates(database: Database) -> tuple[Assignment, TicketEvent]:
    with database.read() as s:
        share = s.scalars(select(Assignment).limit(1)).one()
        event = s.scalars(select(TicketEvent).where(TicketEvent.ticket_id.is_not(None))).first()
        assert event is not None
        return share, event


def _bare(database: Database, unit: Actor, number: str) -> Callable[[list[str]], None]:
    """Two statements made once, sent by the driver; nothing is read, checked or made up."""
    _live(database, unit, [number])
    statements = []
    for row in _templates(database):
        columns = [c for c in row.__table__.columns if c.name != "id"]
        values = {c.name: getattr(row, c.key) for c in columns}
        compiled = insert(type(row)).values(values).compile(database.engines.write)
        bound = {name: _bound(compiled, name, value) for name, value in compiled.params.items()}
        order = compiled.positiontup
        statements.append((str(compiled), [bound[n] for n in order] if order else bound))
    sqlite = database.engines.is_sqlite

    def insert_both(group: list[str]) -> None:
        line = database.engines.write.raw_connection()
        cursor = line.cursor()
        for _ in range(len(group) * STEPS):
            if sqlite:
                cursor.execute("BEGIN IMMEDIATE")
            for statement, given in statements:
                cursor.execute(statement, given)
            if sqlite:
                cursor.execute("COMMIT")
            else:
                line.commit()
        line.close()

    return insert_both


def _bound(compiled: object, name: str, value: object) -> object:
    processor = getattr(compiled, "_bind_processors", {}).get(name)
    return processor(value) if processor else value


def _mapped(database: Database) -> Callable[[list[str]], None]:
    """The same through the mapper and our unit of work."""
    kept = [
        (type(row), {c.key: getattr(row, c.key) for c in row.__table__.columns if c.key != "id"})
        for row in _templates(database)
    ]

    def add_both(group: list[str]) -> None:
        for _ in range(len(group) * STEPS):
            with database.work() as s:
                s.add_all([table(**values) for table, values in kept])

    return add_both
