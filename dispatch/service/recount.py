"""A share's clock counted anew: its first count, what a changed rule made of it, and its changes.

The first count is kept with the share's first change, and each changed rule keeps its own, so
that taking one back restores to the minute what was there before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.adjustments import (
    Change,
    Commitment,
    Extension,
    Hold,
    adjusted,
    committed,
)
from dispatch.domain.deadlines import Clock, ladder_at, moved, return_by
from dispatch.domain.limits import Evidence, Limit, LimitMeaning
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ClockChangeKind
from dispatch.domain.vocabulary import Part
from dispatch.domain.worktime import local
from dispatch.models.handling import ClockChange
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.clocks import mirror

RULE_CHANGES = frozenset({ClockChangeKind.CALENDAR.value, ClockChangeKind.POLICY.value})


@dataclass(frozen=True, kw_only=True)
class Base:
    """The count of a share's clock before any extension, hold or commitment."""

    started_at: datetime | None
    due_at: datetime
    acknowledge_by: datetime | None
    remind_at: datetime | None
    interim_by: datetime | None
    return_by: datetime | None
    limit: str
    clock_rule: str
    calendar_version: str

    @classmethod
    def of(cls, share: Assignment) -> Self:
        """The count a share shows; its first count when nothing has moved it yet."""
        return cls(**{field.name: getattr(share, field.name) for field in fields(cls)})

    @classmethod
    def counted(cls, clock: Clock, share: Assignment, rules: Rules) -> Self:
        """The count that the rules give this share."""
        return cls(
            started_at=clock.started_at,
            due_at=clock.due_at,
            acknowledge_by=clock.acknowledge_by,
            remind_at=clock.remind_at,
            interim_by=clock.interim_by,
            return_by=return_by(rules.profile, rules.calendar, share.dispatched_at),
            limit=f"{clock.limit.amount} {clock.limit.unit.value}",
            clock_rule=clock.rule,
            calendar_version=clock.calendar_version,
        )

    @classmethod
    def parse(cls, kept: dict[str, Any]) -> Self:
        """Read what `kept` wrote."""
        values: dict[str, Any] = {
            name: datetime.fromisoformat(value) if value and name in _MOMENTS else value
            for name, value in kept.items()
        }
        return cls(**values)

    @property
    def kept(self) -> dict[str, Any]:
        """The count as a row keeps it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}


_MOMENTS = frozenset(
    {"started_at", "due_at", "acknowledge_by", "remind_at", "interim_by", "return_by"}
)


def changes_of(session: Session, share: Assignment) -> list[ClockChange]:
    """Every change of a share's clock, oldest first, those taken back among them."""
    return changes_by_share(session, [share])[share.id]


def changes_by_share(
    session: Session, shares: Iterable[Assignment]
) -> dict[int, list[ClockChange]]:
    """The same for many shares, by their ids."""
    found: dict[int, list[ClockChange]] = {share.id: [] for share in shares}
    rows = select(ClockChange).where(ClockChange.assignment_id.in_(found))
    for row in session.scalars(rows.order_by(ClockChange.id)):
        found[row.assignment_id].append(row)
    return found


def base_of(share: Assignment, rows: Sequence[ClockChange]) -> Base:
    """The count the changes start from: the last changed rule that counts, else the first one."""
    for row in reversed(rows):
        if row.kind in RULE_CHANGES and row.undone_at is None and row.base:
            return Base.parse(row.base["after"])
    for row in rows:
        if row.base and "before" in row.base:
            return Base.parse(row.base["before"])
    return Base.of(share)


def counting(rows: Iterable[ClockChange]) -> list[Change]:
    """What moves the clock now: changes not taken back, holds as far as they lasted."""
    live = [row for row in rows if row.undone_at is None]
    resumed = [
        row.held_to for row in live if row.kind == ClockChangeKind.RESUME.value and row.held_to
    ]
    found: list[Change] = []
    for row in live:
        if row.kind == ClockChangeKind.EXTENSION.value and row.limit:
            found.append(Extension(Limit.parse(row.limit)))
        elif row.kind == ClockChangeKind.COMMITMENT.value and row.until:
            found.append(Commitment(row.until))
        elif row.kind == ClockChangeKind.HOLD.value and row.held_from and row.held_to:
            ends = [moment for moment in resumed if row.held_from <= moment < row.held_to]
            found.append(Hold(row.held_from, min([*ends, row.held_to])))
    return found


