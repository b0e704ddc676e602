"""Follow-up by voice and by a person at the ticket: what was heard, written down.

The rest of follow-up lies beside this: who is asked and when (`followup_plan`), placing calls
(`followup_calls`), the people's queue (`followup_person`), storing answers (`followup_answers`)
and what follows from them (`followup_judge`, `followup_ends`, `reviews`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.calls import SurveyAnswer, SurveyEnded, SurveyResult, SurveysAlive
from dispatch.domain.errors import ActionNotAllowed, InvalidInput
from dispatch.domain.events import FollowUpAnswered
from dispatch.domain.lifecycle import next_status
from dispatch.domain.people import SYSTEM, Actor
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
from dispatch.service import followup_calls, followup_rows
from dispatch.service.access import require_role
from dispatch.service.change import locked
from dispatch.service.followup_answers import Answers, end, record_answers

_SOLVED = {"1": Verdict.RESOLVED, "2": Verdict.UNRESOLVED}


def record_survey_answer(session: Session, answer: SurveyAnswer, *, now: datetime) -> None:
    """Write down a key the moment it is pressed: who hangs up half-way has still said something."""
    if session.get(FollowUp, answer.follow_up_id) is None:
        return
    _, row = followup_rows.lock(session, answer.follow_up_id)
    if row.state == FollowUpState.DONE.value:
        return
    before = (row.solved, row.rating)
    row.reached = True
    row.language = answer.language or row.language
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
    """Finish the attempt: judge the ticket by what was answered, or plan what follows.

    The end of a call that is not under way any more changes nothing, so it may be told twice.
    """
    about = select(FollowUp.ticket_id).where(FollowUp.id == ended.follow_up_id)
    if session.scalar(about) is None:
        return
    ticket, row = followup_rows.lock(session, ended.follow_up_id)
    by_voice = row.method == FollowUpMethod.VOICE.value
    if row.state != FollowUpState.CALLING.value or not by_voice:
        return
    if ended.call_id and row.channel_id and ended.call_id != row.channel_id:
        # An order that was put back, and came to something after all: not this call.
        return
    end(session, SYSTEM, ticket, row, ended.result, rules, at=ended.at, now=now)


def end_vanished(
    session: Session, alive: SurveysAlive, rules: Rules, node: str | None = None, *, now: datetime
) -> int:
    """End the calls that died with a telephone system; what was keyed counts. Return how many.

    With `node` only those this one is known to have placed: no node knows of another's calls.
    """
    lost = followup_calls.vanished_calls(
        session, alive=alive.channel_ids, before=alive.at, node=node
    )
    for follow_up_id in lost:
        ended = SurveyEnded(follow_up_id=follow_up_id, result=SurveyResult.FAILED, at=alive.at)
        record_survey_end(session, ended, rules, now=now)
    return len(lost)


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
    """人工回访 at the ticket: what a follow-up caller heard.

    Unreached, the person's own attempts are counted, and the last of them closes it unrated.

    Raises:
        InvalidInput: somebody was reached, and nothing is said about whether it is solved.
        ActionNotAllowed: the requester is being called at this moment, or the ticket is elsewhere.
    """
    require_role(actor, Role.FOLLOW_UP, Role.CENTER)
    if reached and solved is None:
        raise InvalidInput("请选择诉求人说的“已解决”或“未解决”", field="solved")
    ticket = locked(session, actor, number, expected)
    next_status(Status(ticket.status), Action.CLOSE, actor.role)
    if ticket.status != Status.FOLLOW_UP.value:
        raise ActionNotAllowed(
            f"工单处于“{Status(ticket.status).label}”，不能登记回访；请查看最新状态后再操作"
        )
    pending = followup_rows.waiting(session, actor, ticket)
    row = (
        pending[0]
        if pending
        else followup_rows.add(session, ticket, FollowUpMethod.PERSON, due_at=now)
    )
    answers = Answers(
        reached=reached,
        solved=solved if reached else None,
        rating=rating if reached else None,
        note=note,
    )
    record_answers(session, actor, row.id, answers, rules, now=now)
    return ticket
