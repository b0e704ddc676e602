"""From when to when each agent did what: worked out afterwards, from all the facts there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from dispatch.domain.ports import AgentState
from telephony.facts import MemberSeen
from telephony.legs import UNANSWERED, Leg

RANK = (AgentState.TALKING, AgentState.HELD, AgentState.RINGING)
"""Of what several legs amount to at one moment the first counts."""


@dataclass(frozen=True, kw_only=True)
class AgentInterval:
    """An agent's state for a while; `ended_at` None while it lasts.

    `missed` says of ringing that nobody answered although the caller went on waiting; `reason`
    is that of a pause.
    """

    extension: str
    state: AgentState
    began_at: datetime
    ended_at: datetime | None
    call_id: str | None = None
    reason: str = ""
    missed: bool = False


@dataclass(frozen=True)
class _Span:
    """What one leg contributes for a while."""

    state: AgentState
    began: datetime
    ended: datetime | None
    call_id: str
    missed: bool = False

    def covers(self, at: datetime) -> bool:
        return self.began <= at and (self.ended is None or at < self.ended)


def intervals(
    legs: Iterable[tuple[Leg, str]], members: Iterable[MemberSeen]
) -> list[AgentInterval]:
    """Return every agent's states in order; `legs` come with the call they belong to.

    Between calls an agent is ready, paused or signed out if the queues told so, and nothing is
    said of him if they did not.
    """
    spans: dict[str, list[_Span]] = {}
    for leg, call_id in legs:
        if leg.extension is not None and not leg.listens:
            spans.setdefault(leg.extension, []).extend(_spans(leg, call_id))
    places: dict[str, list[MemberSeen]] = {}
    for seen in sorted(set(members), key=lambda one: (one.at, one.queue)):
        places.setdefault(seen.extension, []).append(seen)
    found: list[AgentInterval] = []
    for extension in sorted({*spans, *places}):
        found += _of_one(extension, spans.get(extension, []), places.get(extension, []))
    return found


def _spans(leg: Leg, call_id: str) -> Iterator[_Span]:
    taken = leg.taken or (leg.started if leg.dials_out else None)
    began = leg.started or leg.dialled or leg.seen
    stopped = min((at for at in (taken, leg.rung, leg.gone) if at is not None), default=None)
    if (leg.outgoing or leg.dialled is not None) and (stopped is None or stopped > began):
        missed = taken is None and bool(leg.statuses & UNANSWERED)
        yield _Span(AgentState.RINGING, began, stopped, call_id, missed)
    if taken is None:
        return
    at = taken
    for hold, resumed in leg.holds_until(None):
        if hold > at:
            yield _Span(AgentState.TALKING, at, hold, call_id)
        yield _Span(AgentState.HELD, hold, resumed, call_id)
        at = resumed
    held = leg.held_since
    if held is not None:
        yield _Span(AgentState.TALKING, at, held, call_id)
        yield _Span(AgentState.HELD, held, None, call_id)
    elif leg.gone is None or leg.gone > at:
        yield _Span(AgentState.TALKING, at, leg.gone, call_id)


def _of_one(
    extension: str, spans: Sequence[_Span], places: Sequence[MemberSeen]
) -> Iterator[AgentInterval]:
    """Cut time at every change and say what held in between, equal neighbours as one."""
    changes = {moment for span in spans for moment in (span.began, span.ended) if moment}
    changes |= {seen.at for seen in places}
    moments: list[datetime | None] = [*sorted(changes), None]
    last: AgentInterval | None = None
    for began, ended in pairwise(moments):
        assert began is not None  # only the last of them is None
        now = _at(extension, began, ended, spans, places)
        if now is not None and last is not None and _goes_on(last, now):
            last = replace(last, ended_at=now.ended_at)
            continue
        if last is not None:
            yield last
        last = now
    if last is not None:
        yield last


def _at(
    extension: str,
    at: datetime,
    until: datetime | None,
    spans: Sequence[_Span],
    places: Sequence[MemberSeen],
) -> AgentInterval | None:
    here = [span for span in spans if span.covers(at)]
    if here:
        span = min(here, key=lambda one: (RANK.index(one.state), one.began, one.call_id))
        return AgentInterval(
            extension=extension,
            state=span.state,
            began_at=at,
            ended_at=until,
            call_id=span.call_id,
            missed=span.missed,
        )
    queues = {seen.queue: seen for seen in places if seen.at <= at}
    if not queues:
        return None
    present = [seen for seen in queues.values() if seen.present]
    paused = bool(present) and all(seen.paused for seen in present)
    state = AgentState.PAUSED if paused else AgentState.READY if present else AgentState.SIGNED_OUT
    reason = present[-1].reason if paused else ""
    return AgentInterval(
        extension=extension, state=state, began_at=at, ended_at=until, reason=reason
    )


def _goes_on(one: AgentInterval, other: AgentInterval) -> bool:
    same = ("state", "call_id", "reason", "missed")
    return one.ended_at == other.began_at and all(
        getattr(one, name) == getattr(other, name) for name in same
    )
