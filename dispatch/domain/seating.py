"""Seats: what is shown of an agent, which queues he serves, how long he may be away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.domain.call_rules import QueueRule
from dispatch.domain.ports import AgentState, Membership
from dispatch.domain.rules import Rules

WISHES = frozenset({AgentState.SIGNED_OUT, AgentState.READY, AgentState.PAUSED})
BY_CALLS = frozenset({AgentState.RINGING, AgentState.TALKING, AgentState.HELD})
IN_TALK = frozenset({AgentState.TALKING, AgentState.HELD})
GENERAL_QUEUE = "hotline"


class PauseCode(StrEnum):
    """The rows of the table `pause` that the program itself looks for."""

    WRAP_UP = "wrap_up"
    NO_ANSWER = "no_answer"
    BY_SUPERVISOR = "by_supervisor"


NAMES: Mapping[PauseCode, str] = {
    PauseCode.WRAP_UP: AgentState.WRAP_UP.label,
    PauseCode.NO_ANSWER: "振铃未接",
    PauseCode.BY_SUPERVISOR: "班长置为小休",
}
"""What they are called where a city's table has no such row."""


@dataclass(frozen=True)
class Pause:
    """A reason in people's words and how many seconds it may last; 0: as long as it takes."""

    label: str
    limit_s: int = 0


def own_pauses(rules: Rules) -> tuple[Pause, ...]:
    """The reasons an agent may choose; those only the program or a supervisor gives are out."""
    ours = {PauseCode.NO_ANSWER, PauseCode.BY_SUPERVISOR}
    rows = (row for row in rules.profile.calls.pauses if row.code not in ours)
    return tuple(Pause(row.label, row.limit_s) for row in rows)


def pause_for(rules: Rules, code: PauseCode) -> Pause:
    """The reason the program itself gives."""
    for row in rules.profile.calls.pauses:
        if row.code == code:
            return Pause(row.label, row.limit_s)
    return Pause(NAMES[code])


def pause_limit(rules: Rules, reason: str) -> int:
    """Seconds a pause of this reason may last; 0 without a limit, or for a reason of the past."""
    return next((p.limit_s for p in rules.profile.calls.pauses if p.label == reason), 0)


def wrap_up_seconds(rules: Rules, queue: str | None) -> int:
    """How long an agent may write after a call of this queue; of none: of the general one."""
    found = {row.code: row.wrap_up_s for row in rules.profile.calls.queues}
    return found.get(queue or GENERAL_QUEUE, found.get(GENERAL_QUEUE, 0))


def shown_state(wish: AgentState, seen: AgentState) -> AgentState:
    """The one state people see: what calls do outweighs what the agent wishes.

    `seen` is RINGING, TALKING or HELD by a call, WRAP_UP after one, else READY.
    """
    if seen in BY_CALLS:
        return seen
    if wish is AgentState.SIGNED_OUT:
        return wish
    return AgentState.WRAP_UP if seen is AgentState.WRAP_UP else wish


def asserted_state(wish: AgentState, seen: AgentState) -> AgentState:
    """How the queues are to hold the agent: never READY while he talks.

    Paused already in the talk, he is offered no call in the moment between its end and our
    hearing of it.
    """
    if wish is AgentState.READY and (seen in IN_TALK or seen is AgentState.WRAP_UP):
        return AgentState.WRAP_UP
    return wish


def memberships(rules: Rules, skills: Mapping[str, int]) -> tuple[Membership, ...]:
    """The queues an agent with these skills (code to penalty) serves, in the policy's order."""
    queues = rules.profile.calls.queues
    if not queues:
        return (Membership(GENERAL_QUEUE),)
    served = (queue for queue in queues if serves(queue, skills))
    return tuple(Membership(queue.code, _penalty(queue, skills)) for queue in served)


def serves(queue: QueueRule, skills: Mapping[str, int]) -> bool:
    """Whether the agent has every skill the queue needs."""
    return all(skill in skills for skill in queue.skills)


def _penalty(queue: QueueRule, skills: Mapping[str, int]) -> int:
    return max((skills[skill] for skill in queue.skills), default=0)


def limit_of(
    rules: Rules, state: AgentState, reason: str, since: datetime, wrap_up_s: int
) -> datetime | None:
    """When the pause or the wrap-up that began at `since` runs out."""
    seconds = 0
    if state is AgentState.PAUSED:
        seconds = pause_limit(rules, reason)
    elif state is AgentState.WRAP_UP:
        seconds = wrap_up_s
    return since + timedelta(seconds=seconds) if seconds else None
