"""The demo city's own rules: automatic dispatch where a category has proven itself."""

from __future__ import annotations

from datetime import UTC, datetime

from dispatch.bus import Database
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.service import policies
from dispatch.service.rulebook import RuleBook
from hotline.founding import found_policy

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def test_the_demo_city_lets_the_model_dispatch_and_changes_nothing_else(database: Database) -> None:
    shipped = Rules(load_profile("default"), load_calendar())
    rulebook = RuleBook(database, shipped)
    for _ in range(2):
        found_policy(database, rulebook, now=NOW)
    ours, default = rulebook.at(NOW).profile, shipped.profile
    assert ours.classifier.auto_dispatch
    assert not default.classifier.auto_dispatch
    assert ours.classifier.precision_percent == default.classifier.precision_percent
    assert (ours.hot_spot, ours.follow_up) == (default.hot_spot, default.follow_up)
    with database.read() as session:
        assert len(policies.versions(session, now=NOW)) == 1
