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
from telephony.facts import Fact, LegStarted
from telephony.files import LogTail, Position, Row, channel_event, queue_event

CHECKPOINT = "asterisk-files"
CHANNEL_EVENTS, QUEUE_LOG = "cel", "queue_log"


@dataclass
class _Held:
    """What the files say of one call not yet let go, and where its first rows are."""

    facts: list[Fact] = field(default_factory=list)
    first: dict[str, tuple[int, Position]] = field(default_factory=dict)
    begun: bool = False
    over: bool = False


class Reconciler:
    """Two log files read together, in step with what is already known."""

    def __init__(self, channel_events: Path, queue_log: Path, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        # The queue log first: a call's end in the channel events must find its queue rows.
        self._tails = {QUEUE_LOG: LogTail(queue_log), CHANNEL_EVENTS: LogTail(channel_events)}
        self._held: dict[str, _Held] = {}
        self._rows = 0
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
        for name, tail in self._tails.items():
            understand = channel_event if name == CHANNEL_EVENTS else queue_event
            for line in tail.read():
                row = understand(line.text)
                if row is not None:
                    self._hold(name, line.at, row)

    def _hold(self, name: str, at: Position, row: Row) -> None:
        self._rows += 1
        held = self._held.setdefault(row.call_id, _Held())
        held.first.setdefault(name, (self._rows, at))
        held.facts.extend(row.facts)
        held.over = held.over or row.over
        held.begun = held.begun or any(
            isinstance(fact, LegStarted) and fact.leg == row.call_id for fact in row.facts
        )

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
            call_id for call_id, held in self._held.items() if is_told(call_id) or not held.begun
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
