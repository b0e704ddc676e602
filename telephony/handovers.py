"""Which agents handed the citizen on, and to whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from dispatch.domain.calls import Transfer
from telephony.facts import CallTransferred
from telephony.legs import Leg

SAME_TRANSFER = timedelta(seconds=2)
OUTLASTED = timedelta(seconds=1)


def handovers(
    told: Iterable[CallTransferred], agents: Sequence[Leg], joined: Iterable[Leg]
) -> tuple[Transfer, ...]:
    """Return the hand-overs; a three-way talk is one once its host has left it.

    `joined` are third parties whom the application rang to join the talk.
    """
    handed: list[Transfer] = []
    for fact in sorted(told, key=lambda fact: (fact.at, fact.kind, fact.to)):
        hosts = [leg for leg in agents if leg.extension == fact.by]
        guests = [leg for leg in agents if leg.extension != fact.by]
        if fact.kind == "threeway" and not _outlasted(hosts, guests):
            continue
        kind = fact.kind if fact.kind in ("blind", "taken_over") else "attended"
        known = any(
            (one.kind, one.by, one.to) == (kind, fact.by, fact.to)
            and fact.at - one.at < SAME_TRANSFER
            for one in handed
        )
        if not known:
            handed.append(Transfer(at=fact.at, kind=kind, by=fact.by, to=fact.to))
    handed += [_left_with(leg, agents) for leg in joined if leg.stays and _outlasted(agents, [leg])]
    return tuple(sorted(handed, key=lambda one: one.at))


def _left_with(leg: Leg, agents: Sequence[Leg]) -> Transfer:
    """The citizen stayed with a third party when the last agent had left."""
    last = max((one for one in agents if one.left), key=lambda one: one.left or one.seen)
    at = last.left or last.seen
    return Transfer(at=at, kind="attended", by=last.extension, to=leg.number or leg.extension or "")


def _outlasted(hosts: Sequence[Leg], guests: Sequence[Leg]) -> bool:
    """Whether a guest went on talking after the hosts of a three-way talk left."""
    if any(leg.talking for leg in hosts):
        return False
    gone = max((leg.left for leg in hosts if leg.left is not None), default=None)
    return gone is not None and any(
        leg.talking or (leg.left is not None and leg.left > gone + OUTLASTED)
        for leg in guests
        if leg.stays
    )
