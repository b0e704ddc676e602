"""The history is append-only, and who gets round that is told by the row he touched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from dispatch.bus import Database, record
from dispatch.domain.events import TicketUrged
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.service import assignment, chain_check, handling, intake, urging
from dispatch.service.access import ticket_for
from dispatch.service.chain_check import Broken, Damage

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CENTER = Actor(name="中心", role=Role.CENTER)
FORM = intake.RequestForm(
    content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT, phone="13800005678"
)


def minutes(n: float) -> datetime:
    """A moment of the story."""
    return NOW + timedelta(minutes=n)


@pytest.fixture
def numbers(database: Database, rules: Rules, unit: Actor) -> list[str]:
    """Three tickets with six rows of history each; the second is the one touched."""
    made = []
    for n in range(3):
        with database.work() as s:
            number = intake.open_ticket(s, CENTER, FORM, now=minutes(n)).number
            assignment.dispatch(s, CENTER, number, "CG", rules, now=minutes(n + 1))
            assignment.acknowledge(s, unit, number, now=minutes(n + 2))
            handling.contact_requester(s, unit, number, note="已电话联系", now=minutes(n + 3))
            urging.urge(s, CENTER, number, contact_id=None, note="", now=minutes(n + 4))
            handling.complete(
                s,
                unit,
                number,
                rules,
                public_reply="已责令商户撤摊并清洗路面。",
                now=minutes(n + 5),
            )
        made.append(number)
    return made


def rows(database: Database, number: str) -> list[int]:
    """The ids of a ticket's history."""
    query = text(
        "SELECT e.id FROM ticket_event e JOIN ticket t ON t.id = e.ticket_id "
        "WHERE t.number = :number ORDER BY e.id"
    )
    with database.read() as s:
        return list(s.scalars(query, {"number": number}))


def tamper(database: Database, *statements: str, **values: object) -> None:
    """Do what an intruder with the database's password does: drop the trigger, then write."""
    sqlite = database.engines.is_sqlite
    drops = (
        ["DROP TRIGGER ticket_event_no_update", "DROP TRIGGER ticket_event_no_delete"]
        if sqlite
        else ["DROP TRIGGER ticket_event_append_only ON ticket_event"]
    )
    with database.work() as s:
        for statement in drops:
            s.execute(text(statement))
        for statement in statements:
            s.execute(text(statement), values)


def found(database: Database) -> list[Broken]:
    """What a full walk finds."""
    with database.read() as s:
        return list(chain_check.broken(s, after=0, up_to=chain_check.newest_ticket(s)))


def test_an_untouched_history_holds(database: Database, numbers: list[str]) -> None:
    assert found(database) == []
    assert len(rows(database, numbers[1])) == 6


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ticket_event SET actor_name = 'x'",
        "DELETE FROM ticket_event",
    ],
)
def test_the_database_itself_refuses_to_change_the_history(
    database: Database, numbers: list[str], statement: str
) -> None:
    with pytest.raises(DatabaseError, match="append-only"), database.work() as s:
        s.execute(text(statement))
    assert found(database) == []
    assert len(rows(database, numbers[1])) == 6


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("actor_name = '别人'", 0),
        ("at = '2026-11-01 00:00:00+00'", 2),
        ("status = 'closed'", 2),
        ("actor_id = NULL, actor_role = 'system'", 5),
        ('details = \'{"reason": ""}\'', 1),
        ("kind = 'TicketUrged'", 0),
    ],
)
def test_a_changed_row_is_named(
    database: Database, numbers: list[str], change: str, place: int
) -> None:
    touched = rows(database, numbers[1])[place]
    tamper(database, f"UPDATE ticket_event SET {change} WHERE id = :id", id=touched)
    assert found(database) == [Broken(numbers[1], touched, Damage.CHANGED)]


@pytest.mark.parametrize("place", [0, 3])
def test_a_removed_row_is_noticed_at_the_one_after_it(
    database: Database, numbers: list[str], place: int
) -> None:
    removed, after = rows(database, numbers[1])[place : place + 2]
    tamper(database, "DELETE FROM ticket_event WHERE id = :id", id=removed)
    assert found(database) == [Broken(numbers[1], after, Damage.CHANGED)]


def test_removed_last_rows_are_noticed_by_the_tickets_head(
    database: Database, numbers: list[str]
) -> None:
    ids = rows(database, numbers[1])
    tamper(database, "DELETE FROM ticket_event WHERE id IN (:a, :b)", a=ids[-1], b=ids[-2])
    assert found(database) == [Broken(numbers[1], ids[-3], Damage.TAIL)]


