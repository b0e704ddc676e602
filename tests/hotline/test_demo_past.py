"""The demo city's past: believable in shape, the same for a seed, and never twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from dispatch.bus import Database
from dispatch.domain.vocabulary import Disposition
from dispatch.domain.worktime import SHANGHAI
from hotline import schema
from hotline.bootstrap import load_rules
from hotline.city.catalog import load_city
from hotline.commands.demo import seed_past
from hotline.demo import Past
from hotline.founding import found_city
from hotline.settings import Settings

UNTIL = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def past(seed: int = 1) -> Past:
    """A past that ends at a fixed moment."""
    return Past(load_city(), load_rules(Settings()), seed=seed, until=UNTIL)


def test_the_same_seed_gives_the_same_past_and_another_seed_another() -> None:
    first, again, other = past(), past(), past(2)
    days = first.days(1)[:5]
    made = [first.day(day) for day in days]
    assert made == [again.day(day) for day in days]
    assert made != [other.day(day) for day in days]
    assert past().day(days[3]) == made[3], "a day does not depend on the days before it"


def test_mornings_are_busy_nights_are_quiet_and_weekends_slack() -> None:
    city = past()
    calls = [c for day in city.days(2) for c in city.day(day)[0]]
    local = [c.started_at.astimezone(SHANGHAI) for c in calls]
    hours = Counter(moment.hour for moment in local)
    assert max(hours, key=lambda hour: hours[hour]) in {9, 10}
    assert hours[3] < hours[10] / 10
    weekdays = Counter(moment.weekday() for moment in local)
    assert weekdays[6] < weekdays[0] * 0.8
    assert 12_000 < len(calls) < 22_000


def test_every_call_ends_once_and_nothing_happens_after_now() -> None:
    city = past()
    for day in city.days(1):
        contacts, tickets = city.day(day)
        assert all(c.disposition is not None for c in contacts)
        made = {c.ticket_number for c in contacts if c.disposition is Disposition.TICKET}
        assert made == {t.number for t in tickets}
        for t in tickets:
            moments = (t.dispatched_at, t.acknowledged_at, t.completed_at, t.closed_at)
            assert all(m <= UNTIL for m in moments if m is not None)
            assert (t.status.value == "closed") == (t.closed_at is not None)


def test_an_interrupted_seed_is_finished_by_the_next_and_doubles_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'hotline.db'}")
    schema.migrate(database)
    found_city(database, load_city())
    rules = load_rules(Settings())
    calls, tickets = seed_past(database, rules, seed=1, months=1)
    assert calls > 3_000
    assert tickets > 500
    again, more = seed_past(database, rules, seed=1, months=1)
    # Only the minutes between the two runs are new.
    assert again < 20
    assert more < 10
    database.dispose()
