"""Several people and several workers at once, in real threads on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TypeVar

from sqlalchemy import func, select, update

from dispatch.bus import Database
from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.domain.errors import ChangedMeanwhile, HotlineError
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.contacts import Contact
from dispatch.models.people import Requester
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.service import assignment, followup_calls, handling, intake, sweep

T = TypeVar("T")

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
AGENT = Actor(name="小王", role=Role.AGENT)
CENTER = Actor(name="中心", role=Role.CENTER)
FORM = intake.RequestForm(
    content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT, phone="13800005678"
)


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """Run the same work in threads that start together; the first error is raised."""
    start = Barrier(count)

    def run(number: int) -> T:
        start.wait(timeout=20)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def dispatched(database: Database, rules: Rules) -> str:
    """A ticket in the unit's hands."""
    with database.work() as s:
        ticket = intake.open_ticket(s, AGENT, FORM, now=NOW)
        assignment.dispatch(s, AGENT, ticket.number, "CG", rules, now=NOW)
        return ticket.number


def audited(database: Database, rules: Rules, unit: Actor) -> str:
    """A ticket that waits for its follow-up call."""
    number = dispatched(database, rules)
    with database.work() as s:
        assignment.acknowledge(s, unit, number, now=NOW)
        handling.complete(
            s, unit, number, rules, public_reply="已责令商户撤摊并清洗路面。", now=NOW
        )
        handling.pass_audit(s, CENTER, number, rules, now=NOW)
    return number


def test_eight_agents_get_eight_numbers_and_know_one_requester(database: Database) -> None:
    def open_three(_: int) -> list[str]:
        numbers = []
        for _again in range(3):
            with database.work() as s:
                numbers.append(intake.open_ticket(s, AGENT, FORM, now=NOW).number)
        return numbers

    numbers = [number for three in at_once(8, open_three) for number in three]
    assert sorted(numbers) == [f"20261123{n:06d}" for n in range(1, 25)]
    with database.read() as s:
        assert s.scalar(select(func.count(Requester.id))) == 1


def test_of_two_who_sign_at_once_exactly_one_signs(
    database: Database, rules: Rules, unit: Actor
) -> None:
    number = dispatched(database, rules)
    with database.read() as s:
        seen = s.scalars(select(Ticket.version)).one()

    def press(_: int) -> type[HotlineError] | None:
        try:
            with database.work() as s:
                assignment.acknowledge(s, unit, number, expected=seen, now=NOW)
        except HotlineError as error:
            return type(error)
        return None

    assert Counter(at_once(2, press)) == {None: 1, ChangedMeanwhile: 1}
    with database.read() as s:
        signed = select(func.count()).where(TicketEvent.kind == "TicketAcknowledged")
        assert s.scalar(signed) == 1


MARKS = ("reminded", "unsigned", "warned", "breached", "carded", "escalated")


def test_four_sweepers_mark_and_tell_each_clock_once(
    database: Database, rules: Rules, unit: Actor
) -> None:
    for _ in range(12):
        dispatched(database, rules)
    late = NOW + timedelta(days=60)

    steps = len(rules.profile.ladder)

    def sweep_all(_: int) -> tuple[int, ...]:
        marked = Counter[str]()
        # Sweepers that find the first rows held by others pass in vain: give them passes enough.
        for _pass in range(40 * steps):
            with database.work() as s:
                swept = sweep.sweep(s, rules, now=late, limit=2)
            marked.update({name: getattr(swept, name) for name in MARKS})
        return tuple(marked[name] for name in MARKS)

    found = at_once(4, sweep_all)
    assert [sum(column) for column in zip(*found, strict=True)] == [12, 12, 12, 12, 12, 12 * steps]
    with database.read() as s:
        told = Counter(s.scalars(select(TicketEvent.kind).where(TicketEvent.at == late)))
        told_once = {"SignReminded": 12, "DeadlineNear": 12, "DeadlineBreached": 24, "RedCard": 12}
        assert {kind: told[kind] for kind in told_once} == told_once
        clocks = select(Assignment.warned_at, Assignment.sign_breached_at, Assignment.breached_at)
        assert {tuple(row) for row in s.execute(clocks)} == {(late, late, late)}
        assert set(s.scalars(select(Ticket.breached_at))) == {late}


def test_a_sweep_never_collides_with_a_button(
    database: Database, rules: Rules, unit: Actor
) -> None:
    numbers = [dispatched(database, rules) for _ in range(10)]
    late = NOW + timedelta(days=60)

    def work(worker: int) -> None:
        for number in numbers if worker else numbers[::-1]:
            with database.work() as s:
                if worker:
                    assignment.acknowledge(s, unit, number, now=late)
                    handling.contact_requester(s, unit, number, note="已电话联系", now=late)
                else:
                    sweep.sweep(s, rules, now=late)

    at_once(2, work)
    with database.work() as s:
        sweep.sweep(s, rules, now=late)
    with database.read() as s:
        rows = s.execute(select(Ticket.status, Ticket.breached_at)).all()
    assert {tuple(row) for row in rows} == {("in_progress", late)}


def test_six_workers_ring_each_requester_once(
    database: Database, rules: Rules, unit: Actor
) -> None:
    for caller in range(6):
        number = audited(database, rules, unit)
        with database.work() as s:
            # Nobody is rung twice at once, so each of the six is somebody else.
            s.execute(
                update(Ticket).where(Ticket.number == number).values(phone=f"1380000560{caller}")
            )

    def claim(_: int) -> list[int]:
        taken: list[int] = []
        for _pass in range(4):
            with database.work() as s:
                due = NOW + timedelta(hours=1)
                taken += [
                    c.follow_up_id for c in followup_calls.claim_due(s, rules, limit=2, now=due)
                ]
        return taken

    taken = [follow_up for some in at_once(6, claim) for follow_up in some]
    assert len(taken) == len(set(taken)) == 6


def test_six_workers_never_ring_one_person_twice_at_once(
    database: Database, rules: Rules, unit: Actor
) -> None:
    for _ in range(6):
        audited(database, rules, unit)

    def claim(_: int) -> int:
        with database.work() as s:
            due = NOW + timedelta(hours=1)
            return len(followup_calls.claim_due(s, rules, limit=2, now=due))

    assert sum(at_once(6, claim)) == 1


def test_a_call_told_by_four_processes_at_once_is_one_contact_told_once(
    database: Database,
) -> None:
    def tell(_: int) -> None:
        for minute in range(4):
            ended = NOW + timedelta(minutes=minute) if minute == 3 else None
            call = CallRecord(
                call_id="hot1-1",
                direction=Direction.INBOUND,
                caller="13800005678",
                started_at=NOW,
                ringing="8001" if minute == 1 else None,
                agent="8001" if minute > 1 else None,
                answered_at=NOW + timedelta(minutes=2) if minute > 1 else None,
                ended_at=ended,
                outcome=CallOutcome.ANSWERED if ended else None,
            )
            with database.work() as s:
                intake.record_call(s, call, now=NOW)

    at_once(4, tell)
    with database.read() as s:
        contact = s.scalars(select(Contact)).one()
        told = Counter(s.scalars(select(TicketEvent.kind)))
    assert (contact.outcome, contact.agent) == ("answered", "8001")
    assert {told[kind] for kind in ("CallArrived", "CallAnswered", "CallEnded")} == {1}