def settle(
    ticket: Ticket,
    share: Assignment,
    rows: Sequence[ClockChange],
    rules: Rules,
    *,
    now: datetime,
    base: Base | None = None,
    marks: Mapping[str, Any] | None = None,
) -> None:
    """Count a clock anew from its changes and write it down; the lead's goes to the ticket too.

    A mark (warned, out of time, carded) whose moment now lies ahead is taken off, so that the
    new moment is marked in its turn; what was told of the old one stays in the history.
    Without a `base` given, the share's own counts; `marks` are put back where their moments
    are past again.
    """
    base = base or base_of(share, rows)
    changes = counting(rows)
    clock = adjusted(rules.profile, rules.calendar, clock_from(share, base, rules), changes)
    share.started_at = base.started_at
    share.limit, share.clock_rule = base.limit, base.clock_rule
    share.calendar_version, share.return_by = base.calendar_version, base.return_by
    share.acknowledge_by, share.remind_at = clock.acknowledge_by, clock.remind_at
    share.warn_at, share.due_at, share.red_at = clock.warn_at, clock.due_at, clock.red_at
    share.interim_by = clock.interim_by
    share.held_until = _held_until(changes, now)
    _remark(share, marks or {})
    _unmark(share, now)
    profile, calendar = rules.profile, rules.calendar
    share.escalate_at = ladder_at(profile, calendar, clock.due_at, share.escalation)
    if share.part == Part.LEAD.value:
        mirror(ticket, share)
        ticket.warned_at, ticket.breached_at = share.warned_at, share.breached_at
        promises = [c.until for c in changes if isinstance(c, Commitment)]
        ticket.committed_until = committed(calendar, max(promises)) if promises else None


def clock_from(share: Assignment, base: Base, rules: Rules) -> Clock:
    """The clock of a share's first count, before its changes."""
    limit = Limit.parse(base.limit)
    due = local(base.due_at)
    start = local(base.started_at or share.dispatched_at)
    calendar = rules.calendar
    bare = Clock(
        started_at=start,
        due_at=due,
        warn_at=due,
        red_at=due,
        acknowledge_by=local(base.acknowledge_by or due),
        remind_at=local(base.remind_at or due),
        interim_by=local(base.interim_by) if base.interim_by else None,
        limit=limit,
        means=LimitMeaning.HANDLING,
        working_days=None,
        rule=base.clock_rule,
        evidence=Evidence.P,
        calendar_version=base.calendar_version,
        provisional=calendar.is_provisional(start.date(), due.date()),
    )
    return moved(rules.profile, calendar, bare, due)


def _held_until(changes: Iterable[Change], now: datetime) -> datetime | None:
    ends = [c.until for c in changes if isinstance(c, Hold) and c.until > now]
    return max(ends, default=None)


_MARKS = ("warned_at", "breached_at", "red_carded_at", "interim_breached_at")


def marks_of(share: Assignment) -> dict[str, Any]:
    """The marks a share has, as a row keeps them."""
    marks = {name: getattr(share, name) for name in _MARKS}
    return {k: v.isoformat() for k, v in marks.items() if v} | {"escalation": share.escalation}


def _remark(share: Assignment, marks: Mapping[str, Any]) -> None:
    for name in _MARKS:
        if name in marks and getattr(share, name) is None:
            setattr(share, name, datetime.fromisoformat(marks[name]))
    share.escalation = max(share.escalation, marks.get("escalation", 0))


def _unmark(share: Assignment, now: datetime) -> None:
    if share.warn_at is not None and share.warn_at > now:
        share.warned_at = None
    if share.red_at is not None and share.red_at > now:
        share.red_carded_at = None
    if share.interim_by is not None and share.interim_by > now:
        share.interim_breached_at = None
    if share.breached_at is not None and share.due_at is not None and share.due_at > now:
        # The ladder belongs to the due time that was missed; a new one starts at its foot.
        share.breached_at, share.escalation = None, 0
