"""One channel of a call, assembled from its facts in any order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from telephony.channels import extension_of
from telephony.facts import (
    DigitKeyed,
    HangupAsked,
    LegDialled,
    LegEnded,
    LegFact,
    LegJoined,
    LegLeft,
    LegRung,
    LegStarted,
    LegUp,
)


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
    started: datetime | None = None
    up: datetime | None = None
    ended: datetime | None = None
    dialled: datetime | None = None
    rung: datetime | None = None
    picked_up: datetime | None = None
    outgoing: bool = False
    number: str | None = None
    hung_up: datetime | None = None
    cut_off: datetime | None = None
    stays: dict[str, Stay] = field(default_factory=dict)
    digits: set[tuple[datetime, str]] = field(default_factory=set)
    callers: list[tuple[datetime, str]] = field(default_factory=list)
    extens: list[tuple[bool, datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.extension = extension_of(self.channel)

    def note(self, fact: LegFact) -> None:
        """Take one more fact of this leg."""
        at = fact.at
        self.seen = _earlier(self.seen, at)
        match fact:
            case LegJoined() | LegLeft():
                stay = self.stays.setdefault(fact.bridge, Stay())
                stay.note(at, isinstance(fact, LegJoined))
            case LegStarted():
                self.started = _earlier(self.started, at)
            case LegUp():
                self.up = _earlier(self.up, at)
            case LegEnded():
                self.ended = _earlier(self.ended, at)
            case LegDialled():
                self.dialled = _earlier(self.dialled, at)
                self.number = self.number or fact.number
            case LegRung():
                self.rung = _earlier(self.rung, at)
                if fact.status == "ANSWER":
                    self.picked_up = _earlier(self.picked_up, at)
            case HangupAsked(by_us=True):
                self.cut_off = _earlier(self.cut_off, at)
            case HangupAsked():
                self.hung_up = _earlier(self.hung_up, at)
            case DigitKeyed():
                self.digits.add((at, fact.digit))
        if isinstance(fact, LegStarted | LegUp):
            self.outgoing = self.outgoing or fact.outgoing
            if fact.exten:
                self.extens.append((isinstance(fact, LegUp), at, fact.exten))
        if isinstance(fact, LegStarted | LegUp | LegEnded) and fact.caller:
            self.callers.append((at, fact.caller))

    @property
    def caller(self) -> str | None:
        """The first number this leg was known by."""
        return min(self.callers)[1] if self.callers else None

    @property
    def exten(self) -> str | None:
        """The number this leg dialled, if it was one; where it began counts before where it was."""
        numbers = [entry for entry in self.extens if entry[2].lstrip("+").isdecimal()]
        return min(numbers)[2] if numbers else None

    @property
    def talking(self) -> bool:
        """Whether the leg is in a bridge now."""
        return self.ended is None and any(stay.inside for stay in self.stays.values())

    @property
    def ringing(self) -> bool:
        """Whether the leg rings now."""
        over = (self.rung, self.up, self.ended)
        return self.dialled is not None and not self.stays and over == (None, None, None)

    @property
    def left(self) -> datetime | None:
        """When the leg left its last bridge; None while it talks or if it never did."""
        if not self.stays or self.talking:
            return None
        if any(stay.inside for stay in self.stays.values()):
            return self.ended
        return max(stay.last for stay in self.stays.values() if stay.last is not None)
