"""What the seats at the queues read of the store, and tell it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from dispatch.domain.calls import AgentSeen
from dispatch.domain.ports import BusySeat, Seat
from telephony.seat_check import Difference


class SeatStore(Protocol):
    """What the check reads and tells; every method runs on a worker thread."""

    def wishes(self) -> Sequence[Seat]:
        """Every seat, as stored."""

    def busy(self) -> Sequence[BusySeat]:
        """The seats we think in a call."""

    def corrected(self, found: Sequence[Difference], at: datetime) -> None:
        """Write down what was set right."""

    def unreachable(self, telephones: frozenset[str], at: datetime) -> None:
        """Which telephones of members cannot be rung now; all others can."""

    def idle(self, seen: AgentSeen) -> None:
        """An agent we thought in a call is in none."""


class WishesOnly:
    """A store that knows the wishes and remembers the rest."""

    def __init__(self, wishes: Callable[[], Sequence[Seat]]) -> None:
        self.wishes = wishes
        self.told: list[Difference] = []
        self.lost: frozenset[str] = frozenset()

    def busy(self) -> Sequence[BusySeat]:
        """Nobody."""
        return ()

    def corrected(self, found: Sequence[Difference], at: datetime) -> None:
        """Remember them."""
        self.told.extend(found)

    def unreachable(self, telephones: frozenset[str], at: datetime) -> None:
        """Remember them."""
        self.lost = telephones

    def idle(self, seen: AgentSeen) -> None:
        """Nobody is busy here."""
