"""Walk the chained histories and say which row of which ticket was tampered with.

Who has the database's password can drop the trigger that refuses changes; the chain then tells
that rows were changed, removed or inserted. It cannot tell of somebody who writes a ticket's whole
chain anew, with the ticket's head: against that stand backups.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import func, select

from dispatch.db import Session
from dispatch.domain.chain import START, link
from dispatch.domain.vocabulary import Labelled
from dispatch.models.tickets import Ticket, TicketEvent

_CHAINED = (
    TicketEvent.kind,
    TicketEvent.at,
    TicketEvent.ticket_id,
    TicketEvent.contact_id,
    TicketEvent.actor_id,
    TicketEvent.actor_name,
    TicketEvent.actor_role,
    TicketEvent.status,
    TicketEvent.details,
)
_NAMES = tuple(column.key for column in _CHAINED)

_STEP = 500
"""Tickets read at once: memory stays the same however long the history is."""


class Damage(Labelled):
    """What a broken chain says was done to the history."""

    CHANGED = "changed", "内容被改动，或它前面的记录被删除"
    INSERTED = "inserted", "是后来插入的"
    EMPTIED = "emptied", "的校验值被清空或改动"
    TAIL = "tail", "之后的记录被删除，或工单上的校验值被改动"
    ALL_REMOVED = "all_removed", "的流转记录被全部删除"
    TICKET_REMOVED = "ticket_removed", "工单被删除，只剩下流转记录"


@dataclass(frozen=True)
class Broken:
    """Where a history does not hold: the ticket, and the row at which it was noticed.

    A row that belongs to no ticket (a call's) has an empty ticket number.
    """

    ticket_number: str
    event_id: int | None
    damage: Damage

    @property
    def why(self) -> str:
        """What was found, as a person reads it."""
        where = f"工单 {self.ticket_number} " if self.ticket_number else "来电"
        row = f"第 {self.event_id} 号流转记录" if self.event_id is not None else ""
        return f"{where}{row}{self.damage.label}"


@dataclass(frozen=True)
class _Kept:
    """A row as it stands; `digest` is what it carries, `after` what it should carry."""

    id: int
    digest: str
    values: dict[str, Any]

    def after(self, previous: str) -> str:
        return link(previous, **self.values)

    def follows(self, previous: str) -> bool:
        return self.digest == self.after(previous)


@dataclass(frozen=True)
class _Head:
    """What the ticket says its last digest is; it closes the chain."""

    digest: str

    def follows(self, previous: str) -> bool:
        return self.digest == previous


def newest_ticket(session: Session) -> int:
    """The highest ticket id, up to which a full walk goes."""
    return session.scalar(select(func.max(Ticket.id))) or 0


def newest_event(session: Session) -> int:
    """The highest id in the history."""
    return session.scalar(select(func.max(TicketEvent.id))) or 0


def broken(session: Session, *, after: int, up_to: int) -> Iterator[Broken]:
    """Check the histories of tickets whose id lies in (after, up_to], in the order of ids.

    A few hundred tickets are in memory at a time, however many are asked for.
    """
    for first in range(after, up_to, _STEP):
        last = min(first + _STEP, up_to)
        ticket = (Ticket.id, Ticket.number, Ticket.history_digest, Ticket.imported)
        rows = session.execute(
            select(*ticket, *_KEPT)
            .outerjoin(TicketEvent, TicketEvent.ticket_id == Ticket.id)
            .where(Ticket.id > first, Ticket.id <= last)
            .order_by(Ticket.id, TicketEvent.id)
        ).all()
        for (_, number, head, imported), group in groupby(rows, key=lambda row: tuple(row[:4])):
            kept = [_kept(row[4:]) for row in group if row[4] is not None]
            if kept:
                yield from (Broken(number, *damage) for damage in _damages(kept, head))
            elif not imported or head != START:
                yield Broken(number, None, Damage.ALL_REMOVED)
        yield from _orphans(session, first, last)


def broken_apart(session: Session, *, after: int, up_to: int) -> Iterator[Broken]:
    """Check the rows that belong to no ticket, whose own id lies in (after, up_to].

    Each stands for itself, so a change is found, a removal is not.
    """
    rows = session.execute(
        select(*_KEPT)
        .where(TicketEvent.ticket_id.is_(None))
        .where(TicketEvent.id > after, TicketEvent.id <= up_to)
        .order_by(TicketEvent.id)
    )
    for kept in map(_kept, rows):
        if kept.digest != kept.after(START):
            yield Broken("", kept.id, Damage.CHANGED if kept.digest else Damage.EMPTIED)


_KEPT = (TicketEvent.id, TicketEvent.digest, *_CHAINED)


def _kept(row: Sequence[Any]) -> _Kept:
    return _Kept(row[0], row[1], dict(zip(_NAMES, row[2:], strict=True)))


def _damages(rows: Sequence[_Kept], head: str) -> Iterator[tuple[int, Damage]]:
    """Follow one ticket's chain from its start to the head the ticket carries.

    What comes next tells what was done to a row that does not fit, and where the chain goes on:
    so one changed row is told once, and not as many times as rows follow it.
    """
    before = START
    fits = rows[0].follows(before)
    links: list[_Kept | _Head] = [*rows[1:], _Head(head)]
    for row, following in zip(rows, links, strict=True):
        if not (joined := fits and following.follows(row.digest)) and following.follows(before):
            yield row.id, Damage.INSERTED
            fits = True
            continue
        if not fits and (not row.digest or following.follows(row.after(before))):
            yield row.id, Damage.EMPTIED
            before = row.after(before)
        elif not fits:
            yield row.id, Damage.CHANGED
            before = row.digest
        else:
            before = row.digest
        fits = joined or following.follows(before)
    if not fits:
        yield rows[-1].id, Damage.TAIL


def _orphans(session: Session, after: int, up_to: int) -> Iterator[Broken]:
    """Rows whose ticket is gone."""
    gone = session.execute(
        select(TicketEvent.ticket_id, func.min(TicketEvent.id))
        .outerjoin(Ticket, Ticket.id == TicketEvent.ticket_id)
        .where(TicketEvent.ticket_id > after, TicketEvent.ticket_id <= up_to)
        .where(Ticket.id.is_(None))
        .group_by(TicketEvent.ticket_id)
    )
    for ticket_id, event_id in gone:
        yield Broken(f"（内部序号 {ticket_id}）", event_id, Damage.TICKET_REMOVED)
