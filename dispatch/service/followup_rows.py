"""The attempts to ask about one ticket: which is open, locking them, adding and dropping."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from dispatch.bus import hold
from dispatch.db import Session
from dispatch.domain.calls import SurveyResult
from dispatch.domain.errors import ActionNotAllowed, NotFound
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import FollowUpMethod, FollowUpState
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import Ticket

OPEN = (FollowUpState.PENDING.value, FollowUpState.CALLING.value, FollowUpState.SENT.value)
"""States of an attempt from which an answer may still come; a ticket has at most one such."""


def open_row(session: Session, ticket: Ticket) -> FollowUp | None:
    """The attempt of the ticket's round that waits, runs, or waits for its link to be used."""
    return session.scalar(
        select(FollowUp).where(
            FollowUp.ticket_id == ticket.id,
            FollowUp.round == ticket.round,
            FollowUp.state.in_(OPEN),
        )
    )


def lock(session: Session, follow_up_id: int) -> tuple[Ticket, FollowUp]:
    """Lock the attempt's ticket, then the attempt, as everybody does, and read both anew.

    Raises:
        NotFound: there is no such attempt (a redo has dropped it).
    """
    session.flush()
    about = select(FollowUp.ticket_id).where(FollowUp.id == follow_up_id)
    if (ticket_id := session.scalar(about)) is None:
        raise NotFound("这次回访已经取消，请刷新后查看工单最新情况")
    ticket = session.get_one(Ticket, ticket_id, with_for_update=True, populate_existing=True)
    hold(session, ticket)
    row = session.get(FollowUp, follow_up_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("这次回访已经取消，请刷新后查看工单最新情况")
    return ticket, row


def add(
    session: Session,
    ticket: Ticket,
    method: FollowUpMethod,
    *,
    due_at: datetime,
    state: FollowUpState = FollowUpState.PENDING,
) -> FollowUp:
    """Add the round's next attempt; attempts are counted through, whatever their method."""
    earlier = select(func.count()).where(
        FollowUp.ticket_id == ticket.id, FollowUp.round == ticket.round
    )
    row = FollowUp(
        ticket_id=ticket.id,
        round=ticket.round,
        attempt=(session.scalar(earlier) or 0) + 1,
        method=method.value,
        state=state.value,
        due_at=due_at,
    )
    session.add(row)
    session.flush()
    return row


def waiting(session: Session, actor: Actor, ticket: Ticket) -> Sequence[FollowUp]:
    """Lock the ticket's open attempts for somebody who is about to judge it otherwise.

    Raises:
        ActionNotAllowed: the requester is on the line with the system, or with somebody else.
    """
    rows = session.scalars(
        select(FollowUp)
        .where(FollowUp.ticket_id == ticket.id, FollowUp.state.in_(OPEN))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        require_free(actor, row)
    return rows


def require_free(actor: Actor, row: FollowUp) -> None:
    """Refuse while the attempt is being made by anybody but this person.

    Raises:
        ActionNotAllowed: says who is on the line.
    """
    if row.state != FollowUpState.CALLING.value:
        return
    if row.method != FollowUpMethod.PERSON.value:
        raise ActionNotAllowed("系统正在呼叫诉求人，请等这次呼叫结束再登记")
    if row.asked_by_id is None or row.asked_by_id != actor.staff_id:
        raise ActionNotAllowed("另一位回访员正在回访这位诉求人，请换一件")


def drop(session: Session, rows: Sequence[FollowUp], now: datetime) -> None:
    """Give up attempts that nobody needs any more; a link that was sent leads nowhere then."""
    for row in rows:
        if row.state == FollowUpState.SENT.value:
            row.state, row.ended_at = FollowUpState.UNREACHED.value, now
            row.result = SurveyResult.EXPIRED.value
        else:
            session.delete(row)
    session.flush()
