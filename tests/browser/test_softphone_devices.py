"""What rings and who answers it; and a supervisor's word on the console."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.console import hears, in_state, listens, ring
from tests.fixtures_hotline import HotlineUnderTest
from tests.scenarios.people import Visitor

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.slow]


def test_a_call_rings_at_the_telephone_on_the_desk_and_shows_on_the_page(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    page = agent("agent1")
    page.locator(".dock-devices summary").click()
    page.select_option("#dock-device", "9001")
    expect(page.locator("[data-problem=device]")).to_contain_text("话机 9001")
    with (
        hotline.asterisk.desk_phone("9001", seconds=60).start() as desk,
        ring(hotline, "13900000031", seconds=60) as citizen,
    ):
        expect(page.locator("#caller")).to_contain_text("13900000031", timeout=20_000)
        expect(page.locator("#call-mark")).to_have_text("通话中", timeout=20_000)
        listens(desk)
        listens(citizen)
        in_state(page, "idle")
        expect(page.locator("[data-phone=three]")).to_be_enabled(timeout=15_000)
        page.keyboard.press("Alt+p")
        expect(page.locator("#dock-masked")).to_contain_text("已遮蔽")
        page.keyboard.press("Alt+p")
        expect(page.locator("#dock-masked")).to_have_text("")
        desk.hang_up()
        citizen.wait(20)
    page.select_option("#dock-device", "")
    expect(page.locator("[data-problem=device]")).to_contain_text("本页")


def test_an_answer_overtaking_the_panel_is_shown_all_the_same(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    """The panel was read while it rang; the talk began before the panel was on the screen."""
    page = agent("agent1")
    page.locator(".dock-devices summary").click()
    page.select_option("#dock-device", "9001")
    expect(page.locator("[data-problem=device]")).to_contain_text("话机 9001")
    page.evaluate(
        "document.addEventListener('hotline:call_answered',"
        " () => { document.documentElement.dataset.answered = 'yes'; })"
    )

    def late(route: Route) -> None:
        read_while_ringing = route.fetch()
        expect(page.locator("html[data-answered=yes]")).to_have_count(1, timeout=20_000)
        route.fulfill(response=read_while_ringing)

    page.route("**/agent/contact/*", late)
    with (
        hotline.asterisk.desk_phone("9001", seconds=60, ring_s=2).start() as desk,
        ring(hotline, "13900000033", seconds=60) as citizen,
    ):
        expect(page.locator("#caller")).to_contain_text("13900000033", timeout=20_000)
        expect(page.locator("#call-mark")).to_have_text("通话中")
        desk.hang_up()
        citizen.wait(20)
        expect(page.locator("#call-mark")).to_have_text("通话已结束", timeout=20_000)
    page.unroute("**/agent/contact/*")
    page.select_option("#dock-device", "")
    expect(page.locator("[data-problem=device]")).to_contain_text("本页")


def test_a_telephone_told_to_answer_by_itself_does(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    page = agent("agent2")
    page.locator(".dock-devices summary").click()
    with page.expect_response("**/agent/device"):
        page.check("#dock-auto")
    with ring(hotline, "13900000032", seconds=60) as citizen:
        in_state(page, "talking")
        expect(page.locator("#f-content")).to_be_visible(timeout=15_000)
        hears(page)
        page.keyboard.press("Alt+x")
        citizen.wait(20)
    page.reload()
    expect(page.locator("#dock-auto")).to_be_checked()
    page.locator(".dock-devices summary").click()
    # Kept for the agent, not for the page: the next test's calls must ring.
    with page.expect_response("**/agent/device"):
        page.uncheck("#dock-auto")


def test_a_supervisors_word_comes_up_and_goes_when_it_was_read(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    page = agent("agent3", ready=False)
    words = "请提醒来电人携带身份证"
    supervisor = Visitor(hotline, "supervisor1")
    sent = supervisor.press(
        "/wallboard",
        "/wallboard/message",
        extension=page.locator("#dock").get_attribute("data-extension") or "",
        words=words,
    )
    assert sent.status == 200, sent.text[:500]
    expect(page.locator("#dock-messages")).to_contain_text(words, timeout=15_000)
    page.get_by_role("button", name="已读").click()
    expect(page.locator("#dock-messages")).to_have_text("")
    page.reload()
    expect(page.locator("#dock[data-registered=yes]")).to_be_visible(timeout=15_000)
    expect(page.locator("#dock-messages")).to_have_text("")
