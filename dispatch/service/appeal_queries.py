"""Appeals as their readers see them: the centre's lists, a unit's own, one with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.conduct import reasons_for
from dispatch.domain.errors import NotFound
from dispatch.domain.judging_terms import AppealState, Measure
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import AttachmentPart, ReasonUse
from dispatch.domain.vocabulary import Labelled, Rating, Role, Verdict
from dispatch.models.judging import Appeal, Exclusion
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role, visible
from dispatch.service.appeals import OPEN, why_not
from dispatch.service.attachments import AttachmentView, shelf

PAGE = 50
READERS = (Role.DEPARTMENT, Role.CENTER, Role.SUPERVISOR, Role.LEADER, Role.ADMIN)
"""Who reads appeals; a unit its own and those of the units right under it."""

Condition = ColumnElement[bool]


class AppealFilter(Labelled):
    """The lists of appeals; LATE are those that nobody decided in time."""

    PENDING = "pending", "待初审"
    FIRST_GRANTED = "first_granted", "待复审"
    LATE = "late", "逾期未决"
    GRANTED = "granted", "已剔除"
    DENIED = "denied", "不予剔除"
    WITHDRAWN = "withdrawn", "已撤回"


@dataclass(frozen=True, kw_only=True)
class AppealView:
    """One appeal; `reason` in words, moments UTC. `exclusion` is there while it was granted."""

    id: int
    ticket: str
    title: str
    department: str
    measure: Measure
    state: AppealState
    reason: str
    statement: str
    basis: str
    asked_by: str
    asked_at: datetime
    due_at: datetime
    late: bool
    first_by: str | None
    first_at: datetime | None
    first_words: str
    second_by: str | None
    second_at: datetime | None
    second_words: str
    exclusion: int | None
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_why: str
    solved: str | None
    rating: str | None
    mine: bool


@dataclass(frozen=True, kw_only=True)
class AppealPage:
    """One appeal with its evidence, and why its reader may not decide it (None: may)."""

    appeal: AppealView
    evidence: tuple[AttachmentView, ...]
    may_decide: bool
    why_not: str | None


def appeals(
    session: Session,
    reader: Actor,
    wanted: AppealFilter,
    rules: Rules,
    *,
    before: int | None = None,
    now: datetime,
) -> tuple[AppealView, ...]:
    """Appeals under one filter; the open ones by who must decide soonest, others newest first."""
    require_role(reader, *READERS)
    query = _query().where(_of(reader), _filter(wanted, now))
    if before is not None:
        query = query.where(Appeal.id < before)
    is_open = wanted in {AppealFilter.PENDING, AppealFilter.FIRST_GRANTED, AppealFilter.LATE}
    order: tuple[Any, ...] = (Appeal.due_at, Appeal.id) if is_open else (Appeal.id.desc(),)
    # The open ones fit on one page: a list that nobody works off is itself the news.
    query = query.order_by(*order).limit(None if is_open else PAGE)
    return tuple(_view(reader, rules, now, *row) for row in session.execute(query))


def appeal_counts(session: Session, reader: Actor, *, now: datetime) -> dict[str, int]:
    """How many appeals each list has."""
    require_role(reader, *READERS)
    query = (
        select(*(func.count().filter(_filter(one, now)) for one in AppealFilter))
        .select_from(Appeal)
        .join(Ticket, Ticket.id == Appeal.ticket_id)
        .where(_of(reader))
    )
    counted = session.execute(query).one()
    return {one.value: count for one, count in zip(AppealFilter, counted, strict=True)}


def one_appeal(
    session: Session, reader: Actor, appeal_id: int, rules: Rules, *, now: datetime
) -> AppealPage:
    """One appeal as its page shows it.

    Raises:
        NotFound: there is none, or the reader may not see it.
    """
    require_role(reader, *READERS)
    row = session.execute(_query().where(_of(reader), Appeal.id == appeal_id)).first()
    if row is None:
        raise NotFound("没有找到这项申诉，或您无权查看")
    view = _view(reader, rules, now, *row)
    deciding = reader.role is Role.CENTER and view.state.is_open
    no = why_not(session, reader, row[0]) if deciding else None
    files = shelf(session, reader, view.ticket).of(AttachmentPart.APPEAL)
    return AppealPage(
        appeal=view,
        evidence=tuple(file for file in files if file.added_by == view.department),
        may_decide=deciding and no is None,
        why_not=no,
    )


def appeals_on(
    session: Session, reader: Actor, number: str, rules: Rules, *, now: datetime
) -> tuple[AppealView, ...]:
    """The appeals about one ticket that the reader has read with their own rights."""
    if reader.role not in READERS:
        return ()
    query = _query().where(_of(reader), Ticket.number == number).order_by(Appeal.id)
    return tuple(_view(reader, rules, now, *row) for row in session.execute(query))


def _of(reader: Actor) -> Condition:
    if reader.role is not Role.DEPARTMENT:
        return visible(reader) if reader.role is not Role.ADMIN else Appeal.id.is_not(None)
    under = select(Department.id).where(
        or_(Department.id == reader.department_id, Department.parent_id == reader.department_id)
    )
    return and_(visible(reader), Appeal.department_id.in_(under))


def _filter(wanted: AppealFilter, now: datetime) -> Condition:
    if wanted is AppealFilter.LATE:
        return and_(Appeal.state.in_(OPEN), Appeal.due_at <= now)
    found: Condition = Appeal.state == wanted.value
    return found


def _query() -> Select[*tuple[Any, ...]]:
    asker, first, second, lifter = (aliased(Staff) for _ in range(4))
    return (
        select(
            *(Appeal, Ticket, Department.short_name, Exclusion),
            *(asker.name, first.name, second.name, lifter.name),
        )
        .join(Ticket, Ticket.id == Appeal.ticket_id)
        .join(Department, Department.id == Appeal.department_id)
        .outerjoin(Exclusion, Exclusion.appeal_id == Appeal.id)
        .outerjoin(asker, asker.id == Appeal.asked_by_id)
        .outerjoin(first, first.id == Appeal.first_by_id)
        .outerjoin(second, second.id == Appeal.second_by_id)
        .outerjoin(lifter, lifter.id == Exclusion.lifted_by_id)
    )


def reason_words(rules: Rules, code: str) -> str:
    """A reason of the catalogue in words; its code once the catalogue has it no more."""
    known = reasons_for(rules.profile.reasons, ReasonUse.EXCLUSION)
    return next((reason.label for reason in known if reason.code == code), code)


def _view(
    reader: Actor,
    rules: Rules,
    now: datetime,
    appeal: Appeal,
    ticket: Ticket,
    unit: str,
    exclusion: Exclusion | None,
    *names: str | None,
) -> AppealView:
    asked_by, first_by, second_by, lifted_by = names
    state = AppealState(appeal.state)
    return AppealView(
        id=appeal.id,
        ticket=ticket.number,
        title=ticket.title,
        department=unit,
        measure=Measure(appeal.measure),
        state=state,
        reason=reason_words(rules, appeal.reason),
        statement=appeal.statement,
        basis=appeal.basis,
        asked_by=asked_by or unit,
        asked_at=appeal.asked_at,
        due_at=appeal.due_at,
        late=state.is_open and appeal.due_at <= now,
        first_by=first_by,
        first_at=appeal.first_at,
        first_words=appeal.first_words,
        second_by=second_by,
        second_at=appeal.second_at,
        second_words=appeal.second_words,
        exclusion=exclusion.id if exclusion else None,
        lifted_at=exclusion.lifted_at if exclusion else None,
        lifted_by=lifted_by,
        lifted_why=exclusion.lifted_why if exclusion else "",
        solved=Verdict(ticket.solved).label if ticket.solved else None,
        rating=Rating(ticket.rating).label if ticket.rating else None,
        mine=reader.role is Role.DEPARTMENT and reader.department_id == appeal.department_id,
    )
