"""Hot spots as people read them: a list by state, one with its tickets, and its hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.gatherings import Series
from dispatch.domain.learning_terms import HotSpotState
from dispatch.domain.people import Actor
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.catalog import Category, Division
from dispatch.models.learning import HotSpot, HotSpotTicket
from dispatch.models.people import Staff
from dispatch.models.tickets import Ticket
from dispatch.service import catalogue
from dispatch.service.access import visible
from dispatch.service.hot_spot_counts import caller_of, of_series, trees
from dispatch.service.hot_spots import LOOKED, RULING_OUT
from dispatch.service.queries import TicketCard, cards_of

PAGE = 30
LINE_HOURS = 24
CHART_HOURS = 72
MOST_TICKETS = 500


@dataclass(frozen=True)
class HourBar:
    """One hour: when it begins, how many tickets it brought, how many are usual."""

    at: datetime
    tickets: int
    usual: float


@dataclass(frozen=True, kw_only=True)
class HotSpotView:
    """One hot spot. `tickets` counts all of them, `hidden` those its reader may not see."""

    id: int
    category: str
    where: str
    place: str
    division: str
    words: tuple[str, ...]
    state: HotSpotState
    began_at: datetime
    found_at: datetime
    last_at: datetime
    tickets: int
    hidden: int
    expected: float
    spread: float
    surprise: float
    hours: tuple[HourBar, ...]
    """The last day of its own tickets."""
    ended_at: datetime | None
    ended_by: str | None
    note: str
    may_rule: bool

    @property
    def times(self) -> float:
        """How many times the usual number it has."""
        return self.tickets / self.expected if self.expected > 0 else float("inf")


def hot_spots(
    session: Session,
    reader: Actor,
    state: HotSpotState,
    *,
    before: int | None = None,
    limit: int = PAGE,
) -> tuple[HotSpotView, ...]:
    """Hot spots in one state, the newest first."""
    query = _query().where(HotSpot.state == state.value)
    if before is not None:
        query = query.where(HotSpot.id < before)
    return _views(session, reader, query.order_by(HotSpot.id.desc()).limit(limit))


def hot_spot(session: Session, reader: Actor, spot_id: int) -> HotSpotView:
    """One hot spot.

    Raises:
        NotFound: there is none.
    """
    found = _views(session, reader, _query().where(HotSpot.id == spot_id))
    if not found:
        raise NotFound("没有找到这个热点")
    return found[0]


def counts(session: Session) -> dict[str, int]:
    """How many there are in each state."""
    rows = session.execute(select(HotSpot.state, func.count()).group_by(HotSpot.state))
    known = {row[0]: row[1] for row in rows}
    return {state.value: known.get(state.value, 0) for state in HotSpotState}


def looked_at(session: Session) -> datetime | None:
    """When hot spots were looked for last; None when never."""
    value = catalogue.checkpoint(session, LOOKED)
    return datetime.fromisoformat(value) if value else None


def tickets_of(session: Session, reader: Actor, spot_id: int) -> list[TicketCard]:
    """The tickets of a hot spot that the reader may see, newest first."""
    mine = select(HotSpotTicket.ticket_id).where(HotSpotTicket.hot_spot_id == spot_id)
    return cards_of(session, Ticket.id.in_(mine) & visible(reader), limit=MOST_TICKETS)


def numbers_of(session: Session, reader: Actor, spot_id: int) -> list[str]:
    """The numbers of the tickets the reader may see, newest first."""
    query = (
        select(Ticket.number)
        .join(HotSpotTicket, HotSpotTicket.ticket_id == Ticket.id)
        .where(HotSpotTicket.hot_spot_id == spot_id, visible(reader))
        .order_by(Ticket.id.desc())
    )
    return list(session.scalars(query))


def callers_of(session: Session, spot_id: int) -> int:
    """How many different callers its tickets have; one without a number counts by itself."""
    query = (
        select(Ticket.id, Ticket.phone, Ticket.requester_id)
        .join(HotSpotTicket, HotSpotTicket.ticket_id == Ticket.id)
        .where(HotSpotTicket.hot_spot_id == spot_id)
    )
    rows = session.execute(query)
    return len({caller_of(phone, who, id_) for id_, phone, who in rows})


def chart(session: Session, spot_id: int, *, now: datetime) -> tuple[HourBar, ...]:
    """Every ticket of its subject and place in three days' hours, its own or not."""
    spot = session.get_one(HotSpot, spot_id)
    end = _hour(min(now, spot.last_at + timedelta(hours=6))) + timedelta(hours=1)
    begin = end - timedelta(hours=CHART_HOURS)
    series = Series(spot.category_id, spot.division, spot.place)
    moments = session.scalars(
        select(Ticket.created_at).where(
            Ticket.created_at >= begin,
            Ticket.created_at < end,
            of_series(series, trees(session)),
        )
    )
    return _bars(moments, begin, CHART_HOURS, spot.usual)


