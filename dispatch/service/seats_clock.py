"""Clocks of seats: a wrap-up ends, a pause past its limit is told of once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.events import SeatChanged
from dispatch.domain.people import SYSTEM
from dispatch.domain.ports import AgentState, Seat
from dispatch.domain.rules import Rules
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.people import SeatRow, Staff
from dispatch.service import notices, seat_rows, seats_seen
from dispatch.service.seat_wishes import seat_for


def anything_due(session: Session, *, now: datetime) -> bool:
    """Whether a clock ran out: asked every second, so it writes and locks nothing."""
    return session.scalar(select(SeatRow.staff_id).where(_due(now)).limit(1)) is not None


def run_clocks(session: Session, rules: Rules, *, now: datetime) -> tuple[Seat, ...]:
    """End wrap-ups and mark pauses whose time is over; return the seats to assert.

    A wrap-up ends at the moment its clock ran out, however late this runs. Where the policy
    leaves the agent to end it himself, it is only shown and told of, as a pause is.
    """
    rows = session.scalars(
        select(SeatRow)
        .where(_due(now))
        .with_for_update(skip_locked=True)
        .order_by(SeatRow.limit_at)
    )
    ended = []
    for row in rows:
        state, until = seat_rows.shown(row), row.limit_at
        if until is None:
            continue
        if state is AgentState.WRAP_UP and rules.profile.seats.wrap_up_ends:
            seats_seen.end_wrap_up(session, row, rules, until)
            ended.append(seat_for(session, row, rules))
        else:
            _passed(session, row, state, now)
    return tuple(ended)


def _due(now: datetime) -> ColumnElement[bool]:
    return (SeatRow.limit_at <= now) & SeatRow.limit_passed_at.is_(None)


def _passed(session: Session, row: SeatRow, state: AgentState, now: datetime) -> None:
    row.limit_passed_at = row.limit_at
    name = session.scalar(select(Staff.name).where(Staff.id == row.staff_id)) or row.extension
    what = row.reason if state is AgentState.PAUSED else state.label
    since = seat_rows.since(row).astimezone(SHANGHAI)
    notices.tell(
        session,
        NoticeKind.SEAT,
        f"{name}（分机 {row.extension}）“{what}”自 {since:%H:%M} 起，已超过时限",
        role=Role.SUPERVISOR,
        now=now,
    )
    record(session, SYSTEM, SeatChanged(at=now, extension=row.extension, state=state.value))
