"""The history imports as their keepers read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import ImportState, ImportSubject
from dispatch.domain.vocabulary import Role
from dispatch.models.people import Staff
from dispatch.models.reporting import HistoryImport
from dispatch.service.access import require_role
from dispatch.service.history_imports import KEEPERS

PAGE = 50


@dataclass(frozen=True)
class ImportView:
    """One file of history: how far it has come and what came of it."""

    id: int
    subject: ImportSubject
    name: str
    state: ImportState
    percent: int
    rows: int
    taken: int
    doubled: int
    refused: int
    problems: tuple[tuple[int, str], ...]
    """The first rows that were not taken: line and why."""
    at: datetime
    by: str
    """Who brought it in; empty for the command line."""
    undone_at: datetime | None
    undone_by: str

    @property
    def left_out(self) -> int:
        """Rows that were not taken."""
        return self.doubled + self.refused


def imports(session: Session, reader: Actor) -> tuple[ImportView, ...]:
    """The newest imports first."""
    return tuple(_read(session, reader))


def one(session: Session, reader: Actor, import_id: int) -> ImportView:
    """One import.

    Raises:
        NotFound: there is no such import.
    """
    found = _read(session, reader, import_id)
    if not found:
        raise NotFound("没有找到这次导入")
    return found[0]


def told_before(session: Session, reader: Actor, sha256: str) -> tuple[ImportView, ...]:
    """The imports of this very file that were not taken back."""
    undone = ImportState.UNDONE
    return tuple(i for i in _read(session, reader, sha256=sha256) if i.state is not undone)


def headings(session: Session, reader: Actor, import_id: int) -> dict[int, str]:
    """How an import's columns were read: place in the file to code."""
    require_role(reader, *KEEPERS, Role.SYSTEM)
    row = session.get(HistoryImport, import_id)
    if row is None:
        raise NotFound("没有找到这次导入")
    return {int(place): code for place, code in row.mapping.items()}


def _read(
    session: Session, reader: Actor, import_id: int | None = None, *, sha256: str | None = None
) -> list[ImportView]:
    require_role(reader, *KEEPERS, Role.SYSTEM)
    by, back = aliased(Staff), aliased(Staff)
    asked = (
        select(HistoryImport, by.name, back.name)
        .join(by, by.id == HistoryImport.staff_id, isouter=True)
        .join(back, back.id == HistoryImport.undone_by_id, isouter=True)
        .order_by(HistoryImport.id.desc())
        .limit(PAGE)
    )
    if import_id is not None:
        asked = asked.where(HistoryImport.id == import_id)
    if sha256 is not None:
        asked = asked.where(HistoryImport.sha256 == sha256)
    return [
        ImportView(
            id=row.id,
            subject=ImportSubject(row.subject),
            name=row.name,
            state=ImportState(row.state),
            percent=100 * row.position // row.size if row.size else 100,
            rows=row.rows,
            taken=row.taken,
            doubled=row.doubled,
            refused=row.refused,
            problems=tuple((p["row"], p["why"]) for p in row.problems),
            at=row.at,
            by=name or "",
            undone_at=row.undone_at,
            undone_by=back_name or "",
        )
        for row, name, back_name in session.execute(asked)
    ]
