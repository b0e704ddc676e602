"""The feed gives every committed fact once, also when a lower id is committed later."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from dispatch.bus import Database, Feed, record
from dispatch.domain.events import SeatChanged
from dispatch.domain.people import SYSTEM

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def tell(database: Database, extension: str) -> None:
    """Record one fact and commit it."""
    with database.work() as session:
        record(session, SYSTEM, SeatChanged(at=NOW, extension=extension, state="ready"))


def taken(feed: Feed) -> list[str]:
    """Whose facts come next."""
    return [fact.details["extension"] for fact in feed.take()]


def test_each_fact_is_given_once_and_old_ones_not_at_all(database: Database) -> None:
    tell(database, "before")
    feed = Feed(database)
    for extension in ("8001", "8002", "8003"):
        tell(database, extension)
    assert taken(feed) == ["8001", "8002", "8003"]
    assert taken(feed) == []
    tell(database, "8004")
    assert taken(feed) == ["8004"]


def test_more_facts_than_the_limit_come_in_several_takes(database: Database) -> None:
    feed = Feed(database)
    for n in range(7):
        tell(database, str(n))
    found = [feed.take(limit=3), feed.take(limit=3), feed.take(limit=3)]
    assert [len(part) for part in found] == [3, 3, 1]


def test_a_fact_whose_transaction_took_longer_is_not_lost(
    migrated_postgres_url: str,
) -> None:
    database = Database(migrated_postgres_url)
    feed = Feed(database)
    recorded, finish = threading.Event(), threading.Event()

    def slowly() -> None:
        with database.work() as session:
            record(session, SYSTEM, SeatChanged(at=NOW, extension="slow", state="ready"))
            session.flush()
            recorded.set()
            assert finish.wait(10)

    slow = threading.Thread(target=slowly)
    slow.start()
    assert recorded.wait(10)
    tell(database, "fast")
    assert taken(feed) == ["fast"]
    finish.set()
    slow.join()
    assert taken(feed) == ["slow"]
    assert taken(feed) == []
    database.dispose()


def test_only_recorded_facts_wake_the_listener(database: Database) -> None:
    seen = database.wait_for_commit(0, 0)
    with database.work():
        pass
    assert database.wait_for_commit(seen, 0.05) == seen
    tell(database, "8001")
    assert database.wait_for_commit(seen, 1) > seen
