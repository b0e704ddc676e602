"""/hot-spots: the list, one with its tickets and hours, dismissal and its undoing, the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database, Recorded
from dispatch.domain.gatherings import Found, Series
from dispatch.domain.policy import load_profile
from dispatch.models.tickets import Ticket
from dispatch.service import catalogue, hot_spots
from portal.live import messages_for
from tests.portal.town import Town

RULES = load_profile("default").hot_spot


@pytest.fixture
def spot(town: Town) -> int:
    """Six tickets of one estate, found by a look; one of them is confidential."""
    numbers = [
        town.ticket(
            content=f"翠湖小区停水了，第 {n} 位", phone=f"1390000000{n}", confidential=n == 0
        )
        for n in range(6)
    ]
    return keep(town.database, town, numbers)


def keep(database: Database, town: Town, numbers: list[str]) -> int:
    now = town.clock.now
    with database.work() as session:
        catalogue.put_categories(
            session, [{"code": "0301", "name": "供水停水与水质", "parent": None, "level": 1}]
        )
    with database.work() as session:
        ids = session.scalars(select(Ticket.id).where(Ticket.number.in_(numbers))).all()
        found = Found(
            series=Series(catalogue.category_id(session, "0301"), "", "翠湖小区"),
            tickets=tuple(ids),
            callers=len(ids),
            began_at=now,
            last_at=now,
            expected=0.2,
            spread=0.5,
            surprise=7.5,
            alarms_a_week=1e-3,
            usual=(0.01,) * 24,
            words=("翠湖小区", "停水"),
        )
        hot_spots.keep(session, [], [found], RULES, now=now)
        return hot_spots.watched(session, RULES, now=now)[0].id


def test_the_list_says_what_gathers_where_and_how_much_is_usual(town: Town, spot: int) -> None:
    page = town.browser("ban").get("/hot-spots").text
    assert f'href="/hot-spots/{spot}"' in page
    assert "翠湖小区" in page
    assert f'data-testid="tickets-{spot}">6<' in page
    assert 'data-testid="count-open">1<' in page
    assert "约 0.2 件" in page


def test_an_empty_list_says_what_will_stand_there(town: Town) -> None:
    page = town.browser("zhang").get("/hot-spots").text
    assert "此刻没有正在升温的热点" in page
    assert "还没有查找过" in page
    assert "没有已排除的热点" in town.browser("ban").get("/hot-spots?show=dismissed").text


def test_the_number_of_tickets_equals_the_rows(town: Town, spot: int) -> None:
    page = town.browser("ban").get(f"/hot-spots/{spot}").text
    assert page.count('data-testid="row-') == 6
    assert 'data-testid="tickets">6<' in page
    assert "hour-chart" in page


def test_a_supervisor_dismisses_with_a_reason_and_takes_it_back(town: Town, spot: int) -> None:
    ban = town.browser("ban")
    bare = ban.post(f"/hot-spots/{spot}/dismiss", data={"note": ""})
    assert bare.status_code == 422
    assert "请写明排除的理由" in bare.text
    assert ban.post(f"/hot-spots/{spot}/dismiss", data={"note": "计划停水"}).status_code == 303
    page = ban.get(f"/hot-spots/{spot}").text
    assert "计划停水" in page
    assert "已排除" in page
    assert 'data-testid="count-dismissed">1<' in ban.get("/hot-spots").text
    assert ban.post(f"/hot-spots/{spot}/restore").status_code == 303
    assert 'data-testid="count-open">1<' in ban.get("/hot-spots").text
    assert ban.post(f"/hot-spots/{spot}/restore").status_code == 409


def test_who_may_not_rule_it_out_sees_no_button(town: Town, spot: int) -> None:
    for login in ("li", "zhang"):
        page = town.browser(login).get(f"/hot-spots/{spot}").text
        assert 'data-testid="dismiss"' not in page
    assert town.browser("li").post(f"/hot-spots/{spot}/dismiss").status_code == 403


def test_the_card_stands_on_the_leaders_and_the_supervisors_page(town: Town, spot: int) -> None:
    assert "/hot-spots/card" in town.browser("zhang").get("/leader").text
    assert "/hot-spots/card" in town.browser("ban").get("/wallboard").text
    card = town.browser("zhang").get("/hot-spots/card").text
    assert 'data-testid="hot-spots-open">1<' in card
    assert "6 件" in card


def test_without_hot_spots_the_wallboard_has_no_card(town: Town) -> None:
    ban = town.browser("ban")
    assert "hot-card" not in ban.get("/hot-spots/card?quiet=true").text
    assert "没有正在升温的热点" in ban.get("/hot-spots/card").text


def test_a_supervisor_finds_the_notice(town: Town, spot: int) -> None:
    page = town.browser("ban").get("/notices").text
    assert "热点预警" in page
    assert "翠湖小区" in page


def test_the_api_lists_them_with_the_numbers_of_their_tickets(town: Town, spot: int) -> None:
    (one,) = town.system("zhong").get("/api/v1/hot-spots").json()
    assert one["id"] == spot
    assert (one["tickets"], one["hidden"], len(one["numbers"])) == (6, 0, 6)
    assert one["place"] == "翠湖小区"
    assert town.system("zhong").get("/api/v1/hot-spots?state=over").json() == []


def test_pages_of_those_who_watch_hear_of_it_and_nobody_else(town: Town) -> None:
    fact = Recorded(7, "HotSpotChanged", town.clock.now, None, None, None, {"state": "open"})
    heard = {
        login
        for login in ("wang", "li", "ban", "zhong", "chengguan", "zhang")
        if messages_for(town.actor(login), [fact], {})
    }
    assert heard == {"li", "ban", "zhong", "zhang"}


def test_a_later_page_begins_where_the_first_ended(town: Town, spot: int) -> None:
    town.clock.now += timedelta(hours=1)
    assert "此刻没有" in town.browser("ban").get(f"/hot-spots?before={spot}").text
