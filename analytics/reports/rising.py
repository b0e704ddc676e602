"""What rises: categories with clearly more tickets than their spans before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from analytics import topics
from analytics.periods import Period
from analytics.reports.spans import Span
from analytics.topics import Whereabouts
from dispatch.db import Session
from dispatch.domain.people import Actor

MOST = 5
CASES = 3


@dataclass(frozen=True)
class RisingTopic:
    """A category above its usual count, with where it comes from and its newest cases."""

    category: str
    count: int
    usual: Decimal
    """Mean of the spans before."""
    where: Whereabouts


def rising(
    session: Session,
    reader: Actor,
    span: Span,
    opened: Mapping[int, int],
    names: Mapping[int, str],
    *,
    now: datetime,
) -> Sequence[RisingTopic]:
    """The categories furthest above the mean of the four spans of the same length before."""
    days = min(span.period.days, max(1, (now - span.period.start).days + 1))
    length = timedelta(days=days)
    first = span.period.first - topics.SPANS_BEFORE * length
    before = topics.by_category(session, reader, Period(first, span.period.first - timedelta(1)))
    found = topics.risen(opened, before, names)[:MOST]
    ids = [one.category_id for one in found]
    where = topics.whereabouts(session, reader, ids, span.period, samples=CASES)
    return [
        RisingTopic(names[one.category_id], one.count, one.usual, where[one.category_id])
        for one in found
    ]
