"""Desks in a real browser: live rows that do not jump, kept words, and the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from portal.auth import SESSION_COOKIE
from tests.fixtures_hotline import until
from tests.portal.serving import serving
from tests.portal.steps import REPLY, Walker
from tests.portal.town import Town

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


@pytest.fixture
def site(town: Town) -> Iterator[str]:
    """The address of the town behind a real socket."""
    with serving(town) as address:
        yield address


@pytest.fixture
def visit(town: Town, site: str, new_context: Callable[..., BrowserContext]) -> Visit:
    """Open a page as a person of the town, and wait until it hears live events.

    The answer to its question begins a moment before the stream is one that is told anything.
    """
    streams = town.app.state.live._connections

    def open_page(login: str, path: str, **options: object) -> Page:
        context = new_context(base_url=site, **options)
        context.add_cookies(
            [{"name": SESSION_COOKIE, "value": town.session(login).token, "url": site}]
        )
        page = context.new_page()
        before = set(streams)
        page.goto(path)
        until(lambda: set(streams) - before, 30)
        return page

    return open_page


def test_a_new_ticket_appears_on_the_open_desk_and_a_settled_one_leaves(
    town: Town, visit: Visit
) -> None:
    walker = Walker(town, town.ticket()).walk_to("dispatched")
    page = visit("chengguan", "/desk")
    second = Walker(town, town.ticket())
    second.walk_to("dispatched")
    expect(page.get_by_test_id(f"row-{second.number}")).to_be_visible()
    expect(page.get_by_test_id("count-sign")).to_have_text("2")
    walker.press("chengguan", "acknowledge")
    expect(page.get_by_test_id(f"row-{walker.number}")).to_have_count(0)


def test_nothing_jumps_while_a_unit_is_being_typed(town: Town, visit: Visit) -> None:
    number = town.ticket()
    page = visit("li", "/desk?tab=todo")
    field = page.get_by_test_id(f"row-{number}").get_by_test_id("department")
    field.fill("住建")
    town.clock.advance(minutes=-5)
    other = town.ticket()
    expect(page.locator(".pill")).to_be_visible()
    expect(field).to_have_value("住建")
    expect(page.get_by_test_id(f"row-{other}")).to_have_count(0)
    page.locator(".pill").click()
    expect(page.get_by_test_id(f"row-{other}")).to_be_visible()


def test_the_keyboard_walks_the_list_and_dispatches(town: Town, visit: Visit) -> None:
    number = town.ticket()
    page = visit("li", "/desk?tab=todo")
    page.keyboard.press("j")
    row = page.get_by_test_id(f"row-{number}")
    expect(row).to_have_class("selected")
    row.get_by_test_id("department").fill("城管局")
    page.keyboard.press("Escape")
    row.get_by_test_id("department").blur()
    page.keyboard.press("d")
    expect(page.get_by_test_id("done")).to_contain_text("已派单")
    expect(page.get_by_test_id(f"row-{number}")).to_have_count(0)


def test_enter_opens_the_selected_ticket(town: Town, visit: Visit) -> None:
    number = town.ticket()
    page = visit("li", "/desk?tab=todo")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("number")).to_have_text(number)


def test_a_ticket_page_follows_what_others_do_and_leaves_typed_words_alone(
    town: Town, visit: Visit
) -> None:
    walker = Walker(town, town.ticket()).walk_to("acknowledged")
    page = visit("chengguan", f"/tickets/{walker.number}")
    page.fill("[name=public_reply]", REPLY)
    walker.press("chengguan", "contact", note="同事已经联系")
    expect(page.get_by_test_id("status")).to_contain_text("办理中")
    expect(page.get_by_test_id("timeline")).to_contain_text("同事已经联系")
    expect(page.locator("#moved-on")).to_be_visible()
    assert page.input_value("[name=public_reply]") == REPLY
    page.get_by_test_id("complete").click()
    expect(page.get_by_test_id("refusal")).to_contain_text("同事已经联系")
    assert page.input_value("[name=public_reply]") == REPLY
    page.get_by_test_id("complete").click()
    expect(page.get_by_test_id("status")).to_contain_text("待审核")


def test_words_of_a_refused_press_stay_whatever_others_do_next(town: Town, visit: Visit) -> None:
    walker = Walker(town, town.ticket()).walk_to("acknowledged")
    page = visit("chengguan", f"/tickets/{walker.number}")
    reply = page.locator("[name=public_reply]")
    reply.fill(REPLY)
    walker.press("chengguan", "contact", note="同事已经联系")
    expect(page.locator("#moved-on")).to_be_visible()
    # Kept also when the press comes before the last words were sent, and the window closes then.
    with page.expect_response(f"**/tickets/{walker.number}/draft"):
        reply.press_sequentially("请监督。")
        page.get_by_test_id("complete").click()
        expect(page.get_by_test_id("refusal")).to_be_visible()
        reply.blur()
    walker.press("chengguan", "contact", note="又联系了一次")
    expect(page.get_by_test_id("timeline")).to_contain_text("又联系了一次")
    expect(page.locator("#moved-on")).to_be_visible()
    expect(reply).to_have_value(f"{REPLY}请监督。")
    page.close()
    again = visit("chengguan", f"/tickets/{walker.number}")
    assert again.input_value("[name=public_reply]") == f"{REPLY}请监督。"


def test_a_form_that_came_with_news_is_kept_like_the_first(town: Town, visit: Visit) -> None:
    walker = Walker(town, town.ticket()).walk_to("acknowledged")
    page = visit("chengguan", f"/tickets/{walker.number}")
    page.evaluate("document.getElementById('ticket-side').dataset.first = 'yes'")
    walker.press("chengguan", "contact", note="同事已经联系")
    expect(page.locator("#ticket-side[data-first]")).to_have_count(0)
    with page.expect_response(f"**/tickets/{walker.number}/draft"):
        page.fill("[name=public_reply]", "写到一半的答复")
    page.close()
    again = visit("chengguan", f"/tickets/{walker.number}")
    assert again.input_value("[name=public_reply]") == "写到一半的答复"


def test_a_long_reply_survives_a_closed_window(town: Town, visit: Visit) -> None:
    walker = Walker(town, town.ticket()).walk_to("acknowledged")
    page = visit("chengguan", f"/tickets/{walker.number}")
    with page.expect_response(f"**/tickets/{walker.number}/draft"):
        page.fill("[name=public_reply]", "写到一半的答复")
    page.close()
    again = visit("chengguan", f"/tickets/{walker.number}")
    assert again.input_value("[name=public_reply]") == "写到一半的答复"


def test_three_keys_record_a_follow_up(town: Town, visit: Visit) -> None:
    walker = Walker(town, town.ticket()).walk_to("follow_up")
    page = visit("hui", f"/tickets/{walker.number}#answers")
    expect(page.locator("#answers")).to_be_focused()
    for key in "112":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("status")).to_contain_text("已结案")
    expect(page.locator("#follow-ups")).to_contain_text("满意")


def test_on_a_phone_the_two_big_buttons_are_under_the_thumb(town: Town, visit: Visit) -> None:
    walker = Walker(town, town.ticket()).walk_to("dispatched")
    page = visit("chengguan", "/desk", viewport={"width": 390, "height": 844})
    page.get_by_test_id(f"row-{walker.number}").locator("a.title").click()
    for name in ("acknowledge", "call-requester"):
        button = page.get_by_test_id(name)
        expect(button).to_be_in_viewport()
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_test_id("acknowledge").click()
    expect(page.get_by_test_id("status")).to_contain_text("已签收")


def test_the_supervisor_hears_of_seats_without_a_reload(town: Town, visit: Visit) -> None:
    page = visit("ban", "/wallboard")
    expect(page.get_by_test_id("seat-8001")).to_contain_text("未签入")
    town.browser("wang").post("/agent/seat", data={"state": "ready"})
    expect(page.get_by_test_id("seat-8001")).to_contain_text("就绪")
