"""Differences between us and the telephone system that were found and healed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from dispatch.db import Session
from dispatch.domain.events import SeatCorrected
from dispatch.models.people import Staff
from dispatch.models.tickets import TicketEvent

WINDOW = timedelta(hours=24)
ROWS_MOST = 500


@dataclass(frozen=True)
class Correction:
    """One agent whom the telephone system had in another state than we."""

    at: datetime
    extension: str
    name: str
    found: str
    state: str


def count(session: Session, *, now: datetime) -> int:
    """How many there were in 24 hours."""
    found = (
        select(func.count())
        .select_from(TicketEvent)
        .where(TicketEvent.kind == SeatCorrected.__name__, TicketEvent.at > now - WINDOW)
    )
    return session.scalar(found) or 0


def corrections(session: Session, *, now: datetime) -> tuple[Correction, ...]:
    """Each of them, newest first."""
    people = select(Staff).where(Staff.extension.is_not(None))
    names = {staff.extension: staff.name for staff in session.scalars(people)}
    events = session.scalars(
        select(TicketEvent)
        .where(TicketEvent.kind == SeatCorrected.__name__, TicketEvent.at > now - WINDOW)
        .order_by(TicketEvent.id.desc())
        .limit(ROWS_MOST)
    )
    return tuple(
        Correction(
            at=event.at,
            extension=event.details["extension"],
            name=names.get(event.details["extension"], "—"),
            found=event.details["found"],
            state=event.details["state"],
        )
        for event in events
    )
