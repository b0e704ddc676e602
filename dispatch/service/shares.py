"""What people do with supporting and lower units' shares: add, sign, reply, pass down, score."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, NotFound, PolicyError, RoleNotAllowed
from dispatch.domain.events import (
    ShareReplied,
    ShareScored,
    ShareSentBack,
    ShareSigned,
    SubDispatched,
)
from dispatch.domain.lifecycle import next_share
from dispatch.domain.limits import Limit
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ShareAct
from dispatch.domain.vocabulary import Action, Part, Role
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import avoidance, clocks, supporting
from dispatch.service.change import begin, department_of, locked, own_share, running_assignment
from dispatch.service.family import is_below
from dispatch.service.share_rows import add_share, end_share, state_of

MIN_REPLY = 4
BEST = 100


def add_supporting(
    session: Session,
    actor: Actor,
    number: str,
    department: str,
    rules: Rules,
    *,
    opinion: str = "",
    limit: str = "",
    expected: int | None = None,
    now: datetime,
) -> Assignment:
    """增加协办: another unit helps the lead unit; `limit` is such as "2 working_day".

    Raises:
        AccusedUnit: the unit must stay away from the ticket.
        InvalidInput: it has a share already, or the limit is none.
    """
    ticket, _ = begin(session, actor, number, Action.ADD_SUPPORTING, expected)
    lead = _lead(session, ticket)
    unit = department_of(session, department)
    return supporting.join(
        session,
        actor,
        ticket,
        lead,
        unit,
        rules,
        opinion=opinion,
        limit=_limit(limit),
        now=now,
    )


def sub_dispatch(
    session: Session,
    actor: Actor,
    number: str,
    department: str,
    rules: Rules,
    *,
    opinion: str,
    expected: int | None = None,
    now: datetime,
) -> Assignment:
    """下派: a unit passes its work to a unit under it, with a part of the time it has left.

    Raises:
        InvalidInput: the unit is not under the actor's, or has a share already.
        AccusedUnit: it must stay away from the ticket.
    """
    if not opinion.strip():
        raise InvalidInput("请写明要下级单位做什么", field="opinion")
    ticket, parent = _own_for_sub_dispatch(session, actor, number, expected)
    unit = department_of(session, department)
    if not is_below(session, unit.id, parent.department_id):
        raise InvalidInput(
            f"{unit.name}不是本单位的下级单位，不能下派；需要其他单位配合的，请热线中心增加协办",
            field="department",
        )
    avoidance.check(session, ticket, unit)
    own = clocks.dispatch_clock(session, ticket, unit, rules, start=now)
    clock = clocks.lower_clock(own, parent, rules)
    share = add_share(
        session, actor, ticket, parent, unit, Part.SUB, clock, rules, opinion=opinion, now=now
    )
    fact = SubDispatched(
        at=now,
        ticket_id=ticket.id,
        department_id=unit.id,
        department=unit.short_name,
        due_at=share.due_at,
        reason=opinion.strip(),
    )
    record(session, actor, fact, status=ticket.status)
    return share


def sign_share(
    session: Session, actor: Actor, number: str, *, expected: int | None = None, now: datetime
) -> Assignment:
    """签收协办: a supporting or lower unit signs for its own share."""
    ticket, share = _own_helping(session, actor, number, ShareAct.SIGN, expected)
    share.acknowledged_at, share.acknowledged_by_id = now, actor.staff_id
    unit = session.get_one(Department, share.department_id)
    fact = ShareSigned(
        at=now, ticket_id=ticket.id, department_id=unit.id, department=unit.short_name
    )
    record(session, actor, fact, status=ticket.status)
    return share


def reply_share(
    session: Session,
    actor: Actor,
    number: str,
    *,
    reply: str,
    internal_note: str = "",
    expected: int | None = None,
    now: datetime,
) -> Assignment:
    """答复协办: the unit says what it found and did; the unit above it makes the answer of it."""
    if len(reply.strip()) < MIN_REPLY:
        raise InvalidInput("请写明本单位查明的情况和处理结果，供主办单位汇总答复", field="reply")
    ticket, share = _own_helping(session, actor, number, ShareAct.REPLY, expected)
    share.completed_at, share.replied_by_id = now, actor.staff_id
    share.public_reply, share.internal_note = reply.strip(), internal_note.strip()
    unit = session.get_one(Department, share.department_id)
    fact = ShareReplied(
        at=now,
        ticket_id=ticket.id,
        department_id=unit.id,
        department=unit.short_name,
        in_time=share.due_at is None or now <= share.due_at,
    )
    record(session, actor, fact, status=ticket.status)
    return share


def reject_share(
    session: Session,
    actor: Actor,
    number: str,
    share_id: int,
    *,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> Assignment:
    """退回协办答复: the reply does not suffice; the share's first clock goes on running."""
    if not reason.strip():
        raise InvalidInput("请写明要补充什么", field="reason")
    ticket, share = _named(session, actor, number, share_id, ShareAct.REJECT, expected)
    share.completed_at = None
    unit = session.get_one(Department, share.department_id)
    fact = ShareSentBack(
        at=now,
        ticket_id=ticket.id,
        department_id=unit.id,
        department=unit.short_name,
        reason=reason.strip(),
    )
    record(session, actor, fact, status=ticket.status)
    return share


