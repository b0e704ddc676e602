"""Who is asked, and what follows an attempt in vain: voice, a message with a link, a person.

Confidential tickets are asked about by people alone (济南条例 32), where the policy says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, time

from sqlalchemy import func, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain import numbers
from dispatch.domain.call_terms import DialScope
from dispatch.domain.calls import SurveyResult
from dispatch.domain.events import FollowUpWaived
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import FollowUpMethod, FollowUpState
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import Ticket
from dispatch.service import followup_ends, followup_rows, survey_links

_BLOCK = 2**64


def ask_or_close(session: Session, ticket: Ticket, rules: Rules, now: datetime) -> None:
    """An audited answer is out: ask the requester, or close when nobody is to be asked.

    The caller has locked the ticket.
    """
    why = _waived(session, ticket, rules)
    if not why:
        follow_on(session, SYSTEM, ticket, rules, now)
        return
    # 济南条例 24: who asked for no reply is not called; nothing is counted as satisfied.
    record(session, SYSTEM, FollowUpWaived(at=now, ticket_id=ticket.id, reason=why))
    followup_ends.close(session, SYSTEM, ticket, now)


def _waived(session: Session, ticket: Ticket, rules: Rules) -> str:
    """Why nobody is asked, in words; "" when somebody is."""
    if not ticket.reply_wanted:
        return "诉求人不需要回复，不回访"
    if not ticket.phone:
        return "没有联系电话，不能回访"
    # Whoever asked for a redo is asked again: his word is the reason for the round.
    if ticket.round > 1 or _drawn(session, ticket, rules):
        return ""
    return "抽样回访未抽中"


def _drawn(session: Session, ticket: Ticket, rules: Rules) -> bool:
    """Whether the ticket is in the sample of its unit and kind.

    The draw is a digest of the ticket's number, the same whoever asks and whenever; the first
    `least_per_stratum` of each month are asked besides, so that no unit goes unasked.
    """
    wanted = rules.profile.follow_up
    if wanted.sample >= 1:
        return True
    digest = hashlib.sha256(f"follow-up:{ticket.number}".encode()).digest()
    if int.from_bytes(digest[:8]) / _BLOCK < wanted.sample:
        return True
    if ticket.audited_at is None:
        return True
    day = ticket.audited_at.astimezone(SHANGHAI).date().replace(day=1)
    asked = (
        select(func.count(func.distinct(Ticket.id)))
        .join(FollowUp, FollowUp.ticket_id == Ticket.id)
        .where(Ticket.department_id == ticket.department_id, Ticket.kind == ticket.kind)
        .where(Ticket.audited_at >= datetime.combine(day, time(), SHANGHAI))
    )
    return (session.scalar(asked) or 0) < wanted.least_per_stratum


def follow_on(
    session: Session, actor: Actor, ticket: Ticket, rules: Rules, now: datetime
) -> FollowUp | None:
    """Plan the round's next attempt by what was tried; None when all was, and it is closed.

    The caller has locked the ticket, which waits for its follow-up and has no open attempt.
    """
    tried = session.scalars(
        select(FollowUp)
        .where(FollowUp.ticket_id == ticket.id, FollowUp.round == ticket.round)
        .order_by(FollowUp.id)
    ).all()
    wanted = rules.profile.follow_up
    automatic = not (ticket.confidential and wanted.confidential_by_person)
    if automatic and (ring_at := _ring_at(tried, rules, now)) is not None:
        return followup_rows.add(session, ticket, FollowUpMethod.VOICE, due_at=ring_at)
    if automatic and wanted.message and _may_be_written_to(ticket, tried, rules):
        return _write(session, ticket, rules, now)
    visits = _of(tried, FollowUpMethod.PERSON)
    if len(visits) < max(1, wanted.person_attempts):
        last = visits[-1].ended_at if visits else None
        due_at = rules.follow_up_again_at(last) if last else rules.follow_up_at(now)
        return followup_rows.add(session, ticket, FollowUpMethod.PERSON, due_at=due_at)
    # Everything was tried. Closed without an answer is not closed satisfied.
    followup_ends.close(session, actor, ticket, now)
    return None


def _ring_at(tried: Sequence[FollowUp], rules: Rules, now: datetime) -> datetime | None:
    """When the system may ring next; None when it has done its part.

    Attempts lie in different half-days, the last of them within `follow_up.span` of the first.
    """
    calls = _of(tried, FollowUpMethod.VOICE)
    if _of(tried, FollowUpMethod.LINK) or _of(tried, FollowUpMethod.PERSON):
        return None
    if len(calls) >= rules.profile.follow_up.attempts:
        return None
    if not calls:
        return rules.follow_up_at(now)
    last = calls[-1]
    if last.result == SurveyResult.NO_SUCH_NUMBER.value:
        return None
    # Counted from the call itself, and never in the past: an end may be told long after it.
    again = rules.follow_up_at(max(now, rules.follow_up_again_at(last.ended_at or now)))
    return again if again <= rules.follow_up_until(calls[0].due_at) else None


def _may_be_written_to(ticket: Ticket, tried: Sequence[FollowUp], rules: Rules) -> bool:
    if _of(tried, FollowUpMethod.LINK) or _of(tried, FollowUpMethod.PERSON):
        return False
    if any(row.result == SurveyResult.NO_SUCH_NUMBER.value for row in tried):
        return False
    area = rules.profile.dialling.area_code
    return numbers.scope_of(ticket.phone or "", area) is DialScope.MOBILE


def _write(session: Session, ticket: Ticket, rules: Rules, now: datetime) -> FollowUp:
    """Send the message with the link; the attempt lasts as long as the link is valid."""
    row = followup_rows.add(
        session,
        ticket,
        FollowUpMethod.LINK,
        due_at=rules.link_valid_until(now),
        state=FollowUpState.SENT,
    )
    survey_links.invite(session, ticket, row, rules, now=now)
    return row


def _of(tried: Sequence[FollowUp], method: FollowUpMethod) -> list[FollowUp]:
    return [row for row in tried if row.method == method.value]
