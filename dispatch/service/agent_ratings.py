"""Ratings of agents by callers, right after the talk: kept apart from any ticket's result.

A rating is a fact of the call (`CallRecord.service_key`), so it is written with the call, and
telling it again changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.calls import CallRecord, Direction
from dispatch.domain.events import AgentRated
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Rating, Role
from dispatch.models.contacts import Contact
from dispatch.models.judging import AgentRating
from dispatch.models.people import Staff
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role

ROWS_MOST = 500
_EXTENSION = re.compile(r"[89]\d{3}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class AgentService:
    """One agent's ratings of a time: how many callers were asked, and what they pressed."""

    extension: str
    name: str
    asked: int
    grades: Mapping[Rating, int]
    satisfied: int
    least: int

    @property
    def answered(self) -> int:
        """How many pressed a key."""
        return sum(self.grades.values())

    @property
    def share(self) -> float | None:
        """Satisfied of those who answered, 0 to 1; None where they are too few to say."""
        enough = self.answered >= max(1, self.least)
        return self.satisfied / self.answered if enough else None


@dataclass(frozen=True, kw_only=True)
class RatingRow:
    """One caller's answer; `rating` None: asked, and nothing was pressed."""

    at: datetime
    extension: str
    name: str
    rating: Rating | None
    contact_id: int | None
    talk_s: float | None
    ticket_number: str | None


def note_call(session: Session, contact_id: int, call: CallRecord, *, now: datetime) -> None:
    """Write down what the caller pressed; the contact's row is locked by whoever stores the call.

    Meant is whom the caller spoke with last. A key once stored is never taken back by a telling
    that knows less.
    """
    agent = _last_agent(call)
    if call.service_key is None or agent is None:
        return
    rating = Rating.from_digit(call.service_key)
    row = session.scalar(select(AgentRating).where(AgentRating.call_id == call.call_id))
    if row is None:
        row = AgentRating(
            call_id=call.call_id,
            contact_id=contact_id,
            extension=agent,
            at=call.talk_ended_at or call.ended_at or now,
        )
        session.add(row)
    if rating is None or row.rating == rating.value:
        return
    row.rating = rating.value
    record(
        session,
        SYSTEM,
        AgentRated(at=row.at, contact_id=contact_id, extension=row.extension, rating=rating.value),
    )


def _last_agent(call: CallRecord) -> str | None:
    """Whoever the caller was handed to last, else who answered; None where that is not known."""
    if not call.transfers:
        return call.agent
    to = call.transfers[-1].to
    return to if _EXTENSION.fullmatch(to) else None


def newest_talks(
    session: Session, *, since: datetime, until: datetime, least_talk_s: int, most: int
) -> list[tuple[int, CallRecord]]:
    """The newest talks with agents, as calls that say nothing of a rating, by contact id."""
    query = (
        select(Contact)
        .where(
            Contact.agent.is_not(None),
            Contact.direction == Direction.INBOUND.value,
            Contact.talk_s >= least_talk_s,
            Contact.ended_at.between(since, until),
        )
        .order_by(Contact.ended_at.desc(), Contact.id.desc())
        .limit(most)
    )
    return [
        (
            row.id,
            CallRecord(
                call_id=row.call_id,
                direction=Direction.INBOUND,
                started_at=row.started_at,
                agent=row.agent,
                talk_ended_at=row.talk_ended_at,
                ended_at=row.ended_at,
            ),
        )
        for row in session.scalars(query)
    ]


def by_agent(
    session: Session, reader: Actor, rules: Rules, *, since: datetime, until: datetime
) -> tuple[AgentService, ...]:
    """Every agent with a rating asked for in the time, by extension."""
    require_role(reader, Role.SUPERVISOR, Role.CENTER, Role.ADMIN)
    counts: dict[str, Counter[str | None]] = {}
    for extension, rating, number in session.execute(
        select(AgentRating.extension, AgentRating.rating, func.count())
        .where(AgentRating.at >= since, AgentRating.at < until)
        .group_by(AgentRating.extension, AgentRating.rating)
    ):
        counts.setdefault(extension, Counter())[rating] = number
    names = _names(session)
    return tuple(
        _service(extension, names.get(extension, ""), counts[extension], rules)
        for extension in sorted(counts)
    )


def rows(
    session: Session,
    reader: Actor,
    *,
    since: datetime,
    until: datetime,
    extension: str = "",
    rating: Rating | None = None,
    answered_only: bool = False,
) -> list[RatingRow]:
    """The answers behind a figure, newest first, `ROWS_MOST` at most."""
    require_role(reader, Role.SUPERVISOR, Role.CENTER, Role.ADMIN)
    query = (
        select(AgentRating, Contact.talk_s, Ticket.number)
        .outerjoin(Contact, Contact.id == AgentRating.contact_id)
        .outerjoin(Ticket, Ticket.id == Contact.ticket_id)
        .where(AgentRating.at >= since, AgentRating.at < until)
        .order_by(AgentRating.at.desc(), AgentRating.id.desc())
        .limit(ROWS_MOST)
    )
    if extension:
        query = query.where(AgentRating.extension == extension)
    if rating is not None:
        query = query.where(AgentRating.rating == rating.value)
    elif answered_only:
        query = query.where(AgentRating.rating.is_not(None))
    names = _names(session)
    return [
        RatingRow(
            at=row.at,
            extension=row.extension,
            name=names.get(row.extension, ""),
            rating=Rating(row.rating) if row.rating else None,
            contact_id=row.contact_id,
            talk_s=talk_s,
            ticket_number=number,
        )
        for row, talk_s, number in session.execute(query)
    ]


def _service(extension: str, name: str, counts: Counter[str | None], rules: Rules) -> AgentService:
    grades = {grade: counts[grade.value] for grade in Rating}
    return AgentService(
        extension=extension,
        name=name,
        asked=counts.total(),
        grades=grades,
        satisfied=sum(n for grade, n in grades.items() if rules.counts_as_satisfied(grade)),
        least=rules.profile.rating.least,
    )


def _names(session: Session) -> dict[str, str]:
    found = select(Staff.extension, Staff.name).where(Staff.extension.is_not(None))
    return {extension: name for extension, name in session.execute(found) if extension}