def withdraw_share(
    session: Session,
    actor: Actor,
    number: str,
    share_id: int,
    *,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> Assignment:
    """收回协办: the help is not needed any more; what lower units still do for it ends too."""
    if not reason.strip():
        raise InvalidInput("请写明收回的原因", field="reason")
    _, share = _named(session, actor, number, share_id, ShareAct.WITHDRAW, expected)
    end_share(session, actor, share, reason.strip(), now=now)
    return share


def score_share(
    session: Session,
    actor: Actor,
    number: str,
    share_id: int,
    *,
    score: int,
    expected: int | None = None,
    now: datetime,
) -> Assignment:
    """办理评分: the centre says how well a unit did its share, from 0 to 100.

    Raises:
        InvalidInput: not such a number, or the unit has given no reply to be scored.
    """
    if not 0 <= score <= BEST:
        raise InvalidInput(f"评分应是 0 到 {BEST} 的整数", field="score")
    ticket, share = _named(session, actor, number, share_id, ShareAct.SCORE, expected)
    if share.completed_at is None:
        raise InvalidInput("这个单位没有答复，不能评分", field="score")
    share.score = score
    unit = session.get_one(Department, share.department_id)
    fact = ShareScored(
        at=now,
        ticket_id=ticket.id,
        department_id=unit.id,
        department=unit.short_name,
        score=score,
    )
    record(session, actor, fact, status=ticket.status)
    return share


def _own_for_sub_dispatch(
    session: Session, actor: Actor, number: str, expected: int | None
) -> tuple[Ticket, Assignment]:
    """The share the actor's unit passes down: of the whole ticket, or of its own part."""
    ticket = locked(session, actor, number, expected)
    lead = running_assignment(session, ticket)
    if lead is not None and lead.department_id == actor.department_id:
        ticket, _ = begin(session, actor, number, Action.SUB_DISPATCH, expected)
        return ticket, own_share(session, actor, ticket)
    return _own_helping(session, actor, number, ShareAct.PASS_DOWN, expected)


def _own_helping(
    session: Session, actor: Actor, number: str, act: ShareAct, expected: int | None
) -> tuple[Ticket, Assignment]:
    """The running share of the actor's own unit, when the table allows the act.

    Raises:
        RoleNotAllowed: the actor's unit helps with this ticket no more, or never did.
    """
    ticket = locked(session, actor, number, expected)
    share = session.scalar(
        select(Assignment)
        .where(Assignment.ticket_id == ticket.id, Assignment.part != Part.LEAD.value)
        .where(Assignment.department_id == actor.department_id)
        .order_by(Assignment.ended_at.is_not(None), Assignment.id.desc())
        .limit(1)
    )
    if share is None:
        raise RoleNotAllowed("这张工单没有交给您的单位协办，不能办理")
    next_share(state_of(share), act, actor.role)
    ticket.version += 1
    return ticket, share


def _named(
    session: Session, actor: Actor, number: str, share_id: int, act: ShareAct, expected: int | None
) -> tuple[Ticket, Assignment]:
    """A share named by its id, when the actor stands above it and the table allows the act."""
    ticket = locked(session, actor, number, expected)
    share = session.get(Assignment, share_id)
    helps = share is not None and (share.part != Part.LEAD.value or act is ShareAct.SCORE)
    if share is None or share.ticket_id != ticket.id or not helps:
        raise NotFound("没有找到这一份协办")
    chosen_by_centre = share.part == Part.SUPPORTING.value and act is ShareAct.WITHDRAW
    if actor.role is Role.DEPARTMENT and (chosen_by_centre or not _above(session, actor, share)):
        raise RoleNotAllowed("只有交办这一份的单位和热线中心可以这样操作")
    next_share(state_of(share), act, actor.role)
    ticket.version += 1
    return ticket, share


def _above(session: Session, actor: Actor, share: Assignment) -> bool:
    """Whether the actor's unit passed the share down. Who helps at all is the centre's to say."""
    parent = session.get(Assignment, share.parent_id) if share.parent_id else None
    return (
        parent is not None
        and parent.department_id == actor.department_id
        and parent.ended_at is None
    )


def _lead(session: Session, ticket: Ticket) -> Assignment:
    lead = running_assignment(session, ticket)
    if lead is None:
        raise InvalidInput("工单还没有主办单位，请先派单")
    return lead


def _limit(text: str) -> Limit | None:
    if not text.strip():
        return None
    try:
        return Limit.parse(text)
    except PolicyError as problem:
        raise InvalidInput(str(problem), field="limit") from problem
