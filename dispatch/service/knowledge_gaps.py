"""问而未得: what agents asked for and did not find, until a unit has written it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain import knowledge_words
from dispatch.domain.counting import limit_due
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.events import KnowledgeGapChanged
from dispatch.domain.knowledge_steps import CENTRE
from dispatch.domain.knowledge_terms import GapState, KnowledgeLevel
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Role
from dispatch.models.catalog import Category
from dispatch.models.knowledge import KnowledgeGap, KnowledgeMiss, KnowledgeUse
from dispatch.service import console_queries, knowledge, notices
from dispatch.service.access import require_role
from dispatch.service.knowledge import EntryForm
from dispatch.service.knowledge_publishing import live_version

SAME_QUESTION = timedelta(minutes=30)
"""The same agent asking the same again on one call is one miss."""

COMPARED = 2_000
"""So many of the newest standing gaps a new question is compared with."""

LONGEST = 500


def miss(
    session: Session,
    actor: Actor,
    words: str,
    *,
    found: int = 0,
    contact_id: int | None = None,
    category: str | None = None,
    now: datetime,
) -> KnowledgeMiss | None:
    """Write down a search that gave no answer; None when it has no words or is written already.

    `found` is how many entries were shown and not used. `category` is a code of the tree.

    Raises:
        NotFound: the call is not the actor's own.
        RoleNotAllowed: not one of the centre's people.
    """
    require_role(actor, *CENTRE)
    question = knowledge_words.question_of(words)
    if not question:
        return None
    _own_call(session, actor, contact_id)
    gap = _gap_of(session, question)
    again = session.scalar(
        select(KnowledgeMiss.id).where(
            KnowledgeMiss.gap_id == gap.id,
            KnowledgeMiss.staff_id == actor.staff_id,
            KnowledgeMiss.contact_id == contact_id,
            KnowledgeMiss.at > now - SAME_QUESTION,
        )
    )
    if again is not None:
        return None
    row = KnowledgeMiss(
        gap_id=gap.id,
        words=knowledge_words.plain(words).strip()[: knowledge_words.LONGEST_QUESTION],
        question=question,
        found=found,
        contact_id=contact_id,
        staff_id=actor.staff_id,
        category_id=_category(session, category),
        at=now,
    )
    session.add(row)
    session.flush()
    return row


def cite(
    session: Session, actor: Actor, entry_id: int, *, contact_id: int | None = None, now: datetime
) -> KnowledgeUse:
    """Note which version of an entry was used, on the call when there is one; once a call.

    Raises:
        NotFound: nothing is on display under this entry, or the call is not the actor's own.
    """
    require_role(actor, *CENTRE)
    _own_call(session, actor, contact_id)
    shown = live_version(session, entry_id)
    if shown is None:
        raise NotFound("没有找到这个条目，或它已经撤下")
    if contact_id is not None:
        before = session.scalar(
            select(KnowledgeUse).where(
                KnowledgeUse.contact_id == contact_id,
                KnowledgeUse.entry_id == entry_id,
                KnowledgeUse.version == shown.number,
            )
        )
        if before is not None:
            return before
    use = KnowledgeUse(
        entry_id=entry_id,
        version=shown.number,
        contact_id=contact_id,
        staff_id=actor.staff_id,
        at=now,
    )
    session.add(use)
    session.flush()
    return use


def assign(
    session: Session, actor: Actor, gap_id: int, unit: str, *, rules: Rules, now: datetime
) -> KnowledgeGap:
    """Tell a unit to write the entry: a draft of its own with a day, counted in working time.

    Raises:
        InvalidInput: there is no such unit.
        ActionNotAllowed: it is in hand, answered or dismissed.
    """
    gap = _open_gap(session, actor, gap_id)
    calendar = rules.calendar.with_hours(rules.profile.hours)
    due = limit_due(rules.profile.knowledge.write, calendar, now)
    form = EntryForm(
        title=gap.question, answer="", keywords=gap.question, level=KnowledgeLevel.PUBLIC
    )
    entry = knowledge.write(session, actor, form, unit=unit, due_at=due, now=now)
    gap.state, gap.entry_id = GapState.ASSIGNED.value, entry.id
    gap.department_id, gap.due_at = entry.department_id, due
    told = f"来电人问“{gap.question}”，知识库没有答案，请编写知识条目。"
    notices.tell(session, NoticeKind.KNOWLEDGE, told, department_id=entry.department_id, now=now)
    _decided(session, actor, gap, now)
    return gap


def dismiss(
    session: Session, actor: Actor, gap_id: int, reason: str, *, now: datetime
) -> KnowledgeGap:
    """不予补充, with the reason; later misses of the question are counted and not told of.

    Raises:
        InvalidInput: no reason.
        ActionNotAllowed: it is in hand, answered or dismissed.
    """
    gap = _open_gap(session, actor, gap_id)
    if not reason.strip():
        raise InvalidInput("请写明为什么不需要补充，例如“不属于政务事项”", field="reason")
    if len(reason) > LONGEST:
        raise InvalidInput(f"最多 {LONGEST} 个字，请删减后提交", field="reason")
    gap.state, gap.reason = GapState.DISMISSED.value, reason.replace("\0", "").strip()
    _decided(session, actor, gap, now)
    return gap


def _open_gap(session: Session, actor: Actor, gap_id: int) -> KnowledgeGap:
    require_role(actor, Role.CENTER)
    gap = session.get(KnowledgeGap, gap_id, with_for_update=True, populate_existing=True)
    if gap is None:
        raise NotFound("没有找到这条问而未得")
    if gap.state != GapState.OPEN.value:
        raise ActionNotAllowed(f"这条问而未得“{GapState(gap.state).label}”，不必再处理")
    return gap


def _decided(session: Session, actor: Actor, gap: KnowledgeGap, now: datetime) -> None:
    gap.decided_at, gap.decided_by_id = now, actor.staff_id
    session.flush()
    record(session, actor, KnowledgeGapChanged(at=now, gap_id=gap.id, state=gap.state))


def _gap_of(session: Session, question: str) -> KnowledgeGap:
    """The standing gap of this question, or of one that asks the same in other words."""
    standing = select(KnowledgeGap).where(KnowledgeGap.state != GapState.CLOSED.value)
    exact = standing.where(KnowledgeGap.question == question)
    gap = session.scalar(exact)
    if gap is not None:
        return gap
    near = session.scalars(standing.order_by(KnowledgeGap.id.desc()).limit(COMPARED))
    for known in near:
        if knowledge_words.alike(known.question, question):
            return known
    fresh = KnowledgeGap(question=question, state=GapState.OPEN.value)
    try:
        with session.begin_nested():
            session.add(fresh)
    except IntegrityError:
        # A colleague asked the same in this very moment.
        return session.scalars(exact).one()
    return fresh


def _own_call(session: Session, actor: Actor, contact_id: int | None) -> None:
    if contact_id is not None:
        console_queries.contact_view(session, actor, contact_id)


def _category(session: Session, code: str | None) -> int | None:
    return session.scalar(select(Category.id).where(Category.code == code)) if code else None
