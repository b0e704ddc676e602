"""What the forecast learns from: past calls by half-hour, the length of a call, notes of days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Integer, and_, cast, extract, func, or_, select

from analytics.facts import READERS
from analytics.forecast import CallDay, day_facts
from analytics.periods import Period
from analytics.staffing import HALF_HOUR_S, HALF_HOURS
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.ports import AgentState
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.contacts import Contact
from dispatch.models.reporting import DayNote
from dispatch.models.telephone import AgentInterval
from dispatch.service.access import require_role

HANDLING_WEEKS = 8
"""The length of a call is the mean of so many weeks."""

LEAST_WRAPS = 50
"""Fewer recorded wrap-ups than this say nothing; the policy's usual time stands in."""

_LONGEST_WRAP_S = 3600
"""An agent who went home in wrap-up did not write for a night."""


@dataclass(frozen=True)
class Handling:
    """How long a call keeps an agent, in seconds, and of how many calls that is known."""

    talk_s: float
    talks: int
    wrap_s: float
    wraps: int
    """0: none or too few are recorded, and `wrap_s` is the policy's."""

    @property
    def total_s(self) -> float:
        """Talk and wrap-up."""
        return self.talk_s + self.wrap_s


def calls_by_half_hour(
    session: Session, reader: Actor, period: Period, *, queue: str = ""
) -> dict[date, list[int]]:
    """Calls that asked for an agent, by the half-hour they came in; all days of the period.

    A call that ended in the menus did not ask for one. `queue` counts one queue alone.
    """
    require_role(reader, *READERS)
    second = extract("epoch", Contact.started_at)
    half = cast(second - second % HALF_HOUR_S, Integer)
    query = select(half, func.count()).where(_wanted(period, queue)).group_by(half)
    found = {period.first + timedelta(days=n): [0] * HALF_HOURS for n in range(period.days)}
    for began, count in session.execute(query):
        here = datetime.fromtimestamp(began, SHANGHAI)
        found[here.date()][here.hour * 2 + here.minute // 30] = count
    return found


def call_days(
    session: Session, reader: Actor, last: date, rules: Rules, *, queue: str = ""
) -> list[CallDay]:
    """The days the policy's `staffing.history_weeks` look back on, ending with `last`.

    They begin with the first day that had a call: a line that opened in between has no
    calmer past.
    """
    weeks = timedelta(weeks=rules.profile.staffing.history_weeks)
    period = Period(last - weeks + timedelta(days=1), last)
    counted = calls_by_half_hour(session, reader, period, queue=queue)
    weather = weather_by_day(session, period)
    began = next((day for day, calls in counted.items() if any(calls)), None)
    return [
        CallDay(day_facts(day, rules.calendar, weather.get(day, "")), calls)
        for day, calls in counted.items()
        if began is not None and day >= began
    ]


def weather_by_day(session: Session, period: Period) -> Mapping[date, str]:
    """The weather people wrote down, past and forecast."""
    query = select(DayNote.day, DayNote.weather).where(
        DayNote.day.between(period.first, period.last)
    )
    return dict(session.execute(query).all())


def handling(
    session: Session, reader: Actor, last: date, rules: Rules, *, queue: str = ""
) -> Handling:
    """How long a call kept an agent in the weeks that end with `last`."""
    require_role(reader, *READERS)
    period = Period(last - timedelta(weeks=HANDLING_WEEKS) + timedelta(days=1), last)
    talked = and_(_wanted(period, queue), Contact.talk_s > 0)
    talk, talks = session.execute(
        select(func.avg(Contact.talk_s), func.count()).where(talked)
    ).one()
    took = extract("epoch", AgentInterval.until) - extract("epoch", AgentInterval.since)
    wrap, wraps = session.execute(
        select(func.avg(took), func.count()).where(
            period.holds(AgentInterval.since),
            AgentInterval.state == AgentState.WRAP_UP.value,
            AgentInterval.until.is_not(None),
            took <= _LONGEST_WRAP_S,
        )
    ).one()
    enough = wraps >= LEAST_WRAPS
    usual = float(rules.profile.staffing.usual_wrap_s)
    return Handling(
        float(talk or 0), talks, float(wrap) if enough else usual, wraps if enough else 0
    )


def _wanted(period: Period, queue: str) -> Any:
    asked = or_(Contact.queued_at.is_not(None), Contact.answered_at.is_not(None))
    mine = and_(Contact.direction == "inbound", period.holds(Contact.started_at), asked)
    return and_(mine, Contact.queue == queue) if queue else mine
