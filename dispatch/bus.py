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
from dispatch.domain.chain import START, link
from dispatch.domain.events import Fact
from dispatch.domain.people import Actor
from dispatch.models.tickets import Ticket, TicketEvent

RECORDED = "recorded"
"""Mark of a session that recorded a fact; others wake nobody."""

HELD = "held"
"""Ids of the tickets whose row this session's transaction has locked or made."""


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


def hold(session: Session, ticket: Ticket) -> None:
    """Say that this transaction has the ticket's row lock, or has just made the row."""
    session.info.setdefault(HELD, set()).add(ticket.id)


def record(session: Session, actor: Actor, fact: Fact, *, status: str | None = None) -> None:
    """Append the fact to the history in the same transaction as the change it tells of.

    A ticket's facts are chained by digest, so its row is locked before the chain grows.
    """
    session.info[RECORDED] = True
    row = TicketEvent(
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
    ticket = _head(session, fact.ticket_id) if fact.ticket_id is not None else None
    row.digest = digest_of(row, ticket.history_digest if ticket else START)
    if ticket is not None:
        ticket.history_digest = row.digest
    session.add(row)


def digest_of(row: TicketEvent, previous: str) -> str:
    """The digest this row of the history must have after the digest before it."""
    return link(
        previous,
        kind=row.kind,
        at=row.at,
        ticket_id=row.ticket_id,
        contact_id=row.contact_id,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        actor_role=row.actor_role,
        status=row.status,
        details=row.details,
    )


def _head(session: Session, ticket_id: int) -> Ticket:
    held: set[int] = session.info.setdefault(HELD, set())
    ticket = session.get_one(Ticket, ticket_id)
    if ticket_id not in held:
        held.add(ticket_id)
        # Only the head is read anew: what the caller has changed and not flushed yet stays.
        newest = session.scalar(
            select(Ticket.history_digest).where(Ticket.id == ticket_id).with_for_update()
        )
        ticket.history_digest = newest or START
    return ticket


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
    """Facts of every process in the order of their ids, from when it was made or from one on.

    On PostgreSQL a lower id can become visible after a higher one, when its transaction took
    longer. So the ids left out below the highest are asked for again, as far back as `OVERLAP`.
    """

    OVERLAP = 200

    def __init__(self, database: Database, *, since: int | None = None) -> None:
        """From the fact after `since` on; `OVERLAP` before it are given once more."""
        self._database = database
        self._last = self._newest() if since is None else max(0, since - self.OVERLAP)
        self._left_out: set[int] = set()

    @property
    def position(self) -> int:
        """The highest fact given so far: where another feed can begin."""
        return self._last

    def _newest(self) -> int:
        with self._database.read() as session:
            return session.scalar(select(func.max(TicketEvent.id))) or 0

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
