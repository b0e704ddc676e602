"""Extension, hold, resumption and commitment on a running clock, against dates counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, CannotUndo, InvalidInput
from dispatch.domain.limits import Limit
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ClockChangeKind
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.handling import ClockChange
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.service import assignment, intake, sweep
from dispatch.service.clock_changes import add_change, resume, undo_change

CENTER = Actor(name="中心", role=Role.CENTER)
FORM = intake.RequestForm(
    content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT, phone="13800005678"
)
CLOCK = (
    "due_at", "warn_at", "red_at", "interim_by", "acknowledge_by", "remind_at", "return_by",
    "limit", "clock_rule", "calendar_version", "warned_at", "breached_at", "red_carded_at",
    "escalate_at", "escalation", "held_until", "promised_at", "started_at", "next_at",
)  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


SENT = at("2026-09-24 10:00")  # Thursday; 09-25…27 and 10-01…07 are days off, 10-10 is none
DUE = at("2026-10-09 17:30")  # five working days: 09-28, 29, 30, 10-08, 10-09


@pytest.fixture
def number(database: Database, rules: Rules, unit: Actor) -> str:
    """A ticket in 城管局's hands since Thursday 10:00, five working days."""
    assert unit.department_id
    with database.work() as s:
        made = intake.open_ticket(s, CENTER, FORM, now=SENT).number
        assignment.dispatch(s, CENTER, made, "CG", rules, now=SENT)
        assignment.acknowledge(s, unit, made, now=at("2026-09-24 10:30"))
    return made


def both(session: Session, number: str) -> tuple[Ticket, Assignment]:
    ticket = session.scalars(select(Ticket).where(Ticket.number == number).with_for_update()).one()
    share = assignment.running_assignment(session, ticket)
    assert share is not None
    return ticket, share


def change(database: Database, rules: Rules, number: str, now: str, **what: Any) -> int:
    """Make a change and return the row's id."""
    with database.work() as s:
        ticket, share = both(s, number)
        row = add_change(
            s, ticket, share, why="情况复杂", rules=rules, actor=CENTER, now=at(now), **what
        )
        return row.id


def extend(database: Database, rules: Rules, number: str, limit: str, now: str) -> int:
    return change(
        database, rules, number, now, kind=ClockChangeKind.EXTENSION, limit=Limit.parse(limit)
    )


def hold(database: Database, rules: Rules, number: str, since: str, until: str) -> int:
    return change(
        database,
        rules,
        number,
        since,
        kind=ClockChangeKind.HOLD,
        held_from=at(since),
        held_to=at(until),
    )


def undo(database: Database, rules: Rules, number: str, row: int, now: str) -> None:
    with database.work() as s:
        ticket, share = both(s, number)
        made = s.get_one(ClockChange, row)
        undo_change(s, ticket, share, made, why="误操作", rules=rules, actor=CENTER, now=at(now))


def resumed(database: Database, rules: Rules, number: str, now: str) -> None:
    with database.work() as s:
        ticket, share = both(s, number)
        resume(s, ticket, share, why="材料已齐", rules=rules, actor=CENTER, now=at(now))


def share_of(database: Database, number: str) -> Assignment:
    with database.read() as s:
        return both(s, number)[1]


def ticket_of(database: Database, number: str) -> Ticket:
    with database.read() as s:
        return both(s, number)[0]


def clock_of(database: Database, number: str) -> dict[str, object]:
    share = share_of(database, number)
    return {name: getattr(share, name) for name in CLOCK}


def test_an_extension_counts_on_from_the_due_time_and_the_promise_stays(
    database: Database, rules: Rules, number: str
) -> None:
    extend(database, rules, number, "3 working_day", "2026-09-29 09:00")
    share, ticket = share_of(database, number), ticket_of(database, number)
    assert share.due_at == ticket.due_at == at("2026-10-13 17:30")  # 10-10, 10-12, 10-13
    assert share.warn_at == ticket.warn_at == at("2026-10-12 17:30")
    assert share.red_at == at("2026-10-14 08:30")
    assert share.promised_at == ticket.promised_at == DUE
    with database.read() as s:
        row = s.scalars(select(ClockChange)).one()
        told = s.scalars(select(TicketEvent).where(TicketEvent.kind == "ClockMoved")).one()
    assert (row.old_due_at, row.new_due_at) == (DUE, at("2026-10-13 17:30"))
    assert told.details["change"] == "extension"
    assert told.details["reason"] == "情况复杂"


def test_a_hold_moves_the_due_time_by_the_working_days_it_covers(
    database: Database, rules: Rules, number: str
) -> None:
    hold(database, rules, number, "2026-09-29 08:30", "2026-09-30 17:30")
    share, ticket = share_of(database, number), ticket_of(database, number)
    assert share.due_at == at("2026-10-12 17:30")  # two working days after 10-09
    assert share.held_until == ticket.held_until == at("2026-09-30 17:30")


def test_part_of_a_held_day_counts_as_a_day_and_two_halves_as_one(
    database: Database, rules: Rules, number: str
) -> None:
    hold(database, rules, number, "2026-09-29 14:00", "2026-09-29 17:30")
    assert share_of(database, number).due_at == at("2026-10-10 17:30")
    hold(database, rules, number, "2026-09-30 08:30", "2026-09-30 12:00")
    assert share_of(database, number).due_at == at("2026-10-10 17:30")


def test_a_hold_over_the_holiday_alone_moves_nothing(
    database: Database, rules: Rules, number: str
) -> None:
    before = clock_of(database, number)
    hold(database, rules, number, "2026-09-30 17:30", "2026-10-08 08:30")
    after = clock_of(database, number)
    assert after == before | {"held_until": at("2026-10-08 08:30")}


