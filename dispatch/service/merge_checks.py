"""Which tickets may be merged, and what is said when they may not."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.errors import AccusedUnit, CannotMerge
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Status
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import avoidance
from dispatch.service.access import ticket_for
from dispatch.service.merge_rows import before_audit, waiting_merges


def pair(
    session: Session, actor: Actor, child_number: str, main_number: str
) -> tuple[Ticket, Ticket]:
    """Main and child, both locked in the order of their ids, as this actor may see them."""
    if child_number == main_number:
        raise CannotMerge("不能把工单并入它自己，请填写主单的编号")
    main = ticket_for(session, actor, main_number)
    child = ticket_for(session, actor, child_number)
    _refuse_merged(session, child, main)
    first, second = sorted((main, child), key=lambda ticket: ticket.id)
    for ticket in (first, second):
        ticket_for(session, actor, ticket.number, for_update=True)
    _refuse_merged(session, child, main)
    return main, child


def _refuse_merged(session: Session, child: Ticket, main: Ticket) -> None:
    for ticket in (child, main):
        if ticket.status == Status.MERGED.value and ticket.merged_into_id is not None:
            above = session.get_one(Ticket, ticket.merged_into_id)
            if ticket is main:
                advice = f"请直接并入 {above.number}"
            else:
                advice = "请先撤销那次并单" if above.id != main.id else "不需要再并一次"
            raise CannotMerge(f"工单 {ticket.number} 已经并入 {above.number}；{advice}")


def require_fit(session: Session, child: Ticket, main: Ticket) -> None:
    """Refuse a merge that could not end in an answer for the child's caller.

    Raises:
        CannotMerge: the sentence says why, and what can be done instead.
    """
    if not before_audit(Status(main.status)):
        raise CannotMerge(
            f"工单 {main.number} 已是“{Status(main.status).label}”，不会再有答复可以告知诉求人；"
            "请把两张工单关联起来，这一张单独派单或当场告知结果"
        )
    waiting = len(waiting_merges(session, child.id))
    if waiting:
        raise CannotMerge(
            f"工单 {child.number} 自己是主单，有 {waiting} 张工单并入；"
            f"请反过来把 {main.number} 并入它，或先撤销那些并单"
        )
    if main.confidential and main.phone != child.phone:
        raise CannotMerge(
            f"工单 {main.number} 的诉求人要求保密，办理情况不能告知其他诉求人；"
            f"请反过来把它并入 {child.number}，或分开办理"
        )
    for unit in _units_of(session, main):
        try:
            avoidance.check(session, child, unit)
        except AccusedUnit as accused:
            raise CannotMerge(
                f"工单 {main.number} 在{unit.short_name}办理，不能并入 {child.number}：{accused}"
            ) from accused


def _units_of(session: Session, ticket: Ticket) -> Sequence[Department]:
    return session.scalars(
        select(Department)
        .join(Assignment, Assignment.department_id == Department.id)
        .where(Assignment.ticket_id == ticket.id, Assignment.ended_at.is_(None))
    ).all()
