"""Taking a whole history import back, as long as nothing has happened to its rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, exists, select, union, update

from dispatch.bus import record
from dispatch.db import Base, Session
from dispatch.domain.errors import ActionNotAllowed, NotFound
from dispatch.domain.events import HistoryImportChanged
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import ImportState, ImportSubject
from dispatch.domain.vocabulary import Role
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp
from dispatch.models.people import ViewLog
from dispatch.models.reporting import HistoryImport
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.access import require_role
from dispatch.service.history_imports import KEEPERS

NAMED = 5
"""Rows that a refusal names; the rest it counts."""

OWN = {"assignment", "follow_up", "contact", "view_log"}
"""Tables whose rows come with a ticket, wait for it, or only say who looked at it."""

IN_BULK = {"synchronize_session": False}
"""A million rows are not looked for among the few that the session holds."""


def undo(session: Session, actor: Actor, import_id: int, *, now: datetime) -> int:
    """撤销: delete the rows an import took; return how many. Calls of other files wait again.

    Who had opened one of the tickets stays written in the import. Units and categories that the
    import added without their being in use stay, out of use.

    Raises:
        NotFound: there is no such import.
        ActionNotAllowed: it still runs, or is taken back already; or something happened to
            its rows since, and which ones.
    """
    require_role(actor, *KEEPERS, Role.SYSTEM)
    row = session.get(HistoryImport, import_id)
    if row is None:
        raise NotFound("没有找到这次导入")
    claim = (
        update(HistoryImport)
        .where(HistoryImport.id == import_id, HistoryImport.state == ImportState.TAKEN.value)
        .values(state=ImportState.UNDONE.value, undone_at=now, undone_by_id=actor.staff_id)
        .returning(HistoryImport.id)
    )
    if session.scalar(claim) is None:
        raise ActionNotAllowed(
            "这次导入还在进行，请先停止再撤销"
            if row.state == ImportState.RUNNING.value
            else "这次导入已经撤销过了"
        )
    if row.subject == ImportSubject.TICKETS.value:
        _take_tickets_back(session, row)
    else:
        _take_contacts_back(session, import_id)
    session.refresh(row)
    fact = HistoryImportChanged(at=now, import_id=import_id, state=ImportState.UNDONE.value)
    record(session, actor, fact)
    return row.taken


def _take_tickets_back(session: Session, row: HistoryImport) -> None:
    ids = select(Ticket.id).where(Ticket.import_id == row.id)
    touched = union(*_touched_tickets(ids))
    numbers = select(Ticket.number).where(Ticket.id.in_(select(touched.subquery().c[0])))
    _refuse(list(session.scalars(numbers.order_by(Ticket.number))), "工单", "办理、关联或回访")
    views = session.execute(
        select(ViewLog.staff_id, Ticket.number, ViewLog.what, ViewLog.at)
        .join(Ticket, Ticket.id == ViewLog.ticket_id)
        .where(Ticket.import_id == row.id)
        .order_by(ViewLog.id)
    )
    row.views = [[staff, number, what, at.isoformat()] for staff, number, what, at in views]
    number = select(Ticket.number).where(Ticket.id == Contact.ticket_id).scalar_subquery()
    waits = update(Contact).where(Contact.ticket_id.in_(ids))
    session.execute(waits.values(ticket_ref=number, ticket_id=None), execution_options=IN_BULK)
    for table in (ViewLog, FollowUp, Assignment):
        theirs = delete(table).where(table.ticket_id.in_(ids))
        session.execute(theirs, execution_options=IN_BULK)
    gone = delete(Ticket).where(Ticket.import_id == row.id)
    session.execute(gone, execution_options=IN_BULK)


def _touched_tickets(ids: Select[int]) -> Iterator[Select[int]]:
    """One SELECT of touched tickets for each way in which something can have happened to one."""
    yield ids.where(Ticket.version != 1)
    yield ids.where(exists().where(Contact.ticket_id == Ticket.id, Contact.imported.is_(False)))
    for column in _references("ticket"):
        yield ids.where(Ticket.id.in_(select(column)))
    for model in (Assignment, FollowUp):
        for column in _references(model.__tablename__):
            of = select(model.ticket_id).where(model.id.in_(select(column)))
            yield ids.where(Ticket.id.in_(of))


def _take_contacts_back(session: Session, import_id: int) -> None:
    ids = select(Contact.id).where(Contact.import_id == import_id)
    touched = [ids.where(Contact.id.in_(select(column))) for column in _references("contact")]
    known = select(union(*touched).subquery().c[0])
    calls = select(Contact.call_id).where(Contact.id.in_(known)).order_by(Contact.call_id)
    _refuse(list(session.scalars(calls)), "来电", "录音、评价、回拨或质检")
    gone = delete(Contact).where(Contact.import_id == import_id)
    session.execute(gone, execution_options=IN_BULK)


def _references(target: str) -> Iterator[ColumnElement[int]]:
    """Every column of the database that names a row of the table and was not written with it."""
    for table in Base.metadata.sorted_tables:
        if table.name in OWN:
            continue
        # By another name, so that a column of the table itself is not taken for the outer row's.
        other = table.alias()
        for column in table.columns:
            if any(key.column.table.name == target for key in column.foreign_keys):
                yield other.c[column.name]


def _refuse(names: list[str], what: str, since: str) -> None:
    if names:
        told = "、".join(names[:NAMED])
        more = f"等 {len(names):,} 条" if len(names) > NAMED else ""
        raise ActionNotAllowed(f"不能撤销：{what} {told}{more}导入后又有了{since}等记录")
