"""督办答复: the unit's answer to an order, and the ruling on it by somebody else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.counting import limit_due
from dispatch.domain.errors import InvalidInput, NotFound, OwnRequest, RoleNotAllowed
from dispatch.domain.events import SupervisionAnswered, SupervisionRuled
from dispatch.domain.lifecycle import next_supervision
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import NoticeKind, SupervisionAct, SupervisionState
from dispatch.domain.vocabulary import Role
from dispatch.models.oversight import Supervision
from dispatch.models.tickets import Ticket
from dispatch.service import notices
from dispatch.service.change import locked
from dispatch.service.supervision import unit_name


def answer(
    session: Session,
    actor: Actor,
    number: str,
    *,
    words: str,
    expected: int | None = None,
    now: datetime,
) -> Supervision:
    """督办答复 by the unit that was ordered; the centre answers an order without a unit.

    Raises:
        RoleNotAllowed: the order is another unit's.
    """
    if not words.strip():
        raise InvalidInput("请写明落实情况：查明了什么、做了什么、何时完成", field="answer")
    row, ticket = _held(session, actor, number, SupervisionAct.ANSWER, expected)
    if row.department_id != actor.department_id:
        whose = unit_name(session, row.department_id) or "热线中心"
        raise RoleNotAllowed(f"{row.number} 由{whose}答复，您的单位不能代为答复")
    row.answer, row.answered_at, row.answered_by_id = words.strip(), now, actor.staff_id
    fact = SupervisionAnswered(
        at=now, ticket_id=ticket.id, supervision_id=row.id, number=row.number, note=row.answer
    )
    record(session, actor, fact, status=ticket.status)
    notices.tell(
        session,
        NoticeKind.SUPERVISION,
        f"督办 {row.number} 已答复，请认定（工单 {ticket.number}）",
        ticket_id=ticket.id,
        role=Role.SUPERVISOR,
        now=now,
    )
    return row


def accept(
    session: Session,
    actor: Actor,
    number: str,
    *,
    words: str = "",
    expected: int | None = None,
    now: datetime,
) -> Supervision:
    """认定: the answer is in order, and the order is done with."""
    row, ticket = _held(session, actor, number, SupervisionAct.ACCEPT, expected)
    _not_own_answer(row, actor)
    _finish(row, actor, words, now)
    _ruled(session, actor, ticket, row, accepted=True, reason=words.strip(), now=now)
    return row


def send_back(
    session: Session,
    actor: Actor,
    number: str,
    rules: Rules,
    *,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> Supervision:
    """退回: the answer does not do; the due time stays, with the redo's floor at least."""
    if not reason.strip():
        raise InvalidInput("请写明退回的原因，以便单位补充", field="reason")
    row, ticket = _held(session, actor, number, SupervisionAct.SEND_BACK, expected)
    _not_own_answer(row, actor)
    floor = limit_due(
        rules.profile.redo.at_least, rules.calendar.with_hours(rules.profile.hours), now
    )
    row.due_at, row.ruling = max(row.due_at, floor), reason.strip()
    _ruled(session, actor, ticket, row, accepted=False, reason=reason.strip(), now=now)
    return row


def cancel(
    session: Session,
    actor: Actor,
    number: str,
    *,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> Supervision:
    """撤销: only whoever issued the order, or the centre, and only with a reason.

    Raises:
        RoleNotAllowed: somebody else issued it.
    """
    if not reason.strip():
        raise InvalidInput("请写明撤销督办的原因", field="reason")
    row, ticket = _held(session, actor, number, SupervisionAct.CANCEL, expected)
    if actor.role is not Role.CENTER and row.issued_by_id != actor.staff_id:
        raise RoleNotAllowed("督办只能由下达人或热线中心撤销；如认为不当，请联系热线中心")
    _finish(row, actor, reason, now)
    _ruled(
        session, actor, ticket, row, accepted=False, reason=f"撤销督办：{reason.strip()}", now=now
    )
    return row


def _held(
    session: Session, actor: Actor, number: str, act: SupervisionAct, expected: int | None
) -> tuple[Supervision, Ticket]:
    """Lock the order's ticket, then the order, and take the step of the table."""
    about = select(Ticket.number).join(Supervision, Supervision.ticket_id == Ticket.id)
    found = session.scalar(about.where(Supervision.number == number))
    if found is None:
        raise NotFound(f"没有找到督办 {number}，或您无权查看")
    ticket = locked(session, actor, found, expected)
    row = session.scalars(
        select(Supervision)
        .where(Supervision.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    row.state = next_supervision(SupervisionState(row.state), act, actor.role).value
    ticket.version += 1
    return row, ticket


def _not_own_answer(row: Supervision, actor: Actor) -> None:
    if actor.staff_id is not None and row.answered_by_id == actor.staff_id:
        raise OwnRequest(f"{row.number} 的答复是您提交的，须由另一位同事认定")


def _finish(row: Supervision, actor: Actor, words: str, now: datetime) -> None:
    row.ruling, row.closed_at, row.closed_by_id = words.strip(), now, actor.staff_id


def _ruled(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    row: Supervision,
    *,
    accepted: bool,
    reason: str,
    now: datetime,
) -> None:
    fact = SupervisionRuled(
        at=now,
        ticket_id=ticket.id,
        supervision_id=row.id,
        number=row.number,
        accepted=accepted,
        reason=reason,
    )
    record(session, actor, fact, status=ticket.status)
    said = "已认定办结" if accepted else f"{SupervisionState(row.state).label}：{reason}"
    if row.department_id is not None:
        notices.tell(
            session,
            NoticeKind.SUPERVISION,
            f"督办 {row.number} {said}（工单 {ticket.number}）",
            ticket_id=ticket.id,
            department_id=row.department_id,
            now=now,
        )
