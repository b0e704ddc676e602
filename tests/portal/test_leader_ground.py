"""The leader's page beyond the week: the month, districts, four weeks; each opens its rows."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import func, select, update

from dispatch.domain.early import Sign
from dispatch.domain.reporting_terms import WarningKind
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.tickets import Ticket
from dispatch.service import catalogue, early_warnings
from tests.analytics.history_made import NOW, put_month
from tests.portal.town import Town

WEEK = "2026-W46"
PARTS = ("9901", "990101", "990102", "9902")


@pytest.fixture
def busy_town(town: Town) -> Town:
    """A town with a month behind it and two districts."""
    town.clock.now = NOW
    put_month(town.database)
    with town.database.work() as session:
        catalogue.put_divisions(
            session,
            [
                {"code": "99", "name": "岚川市", "parent": None, "level": 1},
                {
                    "code": "9901",
                    "name": "兰堤区",
                    "parent": "99",
                    "level": 2,
                    "population": 40_000,
                },
                {"code": "990101", "name": "鼓台街道", "parent": "9901", "level": 3},
                {"code": "990102", "name": "棠树街道", "parent": "9901", "level": 3},
                {"code": "9902", "name": "河西县", "parent": "99", "level": 2},
            ],
        )
        for n, code in enumerate((*PARTS, "99", None)):
            ids = session.scalars(select(Ticket.id).where(Ticket.id % 6 == n))
            session.execute(update(Ticket).where(Ticket.id.in_(ids.all())).values(division=code))
    return town


def told(page: str) -> int:
    """How many rows the opened part has."""
    found = re.search(
        r'aria-current="page" data-testid="part-\w+">\S+ <span class="count">([\d,]+)<', page
    )
    assert found is not None
    return int(found[1].replace(",", ""))


def test_every_district_opens_as_many_tickets_as_it_says_and_all_are_the_whole(
    busy_town: Town,
) -> None:
    reader = busy_town.browser("zhang")
    page = reader.get(f"/leader?week={WEEK}").text
    shown = {}
    for code in PARTS:
        link = re.search(
            rf'href="([^"]+)"[^>]*data-testid="place-{code}">.*?<b class="num">↑?(\d+)</b>', page
        )
        assert link is not None, code
        shown[code] = int(link[2])
        assert told(reader.get(unescape(link[1])).text) == shown[code]
    assert shown["9901"] > shown["990101"] + shown["990102"] > 0
    elsewhere = re.search(r"另有 (\d+) 件只写明全市", page)
    nowhere = re.search(r'href="([^"]+)" data-testid="place-none">(\d+) 件未写属地', page)
    total = re.search(r'data-testid="tickets-total">([\d,]+)<', page)
    assert elsewhere is not None
    assert nowhere is not None
    assert total is not None
    assert told(reader.get(unescape(nowhere[1])).text) == int(nowhere[2])
    whole = shown["9901"] + shown["9902"] + int(elsewhere[1]) + int(nowhere[2])
    assert whole == int(total[1].replace(",", ""))


def test_a_district_tells_its_tickets_for_each_ten_thousand_residents(busy_town: Town) -> None:
    page = busy_town.browser("zhang").get(f"/leader?week={WEEK}").text
    count = re.search(r'data-testid="place-9901">.*?<b class="num">↑?(\d+)</b>', page)
    shown = re.search(r'data-testid="per-10k-9901">每万人 ([\d.]+) 件', page)
    assert count is not None
    assert shown is not None
    assert shown[1] == f"{int(count[1]) / 4:.2f}"
    # Nobody knows how many live in the other one: nothing is said of it.
    assert "per-10k-9902" not in page


def test_a_week_that_runs_is_held_against_as_much_of_the_weeks_before(busy_town: Town) -> None:
    busy_town.clock.now = datetime(2026, 11, 12, 9, 0, tzinfo=SHANGHAI)  # a Thursday
    page = busy_town.browser("zhang").get(f"/leader?week={WEEK}").text
    shown = re.search(r'data-testid="place-9901">.*?前四周同期平均 ([\d.]+) 件', page, re.DOTALL)
    spans = [
        (start, start + timedelta(days=3, hours=9))
        for start in (
            datetime(2026, 11, 9, tzinfo=SHANGHAI) - timedelta(weeks=n) for n in (1, 2, 3, 4)
        )
    ]
    with busy_town.database.read() as session:
        count = sum(
            session.scalar(
                select(func.count()).where(
                    Ticket.division.startswith("9901"),
                    Ticket.created_at >= first,
                    Ticket.created_at < last,
                )
            )
            or 0
            for first, last in spans
        )
    assert shown is not None
    assert count > 0
    assert shown[1] == f"{count / 4:.1f}"


def test_a_day_of_the_trend_opens_its_rows(busy_town: Town) -> None:
    reader = busy_town.browser("zhang")
    page = reader.get(f"/leader?week={WEEK}").text
    for code in ("direct_answer_rate", "named_rate"):
        bars = re.findall(
            rf'<a href="(/figures/{code}\?from=[\d-]+&amp;to=[\d-]+)" aria-label="\S+ (\d+) 件">',
            page,
        )
        assert len(bars) == 28
        link, count = bars[-2]
        assert told(reader.get(unescape(link)).text) == int(count) > 0


def test_without_enough_history_it_is_said_that_there_is_no_range(busy_town: Town) -> None:
    page = busy_town.browser("zhang").get(f"/leader?week={WEEK}").text
    assert "历史不足 28 天" in page
    assert 'class="trend-range"' not in page


def test_the_month_stands_beside_the_week_and_opens_its_rows(busy_town: Town) -> None:
    reader = busy_town.browser("zhang")
    page = reader.get(f"/leader?week={WEEK}").text
    month = re.search(
        r'data-testid="month-on_time_rate">11月 <a href="([^"]+)">[\d.]+%（\d+/(\d+)）', page
    )
    assert month is not None
    assert "from=2026-11-01" in month[1]
    assert told(reader.get(unescape(month[1])).text) == int(month[2]) > 0


def test_a_warning_and_a_brief_sent_stand_on_the_page_with_a_box(busy_town: Town) -> None:
    words = "最近 7 天全市“占道经营”12 件，按以往约 2.0 件。"
    sign = Sign(
        kind=WarningKind.SURGE,
        subject="1/",
        about="占道经营",
        since=NOW - timedelta(days=2),
        words=words,
        count=12,
        category_id=1,
    )
    with busy_town.database.work() as session:
        early_warnings.keep(session, [WarningKind.SURGE], [sign], now=NOW)
    centre = busy_town.browser("zhong")
    at = centre.post("/briefs", data={"title": "供暖爆管", "facts": "六个小区停暖"}).headers
    assert "供暖爆管" not in busy_town.browser("zhang").get("/leader").text
    centre.post(f"{at['location']}/submit")
    page = busy_town.browser("zhang").get("/leader").text
    assert words in page
    assert f'href="{at["location"]}"' in page
    assert page.count('data-testid="open-instruct-about"') >= 6
    assert "open-instruct-about" not in busy_town.browser("ban").get("/leader").text
    assert "供暖爆管" in busy_town.browser("ban").get("/leader").text


def test_a_week_long_past_and_one_without_divisions_are_shown_too(town: Town) -> None:
    reader = town.browser("root")
    assert reader.get("/leader?week=1995-W10").status_code == 200
    page = reader.get("/leader").text
    assert "还没有区划" in page
    assert date(2026, 11, 23) == town.clock.now.date()
