"""A ticket's story: its history in words and the attempts to ask the requester."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.calls import SurveyResult
from dispatch.domain.events import FACTS
from dispatch.domain.judging_terms import AppealState, Measure
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.terms import (
    ApplicationKind,
    AttachmentPart,
    ClockChangeKind,
    LinkKind,
    SupervisionLevel,
    SupervisionTrigger,
)
from dispatch.domain.vocabulary import (
    Disposition,
    FollowUpMethod,
    FollowUpState,
    Rating,
    Verdict,
)
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import TicketEvent

ASKED = {"solved": "是否解决", "satisfied": "是否满意"}
"""Questions of a follow-up whose answers do not say by themselves what was asked."""


OF_UNITS = frozenset(
    {
        *("SupportingAdded", "SubDispatched", "ShareSigned", "ShareReplied", "ShareSentBack"),
        *("ShareWithdrawn", "UnitAvoided", "AvoidanceLifted"),
    }
)
"""Facts about one unit among several, whose name says which."""


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
    contacted: bool | None
    reply_true: bool | None
    redo_wanted: bool
    comment: str
    asked_by: str
    """Who asked, when it was nobody of the hotline."""
    note: str

    @property
    def beside(self) -> str:
        """What was said beside the two grades, in words."""
        parts = []
        if self.contacted is not None:
            parts.append("单位联系过" if self.contacted else "单位没有联系")
        if self.reply_true is not None:
            parts.append("答复属实" if self.reply_true else "答复不属实")
        if self.redo_wanted:
            parts.append("请求重办")
        return "，".join(parts)


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
    elif kind == "ParticularsChanged":
        parts = [str(details.get("fields", "")), str(details.get("reason") or "")]
    elif kind == "AttachmentAdded":
        parts = [AttachmentPart(details["part"]).label]
    elif kind == "FollowUpAnswered":
        asked = ASKED.get(str(details.get("question")), "")
        parts = [f"{asked}：{details.get('answer', '')}" if asked else str(details.get("answer"))]
    elif kind == "ReviewOpened":
        due_at = to_the_minute(datetime.fromisoformat(details["due_at"]))
        parts = [f"应在 {due_at} 前复核"]
    elif kind == "ReviewDecided":
        late = "" if details.get("in_time", True) else "超期"
        decided = "退回重办" if details.get("redo") else "维持办理结果"
        parts = [decided, late, str(details.get("reason") or "")]
    elif kind == "FollowUpEnded":
        parts = [SurveyResult(details["result"]).label]
    elif kind == "TicketClosed":
        solved, rating = details.get("solved"), details.get("rating")
        parts = [Verdict(solved).label if solved else "", Rating(rating).label if rating else ""]
    elif kind == "ContactDisposed":
        parts = [Disposition(details["disposition"]).label, str(details.get("note") or "")]
    elif "application" in details:
        said = details.get("ruling") or details.get("reason")
        parts = [ApplicationKind(details["application"]).label, str(said or "")]
    elif kind == "ClockMoved":
        parts = [ClockChangeKind(details["change"]).label, _from_to(details)]
        parts.append(str(details.get("reason") or ""))
    elif (other := details.get("main") or details.get("child") or details.get("other")) is not None:
        tie = LinkKind(details["link"]).label if details.get("link") else ""
        parts = [str(other), tie, str(details.get("reason") or "")]
    elif kind.startswith("Supervision"):
        parts = _supervised(kind, details)
    elif kind in {"AppealChanged", "ExclusionLifted"}:
        state = details.get("state")
        parts = [Measure(details["measure"]).label, AppealState(state).label if state else ""]
        parts.append(str(details.get("reason") or ""))
    elif kind == "ShareScored":
        parts = [f"{details.get('department', '')} {details.get('score')} 分"]
    elif kind in OF_UNITS:
        late = "超过协办时限" if details.get("in_time") is False else ""
        parts = [str(details.get("department", "")), late, str(details.get("reason") or "")]
    elif kind == "DeadlineBreached":
        parts = ["签收时限已过" if details.get("clock") == "sign" else "办理时限已过"]
    else:
        parts = [str(details.get("reason") or details.get("note") or "")]
    return "；".join(part for part in parts if part)


def _supervised(kind: str, details: dict[str, Any]) -> list[str]:
    """What happened to a supervision order, with its number first."""
    parts = [str(details.get("number", ""))]
    if kind == "SupervisionIssued":
        parts.append(SupervisionLevel(details["level"]).label)
        parts.append(SupervisionTrigger(details["trigger"]).label)
        parts.append(f"限 {to_the_minute(datetime.fromisoformat(details['due_at']))} 前答复")
    elif kind == "SupervisionRuled":
        parts.append("认定办结" if details.get("accepted") else "")
    elif kind == "SupervisionBreached":
        parts.append("逾期未答复")
    return [*parts, str(details.get("reason") or details.get("note") or "")]


def _from_to(details: dict[str, Any]) -> str:
    old, new = (
        to_the_minute(datetime.fromisoformat(moment) if moment else None)
        for moment in (details.get("old_due_at"), details.get("new_due_at"))
    )
    return f"由 {old} 改为 {new}" if old != new else f"仍为 {new}"


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
        contacted=row.contacted,
        reply_true=row.reply_true,
        redo_wanted=row.redo_wanted,
        comment=row.comment,
        asked_by=row.asked_by,
        note=row.note,
    )
