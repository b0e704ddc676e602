"""A caller's time in the queues, assembled from its facts in any order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from telephony.facts import CallerQueued, CallerUnqueued, CallerWaited, Fact, QueueVerdict

OVERFLOW = frozenset(
    {"TIMEOUT", "FULL", "JOINEMPTY", "LEAVEEMPTY", "JOINUNAVAIL", "LEAVEUNAVAIL", "WITHDRAW"}
    | {"EXITWITHTIMEOUT", "EXITEMPTY", "EXITWITHKEY"}
)
"""How a queue lets a caller go who is still on the line."""
ABANDON = "ABANDON"
SECOND = timedelta(seconds=1)


class Waiting:
    """Which queues a caller joined, and when and why he left the last of them.

    What the queue log says is good to the second, rounded down, and counts only where the
    events and the channel event log say nothing.
    """

    def __init__(self) -> None:
        self.joins: set[CallerQueued] = set()
        self._told: set[CallerWaited] = set()
        self._leaves: set[CallerUnqueued] = set()
        self._verdicts: set[QueueVerdict] = set()

    def note(self, fact: Fact) -> None:
        """Take one more fact; the same again changes nothing."""
        match fact:
            case CallerQueued():
                self.joins.add(fact)
            case CallerWaited():
                self._told.add(fact)
            case CallerUnqueued():
                self._leaves.add(fact)
            case QueueVerdict():
                self._verdicts.add(fact)

    @property
    def took_place(self) -> bool:
        """Whether a queue was joined, or refused the caller."""
        return bool(self.joins or self._told)

    def joined_at(self, begun: datetime) -> datetime | None:
        """When the first queue was joined, by a call that began at `begun`."""
        if self.joins:
            return min(fact.at for fact in self.joins)
        coarse = min((fact.at for fact in self._told), default=None)
        return None if coarse is None else max(coarse, begun)

    @property
    def _last_join(self) -> CallerQueued | CallerWaited | None:
        told: Iterable[CallerQueued | CallerWaited] = self.joins or self._told
        return max(told, key=lambda fact: (fact.at, fact.queue), default=None)

    @property
    def queue(self) -> str | None:
        """The queue joined last."""
        last = self._last_join
        return None if last is None else last.queue

    @property
    def caller(self) -> str | None:
        """The number that waited first."""
        told = [(fact.at, fact.caller) for fact in self.joins | self._told if fact.caller]
        return min(told)[1] if told else None

    @property
    def verdicts(self) -> frozenset[str]:
        """Why the last queue let the caller go; what an earlier one said no longer counts."""
        last = self._last_join
        return frozenset(
            fact.status
            for fact in self._verdicts
            if last is None
            or (fact.at >= last.at if fact.queue is None else fact.queue == last.queue)
        )

    def left_at(self, *, is_over: bool) -> datetime | None:
        """When the last queue was left without an answer, if that is certain."""
        sure = is_over or bool(self.verdicts)
        if not sure and not any(fact.unanswered for fact in self._leaves):
            return None
        last = self._last_join
        exact = [fact.at for fact in self._leaves if not fact.coarse]
        moments = exact or [fact.at for fact in self._leaves]
        since = None if last is None else last.at if exact else last.at - SECOND
        return min((at for at in moments if since is None or at >= since), default=None)
