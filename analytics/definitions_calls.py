"""The conditions of the figures of calls, call-backs and agents' time after calls."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, cast, func, or_, select, true

from analytics.conditions import Build, Condition, Definition
from analytics.moments import DAY_S, MINUTE_S, Epoch, minute_start
from analytics.periods import Period
from dispatch.domain.call_terms import CallBackState
from dispatch.domain.calls import CallOutcome, Direction
from dispatch.domain.ports import AgentState
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition
from dispatch.models.contacts import Contact
from dispatch.models.telephone import AgentInterval, CallBack
from dispatch.service.call_back_queries import QUICKLY

_ANSWERED = Contact.answered_at.is_not(None)
_GAVE_UP = Contact.outcome == CallOutcome.ABANDONED_IN_QUEUE.value


def inbound(period: Period) -> Condition:
    """A call that came in during the period."""
    return and_(Contact.direction == Direction.INBOUND.value, period.holds(Contact.started_at))


def _offered(period: Period) -> Condition:
    # A call still waiting is not judged yet, nor one of which an import does not tell whether
    # it was answered.
    known = or_(Contact.answered_at.is_not(None), Contact.outcome.is_not(None))
    return and_(inbound(period), Contact.queued_at.is_not(None), known)


def _connectable(period: Period, rules: Rules) -> Condition:
    """Offered, without those who hung up so soon that the policy does not count them."""
    free = rules.profile.service.abandon_free_seconds
    if not free:
        return _offered(period)
    soon = and_(func.coalesce(_GAVE_UP, False), func.coalesce(Contact.wait_s, 0) <= free)
    return and_(_offered(period), or_(Contact.answered_at.is_not(None), ~soon))


def _direct(period: Period, _rules: Rules, _now: datetime) -> Definition:
    answered = Contact.disposition == Disposition.ANSWERED_ON_CALL.value
    return Definition(inbound(period), answered)


def _connection(period: Period, rules: Rules, _now: datetime) -> Definition:
    return Definition(_connectable(period, rules), _ANSWERED)


def _loss(period: Period, rules: Rules, _now: datetime) -> Definition:
    return Definition(_connectable(period, rules), Contact.answered_at.is_(None))


def _abandoned(period: Period, _rules: Rules, _now: datetime) -> Definition:
    return Definition(_offered(period), and_(Contact.answered_at.is_(None), _GAVE_UP))


def _service_level(period: Period, rules: Rules, _now: datetime) -> Definition:
    in_time = and_(_ANSWERED, Contact.wait_s <= rules.profile.service.answer_within_seconds)
    return Definition(_offered(period), in_time)


def _registered(period: Period, _rules: Rules, _now: datetime) -> Definition:
    judged = and_(inbound(period), _ANSWERED, Contact.ended_at.is_not(None))
    return Definition(judged, Contact.disposition.is_not(None))


def connection_24h(period: Period, rules: Rules, only: Condition | None) -> Definition:
    """Each call asks for the connection rate of the 24 hours that end with its minute.

    `only` are the filters of the scope: of one line, the windows too are that line's alone.
    """
    judged = _connectable(period, rules)
    windows = connection_windows(period, rules, only)
    least = rules.profile.service.connection_percent
    met = select(windows.c.minute).where(windows.c.answered * 100 >= windows.c.offered * least)
    return Definition(judged, minute_start(Contact.started_at).in_(met))


def connection_windows(period: Period, rules: Rules, only: Condition | None) -> Any:
    """Every minute with a call in the period or the day before: `offered` and `answered` in 24 h.

    `minute` is its beginning in seconds since 1970; the 24 hours are whole minutes and end with
    it. Calls are counted by the minute first: in a large city 60 come in each.
    """
    # The day before the period belongs to its first windows, and counts in them only.
    longer = Period(period.first - timedelta(days=1), period.last, period.until)
    calls = (
        select(minute_start(Contact.started_at).label("minute"), Contact.answered_at)
        .where(_connectable(longer, rules), true() if only is None else only)
        .subquery()
    )
    counts = {"offered": func.count(), "answered": func.count(calls.c.answered_at)}
    each = (
        select(calls.c.minute, *(count.label(name) for name, count in counts.items()))
        .group_by(calls.c.minute)
        .subquery()
    )
    window: dict[str, Any] = {"order_by": each.c.minute, "range_": (MINUTE_S - DAY_S, 0)}
    sums = (cast(func.sum(each.c[name]).over(**window), BigInteger).label(name) for name in counts)
    return select(each.c.minute, *sums).subquery()


def _milliseconds(seconds: Any) -> ColumnElement[int]:
    """Whole milliseconds, so that a sum is the same whatever the order it is added in."""
    return cast(func.floor(seconds * 1000 + 0.5), BigInteger)


def _wait(period: Period, _rules: Rules, _now: datetime) -> Definition:
    judged = and_(_offered(period), _ANSWERED, Contact.wait_s.is_not(None))
    return Definition(judged, true(), value=_milliseconds(Contact.wait_s))


def _wait_abandoned(period: Period, _rules: Rules, _now: datetime) -> Definition:
    left = and_(Contact.answered_at.is_(None), _GAVE_UP, Contact.wait_s.is_not(None))
    return Definition(and_(_offered(period), left), true(), value=_milliseconds(Contact.wait_s))


def _talk(period: Period, _rules: Rules, _now: datetime) -> Definition:
    judged = and_(inbound(period), _ANSWERED, Contact.talk_s.is_not(None))
    return Definition(judged, true(), value=_milliseconds(Contact.talk_s))


def _wrap_up(period: Period, _rules: Rules, _now: datetime) -> Definition:
    over = and_(AgentInterval.until.is_not(None), AgentInterval.until >= AgentInterval.since)
    judged = and_(
        AgentInterval.state == AgentState.WRAP_UP.value,
        period.holds(AgentInterval.since),
        over,
    )
    lasted = (Epoch(AgentInterval.until) - Epoch(AgentInterval.since)) * 1000
    return Definition(judged, true(), value=lasted)


def _called_back(period: Period, _rules: Rules, now: datetime) -> Definition:
    # Who missed us a moment ago is not judged before the time is over.
    judged = or_(_settled(period), CallBack.created_at <= now - QUICKLY)
    took = Epoch(CallBack.ended_at) - Epoch(CallBack.created_at)
    quick = and_(CallBack.state == CallBackState.DONE.value, took <= int(QUICKLY.total_seconds()))
    return Definition(and_(period.holds(CallBack.created_at), judged), quick)


def _served(period: Period, _rules: Rules, _now: datetime) -> Definition:
    talked = (CallBackState.DONE.value, CallBackState.GOT_THROUGH.value)
    judged = and_(period.holds(CallBack.created_at), _settled(period))
    return Definition(judged, CallBack.state.in_(talked))


def _settled(_period: Period) -> Condition:
    return CallBack.state.not_in([state.value for state in CallBackState if state.is_open])


DEFINITIONS: dict[str, Build] = {
    "direct_answer_rate": _direct,
    "connection_rate": _connection,
    "service_level_rate": _service_level,
    "loss_rate": _loss,
    "abandoned_rate": _abandoned,
    "registered_rate": _registered,
    "called_back_rate": _called_back,
    "served_after_missed_rate": _served,
    "mean_wait": _wait,
    "mean_wait_abandoned": _wait_abandoned,
    "mean_talk": _talk,
    "mean_wrap_up": _wrap_up,
}
"""By the figure's code."""
