"""What may go wrong in the middle of a call, in a real Chromium: the call, the text, the words."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.console import hears, in_state, listens, ring, saved
from tests.fixtures_hotline import HotlineUnderTest
from tests.scenarios.people import Visitor

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.slow]
STORY = "鼓楼街道路灯不亮已经三天"


def talking(page: Page) -> None:
    """Answer the call that rings, and write."""
    in_state(page, "ringing")
    page.keyboard.press("F9")
    in_state(page, "talking")
    expect(page.locator("#f-content")).to_be_visible(timeout=15_000)
    page.locator("#f-content").fill(STORY)


def test_a_page_loaded_anew_in_mid_call_has_the_call_and_the_text_again(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    page = agent("agent1")
    # As a person who means it: the browser asks before it leaves a call.
    page.on("dialog", lambda dialog: dialog.accept())
    with ring(hotline, "13900000011", seconds=120) as citizen:
        talking(page)
        hears(page)
        for _ in range(2):
            page.reload()
            in_state(page, "talking")
            expect(page.locator("#dock-problems")).to_contain_text("通话已恢复")
            expect(page.locator("#caller")).to_contain_text("13900000011")
            expect(page.locator("#f-content")).to_have_value(STORY)
            hears(page)
            listens(citizen)
        page.keyboard.press("Alt+x")
        assert citizen.wait(20).released_by_other_side
    found = Visitor(hotline, "agent1").read("/agent/recent").text
    assert found.count("13900000011") + found.count("139****0011") == 1


def test_a_browser_that_crashed_in_mid_call_gets_the_call_back(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    """No word of goodbye reaches anybody: the next page of the agent finds the caller."""
    page = agent("agent2")
    with ring(hotline, "13900000012", seconds=120) as citizen:
        talking(page)
        saved(page)
        context = page.context
        state = context.storage_state()
        context.close()
        fresh = context.browser
        assert fresh is not None
        again = fresh.new_context(storage_state=state, permissions=["microphone"]).new_page()
        again.goto(f"{hotline.url}/agent")
        in_state(again, "talking")
        expect(again.locator("#f-content")).to_have_value(STORY)
        hears(again)
        listens(citizen)
        again.keyboard.press("Alt+x")
        assert citizen.wait(20).released_by_other_side
        again.context.close()


def test_a_microphone_that_is_gone_is_said_and_a_new_one_is_taken(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    page = agent("agent1")
    page.evaluate(
        """() => {
          const media = navigator.mediaDevices;
          const ask = media.getUserMedia.bind(media);
          media.getUserMedia = async (wish) => (window.voice = await ask(wish));
        }"""
    )
    with ring(hotline, "13900000013", seconds=60) as citizen:
        talking(page)
        page.evaluate(
            """() => {
              const [track] = window.voice.getAudioTracks();
              track.stop();
              track.dispatchEvent(new Event("ended"));
            }"""
        )
        expect(page.locator("[data-problem=microphone]")).to_contain_text("耳麦断开了")
        page.evaluate("() => navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
        expect(page.locator("[data-problem=microphone]")).to_have_count(0)
        listens(citizen)
        hears(page)
        page.keyboard.press("Alt+x")
        citizen.wait(20)


def test_a_lost_network_is_said_and_heals_without_losing_the_call(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    page = agent("agent1")
    with ring(hotline, "13900000014", seconds=90) as citizen:
        talking(page)
        page.context.set_offline(True)
        # What was typed before may have been sent before.
        page.locator("#f-content").press_sequentially("，请尽快")
        expect(page.locator("#autosave")).to_contain_text("已存在本机")
        page.context.set_offline(False)
        hears(page)
        in_state(page, "talking")
        listens(citizen)
        expect(page.locator("#f-content")).to_have_value(f"{STORY}，请尽快")
        page.keyboard.press("Alt+x")
        citizen.wait(20)


def test_an_identity_number_is_not_recorded_and_the_clock_shows_it(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    page = agent("agent1")
    with ring(hotline, "13900000015", seconds=60) as citizen:
        talking(page)
        page.keyboard.press("Alt+p")
        expect(page.locator("#dock-masked")).to_contain_text(re.compile(r"已遮蔽，\d+ 秒后恢复"))
        expect(page.locator("[data-phone=mask]")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("Alt+p")
        expect(page.locator("#dock-masked")).to_have_text("")
        page.keyboard.press("Alt+x")
        citizen.wait(20)


DEAF = """(() => {
  // The first link is taken by a telephone system that hears nothing on it.
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    #deaf = !window.unheard;
    send(message) {
      if (!this.#deaf) super.send(message);
      else (window.unheard ??= []).push(message);
    }
  };
})()"""


def test_a_telephone_system_that_is_still_starting_is_asked_again_soon(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    page = agent("agent1")
    page.add_init_script(DEAF)
    page.reload()
    # SIP's own patience would be 32 seconds.
    expect(page.locator("#dock[data-registered=yes]")).to_be_visible(timeout=25_000)
    assert page.evaluate("window.unheard.filter((it) => it.startsWith('REGISTER ')).length") >= 1
    expect(page.locator("#dock-problems")).to_have_text("")
    with ring(hotline, "13900000017", seconds=60) as citizen:
        talking(page)
        hears(page)
        page.keyboard.press("Alt+x")
        citizen.wait(20)


def test_asterisk_restarted_in_mid_call_is_said_and_leaves_a_clean_desk(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    page = agent("agent1")
    with ring(hotline, "13900000016", seconds=60):
        talking(page)
        hotline.asterisk.runner.kill()
        hotline.start_asterisk()
        in_state(page, "idle")
        expect(page.locator("#dock[data-registered=yes]")).to_be_visible(timeout=30_000)
        expect(page.locator("#f-content")).to_have_value(STORY)
        expect(page.locator("#dock-problems")).not_to_contain_text("正在自动重连")
