"""Figures out of the database: rows add up to counts, days have edges, nothing is no data."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from analytics.facts import dispositions, rate, rates
from analytics.figures import BY_CODE, FIGURES
from analytics.periods import Period, read_period, week_period
from analytics.rates import Rate
from analytics.rows import Part, rows
from analytics.tallies import follow_ups
from analytics.weekly import weekly
from dispatch.bus import Database
from dispatch.domain.errors import NotFound, RoleNotAllowed
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition, Rating, Role, Status, Verdict
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import history
from dispatch.service.history import PastContact, PastTicket
from tests.analytics.history_made import CALLS, FIRST, NOW, put_month

RULES = Rules(load_profile("default"), load_calendar())
LEADER = Actor(name="市长", role=Role.LEADER, staff_id=1)
MONTH = Period(FIRST.date(), NOW.date())


def test_the_rows_behind_every_figure_add_up_to_it(database: Database) -> None:
    put_month(database)
    with database.read() as session:
        for code in BY_CODE:
            found = rate(session, LEADER, code, MONTH, RULES, now=NOW)
            assert 0 < found.hits < found.judged, code
            for part, count in (
                (Part.JUDGED, found.judged),
                (Part.HITS, found.hits),
                (Part.MISSED, found.missed),
            ):
                listed = [
                    row
                    for offset in range(0, 500, 50)
                    for row in rows(
                        session,
                        LEADER,
                        code,
                        MONTH,
                        RULES,
                        part=part,
                        offset=offset,
                        now=NOW,
                    )
                ]
                assert len(listed) == count, (code, part)
                keys = [getattr(row, "call_id", None) or row.number for row in listed]  # type: ignore[union-attr]
                assert len(set(keys)) == count, (code, part)


def test_days_add_up_to_the_month_for_figures_and_outcomes(database: Database) -> None:
    put_month(database)
    days = [
        Period(day, day)
        for day in (MONTH.first + timedelta(days=i) for i in range(MONTH.days + 10))
    ]
    longer = Period(MONTH.first, days[-1].last)
    with database.read() as session:
        whole = rates(session, LEADER, longer, RULES, now=NOW)
        by_day = [rates(session, LEADER, day, RULES, now=NOW) for day in days]
        for code, found in whole.items():
            assert sum((day[code] for day in by_day), Rate()) == found, code
        ended = dispositions(session, LEADER, MONTH)
        assert sum(ended.values()) == CALLS == whole["direct_answer_rate"].judged
        assert ended[Disposition.ANSWERED_ON_CALL] == whole["direct_answer_rate"].hits


def test_units_add_up_to_the_city(database: Database) -> None:
    put_month(database)
    with database.read() as session:
        report = weekly(session, LEADER, "2026-W46", RULES, now=NOW)
        for unit in report.late_units:
            one = rate(
                session, LEADER, "on_time_rate", report.period, RULES, unit=unit.code, now=NOW
            )
            assert one == unit.in_time
        late = sum(unit.in_time.missed for unit in report.late_units)
        assert late == report.figures["on_time_rate"].rate.missed > 0


def test_the_week_is_consistent_with_itself(database: Database) -> None:
    put_month(database)
    with database.read() as session:
        report = weekly(session, LEADER, "2026-W46", RULES, now=NOW)
    assert report.finished
    assert sum(report.dispositions.values()) == report.calls.now
    assert sum(line.direct.judged for line in report.lines) == report.calls.now
    assert sum(report.kinds.values()) == report.tickets.now
    assert sum(c.dispatched for c in report.classes) == report.dispatched.now
    assert report.figures["completion_rate"].rate.judged == report.dispatched.now
    asked = report.follow_up
    assert asked.satisfied <= asked.answered <= asked.reached <= asked.asked


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        (datetime(2026, 11, 8, 23, 59, 59, 999_999, SHANGHAI), False),
        (datetime(2026, 11, 9, 0, 0, 0, 0, SHANGHAI), True),
        (datetime(2026, 11, 15, 23, 59, 59, 999_999, SHANGHAI), True),
        (datetime(2026, 11, 16, 0, 0, 0, 0, SHANGHAI), False),
    ],
)
def test_a_call_at_midnight_belongs_to_the_day_that_begins(
    database: Database, moment: datetime, inside: bool
) -> None:
    with database.work() as session:
        history.add_contacts(session, [PastContact(call_id="m", started_at=moment)])
    with database.read() as session:
        found = rate(
            session,
            LEADER,
            "direct_answer_rate",
            read_period("2026-11-09", "2026-11-15"),
            RULES,
            now=NOW,
        )
    assert found.judged == int(inside)


def test_an_empty_database_has_no_data_rather_than_zero(database: Database) -> None:
    with database.read() as session:
        found = rates(session, SYSTEM, MONTH, RULES, now=NOW)
        report = weekly(session, SYSTEM, "2026-W46", RULES, now=NOW)
    assert list(found) == [figure.code for figure in FIGURES]
    assert {rate.percent for rate in found.values()} == {None}
    assert report.is_empty
    assert not report.rising
    assert report.follow_up.of_asked.percent is None


def test_what_was_not_known_a_week_ago_is_not_counted_in_last_weeks_column(
    sqlite_url: str,
) -> None:
    """Last Tuesday's ticket was still open last Wednesday: the comparison must say so."""
    database = Database(sqlite_url)
    tuesday = datetime(2026, 11, 10, 9, tzinfo=SHANGHAI)
    made = PastTicket(
        number="t1",
        created_at=tuesday,
        dispatched_at=tuesday,
        due_at=tuesday + timedelta(days=5),
        completed_at=tuesday + timedelta(days=4),
        closed_at=tuesday + timedelta(days=4),
        department="城管局",
        status=Status.CLOSED,
    )
    with database.work() as session:
        history.add_tickets(session, [made])
    with database.read() as session:
        line = weekly(session, SYSTEM, "2026-W47", RULES, now=NOW).figures["completion_rate"]
        full = weekly(session, SYSTEM, "2026-W46", RULES, now=NOW).figures["completion_rate"]
    database.dispose()
    assert (line.before, full.rate) == (Rate(0, 1), Rate(1, 1))


