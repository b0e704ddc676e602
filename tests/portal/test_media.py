"""媒体督 through its pages: registered, matched to a ticket, supervised, closed."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from dispatch.models.judging import MediaItem
from dispatch.models.oversight import Supervision
from dispatch.models.tickets import Ticket
from tests.portal.steps import Walker
from tests.portal.town import Town

ITEM = {
    "title": "南门烧烤摊占道谁来管",
    "outlet": "临川晚报",
    "published_on": "2026-11-22",
    "words": "小区南门外烧烤摊占道经营，油烟很大，居民反映多次",
    "place": "南门外",
    "url": "https://news.example/1",
}


@pytest.fixture
def ban(town: Town) -> TestClient:
    """The supervisor's browser."""
    return town.browser("ban")


def register(browser: TestClient, **change: str) -> str:
    """Send the form; return where it leads."""
    answer = browser.post("/evaluation/media", data={**ITEM, **change})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def said(page: str, testid: str) -> str:
    """The words of an element."""
    found = re.search(rf'data-testid="{testid}">(.*?)</b>', page)
    assert found is not None
    return re.sub("<[^>]*>", "", found[1])


def item(town: Town) -> MediaItem:
    with town.database.read() as session:
        return session.scalars(select(MediaItem)).one()


def test_an_item_goes_its_whole_way_and_the_ticket_is_supervised_for_it(
    town: Town, ban: TestClient
) -> None:
    walker = Walker(town, town.ticket()).walk_to("acknowledged")
    other = town.ticket(content="公交站台的座椅坏了一个月没有人修")
    where = register(ban)
    page = ban.get(where).text
    # What reads alike is offered, what tells of another matter is not.
    assert f'data-testid="match-{walker.number}"' in page
    assert f'data-testid="match-{other}"' not in page
    assert ban.post(f"{where}/match", data={"number": walker.number}).status_code == 303
    empty = ban.post(f"{where}/supervise", data={"level": "listed", "demand": " "})
    assert empty.status_code == 422
    assert 'data-testid="wrong-demand"' in empty.text
    demand = {"level": "listed", "demand": "三日内清理并报告"}
    assert ban.post(f"{where}/supervise", data=demand).status_code == 303
    with town.database.read() as session:
        order = session.scalars(select(Supervision)).one()
    assert (order.trigger, order.level) == ("media", "listed")
    # The order comes first: until it is ruled on, nothing can be told to the paper.
    early = ban.post(f"{where}/close", data={"outcome": "已清理"})
    assert early.status_code == 409
    assert order.number in early.text
    assert "已清理" in early.text
    walker.press("chengguan", "answer-supervision", order=order.number, answer="已清理")
    walker.press("zhong", "accept-supervision", order=order.number, ruling="同意")
    assert ban.post(f"{where}/close", data={"outcome": "属实，已清理"}).status_code == 303
    assert item(town).state == "closed"
    assert "属实，已清理" in ban.get("/evaluation/media?show=closed").text


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(ban: TestClient) -> None:
    for field, value, said in (
        ("title", " ", "请填写标题"),
        ("outlet", "", "请填写媒体名称"),
        ("published_on", "2026-11-24", "不能在今天之后"),
        ("published_on", "昨天", "请填写刊播日期"),
        ("url", "javascript:alert(1)", "http://"),
    ):
        answer = ban.post("/evaluation/media", data={**ITEM, field: value})
        assert answer.status_code == 422
        assert said in answer.text
        assert f'id="e-{field}"' in answer.text
        assert ITEM["words"] in answer.text


def test_a_ticket_is_found_by_words_and_by_its_number(town: Town, ban: TestClient) -> None:
    number = town.ticket(content="公交站台的座椅坏了一个月没有人修")
    where = register(ban)
    assert f"match-{number}" not in ban.get(where).text
    assert f"match-{number}" in ban.get(f"{where}?words=座椅").text
    assert f"match-{number}" in ban.get(f"{where}?words={number}").text
    assert ban.post(f"{where}/match", data={"number": "20200101000001"}).status_code == 404
    assert item(town).state == "registered"


def test_without_a_ticket_the_centre_opens_one_and_the_supervisor_cannot(
    town: Town, ban: TestClient
) -> None:
    where = register(ban)
    assert 'data-testid="open-ticket"' not in ban.get(where).text
    assert ban.post(f"{where}/open-ticket").status_code == 403
    zhong = town.browser("zhong")
    assert zhong.post(f"{where}/open-ticket").status_code == 303
    with town.database.read() as session:
        made = session.scalars(select(Ticket)).one()
    assert (made.channel, made.reply_wanted, made.phone) == ("media", False, None)
    assert "临川晚报" in made.content
    assert item(town).ticket_id == made.id
    # A second press makes no second ticket.
    assert zhong.post(f"{where}/open-ticket").status_code == 409


def test_the_list_counts_every_state_and_is_empty_in_words(ban: TestClient) -> None:
    assert "没有“待核对”的媒体反映" in ban.get("/evaluation/media").text
    where = register(ban)
    page = ban.get("/evaluation/media").text
    assert '<span class="count count-over" data-testid="count-registered">1</span>' in page
    assert f'data-href="{where}"' in page


def test_the_unit_in_charge_stands_in_the_three_views(town: Town, ban: TestClient) -> None:
    walker = Walker(town, town.ticket()).walk_to("acknowledged")
    where = register(ban)
    page = ban.get("/evaluation").text
    assert said(page, "unmatched") == "1"
    assert 'data-testid="unit-CG"' not in page
    ban.post(f"{where}/match", data={"number": walker.number})
    page = town.browser("zhang").get("/evaluation").text
    assert said(page, "unmatched") == "0"
    # Only who works with the items is led to them.
    assert "/evaluation/rows" not in page
    (link,) = re.findall(
        r'href="(/evaluation/rows\?view=media[^"]*unit=CG[^"]*)"', ban.get("/evaluation").text
    )
    assert f'data-href="{where}"' in ban.get(unescape(link)).text
    assert 'data-testid="unit-CG"' in page
    before = ban.get("/evaluation?from=2026-10-01&to=2026-10-31").text
    assert "这段时间没有评价" in before
    assert item(town).published_on == date(2026, 11, 22)
