"""The desks: each role's rows and no others, in the order in which they run out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from dispatch.domain.calls import CallRecord, Direction
from dispatch.domain.vocabulary import Urgency
from dispatch.service import intake
from tests.portal.steps import Walker
from tests.portal.town import Town


def rows(page: str) -> list[str]:
    """Numbers of the tickets a list shows, from the top."""
    return re.findall(r'data-testid="row-(\d+)"', page)


def desk(town: Town, login: str, tab: str = "") -> str:
    """A desk as this person sees it."""
    answer = town.browser(login).get(f"/desk?tab={tab}" if tab else "/desk")
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


def count(page: str, tab: str) -> int:
    """The number on a tab."""
    found = re.search(rf'data-testid="count-{tab}">(\d+)<', page)
    assert found is not None
    return int(found[1])


def test_a_ticket_moves_from_desk_to_desk(town: Town) -> None:
    walker = Walker(town, town.ticket())
    assert rows(desk(town, "li", "todo")) == [walker.number]
    assert rows(desk(town, "chengguan", "sign")) == []
    walker.walk_to("dispatched")
    assert rows(desk(town, "li", "todo")) == []
    assert rows(desk(town, "chengguan", "sign")) == [walker.number]
    walker.press("chengguan", "acknowledge")
    assert rows(desk(town, "chengguan", "work")) == [walker.number]
    walker.press("chengguan", "complete", public_reply="已清离占道摊点，每晚安排巡查值守。")
    assert rows(desk(town, "zhong", "audit")) == [walker.number]
    walker.press("zhong", "pass-audit")
    assert rows(desk(town, "hui", "follow")) == [walker.number]
    walker.press("hui", "follow-up", reached="yes", solved="resolved", rating="satisfied")
    assert rows(desk(town, "hui", "follow")) == []
    for login in ("hui", "li", "zhong", "ban", "chengguan"):
        assert rows(desk(town, login, "done")) == [walker.number]


def test_a_unit_without_tickets_sees_nothing_and_is_told_what_will_come(town: Town) -> None:
    Walker(town, town.ticket()).walk_to("dispatched")
    for tab in ("sign", "work", "audit", "done"):
        page = desk(town, "zhujian", tab)
        assert rows(page) == []
        assert "占道" not in page
        assert "会出现在这里" in page


def test_a_reassigned_ticket_leaves_the_desk_of_the_former_unit(town: Town) -> None:
    walker = Walker(town, town.ticket()).walk_to("dispatched")
    walker.press("li", "reassign", department="ZJ", reason="不属城管职责")
    assert rows(desk(town, "chengguan", "sign")) == []
    assert rows(desk(town, "zhujian", "sign")) == [walker.number]


def test_what_runs_out_next_comes_first(town: Town) -> None:
    late = Walker(town, town.ticket())
    town.clock.advance(days=1)
    urgent = Walker(town, town.ticket(urgency=Urgency.EMERGENCY))
    waiting = rows(desk(town, "li", "todo"))
    assert waiting == [urgent.number, late.number]
    late.walk_to("acknowledged")
    urgent.walk_to("acknowledged")
    assert rows(desk(town, "chengguan", "work")) == [urgent.number, late.number]


def test_counts_agree_with_the_rows_they_open(town: Town) -> None:
    for status in ("dispatched", "dispatched", "acknowledged", "completed"):
        Walker(town, town.ticket()).walk_to(status)
    page = desk(town, "chengguan")
    for tab in ("sign", "work", "audit"):
        assert count(page, tab) == len(rows(desk(town, "chengguan", tab)))
    page = desk(town, "zhong")
    for tab in ("todo", "running", "audit", "follow", "late"):
        assert count(page, tab) == len(rows(desk(town, "zhong", tab)))


def test_an_overdue_ticket_is_on_the_late_tab_with_a_word_beside_the_colour(town: Town) -> None:
    walker = Walker(town, town.ticket()).walk_to("acknowledged")
    assert rows(desk(town, "li", "late")) == []
    town.clock.advance(days=20)
    page = desk(town, "li", "late")
    assert rows(page) == [walker.number]
    assert "已超" in page


def test_an_unsigned_ticket_is_late_before_its_handling_time_is_over(town: Town) -> None:
    walker = Walker(town, town.ticket()).walk_to("dispatched")
    town.clock.advance(hours=26)
    assert rows(desk(town, "ban", "late")) == [walker.number]


def test_one_press_dispatches_from_the_list_and_comes_back_to_it(town: Town) -> None:
    number = town.ticket()
    answer = town.browser("li").post(
        f"/tickets/{number}/dispatch",
        data={"version": "1", "department": "城管局", "next": "/desk?tab=todo"},
    )
    assert answer.headers["location"] == f"/desk?tab=todo&done=dispatch&number={number}"
    page = town.browser("li").get(answer.headers["location"]).text
    assert "已派单" in page
    assert rows(page) == []


def test_a_list_is_read_page_by_page_without_gap_or_repetition(town: Town) -> None:
    made = set()
    for minute in range(120):
        town.clock.now += timedelta(minutes=minute % 2)
        made.add(town.ticket())
    browser = town.browser("li")
    seen: list[str] = []
    address: str | None = "/desk?tab=todo"
    while address:
        page = browser.get(address).text
        seen += rows(page)
        found = re.search(r'data-testid="next-page" href="([^"]+)"', page)
        address = found[1].replace("&amp;", "&") if found else None
    assert len(seen) == len(set(seen)) == 120
    assert set(seen) == made


@pytest.mark.parametrize("after", ["x", "1~2", "~~~", "2~nonsense~3", "'; DROP TABLE ticket--"])
def test_a_cursor_of_somebody_elses_making_is_refused(town: Town, after: str) -> None:
    answer = town.browser("li").get("/desk", params={"tab": "todo", "after": after})
    assert answer.status_code == 422
    assert "翻页位置无效" in answer.text


def test_an_unknown_tab_is_the_first_one(town: Town) -> None:
    number = town.ticket()
    assert rows(desk(town, "li", "nonsense")) == [number]


@contextmanager
def statements(town: Town) -> Iterator[list[str]]:
    """Every statement sent to the database meanwhile."""
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    engine = town.database.engines.read
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("login", "tab"), [("li", "todo"), ("li", "running"), ("hui", "follow"), ("zhong", "audit")]
)
def test_a_long_list_costs_no_more_statements_than_a_short_one(
    town: Town, login: str, tab: str
) -> None:
    reached = {"running": "dispatched", "follow": "follow_up", "audit": "completed"}.get(tab)

    def add(many: int) -> None:
        for _ in range(many):
            walker = Walker(town, town.ticket())
            if reached:
                walker.walk_to(reached)

    browser = town.browser(login)
    add(1)
    browser.get(f"/desk?tab={tab}")  # reads the policy in force, which later pages keep
    with statements(town) as short:
        browser.get(f"/desk?tab={tab}")
    add(50 if reached is None else 8)
    with statements(town) as long:
        page = browser.get(f"/desk?tab={tab}").text
    assert len(rows(page)) >= 9
    assert len(long) == len(short) <= 12


def arrive(town: Town, call_id: str, **known: object) -> None:
    """A call as known so far."""
    base: dict[str, object] = {
        "call_id": call_id,
        "call_uuid": None,
        "direction": Direction.INBOUND,
        "caller": "13912345678",
        "line": "12345",
        "queue": "hotline",
        "agent": None,
        "ringing": None,
        "started_at": town.clock.now,
        "queued_at": town.clock.now,
        "answered_at": None,
        "talk_ended_at": None,
        "ended_at": None,
        "outcome": None,
    }
    call = CallRecord(**{**base, **known})  # type: ignore[arg-type]
    with town.database.work() as session:
        intake.record_call(session, call, now=town.clock.now)


def test_deadlines_by_unit_open_their_rows(town: Town) -> None:
    mine = Walker(town, town.ticket()).walk_to("acknowledged")
    Walker(town, town.ticket()).walk_to("dispatched", unit="ZJ")
    town.clock.advance(days=20)
    page = desk(town, "ban", "watch")
    assert 'href="/desk?tab=late&amp;unit=CG"' in page
    assert rows(town.browser("ban").get("/desk?tab=late&unit=CG").text) == [mine.number]


@pytest.mark.parametrize("login", ["chengguan", "li", "hui"])
def test_calls_and_seats_are_for_supervisors_and_the_centre(town: Town, login: str) -> None:
    arrive(town, "waits")
    page = desk(town, login, "watch")
    assert "139****5678" not in page
    assert 'data-testid="tab-watch"' not in page


def search(town: Town, login: str, words: str) -> list[str]:
    """Numbers a search finds for this person."""
    answer = town.browser(login).get("/search", params={"q": words})
    if answer.status_code == 303:
        return [answer.headers["location"].removeprefix("/tickets/")]
    return rows(answer.text)


def test_search_finds_by_number_telephone_and_all_the_words(town: Town) -> None:
    number = town.ticket(content="幸福路路灯坏了三盏", phone="13900001111")
    town.ticket(content="幸福路垃圾没有人清运", phone="13900002222")
    assert search(town, "li", number) == [number]
    assert search(town, "li", "13900001111") == [number]
    assert search(town, "li", "139 0000 1111") == [number]
    assert search(town, "li", "幸福路 路灯") == [number]
    assert search(town, "li", "1390000111") == []
    assert search(town, "li", "100%") == search(town, "li", "_") == []


def test_search_tells_nobody_more_than_the_ticket_would(town: Town) -> None:
    open_ = Walker(town, town.ticket(phone="13900001111")).walk_to("dispatched")
    secret = Walker(town, town.ticket(phone="13900001111", confidential=True))
    secret.walk_to("dispatched")
    assert search(town, "chengguan", "13900001111") == [open_.number]
    assert search(town, "zhang", "13900001111") == []
    assert search(town, "zhujian", open_.number) == []
    assert search(town, "zhujian", "烧烤") == []
    assert set(search(town, "chengguan", "烧烤")) == {open_.number, secret.number}


def test_an_empty_search_asks_for_words(town: Town) -> None:
    town.ticket()
    page = town.browser("li").get("/search?q=").text
    assert "输入要找的内容" in page
    assert rows(page) == []


@pytest.mark.parametrize("login", ["chengguan", "li", "zhong", "hui", "ban"])
def test_an_empty_desk_says_what_will_appear(quiet_town: Town, login: str) -> None:
    browser = quiet_town.browser(login)
    tabs = re.findall(r'data-testid="tab-(\w+)"', browser.get("/desk").text)
    assert len(tabs) >= 2
    for tab in tabs:
        assert "出现在这里" in browser.get(f"/desk?tab={tab}").text
