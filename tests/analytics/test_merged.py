"""并单 in the figures: one piece of work for the unit, as many wishes as there were callers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from analytics.facts import rate, rates
from analytics.periods import Period
from analytics.tallies import by_class, totals
from dispatch.bus import Database
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Role, Verdict
from dispatch.models.people import Department
from dispatch.service import assignment, followup, handling, intake, merging

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
LATER = NOW + timedelta(days=20)
MONTH = Period(date(2026, 11, 1), date(2026, 12, 31))
RULES = Rules(load_profile("default"), load_calendar())
CENTER = Actor(name="中心", role=Role.CENTER)
CALLER = Actor(name="回访员", role=Role.FOLLOW_UP)
FORM = intake.RequestForm(content="阳光小区全楼停水", kind=RequestKind.ASSISTANCE)


@pytest.fixture
def unit(database: Database) -> Actor:
    """城管局's liaison."""
    with database.work() as s:
        row = Department(code="CG", name="城市管理局", short_name="城管局", tier=2, kind="bureau")
        s.add(row)
        s.flush()
        return Actor(name="城管局", role=Role.DEPARTMENT, department_id=row.id)


def test_five_callers_are_one_piece_of_work_and_five_wishes(
    database: Database, unit: Actor
) -> None:
    with database.work() as s:
        main, *others = [
            intake.open_ticket(s, CENTER, replace(FORM, phone=f"1380000000{n}"), now=NOW).number
            for n in range(5)
        ]
        # One of them was with the unit already, and leaves it before its time to sign is over.
        assignment.dispatch(s, CENTER, others[0], "CG", RULES, now=NOW)
        merging.merge_many(s, CENTER, others, main, reason="同一小区", now=NOW)
        assignment.dispatch(s, CENTER, main, "CG", RULES, now=NOW)
        assignment.acknowledge(s, unit, main, now=NOW)
        reply = "水管已抢修完毕，阳光小区今日恢复供水。"
        handling.complete(s, unit, main, RULES, public_reply=reply, now=NOW)
        handling.pass_audit(s, CENTER, main, RULES, now=NOW)
        for number in (main, *others):
            followup.record_by_person(
                s,
                CALLER,
                number,
                RULES,
                reached=True,
                solved=Verdict.RESOLVED,
                rating=None,
                now=NOW + timedelta(hours=1),
            )
    with database.read() as s:
        counted = totals(rates(s, SYSTEM, MONTH, RULES, now=LATER))
        (work,) = by_class(s, SYSTEM, MONTH, now=LATER)
        asked = rate(s, SYSTEM, "follow_up_reached_rate", MONTH, RULES, now=LATER)

        def judged(code: str) -> int:
            return rate(s, SYSTEM, code, MONTH, RULES, now=LATER).judged

        figures = {
            code: judged(code)
            for code in (
                "on_time_rate",
                "completion_rate",
                "response_rate",
                "acknowledged_on_time_rate",
                "resolution_rate",
            )
        }
        of_unit = rate(s, SYSTEM, "resolution_rate", MONTH, RULES, unit="CG", now=LATER).judged
    assert (counted.tickets, counted.dispatched, counted.closed) == (5, 1, 5)
    assert (work.dispatched, work.in_time) == (1, 1)
    assert (asked.judged, asked.hits) == (5, 5)
    assert figures == {
        "on_time_rate": 1,
        "completion_rate": 1,
        "response_rate": 1,
        "acknowledged_on_time_rate": 1,
        "resolution_rate": 5,
    }
    assert of_unit == 1
