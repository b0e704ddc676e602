"""What an archive does not know yet, told by the facts recorded since it was taken."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    Table,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    text,
)

from analytics.engines.columns import COLUMNS, CONTACT, MARK, MARKED, OF_SEATS, TICKET
from analytics.engines.manifest import Manifest
from dispatch.db import Session
from dispatch.domain.reporting_terms import ImportState
from dispatch.models.contacts import Contact
from dispatch.models.reporting import HistoryImport
from dispatch.models.tickets import Ticket, TicketEvent

NULL = r"\N"
"""How an absent value is written between the database and the archive."""

MARGIN = timedelta(minutes=15)
"""A fact younger than this may still be overtaken by a transaction that began before it."""

VOLATILE = timedelta(hours=2)
"""A call changes without a recorded fact while it lasts and shortly after."""

CORRECTED = timedelta(days=7)
"""So long after it the time of a seat or a call-back may still be put right."""

LARGEST = 500_000
"""More changed rows than this are no newest days: the archive is to be taken anew first."""


@dataclass(frozen=True)
class Since:
    """The mark from which changes are told: what an archive knows, and the moment now (UTC)."""

    event: int
    taken_at: datetime
    last: dict[str, int]

    @classmethod
    def of(cls, manifest: Manifest) -> Since:
        """Since this archive was taken."""
        return cls(
            manifest.event,
            manifest.taken_at,
            {table: manifest.last(table) for table in manifest.columns},
        )


def settled_event(session: Session, now: datetime) -> int:
    """The last fact that nothing older can appear behind any more; 0 before the first."""
    query = (
        select(TicketEvent.id)
        .where(TicketEvent.at <= now - MARGIN)
        .order_by(TicketEvent.id.desc())
        .limit(1)
    )
    return session.scalar(query) or 0


def tickets_told_of(since: Since) -> Any:
    """SELECT of the tickets with a fact since."""
    return select(TicketEvent.ticket_id).where(
        TicketEvent.id > since.event, TicketEvent.ticket_id.is_not(None)
    )


def changed(table: Table, since: Since) -> ColumnElement[bool]:
    """The condition of the rows that are newer than the archive, or may have changed since."""
    newer = table.c.id > since.last.get(table.name, 0)
    told = tickets_told_of(since)
    if table is TICKET:
        return or_(newer, Ticket.id.in_(told))
    if table in OF_SEATS:
        began = table.c.since if "since" in table.c else table.c.created_at
        ended = table.c.until if "until" in table.c else table.c.ended_at
        return or_(newer, ended.is_(None), began >= since.taken_at - CORRECTED)
    if table is not CONTACT:
        return or_(newer, table.c.ticket_id.in_(told))
    of_contact = select(TicketEvent.contact_id).where(
        TicketEvent.id > since.event, TicketEvent.contact_id.is_not(None)
    )
    lasting = Contact.started_at >= since.taken_at - VOLATILE
    unended = and_(Contact.ended_at.is_(None), Contact.disposition.is_(None))
    return or_(newer, Contact.id.in_(of_contact), Contact.ticket_id.in_(told), lasting, unended)


def undone_imports(session: Session, since: Since) -> list[int]:
    """The imports taken back since: their rows are gone without a fact."""
    undone = HistoryImport.state == ImportState.UNDONE.value
    lately = HistoryImport.undone_at >= since.taken_at - MARGIN
    return list(session.scalars(select(HistoryImport.id).where(undone, lately)))


def how_many(session: Session, table: Table, since: Since) -> int:
    """How many rows a look since would read."""
    query = select(func.count()).select_from(table).where(changed(table, since))
    return session.scalar(query) or 0


def spill(session: Session, table: Table, where: ColumnElement[bool] | None, path: Path) -> int:
    """Write a table's archived columns as CSV, moments in UTC without zone; return the rows."""
    sqlite = session.get_bind().dialect.name == "sqlite"
    columns = [
        _written(table, name, kind, sqlite=sqlite) for name, kind in COLUMNS[table.name].items()
    ]
    query = select(*columns).select_from(table).order_by(*table.primary_key)
    if where is not None:
        query = query.where(where)
    return write_rows(path, session, query)


def write_rows(path: Path, session: Session, query: Any) -> int:
    """Write what a SELECT finds as CSV; return the rows."""
    rows = session.execute(query, execution_options={"yield_per": 10_000})
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for batch in rows.partitions():
            writer.writerows(batch)
            count += len(batch)
    return count


def _written(table: Table, name: str, kind: str, *, sqlite: bool) -> ColumnElement[Any]:
    """A column as the database itself writes it, so that no row is read into objects."""
    column = table.c[name]
    if (table.name, name) in MARKED:
        return case((column.is_(None), NULL), (column == "", ""), else_=MARK)
    if sqlite:
        raw: ColumnElement[Any] = literal_column(f'{table.name}."{name}"')
        return func.coalesce(raw, NULL)
    if kind == "TIMESTAMP":
        return func.coalesce(cast(func.timezone("UTC", column), String), NULL)
    return func.coalesce(cast(column, String), NULL)


def one_moment(session: Session) -> None:
    """Have every statement of this session see the same moment."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
