"""What a requester said, however it was asked: the one way in which answers are stored.

Voice, person, link, visit and outside survey mean the same by every field; only the method of the
attempt tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.calls import SurveyResult
from dispatch.domain.errors import ActionNotAllowed, ChangedMeanwhile, InvalidInput
from dispatch.domain.events import FollowUpAnswered, FollowUpEnded
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import FollowUpMethod, FollowUpState, Rating, Role, Status, Verdict
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import Ticket
from dispatch.service import followup_plan, followup_rows
from dispatch.service.access import require_role, ticket_for
from dispatch.service.followup_judge import judge, keep_word

LONGEST = 2000
"""Characters of a comment or a note; what is longer is cut."""

_OUTSIDE = frozenset({FollowUpMethod.VISIT, FollowUpMethod.OUTSIDE})
_JUDGED = frozenset({Status.FOLLOW_UP, Status.REVIEW, Status.CLOSED})


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What one attempt brought; None for a question that was not asked or not answered.

    `result` None follows from the rest. `asked_by` names who asked when it was nobody of the
    hotline.
    """

    reached: bool
    solved: Verdict | None = None
    rating: Rating | None = None
    contacted: bool | None = None
    reply_true: bool | None = None
    comment: str = ""
    redo_wanted: bool = False
    result: SurveyResult | None = None
    note: str = ""
    language: str = ""
    asked_by: str = ""

    @property
    def outcome(self) -> SurveyResult:
        """How the attempt ended."""
        if self.result is not None:
            return self.result
        if not self.reached:
            return SurveyResult.NO_ANSWER
        if self.solved is None and self.rating is None:
            return SurveyResult.REFUSED
        whole = self.solved is not None and self.rating is not None
        return SurveyResult.COMPLETED if whole else SurveyResult.PARTIAL


def record_answers(
    session: Session,
    actor: Actor,
    follow_up_id: int,
    answers: Answers,
    rules: Rules,
    *,
    expected: int | None = None,
    now: datetime,
) -> FollowUp:
    """End an open attempt with what it brought, and do with its ticket what follows from it.

    `actor` is who asked; SYSTEM for what the requester wrote down alone. `expected` is the version
    of the ticket that the actor's page showed.

    Raises:
        ActionNotAllowed: the attempt is over, or somebody else is on the line.
        ChangedMeanwhile: somebody acted since the page was made.
        InvalidInput: there are answers of somebody who was not reached.
        NotFound: a redo has dropped the attempt.
    """
    require_role(actor, Role.SYSTEM, Role.FOLLOW_UP, Role.CENTER)
    _check(answers)
    ticket, row = followup_rows.lock(session, follow_up_id)
    if expected is not None and ticket.version != expected:
        raise ChangedMeanwhile(
            f"工单 {ticket.number} 刚刚被其他人处理过，现在是“{Status(ticket.status).label}”；"
            "您填写的内容已保留，请看过最新情况再决定"
        )
    if row.state not in followup_rows.OPEN:
        raise ActionNotAllowed("这次回访已经登记过，请刷新后查看结果")
    followup_rows.require_free(actor, row)
    if actor.role is not Role.SYSTEM:
        row.method = FollowUpMethod.PERSON.value
    elif row.state == FollowUpState.PENDING.value and answers.reached:
        # Whom we have not asked yet has answered in writing.
        row.method = FollowUpMethod.LINK.value
    if actor.staff_id is not None:
        row.asked_by_id = actor.staff_id
    row.called_at = row.called_at or now
    _store(session, actor, row, answers, now)
    end(session, actor, ticket, row, answers.outcome, rules, at=now, now=now)
    return row


