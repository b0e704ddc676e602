"""催办: a caller, or the centre for him, asks again; nobody's clock and no status moves by it."""

from __future__ import annotations

from datetime import datetime

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.events import TicketUrged
from dispatch.domain.people import Actor
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Action, Disposition, Role, Status
from dispatch.models.tickets import Ticket
from dispatch.service import notices
from dispatch.service.access import ticket_for
from dispatch.service.change import begin
from dispatch.service.outcomes import dispose

_WAITS_FOR = {
    Status.OPEN: Role.DISPATCHER,
    Status.REOPENED: Role.DISPATCHER,
    Status.COMPLETED: Role.CENTER,
    Status.FOLLOW_UP: Role.FOLLOW_UP,
}
"""Who is told when no unit has the ticket."""


def urge(
    session: Session,
    actor: Actor,
    number: str,
    *,
    contact_id: int | None,
    note: str,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """催办: asked again about an open ticket; no second ticket is made.

    Whoever is to act next is told. Urging a merged ticket urges the one that is handled for it.

    Raises:
        ActionNotAllowed: the ticket is finished.
    """
    merged_into = ticket_for(session, actor, number).merged_into_id
    # The main ticket before those merged into it, as everywhere.
    main = session.get_one(Ticket, merged_into, with_for_update=True) if merged_into else None
    ticket, _ = begin(session, actor, number, Action.URGE, expected)
    _mark(session, actor, ticket, note.strip(), now)
    if main is not None and ticket.status == Status.MERGED.value:
        main.version += 1
        _mark(session, actor, main, f"并入的工单 {number} 催办：{note.strip()}", now)
    if contact_id is not None:
        how = Disposition.URGED
        dispose(session, actor, contact_id, how, note=note.strip(), ticket_id=ticket.id, now=now)
    return ticket


def _mark(session: Session, actor: Actor, ticket: Ticket, note: str, now: datetime) -> None:
    ticket.urged += 1
    fact = TicketUrged(at=now, ticket_id=ticket.id, note=note)
    record(session, actor, fact, status=ticket.status)
    status = Status(ticket.status)
    department_id = ticket.department_id if status.with_department else None
    role = _WAITS_FOR.get(status)
    if department_id is None and role is None:
        return
    words = f"工单 {ticket.number} 被催办（第 {ticket.urged} 次）"
    notices.tell(
        session,
        NoticeKind.URGE,
        f"{words}：{note[:200]}" if note else words,
        ticket_id=ticket.id,
        department_id=department_id,
        role=None if department_id is not None else role,
        now=now,
    )
