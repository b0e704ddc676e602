"""Versions of the policy: load one from a date on, see which are in force, go back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.calendar_years import YearPlan
from dispatch.domain.errors import CannotUndo, InvalidInput, NotFound, PolicyError
from dispatch.domain.people import Actor
from dispatch.domain.policy import shipped_text, shipped_year_text, shipped_years
from dispatch.domain.profile import PolicyProfile
from dispatch.domain.rules import Rules
from dispatch.domain.terms import PolicyPart
from dispatch.domain.vocabulary import Labelled, Role
from dispatch.domain.worktime import local
from dispatch.models.oversight import PolicyVersion
from dispatch.models.people import Staff
from dispatch.service.access import require_role
from dispatch.service.rulebook import CLOCKED, in_force, read_content, read_versions

MADE_UP_YEARS = 1
"""A year may be added right after the last one known, not further: a calendar has no gaps."""


class VersionState(Labelled):
    """Where a loaded version stands."""

    COMING = "coming", "未生效"
    IN_FORCE = "in_force", "生效中"
    REPLACED = "replaced", "已被替代"
    WITHDRAWN = "withdrawn", "已撤回"


@dataclass(frozen=True)
class VersionRow:
    """A loaded version as the list shows it; `busy` means clocks are being recounted for it."""

    id: int
    part: PolicyPart
    name: str
    label: str
    note: str
    state: VersionState
    effective_from: datetime
    open_too: bool
    loaded_at: datetime
    loaded_by: str
    withdrawn_at: datetime | None
    recounted: int
    moved: int
    busy: bool


def load_version(
    session: Session,
    actor: Actor,
    part: PolicyPart,
    document: str,
    *,
    effective_from: datetime | None = None,
    note: str,
    open_too: bool = False,
    now: datetime,
) -> PolicyVersion:
    """Keep a document as a version in force from `effective_from` on (at once when None).

    A year of the calendar always recounts open clocks: a day off cannot be a working day for
    some of them. A profile does so when `open_too`, and otherwise counts new dispatches only.

    Raises:
        InvalidInput: the document has a mistake, the date is past, or nothing would change.
    """
    require_role(actor, Role.ADMIN, Role.SYSTEM)
    content = read_content(part, document)
    starts = effective_from or now
    if starts < now:
        raise InvalidInput(
            f"生效时间 {local(starts):%Y-%m-%d %H:%M} 已过；规则不能倒签，请选今后的时间或立即生效",
            field="effective_from",
        )
    if not note.strip():
        raise InvalidInput("请写明为什么修改，例如文件名称和文号", field="note")
    if isinstance(content, YearPlan):
        _check_year(session, content)
    digest = hashlib.sha256(document.encode()).hexdigest()
    _check_new(session, content, digest, starts)
    name, label = _named(content)
    row = PolicyVersion(
        part=part.value,
        name=name,
        label=label,
        document=document,
        digest=digest,
        note=note.strip(),
        effective_from=starts,
        open_too=open_too or part is PolicyPart.CALENDAR,
        loaded_at=now,
        loaded_by_id=actor.staff_id,
        recounted_to=0,
        recounted=0,
        moved=0,
    )
    session.add(row)
    session.flush()
    return row


def withdraw(session: Session, actor: Actor, version_id: int, *, now: datetime) -> PolicyVersion:
    """撤回: the version before is in force again, and clocks it had moved go back.

    Raises:
        CannotUndo: it was withdrawn before.
    """
    require_role(actor, Role.ADMIN, Role.SYSTEM)
    row = version_of(session, version_id, for_update=True)
    mark_withdrawn(row, actor, now)
    return row


def mark_withdrawn(row: PolicyVersion, actor: Actor, now: datetime) -> None:
    """Write on a locked version, of whatever part, that it is taken back.

    Raises:
        CannotUndo: it was withdrawn before.
    """
    if row.withdrawn_at is not None:
        raise CannotUndo(f"这个版本已在 {local(row.withdrawn_at):%Y-%m-%d %H:%M} 撤回")
    row.withdrawn_at, row.withdrawn_by_id = now, actor.staff_id


def version_of(session: Session, version_id: int, *, for_update: bool = False) -> PolicyVersion:
    """A loaded version.

    Raises:
        NotFound: there is none of that number.
    """
    row = session.get(PolicyVersion, version_id, with_for_update=for_update)
    if row is None or row.part not in CLOCKED:
        raise NotFound(f"没有编号为 {version_id} 的规则版本")
    return row


def document_in_force(session: Session, shipped: Rules, slot: str, *, now: datetime) -> str:
    """The document in force: of "profile", or of a year such as "2026".

    Raises:
        NotFound: there is none of that name.
    """
    current = in_force(read_versions(session), now).get(slot)
    if current is not None:
        return version_of(session, current.id).document
    try:
        if slot == PolicyPart.PROFILE.value:
            return shipped_text(shipped.profile.name)
        return shipped_year_text(slot)
    except PolicyError as problem:
        raise NotFound(str(problem)) from problem


def versions(session: Session, *, now: datetime, limit: int = 100) -> list[VersionRow]:
    """Loaded versions, the newest first."""
    current = {one.id for one in in_force(read_versions(session), now).values()}
    rows = session.execute(
        select(PolicyVersion, Staff.name)
        .outerjoin(Staff, Staff.id == PolicyVersion.loaded_by_id)
        .where(PolicyVersion.part.in_(CLOCKED))
        .order_by(PolicyVersion.effective_from.desc(), PolicyVersion.id.desc())
        .limit(limit)
    )
    return [_shown(row, name, row.id in current, now) for row, name in rows]


def _shown(row: PolicyVersion, loaded_by: str | None, current: bool, now: datetime) -> VersionRow:
    if row.withdrawn_at is not None:
        state = VersionState.WITHDRAWN
    elif row.effective_from > now:
        state = VersionState.COMING
    else:
        state = VersionState.IN_FORCE if current else VersionState.REPLACED
    begun = row.open_too and row.effective_from <= now
    return VersionRow(
        id=row.id,
        part=PolicyPart(row.part),
        name=row.name,
        label=row.label,
        note=row.note,
        state=state,
        effective_from=local(row.effective_from),
        open_too=row.open_too,
        loaded_at=local(row.loaded_at),
        loaded_by=loaded_by or "命令行",
        withdrawn_at=local(row.withdrawn_at) if row.withdrawn_at else None,
        recounted=row.recounted,
        moved=row.moved,
        busy=begun and row.applied_at is None and row.withdrawn_at is None,
    )


def _named(content: PolicyProfile | YearPlan) -> tuple[str, str]:
    """The short and the long name of a document."""
    if isinstance(content, PolicyProfile):
        return content.name, content.label
    return str(content.year), content.source


def _check_year(session: Session, plan: YearPlan) -> None:
    known = {year.year for year in shipped_years()}
    known |= {
        one.content.year for one in read_versions(session) if isinstance(one.content, YearPlan)
    }
    if not min(known) <= plan.year <= max(known) + MADE_UP_YEARS:
        raise InvalidInput(
            f"工作日历现有 {min(known)} 至 {max(known)} 年，不能跳到 {plan.year} 年；请按顺序补齐",
            field="document",
        )


def _check_new(
    session: Session, content: PolicyProfile | YearPlan, digest: str, starts: datetime
) -> None:
    slot = str(content.year) if isinstance(content, YearPlan) else PolicyPart.PROFILE.value
    current = in_force(read_versions(session), starts).get(slot)
    if current and session.get_one(PolicyVersion, current.id).digest == digest:
        raise InvalidInput("这份文件与届时生效的版本完全相同，不需要再载入", field="document")