def record_outside(
    session: Session,
    actor: Actor,
    number: str,
    method: FollowUpMethod,
    answers: Answers,
    rules: Rules,
    *,
    asked_by: str = "",
    at: datetime,
    import_id: int | None = None,
    now: datetime,
) -> FollowUp:
    """Store what a visit or an outside survey brought, asked at the moment `at`.

    A ticket that waits for its follow-up is judged by it, and the waiting attempt dropped. A
    ticket that was judged before keeps its state; the last word is the newest one. Whom a visit
    did not find is asked as planned.

    Raises:
        InvalidInput: not such a method, asked in the future, or answers of nobody.
        ActionNotAllowed: the ticket has no answer yet to ask about, or its requester is being
            asked at this moment.
    """
    require_role(actor, Role.FOLLOW_UP, Role.CENTER)
    _check(answers)
    if method not in _OUTSIDE:
        raise InvalidInput("只有上门走访和第三方调查可以这样登记", field="method")
    if at > now:
        raise InvalidInput("回访时间不能晚于现在", field="at")
    ticket = ticket_for(session, actor, number, for_update=True)
    status = Status(ticket.status)
    if status not in _JUDGED:
        raise ActionNotAllowed(f"工单 {number} 处于“{status.label}”，还没有可以评价的答复")
    if status is Status.FOLLOW_UP and answers.reached:
        followup_rows.drop(session, followup_rows.waiting(session, actor, ticket), now)
    newest = session.scalar(
        select(func.max(FollowUp.ended_at)).where(
            FollowUp.ticket_id == ticket.id, FollowUp.state == FollowUpState.DONE.value
        )
    )
    row = followup_rows.add(session, ticket, method, due_at=at, state=FollowUpState.UNREACHED)
    row.called_at, row.asked_by_id, row.import_id = at, actor.staff_id, import_id
    row.asked_by = asked_by.strip()[:80]
    _store(session, actor, row, answers, now)
    if status is Status.FOLLOW_UP and answers.reached:
        end(session, actor, ticket, row, answers.outcome, rules, at=at, now=now)
        return row
    _close_row(session, actor, row, answers.outcome, at)
    ticket.version += 1
    if newest is None or newest <= at:
        keep_word(ticket, row)
    return row


def _check(answers: Answers) -> None:
    said = (answers.solved, answers.rating, answers.contacted, answers.reply_true)
    if not answers.reached and any(one is not None for one in said):
        raise InvalidInput(
            "没有接通就没有答复；请把“是否接通”改为已接通，或清空答复", field="reached"
        )


def _store(session: Session, actor: Actor, row: FollowUp, answers: Answers, now: datetime) -> None:
    """Write the answers over what was said before in the same attempt, and into the history."""
    told: list[tuple[str, str]] = []
    if answers.solved is not None and row.solved != answers.solved.value:
        row.solved = answers.solved.value
        told.append(("solved", answers.solved.label))
    if answers.rating is not None and row.rating != answers.rating.value:
        row.rating = answers.rating.value
        told.append(("satisfied", answers.rating.label))
    if answers.contacted is not None:
        row.contacted = answers.contacted
        told.append(("contacted", "单位联系过" if answers.contacted else "单位没有联系过"))
    if answers.reply_true is not None:
        row.reply_true = answers.reply_true
        told.append(("reply_true", "答复属实" if answers.reply_true else "答复不属实"))
    if answers.redo_wanted:
        row.redo_wanted = True
        told.append(("redo", "请求重办"))
    row.reached = row.reached or answers.reached
    row.comment = answers.comment.strip()[:LONGEST] or row.comment
    row.note = answers.note.strip()[:LONGEST] or row.note
    row.language = answers.language or row.language
    row.asked_by = answers.asked_by.strip()[:80] or row.asked_by
    for question, answer in told:
        fact = FollowUpAnswered(
            at=now,
            ticket_id=row.ticket_id,
            follow_up_id=row.id,
            question=question,
            answer=answer,
        )
        record(session, actor, fact)


def end(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    row: FollowUp,
    result: SurveyResult,
    rules: Rules,
    *,
    at: datetime,
    now: datetime,
) -> None:
    """End an attempt at the moment `at`: judge the ticket, or plan what follows.

    The caller has locked the ticket and the attempt.
    """
    _close_row(session, actor, row, result, at)
    before = ticket.status
    if before == Status.FOLLOW_UP.value and row.round == ticket.round:
        declined = row.reached and row.method != FollowUpMethod.VOICE.value
        if row.state == FollowUpState.DONE.value or declined:
            judge(session, actor, ticket, row, rules, now)
        else:
            followup_plan.follow_on(session, actor, ticket, rules, now)
    if actor.role is not Role.SYSTEM or ticket.status != before:
        ticket.version += 1


def _close_row(
    session: Session, actor: Actor, row: FollowUp, result: SurveyResult, at: datetime
) -> None:
    row.result = result.value
    row.reached = row.reached or result.reached
    row.ended_at = at
    answered = bool(row.solved or row.rating)
    row.state = (FollowUpState.DONE if answered else FollowUpState.UNREACHED).value
    fact = FollowUpEnded(at=at, ticket_id=row.ticket_id, follow_up_id=row.id, result=result.value)
    record(session, actor, fact)
    session.flush()
