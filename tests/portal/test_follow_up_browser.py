"""The follow-up caller's keys in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from portal.auth import SESSION_COOKIE
from tests.portal.follow_up_story import attempts, audited, ticket
from tests.portal.serving import serving
from tests.portal.town import Town

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(town: Town, new_context: Callable[..., BrowserContext]) -> Iterator[Page]:
    """The desk of a caller with three requesters waiting."""
    audited(town, 3)
    town.clock.advance(hours=6)
    with serving(town) as site:
        context = new_context(base_url=site)
        fresh = town.session("hui").token
        context.add_cookies([{"name": SESSION_COOKIE, "value": fresh, "url": site}])
        page = context.new_page()
        page.goto("/follow-up")
        yield page


def keys(page: Page, number: str, *pressed: str) -> None:
    """Press keys on the page of this ticket, once it listens to them."""
    expect(page.get_by_test_id("number")).to_have_text(number)
    expect(page.locator("[data-step].current").first).to_be_visible()
    for key in pressed:
        page.keyboard.press(key)


def test_three_keys_and_enter_are_a_result_and_the_next_one_opens(town: Town, desk: Page) -> None:
    numbers = [card.text_content() or "" for card in desk.locator(".row-sub.num").all()]
    desk.keyboard.press("n")
    keys(desk, numbers[0], "1", "2", "4", "Enter")
    keys(desk, numbers[1])
    row = attempts(town, numbers[0])[-1]
    assert (row.contacted, row.reply_true) == (True, True)
    assert (row.solved, row.rating) == ("unresolved", "dissatisfied")
    # A wrong key: taken back, answered anew.
    desk.keyboard.press("u")
    keys(desk, numbers[0], "1", "2", "Backspace", "1", "Enter", "2", "Enter")
    keys(desk, numbers[1])
    assert ticket(town, numbers[0]).first_rating == "satisfied"
    # Nobody answers: 0, the reason, Enter.
    keys(desk, numbers[1], "0", "2", "Enter")
    keys(desk, numbers[2])
    assert attempts(town, numbers[1])[0].result == "busy"


def test_words_are_typed_without_answering_questions(town: Town, desk: Page) -> None:
    (number, *_) = [card.text_content() or "" for card in desk.locator(".row-sub.num").all()]
    desk.keyboard.press("n")
    keys(desk, number, "c")
    desk.keyboard.type("12345 来过 2 次")
    desk.keyboard.press("Escape")
    expect(desk.locator("input:checked")).to_have_count(1)  # 接通
    expect(desk.locator("#f-comment")).to_have_value("12345 来过 2 次")
    desk.keyboard.press("r")
    expect(desk.get_by_test_id("redo")).to_be_checked()
