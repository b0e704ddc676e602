"""Recounting the clocks of open tickets for a changed rule: in batches, once, and back again.

Only clocks that run are touched: a closed ticket keeps the rules it was handled by, a held one
goes on standing still. Every batch commits by itself; where the last one ended is kept with the
version, so a restart goes on from there and two processes share the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select

from dispatch.bus import hold, record
from dispatch.db import Session
from dispatch.domain.events import ClockMoved
from dispatch.domain.people import SYSTEM
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ClockChangeKind, NoticeKind, PolicyPart
from dispatch.domain.worktime import local
from dispatch.models.handling import ClockChange
from dispatch.models.oversight import PolicyVersion
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import notices
from dispatch.service.clock_changes import take_back, write_change
from dispatch.service.recount import Base, base_of, changes_by_share, changes_of
from dispatch.service.rule_base import Words, base_by

BATCH = 100
SETTLED = timedelta(seconds=10)
"""After this long every process counts new dispatches by the new version already."""


def running(now: datetime) -> ColumnElement[bool]:
    """Shares whose clock runs: not ended, not replied to, not held."""
    awake = or_(Assignment.held_until.is_(None), Assignment.held_until <= now)
    return Assignment.ended_at.is_(None) & Assignment.completed_at.is_(None) & awake


def apply_next(session: Session, rules: Rules, *, now: datetime, batch: int = BATCH) -> bool:
    """Recount one batch for the oldest version that waits; False when nothing is left to do."""
    version = session.scalar(
        select(PolicyVersion)
        .where(PolicyVersion.applied_at.is_(None), PolicyVersion.withdrawn_at.is_(None))
        .where(PolicyVersion.effective_from <= now - SETTLED)
        .order_by(PolicyVersion.effective_from, PolicyVersion.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if version is None:
        return _go_back(session, rules, now, batch)
    shares = _batch(session, version, now, batch) if version.open_too else []
    if not shares:
        version.applied_at = now
        return True
    tickets, words = _locked(session, shares), Words.read(session)
    changes = changes_by_share(session, shares)
    for share in shares:
        ticket, rows = tickets[share.ticket_id], changes[share.id]
        if _recount(session, ticket, share, rows, version, rules, words, now):
            version.moved += 1
    version.recounted += len(shares)
    version.recounted_to = shares[-1].id
    return True


def differs(old: Base, new: Base, share: Assignment) -> bool:
    """Whether a changed rule moves anything that somebody waits for."""
    signing = share.acknowledged_at is None and old.acknowledge_by != new.acknowledge_by
    return old.due_at != new.due_at or old.interim_by != new.interim_by or signing


def _batch(
    session: Session, version: PolicyVersion, now: datetime, batch: int
) -> Sequence[Assignment]:
    rows = select(Assignment).where(running(now), Assignment.id > version.recounted_to)
    return session.scalars(rows.order_by(Assignment.id).limit(batch)).all()


def _locked(session: Session, shares: Sequence[Assignment]) -> dict[int, Ticket]:
    tickets = session.scalars(
        select(Ticket)
        .where(Ticket.id.in_({share.ticket_id for share in shares}))
        .order_by(Ticket.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {ticket.id: ticket for ticket in tickets}
    for ticket in found.values():
        hold(session, ticket)
    # Somebody may have replied while a ticket's lock was awaited.
    session.execute(
        select(Assignment)
        .where(Assignment.id.in_({share.id for share in shares}))
        .execution_options(populate_existing=True)
    ).all()
    return found


def _recount(
    session: Session,
    ticket: Ticket,
    share: Assignment,
    rows: Sequence[ClockChange],
    version: PolicyVersion,
    rules: Rules,
    words: Words,
    now: datetime,
) -> bool:
    if share.ended_at is not None or share.completed_at is not None or share.due_at is None:
        return False
    old = base_of(share, rows)
    new = base_by(session, ticket, share, old, rules, words)
    if not differs(old, new, share):
        return False
    due, why = share.due_at, _why(version, share, rules)
    calendar = version.part == PolicyPart.CALENDAR.value
    row = ClockChange(
        ticket_id=ticket.id,
        assignment_id=share.id,
        kind=(ClockChangeKind.CALENDAR if calendar else ClockChangeKind.POLICY).value,
        at=now,
        why=why,
        version_id=version.id,
        base={"after": new.kept},
    )
    write_change(session, ticket, share, row, rows, rules=rules, actor=SYSTEM, now=now)
    _tell_unit(session, ticket, share, due, why, now)
    return True


def _go_back(session: Session, rules: Rules, now: datetime, batch: int) -> bool:
    """Take back what a withdrawn version did to clocks that still run."""
    rows = session.scalars(
        select(ClockChange)
        .join(PolicyVersion, PolicyVersion.id == ClockChange.version_id)
        .join(Assignment, Assignment.id == ClockChange.assignment_id)
        .where(PolicyVersion.withdrawn_at <= now - SETTLED)
        .where(ClockChange.undone_at.is_(None), running(now))
        .order_by(ClockChange.assignment_id, ClockChange.id)
        .limit(batch)
    ).all()
    shares = [session.get_one(Assignment, row.assignment_id) for row in rows]
    tickets = _locked(session, shares)
    for row, share in zip(rows, shares, strict=True):
        session.refresh(row)
        if row.undone_at is None:
            _undo(session, tickets[row.ticket_id], share, row, rules, now)
    return bool(rows)


def _undo(
    session: Session,
    ticket: Ticket,
    share: Assignment,
    row: ClockChange,
    rules: Rules,
    now: datetime,
) -> None:
    old = share.due_at
    take_back(ticket, share, row, changes_of(session, share), rules, now=now)
    if share.due_at == old:
        return
    why = f"撤回：{row.why}"
    fact = ClockMoved(
        at=now,
        ticket_id=ticket.id,
        department_id=share.department_id,
        change=row.kind,
        old_due_at=old,
        new_due_at=share.due_at,
        reason=why,
    )
    record(session, SYSTEM, fact, status=ticket.status)
    _tell_unit(session, ticket, share, old, why, now)


def _why(version: PolicyVersion, share: Assignment, rules: Rules) -> str:
    if version.part == PolicyPart.CALENDAR.value:
        new = rules.calendar.version
        return f"工作日历 {share.calendar_version or '（未记录）'} 改为 {new}：{version.note}"
    since = f"{local(version.effective_from):%Y-%m-%d %H:%M}"
    return f"规则方案改为“{version.label}”（{since} 起生效）：{version.note}"


def _tell_unit(
    session: Session,
    ticket: Ticket,
    share: Assignment,
    old: datetime | None,
    why: str,
    now: datetime,
) -> None:
    if old is None or share.due_at is None:
        return
    words = (
        f"工单 {ticket.number} 的办理时限由 {local(old):%Y-%m-%d %H:%M} 改为 "
        f"{local(share.due_at):%Y-%m-%d %H:%M}。{why}"
    )
    notices.tell(
        session,
        NoticeKind.RECLOCKED,
        words,
        ticket_id=ticket.id,
        department_id=share.department_id,
        now=now,
    )
