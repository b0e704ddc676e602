"""The seats as the telephone side reads them, and what it found of them, in the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from dispatch.bus import Database
from dispatch.domain.calls import AgentSeen
from dispatch.domain.ports import BusySeat, Seat
from dispatch.service import seat_wishes, seats_reached, seats_seen
from dispatch.service.rulebook import RuleBook
from telephony.seat_check import Difference

UNDER_WAY = timedelta(seconds=5)
"""How long the news of a call's end may take from the telephone to the store."""


class DatabaseSeats:
    """Implements `telephony.seat_store.SeatStore`; with `node` only that telephone system's."""

    def __init__(
        self,
        database: Database,
        rulebook: RuleBook,
        clock: Callable[[], datetime],
        node: str | None = None,
    ) -> None:
        self._database = database
        self._rulebook = rulebook
        self._clock = clock
        self._node = node

    def wishes(self) -> Sequence[Seat]:
        """Every seat, as stored."""
        with self._database.read() as session:
            rules = self._rulebook.at(self._clock())
            return seat_wishes.wished_seats(session, rules, self._node)

    def busy(self) -> Sequence[BusySeat]:
        """The seats we think in a call."""
        with self._database.read() as session:
            return seats_reached.busy_seats(
                session, before=self._clock() - UNDER_WAY, node=self._node
            )

    def corrected(self, found: Sequence[Difference], at: datetime) -> None:
        """Write down what was set right."""
        with self._database.work() as session:
            for one in found:
                seats_reached.record_correction(
                    session, one.extension, one.kind.value, f"{one.member.queue} {one.found}", at=at
                )

    def unreachable(self, telephones: frozenset[str], at: datetime) -> None:
        """Note which signed-in seats cannot be rung."""
        with self._database.work() as session:
            seats_reached.mark_unreachable(session, telephones, node=self._node, at=at)

    def idle(self, seen: AgentSeen) -> None:
        """An agent we thought in a call is in none."""
        now = self._clock()
        with self._database.work() as session:
            seats_seen.record_seen(session, seen, self._rulebook.at(now), now)
