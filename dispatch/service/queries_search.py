"""Search: a ticket's number, a telephone number, or words; and what forms let people choose."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.contacts import Contact
from dispatch.models.people import Department
from dispatch.models.telephone import Recording
from dispatch.models.tickets import Ticket
from dispatch.models.ties import Particulars
from dispatch.service.access import visible
from dispatch.service.queries import PAGE, TicketCard, cards_of
from dispatch.service.recording_queries import LISTENERS

LONGEST = 60
SHORTEST_PHONE = 7
CENTRE = frozenset({Role.AGENT, Role.DISPATCHER, Role.FOLLOW_UP, Role.SUPERVISOR, Role.CENTER})


@dataclass(frozen=True)
class UnitChoice:
    """A unit that may get tickets."""

    code: str
    name: str
    short_name: str


def search(session: Session, reader: Actor, words: str) -> list[TicketCard]:
    """Tickets the reader may see: by number, by exact telephone number, else by all the words.

    Nobody learns by a telephone number what the page itself would hide from them.
    """
    words = words.replace("\0", "").strip()[:LONGEST]
    if not words:
        return []
    exact = [Ticket.number == words]
    phone = _phone(reader, words)
    if phone is not None:
        exact.append(phone)
    if reader.role in CENTRE:
        exact.append(_filed(Particulars.external_no == words))
    found = cards_of(session, and_(visible(reader), or_(*exact)), limit=PAGE)
    if found:
        return found
    parts = [_contains(part, reader) for part in words.split()]
    return cards_of(session, and_(visible(reader), *parts), limit=PAGE)


def _phone(reader: Actor, words: str) -> ColumnElement[bool] | None:
    digits = "".join(c for c in words if c not in " -()（）")
    if not (digits.isascii() and digits.isdigit() and len(digits) >= SHORTEST_PHONE):
        return None
    if reader.role is Role.LEADER:
        return None
    by_phone = Ticket.phone == digits
    if reader.role is Role.DEPARTMENT:
        return and_(by_phone, Ticket.confidential.is_(False))
    return by_phone


def _filed(what: ColumnElement[bool]) -> ColumnElement[bool]:
    return Ticket.id.in_(select(Particulars.ticket_id).where(what))


def _contains(part: str, reader: Actor) -> ColumnElement[bool]:
    # Whom others accuse is for the centre to search, not for the units.
    accused = [_filed(Particulars.reported_party.contains(part, autoescape=True))]
    return or_(
        *(accused if reader.role in CENTRE else ()),
        *(_spoken(part) if reader.role in LISTENERS else ()),
        Ticket.number.contains(part, autoescape=True),
        Ticket.title.contains(part, autoescape=True),
        Ticket.content.contains(part, autoescape=True),
        Ticket.place.contains(part, autoescape=True),
    )


def _spoken(part: str) -> tuple[ColumnElement[bool]]:
    """What was said on a call about the ticket, as far as it is in words."""
    said = (
        select(Contact.ticket_id)
        .join(Recording, Recording.contact_id == Contact.id)
        .where(
            Contact.ticket_id.is_not(None),
            Recording.transcript.contains(part, autoescape=True),
        )
    )
    return (Ticket.id.in_(said),)


def units(session: Session) -> list[UnitChoice]:
    """Units that may get tickets, by their codes."""
    rows = session.execute(
        select(Department.code, Department.name, Department.short_name)
        .where(Department.active.is_(True))
        .order_by(Department.tier, Department.code)
    )
    return [UnitChoice(*row) for row in rows]


def unit_code(session: Session, typed: str) -> str:
    """The code of the unit meant by a code, a name or a short name.

    Raises:
        InvalidInput: nothing was typed, no unit is called so, or several are.
    """
    typed = typed.replace("\0", "").strip()
    if not typed:
        raise InvalidInput("请选择承办单位", field="department")
    named = or_(Department.code == typed, Department.name == typed, Department.short_name == typed)
    found = session.scalars(select(Department.code).where(named, Department.active.is_(True))).all()
    if typed in found:
        return typed
    if len(found) == 1:
        return found[0]
    if not found:
        raise InvalidInput(
            f"没有叫“{typed[:30]}”的承办单位，请从列表中选择或填写编码", field="department"
        )
    raise InvalidInput(
        f"有 {len(found)} 个单位叫“{typed[:30]}”，请填写编码：{'、'.join(found)}",
        field="department",
    )
