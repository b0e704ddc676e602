"""Figures out of the database: rows add up to counts, days have edges, nothing is no data."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from analytics import tallies
from analytics.facts import dispositions, rate, rates, value
from analytics.figures import BY_CODE, FIGURES, MEANS, PeriodRule
from analytics.periods import Period, read_period
from analytics.rates import Mean, Rate
from analytics.reports import counts
from analytics.rows import Part, every_row, rows
from analytics.weekly import weekly
from dispatch.bus import Database
from dispatch.domain.errors import NotFound, RoleNotAllowed
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition, Role, Status
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.tickets import Ticket
from dispatch.service import history
from dispatch.service.history import PastContact, PastTicket
from tests.analytics.history_made import CALLS, FIRST, NOW, put_month

RULES = Rules(load_profile("default"), load_calendar())
LEADER = Actor(name="市长", role=Role.LEADER, staff_id=1)
MONTH = Period(FIRST.date(), NOW.date())


NOT_TOLD = {"called_back_rate", "served_after_missed_rate", "replied_rate"}
ALIKE = {
    *("dispatch_accuracy_rate", "return_asked_rate", "return_upheld_rate", "redo_rate"),
    *("named_rate", "complete_record_rate", "connection_24h_rate", "follow_up_asked_rate"),
}
"""Of a month without returns, second rounds and names, all are hits or none is."""


def test_the_means_are_what_their_rows_make(database: Database) -> None:
    put_month(database)
    with database.read() as session:
        for figure in MEANS:
            found = value(session, LEADER, figure.code, MONTH, RULES, now=NOW)
            every = every_row(session, LEADER, figure.code, MONTH, RULES, now=NOW)
            counted = [row.counted or 0 for row in every]
            assert found == Mean(sum(counted), len(counted)), figure.code
            assert counted or figure.code == "mean_wrap_up"


def test_the_rows_behind_every_figure_add_up_to_it(database: Database) -> None:
    put_month(database)
    with database.read() as session:
        for figure in FIGURES:
            code = figure.code
            found = rate(session, LEADER, code, MONTH, RULES, now=NOW)
            # The month was brought in from elsewhere: what is not in its files is not judged.
            assert found.judged or code in NOT_TOLD, code
            assert 0 < found.hits < found.judged or code in NOT_TOLD | ALIKE, code
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
            # What was so when the month ended is the last day's; all else adds up.
            at_end = BY_CODE[code].period is PeriodRule.AT_END
            parts = by_day[-1:] if at_end else by_day
            assert sum((day[code] for day in parts), Rate()) == found, code
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
        endings = dispositions(session, LEADER, report.period)
        lines = tallies.by_line(session, LEADER, report.period)
        kinds = counts.tickets_by(session, LEADER, Ticket.kind, report.period)
        classes = tallies.by_class(session, LEADER, report.period, now=NOW)
    assert report.finished
    assert sum(endings.values()) == report.calls.now
    assert sum(line.direct.judged for line in lines) == report.calls.now
    assert sum(kinds.values()) == report.tickets.now
    assert sum(c.dispatched for c in classes) == report.dispatched.now
    assert report.figures["completion_rate"].rate.judged == report.dispatched.now
    asked = report.follow_up
    assert 0 < asked.of_answered.hits < asked.answered <= asked.reached <= asked.asked


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
