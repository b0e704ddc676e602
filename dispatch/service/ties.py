"""Ties between tickets: 关联, 拆单, 续办; who belongs together is told on both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import CannotUndo, InvalidInput
from dispatch.domain.events import TicketsLinked, TicketSplit, TicketsUnlinked
from dispatch.domain.people import Actor
from dispatch.domain.terms import AvoidReason, LinkKind
from dispatch.domain.vocabulary import Action, Channel, RequestKind, Status, Urgency
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.models.ties import AvoidedUnit, Particulars, TicketLink
from dispatch.service import avoidance
from dispatch.service.access import ticket_for, visible_to
from dispatch.service.change import begin
from dispatch.service.intake import RequestForm, open_ticket
from dispatch.service.snapshots import column_names, keep, put_back


@dataclass(frozen=True)
class Linked:
    """A ticket tied to another, as far as the reader may see it."""

    number: str
    title: str
    status: Status
    kind: LinkKind
    note: str
    made_at: datetime

    @property
    def removable(self) -> bool:
        """Whether people tied them; where a ticket came from is no opinion."""
        return self.kind in _BY_HAND


_BY_HAND = frozenset({LinkKind.RELATED, LinkKind.FOLLOWS})


def link(
    session: Session,
    actor: Actor,
    number: str,
    other_number: str,
    kind: LinkKind = LinkKind.RELATED,
    *,
    note: str = "",
    now: datetime,
) -> TicketLink:
    """关联: two tickets belong together; nothing else changes of either.

    Raises:
        InvalidInput: the ticket itself, or tied in this way already.
    """
    first, second = _both(session, actor, number, other_number)
    known = select(TicketLink.id).where(
        TicketLink.ticket_id == first.id,
        TicketLink.other_id == second.id,
        TicketLink.kind == kind.value,
    )
    if session.scalar(known) is not None:
        raise InvalidInput(
            f"工单 {number} 和 {other_number} 已经是“{kind.label}”，不需要再关联", field="other"
        )
    return tie(session, actor, first, second, kind, note=note, now=now)


def tie(
    session: Session,
    actor: Actor,
    first: Ticket,
    second: Ticket,
    kind: LinkKind,
    *,
    note: str = "",
    now: datetime,
) -> TicketLink:
    """Write the tie of two tickets that the caller holds locked; `first` is the earlier one."""
    row = TicketLink(
        ticket_id=first.id,
        other_id=second.id,
        kind=kind.value,
        note=note.strip(),
        made_at=now,
        made_by_id=actor.staff_id,
    )
    session.add(row)
    for ticket, other in ((first, second), (second, first)):
        fact = TicketsLinked(
            at=now,
            ticket_id=ticket.id,
            other=other.number,
            link=kind.value,
            reason=note.strip(),
        )
        record(session, actor, fact, status=ticket.status)
    session.flush()
    return row


def unlink(
    session: Session, actor: Actor, number: str, other_number: str, *, now: datetime
) -> None:
    """取消关联: take back a tie that somebody made by hand.

    Raises:
        CannotUndo: the tie tells where a ticket came from, or there is none.
    """
    first, second = _both(session, actor, number, other_number)
    rows = session.scalars(
        select(TicketLink).where(TicketLink.ticket_id == first.id, TicketLink.other_id == second.id)
    ).all()
    removable = [row for row in rows if LinkKind(row.kind) in _BY_HAND]
    if not removable:
        why = "、".join(LinkKind(row.kind).label for row in rows)
        words = f"是“{why}”，说明工单的由来，不能取消" if rows else "没有关联"
        raise CannotUndo(f"工单 {number} 和 {other_number} {words}")
    for row in removable:
        session.delete(row)
        for ticket, other in ((first, second), (second, first)):
            fact = TicketsUnlinked(at=now, ticket_id=ticket.id, other=other.number, link=row.kind)
            record(session, actor, fact, status=ticket.status)
    session.flush()


def split(
    session: Session,
    actor: Actor,
    number: str,
    *,
    content: str,
    reason: str,
    title: str = "",
    category: str | None = None,
    expected: int | None = None,
    now: datetime,
) -> Ticket:
    """拆单: a part of the request becomes a ticket of its own, of the same requester.

    The request's own words stay where they are. What the requester asked for (secrecy, a reply or
    none, units to stay away) holds for the part too.
    """
    if not content.strip():
        raise InvalidInput("请写明拆出的这一部分诉求", field="content")
    if not reason.strip():
        raise InvalidInput("请写明拆单的理由，例如：两件事由不同单位负责", field="reason")
    ticket, _ = begin(session, actor, number, Action.SPLIT, expected)
    part = open_ticket(session, actor, _form_of(ticket, content, title, category), now=now)
    part.source_level, part.anonymous = ticket.source_level, ticket.anonymous
    _copy_particulars(session, actor, ticket, part, now)
    session.add(
        TicketLink(
            ticket_id=ticket.id,
            other_id=part.id,
            kind=LinkKind.SPLIT.value,
            note=reason.strip(),
            made_at=now,
            made_by_id=actor.staff_id,
        )
    )
    for one, other in ((ticket, part), (part, ticket)):
        fact = TicketSplit(at=now, ticket_id=one.id, other=other.number, reason=reason.strip())
        record(session, actor, fact, status=one.status)
    session.flush()
    return part


def links_of(session: Session, reader: Actor, ticket_id: int) -> tuple[Linked, ...]:
    """The tickets tied to one the caller has read with its reader's rights, newest tie first."""
    about = or_(TicketLink.ticket_id == ticket_id, TicketLink.other_id == ticket_id)
    other = select(Ticket, TicketLink).join(
        TicketLink, or_(TicketLink.ticket_id == Ticket.id, TicketLink.other_id == Ticket.id)
    )
    rows = session.execute(
        visible_to(reader, other)
        .where(about, Ticket.id != ticket_id)
        .order_by(TicketLink.id.desc())
    )
    return tuple(
        Linked(
            ticket.number,
            ticket.title,
            Status(ticket.status),
            LinkKind(row.kind),
            row.note,
            row.made_at,
        )
        for ticket, row in rows
    )


