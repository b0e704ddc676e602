"""What a requester writes down alone: by the link of a message, or on the page of the progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.db import Session
from dispatch.domain.calls import SurveyResult
from dispatch.domain.errors import ActionNotAllowed, AlreadyAnswered, HotlineError, InvalidInput
from dispatch.domain.people import SYSTEM
from dispatch.domain.ports import Signer
from dispatch.domain.rules import Rules
from dispatch.domain.terms import AttachmentPart
from dispatch.domain.vocabulary import FollowUpState, Rating, Status, Verdict
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import Ticket
from dispatch.service import attachments, followup_rows, resident, survey_links
from dispatch.service.attachments import Taken
from dispatch.service.followup_answers import Answers, record_answers

MOST_WORDS = 1000


@dataclass(frozen=True)
class Received:
    """What became of it: the ticket, where it stands now, how many pictures it got, and why others
    were not taken."""

    number: str
    status: Status
    kept: int
    refused: str = ""


def written(
    *, solved: str, rating: str, comment: str, redo_wanted: bool, scale: Sequence[Rating]
) -> Answers:
    """The answers as they were typed; `scale` are the grades that the policy offers.

    Raises:
        InvalidInput: one of the two questions is not answered, or the words are too many.
    """
    if solved not in Verdict.__members__.values():
        raise InvalidInput("请选择这件事解决了没有", field="solved")
    grade = next((one for one in scale if one.value == rating), None)
    if grade is None:
        raise InvalidInput("请选择您对办理是否满意", field="rating")
    words = comment.replace("\r\n", "\n").strip()
    if len(words) > MOST_WORDS:
        raise InvalidInput(
            f"您写了 {len(words)} 个字，最多 {MOST_WORDS} 个字，请删减后再提交", field="comment"
        )
    return Answers(
        reached=True,
        solved=Verdict(solved),
        rating=grade,
        comment=words,
        redo_wanted=redo_wanted,
    )


def by_link(
    session: Session,
    token: str,
    answers: Answers,
    files: Sequence[Taken],
    signer: Signer,
    rules: Rules,
    *,
    now: datetime,
) -> Received:
    """Take the answer of a link; the link is used up by it.

    Raises:
        LinkUnusable, LinkExpired, AlreadyAnswered: see `survey_links.opened`.
    """
    ticket, row = survey_links.taken_up(session, token, signer, now=now)
    return _take(session, ticket, row, answers, files, rules, now)


def by_code(
    session: Session,
    number: str,
    code: str,
    answers: Answers,
    rules: Rules,
    *,
    now: datetime,
) -> Received | None:
    """Take the answer of whoever knows number and query code; None when the two do not fit.

    Raises:
        ActionNotAllowed: the requester is not due to be asked, or is being called at this moment.
        AlreadyAnswered: there is an answer already.
    """
    found = resident.ticket_of(session, number, code)
    if found is None:
        return None
    row = followup_rows.open_row(session, found)
    if row is None:
        raise AlreadyAnswered("这件事已经有了评价，或者现在不在评价阶段；有新的情况请拨打 12345")
    ticket, row = followup_rows.lock(session, row.id)
    if ticket.status != Status.FOLLOW_UP.value or row.state not in followup_rows.OPEN:
        raise AlreadyAnswered("这件事已经有了评价，或者现在不在评价阶段；有新的情况请拨打 12345")
    if row.state == FollowUpState.CALLING.value:
        raise ActionNotAllowed("我们正在给您打电话，请在电话里评价，或者过一会儿再来")
    return _take(session, ticket, row, answers, (), rules, now)


def give_up(
    session: Session,
    follow_up_id: int,
    result: SurveyResult,
    rules: Rules,
    *,
    now: datetime,
) -> bool:
    """End an attempt that waits for its link in vain, and plan what follows.

    False when it is over already.
    """
    _, row = followup_rows.lock(session, follow_up_id)
    if row.state != FollowUpState.SENT.value:
        return False
    nothing = Answers(reached=False, result=result)
    record_answers(session, SYSTEM, follow_up_id, nothing, rules, now=now)
    return True


def _take(
    session: Session,
    ticket: Ticket,
    row: FollowUp,
    answers: Answers,
    files: Sequence[Taken],
    rules: Rules,
    now: datetime,
) -> Received:
    # Before the answer: it may close the ticket, and a closed one takes no files.
    kept, refused = _keep(session, ticket.number, files, rules, now)
    record_answers(session, resident.RESIDENT, row.id, answers, rules, now=now)
    return Received(ticket.number, Status(ticket.status), kept, refused)


def _keep(
    session: Session, number: str, files: Sequence[Taken], rules: Rules, now: datetime
) -> tuple[int, str]:
    """A picture that cannot be kept does not lose the answer."""
    if not files:
        return 0, ""
    try:
        with session.begin_nested():
            attachments.add(
                session,
                resident.RESIDENT,
                number,
                AttachmentPart.SURVEY,
                files,
                rules,
                now=now,
            )
    except HotlineError as problem:
        return 0, str(problem)
    return len(files), ""
