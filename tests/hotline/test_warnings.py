"""Early warnings of a city: a slow surge, a unit about to miss, a ticket that wanders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from benchmarks import city_store
from benchmarks.city_weeks import City
from dispatch.bus import Database
from dispatch.domain.people import Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.reporting_terms import WarningKind, WarningState
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.oversight import Notice
from dispatch.models.people import Department
from dispatch.models.reporting import EarlyWarning
from dispatch.models.tickets import Ticket
from dispatch.service import early_warning_queries, early_warnings
from hotline import warnings
from tests.dispatch.knowledge_story import Story
from tests.hot_spot_city import DAYS, NOW, STREET, quiet_city, seen

RULES = Rules(load_profile("default"), load_calendar())
TUESDAY = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def look(database: Database, now: datetime) -> int:
    """Look for surges alone: the tickets of the made city lie about without a unit."""
    return warnings.look(database, RULES, now, [WarningKind.SURGE])


def open_ones(database: Database) -> list[EarlyWarning]:
    """The open warnings."""
    with database.read() as session:
        query = select(EarlyWarning).where(EarlyWarning.state == WarningState.OPEN.value)
        return list(session.scalars(query.order_by(EarlyWarning.id)))


def test_a_slow_surge_is_told_once_a_week_and_settles_itself(database: Database) -> None:
    quiet_city(database)
    look(database, NOW)
    assert open_ones(database) == []
    # Three a day for a week: too slow for a hot spot.
    slow = [seen(900_000 + n, NOW - timedelta(hours=8 * n + 1)) for n in range(21)]
    with database.work() as session:
        city_store.store(session, slow)
    assert look(database, NOW) == 1
    (one,) = open_ones(database)
    assert (one.kind, one.division) == (WarningKind.SURGE.value, STREET)
    assert one.count >= 21 > 4 * (one.expected or 0)
    assert "事项" in one.words
    assert {f"L{ticket.ticket_id:012d}" for ticket in slow} <= set(one.tickets)
    assert look(database, NOW + timedelta(minutes=15)) == 0
    assert len(open_ones(database)) == 1
    assert look(database, NOW + 9 * DAY) == 0
    with database.read() as session:
        gone = session.get_one(EarlyWarning, one.id)
        assert gone.state == WarningState.SETTLED.value
        assert "已回落" in gone.outcome
        assert session.scalars(select(Notice.role)).all() == [Role.SUPERVISOR.value]


def test_what_was_called_false_is_silent_for_its_window(database: Database) -> None:
    quiet_city(database)
    with database.work() as session:
        city_store.store(
            session, [seen(900_000 + n, NOW - timedelta(hours=8 * n + 1)) for n in range(21)]
        )
    look(database, NOW)
    with database.work() as session:
        judge = Actor(name="班长", role=Role.SUPERVISOR)
        early_warnings.settle(session, judge, 1, outcome="计划施工", false=True, now=NOW)
    assert look(database, NOW + timedelta(minutes=15)) == 0
    assert open_ones(database) == []


def test_one_angry_caller_makes_no_surge(database: Database) -> None:
    quiet_city(database)
    with database.work() as session:
        calls = [seen(900_000 + n, NOW - timedelta(hours=8 * n + 1), caller="7") for n in range(21)]
        city_store.store(session, calls)
    assert look(database, NOW) == 0


def put_unit(database: Database, *, a_day: int, due: int, held: int = 0) -> int:
    """A unit that finished so many on each of 30 days and has so many due in two hours."""
    row = {
        "query_code": "000000",
        "channel": "phone",
        "kind": "complaint",
        "urgency": "routine",
        "title": "路灯不亮",
        "content": "路灯不亮",
        "created_at": TUESDAY - 40 * DAY,
        "dispatched_at": TUESDAY - 3 * DAY,
        "dispatches": 1,
    }
    with database.work() as session:
        unit = Department(code="CG", name="城市管理局", short_name="城管局", tier=2, kind="bureau")
        session.add(unit)
        session.flush()
        done = [
            {
                **row,
                "number": f"d{day}-{n}",
                "status": "closed",
                "closed_at": TUESDAY - day * DAY,
                "completed_at": TUESDAY - day * DAY,
                "department_id": unit.id,
            }
            for day in range(1, 31)
            for n in range(a_day)
        ]
        waiting = [
            {
                **row,
                "number": f"w{n}",
                "status": "in_progress",
                "due_at": TUESDAY + timedelta(hours=2),
                "held_until": TUESDAY + DAY if n < held else None,
                "department_id": unit.id,
            }
            for n in range(due)
        ]
        for rows in (done, waiting):
            if rows:
                session.execute(insert(Ticket), rows)
        return unit.id


def test_a_unit_with_more_due_than_it_finishes_is_warned_of_and_told(database: Database) -> None:
    unit = put_unit(database, a_day=4, due=20)
    with database.read() as session:
        (sign,) = warnings.find_misses(session, RULES, TUESDAY)
    assert (sign.department_id, sign.count, len(sign.tickets)) == (unit, 20, 20)
    # Four a day of seven in the week, told per working day.
    assert sign.expected == pytest.approx(5.5, abs=1.0)
    assert warnings.look(database, RULES, TUESDAY) == 1
    with database.read() as session:
        told = session.scalars(select(Notice).order_by(Notice.id)).all()
        assert [(one.role, one.department_id) for one in told] == [
            (Role.SUPERVISOR.value, None),
            (None, unit),
        ]


@pytest.mark.parametrize(
    ("a_day", "due", "held"),
    [(4, 6, 0), (0, 20, 0), (4, 20, 16)],
    ids=["it manages them", "its pace is not known", "most are on hold"],
)
def test_a_unit_that_manages_or_is_not_known_is_left_alone(
    database: Database, a_day: int, due: int, held: int
) -> None:
    put_unit(database, a_day=a_day, due=due, held=held)
    with database.read() as session:
        assert warnings.find_misses(session, RULES, TUESDAY) == []


def test_a_ticket_nobody_has_is_warned_of_until_somebody_takes_it(database: Database) -> None:
    with database.work() as session:
        session.execute(
            insert(Ticket),
            [
                {
                    "number": "lost",
                    "query_code": "000000",
                    "channel": "phone",
                    "kind": "complaint",
                    "urgency": "routine",
                    "title": "x",
                    "content": "x",
                    "status": "open",
                    "created_at": TUESDAY - 3 * DAY,
                }
            ],
        )
    assert warnings.look(database, RULES, TUESDAY) == 1
    (one,) = open_ones(database)
    assert (one.kind, one.tickets) == (WarningKind.WANDERING.value, ["lost"])
    with database.work() as session:
        session.get_one(Ticket, 1).status = "answered"
    assert warnings.look(database, RULES, TUESDAY) == 0
    assert open_ones(database) == []


def test_many_at_once_are_one_notice(database: Database) -> None:
    city = City(3, a_day=20, subjects=5)
    with database.work() as session:
        city_store.found(session, city.trees)
        city_store.store(session, city.day(0))
    found = warnings.look(database, RULES, NOW)
    assert found > early_warnings.APART
    with database.read() as session:
        (words,) = session.scalars(select(Notice.words))
    assert f"新增 {found} 条" in words


def test_without_weeks_of_history_nothing_is_told(database: Database) -> None:
    assert DAYS > 56
    with database.read() as session:
        assert warnings.find_surges(session, RULES, NOW) == []


def test_what_is_asked_for_in_vain_is_warned_of_until_it_is_answered(database: Database) -> None:
    story = Story(database, RULES)
    policy = RULES.profile.knowledge
    for n in range(policy.gap_asked):
        assert warnings.look(database, RULES, TUESDAY) == 0
        story.miss("加装电梯补贴", now=TUESDAY - timedelta(hours=9 - n))
    assert warnings.look(database, RULES, TUESDAY) == 1
    (one,) = open_ones(database)
    assert (one.kind, one.count) == (WarningKind.KNOWLEDGE_GAP.value, policy.gap_asked)
    assert "加装电梯补贴" in one.words
    with database.read() as session:
        view = early_warning_queries.warning_for(session, story.who["centre"], one.id)
        told = session.scalars(select(Notice).where(Notice.role == Role.CENTER.value)).all()
    assert view.about == "知识库没有“加装电梯补贴”"
    assert view.gap_id is not None
    assert story.gap(view.gap_id).count == policy.gap_asked
    assert len(told) == 1
    # A week later nobody has asked for it any more.
    assert warnings.look(database, RULES, TUESDAY + policy.gap_days * DAY) == 0
    assert open_ones(database) == []
