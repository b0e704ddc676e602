"""The queues as Asterisk has them against the seats as we want them: pure comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dispatch.domain.ports import AgentState, Seat
from telephony.channels import extension_of

PAUSED = frozenset({AgentState.PAUSED, AgentState.WRAP_UP})


UNREACHABLE = frozenset({"4", "5"})
"""Asterisk's device states invalid and unavailable."""


class DifferenceKind(StrEnum):
    """How Asterisk may have a seat otherwise than we want it."""

    STRANGER = "stranger"
    """A member nobody wants."""
    LOST = "lost"
    """A member we want and Asterisk does not have."""
    PAUSE = "pause"
    """Paused or not, or for another reason, than we want."""
    PENALTY = "penalty"
    NO_QUEUE = "no_queue"
    """The policy has a queue that Asterisk does not know (yet)."""
    NO_CALL = "no_call"
    """An agent we think busy has no channel."""


@dataclass(frozen=True)
class Member:
    """A place in one queue, as wanted or as found; `interface` is what is rung."""

    queue: str
    interface: str
    name: str = ""
    penalty: int = 0
    paused: bool = False
    reason: str = ""
    unreachable: bool = field(default=False, compare=False)
    """Asterisk cannot ring it: no telephone is registered there."""


@dataclass(frozen=True)
class Difference:
    """One thing that Asterisk has otherwise: `found` says what it has."""

    kind: DifferenceKind
    member: Member
    found: str = ""

    @property
    def extension(self) -> str:
        """The telephone it is about."""
        return extension_of(self.member.interface) or self.member.interface


def interface_of(seat: Seat) -> str:
    """What the queue rings for a seat: the agent's own telephone, or the one he chose."""
    return f"PJSIP/{seat.rings or seat.extension}"


def members_of(seat: Seat) -> tuple[Member, ...]:
    """The places a seat is to have."""
    if seat.state is AgentState.SIGNED_OUT:
        return ()
    paused = seat.state in PAUSED
    return tuple(
        Member(
            served.queue,
            interface_of(seat),
            seat.name,
            served.penalty,
            paused,
            seat.reason if paused else "",
        )
        for served in seat.queues
    )


@dataclass(frozen=True)
class Found:
    """What QueueStatus told: the queues there are and their members."""

    queues: frozenset[str]
    members: Mapping[tuple[str, str], Member]

    @property
    def unreachable(self) -> frozenset[str]:
        """The telephones of members that cannot be rung."""
        lost = (member for member in self.members.values() if member.unreachable)
        return frozenset(extension_of(member.interface) or "" for member in lost)


def read_status(items: Iterable[Mapping[str, str]]) -> Found:
    """Read the events of QueueStatus."""
    queues: set[str] = set()
    members: dict[tuple[str, str], Member] = {}
    for item in items:
        if item.get("Event") == "QueueParams":
            queues.add(item.get("Queue", ""))
        elif item.get("Event") == "QueueMember":
            member = Member(
                item.get("Queue", ""),
                item.get("Location", ""),
                item.get("Name", ""),
                int(item.get("Penalty", "0") or 0),
                item.get("Paused") == "1",
                item.get("PausedReason", ""),
                item.get("Status") in UNREACHABLE,
            )
            members[member.queue, member.interface] = member
    return Found(frozenset(queues), members)


def differences(wanted: Iterable[Member], found: Found) -> tuple[Difference, ...]:
    """What must be set right, strangers first: a telephone may have moved to another seat."""
    by_place = {(member.queue, member.interface): member for member in wanted}
    strangers = [
        Difference(DifferenceKind.STRANGER, member, "member")
        for place, member in found.members.items()
        if place not in by_place
    ]
    wrong = [
        difference
        for place, member in by_place.items()
        for difference in _compare(member, found.members.get(place), found.queues)
    ]
    return (*strangers, *wrong)


def _compare(member: Member, found: Member | None, queues: frozenset[str]) -> Iterable[Difference]:
    if member.queue not in queues:
        yield Difference(DifferenceKind.NO_QUEUE, member, "no queue")
        return
    if found is None:
        yield Difference(DifferenceKind.LOST, member, "no member")
        return
    if found.paused != member.paused or (member.paused and found.reason != member.reason):
        state = f"paused {found.reason}".strip() if found.paused else "ready"
        yield Difference(DifferenceKind.PAUSE, member, state)
    if found.penalty != member.penalty:
        yield Difference(DifferenceKind.PENALTY, member, f"penalty {found.penalty}")
