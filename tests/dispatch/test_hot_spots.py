"""热点: opened once, growing, dismissed until it doubles, over in time; by every process alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from benchmarks import city_store
from dispatch.bus import Database
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound, RoleNotAllowed
from dispatch.domain.gatherings import Seen
from dispatch.domain.learning_terms import HotSpotState
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.learning import HotSpot, HotSpotTicket
from dispatch.models.oversight import Notice
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.service import hot_spot_queries, hot_spots
from hotline.hot_spots import HotSpotWatch
from tests.hot_spot_city import NOW, RULES, planted, quiet_city, seen

BAN = Actor(name="班长", role=Role.SUPERVISOR)
AGENT = Actor(name="话务员", role=Role.AGENT, staff_id=4711)
FIRST = 1_000_000


@pytest.fixture
def watch(database: Database) -> HotSpotWatch:
    """A city with eight quiet weeks, and who looks at it."""
    quiet_city(database)
    return HotSpotWatch(database)


def come_in(database: Database, tickets: Sequence[Seen]) -> None:
    with database.work() as session:
        city_store.store(session, tickets)


def spots(database: Database) -> list[HotSpot]:
    with database.read() as session:
        return list(session.scalars(select(HotSpot).order_by(HotSpot.id)))


def rows(database: Database, spot_id: int) -> int:
    with database.read() as session:
        query = select(func.count()).where(HotSpotTicket.hot_spot_id == spot_id)
        return session.scalar(query) or 0


def told(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Notice.words).order_by(Notice.id)))


def test_a_burst_is_found_at_its_fifth_caller_and_its_supervisor_is_told_once(
    database: Database, watch: HotSpotWatch
) -> None:
    burst = planted(FIRST, 6, NOW)
    come_in(database, burst[:4])
    assert watch.look(RULES, burst[3].at) == 0
    come_in(database, burst[4:])
    assert watch.look(RULES, NOW) == 1
    assert watch.look(RULES, NOW + timedelta(minutes=10)) == 0
    (spot,) = spots(database)
    assert (spot.state, spot.place, spot.tickets) == ("open", "和平花园", 6)
    assert rows(database, spot.id) == 6
    assert spot.expected < 1 < spot.surprise
    (words,) = told(database)
    assert "和平花园" in words
    assert "6 件" in words


def test_quiet_weeks_raise_nothing(database: Database, watch: HotSpotWatch) -> None:
    assert [watch.look(RULES, NOW - timedelta(hours=n)) for n in range(3)] == [0, 0, 0]
    assert spots(database) == []


def test_one_angry_caller_is_no_hot_spot(database: Database, watch: HotSpotWatch) -> None:
    come_in(
        database,
        [seen(FIRST + n, NOW - timedelta(minutes=n), caller="12900000001") for n in range(12)],
    )
    assert watch.look(RULES, NOW) == 0


def test_it_grows_while_it_lasts_and_is_over_after_quiet_hours(
    database: Database, watch: HotSpotWatch
) -> None:
    come_in(database, planted(FIRST, 6, NOW))
    watch.look(RULES, NOW)
    later = NOW + timedelta(hours=2)
    come_in(database, planted(FIRST + 100, 4, later))
    assert watch.look(RULES, later) == 0
    (spot,) = spots(database)
    assert spot.tickets == rows(database, spot.id) == 10
    assert spot.last_at == later
    watch.look(RULES, later + timedelta(hours=RULES.quiet_hours, minutes=-10))
    assert spots(database)[0].state == HotSpotState.OPEN.value
    watch.look(RULES, later + timedelta(hours=RULES.quiet_hours))
    assert spots(database)[0].state == HotSpotState.OVER.value
    assert len(told(database)) == 1


def test_dismissed_it_stays_so_until_it_has_twice_its_tickets(
    database: Database, watch: HotSpotWatch
) -> None:
    come_in(database, planted(FIRST, 6, NOW))
    watch.look(RULES, NOW)
    (spot,) = spots(database)
    with database.work() as session:
        hot_spots.dismiss(session, BAN, spot.id, note="计划停水，已公告", now=NOW)
    later = NOW + timedelta(hours=1)
    come_in(database, planted(FIRST + 100, 5, later))
    assert watch.look(RULES, later) == 0
    assert [one.state for one in spots(database)] == ["dismissed"]
    come_in(database, [seen(FIRST + 200, later)])
    assert watch.look(RULES, later + timedelta(minutes=10)) == 1
    (again,) = spots(database)
    assert (again.id, again.state, again.tickets) == (spot.id, "open", 12)
    assert "翻倍" in told(database)[-1]


def test_a_dismissal_needs_its_reason_and_can_be_taken_back(
    database: Database, watch: HotSpotWatch
) -> None:
    come_in(database, planted(FIRST, 6, NOW))
    watch.look(RULES, NOW)
    spot = spots(database)[0].id
    with database.work() as session:
        with pytest.raises(InvalidInput):
            hot_spots.dismiss(session, BAN, spot, note="  ", now=NOW)
        with pytest.raises(RoleNotAllowed):
            hot_spots.dismiss(session, AGENT, spot, note="不是", now=NOW)
        with pytest.raises(NotFound):
            hot_spots.dismiss(session, BAN, spot + 1, note="不是", now=NOW)
        hot_spots.dismiss(session, BAN, spot, note="不是", now=NOW)
        with pytest.raises(ActionNotAllowed):
            hot_spots.dismiss(session, BAN, spot, note="不是", now=NOW)
        hot_spots.restore(session, BAN, spot, now=NOW)
    assert spots(database)[0].state == HotSpotState.OPEN.value
    with database.read() as session:
        kinds = session.scalars(select(TicketEvent.details).order_by(TicketEvent.id)).all()
    assert [one["state"] for one in kinds] == ["open", "dismissed", "open"]


def test_two_processes_that_look_at_once_open_it_once(
    database: Database, watch: HotSpotWatch
) -> None:
    come_in(database, planted(FIRST, 6, NOW))
    other = HotSpotWatch(database)
    assert watch.look(RULES, NOW) + other.look(RULES, NOW) == 1
    assert len(spots(database)) == len(told(database)) == 1


def test_a_confidential_ticket_counts_and_is_shown_to_those_who_may_see_it(
    database: Database, watch: HotSpotWatch
) -> None:
    come_in(database, planted(FIRST, 6, NOW))
    with database.work() as session:
        session.execute(update(Ticket).where(Ticket.id == FIRST).values(confidential=True))
    watch.look(RULES, NOW)
    with database.read() as session:
        (whole,) = hot_spot_queries.hot_spots(session, BAN, HotSpotState.OPEN)
        (part,) = hot_spot_queries.hot_spots(session, AGENT, HotSpotState.OPEN)
        shown = hot_spot_queries.tickets_of(session, AGENT, part.id)
        assert len(hot_spot_queries.tickets_of(session, BAN, whole.id)) == whole.tickets
    assert (whole.tickets, whole.hidden, part.tickets, part.hidden) == (6, 0, 6, 1)
    assert len(shown) == 5


def test_its_hours_show_every_ticket_beside_what_is_usual(
    database: Database, watch: HotSpotWatch
) -> None:
    come_in(database, planted(FIRST, 6, NOW))
    watch.look(RULES, NOW)
    spot = spots(database)[0]
    with database.read() as session:
        bars = hot_spot_queries.chart(session, spot.id, now=NOW)
        view = hot_spot_queries.hot_spot(session, BAN, spot.id)
    assert sum(bar.tickets for bar in bars) == 6
    assert sum(bar.tickets for bar in view.hours) == 6
    assert all(bar.usual >= 0 for bar in bars)
    assert [bars[n + 1].at - bars[n].at for n in range(3)] == [timedelta(hours=1)] * 3


def test_a_spot_that_spreads_is_told_by_what_explains_more_of_it(
    database: Database, watch: HotSpotWatch
) -> None:
    come_in(database, planted(FIRST, 6, NOW))
    watch.look(RULES, NOW)
    later = NOW + timedelta(hours=1)
    come_in(
        database,
        [
            seen(FIRST + 100 + n, later - timedelta(minutes=n), text="停水了", street=f"s{n:02d}")
            for n in range(30)
        ],
    )
    watch.look(RULES, later)
    (spot,) = spots(database)
    assert (spot.place, spot.division) == ("", "")
    assert spot.tickets >= 36


def when(database: Database) -> datetime | None:
    with database.read() as session:
        return hot_spot_queries.looked_at(session)


def test_the_time_of_the_last_look_is_kept(database: Database, watch: HotSpotWatch) -> None:
    assert when(database) is None
    watch.look(RULES, NOW)
    assert when(database) == NOW
