"""纠错: what is wrong in an entry, told by who reads it, answered by its unit against a clock."""

from __future__ import annotations

from datetime import datetime

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.counting import limit_due
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.events import KnowledgeErrorChanged
from dispatch.domain.knowledge_steps import CENTRE
from dispatch.domain.knowledge_terms import ErrorReportState
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import NoticeKind
from dispatch.models.knowledge import KnowledgeEntry, KnowledgeError
from dispatch.service import knowledge, notices
from dispatch.service.access import require_role
from dispatch.service.knowledge_publishing import live_version

LONGEST = 1_000


def report(
    session: Session, actor: Actor, entry_id: int, words: str, *, rules: Rules, now: datetime
) -> KnowledgeError:
    """Say what is wrong in the version on display; the unit's clock runs in working time.

    Raises:
        InvalidInput: nothing is said.
        NotFound: nothing is on display under this entry.
        RoleNotAllowed: not one of the centre's people.
    """
    require_role(actor, *CENTRE)
    said = _said(words, "请写明哪里有误，正确的是什么、从何得知")
    entry = session.get(KnowledgeEntry, entry_id)
    shown = live_version(session, entry_id) if entry else None
    if entry is None or shown is None:
        raise NotFound("没有找到这个条目，或它已经撤下")
    calendar = rules.calendar.with_hours(rules.profile.hours)
    row = KnowledgeError(
        entry_id=entry.id,
        version=shown.number,
        words=said,
        reported_at=now,
        reported_by_id=actor.staff_id,
        due_at=limit_due(rules.profile.knowledge.error_answer, calendar, now),
        state=ErrorReportState.OPEN.value,
    )
    session.add(row)
    told = f"知识条目“{entry.title}”有人纠错：{said[:200]}"
    notices.tell(session, NoticeKind.KNOWLEDGE, told, department_id=entry.department_id, now=now)
    _moved(session, actor, row, now)
    return row


def explain(
    session: Session, actor: Actor, error_id: int, words: str, *, now: datetime
) -> KnowledgeError:
    """Answer that the entry is right, and why; an entry that is wrong is corrected instead.

    Raises:
        InvalidInput: no reason is given.
        NotFound: there is none, or it is about another unit's entry.
        ActionNotAllowed: it was answered already.
    """
    row = session.get(KnowledgeError, error_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("没有找到这条纠错")
    knowledge.held(session, actor, row.entry_id)
    if row.state != ErrorReportState.OPEN.value:
        raise ActionNotAllowed(f"这条纠错“{ErrorReportState(row.state).label}”，不必再答复")
    row.answer = _said(words, "请写明为什么不必更正")
    row.state, row.answered_at = ErrorReportState.EXPLAINED.value, now
    row.answered_by_id = actor.staff_id
    if row.reported_by_id is not None:
        told = f"您的纠错已有说明：{row.answer[:200]}"
        notices.tell(session, NoticeKind.KNOWLEDGE, told, staff_id=row.reported_by_id, now=now)
    _moved(session, actor, row, now)
    return row


def _said(words: str, missing: str) -> str:
    said = words.replace("\0", "").strip()
    if not said:
        raise InvalidInput(missing, field="words")
    if len(said) > LONGEST:
        raise InvalidInput(f"最多 {LONGEST} 个字，请删减后提交", field="words")
    return said


def _moved(session: Session, actor: Actor, row: KnowledgeError, now: datetime) -> None:
    session.flush()
    record(session, actor, KnowledgeErrorChanged(at=now, error_id=row.id, state=row.state))
