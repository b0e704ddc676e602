"""Slow down guessing: a few wrong tries at one subject, then a pause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from dispatch.db import Session
from dispatch.models.people import Throttle


@dataclass(frozen=True)
class Limit:
    """`tries` wrong ones within `window` lock the subject for `pause`."""

    tries: int = 5
    window: timedelta = timedelta(minutes=5)
    pause: timedelta = timedelta(minutes=5)


def locked_until(session: Session, subject: str, *, now: datetime) -> datetime | None:
    """The end of the subject's pause, or None when it may be tried."""
    until = session.scalar(select(Throttle.locked_until).where(Throttle.subject == subject))
    return until if until is not None and until > now else None


def count_failure(session: Session, subject: str, limit: Limit, *, now: datetime) -> bool:
    """Count one wrong try; return whether the subject is locked from now on."""
    row = session.get(Throttle, subject, with_for_update=True)
    if row is None:
        row = _first(session, subject, now)
    if row.since + limit.window <= now or (row.locked_until and row.locked_until <= now):
        row.failures, row.since, row.locked_until = 0, now, None
    row.failures += 1
    if row.failures >= limit.tries:
        row.locked_until = now + limit.pause
    return row.locked_until is not None


def forget(session: Session, subject: str) -> None:
    """The secret was right: earlier wrong tries no longer count."""
    session.execute(delete(Throttle).where(Throttle.subject == subject))


def sweep_old(session: Session, *, before: datetime) -> int:
    """Remove counts that began before this moment; return how many."""
    gone = session.scalars(
        delete(Throttle).where(Throttle.since < before).returning(Throttle.subject)
    )
    return len(gone.all())


def _first(session: Session, subject: str, now: datetime) -> Throttle:
    row = Throttle(subject=subject, failures=0, since=now, locked_until=None)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        # Another process counted its first failure at the same moment.
        return session.get_one(Throttle, subject, with_for_update=True)
    return row
