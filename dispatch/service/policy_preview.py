"""Before a version is loaded: which values it changes, and which open tickets by how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from dispatch.db import Session
from dispatch.domain.adjustments import adjusted
from dispatch.domain.calendar_years import YearPlan
from dispatch.domain.profile import PolicyProfile
from dispatch.domain.rules import Rules
from dispatch.domain.terms import PolicyPart
from dispatch.domain.worktime import local
from dispatch.models.handling import ClockChange
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.policy_recount import differs, running
from dispatch.service.recount import base_of, clock_from, counting
from dispatch.service.rule_base import Words, base_by
from dispatch.service.rulebook import Loaded, in_force, read_content, read_versions, rules_of

SHOWN = 200
LOOKED_AT = 20_000
"""A dry run looks at no more open clocks than this, the newest first, and says so."""
BATCH = 500


@dataclass(frozen=True)
class Moved:
    """One open clock that a version would move.

    `by` is working time, negative when earlier; `words` says how much, without the direction.
    """

    number: str
    unit: str
    old_due_at: datetime
    new_due_at: datetime
    by: timedelta
    overdue_at_once: bool
    words: str


@dataclass(frozen=True)
class DryRun:
    """What a version would do to open clocks; `moved` holds the widest moves, at most `SHOWN`."""

    content: PolicyProfile | YearPlan
    before: Rules
    after: Rules
    running: int
    looked_at: int
    held: int
    later: int
    earlier: int
    overdue_at_once: int
    moved: tuple[Moved, ...]

    @property
    def total(self) -> int:
        """How many would move."""
        return self.later + self.earlier


def dry_run(
    session: Session,
    shipped: Rules,
    part: PolicyPart,
    document: str,
    *,
    effective_from: datetime | None = None,
    now: datetime,
) -> DryRun:
    """Count every open clock by the document and by what would be in force without it.

    Nothing is written. Raises InvalidInput when the document has a mistake.
    """
    content = read_content(part, document)
    starts = max(effective_from or now, now)
    loaded = read_versions(session)
    newest = max((one.id for one in loaded), default=0) + 1
    before = rules_of(shipped, in_force(loaded, starts).values())
    candidate = Loaded(newest, part, starts, content)
    after = rules_of(shipped, in_force([*loaded, candidate], starts).values())
    moves = list(_moves(session, after, now))
    waiting = select(func.count(Assignment.id)).where(
        Assignment.ended_at.is_(None), Assignment.completed_at.is_(None)
    )
    awake = session.scalar(select(func.count(Assignment.id)).where(running(now))) or 0
    return DryRun(
        content=content,
        before=before,
        after=after,
        running=awake,
        looked_at=min(awake, LOOKED_AT),
        held=(session.scalar(waiting) or 0) - awake,
        later=sum(move.new_due_at > move.old_due_at for move in moves),
        earlier=sum(move.new_due_at < move.old_due_at for move in moves),
        overdue_at_once=sum(move.overdue_at_once for move in moves),
        moved=tuple(sorted(moves, key=lambda move: (-abs(move.by), move.number))[:SHOWN]),
    )


def _moves(session: Session, rules: Rules, now: datetime) -> Iterator[Moved]:
    """Due times that the rules would move, share by share, nothing written."""
    words, changed = Words.read(session), _changes(session, now)
    calendar = rules.calendar.with_hours(rules.profile.hours)
    rows = session.execute(
        select(Assignment, Ticket, Department.short_name)
        .join(Ticket, Ticket.id == Assignment.ticket_id)
        .join(Department, Department.id == Assignment.department_id)
        .where(running(now), Assignment.due_at.is_not(None))
        .order_by(Assignment.id.desc())
        .limit(LOOKED_AT)
        .execution_options(yield_per=BATCH)
    )
    for share, ticket, unit in rows:
        changes = changed.get(share.id, [])
        old = base_of(share, changes)
        new = base_by(session, ticket, share, old, rules, words)
        if share.due_at is None or not differs(old, new, share):
            continue
        counted = clock_from(share, new, rules)
        due = adjusted(rules.profile, rules.calendar, counted, counting(changes)).due_at
        if due == share.due_at:
            continue
        by = calendar.working_time_between(share.due_at, due)
        yield Moved(
            number=ticket.number,
            unit=unit,
            old_due_at=local(share.due_at),
            new_due_at=due,
            by=by,
            overdue_at_once=due <= now < share.due_at,
            words=_words(by, calendar.working_day_length),
        )


def _words(by: timedelta, day: timedelta) -> str:
    days, rest = divmod(abs(by), day)
    hours, minutes = divmod(rest // timedelta(minutes=1), 60)
    parts = ((days, "个工作日"), (hours, "小时"), (minutes, "分钟"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "不到 1 分钟"


def _changes(session: Session, now: datetime) -> dict[int, list[ClockChange]]:
    """The changes of every running clock, read at once."""
    rows = (
        select(ClockChange)
        .join(Assignment, Assignment.id == ClockChange.assignment_id)
        .where(running(now))
        .order_by(ClockChange.id)
    )
    found: dict[int, list[ClockChange]] = {}
    for row in session.scalars(rows):
        found.setdefault(row.assignment_id, []).append(row)
    return found
