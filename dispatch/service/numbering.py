"""Public ticket numbers and the resident's query code."""

from __future__ import annotations

import secrets
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from dispatch.db import Session
from dispatch.models.catalog import Counter

CITY_ZONE = ZoneInfo("Asia/Shanghai")


def next_number(session: Session, name: str, step: int = 1) -> int:
    """Advance a sequence by `step` and return its new value; gapless, because transactional."""
    advance = (
        update(Counter)
        .where(Counter.name == name)
        .values(value=Counter.value + step)
        .returning(Counter.value)
    )
    value = session.scalar(advance)
    if value is not None:
        return value
    try:
        with session.begin_nested():
            session.execute(insert(Counter).values(name=name, value=step))
        return step
    except IntegrityError:
        # Another process made the row between our two statements; now the update finds it.
        return session.scalars(advance).one()


def ticket_number(session: Session, now: datetime) -> str:
    """`20261122000017`: the city's date and the day's running number. Says nothing of a person."""
    day = f"{now.astimezone(CITY_ZONE):%Y%m%d}"
    return f"{day}{next_number(session, 'ticket-' + day):06d}"


def query_code() -> str:
    """Six random digits that a resident needs beside the number to see progress."""
    return f"{secrets.randbelow(1_000_000):06d}"
