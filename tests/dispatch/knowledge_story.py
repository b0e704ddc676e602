"""A small knowledge base: two units with a leader, an agent, the centre; and what they do."""

from __future__ import annotations

from datetime import date, datetime

from dispatch.bus import Database
from dispatch.domain.knowledge_terms import KnowledgeAct
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.people import Department, Staff
from dispatch.service import (
    knowledge,
    knowledge_entry_queries,
    knowledge_errors,
    knowledge_gap_queries,
    knowledge_gaps,
)
from dispatch.service.knowledge import EntryForm
from dispatch.service.knowledge_entry_queries import EntryView
from dispatch.service.knowledge_gap_queries import GapView

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
TODAY = date(2026, 11, 23)
PEOPLE = {
    "agent": (Role.AGENT, None),
    "colleague": (Role.AGENT, None),
    "dispatcher": (Role.DISPATCHER, None),
    "centre": (Role.CENTER, None),
    "liaison": (Role.DEPARTMENT, "GJJ"),
    "leader": (Role.DEPARTMENT, "GJJ"),
    "stranger": (Role.DEPARTMENT, "ZJ"),
}


class Story:
    """The people by name and what they do, each act in a transaction of its own."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self.database, self.rules = database, rules
        self.who: dict[str, Actor] = {}
        with database.work() as session:
            units = {}
            for code, name in (("GJJ", "公积金中心"), ("ZJ", "住房和城乡建设局")):
                row = Department(code=code, name=name, short_name=name, tier=2, kind="bureau")
                session.add(row)
                session.flush()
                units[code] = row.id
            for login, (role, unit) in PEOPLE.items():
                mine = units[unit] if unit else None
                person = Staff(
                    login=login,
                    name=login,
                    role=role.value,
                    department_id=mine,
                    password_hash="",
                    approver=login == "leader",
                )
                session.add(person)
                session.flush()
                self.who[login] = Actor(
                    name=login,
                    role=role,
                    staff_id=person.id,
                    department_id=mine,
                    approver=login == "leader",
                )

    def write(self, form: EntryForm) -> int:
        """The liaison's draft; its id."""
        with self.database.work() as session:
            return knowledge.write(session, self.who["liaison"], form, now=NOW).id

    def edit(
        self, entry: int, form: EntryForm, *, who: str = "liaison", revision: int | None = None
    ) -> None:
        """Change the text, having read the newest, or this older revision."""
        with self.database.work() as session:
            if revision is None:
                view = knowledge_entry_queries.entry_for(session, self.who[who], entry, now=NOW)
                revision = view.revision
            knowledge.edit(session, self.who[who], entry, form, revision=revision, now=NOW)

    def move(self, entry: int, act: KnowledgeAct, who: str, words: str = "") -> None:
        """One step."""
        with self.database.work() as session:
            knowledge.move(
                session, self.who[who], entry, act, words=words, rules=self.rules, now=NOW
            )

    def published(self, form: EntryForm) -> int:
        """An entry on display."""
        entry = self.write(form)
        self.move(entry, KnowledgeAct.APPROVE, "leader")
        self.move(entry, KnowledgeAct.PUBLISH, "centre")
        return entry

    def view(self, entry: int, who: str) -> EntryView:
        """The entry as somebody sees it."""
        with self.database.read() as session:
            return knowledge_entry_queries.entry_for(session, self.who[who], entry, now=NOW)

    def report(self, entry: int, words: str, *, now: datetime = NOW) -> int:
        """The agent's error report; its id."""
        with self.database.work() as session:
            return knowledge_errors.report(
                session, self.who["agent"], entry, words, rules=self.rules, now=now
            ).id

    def explain(self, error: int, words: str, *, who: str = "liaison", now: datetime = NOW) -> None:
        """The unit's answer."""
        with self.database.work() as session:
            knowledge_errors.explain(session, self.who[who], error, words, now=now)

    def miss(
        self, words: str, *, who: str = "agent", found: int = 0, now: datetime = NOW
    ) -> int | None:
        """A search in vain; its id, or None when it was not written down."""
        with self.database.work() as session:
            row = knowledge_gaps.miss(session, self.who[who], words, found=found, now=now)
            return row.id if row else None

    def gap(self, gap_id: int) -> GapView:
        """The question as the centre sees it."""
        with self.database.read() as session:
            return knowledge_gap_queries.gap_for(session, self.who["centre"], gap_id, now=NOW)
