"""A ticket's story: its history in words and the attempts to ask the requester."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.events import FACTS
from dispatch.domain.vocabulary import (
    Disposition,
    FollowUpMethod,
    FollowUpState,
    Rating,
    Verdict,
)
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import TicketEvent

RESULTS = {
    "completed": "两问都已作答",
    "partial": "只答了一问",
    "no_answer": "无人接听",
    "busy": "占线",
    "failed": "呼叫失败",
    "hung_up": "接通后挂断",
    "silent": "接通但没有按键",
}


@dataclass(frozen=True)
class TimelineEntry:
    """One fact of the history in words."""

    id: int
    at: datetime
    kind: str
    label: str
    actor: str
    text: str


@dataclass(frozen=True)
class FollowUpView:
    """One attempt to ask the requester."""

    id: int
    attempt: int
    round: int
    method: FollowUpMethod
    state: FollowUpState
    due_at: datetime
    called_at: datetime | None
    ended_at: datetime | None
    result: str | None
    reached: bool
    solved: Verdict | None
    rating: Rating | None
    note: str


def timeline_of(session: Session, ticket_id: int) -> tuple[TimelineEntry, ...]:
    """The history of a ticket the caller has read with its reader's rights, oldest first."""
    rows = session.scalars(
        select(TicketEvent).where(TicketEvent.ticket_id == ticket_id).order_by(TicketEvent.id)
    )
    return tuple(
        TimelineEntry(
            id=row.id,
            at=row.at,
            kind=row.kind,
            label=FACTS[row.kind].label if row.kind in FACTS else row.kind,
            actor=row.actor_name,
            text=_words(row.kind, row.details),
        )
        for row in rows
    )


def _words(kind: str, details: dict[str, Any]) -> str:
    if kind in {"TicketDispatched", "TicketReassigned"}:
        parts = [f"交 {details.get('department', '')}", str(details.get("reason") or "")]
    elif kind == "TicketCompleted":
        parts = ["按时办结" if details.get("in_time") else "超期办结"]
    elif kind == "FollowUpAnswered":
        asked = "是否解决" if details.get("question") == "solved" else "是否满意"
        parts = [f"{asked}：{details.get('answer', '')}"]
    elif kind == "FollowUpEnded":
        parts = [RESULTS.get(str(details.get("result")), "")]
    elif kind == "TicketClosed":
        solved, rating = details.get("solved"), details.get("rating")
        parts = [Verdict(solved).label if solved else "", Rating(rating).label if rating else ""]
    elif kind == "ContactDisposed":
        parts = [Disposition(details["disposition"]).label, str(details.get("note") or "")]
    elif kind == "DeadlineBreached":
        parts = ["签收时限已过" if details.get("clock") == "sign" else "办理时限已过"]
    else:
        parts = [str(details.get("reason") or details.get("note") or "")]
    return "；".join(part for part in parts if part)


def follow_ups_of(
    session: Session, ticket_ids: Iterable[int]
) -> dict[int, tuple[FollowUpView, ...]]:
    """The attempts of tickets the caller has read with its reader's rights, oldest first."""
    rows = session.scalars(
        select(FollowUp).where(FollowUp.ticket_id.in_(list(ticket_ids))).order_by(FollowUp.id)
    )
    found: dict[int, tuple[FollowUpView, ...]] = {}
    for row in rows:
        found[row.ticket_id] = (*found.get(row.ticket_id, ()), _follow_up(row))
    return found


def _follow_up(row: FollowUp) -> FollowUpView:
    return FollowUpView(
        id=row.id,
        attempt=row.attempt,
        round=row.round,
        method=FollowUpMethod(row.method),
        state=FollowUpState(row.state),
        due_at=row.due_at,
        called_at=row.called_at,
        ended_at=row.ended_at,
        result=row.result,
        reached=row.reached,
        solved=Verdict(row.solved) if row.solved else None,
        rating=Rating(row.rating) if row.rating else None,
        note=row.note,
    )
