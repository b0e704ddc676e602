"""Calls as telephony tells them, for the tests of call-backs and marks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dispatch.bus import Database
from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.domain.ports import AgentState
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.people import SeatRow, Staff
from dispatch.service import call_backs, intake

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
CITIZEN = "13812345678"


def at(seconds: float) -> datetime:
    """So many seconds after the beginning of the story."""
    return NOW + timedelta(seconds=seconds)


def call(
    name: str,
    start: float,
    end: float | None = None,
    *,
    outcome: CallOutcome | None = None,
    answered: float | None = None,
    caller: str | None = CITIZEN,
    direction: Direction = Direction.INBOUND,
    queue: str = "hotline",
    queued: bool = True,
    line: str = "12345",
) -> CallRecord:
    """One call; times are seconds of the story."""
    if outcome is None and end is not None:
        outcome = CallOutcome.ANSWERED if answered else CallOutcome.ABANDONED_IN_QUEUE
    return CallRecord(
        call_id=name,
        direction=direction,
        started_at=at(start),
        caller=caller,
        line=line,
        queue=queue if queued else None,
        queued_at=at(start) if queued else None,
        answered_at=None if answered is None else at(answered),
        agent=None if answered is None else "8001",
        ended_at=None if end is None else at(end),
        outcome=outcome,
    )


def tell(database: Database, rules: Rules, *calls: CallRecord) -> None:
    """Take news as the sink does: each call with the conclusions drawn from it."""
    for one in calls:
        with database.work() as session:
            moment = max(m for m in (one.ended_at, one.answered_at, one.started_at) if m)
            contact_id = intake.record_call(session, one, now=moment)
            call_backs.note(session, contact_id, rules, now=moment)


def seat(
    database: Database,
    extension: str,
    *,
    state: AgentState = AgentState.READY,
    seen: AgentState = AgentState.READY,
) -> int:
    """An agent at the queue; return who it is."""
    with database.work() as session:
        staff = session.query(Staff).filter_by(extension=extension).one_or_none()
        if staff is None:
            staff = Staff(
                login=f"a{extension}",
                name=f"{extension}员",
                role=Role.AGENT.value,
                extension=extension,
                password_hash="",
            )
            session.add(staff)
            session.flush()
        row = session.get(SeatRow, staff.id)
        if row is None:
            row = SeatRow(staff_id=staff.id, extension=extension, reason="", since=NOW)
            session.add(row)
        row.state, row.seen = state.value, seen.value
        return staff.id