INSERT = (
    "INSERT INTO ticket_event "
    "(id, kind, at, ticket_id, actor_name, actor_role, details, digest) "
    "SELECT :new, 'TicketUrged', at, ticket_id, actor_name, actor_role, '{}', :digest "
    "FROM ticket_event WHERE id = :old"
)


@pytest.mark.parametrize("digest", ["", "0" * 64])
def test_an_inserted_row_is_named(database: Database, numbers: list[str], digest: str) -> None:
    # The second ticket's rows are moved apart, so that there is a place between two of them.
    ids = rows(database, numbers[1])
    tamper(
        database,
        "UPDATE ticket_event SET id = id + 100 WHERE id >= :after",
        INSERT,
        new=ids[2] + 50,
        old=ids[2],
        after=ids[3],
        digest=digest,
    )
    assert found(database) == [Broken(numbers[1], ids[2] + 50, Damage.INSERTED)]


def test_a_row_added_behind_the_programs_back_is_named(
    database: Database, numbers: list[str]
) -> None:
    ids = rows(database, numbers[1])
    tamper(database, INSERT, new=9_000, old=ids[-1], digest="0" * 64)
    assert found(database) == [Broken(numbers[1], 9_000, Damage.INSERTED)]


@pytest.mark.parametrize(
    ("place", "digest"), [(0, ""), (2, ""), (5, ""), (2, "f" * 64), (5, "f" * 64)]
)
def test_an_emptied_digest_is_named(
    database: Database, numbers: list[str], place: int, digest: str
) -> None:
    touched = rows(database, numbers[1])[place]
    tamper(
        database,
        "UPDATE ticket_event SET digest = :digest WHERE id = :id",
        id=touched,
        digest=digest,
    )
    assert found(database) == [Broken(numbers[1], touched, Damage.EMPTIED)]


def test_two_changed_rows_are_both_named(database: Database, numbers: list[str]) -> None:
    ids = rows(database, numbers[1])
    tamper(
        database,
        "UPDATE ticket_event SET actor_name = 'x' WHERE id IN (:a, :b)",
        a=ids[1],
        b=ids[4],
    )
    assert [(b.event_id, b.damage) for b in found(database)] == [
        (ids[1], Damage.CHANGED),
        (ids[4], Damage.CHANGED),
    ]


@pytest.mark.parametrize("emptied", ["", ", history_digest = ''"])
def test_a_ticket_whose_whole_history_is_gone_is_named(
    database: Database, numbers: list[str], emptied: str
) -> None:
    tamper(
        database,
        "DELETE FROM ticket_event WHERE ticket_id = (SELECT id FROM ticket WHERE number = :n)",
        f"UPDATE ticket SET version = version + 1 {emptied} WHERE number = :n",
        n=numbers[1],
    )
    assert found(database) == [Broken(numbers[1], None, Damage.ALL_REMOVED)]


def test_only_the_tickets_asked_for_are_walked(database: Database, numbers: list[str]) -> None:
    touched = rows(database, numbers[1])[2]
    tamper(database, "UPDATE ticket_event SET actor_name = 'x' WHERE id = :id", id=touched)
    with database.read() as s:
        assert list(chain_check.broken(s, after=0, up_to=1)) == []
        assert list(chain_check.broken(s, after=2, up_to=3)) == []
        assert [b.event_id for b in chain_check.broken(s, after=1, up_to=2)] == [touched]


@pytest.mark.parametrize("damage", list(Damage))
def test_what_was_found_is_said_with_ticket_and_row(damage: Damage) -> None:
    sentence = Broken("20261123-0001", 17, damage).why
    assert "20261123-0001" in sentence
    assert "17" in sentence
    assert damage.label in sentence


def _by_hand(database: Database, numbers: list[str]) -> None:
    with database.work() as s:
        urging.urge(s, CENTER, numbers[1], contact_id=None, note="", now=minutes(60))


def _by_the_system(database: Database, numbers: list[str]) -> None:
    with database.work() as s:
        ticket = ticket_for(s, CENTER, numbers[1])
        record(s, SYSTEM, TicketUrged(at=minutes(60), ticket_id=ticket.id))


@pytest.mark.parametrize("go_on", [_by_hand, _by_the_system])
def test_work_that_goes_on_after_tampering_does_not_hide_it(
    database: Database, numbers: list[str], go_on: Callable[[Database, list[str]], None]
) -> None:
    touched = rows(database, numbers[1])[2]
    tamper(database, "UPDATE ticket_event SET actor_name = 'x' WHERE id = :id", id=touched)
    go_on(database, numbers)
    assert found(database) == [Broken(numbers[1], touched, Damage.CHANGED)]
