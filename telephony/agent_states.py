"""What agents are doing, from the legs of their telephones: a pure function of the facts.

An agent talks who has an answered leg, is held when every such leg keeps the others waiting,
and rings when a leg rings. A leg that only listens to another talk says nothing. Signing in,
pausing and wrap-up are wishes of ours and told by nobody but ourselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

from dispatch.domain.calls import AgentSeen
from dispatch.domain.ports import AgentState
from telephony.calls import CallReducer
from telephony.channels import node_of
from telephony.legs import UNANSWERED, Leg

CallOf = Callable[[Leg], str]
BUSY = frozenset({AgentState.RINGING, AgentState.TALKING, AgentState.HELD})


class AgentStates:
    """Remembers what was told of every agent, so that only changes are news."""

    def __init__(self) -> None:
        self._told: dict[str, AgentSeen] = {}

    def news(self, reducer: CallReducer) -> list[AgentSeen]:
        """Return what changed since the last question."""
        changed = []
        for extension in sorted(reducer.take_touched()):
            legs = reducer.stations.get(extension, {}).values()
            told = self._told.get(extension)
            seen = state_of(extension, legs, reducer.call_of)
            if seen is None:
                seen = self._vanished(told, reducer.clock)
            if seen is None or seen == told:
                continue
            if told is not None or seen.state in BUSY or seen.missed:
                self._told[extension] = seen
                changed.append(seen)
        return changed

    @staticmethod
    def _vanished(told: AgentSeen | None, now: datetime | None) -> AgentSeen | None:
        """Free an agent whose legs are gone although nobody saw them end."""
        if told is None or told.state not in BUSY or now is None:
            return None
        return replace(told, state=AgentState.READY, since=max(now, told.since))


def state_of(extension: str, legs: Collection[Leg], call_of: CallOf) -> AgentSeen | None:
    """Return the state that these legs of one extension amount to; None without any."""
    legs = [leg for leg in legs if not leg.listens]
    if not legs:
        return None
    up = [leg for leg in legs if _is_up(leg)]
    speaking = [leg for leg in up if leg.held_since is None]
    missed = False
    if speaking:
        leg = max(speaking, key=_answered)
        state, since = AgentState.TALKING, max([_answered(leg), *_resumed(leg)])
    elif up:
        leg = max(up, key=lambda one: one.held_since or one.seen)
        state, since = AgentState.HELD, leg.held_since or leg.seen
    elif ringing := [leg for leg in legs if _rings(leg)]:
        leg = min(ringing, key=_began)
        state, since = AgentState.RINGING, _began(leg)
    else:
        leg = max(legs, key=_ended)
        state, since = AgentState.READY, _ended(leg)
        missed = leg.taken is None and bool(leg.statuses & UNANSWERED)
    if state in BUSY:
        # What another leg hid until its own talk ended begins then.
        since = max(
            [since, *(one.gone for one in legs if one.gone and (one.taken or one.dials_out))]
        )
    return AgentSeen(
        extension=extension,
        state=state,
        since=since,
        call_id=call_of(leg),
        node=node_of(leg.leg) or "",
        missed=missed,
    )


def _is_up(leg: Leg) -> bool:
    """Answered, or dialling out: the receiver is at the agent's ear."""
    return leg.gone is None and (leg.dials_out or leg.taken is not None)


def _rings(leg: Leg) -> bool:
    waits = leg.gone is None and leg.rung is None and leg.taken is None
    return waits and (leg.outgoing or leg.dialled is not None)


def _began(leg: Leg) -> datetime:
    return leg.started or leg.dialled or leg.seen


def _answered(leg: Leg) -> datetime:
    return leg.taken or leg.seen


def _resumed(leg: Leg) -> list[datetime]:
    """The end of the last hold, if there was one."""
    return [max(at for at, _ in leg.holds)] if leg.holds else []


def _ended(leg: Leg) -> datetime:
    """When the leg stopped to matter: gone, or rung in vain."""
    moments = [at for at in (leg.gone, leg.rung if leg.taken is None else None) if at]
    return min(moments, default=leg.seen)
