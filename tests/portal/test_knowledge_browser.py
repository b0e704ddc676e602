"""The agent's knowledge panel in a real browser: found, cited and missed by the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from dispatch.models.knowledge import KnowledgeMiss, KnowledgeUse
from portal.auth import SESSION_COOKIE
from tests.portal.serving import serving
from tests.portal.test_knowledge import STALLS, call, misses, published
from tests.portal.town import Town

pytestmark = pytest.mark.browser


@pytest.fixture
def visit(town: Town, new_context: Callable[..., BrowserContext]) -> Iterator[Callable[..., Page]]:
    """Open a page as a person of the town."""
    with serving(town) as site:

        def open_page(login: str, path: str, **options: object) -> Page:
            context = new_context(base_url=site, **options)
            context.add_cookies(
                [{"name": SESSION_COOKIE, "value": town.session(login).token, "url": site}]
            )
            page = context.new_page()
            page.goto(path)
            return page

        yield open_page


def test_an_entry_is_cited_into_the_answer_by_its_key(
    town: Town, visit: Callable[..., Page]
) -> None:
    published(town, title="夜市管理", answer="夜市不属于占道。", basis="")
    where, contact = published(town), call(town)
    page = visit("wang", f"/agent/contact/{contact}")
    # The console takes the focus once, when it is ready; keys before that go astray.
    expect(page.locator("#f-content")).to_be_focused()
    page.locator("#f-answer").fill("您好。")
    page.keyboard.press("Alt+s")
    expect(page.locator("#knowledge-q")).to_be_focused()
    page.keyboard.insert_text("烧烤占道怎么投诉")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("hits")).to_contain_text(STALLS["title"])
    page.keyboard.press("Alt+1")
    whole = f"您好。\n{STALLS['answer']}（依据：{STALLS['basis']}）"
    expect(page.locator("#f-answer")).to_have_value(whole)
    expect(page.get_by_test_id("used")).to_contain_text("第 1 版")
    with town.database.read() as session:
        use = session.scalars(select(KnowledgeUse)).one()
    assert (use.contact_id, use.entry_id) == (contact, int(where.rsplit("/", 1)[1]))
    assert misses(town) == 0


def test_typing_is_no_miss_and_a_search_in_vain_is_one(
    town: Town, visit: Callable[..., Page]
) -> None:
    published(town)
    contact = call(town)
    page = visit("wang", f"/agent/contact/{contact}")
    # The console takes the focus once, when it is ready; keys before that go astray.
    expect(page.locator("#f-content")).to_be_focused()
    page.keyboard.press("Alt+s")
    page.locator("#knowledge-q").press_sequentially("加装电梯")
    assert misses(town) == 0
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("missed")).to_be_visible()
    with town.database.read() as session:
        row = session.scalars(select(KnowledgeMiss)).one()
    assert (row.words, row.contact_id, row.found) == ("加装电梯", contact, 0)
    page.locator("#knowledge-q").fill("烧烤")
    page.keyboard.press("Enter")
    page.get_by_test_id("not-found").click()
    expect(page.get_by_test_id("missed")).to_contain_text("烧烤")
    assert misses(town) == 2


@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_is_wider_than_the_screen(
    town: Town, visit: Callable[..., Page], width: int
) -> None:
    where = published(town)
    town.browser("wang").post(f"{where}/errors", data={"words": "时限有误"})
    town.browser("wang").post("/agent/knowledge", data={"q": "老旧小区加装电梯补贴"})
    page = visit("zhong", "/knowledge", viewport={"width": width, "height": 900})
    for path in ("/knowledge", where, f"{where}/edit", "/knowledge/errors", "/knowledge/gaps"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    page.goto(f"/resident{where}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
