"""The demo's knowledge base: made once, found by a search, with one question to be warned of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.domain.knowledge_terms import KnowledgeLevel
from dispatch.domain.reporting_terms import WarningKind
from dispatch.domain.worktime import local
from dispatch.models.knowledge import KnowledgeEntry, KnowledgeError, KnowledgeGap
from dispatch.service import knowledge_index
from hotline import warnings
from hotline.bootstrap import load_rules
from hotline.city.catalog import load_city
from hotline.demo_knowledge import add_knowledge
from hotline.founding import found_city, found_staff
from hotline.schema import migrate
from hotline.settings import Settings

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)


def test_the_demo_city_has_a_knowledge_base_and_makes_it_once(
    sqlite_url: str, tmp_path: Path
) -> None:
    database, rules = Database(sqlite_url), load_rules(Settings(data_dir=tmp_path))
    migrate(database)
    found_city(database, load_city())
    found_staff(database, load_city(), tmp_path, lambda password: password)
    assert add_knowledge(database, rules, now=NOW)
    assert not add_knowledge(database, rules, now=NOW)
    with database.read() as session:
        entries = session.scalar(select(func.count()).select_from(KnowledgeEntry))
        errors = session.scalars(select(KnowledgeError.state)).all()
        gaps = session.scalars(select(KnowledgeGap.state).order_by(KnowledgeGap.id)).all()
        today = local(NOW).date()
        levels = tuple(KnowledgeLevel)
        fund = knowledge_index.search(session, "公积金提取", levels, today=today)
        away = knowledge_index.search(session, "异地住院", levels, today=today)
    # Twelve on display, and the draft of the question that was given to a unit.
    assert entries == 13
    assert errors == ["open"]
    assert gaps == ["open", "open", "assigned"]
    assert fund[0].title == "住房公积金怎么提取"
    assert [hit.expired for hit in away] == [True]
    assert warnings.look(database, rules, NOW, [WarningKind.KNOWLEDGE_GAP]) == 1
    database.dispose()
