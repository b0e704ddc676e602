"""Seats and their telephones: who is thought busy, whom no call could reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.calls import CallRecord
from dispatch.domain.events import SeatCorrected, SeatSeen
from dispatch.domain.people import SYSTEM
from dispatch.domain.ports import AgentState, BusySeat
from dispatch.domain.seating import BY_CALLS
from dispatch.models.people import SeatRow
from dispatch.service import seat_rows
from dispatch.service.seat_wishes import BROWSER, at_node


def busy_seats(session: Session, *, before: datetime, node: str | None = None) -> list[BusySeat]:
    """The seats in a call since before this moment; news younger than that may be on its way."""
    rows = session.scalars(
        select(SeatRow).where(
            SeatRow.seen.in_([state.value for state in BY_CALLS]),
            SeatRow.seen_since < before,
            at_node(node),
        )
    )
    return [BusySeat(row.extension, _telephone(row), AgentState(row.seen)) for row in rows]


def mark_unreachable(
    session: Session, telephones: Collection[str], *, node: str | None = None, at: datetime
) -> None:
    """Note which signed-in seats cannot be rung; only what changed is written and told."""
    signed_in = SeatRow.state != AgentState.SIGNED_OUT.value
    rows = select(SeatRow).where(signed_in, at_node(node)).order_by(SeatRow.staff_id)
    for row in session.scalars(rows):
        lost = _telephone(row) in telephones
        if lost is (row.unreachable_since is not None):
            continue
        row.unreachable_since = at if lost else None
        shown = seat_rows.shown(row).value
        record(session, SYSTEM, SeatSeen(at=at, extension=row.extension, state=shown))


def chosen_telephones(session: Session) -> dict[str, str]:
    """The extension of the agent behind each desk telephone that rings instead of his own."""
    # Asked for with every batch of news: two columns cost a fraction of eighty mapped rows.
    rows = select(SeatRow.other_device, SeatRow.extension).where(SeatRow.device != BROWSER)
    return {row.other_device: row.extension for row in session.execute(rows)}


def as_agents(call: CallRecord, chosen: Mapping[str, str]) -> CallRecord:
    """The call with agents in the places of the telephones they chose."""
    agent = chosen.get(call.agent or "", call.agent)
    ringing = chosen.get(call.ringing or "", call.ringing)
    if (agent, ringing) == (call.agent, call.ringing):
        return call
    return replace(call, agent=agent, ringing=ringing)


def unreachable_count(session: Session) -> int:
    """How many seats are signed in and cannot be rung."""
    return session.scalars(
        select(func.count(SeatRow.staff_id)).where(
            SeatRow.state != AgentState.SIGNED_OUT.value, SeatRow.unreachable_since.is_not(None)
        )
    ).one()


def counted_by_state(session: Session) -> dict[str, int]:
    """How many agents are shown in each state; those never signed in are not counted."""
    shown = (seat_rows.shown(row).value for row in session.scalars(select(SeatRow)))
    return dict(Counter(shown))


def record_correction(
    session: Session, extension: str, kind: str, found: str, *, at: datetime
) -> None:
    """Write down that the telephone system had a seat otherwise than we want, and was set right."""
    record(session, SYSTEM, SeatCorrected(at=at, extension=extension, state=kind, found=found))


def _telephone(row: SeatRow) -> str:
    return row.extension if row.device == BROWSER else row.other_device
