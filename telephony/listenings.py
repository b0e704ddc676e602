"""Supervisors' listening legs: no part of any call, and each one's end told once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from dispatch.domain.calls import ListeningEnded, ListeningsAlive
from telephony.facts import AnyFact, Fact, LegEnded, LegFact, OriginateAnswered
from telephony.talks import LISTENING, is_listening

REMEMBERED = 2_000


def concerns_listening(fact: AnyFact) -> bool:
    """Whether the fact tells of a listening leg and of no call."""
    if isinstance(fact, OriginateAnswered):
        return is_listening(fact.order)
    if isinstance(fact, LegFact) and is_listening(fact.leg):
        return True
    return isinstance(fact, Fact) and is_listening(fact.call_id)


class ListeningFollower:
    """Turns the end of listening legs into news."""

    def __init__(self) -> None:
        self._ended: dict[str, None] = {}

    def fold(self, fact: AnyFact) -> list[ListeningEnded]:
        """Take one fact of a listening; the same end again adds nothing."""
        match fact:
            case LegEnded():
                return self._end(fact.leg, fact.at)
            case OriginateAnswered(ok=False):
                return self._end(fact.order, fact.at)
        return []

    def knows_end(self, channel_id: str) -> bool:
        """Whether the end of this listening was told."""
        return channel_id in self._ended

    def alive(self, channel_ids: Iterable[str], at: datetime) -> ListeningsAlive:
        """Say which listenings last, by the channels that were found alive."""
        found = (_id_of(one) for one in channel_ids if is_listening(one))
        ids = frozenset(one for one in found if one is not None)
        return ListeningsAlive(at=at, listening_ids=ids)

    def _end(self, channel_id: str, at: datetime) -> list[ListeningEnded]:
        listening_id = _id_of(channel_id)
        if listening_id is None or channel_id in self._ended:
            return []
        self._ended[channel_id] = None
        if len(self._ended) > REMEMBERED:
            del self._ended[next(iter(self._ended))]
        return [ListeningEnded(listening_id=listening_id, at=at)]


def _id_of(channel_id: str) -> int | None:
    number = channel_id.removeprefix(LISTENING)
    return int(number) if number.isascii() and number.isdecimal() else None
