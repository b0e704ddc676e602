"""The rules in force at a moment: the loaded versions over the shipped files, read seldom."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.db import DATABASE_DOWN, Session
from dispatch.domain.calendar_years import YearPlan, join_years
from dispatch.domain.errors import InvalidInput
from dispatch.domain.policy import shipped_years
from dispatch.domain.policy_text import read_profile, read_year
from dispatch.domain.profile import PolicyProfile
from dispatch.domain.rules import Rules
from dispatch.domain.terms import PolicyPart
from dispatch.models.oversight import PolicyVersion

log = logging.getLogger("hotline.rules")

CLOCKED = tuple(part.value for part in PolicyPart)
"""The parts that clocks run by; scoring rules are kept in the same table and asked for apart."""

FRESH_FOR = timedelta(seconds=5)
"""How long another process's new version may stay unseen."""


@dataclass(frozen=True)
class Loaded:
    """A version that was read and understood."""

    id: int
    part: PolicyPart
    effective_from: datetime
    content: PolicyProfile | YearPlan

    @property
    def slot(self) -> str:
        """What it takes the place of: the profile, or one year of the calendar."""
        return str(self.content.year) if isinstance(self.content, YearPlan) else self.part.value


def in_force(loaded: Iterable[Loaded], now: datetime) -> dict[str, Loaded]:
    """Of each slot the newest version that is effective at `now`."""
    chosen: dict[str, Loaded] = {}
    for version in sorted(loaded, key=lambda one: (one.effective_from, one.id)):
        if version.effective_from <= now:
            chosen[version.slot] = version
    return chosen


def rules_of(shipped: Rules, chosen: Iterable[Loaded]) -> Rules:
    """The shipped rules with the chosen versions in their places."""
    profile, years = shipped.profile, {plan.year: plan for plan in shipped_years()}
    announced = False
    for version in chosen:
        if isinstance(version.content, YearPlan):
            years[version.content.year], announced = version.content, True
        else:
            profile = version.content
    return Rules(profile, join_years(years.values()) if announced else shipped.calendar)


def read_versions(session: Session) -> list[Loaded]:
    """Every version not withdrawn. One that cannot be read any more is left out, and logged."""
    found: list[Loaded] = []
    rows = select(PolicyVersion).where(
        PolicyVersion.withdrawn_at.is_(None), PolicyVersion.part.in_(CLOCKED)
    )
    for row in session.scalars(rows.order_by(PolicyVersion.id)):
        part = PolicyPart(row.part)
        try:
            content = read_content(part, row.document)
        except InvalidInput as problem:
            log.error("policy version %s cannot be read: %s", row.id, problem)
            continue
        found.append(Loaded(row.id, part, row.effective_from, content))
    return found


def read_content(part: PolicyPart, document: str) -> PolicyProfile | YearPlan:
    """Read a document of this part.

    Raises:
        InvalidInput: the document has a mistake; the sentence names the key and its line.
    """
    return read_profile(document) if part is PolicyPart.PROFILE else read_year(document)


class RuleBook:
    """Rules by moment, for every thread of a process; never a query per question.

    The table is asked for its stamp at most every `FRESH_FOR`, and read when that has changed.
    While the database is away the rules known last go on applying.
    """

    def __init__(self, database: Database, shipped: Rules) -> None:
        self._database = database
        self._shipped = shipped
        self._reading = threading.Lock()
        self._asked: datetime | None = None
        self._stamp: tuple[int, ...] = ()
        self._loaded: tuple[Loaded, ...] = ()
        self._built: tuple[tuple[int, ...], Rules] = ((), shipped)

    @property
    def shipped(self) -> Rules:
        """The rules without any loaded version."""
        return self._shipped

    def at(self, now: datetime) -> Rules:
        """The rules in force at `now`."""
        asked = self._asked
        if asked is None or not asked <= now < asked + FRESH_FOR:
            self._refresh(now)
        chosen = in_force(self._loaded, now).values()
        key = tuple(sorted(version.id for version in chosen))
        built = self._built
        if built[0] != key:
            built = self._built = (key, rules_of(self._shipped, chosen))
        return built[1]

    def forget(self) -> None:
        """Ask the table at the next question: this process has just changed it."""
        self._asked = None

    def _refresh(self, now: datetime) -> None:
        # Nobody waits for another's reading: a request that holds a connection while it waits
        # for one could starve the reader of connections.
        if not self._reading.acquire(blocking=False):
            return
        try:
            with self._database.read() as session:
                stamp = _stamp(session)
                if stamp != self._stamp:
                    self._loaded, self._stamp = tuple(read_versions(session)), stamp
            self._asked = now
        except DATABASE_DOWN as problem:
            log.warning("rules stay as they were: %s", problem)
        finally:
            self._reading.release()


def _stamp(session: Session) -> tuple[int, ...]:
    stamp = select(
        func.count(PolicyVersion.id),
        func.coalesce(func.max(PolicyVersion.id), 0),
        func.count(PolicyVersion.withdrawn_at),
    )
    return tuple(session.execute(stamp).one())
