"""Unit of work, recorded facts, and the feed of what was committed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, text

from dispatch.db import Engines, Session, make_engines, sessionmaker
from dispatch.domain.events import Fact
from dispatch.domain.people import Actor
from dispatch.models.tickets import TicketEvent

RECORDED = "recorded"
"""Mark of a session that recorded a fact; others wake nobody."""


@dataclass(frozen=True)
class Recorded:
    """A fact as stored: what listeners get."""

    id: int
    kind: str
    at: datetime
    ticket_id: int | None
    contact_id: int | None
    status: str | None
    details: dict[str, Any]


def record(session: Session, actor: Actor, fact: Fact, *, status: str | None = None) -> None:
    """Append the fact to the history in the same transaction as the change it tells of."""
    session.info[RECORDED] = True
    session.add(
        TicketEvent(
            kind=type(fact).__name__,
            at=fact.at,
            ticket_id=fact.ticket_id,
            contact_id=fact.contact_id,
            actor_id=actor.staff_id,
            actor_name=actor.name,
            actor_role=actor.role.value,
            status=status,
            details=fact.details,
        )
    )


class Database:
    """Sessions to read, units of work to write, and a signal after each commit."""

    def __init__(self, url: str) -> None:
        self.engines: Engines = make_engines(url)
        self._readers = sessionmaker(self.engines.read, expire_on_commit=False)
        self._writers = sessionmaker(self.engines.write, expire_on_commit=False)
        self._committed = threading.Condition()
        self._commits = 0

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that is never committed."""
        with self._readers() as session:
            yield session

    @contextmanager
    def work(self) -> Iterator[Session]:
        """Commit everything or nothing, then wake whoever delivers the facts that were recorded."""
        with self._writers.begin() as session:
            yield session
        if not session.info.get(RECORDED):
            return
        with self._committed:
            self._commits += 1
            self._committed.notify_all()

    def wait_for_commit(self, seen: int, timeout: float) -> int:
        """Wait at most `timeout` s for facts committed after number `seen`; return the newest."""
        with self._committed:
            self._committed.wait_for(lambda: self._commits > seen, timeout)
            return self._commits

    def ping(self) -> None:
        """Raise the driver's error when the database cannot be reached."""
        with self.read() as session:
            session.execute(text("SELECT 1"))

    def dispose(self) -> None:
        """Close every connection."""
        self.engines.dispose()


class Feed:
    """Facts in the order of their ids, from the moment it was made, from every process.

    On PostgreSQL a lower id can become visible after a higher one, when its transaction took
    longer. So the ids left out below the highest are asked for again, as far back as `OVERLAP`.
    """

    OVERLAP = 200

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.read() as session:
            self._last: int = session.scalar(select(func.max(TicketEvent.id))) or 0
        self._left_out: set[int] = set()

    def take(self, limit: int = 500) -> list[Recorded]:
        """Return facts not given before."""
        fresh = TicketEvent.id > self._last
        if self._left_out:
            fresh = or_(fresh, TicketEvent.id.in_(self._left_out))
        rows = select(TicketEvent).where(fresh).order_by(TicketEvent.id).limit(limit)
        with self._database.read() as session:
            given = [
                Recorded(e.id, e.kind, e.at, e.ticket_id, e.contact_id, e.status, e.details)
                for e in session.scalars(rows)
            ]
        if given:
            highest = max(self._last, given[-1].id)
            self._left_out.update(range(self._last + 1, highest))
            self._left_out.difference_update(e.id for e in given)
            self._left_out = {i for i in self._left_out if i > highest - self.OVERLAP}
            self._last = highest
        return given
