"""Search of the knowledge base: BM25 over an inverted index that lives in the database.

The index holds the versions on display and nothing else, so no search can show a draft. It is
written in the transaction that publishes, on either database, and needs no job to catch up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, case, delete, func, insert, or_, select

from dispatch.db import Session
from dispatch.domain import knowledge_words
from dispatch.domain.knowledge_terms import KnowledgeLevel
from dispatch.models.knowledge import KnowledgeTerm, KnowledgeVersion
from dispatch.models.people import Department

FOUND = 5
"""Entries shown beside the form, one for each of the keys Alt+1 to Alt+5."""

CANDIDATES = 60
ENOUGH = 0.6
"""An entry answers when this share of the question's characters lies in its terms."""

TOO_COMMON = 0.4
"""A term in more than this share of the entries says little and is left out beside rarer ones."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One version found; `expired` when its last valid day is over."""

    entry_id: int
    version: int
    title: str
    answer: str
    basis: str
    unit: str
    level: KnowledgeLevel
    valid_until: date | None
    expired: bool
    score: float


def put(session: Session, version: KnowledgeVersion) -> None:
    """Make a version findable."""
    body = f"{version.answer}\n{version.basis}"
    found = knowledge_words.impacts(version.title, version.keywords, body)
    if found:
        rows = [{"term": t, "version_id": version.id, "impact": i} for t, i in found.items()]
        session.execute(insert(KnowledgeTerm), rows)


def drop(session: Session, version_id: int) -> None:
    """Make a version be found no more."""
    session.execute(delete(KnowledgeTerm).where(KnowledgeTerm.version_id == version_id))


def search(
    session: Session,
    words: str,
    levels: Sequence[KnowledgeLevel],
    *,
    today: date,
    limit: int = FOUND,
) -> list[Hit]:
    """Versions on display that answer the words, the best first and expired ones last.

    `today` is the city's day. What is not valid yet is left out; no words find nothing.
    """
    question = knowledge_words.question_of(words)
    asked = sorted(set(knowledge_words.terms(question)))
    rarity = _rarity(session, asked)
    if not rarity:
        return []
    score = func.sum(KnowledgeTerm.impact * case(rarity, value=KnowledgeTerm.term))
    over = case((KnowledgeVersion.valid_until < today, 1), else_=0)
    rows = session.execute(
        select(KnowledgeVersion, Department.short_name, score.label("score"), over.label("over"))
        .join(KnowledgeTerm, KnowledgeTerm.version_id == KnowledgeVersion.id)
        .join(Department, Department.id == KnowledgeVersion.department_id)
        .where(KnowledgeTerm.term.in_(rarity), readable(levels, today))
        .group_by(KnowledgeVersion.id, Department.short_name)
        .order_by(over, score.desc(), KnowledgeVersion.id)
        .limit(max(CANDIDATES, limit))
    ).all()
    has = _terms_of(session, [row[0].id for row in rows], asked)
    return [
        Hit(
            entry_id=version.entry_id,
            version=version.number,
            title=version.title,
            answer=version.answer,
            basis=version.basis,
            unit=unit,
            level=KnowledgeLevel(version.level),
            valid_until=version.valid_until,
            expired=bool(late),
            score=float(points),
        )
        for version, unit, points, late in rows
        if knowledge_words.covered(question, has.get(version.id, ())) >= ENOUGH
    ][:limit]


def readable(levels: Sequence[KnowledgeLevel], today: date) -> ColumnElement[bool]:
    """The condition that a version is on display for these levels and valid already."""
    begun = or_(KnowledgeVersion.valid_from.is_(None), KnowledgeVersion.valid_from <= today)
    mine = KnowledgeVersion.level.in_([level.value for level in levels])
    return and_(KnowledgeVersion.live, mine, begun)


def _rarity(session: Session, asked: Sequence[str]) -> dict[str, float]:
    """The terms worth looking for, with the inverse document frequency of BM25."""
    rows = session.execute(
        select(KnowledgeTerm.term, func.count())
        .where(KnowledgeTerm.term.in_(asked))
        .group_by(KnowledgeTerm.term)
    )
    known: dict[str, int] = dict(rows.all())
    if not known:
        return {}
    live = select(func.count()).select_from(KnowledgeVersion).where(KnowledgeVersion.live)
    whole = session.scalar(live) or 0
    rare = {term: n for term, n in known.items() if n <= whole * TOO_COMMON}
    return {
        term: math.log(1 + (whole - n + 0.5) / (n + 0.5)) for term, n in (rare or known).items()
    }


def _terms_of(
    session: Session, versions: Sequence[int], asked: Sequence[str]
) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    rows = session.execute(
        select(KnowledgeTerm.version_id, KnowledgeTerm.term).where(
            KnowledgeTerm.version_id.in_(versions), KnowledgeTerm.term.in_(asked)
        )
    )
    for version, term in rows:
        found.setdefault(version, set()).add(term)
    return found