def _query() -> Select[HotSpot, str, str, str]:
    return (
        select(HotSpot, Category.name, Division.name, Staff.name)
        .join(Category, Category.id == HotSpot.category_id)
        .outerjoin(Division, Division.code == HotSpot.division)
        .outerjoin(Staff, Staff.id == HotSpot.ended_by_id)
    )


def _views(
    session: Session, reader: Actor, query: Select[HotSpot, str, str, str]
) -> tuple[HotSpotView, ...]:
    rows = session.execute(query).all()
    ids = [row[0].id for row in rows]
    seen = dict(
        session.execute(
            select(HotSpotTicket.hot_spot_id, func.count())
            .join(Ticket, Ticket.id == HotSpotTicket.ticket_id)
            .where(HotSpotTicket.hot_spot_id.in_(ids), visible(reader))
            .group_by(HotSpotTicket.hot_spot_id)
        ).all()
    )
    moments: dict[int, list[datetime]] = defaultdict(list)
    for spot_id, at in session.execute(
        select(HotSpotTicket.hot_spot_id, Ticket.created_at)
        .join(Ticket, Ticket.id == HotSpotTicket.ticket_id)
        .where(HotSpotTicket.hot_spot_id.in_(ids))
    ):
        moments[spot_id].append(at)
    return tuple(
        _view(
            reader,
            spot,
            category,
            division,
            ended_by,
            seen=seen.get(spot.id, 0),
            moments=moments[spot.id],
        )
        for spot, category, division, ended_by in rows
    )


def _view(
    reader: Actor,
    spot: HotSpot,
    category: str,
    division: str | None,
    ended_by: str | None,
    *,
    seen: int,
    moments: Sequence[datetime],
) -> HotSpotView:
    end = _hour(spot.last_at) + timedelta(hours=1)
    state = HotSpotState(spot.state)
    return HotSpotView(
        id=spot.id,
        category=category,
        where=spot.place or division or "全市",
        place=spot.place,
        division=division or "全市",
        words=tuple(spot.words),
        state=state,
        began_at=spot.began_at,
        found_at=spot.found_at,
        last_at=spot.last_at,
        tickets=spot.tickets,
        hidden=spot.tickets - seen,
        expected=spot.expected,
        spread=spot.spread,
        surprise=spot.surprise,
        hours=_bars(moments, end - timedelta(hours=LINE_HOURS), LINE_HOURS, spot.usual),
        ended_at=spot.ended_at,
        ended_by=ended_by,
        note=spot.note,
        may_rule=reader.role in RULING_OUT,
    )


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _bars(
    moments: Iterable[datetime], begin: datetime, hours: int, usual: Sequence[float]
) -> tuple[HourBar, ...]:
    counted = [0] * hours
    for at in moments:
        place = int((at - begin).total_seconds() // 3600)
        if 0 <= place < hours:
            counted[place] += 1
    starts = [begin + timedelta(hours=n) for n in range(hours)]
    return tuple(
        HourBar(at, n, usual[at.astimezone(SHANGHAI).hour])
        for at, n in zip(starts, counted, strict=True)
    )
