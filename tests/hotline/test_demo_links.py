"""The demo's messages: one link was used, one can still be opened from the administrator's page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from dispatch.bus import Database
from dispatch.domain.judging_terms import MessageState
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.files.vault import Keyring
from dispatch.models.tickets import Ticket
from dispatch.service import survey_links, text_message_queries
from hotline.bootstrap import load_rules
from hotline.city.catalog import load_city
from hotline.demo_links import add_links
from hotline.founding import found_city, found_staff
from hotline.settings import Settings

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
KEYS = Keyring("k1", {"k1": b"1" * 32})
ADMIN = Actor(name="系统管理员", role=Role.ADMIN)


def test_the_demo_has_a_used_link_and_one_to_open_and_has_them_once(
    database: Database, tmp_path: Path
) -> None:
    found_city(database, load_city())
    found_staff(database, load_city(), tmp_path, lambda _: "x")
    rules = load_rules(Settings())
    assert add_links(database, KEYS, rules, now=NOW)
    assert not add_links(database, KEYS, rules, now=NOW)
    with database.read() as session:
        sent = text_message_queries.listed(session, ADMIN, MessageState.SENT)
        assert len(sent) == 2
        assert [one.used_at is not None for one in sent] == [False, True]
        assert {t.status for t in session.query(Ticket)} == {"review", "follow_up"}
        assert sent[0].follow_up_id is not None
        assert survey_links.token_of(session, sent[0].follow_up_id, KEYS, now=NOW)
