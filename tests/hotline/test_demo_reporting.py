"""The demo's rosters, joint meetings and brief, made once by the services."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.models.reporting import Brief, JointCase, JointMeeting, RosterShift
from dispatch.service import accounts, rosters
from hotline.bootstrap import load_rules
from hotline.city.catalog import load_city
from hotline.demo_reporting import SHIFTS, WEEKS, add_reporting
from hotline.founding import found_city, found_staff
from hotline.settings import Settings

NOW = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)  # a Wednesday
MONDAY = date(2026, 11, 23)


def test_the_demo_has_a_full_roster_a_meeting_and_a_brief_under_way(
    sqlite_url: str, tmp_path: Path
) -> None:
    city = Database(sqlite_url)
    found_city(city, load_city())
    found_staff(city, load_city(), tmp_path, lambda _: "x")
    rules = load_rules(Settings())
    assert add_reporting(city, rules, now=NOW)
    assert not add_reporting(city, rules, now=NOW)
    a_day = sum(len(several) for _, _, several in SHIFTS)
    with city.read() as session:
        supervisor = accounts.actor_named(session, "supervisor1")
        days = [
            rosters.shifts(session, supervisor, day, day)
            for day in (MONDAY + timedelta(days=n) for n in range(7 * WEEKS))
        ]
        made = session.scalar(select(func.count()).select_from(RosterShift))
        cases = sorted(session.scalars(select(JointCase.state)))
        meetings = sorted(session.scalars(select(JointMeeting.state)))
        brief = session.scalars(select(Brief)).one()
    city.dispose()
    # No shift was refused, and nobody has two in one day.
    assert made == a_day * 7 * WEEKS
    assert all(len({one.name for one in day}) == len(day) for day in days)
    assert cases == ["concluded", "listed", "raised"]
    assert meetings == ["called", "held"]
    assert brief.state == "received"
