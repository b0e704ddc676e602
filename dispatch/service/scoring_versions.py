"""Versions of the scoring rules: load one from a date on, see them all, go back.

A month is scored by the rules in force when it began: nobody is judged by what was not known
beforehand, and a version that begins inside a month counts from the next one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, NotFound
from dispatch.domain.people import Actor
from dispatch.domain.policy_text import read_scoring
from dispatch.domain.scoring_file import load_scoring, scoring_text, shipped_scoring
from dispatch.domain.scoring_rules import ScoringRules
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import local
from dispatch.models.oversight import PolicyVersion
from dispatch.models.people import Staff
from dispatch.service.access import require_role
from dispatch.service.policies import VersionState, mark_withdrawn

PART = "scoring"
KEEPERS = (Role.CENTER, Role.ADMIN, Role.SYSTEM)


@dataclass(frozen=True)
class Choice:
    """A set of rules one may count by; `key` is a shipped name or a version's number."""

    key: str
    label: str


@dataclass(frozen=True)
class ScoringRow:
    """A loaded version as the list shows it."""

    id: int
    label: str
    note: str
    state: VersionState
    effective_from: datetime
    loaded_at: datetime
    loaded_by: str
    withdrawn_at: datetime | None


def load_version(
    session: Session,
    actor: Actor,
    document: str,
    *,
    effective_from: datetime | None = None,
    note: str,
    now: datetime,
) -> PolicyVersion:
    """Keep a document as the rules from `effective_from` on (at once when None).

    Raises:
        InvalidInput: the document has a mistake, the date is past, or nothing would change.
    """
    require_role(actor, *KEEPERS)
    rules = read_scoring(document)
    starts = effective_from or now
    if starts < now:
        raise InvalidInput(
            f"生效时间 {local(starts):%Y-%m-%d %H:%M} 已过；考核规则不能倒签，请选今后的时间",
            field="effective_from",
        )
    if not note.strip():
        raise InvalidInput("请写明为什么修改，例如文件名称和文号", field="note")
    digest = hashlib.sha256(document.encode()).hexdigest()
    current = _newest(session, starts)
    if current is not None and current.digest == digest:
        raise InvalidInput("这份文件与届时生效的版本完全相同，不需要再载入", field="document")
    row = PolicyVersion(
        part=PART,
        name=rules.name[:60],
        label=rules.label[:80],
        document=document,
        digest=digest,
        note=note.strip(),
        effective_from=starts,
        loaded_at=now,
        loaded_by_id=actor.staff_id,
        # No clock depends on it, so there is nothing left to recount.
        applied_at=now,
    )
    session.add(row)
    session.flush()
    return row


def withdraw(session: Session, actor: Actor, version_id: int, *, now: datetime) -> PolicyVersion:
    """撤回: the version before it holds again, for months that began since too.

    Raises:
        CannotUndo: it was withdrawn before.
    """
    require_role(actor, *KEEPERS)
    row = version_of(session, version_id, for_update=True)
    mark_withdrawn(row, actor, now)
    return row


def version_of(session: Session, version_id: int, *, for_update: bool = False) -> PolicyVersion:
    """A loaded version of scoring rules.

    Raises:
        NotFound: there is none of that number.
    """
    row = session.get(PolicyVersion, version_id, with_for_update=for_update)
    if row is None or row.part != PART:
        raise NotFound(f"没有编号为 {version_id} 的考核规则版本")
    return row


def rules_at(session: Session, moment: datetime) -> ScoringRules:
    """The rules in force at a moment; the shipped ones before any version."""
    row = _newest(session, moment)
    return read_scoring(row.document) if row else load_scoring()


def rules_of(session: Session, key: str) -> ScoringRules:
    """The set a choice names.

    Raises:
        NotFound: there is none.
    """
    if key in shipped_scoring():
        return load_scoring(key)
    if key.isdecimal() and len(key) < 10:
        return read_scoring(version_of(session, int(key)).document)
    raise NotFound(f"没有考核规则“{key[:40]}”，请从列表中选择")


def text_of(session: Session, key: str) -> str:
    """The document a choice names.

    Raises:
        NotFound: there is none.
    """
    rules_of(session, key)
    return scoring_text(key) if key in shipped_scoring() else version_of(session, int(key)).document


def choices(session: Session) -> tuple[Choice, ...]:
    """Every set one may count by: loaded ones, the newest first, then the shipped ones."""
    rows = session.scalars(
        select(PolicyVersion).where(PolicyVersion.part == PART).order_by(PolicyVersion.id.desc())
    )
    loaded = [
        Choice(str(row.id), f"{row.label}（{local(row.effective_from):%Y-%m-%d} 起）")
        for row in rows
    ]
    shipped = [Choice(name, load_scoring(name).label) for name in shipped_scoring()]
    return (*loaded, *shipped)


def versions(session: Session, *, now: datetime) -> list[ScoringRow]:
    """Loaded versions, the newest first."""
    current = _newest(session, now)
    rows = session.execute(
        select(PolicyVersion, Staff.name)
        .outerjoin(Staff, Staff.id == PolicyVersion.loaded_by_id)
        .where(PolicyVersion.part == PART)
        .order_by(PolicyVersion.effective_from.desc(), PolicyVersion.id.desc())
        .limit(100)
    )
    return [
        ScoringRow(
            id=row.id,
            label=row.label,
            note=row.note,
            state=_state(row, current, now),
            effective_from=local(row.effective_from),
            loaded_at=local(row.loaded_at),
            loaded_by=name or "命令行",
            withdrawn_at=local(row.withdrawn_at) if row.withdrawn_at else None,
        )
        for row, name in rows
    ]


def _state(row: PolicyVersion, current: PolicyVersion | None, now: datetime) -> VersionState:
    if row.withdrawn_at is not None:
        return VersionState.WITHDRAWN
    if row.effective_from > now:
        return VersionState.COMING
    held = current is not None and row.id == current.id
    return VersionState.IN_FORCE if held else VersionState.REPLACED


def _newest(session: Session, moment: datetime) -> PolicyVersion | None:
    return session.scalar(
        select(PolicyVersion)
        .where(
            PolicyVersion.part == PART,
            PolicyVersion.withdrawn_at.is_(None),
            PolicyVersion.effective_from <= moment,
        )
        .order_by(PolicyVersion.effective_from.desc(), PolicyVersion.id.desc())
        .limit(1)
    )
