"""Where the tickets of a period come from: districts with their townships, beside four weeks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import func, select

from analytics.facts import READERS
from analytics.hot_spot_chance import expected_range
from analytics.hot_spot_usual import LEAST_SPREAD, PRIOR
from analytics.periods import Period
from analytics.rates import HUNDREDTH
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.models.catalog import Division
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role

WEEKS = 4
SHADES = 4


@dataclass(frozen=True)
class Part:
    """A district or township; `usual` is the mean of the same part of the four weeks before.

    `count` is with everything below it, as a figure filtered by its territory counts; `residents`
    are persons, None where the division's population is not known.
    """

    code: str
    name: str
    count: int
    usual: float
    most: int
    shade: int
    residents: int | None = None
    parts: tuple[Part, ...] = ()

    @property
    def per_10k(self) -> Decimal | None:
        """万人诉求比: its tickets for each 10,000 residents, two decimals.

        Beijing publishes the figure by name only; the formula is our own.
        """
        if not self.residents:
            return None
        return (Decimal(10_000) * self.count / self.residents).quantize(HUNDREDTH, ROUND_HALF_UP)

    @property
    def high(self) -> bool:
        """More than chance makes of what is usual."""
        return self.count > self.most and self.count - self.usual >= 2


@dataclass(frozen=True)
class Territory:
    """All districts, and the tickets that name none; together they are the whole."""

    parts: tuple[Part, ...]
    elsewhere: int
    """Tickets that name the city as a whole."""
    nowhere: int
    """Tickets that name no place."""

    @property
    def whole(self) -> int:
        """All tickets of the period."""
        return sum(part.count for part in self.parts) + self.elsewhere + self.nowhere


def territory(session: Session, reader: Actor, period: Period, *, now: datetime) -> Territory:
    """Count the tickets taken in by division; of a period that runs, beside as much of others.

    Raises:
        RoleNotAllowed: the reader may not see the figures of the city.
    """
    require_role(reader, *READERS)
    rows = session.execute(
        select(
            Division.code, Division.name, Division.parent, Division.level, Division.population
        ).order_by(Division.code)
    ).all()
    current = _counts(session, period)
    before: Counter[str] = Counter()
    for week in range(1, WEEKS + 1):
        before += _counts(session, _earlier(period, week, now))
    below: dict[str, list[tuple[str, str]]] = {}
    for code, name, parent, _, _ in rows:
        below.setdefault(parent or "", []).append((code, name))
    levels = {code: level for code, _, _, level, _ in rows}
    residents = {code: population for code, _, _, _, population in rows}
    top = min(levels.values(), default=1)
    districts = [(code, name) for code, name, _, level, _ in rows if level == top + 1]
    # A city without a level above its districts has them at the top.
    if not districts:
        districts = [(code, name) for code, name, _, _, _ in rows]
    inside = {code for code, _ in districts}

    def with_below(code: str) -> list[str]:
        return [code, *(leaf for child, _ in below.get(code, ()) for leaf in with_below(child))]

    townships = [current[child] for code, _ in districts for child, _ in below.get(code, ())]
    scales = (
        max(townships, default=0),
        max((_sum(current, with_below(c)) for c in inside), default=0),
    )

    def part(code: str, name: str, depth: int) -> Part:
        codes = with_below(code)
        count, usual = _sum(current, codes), _sum(before, codes) / WEEKS
        spread = LEAST_SPREAD + 1.0 / (PRIOR + usual * WEEKS)
        parts = below.get(code, ()) if depth else ()
        return Part(
            code,
            name,
            count,
            usual,
            expected_range(max(usual, PRIOR / WEEKS), spread)[1],
            -(-SHADES * count // scales[depth]) if scales[depth] else 0,
            residents[code],
            tuple(part(child, called, 0) for child, called in parts),
        )

    parts = tuple(part(code, name, 1) for code, name in districts)
    known = sum(one.count for one in parts)
    nowhere = current[""]
    return Territory(parts, sum(current.values()) - known - nowhere, nowhere)


def _sum(counts: Counter[str], codes: list[str]) -> int:
    return sum(counts[code] for code in codes)


def _counts(session: Session, period: Period) -> Counter[str]:
    query = (
        select(Ticket.division, func.count())
        .where(period.holds(Ticket.created_at))
        .group_by(Ticket.division)
    )
    found: Counter[str] = Counter()
    for code, count in session.execute(query):
        found[code or ""] += count
    return found


def _earlier(period: Period, weeks: int, now: datetime) -> Period:
    """The same part of a week before."""
    ago = timedelta(weeks=weeks)
    until = min(period.end, now) - ago
    return Period(period.first - ago, period.last - ago, until)
