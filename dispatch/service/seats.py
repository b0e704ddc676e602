"""Seats at the queues: what each agent wishes, what his calls do, and what is shown of both.

What is stored here is asserted to the telephone system, never read from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, NotFound, RoleNotAllowed
from dispatch.domain.events import SeatChanged
from dispatch.domain.people import Actor
from dispatch.domain.ports import AgentState, Seat
from dispatch.domain.rules import Rules
from dispatch.domain.seating import BY_CALLS, WISHES, PauseCode, own_pauses, pause_for
from dispatch.domain.vocabulary import Role
from dispatch.models.people import SeatRow
from dispatch.service import seat_rows, seats_seen
from dispatch.service.access import require_role
from dispatch.service.seat_wishes import seat_for


@dataclass(frozen=True)
class SeatView:
    """A seat as its agent's page shows it; `wish` is what holds once no call outweighs it."""

    state: AgentState
    reason: str
    since: datetime | None
    wish: AgentState = AgentState.SIGNED_OUT
    limit_at: datetime | None = None
    over_limit: bool = False
    missed: bool = False
    device: str = "browser"
    other_device: str = ""
    auto_answer: bool = False
    unreachable_since: datetime | None = None

    @property
    def label(self) -> str:
        """就绪, 未签入, or the reason of the pause."""
        return self.reason if self.state is AgentState.PAUSED and self.reason else self.state.label

    @property
    def wrapping_up(self) -> bool:
        """Away from the queues since the end of a call, to write it down."""
        return self.state is AgentState.WRAP_UP

    @property
    def message(self) -> str:
        """What the agent must know of his seat, or nothing."""
        if self.missed:
            return "您漏接了一个来电，已暂停派话；按就绪恢复"
        if self.unreachable_since is not None and self.wish is not AgentState.SIGNED_OUT:
            return "您的电话没有连上话务系统，来电打不进来；请检查网络，或刷新本页"
        return ""


def set_seat(
    session: Session,
    actor: Actor,
    state: AgentState,
    rules: Rules,
    reason: str = "",
    *,
    now: datetime,
) -> Seat:
    """Store what the agent wants to be; the caller asks the telephone for it after the commit.

    During a call the wish waits for the call's end. Any choice ends a wrap-up.

    Raises:
        RoleNotAllowed: the person has no extension.
        InvalidInput: a state that only calls can cause, or a pause without a known reason.
    """
    if actor.extension is None or actor.staff_id is None:
        raise RoleNotAllowed("您的账号没有分机号，不能签入话务；请联系管理员配置分机")
    if state not in WISHES:
        raise InvalidInput("只能选择就绪、小休或签出", field="state")
    row = seat_rows.seat_row(session, actor.staff_id, actor.extension, now)
    if state is AgentState.PAUSED:
        if reason not in {pause.label for pause in own_pauses(rules)}:
            raise InvalidInput("请选择小休原因", field="reason")
        if reason == pause_for(rules, PauseCode.WRAP_UP).label:
            return _write_up(session, actor, row, rules, now)
    _wish(session, actor, row, state, reason if state is AgentState.PAUSED else "", rules, now)
    return seat_for(session, row, rules)


def written_up(session: Session, actor: Actor, rules: Rules, *, now: datetime) -> Seat | None:
    """The call is written up: end its wrap-up, so that what the agent wished holds again.

    None when the agent was in no wrap-up. The caller asks the telephone after the commit.
    """
    row = session.get(SeatRow, actor.staff_id, with_for_update=True) if actor.staff_id else None
    if row is None or seat_rows.shown(row) is not AgentState.WRAP_UP:
        return None
    seats_seen.end_wrap_up(session, row, rules, now)
    return seat_for(session, row, rules)


def order_seat(
    session: Session,
    actor: Actor,
    extension: str,
    state: AgentState,
    rules: Rules,
    *,
    now: datetime,
) -> Seat:
    """A supervisor makes an agent ready, pauses him or signs him out; his call goes on.

    Raises:
        RoleNotAllowed: the actor does not supervise.
        NotFound: no agent of ours has this extension, or he never signed in.
        InvalidInput: a state that only calls can cause.
    """
    require_role(actor, Role.SUPERVISOR, Role.CENTER, Role.ADMIN)
    if state not in WISHES:
        raise InvalidInput("只能置为就绪、小休或签出", field="state")
    row = session.scalar(select(SeatRow).where(SeatRow.extension == extension).with_for_update())
    if row is None:
        raise NotFound(f"分机 {extension} 没有签入过，不能代为操作")
    paused = state is AgentState.PAUSED
    reason = pause_for(rules, PauseCode.BY_SUPERVISOR).label if paused else ""
    _wish(session, actor, row, state, reason, rules, now)
    return seat_for(session, row, rules)


def seat_of(session: Session, actor: Actor, rules: Rules) -> SeatView:
    """The actor's own seat; signed out when never taken."""
    row = session.get(SeatRow, actor.staff_id) if actor.staff_id is not None else None
    return SeatView(AgentState.SIGNED_OUT, "", None) if row is None else view_of(row, rules)


def view_of(row: SeatRow, rules: Rules) -> SeatView:
    """What is shown of a seat: one function of the wish and of what the calls do."""
    state = seat_rows.shown(row)
    paused = state is AgentState.PAUSED
    return SeatView(
        state=state,
        reason=row.reason if paused else "",
        since=seat_rows.since(row),
        wish=AgentState(row.state),
        limit_at=row.limit_at,
        over_limit=row.limit_passed_at is not None,
        missed=paused and row.reason == pause_for(rules, PauseCode.NO_ANSWER).label,
        device=row.device,
        other_device=row.other_device,
        auto_answer=row.auto_answer,
        unreachable_since=row.unreachable_since,
    )


def _wish(
    session: Session,
    actor: Actor,
    row: SeatRow,
    state: AgentState,
    reason: str,
    rules: Rules,
    now: datetime,
) -> None:
    writing = row.seen == AgentState.WRAP_UP.value
    if (row.state, row.reason) == (state.value, reason) and not writing:
        return
    if writing:
        row.seen, row.call_id = AgentState.READY.value, None
    row.state, row.reason, row.since = state.value, reason, now
    seat_rows.show(session, row, rules, now)
    record(session, actor, SeatChanged(at=now, extension=row.extension, state=row.state))


def _write_up(session: Session, actor: Actor, row: SeatRow, rules: Rules, now: datetime) -> Seat:
    """话后整理 chosen by hand; after a call it comes by itself."""
    if seat_rows.shown(row) not in {*BY_CALLS, AgentState.WRAP_UP}:
        _wish(session, actor, row, AgentState.WRAP_UP, "", rules, now)
    return seat_for(session, row, rules)
