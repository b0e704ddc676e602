"""Seats at the queue: what each agent wants to be, kept here and asserted to the telephone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, RoleNotAllowed
from dispatch.domain.events import SeatChanged
from dispatch.domain.people import Actor
from dispatch.domain.ports import AgentState, Seat
from dispatch.models.people import SeatRow, Staff

WRAP_UP_REASON = "话后整理"
PAUSE_REASONS = (WRAP_UP_REASON, "小休", "用餐", "培训", "请示班长", "设备故障")
WISHES = frozenset({AgentState.SIGNED_OUT, AgentState.READY, AgentState.PAUSED})


@dataclass(frozen=True)
class SeatView:
    """A seat as its agent's page shows it."""

    state: AgentState
    reason: str
    since: datetime | None

    @property
    def label(self) -> str:
        """就绪, 未签入, or the reason of the pause."""
        return self.reason if self.state is AgentState.PAUSED and self.reason else self.state.label

    @property
    def wrapping_up(self) -> bool:
        """Paused by the end of a call, to write it down."""
        return self.state is AgentState.PAUSED and self.reason == WRAP_UP_REASON


def set_seat(
    session: Session, actor: Actor, state: AgentState, reason: str = "", *, now: datetime
) -> Seat:
    """Store what the agent wants to be; the caller asks the telephone for it after the commit.

    Raises:
        RoleNotAllowed: the person has no extension.
        InvalidInput: a state that only calls can cause, or a pause without a known reason.
    """
    if actor.extension is None or actor.staff_id is None:
        raise RoleNotAllowed("您的账号没有分机号，不能签入话务；请联系管理员配置分机")
    if state not in WISHES:
        raise InvalidInput("只能选择就绪、小休或签出", field="state")
    if state is AgentState.PAUSED and reason not in PAUSE_REASONS:
        raise InvalidInput("请选择小休原因", field="reason")
    kept = reason if state is AgentState.PAUSED else ""
    row = session.get(SeatRow, actor.staff_id, with_for_update=True)
    if row is None:
        row = SeatRow(
            staff_id=actor.staff_id,
            extension=actor.extension,
            state=AgentState.SIGNED_OUT.value,
            reason="",
            since=now,
        )
        session.add(row)
    if (row.state, row.reason, row.extension) != (state.value, kept, actor.extension):
        row.state, row.reason, row.extension, row.since = state.value, kept, actor.extension, now
        session.flush()
        record(session, actor, SeatChanged(at=now, extension=row.extension, state=row.state))
    return Seat(row.extension, actor.name, state, kept)


def seat_of(session: Session, actor: Actor) -> SeatView:
    """The actor's own seat; signed out when never taken."""
    row = session.get(SeatRow, actor.staff_id) if actor.staff_id is not None else None
    if row is None:
        return SeatView(AgentState.SIGNED_OUT, "", None)
    return SeatView(AgentState(row.state), row.reason, row.since)


def wished_seats(session: Session) -> list[Seat]:
    """Every seat as it should be, for a telephone system that has just come up.

    Asterisk keeps no queue members over a restart that we could trust, so we own them.
    """
    rows = session.execute(
        select(SeatRow.extension, Staff.name, SeatRow.state, SeatRow.reason)
        .join(Staff, Staff.id == SeatRow.staff_id)
        .where(Staff.active.is_(True))
        .order_by(SeatRow.extension)
    )
    return [Seat(extension, name, AgentState(state), why) for extension, name, state, why in rows]
