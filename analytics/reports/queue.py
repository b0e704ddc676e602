"""The telephone queues of a span by the catalogue's definitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from analytics import definitions_calls
from analytics.facts import READERS, definition, valued
from analytics.figures import BY_CODE
from analytics.passes import count_together_by
from analytics.periods import Period
from analytics.rates import Mean, Rate, Value
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.models.contacts import Contact
from dispatch.service.access import require_role

QUEUE_FIGURES = (
    *("connection_rate", "service_level_rate", "abandoned_rate", "mean_wait", "mean_talk"),
)
"""What is told of each queue, in the order of its columns."""


@dataclass(frozen=True)
class QueueLine:
    """One queue: its figures by their codes; they add up to those of all calls."""

    code: str
    figures: Mapping[str, Value]

    def rate(self, code: str) -> Rate:
        """A figure that is a rate; nothing judged where there was no case."""
        found = self.figures.get(code)
        return found if isinstance(found, Rate) else Rate()

    def mean(self, code: str) -> Mean:
        """A figure that is a mean."""
        found = self.figures.get(code)
        return found if isinstance(found, Mean) else Mean()


def queues(
    session: Session, reader: Actor, period: Period, rules: Rules, *, now: datetime
) -> list[QueueLine]:
    """The queues that calls were offered to, the busiest first."""
    require_role(reader, *READERS)
    whats = [definition(code, period, rules, now) for code in QUEUE_FIGURES]
    found = count_together_by(session, Contact, whats, func.coalesce(Contact.queue, ""))
    lines = [
        QueueLine(
            queue,
            {
                code: valued(BY_CODE[code], counts)
                for code, counts in zip(QUEUE_FIGURES, each, strict=True)
                if counts[1]
            },
        )
        for queue, each in found.items()
    ]
    lines = [one for one in lines if one.figures]
    return sorted(lines, key=lambda one: (-one.rate("service_level_rate").judged, one.code))


def agents(session: Session, reader: Actor, period: Period) -> int:
    """How many agents answered a call. Reports count agents, they do not name them."""
    require_role(reader, *READERS)
    query = select(func.count(func.distinct(Contact.agent))).where(
        definitions_calls.inbound(period), Contact.answered_at.is_not(None)
    )
    return session.scalar(query) or 0
