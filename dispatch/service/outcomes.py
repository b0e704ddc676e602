"""How a contact ended for its caller: every inbound contact ends with exactly one Disposition.

Ends that make or touch a ticket belong to the act itself (open_ticket, answer_on_call, urge,
inform, joining.join); `end_contact` is for those that make none. Six ways for what is out of
scope: 北京市接诉即办工作条例（2021）第十一条.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.conduct import Reason, reason_of
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.events import ContactDisposed, RequesterInformed
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import EmergencyLine, ReasonUse
from dispatch.domain.vocabulary import Disposition, Role
from dispatch.models.contacts import Contact
from dispatch.models.tickets import Ticket
from dispatch.service.access import require_role, ticket_for

_BY_THEIR_OWN_ACT = frozenset(
    {
        Disposition.TICKET,
        Disposition.ANSWERED_ON_CALL,
        Disposition.URGED,
        Disposition.MERGED,
        Disposition.INFORMED,
    }
)
_REASONED = {
    Disposition.DECLINED: ReasonUse.DECLINE,
    Disposition.TOLD_ROUTE: ReasonUse.ROUTE,
}


@dataclass(frozen=True)
class _Ending:
    """What is written down of an ending: the words said, and the code of the reason."""

    note: str
    reason_code: str | None = None


def contact_for(session: Session, contact_id: int) -> Contact:
    """Load one contact for a change.

    Raises:
        NotFound: there is none.
    """
    contact = session.get(Contact, contact_id, with_for_update=True)
    if contact is None:
        raise NotFound("没有找到这次来电")
    return contact


def still_open(session: Session, contact_id: int) -> Contact:
    """Lock a contact of which nobody has said yet how it ended.

    Raises:
        ActionNotAllowed: somebody has; a caller who hung up may still be written up.
    """
    contact = contact_for(session, contact_id)
    if contact.disposition is not None and contact.disposition != Disposition.HUNG_UP:
        raise ActionNotAllowed(
            f"这次来电已登记为“{Disposition(contact.disposition).label}”，不能重复登记；"
            "来电人另有诉求的，请用“同一来电再登记一件”"
        )
    return contact


def dispose(
    session: Session,
    actor: Actor,
    contact_id: int,
    disposition: Disposition,
    *,
    note: str = "",
    reason_code: str | None = None,
    ticket_id: int | None = None,
    now: datetime,
) -> None:
    """Write down how the contact ended, once."""
    contact = still_open(session, contact_id)
    contact.disposition = disposition.value
    contact.disposition_note = note
    contact.disposition_reason = reason_code
    contact.disposed_at = now
    contact.ticket_id = ticket_id
    if contact.agent_id is None:
        contact.agent_id = actor.staff_id
    fact = ContactDisposed(
        at=now,
        contact_id=contact.id,
        ticket_id=ticket_id,
        disposition=disposition.value,
        note=note,
        reason_code=reason_code or "",
    )
    record(session, actor, fact)


def end_contact(
    session: Session,
    actor: Actor,
    contact_id: int,
    disposition: Disposition,
    note: str,
    rules: Rules,
    *,
    reason_code: str = "",
    basis: str = "",
    now: datetime,
) -> None:
    """End a contact that made no ticket; a refusal needs its reason in words (66号: 分类处置).

    `reason_code` is a reason of the policy's catalogue, or for a transfer the emergency line.

    Raises:
        InvalidInput: the reason, the words said or the legal basis are missing.
    """
    require_role(actor, Role.AGENT, Role.CENTER)
    if disposition in _BY_THEIR_OWN_ACT:
        raise InvalidInput(f"“{disposition.label}”请使用对应的按钮登记")
    ending = _Ending(note.strip())
    if (use := _REASONED.get(disposition)) is not None:
        ending = _reasoned(reason_of(rules.profile.reasons, use, reason_code), note, basis)
    elif disposition is Disposition.TRANSFERRED_OUT:
        ending = _transferred(note.strip(), reason_code)
    dispose(
        session,
        actor,
        contact_id,
        disposition,
        note=ending.note,
        reason_code=ending.reason_code,
        now=now,
    )


def inform(
    session: Session,
    actor: Actor,
    number: str,
    *,
    contact_id: int | None,
    note: str,
    now: datetime,
) -> Ticket:
    """告知办理情况: the caller heard how the ticket stands or ended; nothing new is dispatched.

    北京市接诉即办工作条例（2021）第十一条: the same matter without new facts or reasons.
    """
    require_role(actor, Role.AGENT, Role.CENTER)
    if not note.strip():
        raise InvalidInput("请写下告知来电人的内容：办到哪一步，或办理的结果", field="note")
    ticket = ticket_for(session, actor, number, for_update=True)
    fact = RequesterInformed(at=now, ticket_id=ticket.id, note=note.strip())
    record(session, actor, fact, status=ticket.status)
    if contact_id is not None:
        how = Disposition.INFORMED
        dispose(session, actor, contact_id, how, note=note.strip(), ticket_id=ticket.id, now=now)
    return ticket


def unaccounted(session: Session, *, before: datetime, limit: int = 50) -> list[int]:
    """Ids of inbound contacts that ended before a moment and of which nobody said how.

    A call somebody answered waits on that agent's page; one nobody answered should be here only
    while a message on it is to be heard.
    """
    return list(
        session.scalars(
            select(Contact.id)
            .where(Contact.direction == "inbound", Contact.disposition.is_(None))
            .where(Contact.ended_at < before)
            .order_by(Contact.started_at)
            .limit(limit)
        )
    )


def _reasoned(reason: Reason, note: str, basis: str) -> _Ending:
    if not note.strip():
        wanted = f"（{reason.says}）" if reason.says else ""
        raise InvalidInput(f"请写下对来电人说明的话{wanted}", field="note")
    if reason.basis_required and not basis.strip():
        raise InvalidInput(f"“{reason.label}”需要写明依据：哪部法律、哪个机关", field="basis")
    words = note.strip() + (f"（依据：{basis.strip()}）" if basis.strip() else "")
    return _Ending(words, reason.code)


def _transferred(note: str, line: str) -> _Ending:
    if line:
        known = {member.value: member for member in EmergencyLine}
        if line not in known:
            numbers = "、".join(member.label for member in EmergencyLine)
            raise InvalidInput(f"紧急转接只能转到{numbers}", field="reason_code")
        return _Ending(note or f"转接{known[line].label}", line)
    if not note:
        raise InvalidInput("请选择紧急专线，或写明转往的单位和电话", field="note")
    return _Ending(note)
