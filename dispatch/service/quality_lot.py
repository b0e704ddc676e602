"""质检抽样: a week's calls and replies are drawn by a lot that anybody can draw again.

The lot depends on the week and on what happened in it, on nothing else: who runs it, when and
how often changes nothing. That checks are drawn is usual for hotlines (domain practice); the
numbers are this project's defaults (`quality.*`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import exists, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.call_terms import RecordingState
from dispatch.domain.calls import Direction
from dispatch.domain.events import QualityChecked
from dispatch.domain.judging_terms import CheckState, CheckSubject
from dispatch.domain.people import SYSTEM
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Part
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.contacts import Contact
from dispatch.models.judging import QualityCheck
from dispatch.models.telephone import Recording
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.numbering import next_number

WEEK = timedelta(weeks=1)


def week_before(now: datetime) -> date:
    """The Monday of the last week that is over in the city."""
    today = now.astimezone(SHANGHAI).date()
    return today - timedelta(days=today.weekday()) - WEEK


def draw(session: Session, week: date, rules: Rules, *, now: datetime) -> int:
    """Draw the checks of the week that begins on this Monday; return how many are new.

    Safe to repeat, also by several processes: a week is drawn once. A week in which nothing
    could be drawn is looked at again.
    """
    if _drawn(session, week):
        return 0
    # Whoever advances the counter has its row until the commit: nobody else draws meanwhile.
    next_number(session, f"quality-{week.isoformat()}")
    if _drawn(session, week):
        return 0
    policy = rules.profile.quality
    made = [
        *_made(session, week, CheckSubject.CALL, _calls(session, week), policy.calls_a_week, rules),
        *_made(
            session, week, CheckSubject.REPLY, _replies(session, week), policy.replies_a_week, rules
        ),
    ]
    for check in made:
        check.drawn_at = now
    session.add_all(made)
    session.flush()
    if made:
        fact = QualityChecked(at=now, check_id=made[0].id, state=CheckState.FIRST.value)
        record(session, SYSTEM, fact)
    return len(made)


def _drawn(session: Session, week: date) -> bool:
    return bool(session.scalar(select(exists().where(QualityCheck.week == week))))


def _made(
    session: Session,
    week: date,
    subject: CheckSubject,
    eligible: Sequence[tuple[int | None, int | None]],
    count: int,
    rules: Rules,
) -> list[QualityCheck]:
    """The checks of one subject; `eligible` are pairs of contact and ticket, in a fixed order."""
    lot = random.Random(f"{week.isoformat()} {subject.value}")
    drawn = lot.sample(eligible, min(count, len(eligible)))
    twice = set(
        lot.sample(range(len(drawn)), round(len(drawn) * rules.profile.quality.second_share))
    )
    return [
        QualityCheck(
            subject=subject.value,
            contact_id=contact_id,
            ticket_id=ticket_id,
            twice=place in twice,
            state=CheckState.FIRST.value,
            week=week,
            sheet=sheet_of(rules, subject),
            ruling="",
        )
        for place, (contact_id, ticket_id) in enumerate(drawn)
    ]


def sheet_of(rules: Rules, subject: CheckSubject) -> list[dict[str, Any]]:
    """The score sheet as it is now; kept with the check, so that a later policy changes none."""
    return [
        {"code": item.code, "label": item.label, "points": item.points}
        for item in rules.profile.quality_items
        if item.subject is subject
    ]


def _calls(session: Session, week: date) -> list[tuple[int | None, int | None]]:
    """Calls an agent answered that can be heard, by their ids."""
    first, end = _span(week)
    heard = exists().where(
        Recording.path == Contact.recording, Recording.state == RecordingState.STORED.value
    )
    query = (
        select(Contact.id)
        .where(
            Contact.direction == Direction.INBOUND.value,
            Contact.started_at >= first,
            Contact.started_at < end,
            Contact.answered_at.is_not(None),
            Contact.agent_id.is_not(None),
            heard,
        )
        .order_by(Contact.id)
    )
    return [(contact_id, None) for contact_id in session.scalars(query)]


def _replies(session: Session, week: date) -> list[tuple[int | None, int | None]]:
    """Tickets a unit completed with a reply in the week, by their ids; each once."""
    first, end = _span(week)
    query = (
        select(Assignment.ticket_id)
        .join(Ticket, Ticket.id == Assignment.ticket_id)
        .where(
            Assignment.completed_at >= first,
            Assignment.completed_at < end,
            Assignment.part == Part.LEAD.value,
            Ticket.public_reply != "",
        )
        .distinct()
        .order_by(Assignment.ticket_id)
    )
    return [(None, ticket_id) for ticket_id in session.scalars(query)]


def _span(week: date) -> tuple[datetime, datetime]:
    first = datetime.combine(week, time(0), SHANGHAI)
    return first, datetime.combine(week + WEEK, time(0), SHANGHAI)
