"""The campaign of follow-up calls: how many may be placed now, and whom nobody would ask.

Everything is read from the database at each look, so a process that died leaves nothing behind,
and two processes that look at once do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from dispatch.bus import hold
from dispatch.db import Session
from dispatch.domain.call_terms import CallBackState
from dispatch.domain.calls import Direction
from dispatch.domain.people import SYSTEM
from dispatch.domain.ports import FollowUpCall
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import FollowUpState, Status
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp
from dispatch.models.telephone import CallBack
from dispatch.models.tickets import Ticket
from dispatch.service import followup_calls, followup_plan, followup_rows


@dataclass(frozen=True, kw_only=True)
class Lines:
    """What the campaign may use: `most` calls at once; of `trunk` lines in all (0: not known) it
    leaves `spare` free for callers."""

    most: int
    trunk: int = 0
    spare: int = 0


def free_lines(session: Session, lines: Lines, *, now: datetime) -> int:
    """How many follow-up calls may be placed at this moment; 0 while a caller waits."""
    free = lines.most - followup_calls.running_calls(session)
    if free <= 0 or _somebody_waits(session, now):
        return 0
    if not lines.trunk:
        return free
    return max(0, min(free, lines.trunk - lines.spare - _lines_in_use(session, now)))


def place(session: Session, rules: Rules, lines: Lines, *, now: datetime) -> list[FollowUpCall]:
    """Take the attempts whose turn it is, as many as there are lines; none at impolite hours."""
    if not rules.profile.follow_up.is_polite(now.astimezone(SHANGHAI).time()):
        return []
    free = free_lines(session, lines, now=now)
    return followup_calls.claim_due(session, rules, limit=free, now=now) if free else []


def anything_due(session: Session, *, now: datetime) -> bool:
    """Whether a look with locks is worth it."""
    waiting = FollowUp.state == FollowUpState.PENDING.value
    return (
        session.scalar(select(FollowUp.id).where(waiting, FollowUp.due_at <= now).limit(1))
        is not None
    )


def adopt_forgotten(session: Session, rules: Rules, *, now: datetime, limit: int = 100) -> int:
    """Plan an attempt for tickets that wait for their follow-up and have none; return how many.

    No path through the services leaves such a ticket; an import or a repair by hand may.
    """
    planned = select(FollowUp.id).where(
        FollowUp.ticket_id == Ticket.id,
        FollowUp.round == Ticket.round,
        FollowUp.state.in_(followup_rows.OPEN),
    )
    found = session.scalars(
        select(Ticket)
        .where(Ticket.status == Status.FOLLOW_UP.value, ~planned.exists())
        .order_by(Ticket.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Ticket)
        .execution_options(populate_existing=True)
    ).all()
    for ticket in found:
        hold(session, ticket)
        ticket.version += 1
        if ticket.reply_wanted and ticket.phone:
            followup_plan.follow_on(session, SYSTEM, ticket, rules, now)
        else:
            followup_plan.ask_or_close(session, ticket, rules, now)
    return len(found)


def _somebody_waits(session: Session, now: datetime) -> bool:
    """Whether a caller stands in a queue: every line and every agent is for him first."""
    waiting = select(Contact.id).where(
        Contact.ended_at.is_(None),
        Contact.started_at > now - followup_calls.LIVE,
        Contact.direction == Direction.INBOUND.value,
        Contact.queued_at.is_not(None),
        Contact.answered_at.is_(None),
        Contact.left_queue_at.is_(None),
    )
    return session.scalar(waiting.limit(1)) is not None


def _lines_in_use(session: Session, now: datetime) -> int:
    """Calls on the trunk: those under way, and those ordered of which nothing was heard yet."""
    live = (Contact.ended_at.is_(None), Contact.started_at > now - followup_calls.LIVE)
    under_way = select(Contact.call_id).where(*live)
    asked = (
        select(func.count())
        .select_from(FollowUp)
        .where(
            FollowUp.state == FollowUpState.CALLING.value,
            FollowUp.channel_id.is_not(None),
            FollowUp.channel_id.not_in(under_way),
        )
    )
    rung_back = (
        select(func.count())
        .select_from(CallBack)
        .where(CallBack.state == CallBackState.CALLING.value, CallBack.call_id.not_in(under_way))
    )
    seen = select(func.count()).select_from(Contact).where(*live)
    row = session.execute(
        select(seen.scalar_subquery(), asked.scalar_subquery(), rung_back.scalar_subquery())
    ).one()
    return sum(int(count) for count in row)
