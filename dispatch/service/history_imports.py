"""Files of history: begun once, taken part by part, and told of.

A part is whole or not at all, and is only taken from where the one before it ended: a process
that is killed, or two that run at once, neither lose nor double a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, update

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, NotFound
from dispatch.domain.events import HistoryImportChanged
from dispatch.domain.history_columns import BadCell
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import ImportState
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.files.import_folder import RefusedRow
from dispatch.files.spreadsheets import Record, Table
from dispatch.models.reporting import HistoryImport
from dispatch.service.access import require_role
from dispatch.service.history_rows import NO_CALENDAR, Layout, Past, Sort

KEEPERS = (Role.CENTER, Role.ADMIN)
"""Who brings history in and takes it back; the command line acts as the system."""

SHOWN = 20
"""Refused rows that the page shows; all of them are in the file to be downloaded."""


@dataclass(frozen=True)
class Running:
    """An import under way: what it reads and how far it has come."""

    id: int
    sort: Sort
    table: Table
    layout: Layout
    rows: int = 0
    """Rows behind us."""

    def after(self, more: int) -> Running:
        """The same, so many rows further on."""
        return replace(self, rows=self.rows + more)


@dataclass(frozen=True)
class Part:
    """What came of some rows; `refused` are those that could not be read or were told before."""

    added: int
    broken: int
    doubled: int
    unclocked: int
    refused: tuple[RefusedRow, ...]


def begin(
    session: Session,
    actor: Actor,
    sort: Sort,
    table: Table,
    layout: Layout,
    *,
    sha256: str,
    now: datetime,
) -> Running:
    """Enter a file; its rows are taken by `take`.

    Raises:
        RoleNotAllowed: history is brought in by the centre and the administrator.
        ActionNotAllowed: the same file is being read at this moment.
    """
    require_role(actor, *KEEPERS, Role.SYSTEM)
    busy = select(HistoryImport.id).where(
        HistoryImport.sha256 == sha256, HistoryImport.state == ImportState.RUNNING.value
    )
    if (running := session.scalar(busy.limit(1))) is not None:
        raise ActionNotAllowed(f"这个文件正在导入（第 {running} 次导入），请等它完成，或先停止它")
    made = HistoryImport(
        subject=sort.subject.value,
        name=table.name[-200:],
        sha256=sha256,
        mapping={str(place): code for place, code in layout.chosen.items()},
        state=ImportState.RUNNING.value,
        size=table.size,
        at=now,
        staff_id=actor.staff_id,
    )
    session.add(made)
    session.flush()
    _tell(session, actor, made.id, ImportState.RUNNING, now)
    return Running(made.id, sort, table, layout)


def take(
    session: Session, running: Running, part: Sequence[Record], rules: Rules, *, now: datetime
) -> Part | None:
    """Take the next rows; None when the import was stopped, or somebody else took them.

    Every good row is taken; a bad one is refused with its reason, one that is here already too.
    """
    here = (
        update(HistoryImport)
        .where(
            HistoryImport.id == running.id,
            HistoryImport.state == ImportState.RUNNING.value,
            HistoryImport.rows == running.rows,
        )
        .values(rows=HistoryImport.rows + len(part), position=part[-1].end)
        .returning(HistoryImport.id)
    )
    if session.scalar(here) is None:
        return None
    made: dict[str, tuple[Record, Past]] = {}
    broken: list[RefusedRow] = []
    doubled: list[RefusedRow] = []
    for entry in part:
        try:
            values = running.layout.values(entry)
            key = values[running.sort.key]
            if key in made:
                doubled.append(_refused(entry, f"与第 {made[key][0].line} 行重复：{key}"))
                continue
            made[key] = entry, running.sort.make(values, rules, now)
        except BadCell as problem:
            broken.append(_refused(entry, str(problem)))
    known = running.sort.known(session, list(made))
    doubled += [_refused(made[key][0], f"已在库中：{key}") for key in made if key in known]
    fresh = [past for key, (_, past) in made.items() if key not in known]
    if fresh:
        running.sort.add(session, fresh, running.id)
    refused = tuple(sorted((*broken, *doubled), key=lambda row: row.line))
    row = session.get_one(HistoryImport, running.id, populate_existing=True)
    row.taken += len(fresh)
    row.doubled += len(doubled)
    row.refused += len(broken)
    room = SHOWN - len(row.problems)
    row.problems = [*row.problems, *({"row": r.line, "why": r.why} for r in refused[:room])]
    unclocked = sum(getattr(past, "clock_rule", "") == NO_CALENDAR for past in fresh)
    return Part(len(fresh), len(broken), len(doubled), unclocked, refused)


def finish(session: Session, running: Running, *, now: datetime) -> bool:
    """Say that the last row has been read; False when it was stopped before."""
    return _end(session, running.id, now, position=running.table.size)


def stop(session: Session, actor: Actor, import_id: int, *, now: datetime) -> None:
    """停止: read no further; what was taken stays, and can be taken back.

    Raises:
        ActionNotAllowed: it does not run.
    """
    require_role(actor, *KEEPERS, Role.SYSTEM)
    if session.get(HistoryImport, import_id) is None:
        raise NotFound("没有找到这次导入")
    if not _end(session, import_id, now, actor=actor):
        raise ActionNotAllowed("这次导入不在进行中，不能停止")


def running(session: Session) -> list[HistoryImport]:
    """The imports of the browser that are under way, the oldest first.

    The command line reads its own files to their end; nobody else has them.
    """
    found = select(HistoryImport).where(
        HistoryImport.state == ImportState.RUNNING.value, HistoryImport.staff_id.is_not(None)
    )
    return list(session.scalars(found.order_by(HistoryImport.id)))


def _end(
    session: Session,
    import_id: int,
    now: datetime,
    *,
    position: int | None = None,
    actor: Actor | None = None,
) -> bool:
    over = update(HistoryImport).where(
        HistoryImport.id == import_id, HistoryImport.state == ImportState.RUNNING.value
    )
    values: dict[str, object] = {"state": ImportState.TAKEN.value}
    if position is not None:
        values["position"] = position
    if session.scalar(over.values(values).returning(HistoryImport.id)) is None:
        return False
    if actor is not None:
        _tell(session, actor, import_id, ImportState.TAKEN, now)
    return True


def _refused(entry: Record, why: str) -> RefusedRow:
    return RefusedRow(entry.line, why, entry.cells or (entry.raw,), entry.raw)


def _tell(
    session: Session, actor: Actor, import_id: int, state: ImportState, now: datetime
) -> None:
    record(session, actor, HistoryImportChanged(at=now, import_id=import_id, state=state.value))
