"""要情: written down from a ticket, a hot spot or a warning, corrected, and sent to the leaders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.brief_steps import DRAFTERS, next_brief
from dispatch.domain.errors import InvalidInput, NotFound
from dispatch.domain.events import BriefChanged
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import (
    BriefAct,
    BriefLevel,
    BriefState,
    BriefStepKind,
    Origin,
)
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import local
from dispatch.models.reporting import Brief, BriefStep
from dispatch.models.tickets import Ticket
from dispatch.service import notices
from dispatch.service.access import require_role, visible
from dispatch.service.numbering import next_number

TITLE, PLACE, LONGEST = 120, 200, 4_000
MOST_TICKETS = 200


@dataclass(frozen=True, kw_only=True)
class BriefForm:
    """What is written on a brief. `happened_at` is an aware moment; tickets are numbers."""

    level: BriefLevel = BriefLevel.ORDINARY
    title: str = ""
    place: str = ""
    happened_at: datetime | None = None
    facts: str = ""
    measures: str = ""
    origin: Origin = Origin.OWN
    origin_ref: str = ""
    tickets: tuple[str, ...] = ()


def draft(session: Session, actor: Actor, form: BriefForm, *, now: datetime) -> Brief:
    """起草: a brief nobody but the centre sees yet.

    Raises:
        InvalidInput: no title, no facts, or a ticket that does not exist.
    """
    require_role(actor, *DRAFTERS)
    row = new_brief(session, actor, form, now=now)
    told(session, actor, row, now)
    return row


def edit(session: Session, actor: Actor, number: str, form: BriefForm, *, now: datetime) -> Brief:
    """修改 a draft; where it came from stays.

    Raises:
        InvalidInput: no title, no facts, or a ticket that does not exist.
        ActionNotAllowed: it was sent already.
    """
    row = locked_brief(session, number)
    next_brief(BriefState(row.state), BriefAct.EDIT, actor.role)
    _write(session, actor, row, form, now)
    told(session, actor, row, now)
    return row


def submit(session: Session, actor: Actor, number: str, *, now: datetime) -> Brief:
    """报送: every leader is told.

    Raises:
        ActionNotAllowed: it was sent already.
    """
    row = locked_brief(session, number)
    row.state = next_brief(BriefState(row.state), BriefAct.SUBMIT, actor.role).value
    row.submitted_at, row.submitted_by_id = now, actor.staff_id
    add_step(session, actor, row, BriefStepKind.SUBMITTED, "", now=now)
    words = f"要情 {row.number}（{BriefLevel(row.level).label}）：{row.title}。请阅示。"
    notices.tell(session, NoticeKind.BRIEF, words, role=Role.LEADER, now=now)
    told(session, actor, row, now)
    return row


def new_brief(session: Session, actor: Actor, form: BriefForm, *, now: datetime) -> Brief:
    """A checked row with its number, in the first state."""
    year = local(now).year
    row = Brief(
        number="",
        state=BriefState.DRAFT.value,
        origin=form.origin.value,
        origin_ref=form.origin_ref[:80],
        drafted_at=now,
        drafted_by_id=actor.staff_id,
    )
    _write(session, actor, row, form, now)
    row.number = f"YQ{year}-{next_number(session, f'brief-{year}'):04d}"
    session.add(row)
    session.flush()
    return row


def locked_brief(session: Session, number: str) -> Brief:
    """The brief of a number, its row locked and read afresh.

    Raises:
        NotFound: there is none.
    """
    query = select(Brief).where(Brief.number == number).with_for_update()
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound(f"没有找到要情 {number}，或您无权查看")
    return row


def add_step(
    session: Session,
    actor: Actor,
    row: Brief,
    kind: BriefStepKind,
    words: str,
    *,
    department_id: int | None = None,
    due_at: datetime | None = None,
    now: datetime,
) -> None:
    """One more link of the chain."""
    session.add(
        BriefStep(
            brief_id=row.id,
            kind=kind.value,
            at=now,
            staff_id=actor.staff_id,
            department_id=department_id,
            words=words,
            due_at=due_at,
        )
    )


def told(session: Session, actor: Actor, row: Brief, now: datetime) -> None:
    """Record where the brief stands now."""
    session.flush()
    record(session, actor, BriefChanged(at=now, brief_id=row.id, state=row.state))


def said(words: str, missing: str, field: str = "words") -> str:
    """The words without the space around them.

    Raises:
        InvalidInput: there are none, or too many.
    """
    text = words.strip()
    if not text:
        raise InvalidInput(missing, field=field)
    if len(text) > LONGEST:
        raise InvalidInput(f"最多 {LONGEST} 个字，请删减后提交", field=field)
    return text


def _write(session: Session, actor: Actor, row: Brief, form: BriefForm, now: datetime) -> None:
    title = said(form.title, "请写明标题：何地、何事", "title")
    if len(title) > TITLE:
        raise InvalidInput(f"标题最多 {TITLE} 个字，请删减", field="title")
    if form.happened_at is not None and form.happened_at > now:
        raise InvalidInput("事情发生的时间不能在现在之后", field="happened_at")
    row.facts = said(form.facts, "请写明基本情况：时间、地点、经过、件数", "facts")
    row.title, row.place, row.level = title, form.place.strip()[:PLACE], form.level.value
    row.happened_at, row.measures = form.happened_at, form.measures.strip()[:LONGEST]
    row.tickets = list(_known(session, actor, form.tickets))


def _known(session: Session, actor: Actor, numbers: Sequence[str]) -> tuple[str, ...]:
    """The numbers once each, all of tickets the writer may see."""
    wanted = tuple(dict.fromkeys(one.strip() for one in numbers if one.strip()))
    if len(wanted) > MOST_TICKETS:
        raise InvalidInput(f"一份要情最多列 {MOST_TICKETS} 件工单", field="tickets")
    there = set(
        session.scalars(select(Ticket.number).where(Ticket.number.in_(wanted), visible(actor)))
    )
    missing = [one for one in wanted if one not in there]
    if missing:
        raise InvalidInput(f"没有工单 {'、'.join(missing[:3])}，请核对编号", field="tickets")
    return wanted