def test_satisfaction_is_told_by_three_denominators(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    at = datetime(2026, 11, 10, 9, tzinfo=SHANGHAI)
    grades = [Rating.SATISFIED] * 73 + [Rating.DISSATISFIED] * 2
    made = [
        PastTicket(
            number=f"t{i}",
            created_at=at,
            dispatched_at=at,
            closed_at=at,
            completed_at=at,
            status=Status.CLOSED,
            solved=Verdict.RESOLVED,
            rating=grade,
        )
        for i, grade in enumerate(grades)
    ]
    with database.work() as session:
        history.add_tickets(session, made)
    with database.read() as session:
        found = follow_ups(session, SYSTEM, week_period("2026-W46"), RULES)
    database.dispose()
    assert (found.asked, found.reached, found.answered, found.satisfied) == (75, 75, 75, 73)
    assert str(found.of_answered.percent) == "97.33"


@pytest.mark.parametrize("role", [Role.AGENT, Role.DISPATCHER, Role.FOLLOW_UP, Role.DEPARTMENT])
def test_the_figures_of_the_city_are_not_for_everybody(sqlite_url: str, role: Role) -> None:
    database = Database(sqlite_url)
    reader = Actor(name="某人", role=role, staff_id=1, department_id=1)
    with database.read() as session:
        with pytest.raises(RoleNotAllowed):
            weekly(session, reader, "2026-W46", RULES, now=NOW)
        with pytest.raises(RoleNotAllowed):
            rows(session, reader, "completion_rate", MONTH, RULES, now=NOW)
    database.dispose()


def test_an_unknown_figure_is_named_with_those_there_are(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.read() as session, pytest.raises(NotFound, match="completion_rate"):
        rate(session, SYSTEM, "nonsense", MONTH, RULES, now=NOW)
    database.dispose()
