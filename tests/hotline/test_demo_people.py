"""The demo's follow-up by people: asked, waiting, tried again, and a survey with a bad row."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from dispatch.bus import Database
from dispatch.service import accounts, survey_import_queries
from dispatch.service.follow_up_desk import DeskTab, rows
from hotline.bootstrap import load_rules
from hotline.city.catalog import load_city
from hotline.demo_people import add_people
from hotline.founding import found_city, found_staff
from hotline.settings import Settings

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def test_the_demo_has_people_to_ask_and_a_survey_to_correct(
    database: Database, tmp_path: Path
) -> None:
    found_city(database, load_city())
    found_staff(database, load_city(), tmp_path, lambda _: "x")
    rules = load_rules(Settings())
    assert add_people(database, rules, now=NOW)
    assert not add_people(database, rules, now=NOW)
    with database.read() as session:
        caller = accounts.actor_named(session, "followup1")
        waiting = rows(session, caller, DeskTab.DUE, now=NOW)
        later = rows(session, caller, DeskTab.LATER, now=NOW)
        assert len(waiting) + len(later) == 3
        assert len(waiting) >= 2
        (taken,) = survey_import_queries.imports(session, caller)
        assert (taken.rows, taken.taken, len(taken.refused)) == (3, 2, 1)
        assert "还可以" in taken.refused[0].why
