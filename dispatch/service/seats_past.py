"""The past of each agent: one interval per state, exact to the moment it began."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select

from dispatch.db import Session
from dispatch.domain.ports import AgentState
from dispatch.models.people import SeatRow, Staff
from dispatch.models.telephone import AgentInterval


@dataclass(frozen=True, kw_only=True)
class PastState:
    """One stretch of an agent's day; `until` None: it lasts."""

    state: AgentState
    reason: str
    since: datetime
    until: datetime | None

    @property
    def label(self) -> str:
        """就绪, or the reason of a pause."""
        return self.reason if self.state is AgentState.PAUSED and self.reason else self.state.label


@dataclass(frozen=True, kw_only=True)
class AgentFigures:
    """Seconds of an agent's day by state, and how many calls he answered."""

    extension: str
    name: str
    seconds: dict[AgentState, float] = field(default_factory=dict)
    calls: int = 0

    @property
    def signed_in_s(self) -> float:
        """Seconds at the queues, whatever was done in them."""
        return sum(self.seconds.values())

    @property
    def talk_s(self) -> float:
        """Seconds in talks, those on hold counted in."""
        talk, held = AgentState.TALKING, AgentState.HELD
        return self.seconds.get(talk, 0.0) + self.seconds.get(held, 0.0)


def enter(session: Session, row: SeatRow, state: AgentState, reason: str, at: datetime) -> None:
    """Let the agent be in this state since `at`; signed out is the absence of an interval.

    News may come late: what was written of the time after `at` is replaced, for the caller
    accepts only what is newer than the newest call's news.
    """
    newest = (
        select(AgentInterval)
        .where(AgentInterval.staff_id == row.staff_id)
        .order_by(AgentInterval.since.desc())
        .limit(1)
    )
    last = session.scalar(newest)
    if last is not None and last.since >= at:
        session.execute(
            delete(AgentInterval).where(
                AgentInterval.staff_id == row.staff_id, AgentInterval.since >= at
            )
        )
        last = session.scalar(newest)
    if last is not None and (last.until is None or last.until > at):
        if (last.state, last.reason, last.call_id) == (state.value, reason, row.call_id):
            last.until = None
            session.flush()
            return
        last.until = at
    session.flush()
    if state is AgentState.SIGNED_OUT:
        return
    session.add(
        AgentInterval(
            staff_id=row.staff_id,
            extension=row.extension,
            state=state.value,
            reason=reason,
            since=at,
            call_id=row.call_id,
            node=row.node,
        )
    )
    session.flush()


def day_of(
    session: Session, staff_id: int | None, *, start: datetime, now: datetime
) -> tuple[PastState, ...]:
    """What one agent did since `start`, oldest first; a stretch begun before is cut there."""
    rows = session.scalars(
        select(AgentInterval)
        .where(AgentInterval.staff_id == staff_id, _touches(start, now))
        .order_by(AgentInterval.since)
    )
    return tuple(
        PastState(
            state=AgentState(row.state),
            reason=row.reason,
            since=max(row.since, start),
            until=row.until,
        )
        for row in rows
    )


def seconds_by_state(states: Iterable[PastState], now: datetime) -> dict[AgentState, float]:
    """How long each state lasted in all, longest first; what lasts counts up to `now`."""
    total: dict[AgentState, float] = {}
    for one in states:
        lasted = ((one.until or now) - one.since).total_seconds()
        total[one.state] = total.get(one.state, 0.0) + lasted
    return dict(sorted(total.items(), key=lambda item: -item[1]))


def figures(session: Session, *, start: datetime, end: datetime) -> tuple[AgentFigures, ...]:
    """Each agent's seconds by state between two moments; what lasts counts up to `end`."""
    rows = session.execute(
        select(AgentInterval, Staff.name)
        .join(Staff, Staff.id == AgentInterval.staff_id)
        .where(_touches(start, end))
        .order_by(AgentInterval.extension, AgentInterval.since)
    )
    by_agent: dict[tuple[int, str, str], list[AgentInterval]] = {}
    for interval, name in rows:
        by_agent.setdefault((interval.staff_id, interval.extension, name), []).append(interval)
    return tuple(
        AgentFigures(
            extension=extension,
            name=name,
            seconds=_seconds(intervals, start, end),
            calls=len({i.call_id for i in intervals if i.state == AgentState.TALKING.value}),
        )
        for (_, extension, name), intervals in by_agent.items()
    )


def _touches(start: datetime, end: datetime) -> ColumnElement[bool]:
    after = or_(AgentInterval.until.is_(None), AgentInterval.until > start)
    return after & (AgentInterval.since < end)


def _seconds(
    intervals: Iterable[AgentInterval], start: datetime, end: datetime
) -> dict[AgentState, float]:
    total: dict[AgentState, float] = {}
    for one in intervals:
        lasted = (min(one.until or end, end) - max(one.since, start)).total_seconds()
        state = AgentState(one.state)
        total[state] = total.get(state, 0.0) + lasted
    return total
