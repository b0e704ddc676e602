"""The one reducer from facts to calls: which facts belong together, and what changed.

Pure: no clock but the facts' own, nothing outside. A call's record is a function of the set
of its facts, so a duplicate, a late or an early fact, or a fact told by two sources leads to
the same record.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dispatch.domain.calls import CallRecord, Direction
from telephony.channels import is_line
from telephony.facts import CallGone, Fact, LegFact, LegStarted, SystemReady
from telephony.legs import Leg
from telephony.story import Story
from telephony.talks import is_joining

SETTLE = timedelta(seconds=5)
OVERLAP = timedelta(milliseconds=300)
"""An agent who dials at once after a talk is no longer in it, however the events overtake."""
FORGET = timedelta(minutes=2)
LOOK_EVERY = timedelta(seconds=1)
RETIRED_KEPT = 20_000
UPTIME_ERROR_S = 1.2


@dataclass(slots=True)
class OpenCall:
    """One call under way and what is known of it.

    `others` are calls in which the agent who began this one had a leg then: as long as one of
    them went on, this is a consultation and no contact.
    """

    call_id: str
    newest: datetime
    story: Story
    others: list[Leg] = field(default_factory=list)
    told: CallRecord | None = None

    @property
    def gone(self) -> bool:
        """Whether the telephone system no longer knows it."""
        return self.story.gone_at is not None

    @property
    def citizen_gone(self) -> bool:
        """Whether the leg that began the call has ended."""
        root = self.story.root
        return self.gone or (root is not None and root.gone is not None)

    @property
    def over(self) -> bool:
        """Whether every leg known has ended."""
        legs = self.story.legs.values()
        return self.gone or (bool(legs) and all(leg.gone is not None for leg in legs))

    @property
    def has_line(self) -> bool:
        """Whether anybody's telephone takes part, not only helpers inside the system."""
        return any(is_line(leg.channel) for leg in self.story.legs.values())

    def is_consultation(self) -> bool:
        """Whether an agent began it while talking with a citizen."""
        root = self.story.root
        if root is None or root.started is None:
            return False
        since = root.started + OVERLAP
        return any(leg.gone is None or leg.gone > since for leg in self.others)


class CallReducer:
    """Gathers facts into calls; ask `changed` what is new and `settle` what is finished.

    `stations` are the agents' legs there are, by extension and leg; `touched` the extensions
    of which something was told since they were looked at last.
    """

    def __init__(self) -> None:
        self.calls: dict[str, OpenCall] = {}
        self.clock: datetime | None = None
        self.stations: dict[str, dict[str, Leg]] = {}
        self.touched: set[str] = set()
        self._homes: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        self._retired: dict[str, None] = {}
        self._changed: dict[str, None] = {}
        self._ready: SystemReady | None = None
        self._looked: datetime | None = None

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
                self._move(home, fact)

    def _file(self, fact: Fact) -> None:
        call_id = fact.call_id
        call = self.calls.get(call_id)
        if call is None:
            if call_id in self._retired:
                return
            call = self.calls[call_id] = OpenCall(call_id, fact.at, Story(call_id))
        call.story.note(fact)
        if fact.at > call.newest:
            call.newest = fact.at
        if isinstance(fact, LegFact):
            self._file_leg(call, fact)
        elif isinstance(fact, CallGone):
            for leg in call.story.legs.values():
                leg.lost = call.story.gone_at
                self.touched.update([leg.extension] if leg.extension else [])
        self._changed[call_id] = None

    def _file_leg(self, call: OpenCall, fact: LegFact) -> None:
        leg = call.story.legs[fact.leg]
        extension = leg.extension
        if extension is None:
            return
        self.touched.add(extension)
        if self._homes.get(fact.leg, call.call_id) == call.call_id:
            self.stations.setdefault(extension, {})[fact.leg] = leg
        if isinstance(fact, LegStarted) and fact.leg == call.call_id and not call.others:
            others = self.stations[extension].values()
            # A leg that began its call is the agent's own; one that was rung serves a citizen.
            call.others = [
                one
                for one in others
                if one is not leg and self._homes.get(one.leg, one.leg) != one.leg
            ]

    def _move(self, home: str, fact: LegFact) -> None:
        """Note that a leg now belongs to another call than the one it began in."""
        call = self.calls.get(home)
        leg = call.story.legs.get(fact.leg) if call is not None else None
        if leg is None:
            return
        if leg.moved is None or leg.moved < (fact.at, fact.call_id):
            leg.moved = (fact.at, fact.call_id)
        guest = self.calls.get(fact.call_id)
        here = guest.story.legs.get(fact.leg) if guest is not None else None
        if here is not None and here.number is None:
            here.number = leg.number  # it was dialled before it came here

    def _record(self, call: OpenCall) -> CallRecord | None:
        """The call as known so far; None if it is no contact with a citizen of its own."""
        if is_joining(call.call_id) or call.is_consultation():
            return None
        record = call.story.record()
        if record is None or record.call_uuid is None:
            return record
        owner = self._owners.setdefault(record.call_uuid, call.call_id)
        # Somebody rung to join a talk carries the id of the call that he joins.
        joins = record.direction is Direction.OUTBOUND and owner != call.call_id
        return None if joins and owner in self.calls else record

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
            record = self._record(call)
            if record is not None and record != call.told:
                call.told = record
                news.append(record)
        return news

    def take_touched(self) -> set[str]:
        """Return the extensions of which something was told since the last question."""
        touched, self.touched = self.touched, set()
        return touched

    def call_of(self, leg: Leg) -> str:
        """Return the call that a leg belongs to now."""
        return leg.moved[1] if leg.moved is not None else self._homes.get(leg.leg, leg.leg)

    def open_calls(self) -> list[CallRecord]:
        """Return every contact not yet settled."""
        records = (self._record(call) for call in self.calls.values())
        return [record for record in records if record is not None]

    def settle(self) -> list[CallRecord]:
        """Let go of calls that ended a while ago and return their final records.

        Their ids are remembered, so that a fact told again does not begin a second call.
        """
        if self.clock is None or (self._looked and self.clock - self._looked < LOOK_EVERY):
            return []
        self._looked, settled = self.clock, []
        for call in [call for call in self.calls.values() if self._settled(call)]:
            record = self._record(call)
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
        return quiet > FORGET and (call.citizen_gone or not call.has_line)

    def _retire(self, call: OpenCall) -> None:
        del self.calls[call.call_id]
        self._changed.pop(call.call_id, None)
        self._clear(call)
        for leg_id in call.story.legs:
            if self._homes.get(leg_id) == call.call_id:
                del self._homes[leg_id]
        for call_uuid in call.story.call_uuids:
            if self._owners.get(call_uuid) == call.call_id:
                del self._owners[call_uuid]
        self._retired[call.call_id] = None
        if len(self._retired) > RETIRED_KEPT:
            del self._retired[next(iter(self._retired))]

    def _clear(self, call: OpenCall) -> None:
        """Take the agents' legs of a call that is gone off their stations."""
        for leg_id, leg in call.story.legs.items():
            legs = self.stations.get(leg.extension or "", {})
            if leg.extension is not None and legs.get(leg_id) is leg:
                del legs[leg_id]
                self.touched.add(leg.extension)
                if not legs:
                    del self.stations[leg.extension]
