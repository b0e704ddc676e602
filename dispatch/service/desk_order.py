"""In what order a desk's lists stand, and how a page says where the next one begins."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, select, tuple_

from dispatch.db import UtcDateTime
from dispatch.domain.errors import InvalidInput
from dispatch.domain.judging_terms import ReviewState
from dispatch.domain.vocabulary import Part, Urgency
from dispatch.models.followups import FollowUp
from dispatch.models.judging import Review
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import followup_rows
from dispatch.service.desk_tabs import Order

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def sort_keys(order: Order) -> tuple[Any, ...]:
    """The columns that decide, the most important first; none is ever NULL.

    All ascend, but the newest tickets come by descending id, which the primary key gives away.
    """
    never = literal(NEVER, UtcDateTime())
    if order is Order.WAITING:
        ranks = {Urgency.EMERGENCY.value: 0, Urgency.URGENT.value: 1}
        return case(ranks, value=Ticket.urgency, else_=2), Ticket.created_at, Ticket.id
    if order is Order.SIGNING:
        return func.coalesce(Ticket.acknowledge_by, Ticket.due_at, never), Ticket.id
    if order is Order.DEADLINE:
        return func.coalesce(Ticket.due_at, never), Ticket.id
    if order is Order.HELPING:
        first = (
            select(func.min(Assignment.due_at))
            .where(Assignment.ticket_id == Ticket.id, Assignment.part != Part.LEAD.value)
            .where(Assignment.ended_at.is_(None), Assignment.completed_at.is_(None))
            .correlate(Ticket)
            .scalar_subquery()
        )
        return func.coalesce(first, never, type_=UtcDateTime()), Ticket.id
    if order is Order.REVIEW:
        by = (
            select(func.min(Review.due_at))
            .where(Review.ticket_id == Ticket.id, Review.state == ReviewState.PENDING.value)
            .correlate(Ticket)
            .scalar_subquery()
        )
        return func.coalesce(by, never, type_=UtcDateTime()), Ticket.id
    if order is Order.CALLBACK:
        return func.coalesce(FollowUp.due_at, Ticket.created_at), Ticket.id
    return (Ticket.id,)


def order_by(order: Order) -> tuple[Any, ...]:
    """What a query is ordered by."""
    keys = sort_keys(order)
    return tuple(key.desc() for key in keys) if order is Order.NEWEST else keys


def comes_after(order: Order, cursor: str) -> ColumnElement[bool]:
    """The condition that a row stands behind the last row of the page before.

    Raises:
        InvalidInput: the cursor is none of ours.
    """
    keys = sort_keys(order)
    here, last = tuple_(*keys), tuple_(*_read_cursor(cursor, keys))
    return here < last if order is Order.NEWEST else here > last


def waiting_follow_up() -> ColumnElement[bool]:
    """Joins a ticket with its round's follow-up that waits or runs; there is at most one."""
    return and_(
        FollowUp.ticket_id == Ticket.id,
        FollowUp.round == Ticket.round,
        FollowUp.state.in_(followup_rows.OPEN),
    )


def write_cursor(values: Iterable[Any]) -> str:
    """Where the next page begins, from the sort keys of the last row."""
    return "~".join(v.isoformat() if isinstance(v, datetime) else str(v) for v in values)


def _read_cursor(cursor: str, keys: tuple[Any, ...]) -> list[ColumnElement[Any]]:
    parts = cursor.split("~")
    try:
        return [
            literal(datetime.fromisoformat(part), UtcDateTime())
            if isinstance(key.type, UtcDateTime)
            else literal(_whole(part))
            for part, key in zip(parts, keys, strict=True)
        ]
    except ValueError:
        raise InvalidInput("翻页位置无效，请从第一页看起") from None


def _whole(part: str) -> int:
    number = int(part)
    if abs(number) >= 2**62:
        raise ValueError(part)
    return number
