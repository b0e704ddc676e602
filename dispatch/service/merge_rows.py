"""Rows of merged tickets: which wait for a main ticket's answer, and how many people that is."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, or_, select

from dispatch.db import Session
from dispatch.domain.lifecycle import STEPS
from dispatch.domain.vocabulary import Action, Status
from dispatch.models.tickets import Ticket
from dispatch.models.ties import TicketMerge

_WAITING = (TicketMerge.undone_at.is_(None), TicketMerge.answered_at.is_(None))


def before_audit(status: Status) -> bool:
    """Whether the ticket's answer is still to come, so that others may wait for it."""
    return (status, Action.MERGE) in STEPS or status in {Status.APPROVAL, Status.COMPLETED}


def standing_merge(session: Session, child_id: int) -> TicketMerge | None:
    """The merge the ticket waits in; None when it is not merged, or answered already."""
    return session.scalar(select(TicketMerge).where(TicketMerge.child_id == child_id, *_WAITING))


def waiting_merges(session: Session, main_id: int) -> Sequence[TicketMerge]:
    """The merges whose callers wait for this ticket's answer, in the order they are locked."""
    return session.scalars(
        select(TicketMerge)
        .where(TicketMerge.main_id == main_id, *_WAITING)
        .order_by(TicketMerge.child_id)
    ).all()


def callers(session: Session, main: Ticket) -> int:
    """诉求人数: how many people this ticket is handled for, its own requester among them.

    The same telephone number is one person; a request without one is one each.
    """
    joined = select(TicketMerge.child_id).where(
        TicketMerge.main_id == main.id, TicketMerge.undone_at.is_(None)
    )
    count = func.count(func.distinct(Ticket.phone)) + func.count().filter(Ticket.phone.is_(None))
    found = session.scalar(select(count).where(or_(Ticket.id == main.id, Ticket.id.in_(joined))))
    return found or 1