def _both(session: Session, actor: Actor, number: str, other_number: str) -> tuple[Ticket, Ticket]:
    """The two tickets, the earlier first, locked in that order and asked of the table."""
    if number == other_number:
        raise InvalidInput("不能把工单和它自己关联，请填写另一张工单的编号", field="other")
    pair = [ticket_for(session, actor, n) for n in (number, other_number)]
    first, second = (
        begin(session, actor, ticket.number, Action.LINK, None)[0]
        for ticket in sorted(pair, key=lambda ticket: ticket.id)
    )
    return first, second


def _form_of(ticket: Ticket, content: str, title: str, category: str | None) -> RequestForm:
    return RequestForm(
        content=content,
        title=title,
        kind=RequestKind(ticket.kind),
        urgency=Urgency(ticket.urgency),
        channel=Channel(ticket.channel),
        category=category,
        place=ticket.place,
        division=ticket.division,
        requester_name=ticket.requester_name,
        phone=ticket.phone,
        confidential=ticket.confidential,
        reply_wanted=ticket.reply_wanted,
        business_environment=ticket.business_environment,
    )


def _copy_particulars(
    session: Session, actor: Actor, ticket: Ticket, part: Ticket, now: datetime
) -> None:
    told = session.get(Particulars, ticket.id)
    if told is not None:
        row = session.get(Particulars, part.id) or Particulars(ticket_id=part.id)
        put_back(row, keep(told, column_names(Particulars, without=("ticket_id", "external_no"))))
        session.add(row)
    avoided = session.execute(
        select(Department, AvoidedUnit.why)
        .join(AvoidedUnit, AvoidedUnit.department_id == Department.id)
        .where(AvoidedUnit.ticket_id == ticket.id)
        .order_by(Department.id)
    ).all()
    for unit, why in avoided:
        avoidance.put(session, actor, part, unit, AvoidReason(why), now=now)
