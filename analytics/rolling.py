"""连续 24 小时: the lowest connection rate of any 24 hours of a period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from analytics import filters
from analytics.definitions_calls import connection_windows
from analytics.facts import READERS
from analytics.figures import BY_CODE
from analytics.moments import MINUTE_S
from analytics.periods import Period
from analytics.rates import Rate
from analytics.scope import EVERYTHING, Scope
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.service.access import require_role


@dataclass(frozen=True)
class Window:
    """The 24 hours before `until` (UTC), and the connection rate in them."""

    until: datetime
    rate: Rate


def lowest(
    session: Session,
    reader: Actor,
    period: Period,
    rules: Rules,
    *,
    least: int = 1,
    scope: Scope = EVERYTHING,
) -> Window | None:
    """The 24 hours with the lowest connection rate, the first of several; None without calls.

    GB/T 33358-2016 asks for 95 % in any 24 hours: it is tested in every minute in which a call
    came, and not by calendar days. Windows with fewer calls than `least` are not told of.

    Raises:
        NotFound: calls are not told by one of the filters.
    """
    require_role(reader, *READERS)
    mine = filters.condition(BY_CODE["connection_24h_rate"], scope)
    windows = connection_windows(period, rules, mine)
    share = windows.c.answered * 1.0 / windows.c.offered
    query = (
        select(windows.c.minute, windows.c.answered, windows.c.offered)
        .where(windows.c.minute >= int(period.start.timestamp()), windows.c.offered >= least)
        .order_by(share, windows.c.minute)
        .limit(1)
    )
    found = session.execute(query).first()
    if found is None:
        return None
    until = datetime.fromtimestamp(found.minute + MINUTE_S, UTC)
    return Window(until, Rate(found.answered, found.offered))
