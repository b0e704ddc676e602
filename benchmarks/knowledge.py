"""How long a search of the knowledge base takes among 20,000 entries."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import func, insert, or_, select

from benchmarks.bulk import on_postgres, on_sqlite
from benchmarks.corpora import demo_corpus
from benchmarks.lines import Line, PartMissing, Skipped
from benchmarks.plan import Plan
from benchmarks.workshop import progress
from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain import knowledge_words
from dispatch.domain.knowledge_terms import KnowledgeLevel
from dispatch.models.knowledge import KnowledgeEntry, KnowledgeTerm, KnowledgeVersion
from dispatch.models.people import Department
from dispatch.service import knowledge_index

ENTRIES = 20_000
ASKED = 300
BATCH = 1_000
BARE = 60
SHARES = {"p50": 0.5, "p95": 0.95}
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
LEVELS = tuple(KnowledgeLevel)


def measure(plan: Plan) -> Iterator[Line | Skipped]:
    """Fill a base and ask; the limit is LIKE over the same rows, which neither ranks nor counts."""
    with on_sqlite() as database:
        yield from _on(database, "sqlite")
    try:
        with on_postgres() as database:
            yield from _on(database, "postgres")
    except PartMissing as missing:
        for share in SHARES:
            yield Skipped(figure=f"knowledge_search_ms_{share}_postgres", skipped=str(missing))


def _on(database: Database, engine: str) -> Iterator[Line]:
    chance = random.Random(1)
    texts = demo_corpus().texts
    progress(f"{ENTRIES:,} entries, {engine}")
    fill(database, texts, chance)
    questions = [_question(chance.choice(texts), chance) for _ in range(ASKED)]
    with database.read() as session:
        rows = session.scalar(select(func.count()).select_from(KnowledgeTerm)) or 0
        taken = _times(questions, lambda words: _search(session, words))
        bare = _times(questions[:BARE], lambda words: _like(session, words))
    for name, share in SHARES.items():
        yield Line(
            figure=f"knowledge_search_ms_{name}_{engine}",
            value=taken[int(len(taken) * share)],
            unit="ms",
            limit="LIKE over titles and answers, unranked",
            limit_value=bare[int(len(bare) * share)],
            n=ASKED,
            note=f"among {ENTRIES:,} entries, {rows:,} rows of the index",
        )


def fill(database: Database, texts: Sequence[str], chance: random.Random) -> None:
    """Write entries as they are after publication: titles and answers of the corpus's sentences."""
    with database.work() as session:
        unit = Department(code="U", name="U", short_name="U", tier=2, kind="bureau")
        session.add(unit)
        session.flush()
        owner = unit.id
    for start in range(1, ENTRIES + 1, BATCH):
        with database.work() as session:
            _batch(session, range(start, start + BATCH), texts, chance, owner)


def _batch(
    session: Session, ids: range, texts: Sequence[str], chance: random.Random, owner: int
) -> None:
    entries, versions, terms = [], [], []
    for number in ids:
        title, answer = chance.choice(texts)[:40], "".join(chance.sample(texts, 4))
        same = {
            "department_id": owner,
            "title": title,
            "answer": answer,
            "basis": "",
            "keywords": "",
            "level": KnowledgeLevel.PUBLIC.value,
        }
        entries.append({**same, "id": number, "status": "published", "changed_at": NOW})
        versions.append(
            {
                **same,
                "id": number,
                "entry_id": number,
                "number": 1,
                "published_at": NOW,
                "live": True,
            }
        )
        found = knowledge_words.impacts(title, "", answer)
        terms += [{"term": t, "version_id": number, "impact": i} for t, i in found.items()]
    session.execute(insert(KnowledgeEntry), entries)
    session.execute(insert(KnowledgeVersion), versions)
    session.execute(insert(KnowledgeTerm), terms)


def _question(text: str, chance: random.Random) -> str:
    start = chance.randrange(max(1, len(text) - 12))
    return text[start : start + chance.randint(3, 12)]


def _search(session: Session, words: str) -> object:
    return knowledge_index.search(session, words, LEVELS, today=TODAY)


def _like(session: Session, words: str) -> object:
    title, answer = KnowledgeVersion.title, KnowledgeVersion.answer
    either = or_(title.contains(words, autoescape=True), answer.contains(words, autoescape=True))
    return session.scalars(select(KnowledgeVersion.id).where(either)).all()


def _times(questions: list[str], ask: Callable[[str], object]) -> list[float]:
    taken = []
    for words in questions:
        began = time.perf_counter()
        ask(words)
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)
