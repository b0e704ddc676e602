"""指标异常: good figures that look made up, found week by week, each settled by a person.

A finding accuses nobody: it leads to its tickets, and whoever looks into it says whether it holds.
The rules and their thresholds (`gaming.*`) are this project's own; no source has any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.events import GamingSettled
from dispatch.domain.judging_terms import FindingState
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.judging import GamingFinding
from dispatch.service.access import require_role
from dispatch.service.gaming_acts import (
    Suspicion,
    rated_by_itself,
    returned_late,
    without_contact,
)
from dispatch.service.gaming_asked import only_pleased
from dispatch.service.gaming_replies import pasted
from dispatch.service.numbering import next_number

SETTLERS = (Role.SUPERVISOR, Role.CENTER)
LONGEST_NOTE = 2000


def span_of(week: date) -> tuple[datetime, datetime]:
    """From the week's Monday to the next one, in the city."""
    first = datetime.combine(week, time(0), SHANGHAI)
    return first, datetime.combine(week + timedelta(weeks=1), time(0), SHANGHAI)


def week_at(moment: datetime) -> date:
    """The Monday of the week a moment lies in."""
    day = moment.astimezone(SHANGHAI).date()
    return day - timedelta(days=day.weekday())


def look(session: Session, week: date, rules: Rules, *, now: datetime) -> list[Suspicion]:
    """What the week that begins on this Monday has by now; writes nothing, so that a long look
    holds up nobody who writes."""
    return list(_suspicions(session, week, rules, now))


def keep(session: Session, week: date, seen: Iterable[Suspicion], *, now: datetime) -> int:
    """Write down what a look has seen; return how many findings are new.

    Safe to repeat, also by several processes: what was found stays found, settled or not.
    """
    # Whoever advances the counter has its row until the commit: nobody else looks meanwhile.
    next_number(session, f"gaming-{week.isoformat()}")
    known = {
        (kind, unit, ticket)
        for kind, unit, ticket in session.execute(
            select(GamingFinding.kind, GamingFinding.department_id, GamingFinding.ticket_id).where(
                GamingFinding.week == week
            )
        )
    }
    made = []
    for one in seen:
        key = (one.kind.value, one.department_id, one.ticket_id)
        if key in known:
            continue
        known.add(key)
        made.append(
            GamingFinding(
                kind=one.kind.value,
                department_id=one.department_id,
                ticket_id=one.ticket_id,
                other_ticket_id=one.other_ticket_id,
                week=week,
                words=one.words,
                found_at=now,
                state=FindingState.OPEN.value,
                note="",
            )
        )
    session.add_all(made)
    session.flush()
    if made:
        fact = GamingSettled(at=now, finding_id=made[0].id, state=FindingState.OPEN.value)
        record(session, SYSTEM, fact)
    return len(made)


def _suspicions(session: Session, week: date, rules: Rules, now: datetime) -> Iterator[Suspicion]:
    first, end = span_of(week)
    yield from without_contact(session, first, end)
    yield from rated_by_itself(session, first, end, rules)
    yield from pasted(session, first, end, rules)
    yield from returned_late(session, first, end, rules)
    # A share is only known when the week is over: before, the asked are still being chosen.
    if end <= now:
        yield from only_pleased(session, end, rules)


def settle(
    session: Session, actor: Actor, finding_id: int, *, holds: bool, note: str, now: datetime
) -> GamingFinding:
    """属实 or 不属实, with what was found out.

    Raises:
        InvalidInput: nothing is said of how it was looked into.
        ActionNotAllowed: somebody has settled it.
    """
    require_role(actor, *SETTLERS)
    finding = session.get(GamingFinding, finding_id, with_for_update=True, populate_existing=True)
    if finding is None:
        raise NotFound("没有找到这条异常")
    if finding.state != FindingState.OPEN.value:
        raise ActionNotAllowed(f"这条异常已经核实为“{FindingState(finding.state).label}”")
    if not note.strip():
        raise InvalidInput("请写明核实情况：看了哪些记录、问了谁、结论的依据", field="note")
    finding.state = (FindingState.CONFIRMED if holds else FindingState.DISMISSED).value
    finding.note = note.strip()[:LONGEST_NOTE]
    finding.settled_at, finding.settled_by_id = now, actor.staff_id
    fact = GamingSettled(at=now, finding_id=finding.id, state=finding.state)
    record(session, actor, fact)
    return finding
