"""Special callers of this moment: flagged numbers, flagged places, and who calls in vain again."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain import numbers
from dispatch.domain.call_ports import CallerMark
from dispatch.domain.call_terms import FlagState, FlagTreatment
from dispatch.domain.calls import CallOutcome, Direction
from dispatch.domain.counting import limit_before
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.contacts import Contact
from dispatch.models.telephone import NumberFlag

LONGEST_CALL = timedelta(hours=4)
_IN_VAIN = frozenset(
    {
        CallOutcome.ABANDONED_IN_QUEUE.value,
        CallOutcome.ABANDONED_IN_IVR.value,
        CallOutcome.OVERFLOWED.value,
        CallOutcome.CLOSED.value,
        CallOutcome.FAILED.value,
    }
)


def current(session: Session, rules: Rules, *, now: datetime) -> tuple[CallerMark, ...]:
    """Every mark that holds now, by number; a flag two persons made outweighs impatience."""
    marks = dict.fromkeys(urgent_callers(session, rules, now=now), FlagTreatment.FIRST)
    places = rules.profile.urgent_callers.flagged_places
    flags = session.execute(
        select(NumberFlag.number, NumberFlag.treatment).where(
            NumberFlag.state == FlagState.ACTIVE.value, NumberFlag.expires_at > now
        )
    )
    for number, treatment in flags:
        if treatment != FlagTreatment.FIRST or places:
            marks[number] = FlagTreatment(treatment)
    return tuple(CallerMark(number, marks[number]) for number in sorted(marks))


def urgent_callers(session: Session, rules: Rules, *, now: datetime) -> frozenset[str]:
    """Numbers that called in vain as often as the policy says, since they last got through.

    A call given up sooner than `call_back.least_wait_s` was no wait, so redialling in haste
    brings nobody forward.
    """
    policy = rules.profile.urgent_callers
    since = limit_before(policy.within, rules.calendar, now.astimezone(SHANGHAI))
    calls = session.execute(
        select(
            Contact.caller,
            Contact.started_at,
            Contact.queued_at,
            Contact.answered_at,
            Contact.ended_at,
            Contact.outcome,
        )
        .where(Contact.started_at > since - LONGEST_CALL, Contact.caller.is_not(None))
        .where(Contact.direction == Direction.INBOUND.value)
        .where((Contact.ended_at >= since) | (Contact.answered_at >= since))
        .order_by(Contact.started_at)
    )
    vain: Counter[str] = Counter()
    for caller, started, queued, answered, ended, outcome in calls:
        number = numbers.canonical(caller or "", rules.profile.dialling.area_code)
        if answered is not None:
            del vain[number]
        elif outcome in _IN_VAIN and ended is not None:
            waited = (ended - (queued or started)).total_seconds()
            vain[number] += waited >= rules.profile.call_back.least_wait_s
    return frozenset(number for number, times in vain.items() if number and times >= policy.times)
