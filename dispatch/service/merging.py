"""并单: one event with many callers is one dispatch, and an answer for each of them.

The other tickets wait for the main one's answer (国办函〔2025〕66号: 重复诉求合并): their units are
done with them, their clocks stand in the merge's snapshot, and no figure of a unit counts them.
What such a unit had asked for lapses, and stays lapsed when the merge is undone.
When the centre passes the main ticket's reply, each caller gets it and is asked on his own.

What happens to the main ticket is what they wait for: while it is returned, reassigned, sent back
or reopened they go on waiting; when it is terminated they end with it, or, if only its own
requester was the reason, stand again as before. A caller who is not content starts a round of his
own, without the others.

Locks: the main ticket before those merged into it; a pair that is not merged yet by its ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import hold, record
from dispatch.db import Session
from dispatch.domain.errors import CannotUndo, HotlineError, InvalidInput
from dispatch.domain.events import (
    MergedAnswered,
    TicketJoined,
    TicketMerged,
    TicketTerminated,
    TicketUnmerged,
)
from dispatch.domain.lifecycle import next_status
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import AssignmentEnd
from dispatch.domain.vocabulary import Action, Status
from dispatch.models.tickets import Assignment, Ticket
from dispatch.models.ties import TicketMerge
from dispatch.service.access import ticket_for
from dispatch.service.application_rows import lapse
from dispatch.service.change import begin
from dispatch.service.followup_plan import ask_or_close
from dispatch.service.merge_checks import pair, require_fit
from dispatch.service.merge_rows import standing_merge, waiting_merges
from dispatch.service.snapshots import column_names, keep, put_back

_SUSPENDED = (
    "department_id",
    "dispatched_at",
    "acknowledge_by",
    "acknowledged_at",
    "first_contacted_at",
    "warn_at",
    "due_at",
    "warned_at",
    "breached_at",
    "promised_at",
    "interim_by",
    "interim_at",
    "committed_until",
    "held_until",
)
"""What a ticket has because it is with a unit: empty while another ticket is handled for it."""

_SHARE = column_names(Assignment, without=("id", "ticket_id"))


@dataclass
class MergedMany:
    """What became of a batch: the numbers merged, and a sentence for each that was not."""

    merged: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def merge(
    session: Session,
    actor: Actor,
    child_number: str,
    main_number: str,
    *,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """Let a ticket wait for the main one's answer; return it.

    The main ticket's version stays: who writes its reply is not interrupted by another caller.

    Raises:
        CannotMerge: the sentence says why, and what can be done instead.
    """
    if not reason.strip():
        raise InvalidInput("并单需要写明理由，例如：同一地点、同一时间的同一事件", field="reason")
    main, child = pair(session, actor, child_number, main_number)
    require_fit(session, child, main)
    child, target = begin(session, actor, child_number, Action.MERGE, expected)
    lapse(session, actor, child, f"工单已并入 {main.number}，申请自动失效", now)
    lapse(session, actor, child, f"工单已并入 {main_number}，申请自动失效", now)
    shares = _running_shares(session, child)
    before = {
        "ticket": keep(child, ("status", "merged_into_id", *_SUSPENDED)),
        "shares": {str(share.id): keep(share, _SHARE) for share in shares},
    }
    for share in shares:
        share.ended_at, share.ended_how = now, AssignmentEnd.MERGED.value
    for name in _SUSPENDED:
        setattr(child, name, None)
    child.merged_into_id = main.id
    child.status = target.value
    session.add(
        TicketMerge(
            main_id=main.id,
            child_id=child.id,
            merged_at=now,
            merged_by_id=actor.staff_id,
            reason=reason.strip(),
            before=before,
        )
    )
    merged = TicketMerged(at=now, ticket_id=child.id, main=main.number, reason=reason.strip())
    record(session, actor, merged, status=child.status)
    joined = TicketJoined(at=now, ticket_id=main.id, child=child.number, reason=reason.strip())
    record(session, actor, joined, status=main.status)
    session.flush()
    return child


def merge_many(
    session: Session,
    actor: Actor,
    child_numbers: Sequence[str],
    main_number: str,
    *,
    reason: str,
    now: datetime,
) -> MergedMany:
    """Merge several tickets into one; those that cannot be are named with the reason."""
    done = MergedMany()
    # In the order of their numbers, so that two batches do not wait for each other.
    for number in sorted(set(child_numbers)):
        try:
            with session.begin_nested():
                merge(session, actor, number, main_number, reason=reason, now=now)
        except HotlineError as refused:
            done.refused[number] = str(refused)
        else:
            done.merged.append(number)
    return done


def unmerge(
    session: Session,
    actor: Actor,
    child_number: str,
    *,
    reason: str,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """撤销并单: both tickets stand as before; the time in the merge counts.

    Raises:
        CannotUndo: the caller has had the main ticket's answer already.
    """
    if not reason.strip():
        raise InvalidInput("请写明撤销并单的理由", field="reason")
    child = ticket_for(session, actor, child_number)
    main = _lock(session, child.merged_into_id) if child.merged_into_id is not None else None
    row = standing_merge(session, child.id)
    if row is None and main is not None:
        raise CannotUndo(
            f"工单 {child_number} 已随主单 {main.number} 答复诉求人，不能再撤销并单；"
            "诉求人不满意的，回访后可以单独重办"
        )
    child, _ = begin(session, actor, child_number, Action.UNMERGE, expected)
    if row is None or main is None:
        raise CannotUndo(f"工单 {child_number} 没有并入其他工单")
    _restore(session, actor, child, main, row, reason.strip(), now)
    return child


def answer_children(
    session: Session, actor: Actor, main: Ticket, rules: Rules, now: datetime
) -> int:
    """Give the main ticket's answer to every caller merged into it; return how many.

    Each is asked on his own whether it is solved, or closed when he wanted no reply.
    """
    rows = waiting_merges(session, main.id)
    for row in rows:
        child = _lock(session, row.child_id)
        target = next_status(Status(child.status), Action.ANSWER_MERGED, actor.role)
        child.version += 1
        child.public_reply = main.public_reply
        child.audited_at = row.answered_at = now
        child.status = target.value
        fact = MergedAnswered(at=now, ticket_id=child.id, main=main.number)
        record(session, actor, fact, status=child.status)
        ask_or_close(session, child, rules, now)
    return len(rows)


def end_children(
    session: Session, actor: Actor, main: Ticket, *, reason: str, now: datetime
) -> int:
    """随主单终止: the matter itself ended, for every caller of it; return how many."""
    rows = waiting_merges(session, main.id)
    for row in rows:
        child = _lock(session, row.child_id)
        target = next_status(Status(child.status), Action.END_MERGED, actor.role)
        child.version += 1
        child.status = target.value
        child.closed_at = row.answered_at = now
        fact = TicketTerminated(at=now, ticket_id=child.id, reason=reason)
        record(session, actor, fact, status=child.status)
    return len(rows)


def release_children(
    session: Session, actor: Actor, main: Ticket, *, reason: str, now: datetime
) -> int:
    """Only the main ticket's own requester gave it up: the others stand again as before."""
    rows = waiting_merges(session, main.id)
    for row in rows:
        child = _lock(session, row.child_id)
        child.version += 1
        _restore(session, actor, child, main, row, reason, now)
    return len(rows)


def _restore(
    session: Session,
    actor: Actor,
    child: Ticket,
    main: Ticket,
    row: TicketMerge,
    reason: str,
    now: datetime,
) -> None:
    put_back(child, row.before["ticket"])
    for share_id, kept in row.before["shares"].items():
        put_back(session.get_one(Assignment, int(share_id)), kept)
    row.undone_at, row.undone_by_id = now, actor.staff_id
    for ticket, other in ((child, main), (main, child)):
        fact = TicketUnmerged(at=now, ticket_id=ticket.id, other=other.number, reason=reason)
        record(session, actor, fact, status=ticket.status)
    session.flush()


def _running_shares(session: Session, ticket: Ticket) -> Sequence[Assignment]:
    return session.scalars(
        select(Assignment)
        .where(Assignment.ticket_id == ticket.id, Assignment.ended_at.is_(None))
        .order_by(Assignment.id)
    ).all()


def _lock(session: Session, ticket_id: int) -> Ticket:
    ticket = session.get_one(Ticket, ticket_id, with_for_update=True, populate_existing=True)
    hold(session, ticket)
    return ticket