def test_resuming_gives_back_what_was_not_needed(
    database: Database, rules: Rules, number: str
) -> None:
    hold(database, rules, number, "2026-09-28 08:30", "2026-10-10 17:30")
    assert share_of(database, number).due_at == at("2026-10-16 17:30")  # six working days later
    resumed(database, rules, number, "2026-09-28 17:30")
    share = share_of(database, number)
    assert share.due_at == at("2026-10-10 17:30")
    assert share.held_until is None
    with pytest.raises(ActionNotAllowed, match="没有挂起"):
        resumed(database, rules, number, "2026-09-28 17:31")


def test_a_commitment_sets_the_end_of_business_of_its_day_and_never_an_earlier_one(
    database: Database, rules: Rules, number: str
) -> None:
    promise = ClockChangeKind.COMMITMENT
    now = "2026-09-28 09:00"
    change(database, rules, number, now, kind=promise, until=at("2026-09-30 12:00"))
    assert share_of(database, number).due_at == DUE
    change(database, rules, number, now, kind=promise, until=at("2026-12-05 00:00"))  # Saturday
    ticket = ticket_of(database, number)
    assert ticket.due_at == ticket.committed_until == at("2026-12-07 17:30")
    assert ticket.promised_at == DUE


CHANGES: dict[str, Callable[[Database, Rules, str], int]] = {
    "extension": lambda d, r, n: extend(d, r, n, "5 working_day", "2026-09-29 09:00"),
    "hold": lambda d, r, n: hold(d, r, n, "2026-09-29 09:00", "2026-10-09 09:00"),
    "commitment": lambda d, r, n: change(
        d,
        r,
        n,
        "2026-09-29 09:00",
        kind=ClockChangeKind.COMMITMENT,
        until=at("2026-11-30 00:00"),
    ),
}


@pytest.mark.parametrize("first", CHANGES)
@pytest.mark.parametrize("second", CHANGES)
def test_taking_a_change_back_leaves_no_trace_whatever_came_before_it(
    database: Database, rules: Rules, number: str, first: str, second: str
) -> None:
    bare = clock_of(database, number)
    kept = CHANGES[first](database, rules, number)
    before = clock_of(database, number)
    undo(database, rules, number, CHANGES[second](database, rules, number), "2026-09-29 10:00")
    assert clock_of(database, number) == before
    undo(database, rules, number, kept, "2026-09-29 11:00")
    assert clock_of(database, number) == bare
    with pytest.raises(CannotUndo, match="2026-09-29 11:00"):
        undo(database, rules, number, kept, "2026-09-29 12:00")


def test_a_mark_whose_moment_moved_ahead_is_taken_off_and_given_again_in_its_time(
    database: Database, rules: Rules, number: str
) -> None:
    """Yellow on the eighth; then three more days: yellow again a day before the new due time."""

    def swept(now: str) -> sweep.Swept:
        with database.work() as s:
            return sweep.sweep(s, rules, now=at(now))

    assert swept("2026-10-08 18:00").warned == 1
    extend(database, rules, number, "3 working_day", "2026-10-08 18:30")
    assert share_of(database, number).warned_at is None
    assert ticket_of(database, number).warned_at is None
    assert swept("2026-10-09 18:00").total == 0
    assert swept("2026-10-12 17:30").warned == 1
    short = extend(database, rules, number, "1 working_day", "2026-10-13 09:00")
    undo(database, rules, number, short, "2026-10-13 10:00")
    assert swept("2026-10-13 10:01").total == 0  # it had its yellow card for this due time


def test_a_missed_due_time_that_was_moved_and_put_back_is_missed_as_before(
    database: Database, rules: Rules, number: str
) -> None:
    with database.work() as s:
        sweep.sweep(s, rules, now=at("2026-10-20 09:00"))
    missed = clock_of(database, number)
    row = extend(database, rules, number, "20 working_day", "2026-10-20 09:30")
    given = share_of(database, number)
    assert (given.breached_at, given.red_carded_at, given.escalation) == (None, None, 0)
    undo(database, rules, number, row, "2026-10-20 10:00")
    assert clock_of(database, number) == missed
    with database.work() as s:
        again = sweep.sweep(s, rules, now=at("2026-10-20 10:01"))
    assert (again.warned, again.breached, again.carded) == (0, 0, 0)


def test_a_mark_whose_moment_is_past_all_the_same_stays(
    database: Database, rules: Rules, number: str
) -> None:
    with database.work() as s:
        sweep.sweep(s, rules, now=at("2026-10-14 09:00"))
    extend(database, rules, number, "1 working_day", "2026-10-14 09:30")
    share = share_of(database, number)
    assert share.due_at == at("2026-10-10 17:30")
    assert share.breached_at is not None
    assert share.red_carded_at is not None


def test_a_change_without_what_it_needs_is_refused_by_its_field(
    database: Database, rules: Rules, number: str
) -> None:
    now = "2026-09-29 09:00"
    for kind, more in (
        (ClockChangeKind.EXTENSION, {}),
        (ClockChangeKind.COMMITMENT, {}),
        (ClockChangeKind.HOLD, {"held_from": at(now)}),
        (ClockChangeKind.HOLD, {"held_from": at(now), "held_to": at(now)}),
    ):
        with pytest.raises(InvalidInput):
            change(database, rules, number, now, kind=kind, **more)
    assert share_of(database, number).due_at == DUE
