"""The one reducer from facts to calls: which facts belong together, and what changed.

Pure: no clock but the facts' own, nothing outside. A call's record is a function of the set
of its facts, so a duplicate, a late or an early fact, or a fact told by two sources leads to
the same record.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dispatch.domain.calls import CallRecord
from telephony.channels import extension_of, is_line
from telephony.facts import CallGone, Fact, LegEnded, LegFact, LegStarted, SystemReady
from telephony.story import Story

SETTLE = timedelta(seconds=5)
FORGET = timedelta(minutes=2)
RETIRED_KEPT = 20_000
UPTIME_ERROR_S = 1.2


@dataclass(slots=True)
class OpenCall:
    """The facts of one call; `consultation` when an agent began it during another talk."""

    call_id: str
    newest: datetime
    facts: set[Fact] = field(default_factory=set)
    legs: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    gone: bool = False
    consultation: bool = False
    told: CallRecord | None = None

    def record(self) -> CallRecord | None:
        """Return the call as known so far; None if it is no contact with a citizen."""
        return None if self.consultation else Story(self.call_id, self.facts).record()

    @property
    def citizen_gone(self) -> bool:
        """Whether the leg that began the call has ended."""
        return self.call_id in self.ended or self.gone

    @property
    def over(self) -> bool:
        """Whether every leg known has ended."""
        return self.gone or (bool(self.legs) and self.ended.issuperset(self.legs))

    def has_agent(self, extension: str) -> bool:
        """Whether the extension is in this call now and did not begin it."""
        return any(
            extension_of(channel) == extension
            for leg, channel in self.legs.items()
            if leg not in self.ended and leg != self.call_id
        )


class CallReducer:
    """Gathers facts into calls; ask `changed` what is new and `settle` what is finished."""

    def __init__(self) -> None:
        self.calls: dict[str, OpenCall] = {}
        self.clock: datetime | None = None
        self._homes: dict[str, str] = {}
        self._retired: dict[str, None] = {}
        self._changed: dict[str, None] = {}
        self._ready: SystemReady | None = None

    def fold(self, fact: Fact) -> None:
        """Take one fact; again, late or early makes no difference."""
        if self.clock is None or fact.at > self.clock:
            self.clock = fact.at
            if self._ready is not None and self._ready.at is None:
                self._ready = replace(self._ready, at=fact.at)
        self._file(fact)
        if isinstance(fact, LegFact):
            home = self._homes.setdefault(fact.leg, fact.call_id)
            if home != fact.call_id:
                self._file(replace(fact, call_id=home))

    def _file(self, fact: Fact) -> None:
        call_id = fact.call_id
        if call_id in self._retired:
            return
        call = self.calls.get(call_id)
        if call is None:
            call = self.calls[call_id] = OpenCall(call_id, fact.at)
        elif fact in call.facts:
            return
        call.facts.add(fact)
        if fact.at > call.newest:
            call.newest = fact.at
        if isinstance(fact, LegFact):
            call.legs[fact.leg] = fact.channel
            if isinstance(fact, LegEnded):
                call.ended.add(fact.leg)
            elif isinstance(fact, LegStarted) and fact.leg == call_id:
                call.consultation = call.consultation or self._is_consultation(fact)
        elif isinstance(fact, CallGone):
            call.gone = True
        self._changed[call_id] = None

    def _is_consultation(self, fact: LegStarted) -> bool:
        extension = extension_of(fact.channel)
        return extension is not None and any(
            call.has_agent(extension) for call in self.calls.values()
        )

    def system_ready(self, ready: SystemReady, *, lived_until: datetime | None = None) -> bool:
        """Note that the system is up; return True if it was started anew since last time.

        Every call of before a new start is over, whether or not its end was seen.
        `lived_until` is when the connection to the former system broke, if that is known.
        """
        before, self._ready = self._ready, ready
        if before is None or before.at is None or ready.at is None:
            return False
        passed = (ready.at - before.at).total_seconds()
        # Uptimes are whole seconds, rounded down: the same start may look up to one second younger.
        if ready.uptime_s >= before.uptime_s + passed - UPTIME_ERROR_S:
            return False
        for call in list(self.calls.values()):
            self.gone(call.call_id, lived_until=lived_until)
        return True

    def gone(self, call_id: str, *, lived_until: datetime | None = None) -> None:
        """Close a call that the system no longer knows, at the last moment it may have lived."""
        call = self.calls.get(call_id)
        if call is not None and not call.over and self.clock is not None:
            known = (call.newest, self.clock, *([lived_until] if lived_until else []))
            self._file(CallGone(max(known), call_id))

    def is_retired(self, call_id: str) -> bool:
        """Whether the call ended here and was let go."""
        return call_id in self._retired

    def is_over(self, call_id: str) -> bool:
        """Whether every leg of an open call has ended."""
        call = self.calls.get(call_id)
        return call is not None and call.over

    def changed(self) -> list[CallRecord]:
        """Return the contacts whose record is another than at the last question."""
        ids, self._changed = self._changed, {}
        news = []
        for call_id in ids:
            call = self.calls[call_id]
            record = call.record()
            if record is not None and record != call.told:
                call.told = record
                news.append(record)
        return news

    def open_calls(self) -> list[CallRecord]:
        """Return every contact not yet settled."""
        records = (call.record() for call in self.calls.values())
        return [record for record in records if record is not None]

    def settle(self) -> list[CallRecord]:
        """Let go of calls that ended a while ago and return their final records.

        Their ids are remembered, so that a fact told again does not begin a second call.
        """
        settled = []
        for call in [call for call in self.calls.values() if self._settled(call)]:
            record = call.record()
            if record is not None:
                settled.append(record)
            self._retire(call)
        return settled

    def _settled(self, call: OpenCall) -> bool:
        if self.clock is None:
            return False
        quiet = self.clock - call.newest
        if call.over:
            return quiet > SETTLE
        line = any(is_line(channel) for channel in call.legs.values())
        return quiet > FORGET and (call.citizen_gone or not line)

    def _retire(self, call: OpenCall) -> None:
        del self.calls[call.call_id]
        self._changed.pop(call.call_id, None)
        for leg in call.legs:
            if self._homes.get(leg) == call.call_id:
                del self._homes[leg]
        self._retired[call.call_id] = None
        if len(self._retired) > RETIRED_KEPT:
            del self._retired[next(iter(self._retired))]
