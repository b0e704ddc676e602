"""One channel of a call, assembled from its facts in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from telephony.channels import extension_of, is_line
from telephony.facts import (
    CallerQueued,
    DigitKeyed,
    HangupAsked,
    LegBilled,
    LegDialled,
    LegEnded,
    LegFact,
    LegHeld,
    LegJoined,
    LegLeft,
    LegListens,
    LegResumed,
    LegRung,
    LegStarted,
    LegUp,
)

UNANSWERED = frozenset({"NOANSWER", "BUSY", "CONGESTION", "CHANUNAVAIL"})
"""Ringing that ended although the caller went on waiting; CANCEL is not among them."""


def _earlier(one: datetime | None, other: datetime) -> datetime:
    return other if one is None or other < one else one


@dataclass(slots=True)
class Stay:
    """What is known of a leg's time in one bridge."""

    joined: datetime | None = None
    last: datetime | None = None
    inside: bool = False

    def note(self, at: datetime, inside: bool) -> None:
        """Take an entrance or an exit; of two at one instant the exit is the later."""
        if inside:
            self.joined = _earlier(self.joined, at)
        if self.last is None or at > self.last or (at == self.last and not inside):
            self.last, self.inside = at, inside


@dataclass(slots=True)
class Leg:
    """One channel: when it began, was answered, rang, talked and ended."""

    leg: str
    channel: str
    seen: datetime
    extension: str | None = None
    is_outside: bool = False
    """A line to somebody who is no agent of ours."""
    started: datetime | None = None
    up: datetime | None = None
    ended: datetime | None = None
    dialled: datetime | None = None
    rung: datetime | None = None
    statuses: set[str] = field(default_factory=set)
    picked_up: datetime | None = None
    outgoing: bool = False
    listens: bool = False
    number: str | None = None
    hung_up: datetime | None = None
    cut_off: datetime | None = None
    bills: set[LegBilled] = field(default_factory=set)
    lost: datetime | None = None
    """When it must have ended that nobody saw end."""
    moved: tuple[datetime, str] | None = None
    """Since when, and to which call, the leg belongs that began in another."""
    stays: dict[str, Stay] = field(default_factory=dict)
    holds: set[tuple[datetime, bool]] = field(default_factory=set)
    digits: set[tuple[datetime, str]] = field(default_factory=set)
    callers: set[tuple[datetime, str]] = field(default_factory=set)
    extens: set[tuple[bool, datetime, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.extension = extension_of(self.channel)
        self.is_outside = self.extension is None and is_line(self.channel)

    def note(self, fact: LegFact) -> None:
        """Take one more fact of this leg; the same again changes nothing."""
        if fact.at < self.seen:
            self.seen = fact.at
        take = _TAKE.get(type(fact))
        if take is not None:
            take(self, fact)

    @property
    def caller(self) -> str | None:
        """The first number this leg was known by."""
        if self.callers:
            return min(self.callers)[1]
        return next((bill.caller for bill in self.sole_bills if bill.caller), None)

    @property
    def exten(self) -> str | None:
        """The number this leg dialled, if it was one; where it began counts before where it was."""
        numbers = list(self.extens)
        numbers += [(True, bill.at, bill.exten) for bill in self.sole_bills if bill.exten]
        numbers = [entry for entry in numbers if entry[2].lstrip("+").isdecimal()]
        return min(numbers)[2] if numbers else None

    @property
    def sole_bills(self) -> list[LegBilled]:
        """The detail records, if nothing else is known of the leg: a transfer closes them too."""
        if not self.bills or self.started or self.up or self.ended or self.dialled or self.stays:
            return []
        return sorted(self.bills, key=lambda bill: bill.at)

    @property
    def began(self) -> datetime | None:
        """When the channel came into being, exactly or as its detail records say."""
        return self.started or min((bill.started for bill in self.sole_bills), default=None)

    @property
    def gone(self) -> datetime | None:
        """When the channel was gone, exactly or as its detail records say."""
        if self.ended is None and self.bills:
            return max((bill.at for bill in self.sole_bills), default=self.lost)
        return self.ended or self.lost

    @property
    def talking(self) -> bool:
        """Whether the leg is in a bridge now."""
        return self.gone is None and any(stay.inside for stay in self.stays.values())

    @property
    def ringing(self) -> bool:
        """Whether the leg rings now."""
        over = (self.rung, self.up, self.gone)
        return self.dialled is not None and not self.stays and over == (None, None, None)

    @property
    def left(self) -> datetime | None:
        """When the leg left its last bridge; None while it talks or if it never did."""
        if not self.stays or self.talking:
            return None
        if any(stay.inside for stay in self.stays.values()):
            return self.gone
        return max(stay.last for stay in self.stays.values() if stay.last is not None)

    @property
    def taken(self) -> datetime | None:
        """When somebody lifted the receiver."""
        moments = [self.up, self.picked_up, *(stay.joined for stay in self.stays.values())]
        return min((at for at in moments if at is not None), default=None)

    @property
    def dials_out(self) -> bool:
        """Whether whoever has this telephone began the leg by dialling."""
        return self.started is not None and not self.outgoing and self.dialled is None

    @property
    def held_since(self) -> datetime | None:
        """Since when the others hear music; None while they do not."""
        if not self.holds or self.gone is not None:
            return None
        at, held = max(self.holds)
        return at if held else None

    def holds_until(self, until: datetime | None) -> Iterator[tuple[datetime, datetime]]:
        """Yield from when to when the others were on hold; `until` ends what nothing ended."""
        since = None
        for at, held in sorted(self.holds):
            if held:
                since = since or at
            elif since is not None:
                yield since, at
                since = None
        end = self.left or self.gone or until
        if since is not None and end is not None and end > since:
            yield since, end


def _started(leg: Leg, fact: LegStarted) -> None:
    leg.started = _earlier(leg.started, fact.at)
    leg.outgoing = leg.outgoing or fact.outgoing
    if fact.caller:
        leg.callers.add((fact.at, fact.caller))
    if fact.exten:
        leg.extens.add((False, fact.at, fact.exten))


def _up(leg: Leg, fact: LegUp) -> None:
    leg.up = _earlier(leg.up, fact.at)
    leg.outgoing = leg.outgoing or fact.outgoing
    if fact.caller:
        leg.callers.add((fact.at, fact.caller))
    if fact.exten:
        leg.extens.add((True, fact.at, fact.exten))


def _ended(leg: Leg, fact: LegEnded) -> None:
    leg.ended = _earlier(leg.ended, fact.at)
    if fact.caller:
        leg.callers.add((fact.at, fact.caller))


def _joined(leg: Leg, fact: LegJoined) -> None:
    leg.stays.setdefault(fact.bridge, Stay()).note(fact.at, inside=True)


def _left(leg: Leg, fact: LegLeft) -> None:
    leg.stays.setdefault(fact.bridge, Stay()).note(fact.at, inside=False)


def _dialled(leg: Leg, fact: LegDialled) -> None:
    leg.dialled = _earlier(leg.dialled, fact.at)
    leg.number = leg.number or fact.number


def _rung(leg: Leg, fact: LegRung) -> None:
    leg.rung = _earlier(leg.rung, fact.at)
    leg.statuses.add(fact.status)
    if fact.status == "ANSWER":
        leg.picked_up = _earlier(leg.picked_up, fact.at)


def _hangup_asked(leg: Leg, fact: HangupAsked) -> None:
    if fact.by_us:
        leg.cut_off = _earlier(leg.cut_off, fact.at)
    else:
        leg.hung_up = _earlier(leg.hung_up, fact.at)


def _held(leg: Leg, fact: LegHeld) -> None:
    leg.holds.add((fact.at, True))


def _resumed(leg: Leg, fact: LegResumed) -> None:
    leg.holds.add((fact.at, False))


def _listens(leg: Leg, _: LegListens) -> None:
    leg.listens = True


def _billed(leg: Leg, fact: LegBilled) -> None:
    leg.bills.add(fact)


def _keyed(leg: Leg, fact: DigitKeyed) -> None:
    leg.digits.add((fact.at, fact.digit))


_TAKE: dict[type[LegFact], Callable[[Leg, Any], None]] = {
    DigitKeyed: _keyed,
    HangupAsked: _hangup_asked,
    LegBilled: _billed,
    LegDialled: _dialled,
    LegEnded: _ended,
    LegHeld: _held,
    LegJoined: _joined,
    LegLeft: _left,
    LegListens: _listens,
    LegResumed: _resumed,
    LegRung: _rung,
    LegStarted: _started,
    LegUp: _up,
}
CARRIES_UUID = frozenset({LegStarted, LegUp, LegEnded, LegDialled, LegBilled, CallerQueued})
"""Facts that may tell our own id of the call."""
