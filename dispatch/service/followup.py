"""Follow-up: ask the requester, write down what was said, then close or start another round."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.calls import SurveyAnswer, SurveyEnded, SurveyResult
from dispatch.domain.errors import ActionNotAllowed, InvalidInput
from dispatch.domain.events import FollowUpAnswered, FollowUpEnded, TicketClosed, TicketReopened
from dispatch.domain.lifecycle import next_status
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.ports import FollowUpCall
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import (
    Action,
    FollowUpMethod,
    FollowUpState,
    Rating,
    Role,
    Status,
    Verdict,
)
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role, ticket_for
from dispatch.service.assignment import begin

_SOLVED = {"1": Verdict.RESOLVED, "2": Verdict.UNRESOLVED}


def schedule(
    session: Session, ticket: Ticket, rules: Rules, *, attempt: int, now: datetime
) -> FollowUp:
    """Plan the next attempt at a polite hour of the requester's day."""
    row = FollowUp(
        ticket_id=ticket.id,
        round=ticket.round,
        attempt=attempt,
        method=FollowUpMethod.VOICE.value,
        state=FollowUpState.PENDING.value,
        due_at=rules.follow_up_at(now, attempt),
    )
    session.add(row)
    return row


def claim_due(session: Session, *, limit: int, now: datetime) -> list[FollowUpCall]:
    """Take attempts whose time has come; each is given to exactly one caller.

    The row says CALLING before anybody dials, so a crash never dials one attempt twice.
    """
    due = (
        select(FollowUp.id)
        .where(FollowUp.state == FollowUpState.PENDING.value, FollowUp.due_at <= now)
        .where(FollowUp.method == FollowUpMethod.VOICE.value)
        .order_by(FollowUp.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.scalars(due))
    return [call for i in ids if (call := _claim(session, i, now)) is not None]


def _claim(session: Session, follow_up_id: int, now: datetime) -> FollowUpCall | None:
    channel_id = f"fu-{follow_up_id}-{uuid.uuid4().hex[:12]}"
    taken = session.scalar(
        update(FollowUp)
        .where(FollowUp.id == follow_up_id, FollowUp.state == FollowUpState.PENDING.value)
        .values(state=FollowUpState.CALLING.value, called_at=now, channel_id=channel_id)
        .returning(FollowUp.ticket_id)
    )
    if taken is None:
        return None
    phone = session.scalar(select(Ticket.phone).where(Ticket.id == taken))
    return FollowUpCall(follow_up_id, phone or "", channel_id)


def call_now(session: Session, actor: Actor, number: str, *, now: datetime) -> FollowUpCall:
    """立即回访: a person orders the pending attempt at once, on their own judgement of the hour.

    Raises:
        ActionNotAllowed: nothing is pending, or the call is under way.
    """
    require_role(actor, Role.FOLLOW_UP, Role.CENTER)
    ticket = ticket_for(session, actor, number)
    row = session.scalar(
        select(FollowUp).where(
            FollowUp.ticket_id == ticket.id, FollowUp.state == FollowUpState.PENDING.value
        )
    )
    call = _claim(session, row.id, now) if row is not None else None
    if call is None:
        raise ActionNotAllowed("这张工单没有等待中的回访，可能正在呼叫或已经完成")
    return call


def put_back(session: Session, follow_up_id: int, *, due_at: datetime) -> None:
    """The call could not even be ordered: the attempt waits again and is not counted."""
    session.execute(
        update(FollowUp)
        .where(FollowUp.id == follow_up_id, FollowUp.state == FollowUpState.CALLING.value)
        .values(state=FollowUpState.PENDING.value, due_at=due_at, called_at=None, channel_id=None)
    )


def record_survey_answer(session: Session, answer: SurveyAnswer, *, now: datetime) -> None:
    """Write down a key the moment it is pressed: who hangs up half-way has still said something."""
    row = session.get(FollowUp, answer.follow_up_id, with_for_update=True)
    if row is None or row.state == FollowUpState.DONE.value:
        return
    before = (row.solved, row.rating)
    row.reached = True
    said: str | None = None
    if answer.question == "solved":
        verdict = _SOLVED.get(answer.digit or "")
        row.solved = verdict.value if verdict else row.solved
        said = verdict.label if verdict else None
    else:
        rating = Rating.from_digit(answer.digit)
        row.rating = rating.value if rating else row.rating
        said = rating.label if rating else None
    # After a restart the files tell again what was told before it.
    if said is not None and before != (row.solved, row.rating):
        fact = FollowUpAnswered(
            at=answer.at,
            ticket_id=row.ticket_id,
            follow_up_id=row.id,
            question=answer.question,
            answer=said,
        )
        record(session, SYSTEM, fact)


def record_survey_end(session: Session, ended: SurveyEnded, rules: Rules, *, now: datetime) -> None:
    """Finish the attempt: judge the ticket by what was answered, or plan the next attempt."""
    about = select(FollowUp.ticket_id).where(FollowUp.id == ended.follow_up_id)
    if (ticket_id := session.scalar(about)) is None:
        return
    # Everybody locks the ticket before its attempts, so that no two wait for each other.
    ticket = session.get_one(Ticket, ticket_id, with_for_update=True)
    row = session.get_one(FollowUp, ended.follow_up_id, with_for_update=True)
    if row.state != FollowUpState.CALLING.value:
        return
    reached = row.reached or ended.result in {
        SurveyResult.COMPLETED,
        SurveyResult.PARTIAL,
        SurveyResult.HUNG_UP,
    }
    row.reached = reached
    row.result = ended.result.value
    row.ended_at = ended.at
    row.state = (FollowUpState.DONE if row.solved or row.rating else FollowUpState.UNREACHED).value
    fact = FollowUpEnded(
        at=ended.at, ticket_id=row.ticket_id, follow_up_id=row.id, result=ended.result.value
    )
    record(session, SYSTEM, fact)
    if ticket.status != Status.FOLLOW_UP.value or row.round != ticket.round:
        return
    if row.state == FollowUpState.DONE.value:
        ticket.version += 1
        _judge(session, SYSTEM, ticket, row, rules, now)
    elif row.attempt < rules.profile.follow_up.attempts:
        schedule(session, ticket, rules, attempt=row.attempt + 1, now=now)
    else:
        # Attempts are used up: a person decides. Unreached never counts as satisfied.
        session.add(
            FollowUp(
                ticket_id=ticket.id,
                round=ticket.round,
                attempt=row.attempt + 1,
                method=FollowUpMethod.PERSON.value,
                state=FollowUpState.PENDING.value,
                due_at=now,
            )
        )


def record_by_person(
    session: Session,
    actor: Actor,
    number: str,
    rules: Rules,
    *,
    reached: bool,
    solved: Verdict | None,
    rating: Rating | None,
    note: str = "",
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """人工回访: what a follow-up caller heard; unreached closes the ticket unrated.

    Raises:
        ActionNotAllowed: the system is calling the requester at this moment.
    """
    require_role(actor, Role.FOLLOW_UP, Role.CENTER)
    if reached and solved is None:
        raise InvalidInput("请选择诉求人说的“已解决”或“未解决”", field="solved")
    ticket, _ = begin(session, actor, number, Action.CLOSE, expected)
    pending = _waiting(session, ticket)
    row = pending[0] if pending else FollowUp(ticket_id=ticket.id, round=ticket.round, due_at=now)
    session.add(row)
    row.method = FollowUpMethod.PERSON.value
    row.state = (FollowUpState.DONE if reached else FollowUpState.UNREACHED).value
    row.called_at = row.called_at or now
    row.ended_at = now
    row.reached = reached
    row.solved = solved.value if reached and solved else None
    row.rating = rating.value if reached and rating else None
    row.result = (SurveyResult.COMPLETED if reached else SurveyResult.NO_ANSWER).value
    row.note = note.strip()
    row.asked_by_id = actor.staff_id
    session.flush()
    _judge(session, actor, ticket, row, rules, now)
    return ticket


def _judge(
    session: Session, actor: Actor, ticket: Ticket, row: FollowUp, rules: Rules, now: datetime
) -> None:
    """Close the ticket, or reopen it while the policy still allows a redo."""
    rating = Rating(row.rating) if row.rating else None
    unhappy = row.solved == Verdict.UNRESOLVED.value or (
        rating is not None and not rules.counts_as_satisfied(rating)
    )
    ticket.solved, ticket.rating = row.solved, row.rating
    if unhappy and ticket.round <= rules.profile.redo.max_times:
        said = Verdict(row.solved).label if row.solved else ""
        _reopen(
            session, actor, ticket, f"回访：{said} {rating.label if rating else ''}".strip(), now
        )
        return
    ticket.status = next_status(Status(ticket.status), Action.CLOSE, actor.role).value
    ticket.closed_at = now
    fact = TicketClosed(at=now, ticket_id=ticket.id, solved=row.solved, rating=row.rating)
    record(session, actor, fact, status=ticket.status)


def reopen(
    session: Session,
    actor: Actor,
    number: str,
    *,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """退回重办 by the centre, also of a closed ticket."""
    if not reason.strip():
        raise InvalidInput("请写明重办原因", field="reason")
    ticket, _ = begin(session, actor, number, Action.REOPEN, expected)
    _reopen(session, actor, ticket, reason.strip(), now)
    return ticket


def _reopen(session: Session, actor: Actor, ticket: Ticket, reason: str, now: datetime) -> None:
    ticket.status = next_status(Status(ticket.status), Action.REOPEN, actor.role).value
    # What was planned for the old round must not ring somebody whose case is being redone.
    waiting = [row.id for row in _waiting(session, ticket)]
    session.execute(delete(FollowUp).where(FollowUp.id.in_(waiting)))
    ticket.round += 1
    ticket.closed_at = ticket.completed_at = ticket.audited_at = None
    record(
        session,
        actor,
        TicketReopened(at=now, ticket_id=ticket.id, round=ticket.round, reason=reason),
        status=ticket.status,
    )


def _waiting(session: Session, ticket: Ticket) -> Sequence[FollowUp]:
    """Lock the ticket's attempts that wait; refuse while one of them is being called."""
    unfinished = [FollowUpState.PENDING.value, FollowUpState.CALLING.value]
    rows = session.scalars(
        select(FollowUp)
        .where(FollowUp.ticket_id == ticket.id, FollowUp.state.in_(unfinished))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if any(row.state == FollowUpState.CALLING.value for row in rows):
        raise ActionNotAllowed("系统正在呼叫诉求人，请等这次呼叫结束再登记")
    return rows


def running_calls(session: Session) -> int:
    """How many follow-up calls are under way."""
    calling = FollowUp.state == FollowUpState.CALLING.value
    return session.scalar(select(func.count()).select_from(FollowUp).where(calling)) or 0


def overdue_calls(session: Session, *, before: datetime) -> list[int]:
    """Attempts that say CALLING since before this moment: their end was lost in a crash."""
    return list(
        session.scalars(
            select(FollowUp.id).where(
                FollowUp.state == FollowUpState.CALLING.value, FollowUp.called_at < before
            )
        )
    )
