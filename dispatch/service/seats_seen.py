"""What the telephone system tells of agents: folded into their seats and into their past."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.calls import AgentSeen
from dispatch.domain.events import SeatChanged, SeatSeen
from dispatch.domain.people import SYSTEM
from dispatch.domain.ports import AgentState, Seat
from dispatch.domain.rules import Rules
from dispatch.domain.seating import BY_CALLS, IN_TALK, PauseCode, pause_for, wrap_up_seconds
from dispatch.models.contacts import Contact
from dispatch.models.people import SeatRow
from dispatch.service import seat_rows
from dispatch.service.seat_wishes import seat_for


def record_seen(session: Session, seen: AgentSeen, rules: Rules, now: datetime) -> Seat | None:
    """Take in what the telephone system tells of an agent; return the seat to assert, if any.

    Safe to repeat; what is older than the newest news of the agent changes nothing. The moments
    are those the telephone told, so late news mends the past too. The caller asks the telephone
    for the seat after the commit.
    """
    row = seat_rows.row_of(session, seen.extension, now)
    if row is None:
        return None
    at = min(seen.since, now)
    state = seen.state if seen.state in BY_CALLS else AgentState.READY
    before = _by_calls(row)
    if row.seen_since is not None and at < row.seen_since:
        return None
    if state is before and not seen.missed and state in {AgentState.READY, _of(row, seen)}:
        return None
    if (state, at) == (before, row.seen_since):
        return None
    row.seen, row.seen_since = state.value, at
    if state in BY_CALLS:
        row.call_id = seen.call_id
        seat_rows.show(session, row, rules, at)
    else:
        _call_over(session, row, rules, before, seen.missed)
    record(
        session, SYSTEM, SeatSeen(at=at, extension=row.extension, state=seat_rows.shown(row).value)
    )
    # A ringing telephone changes nothing at the queues: the queue itself made it ring.
    return None if state is AgentState.RINGING else seat_for(session, row, rules)


def end_wrap_up(session: Session, row: SeatRow, rules: Rules, at: datetime) -> None:
    """Let the wish hold again from this moment on: the wrap-up's clock ran out."""
    if row.state == AgentState.WRAP_UP.value:
        row.state = AgentState.READY.value
    row.seen, row.since, row.call_id = AgentState.READY.value, at, None
    seat_rows.show(session, row, rules, at)
    record(
        session,
        SYSTEM,
        SeatChanged(at=at, extension=row.extension, state=seat_rows.shown(row).value),
    )


def _call_over(
    session: Session, row: SeatRow, rules: Rules, before: AgentState, missed: bool
) -> None:
    """The agent's part in a call ended at `row.seen_since`: writing it up, or being away."""
    at = row.seen_since
    assert at is not None  # set by the caller
    wish = AgentState(row.state)
    seconds = _writing_seconds(session, row, rules) if before in IN_TALK else 0
    if seconds and wish is not AgentState.SIGNED_OUT:
        row.seen = AgentState.WRAP_UP.value
        seat_rows.show(session, row, rules, at, seconds)
        if row.since > at:
            # Chosen after the call, though we hear of the call's end only now.
            end_wrap_up(session, row, rules, row.since)
        return
    row.call_id = None
    away = missed and rules.profile.seats.pause_on_no_answer
    if away and wish is AgentState.READY and row.since <= at:
        row.state, row.since = AgentState.PAUSED.value, at
        row.reason = pause_for(rules, PauseCode.NO_ANSWER).label
        record(session, SYSTEM, SeatChanged(at=at, extension=row.extension, state=row.state))
    seat_rows.show(session, row, rules, at)


def _writing_seconds(session: Session, row: SeatRow, rules: Rules) -> int:
    """Seconds to write the call up; none when it is written up, or was no citizen's call."""
    found = session.execute(
        select(Contact.queue, Contact.disposition).where(Contact.call_id == row.call_id)
    ).one_or_none()
    if found is None or found.disposition is not None:
        return 0
    return wrap_up_seconds(rules, found.queue)


def _by_calls(row: SeatRow) -> AgentState:
    """The telephone's own part of what was seen last: a wrap-up is ours."""
    seen = AgentState(row.seen or AgentState.READY)
    return seen if seen in BY_CALLS else AgentState.READY


def _of(row: SeatRow, seen: AgentSeen) -> AgentState:
    """The state of the row, if the news is of the same call."""
    return _by_calls(row) if row.call_id == seen.call_id else AgentState.SIGNED_OUT
