"""Changes of a running clock: extension, hold, resumption, commitment; each can be taken back.

Who may ask and who rules is decided where applications are; here a change is written down, the
due time counted anew, and the move told in the history. The caller holds the ticket's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.adjustments import Hold
from dispatch.domain.errors import ActionNotAllowed, CannotUndo, InvalidInput
from dispatch.domain.events import ClockMoved
from dispatch.domain.limits import Limit
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ClockChangeKind
from dispatch.domain.worktime import local
from dispatch.models.handling import ClockChange
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.recount import Base, changes_of, counting, marks_of, settle


def add_change(
    session: Session,
    ticket: Ticket,
    share: Assignment,
    *,
    kind: ClockChangeKind,
    limit: Limit | None = None,
    held_from: datetime | None = None,
    held_to: datetime | None = None,
    until: datetime | None = None,
    application_id: int | None = None,
    why: str,
    rules: Rules,
    actor: Actor,
    now: datetime,
) -> ClockChange:
    """Move a share's clock: an extension by `limit`, a hold, or a commitment `until` a date.

    The due time is counted anew from the first count and everything that counts; the old one is
    kept in the row, and what was promised to the requester never moves.

    Raises:
        InvalidInput: the change lacks what its kind needs, or the hold ends before it begins.
    """
    _check(kind, limit, held_from, held_to, until)
    row = ClockChange(
        ticket_id=ticket.id,
        assignment_id=share.id,
        application_id=application_id,
        kind=kind.value,
        at=now,
        limit=f"{limit.amount} {limit.unit.value}" if limit else None,
        held_from=held_from,
        held_to=held_to,
        until=until,
        why=why.strip(),
    )
    return _write(session, ticket, share, row, rules, actor, now)


def resume(
    session: Session,
    ticket: Ticket,
    share: Assignment,
    *,
    why: str,
    rules: Rules,
    actor: Actor,
    now: datetime,
) -> ClockChange:
    """恢复计时: end the hold in force now; the clock goes on with what was left.

    Raises:
        ActionNotAllowed: the clock runs already.
    """
    if not _held(session, share, now):
        raise ActionNotAllowed("这张工单的时限没有挂起，正在计时，无需恢复")
    row = ClockChange(
        ticket_id=ticket.id,
        assignment_id=share.id,
        kind=ClockChangeKind.RESUME.value,
        at=now,
        held_to=now,
        why=why.strip(),
    )
    return _write(session, ticket, share, row, rules, actor, now)


def undo_change(
    session: Session,
    ticket: Ticket,
    share: Assignment,
    change: ClockChange,
    *,
    why: str,
    rules: Rules,
    actor: Actor,
    now: datetime,
) -> None:
    """Take a change back: the clock is what it would be without it.

    Raises:
        CannotUndo: it was taken back before.
    """
    if change.undone_at is not None:
        kind = ClockChangeKind(change.kind).label
        raise CannotUndo(f"这项{kind}已在 {local(change.undone_at):%Y-%m-%d %H:%M} 撤销")
    old = share.due_at
    take_back(ticket, share, change, changes_of(session, share), rules, now=now)
    _tell(session, ticket, share, change.kind, old, f"撤销：{why.strip()}", actor, now)


def take_back(
    ticket: Ticket,
    share: Assignment,
    change: ClockChange,
    rows: Sequence[ClockChange],
    rules: Rules,
    *,
    now: datetime,
) -> None:
    """Let one of a clock's changes count no more.

    A mark it had taken off is put back, and not given a second time.
    """
    change.undone_at = now
    settle(ticket, share, rows, rules, now=now, marks=(change.base or {}).get("marks"))


def write_change(
    session: Session,
    ticket: Ticket,
    share: Assignment,
    row: ClockChange,
    rows: Sequence[ClockChange],
    *,
    rules: Rules,
    actor: Actor,
    now: datetime,
) -> None:
    """Add a change to the `rows` there are: keep the due times, count anew, and tell of it."""
    kept: dict[str, Any] = {"marks": marks_of(share)}
    if not rows:
        kept["before"] = Base.of(share).kept
    row.base = kept | (row.base or {})
    row.old_due_at = share.due_at
    session.add(row)
    settle(ticket, share, [*rows, row], rules, now=now)
    row.new_due_at = share.due_at
    _tell(session, ticket, share, row.kind, row.old_due_at, row.why, actor, now)


def _write(
    session: Session,
    ticket: Ticket,
    share: Assignment,
    row: ClockChange,
    rules: Rules,
    actor: Actor,
    now: datetime,
) -> ClockChange:
    rows = changes_of(session, share)
    write_change(session, ticket, share, row, rows, rules=rules, actor=actor, now=now)
    session.flush()
    return row


def _held(session: Session, share: Assignment, now: datetime) -> bool:
    changes = counting(changes_of(session, share))
    return any(isinstance(c, Hold) and c.since <= now < c.until for c in changes)


def _check(
    kind: ClockChangeKind,
    limit: Limit | None,
    held_from: datetime | None,
    held_to: datetime | None,
    until: datetime | None,
) -> None:
    if kind is ClockChangeKind.EXTENSION and limit is None:
        raise InvalidInput("请写明延期多长，例如“5 个工作日”", field="limit")
    if kind is ClockChangeKind.COMMITMENT and until is None:
        raise InvalidInput("请写明承诺办结的日期", field="until")
    if kind is not ClockChangeKind.HOLD:
        return
    if held_from is None or held_to is None:
        raise InvalidInput("请写明挂起从什么时候到什么时候", field="until")
    if held_to <= held_from:
        raise InvalidInput("挂起的结束时间应晚于开始时间", field="until")


def _tell(
    session: Session,
    ticket: Ticket,
    share: Assignment,
    kind: str,
    old: datetime | None,
    why: str,
    actor: Actor,
    now: datetime,
) -> None:
    fact = ClockMoved(
        at=now,
        ticket_id=ticket.id,
        department_id=share.department_id,
        change=kind,
        old_due_at=old,
        new_due_at=share.due_at,
        reason=why,
    )
    record(session, actor, fact, status=ticket.status)
