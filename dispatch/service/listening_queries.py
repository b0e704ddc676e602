"""监听台账: who heard whom, when, how long and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.call_terms import ListeningKind
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.contacts import Contact
from dispatch.models.people import Staff
from dispatch.models.telephone import ListeningLog
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role

PAGE = 50
EXPORT_MOST = 20_000


@dataclass(frozen=True)
class ListeningRow:
    """One row of the log; `until` None: it lasts."""

    id: int
    at: datetime
    until: datetime | None
    kind: ListeningKind
    who: str
    whom: str
    extension: str
    contact_id: int | None
    call_id: str
    ticket: str
    reason: str

    def seconds(self, now: datetime) -> float:
        """How long it lasted, or has lasted until now."""
        return ((self.until or now) - self.at).total_seconds()


@dataclass(frozen=True, kw_only=True)
class ListeningFilter:
    """Which rows: of one listener by login, heard agent by extension, one Beijing day."""

    login: str = ""
    extension: str = ""
    day: date | None = None


def listening_log(
    session: Session, reader: Actor, wanted: ListeningFilter, *, offset: int = 0, limit: int = PAGE
) -> tuple[ListeningRow, ...]:
    """Newest first. A supervisor sees his own rows, the centre and administrators all.

    Raises:
        RoleNotAllowed: the reader is none of these.
    """
    rows = session.execute(_chosen(reader, wanted).offset(offset).limit(limit))
    return tuple(_row(*row) for row in rows)


def listeners(session: Session) -> Sequence[tuple[str, str]]:
    """(login, name) of everybody who has ever listened."""
    found = select(ListeningLog.staff_id)
    rows = session.execute(
        select(Staff.login, Staff.name).where(Staff.id.in_(found)).order_by(Staff.name)
    )
    return [(login, name) for login, name in rows]


def _chosen(
    reader: Actor, wanted: ListeningFilter
) -> Select[ListeningLog, str, str, str | None, str, str]:
    require_role(reader, Role.SUPERVISOR, Role.CENTER, Role.ADMIN)
    who, whom = aliased(Staff), aliased(Staff)
    rows = (
        select(ListeningLog, who.name, whom.name, whom.extension, Contact.call_id, Ticket.number)
        .join(who, who.id == ListeningLog.staff_id)
        .outerjoin(whom, whom.id == ListeningLog.agent_id)
        .outerjoin(Contact, Contact.id == ListeningLog.contact_id)
        .outerjoin(Ticket, Ticket.id == Contact.ticket_id)
        .order_by(ListeningLog.at.desc(), ListeningLog.id.desc())
    )
    if reader.role is Role.SUPERVISOR:
        rows = rows.where(ListeningLog.staff_id == reader.staff_id)
    if wanted.login:
        rows = rows.where(who.login == wanted.login)
    if wanted.extension:
        rows = rows.where(whom.extension == wanted.extension)
    if wanted.day is not None:
        begin = datetime.combine(wanted.day, time.min, SHANGHAI)
        rows = rows.where(ListeningLog.at >= begin, ListeningLog.at < begin + timedelta(days=1))
    return rows


def _row(
    row: ListeningLog,
    who: str,
    whom: str | None,
    extension: str | None,
    call_id: str | None,
    ticket: str | None,
) -> ListeningRow:
    return ListeningRow(
        id=row.id,
        at=row.at,
        until=row.until,
        kind=ListeningKind(row.kind),
        who=who,
        whom=whom or "—",
        extension=extension or "",
        contact_id=row.contact_id,
        call_id=call_id or "",
        ticket=ticket or "",
        reason=row.reason,
    )
