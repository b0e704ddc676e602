"""Who is on the line now: asked after every connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.errors import TelephonyUnavailable
from telephony.ami import AmiClient
from telephony.facts import Fact, LegFact
from telephony.headers import EventReader


@dataclass(frozen=True)
class Alive:
    """The channels that exist: facts about them and the calls they belong to."""

    asked_at: datetime
    facts: tuple[Fact, ...]
    calls: frozenset[str]


class Resync:
    """Asks for the list of channels and reads it as facts."""

    def __init__(self, client: AmiClient, reader: EventReader) -> None:
        self._client = client
        self._reader = reader

    async def channels(self, now: datetime) -> Alive:
        """Return what lives now.

        Raises:
            TelephonyUnavailable: no list came; nothing may be concluded from its absence.
        """
        reply = await self._client.action("CoreShowChannels")
        if not reply.ok:
            raise TelephonyUnavailable(reply.message)
        facts = [
            fact
            for item in reply.items
            for fact in self._reader.facts(item, now=now)
            if isinstance(fact, LegFact)
        ]
        calls = {item["Linkedid"] for item in reply.items if "Linkedid" in item}
        return Alive(now, tuple(facts), frozenset(calls))
