"""What the demo city has beside its past: a busy day of today, so that no page is empty."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from dispatch.bus import Database
from dispatch.domain.rules import Rules
from dispatch.files.vault import Keyring
from dispatch.service.rulebook import RuleBook
from hotline.demo_appeals import add_appeals
from hotline.demo_knowledge import add_knowledge
from hotline.demo_links import add_links
from hotline.demo_people import add_people
from hotline.demo_ratings import add_ratings
from hotline.demo_reporting import add_reporting
from hotline.demo_scoring import add_talk
from hotline.demo_three_views import add_three_views
from hotline.founding import found_policy
from hotline.present import add_present
from hotline.present_calls import add_present_calls


def furnish(
    database: Database, rules: Rules, keyring: Keyring, recordings: Path, *, now: datetime
) -> None:
    """Make the demo city's present over its past; what is there already is left as it is."""
    add_present(database, rules, now=now)
    rulebook = RuleBook(database, rules)
    found_policy(database, rulebook, now=now)
    add_present_calls(database, rulebook, recordings, now=now)
    current = rulebook.at(now)
    for add in (add_three_views, add_people, add_appeals, add_talk, add_reporting, add_knowledge):
        add(database, current, now=now)
    add_ratings(database, now=now)
    add_links(database, keyring, current, now=now)
