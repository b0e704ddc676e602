"""The queues of a switch plan, as Asterisk's queues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from dispatch.domain.call_rules import QueueRule
from dispatch.domain.call_terms import OverflowTo, QueueStrategy

STRATEGIES: Mapping[QueueStrategy, str] = MappingProxyType(
    {
        QueueStrategy.ROUND_ROBIN: "rrmemory",
        QueueStrategy.LONGEST_IDLE: "leastrecent",
        QueueStrategy.FEWEST_CALLS: "fewestcalls",
        QueueStrategy.RANDOM: "random",
        QueueStrategy.ALL: "ringall",
    }
)
NOBODY = "unavailable,invalid,unknown"
"""Members who cannot take a call; one who pauses, or writes up the last call, soon can."""

LEAST_OFFER_S = 15
"""Seconds between two offers to ring back; more often would drive people mad."""


def queues_text(queues: Sequence[QueueRule]) -> str:
    """The sections of `queues.conf`; the plan was checked."""
    return "\n".join(line for queue in queues for line in _section(queue))


def _section(queue: QueueRule) -> list[str]:
    """A queue that leads to another lets go at once when nobody serves it."""
    elsewhere = queue.overflow is OverflowTo.QUEUE
    announces = queue.announce_every_s > 0
    lines = [
        f"[{queue.code}](queue)",
        f"strategy = {STRATEGIES[queue.strategy]}",
        f"weight = {queue.weight}",
        f"timeout = {queue.ring_s}",
        f"maxlen = {queue.max_length}",
        f"joinempty = {NOBODY if elsewhere else 'yes'}",
        f"leavewhenempty = {NOBODY if elsewhere else 'no'}",
        f"announce-frequency = {queue.announce_every_s}",
        f"announce-position = {_yes(announces and queue.announce_position)}",
        f"announce-holdtime = {_yes(announces and queue.announce_wait)}",
    ]
    if queue.call_back_after_s:
        lines += [
            "context = queue-keys",
            "periodic-announce = hotline/call-back-offer",
            f"periodic-announce-startdelay = {queue.call_back_after_s}",
            f"periodic-announce-frequency = {max(queue.call_back_after_s, LEAST_OFFER_S)}",
        ]
    return lines


def _yes(wanted: bool) -> str:
    return "yes" if wanted else "no"
