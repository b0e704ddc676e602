"""The demo's appeals: one in each state, made once, by people who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from dispatch.bus import Database
from dispatch.models.judging import Appeal, Exclusion
from hotline.bootstrap import load_rules
from hotline.city.catalog import load_city
from hotline.demo_appeals import DECISIONS, add_appeals
from hotline.founding import found_city, found_staff
from hotline.schema import migrate
from hotline.settings import Settings
from tests.dispatch.appeal_story import past, put

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)


def test_the_demo_city_has_an_appeal_in_each_state_and_makes_them_once(
    sqlite_url: str, tmp_path: Path
) -> None:
    database, rules = Database(sqlite_url), load_rules(Settings(data_dir=tmp_path))
    migrate(database)
    found_city(database, load_city())
    found_staff(database, load_city(), tmp_path, lambda password: password)
    day = timedelta(days=1)
    put(
        database,
        *(
            replace(past(f"t{i}", department="CHENGGUAN"), closed_at=NOW - (i + 1) * day)
            for i in range(7)
        ),
    )
    assert add_appeals(database, rules, now=NOW)
    assert not add_appeals(database, rules, now=NOW)
    with database.read() as s:
        states = s.scalars(select(Appeal.state).order_by(Appeal.id)).all()
        held = s.scalars(select(Exclusion)).all()
    database.dispose()
    assert states == ["pending", "first_granted", "granted", "granted", "denied"]
    assert len(states) == len(DECISIONS)
    assert len(held) == 2
