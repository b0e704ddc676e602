"""Two agents in two Chromium windows hand one citizen on: blind, attended, three who talk."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.console import hears, in_state, listens, ring
from tests.fixtures_hotline import HotlineUnderTest

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def pair(agent: Callable[..., Page]) -> tuple[Page, Page]:
    """Agent 1, who is rung, and agent 2, who is at work and not yet ready."""
    first = agent("agent1")
    second = agent("agent2", ready=False)
    second.select_option("#dock-reason", label="请示班长")
    expect(second.locator("#dock[data-seat=paused]")).to_be_visible()
    return first, second


def answered(hotline: HotlineUnderTest, page: Page) -> None:
    """The page takes the call that rings."""
    in_state(page, "ringing")
    page.keyboard.press("F9")
    in_state(page, "talking")
    expect(page.locator("#f-content")).to_be_visible(timeout=15_000)


def choose(page: Page, name: str, way: str) -> None:
    """Pick a colleague and a way in the dialog, by keys alone as far as they go."""
    page.keyboard.press("Alt+t")
    expect(page.locator("#transfer")).to_be_visible()
    page.keyboard.type(name)
    row = page.locator(".transfer-row").first
    expect(row).to_contain_text(name)
    row.get_by_role("button", name=way, exact=True).press("Enter")


def colleague(hotline: HotlineUnderTest, page: Page) -> str:
    """The extension of the page's agent."""
    return page.locator("#dock").get_attribute("data-extension") or ""


def test_a_blind_transfer_rings_the_colleague_and_frees_the_first(
    hotline: HotlineUnderTest, pair: tuple[Page, Page]
) -> None:
    first, second = pair
    with ring(hotline, "13900000001", seconds=90) as citizen:
        answered(hotline, first)
        hears(first)
        choose(first, colleague(hotline, second), "直接转")
        in_state(second, "ringing")
        in_state(first, "idle")
        second.keyboard.press("F9")
        in_state(second, "talking")
        expect(second.locator("#caller")).to_contain_text("13900000001")
        hears(second)
        listens(citizen)
        second.keyboard.press("Alt+x")
        in_state(second, "idle")
        assert citizen.wait(20).released_by_other_side


def test_nobody_takes_a_blind_transfer_and_the_caller_comes_back(
    hotline: HotlineUnderTest, pair: tuple[Page, Page]
) -> None:
    first, second = pair
    with ring(hotline, "13900000002", seconds=90) as citizen:
        answered(hotline, first)
        choose(first, colleague(hotline, second), "直接转")
        in_state(second, "ringing")
        second.keyboard.press("Alt+x")
        in_state(first, "talking")
        expect(first.locator("#dock-problems")).to_contain_text("已回到您这里")
        hears(first)
        first.keyboard.press("Alt+x")
        assert citizen.wait(20).released_by_other_side


LATE_NOTICE = """(() => {
  // "The citizen was handed on" reaches the page only after he is back.
  const Socket = window.WebSocket;
  const reference = /^NOTIFY [^]*\\r\\n\\r\\nSIP\\/2\\.0 200/;
  window.WebSocket = class extends Socket {
    #held = [];
    set onmessage(read) {
      super.onmessage = (event) => {
        if (typeof event.data === "string" && reference.test(event.data)) {
          this.#held.push(event);
          return;
        }
        read(event);
        if (!String(event.data).startsWith("INVITE ")) return;
        window.overtaken = (window.overtaken ?? 0) + this.#held.length;
        for (const late of this.#held.splice(0)) read(late);
      };
    }
  };
})()"""


def test_a_caller_who_comes_back_before_the_page_is_told_he_left_is_taken(
    hotline: HotlineUnderTest, pair: tuple[Page, Page]
) -> None:
    first, second = pair
    first.add_init_script(LATE_NOTICE)
    first.reload()
    expect(first.locator("#dock[data-registered=yes]")).to_be_visible()
    with ring(hotline, "13900000006", seconds=90) as citizen:
        answered(hotline, first)
        choose(first, colleague(hotline, second), "直接转")
        in_state(second, "ringing")
        second.keyboard.press("Alt+x")
        expect(first.locator("#dock-problems")).to_contain_text("已回到您这里", timeout=15_000)
        assert first.evaluate("window.overtaken") == 1
        in_state(first, "talking")
        hears(first)
        listens(citizen)
        first.keyboard.press("Alt+x")
        assert citizen.wait(20).released_by_other_side


def test_a_colleague_is_asked_first_left_again_asked_again_and_given_the_caller(
    hotline: HotlineUnderTest, pair: tuple[Page, Page]
) -> None:
    first, second = pair
    with ring(hotline, "13900000003", seconds=120) as citizen:
        answered(hotline, first)
        choose(first, colleague(hotline, second), "先咨询")
        in_state(first, "held")
        in_state(second, "ringing")
        second.keyboard.press("F9")
        in_state(second, "talking")
        expect(first.locator("#dock[data-aside=talking]")).to_be_visible()
        hears(second)
        first.keyboard.press("Alt+b")
        in_state(second, "idle")
        in_state(first, "talking")
        hears(first)

        choose(first, colleague(hotline, second), "先咨询")
        in_state(second, "ringing")
        second.keyboard.press("F9")
        expect(first.locator("#dock[data-aside=talking]")).to_be_visible(timeout=15_000)
        first.keyboard.press("Alt+t")
        in_state(first, "idle")
        expect(second.locator("#caller")).to_contain_text("13900000003", timeout=20_000)
        hears(second)
        listens(citizen)
        second.keyboard.press("Alt+x")
        assert citizen.wait(20).released_by_other_side


def test_three_talk_and_the_first_may_leave(
    hotline: HotlineUnderTest, pair: tuple[Page, Page]
) -> None:
    first, second = pair
    with ring(hotline, "13900000004", seconds=120) as citizen:
        answered(hotline, first)
        choose(first, colleague(hotline, second), "先咨询")
        in_state(second, "ringing")
        second.keyboard.press("F9")
        expect(first.locator("#dock[data-aside=talking]")).to_be_visible(timeout=15_000)
        first.keyboard.press("Alt+g")
        expect(first.locator("#dock-aside")).to_be_hidden(timeout=15_000)
        in_state(first, "talking")
        for page in (first, second):
            hears(page)
        listens(citizen)
        expect(second.locator("#caller")).to_contain_text("13900000004", timeout=15_000)
        first.keyboard.press("Alt+x")
        in_state(first, "idle")
        in_state(second, "talking")
        hears(second)
        second.keyboard.press("Alt+x")
        assert citizen.wait(20).released_by_other_side


def test_back_to_the_queue_rings_again(hotline: HotlineUnderTest, pair: tuple[Page, Page]) -> None:
    first, second = pair
    with ring(hotline, "13900000005", seconds=90) as citizen:
        answered(hotline, first)
        second.keyboard.press("Alt+r")
        expect(second.locator("#dock[data-seat=ready]")).to_be_visible()
        first.keyboard.press("Alt+t")
        first.get_by_role("button", name="放回队列").first.press("Enter")
        in_state(second, "ringing")
        second.keyboard.press("F9")
        in_state(second, "talking")
        hears(second)
        second.keyboard.press("Alt+x")
        assert citizen.wait(20).released_by_other_side
