"""A small knowledge base in the demo city: a dozen entries, an error report, questions in vain.

All texts are invented. Everything is done by the city's people through the services.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.resources import files

from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.knowledge_terms import KnowledgeAct, KnowledgeLevel
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import local
from dispatch.service import accounts, catalogue, knowledge, knowledge_errors, knowledge_gaps
from dispatch.service.knowledge import EntryForm

MADE = "demo-knowledge"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CENTRE = "center"
EXPIRED = "异地住院怎么备案"
WRONG = ("公积金贷款最高能贷多少", "来电人说多孩家庭已改为上浮两成，请核对最新通知。")
ASKED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("老旧小区加装电梯补贴多少", ("agent1", "agent3", "agent5", "agent7")),
    ("电动自行车换牌照去哪里", ("agent2", "agent4")),
)
"""What nobody found, and who asked; the first often enough for an early warning."""

GIVEN = ("新能源车充电桩进小区", "agent6", "ZHUJIAN")


def add_knowledge(database: Database, rules: Rules, *, now: datetime) -> bool:
    """Make it once; return whether it is new."""
    with database.work() as session:
        if catalogue.checkpoint(session, MADE) is not None:
            return False
        for number, row in enumerate(_rows()):
            _publish(session, rules, row, now - (60 - 4 * number) * DAY, now)
        _ask(session, rules, now)
        catalogue.put_checkpoint(session, MADE, now.isoformat())
    return True


def _rows() -> Iterator[dict[str, str]]:
    text = (files("hotline") / "city" / "knowledge.csv").read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())


def _publish(
    session: Session, rules: Rules, row: dict[str, str], at: datetime, now: datetime
) -> None:
    login = row["unit"].lower()
    unit, leader = (accounts.actor_named(session, one) for one in (login, f"{login}2"))
    expired = row["title"] == EXPIRED
    form = EntryForm(
        title=row["title"],
        answer=row["answer"],
        basis=row["basis"],
        category=row["category"] or None,
        keywords=row["keywords"],
        level=KnowledgeLevel(row["level"]),
        valid_until=local(now).date() - DAY if expired else None,
    )
    entry = knowledge.write(session, unit, form, now=at).id
    centre = accounts.actor_named(session, CENTRE)
    approve, publish = KnowledgeAct.APPROVE, KnowledgeAct.PUBLISH
    knowledge.move(session, leader, entry, approve, rules=rules, now=at + HOUR)
    knowledge.move(session, centre, entry, publish, rules=rules, now=at + 2 * HOUR)
    if row["title"] == WRONG[0]:
        agent = accounts.actor_named(session, "agent1")
        knowledge_errors.report(session, agent, entry, WRONG[1], rules=rules, now=now - HOUR)


def _ask(session: Session, rules: Rules, now: datetime) -> None:
    for words, people in ASKED:
        for ago, login in enumerate(people, 1):
            agent = accounts.actor_named(session, login)
            knowledge_gaps.miss(session, agent, words, now=now - ago * 5 * HOUR)
    words, login, unit = GIVEN
    asked = knowledge_gaps.miss(
        session, accounts.actor_named(session, login), words, now=now - 2 * DAY
    )
    if asked is not None:
        centre = accounts.actor_named(session, CENTRE)
        at = now - DAY
        knowledge_gaps.assign(session, centre, asked.gap_id, unit, rules=rules, now=at)
