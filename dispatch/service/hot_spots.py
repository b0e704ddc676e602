"""Hot spots kept: opened once, growing while they last, dismissed by a supervisor, over in time.

A look counts outside (`analytics`), then writes here in one short transaction under one lock, so
two processes that look at the same moment open nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, or_, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.events import HotSpotChanged
from dispatch.domain.gatherings import Found, Series, share_of
from dispatch.domain.learning_rules import HotSpotRules
from dispatch.domain.learning_terms import HotSpotState
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Role
from dispatch.models.catalog import Category, Division
from dispatch.models.learning import HotSpot, HotSpotTicket
from dispatch.models.tickets import Ticket
from dispatch.service import catalogue, notices
from dispatch.service.access import require_role

RULING_OUT = (Role.SUPERVISOR, Role.CENTER)
AGAIN = 2
"""A dismissed one is told of again when it has so many times the tickets it was dismissed with."""

WIDER = 1.5
"""An open one is told by another series when that has so many times its tickets."""

LOOKED = "hot-spots"
_SAME = 0.5
_NOTE = 1000


@dataclass(frozen=True)
class Watched:
    """A hot spot that may still grow: open, or dismissed and not yet quiet."""

    id: int
    series: Series
    began_at: datetime


@dataclass(frozen=True)
class Growth:
    """What a look found of a watched one: its newest tickets while there are more than usual."""

    id: int
    tickets: tuple[int, ...]
    expected: float
    """Since it began."""


def watched(session: Session, rules: HotSpotRules, *, now: datetime) -> tuple[Watched, ...]:
    """Hot spots whose tickets are to be counted on."""
    return tuple(
        Watched(spot.id, Series(spot.category_id, spot.division, spot.place), spot.began_at)
        for spot in _rows(session, rules, now)
        if spot.state != HotSpotState.OVER.value
    )


def keep(
    session: Session,
    grown: Sequence[Growth],
    found: Sequence[Found],
    rules: HotSpotRules,
    *,
    now: datetime,
) -> int:
    """Write what a look found: let known ones grow, open new ones, end quiet ones.

    Returns:
        How many were opened or told of again.
    """
    _lock(session, now)
    spots = {spot.id: spot for spot in _rows(session, rules, now)}
    held = {spot.id: _tickets(session, spot.id) for spot in spots.values()}
    told = 0
    for growth in grown:
        if (spot := spots.get(growth.id)) is not None:
            told += _grow(session, spot, held[spot.id], growth, now)
    for one in found:
        mine = frozenset(one.tickets)
        same = [spot for spot in spots.values() if _overlap(spot, one, mine, held[spot.id])]
        if not same:
            spot = _open(session, one, now)
            spots[spot.id], held[spot.id] = spot, set(one.tickets)
            told += 1
        elif len(same) == 1 and same[0].state == HotSpotState.OPEN.value:
            _widen(session, same[0], held[same[0].id], one, spots, now)
    quiet = now - timedelta(hours=rules.quiet_hours)
    for spot in spots.values():
        if spot.state == HotSpotState.OPEN.value and spot.last_at <= quiet:
            spot.state, spot.ended_at = HotSpotState.OVER.value, now
            _tell(session, SYSTEM, spot, now)
    return told


def dismiss(session: Session, actor: Actor, spot_id: int, *, note: str, now: datetime) -> HotSpot:
    """Rule an open one out; it stays so until it has twice its tickets.

    Raises:
        NotFound: there is none.
        InvalidInput: no reason is given.
        ActionNotAllowed: it is not open any more.
    """
    require_role(actor, *RULING_OUT)
    if not note.strip():
        raise InvalidInput("请写明排除的理由，例如“同一施工已公告”", field="note")
    spot = _spot_in(session, spot_id, HotSpotState.OPEN)
    spot.state, spot.note = HotSpotState.DISMISSED.value, note.strip()[:_NOTE]
    spot.ended_at, spot.ended_by_id = now, actor.staff_id
    spot.dismissed_tickets = spot.tickets
    _tell(session, actor, spot, now)
    return spot


def restore(session: Session, actor: Actor, spot_id: int, *, now: datetime) -> HotSpot:
    """Take a dismissal back.

    Raises:
        NotFound: there is none.
        ActionNotAllowed: it was not dismissed, or the same is open again already.
    """
    require_role(actor, *RULING_OUT)
    spot = _spot_in(session, spot_id, HotSpotState.DISMISSED)
    if _open_like(session, spot) is not None:
        raise ActionNotAllowed("同一地点、同一事项已有正在升温的热点，不必恢复这一条")
    _reopen(spot)
    _tell(session, actor, spot, now)
    return spot


def _rows(session: Session, rules: HotSpotRules, now: datetime) -> Sequence[HotSpot]:
    """Open ones, dismissed ones that are not quiet, and those whose tickets are still seen."""
    lately = {
        HotSpotState.DISMISSED: now - timedelta(hours=rules.quiet_hours),
        HotSpotState.OVER: now - timedelta(hours=rules.window_hours),
    }
    return session.scalars(
        select(HotSpot)
        .where(
            or_(
                HotSpot.state == HotSpotState.OPEN.value,
                *(
                    (HotSpot.state == state.value) & (HotSpot.last_at > since)
                    for state, since in lately.items()
                ),
            )
        )
        .order_by(HotSpot.id)
        .execution_options(populate_existing=True)
    ).all()


def _lock(session: Session, now: datetime) -> None:
    """Let one look write at a time; the row says when the last one was."""
    catalogue.put_checkpoint(session, LOOKED, now.isoformat())
    session.flush()


def _tickets(session: Session, spot_id: int) -> set[int]:
    found = select(HotSpotTicket.ticket_id).where(HotSpotTicket.hot_spot_id == spot_id)
    return set(session.scalars(found))


def _grow(session: Session, spot: HotSpot, held: set[int], growth: Growth, now: datetime) -> int:
    more = _add(session, spot, held, growth.tickets)
    if not more:
        return 0
    spot.expected = growth.expected
    dismissed = spot.dismissed_tickets
    again = dismissed is not None and spot.tickets >= AGAIN * dismissed
    if again and _open_like(session, spot) is None:
        _reopen(spot)
        _notify(session, spot, "被排除后又翻倍，", now)
    _tell(session, SYSTEM, spot, now)
    return int(again)


def _add(session: Session, spot: HotSpot, held: set[int], tickets: Sequence[int]) -> int:
    more = sorted(set(tickets) - held)
    if more:
        rows = [{"hot_spot_id": spot.id, "ticket_id": ticket} for ticket in more]
        session.execute(insert(HotSpotTicket), rows)
        held.update(more)
        spot.tickets = len(held)
        newest = session.scalar(select(func.max(Ticket.created_at)).where(Ticket.id.in_(more)))
        spot.last_at = max(spot.last_at, newest) if newest else spot.last_at
    return len(more)


def _overlap(spot: HotSpot, one: Found, mine: frozenset[int], held: set[int]) -> bool:
    """Whether both tell of one event; what is over is told anew when most of it is new."""
    shares = [share_of(one.tickets, frozenset(held))]
    if spot.state != HotSpotState.OVER.value:
        shares.append(share_of(tuple(held), mine))
    return max(shares) >= _SAME


def _open(session: Session, one: Found, now: datetime) -> HotSpot:
    spot = HotSpot(
        state=HotSpotState.OPEN.value,
        began_at=one.began_at,
        found_at=now,
        last_at=one.last_at,
        tickets=0,
        note="",
    )
    _describe(spot, one)
    session.add(spot)
    session.flush()
    _add(session, spot, set(), one.tickets)
    _notify(session, spot, "", now)
    _tell(session, SYSTEM, spot, now)
    return spot


def _widen(
    session: Session,
    spot: HotSpot,
    held: set[int],
    one: Found,
    others: dict[int, HotSpot],
    now: datetime,
) -> None:
    """Tell of the same event by the series that explains clearly more of it."""
    taken = any(_key(other) == one.series for other in others.values() if other.state == spot.state)
    if one.surprise > spot.surprise and len(one.tickets) >= WIDER * len(held) and not taken:
        _describe(spot, one)
        spot.began_at = min(spot.began_at, one.began_at)
        _add(session, spot, held, one.tickets)
        _tell(session, SYSTEM, spot, now)
    elif _key(spot) == one.series:
        spot.surprise = max(spot.surprise, one.surprise)


def _describe(spot: HotSpot, one: Found) -> None:
    series = one.series
    spot.category_id, spot.division, spot.place = series.category_id, series.division, series.place
    spot.words, spot.usual, spot.spread = list(one.words), list(one.usual), one.spread
    spot.expected, spot.surprise = one.expected, one.surprise


def _key(spot: HotSpot) -> Series:
    return Series(spot.category_id, spot.division, spot.place)


def _open_like(session: Session, spot: HotSpot) -> int | None:
    return session.scalar(
        select(HotSpot.id).where(
            HotSpot.category_id == spot.category_id,
            HotSpot.division == spot.division,
            HotSpot.place == spot.place,
            HotSpot.state == HotSpotState.OPEN.value,
        )
    )


def _reopen(spot: HotSpot) -> None:
    spot.state, spot.ended_at, spot.ended_by_id = HotSpotState.OPEN.value, None, None
    spot.dismissed_tickets = None


def _spot_in(session: Session, spot_id: int, state: HotSpotState) -> HotSpot:
    spot = session.get(HotSpot, spot_id, with_for_update=True, populate_existing=True)
    if spot is None:
        raise NotFound("没有找到这个热点")
    if spot.state != state.value:
        now_in = HotSpotState(spot.state).label
        raise ActionNotAllowed(f"这个热点现在是“{now_in}”，不能再做这一步")
    return spot


def _notify(session: Session, spot: HotSpot, why: str, now: datetime) -> None:
    category = session.get_one(Category, spot.category_id).name
    division = session.get(Division, spot.division)
    where = spot.place or (division.name if division else "全市")
    usual = f"约 {spot.expected:.1f}" if spot.expected >= 0.1 else "不到 0.1"
    words = (
        f"{where}“{category}”{why}已有 {spot.tickets} 件工单，按以往{usual} 件。请在“热点”中查看。"
    )
    notices.tell(session, NoticeKind.HOT_SPOT, words, role=Role.SUPERVISOR, now=now)


def _tell(session: Session, actor: Actor, spot: HotSpot, now: datetime) -> None:
    session.flush()
    record(session, actor, HotSpotChanged(at=now, hot_spot_id=spot.id, state=spot.state))
