"""Follows Asterisk's files and says what the manager interface missed.

The facts of a call are held until the file says that the call is over, or until `recover`
asks for all of them after a gap. A call that the manager interface told in full is left
alone. The checkpoint stays before the first row of any call that is not finished and stored,
so that after a crash every such call is read again from its beginning.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from telephony.checkpoints import Checkpoints
from telephony.coarse_rows import detail_record, queue_event
from telephony.facts import CallerWaited, Fact, LegBilled, LegStarted
from telephony.files import LogTail, Position, Row, channel_event

CHECKPOINT = "asterisk-files"
CHANNEL_EVENTS, QUEUE_LOG, DETAIL_RECORDS = "cel", "queue_log", "cdr"
UNDERSTAND: dict[str, Callable[[str], Row | None]] = {
    CHANNEL_EVENTS: channel_event,
    QUEUE_LOG: queue_event,
    DETAIL_RECORDS: detail_record,
}
LONGEST_CALL_LOOKS = 7_200
"""How long a call may be under way that the coarse files begin and nobody ends."""
BILLED_ALONE_AFTER = 5
"""So many looks at the files later a call of which only detail records came has no other rows."""


@dataclass
class _Held:
    """What the files say of one call not yet let go, and where its first rows are."""

    facts: list[Fact] = field(default_factory=list)
    first: dict[str, tuple[int, Position]] = field(default_factory=dict)
    begun: bool = False
    over: bool = False
    billed: int | None = None
    """The look at which the last detail record of the leg that began the call was found."""

    waits_until: int = 0
    """The look up to which rows of the coarse files are kept that came alone."""

    def waits(self, look: int) -> bool:
        """Whether the coarse files told this call alone so far, and more may follow."""
        return CHANNEL_EVENTS not in self.first and look < self.waits_until


class Reconciler:
    """The log files read together, in step with what is already known.

    Each may correct what it alone knows: the channel event log tells whole calls; the queue log
    why a queue let a caller go, and who answered where no channel event shows it; the detail
    records stand in, good to the second, for calls that the channel event log does not have.
    """

    def __init__(
        self,
        channel_events: Path,
        queue_log: Path,
        checkpoints: Checkpoints,
        *,
        detail_records: Path | None = None,
    ) -> None:
        self._checkpoints = checkpoints
        # The channel events last: a call's end there must find its rows in the others.
        self._tails = {QUEUE_LOG: LogTail(queue_log)}
        if detail_records is not None:
            self._tails[DETAIL_RECORDS] = LogTail(detail_records)
        self._tails[CHANNEL_EVENTS] = LogTail(channel_events)
        self._held: dict[str, _Held] = {}
        self._rows = 0
        self._looks = 0
        self._stored: str | None = None
        self._begun = False

    def _begin(self) -> None:
        """Take up reading where the last process stopped."""
        self._stored = self._checkpoints.get(CHECKPOINT)
        for name, position in _parse_positions(self._stored).items():
            if name in self._tails:
                self._tails[name].position = position
        self._begun = True

    def read(self) -> None:
        """Take in what was written since last time; touches the disk, so call it off the loop."""
        if not self._begun:
            self._begin()
        self._looks += 1
        for name, tail in self._tails.items():
            for line in tail.read():
                row = UNDERSTAND[name](line.text)
                if row is not None:
                    self._hold(name, line.at, row)
        for held in self._held.values():
            self._judge_alone(held)

    def _hold(self, name: str, at: Position, row: Row) -> None:
        self._rows += 1
        held = self._held.setdefault(row.call_id, _Held())
        held.first.setdefault(name, (self._rows, at))
        held.facts.extend(row.facts)
        held.over = held.over or row.over
        held.begun = held.begun or any(
            isinstance(fact, LegStarted) and fact.leg == row.call_id for fact in row.facts
        )
        for fact in row.facts:
            if isinstance(fact, CallerWaited):
                held.waits_until = self._looks + LONGEST_CALL_LOOKS
            elif isinstance(fact, LegBilled) and fact.leg == row.call_id:
                held.billed = self._looks
                held.waits_until = self._looks + LONGEST_CALL_LOOKS

    def _judge_alone(self, held: _Held) -> None:
        """A call that only the detail records and the queue log tell is over when they fall silent.

        The channel event log writes a call's rows before its detail records, so where those
        came alone it has none.
        """
        alone = held.billed is not None and held.waits(self._looks)
        if alone and self._looks - (held.billed or 0) >= BILLED_ALONE_AFTER:
            held.begun = held.over = True

    def missed(self, is_known: Callable[[str], bool]) -> list[Fact]:
        """Return the facts of calls that the files show as over and nobody else told in full.

        A call whose beginning lies before the checkpoint was stored then: its last rows alone
        would tell a false story.
        """
        return self._facts(
            held
            for call_id, held in self._held.items()
            if held.over and held.begun and not is_known(call_id)
        )

    def recover(self, is_open: Callable[[str], bool]) -> list[Fact]:
        """Return everything held of calls begun here or still open: after a gap it may be news."""
        return self._facts(
            held for call_id, held in self._held.items() if held.begun or is_open(call_id)
        )

    @staticmethod
    def _facts(calls: Iterable[_Held]) -> list[Fact]:
        """All facts in the order of time: what happened during what must stay visible."""
        return sorted((fact for held in calls for fact in held.facts), key=lambda fact: fact.at)

    def finished(self, is_told: Callable[[str], bool]) -> frozenset[str]:
        """Return the calls that need not be read again, once everything told is stored."""
        return frozenset(
            call_id
            for call_id, held in self._held.items()
            if is_told(call_id) or not (held.begun or held.waits(self._looks))
        )

    def release(self, finished: frozenset[str]) -> None:
        """Let go of these calls and keep the checkpoint before all others; writes to disk."""
        if not self._begun:
            return
        for call_id in finished:
            self._held.pop(call_id, None)
        positions = {}
        for name, tail in self._tails.items():
            firsts = [held.first[name] for held in self._held.values() if name in held.first]
            position = min(firsts, key=lambda one: one[0])[1] if firsts else tail.position
            if position is not None:
                positions[name] = {"inode": position.inode, "offset": position.offset}
        text = json.dumps(positions, sort_keys=True)
        if text != self._stored:
            self._checkpoints.put(CHECKPOINT, text)
            self._stored = text


def _parse_positions(text: str | None) -> dict[str, Position]:
    """Read a stored checkpoint; a damaged one means from the beginning."""
    try:
        stored = json.loads(text or "{}")
        return {
            name: Position(int(place["inode"]), int(place["offset"]))
            for name, place in stored.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
