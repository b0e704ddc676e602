"""Seat rows: found or made, read as one shown state, and kept with its clock and its past."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.ports import AgentState
from dispatch.domain.rules import Rules
from dispatch.domain.seating import (
    BY_CALLS,
    PauseCode,
    limit_of,
    pause_for,
    pause_limit,
    shown_state,
    wrap_up_seconds,
)
from dispatch.models.people import SeatRow, Staff
from dispatch.service import seats_past
from dispatch.service.seat_wishes import BROWSER


def shown(row: SeatRow) -> AgentState:
    """The state people see."""
    return shown_state(AgentState(row.state), AgentState(row.seen or AgentState.READY))


def in_call(row: SeatRow) -> bool:
    """Whether a call rings, talks or is held at the seat."""
    return AgentState(row.seen or AgentState.READY) in BY_CALLS


def since(row: SeatRow) -> datetime:
    """Since when the shown state holds."""
    if row.seen_since is None:
        return row.since
    by_call = row.seen not in {"", AgentState.READY.value}
    return row.seen_since if by_call else max(row.since, row.seen_since)


def show(
    session: Session, row: SeatRow, rules: Rules, at: datetime, wrap_up_s: int | None = None
) -> None:
    """Write the shown state into the past and start its clock."""
    state = shown(row)
    reason = row.reason if state is AgentState.PAUSED else ""
    if wrap_up_s is None:
        by_hand = pause_limit(rules, pause_for(rules, PauseCode.WRAP_UP).label)
        wrap_up_s = by_hand or wrap_up_seconds(rules, None)
    row.limit_at = limit_of(rules, state, reason, at, wrap_up_s)
    row.limit_passed_at = None
    seats_past.enter(session, row, state, reason, at)


def seat_row(session: Session, staff_id: int, extension: str, now: datetime) -> SeatRow:
    """The person's seat, locked; made when it was never taken."""
    row = session.get(SeatRow, staff_id, with_for_update=True)
    if row is None:
        row = SeatRow(
            staff_id=staff_id,
            extension=extension,
            state=AgentState.SIGNED_OUT.value,
            reason="",
            since=now,
            seen="",
            device=BROWSER,
            other_device="",
            auto_answer=False,
            node="",
        )
        session.add(row)
        session.flush()
    row.extension = extension
    return row


def row_of(session: Session, extension: str, now: datetime) -> SeatRow | None:
    """The seat behind a telephone: the agent's own, or the one he is rung at instead."""
    staff_id = session.scalar(select(Staff.id).where(Staff.extension == extension))
    if staff_id is not None:
        return seat_row(session, staff_id, extension, now)
    return session.scalar(
        select(SeatRow)
        .where(SeatRow.device != BROWSER, SeatRow.other_device == extension)
        .with_for_update()
    )
