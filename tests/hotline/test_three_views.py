"""The demo's media items, checks and findings, made once by the services; and the timers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.models.judging import GamingFinding, MediaItem, QualityCheck
from dispatch.service.rulebook import RuleBook
from hotline.bootstrap import load_rules
from hotline.city.catalog import load_city
from hotline.demo_three_views import add_three_views
from hotline.founding import found_city, found_staff
from hotline.settings import Settings
from hotline.three_views import timers

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # a Monday


@pytest.fixture
def city(sqlite_url: str, tmp_path: Path) -> Database:
    """The founded demo city."""
    database = Database(sqlite_url)
    found_city(database, load_city())
    found_staff(database, load_city(), tmp_path, lambda _: "x")
    return database


def test_the_demo_has_something_of_each_view_and_the_timers_find_no_more(city: Database) -> None:
    rules = load_rules(Settings())
    assert add_three_views(city, rules, now=NOW)
    assert not add_three_views(city, rules, now=NOW)
    for _, _, work in timers(city, RuleBook(city, rules)):
        work(NOW)
    with city.read() as session:
        states = sorted(session.scalars(select(MediaItem.state)))
        found = sorted(session.scalars(select(GamingFinding.kind)))
        # Both tickets of last week were answered, so both replies were drawn.
        drawn = session.scalar(select(func.count()).select_from(QualityCheck))
    city.dispose()
    assert states == ["matched", "registered", "supervised"]
    assert found == ["no_contact", "pasted_reply"]
    assert drawn == 2
