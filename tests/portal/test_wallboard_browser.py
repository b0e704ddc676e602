"""The wallboard in a real browser: fresh at once, still under the hand, readable on a phone."""

from __future__ import annotations

import statistics
import time

import pytest
from playwright.sync_api import Page, expect

from dispatch.domain.ports import AgentState
from tests.fixtures_hotline import until
from tests.portal.test_desk_browser import Visit, site, visit
from tests.portal.test_wallboard import call, seen, sign_in, talk, telephones
from tests.portal.town import Town

__all__ = ["site", "telephones", "visit"]

pytestmark = pytest.mark.browser

GENEROUS_S = 5.0
SLOW = 20_000
"""Other work shares the machine; the benchmark measures what the goal of 250 ms is held to."""

WATCH_CARD = """
() => {
  const card = document.getElementById("seat-8001");
  window.states = [];
  new MutationObserver(() => {
    if (window.states.at(-1)?.state !== card.dataset.state)
      window.states.push({ state: card.dataset.state, at: Date.now() / 1000 });
  }).observe(card, { attributes: true });
}
"""


def test_a_change_is_on_the_board_within_a_blink(town: Town, visit: Visit) -> None:
    sign_in(town, "wang")
    page = visit("ban", "/wallboard")
    expect(page.get_by_test_id("seat-8001")).to_have_attribute("data-state", "ready")
    page.evaluate(WATCH_CARD)
    took: list[float] = []
    for number in range(20):
        state = (AgentState.RINGING, AgentState.READY)[number % 2]
        town.clock.advance(seconds=1)
        began = time.time()
        seen(town, "8001", state, f"c-{number // 2}")
        until(lambda: page.evaluate("window.states.length") > len(took), 30)
        took.append(page.evaluate("window.states.at(-1).at") - began)
    p95 = statistics.quantiles(took, n=20)[-1]
    print(f"\ncommit to card, ms: median {statistics.median(took) * 1e3:.0f}, p95 {p95 * 1e3:.0f}")
    assert p95 < GENEROUS_S


def test_the_card_under_the_hand_stays_the_same_card(town: Town, visit: Visit) -> None:
    sign_in(town, "wang", "zhao")
    page = visit("ban", "/wallboard")
    card = page.get_by_test_id("seat-8002")
    card.locator("button").focus()
    page.evaluate("document.getElementById('seat-8002').mark = 'mine'")
    before = card.bounding_box()
    call(town, "waits")
    talk(town, extension="8001")
    expect(page.get_by_test_id("seat-8001")).to_have_attribute(
        "data-state", "talking", timeout=SLOW
    )
    expect(page.locator("#board-waiting li")).to_have_count(1, timeout=SLOW)
    assert card.bounding_box() == before
    assert page.evaluate("document.getElementById('seat-8002').mark") == "mine"
    expect(card.locator("button")).to_be_focused()


def test_clocks_tick_to_the_second_and_states_have_words(town: Town, visit: Visit) -> None:
    sign_in(town, "wang")
    page = visit("ban", "/wallboard")
    clock = page.get_by_test_id("seat-8001").locator("[data-clock]")
    first = clock.inner_text()
    expect(clock).not_to_have_text(first)
    expect(page.get_by_test_id("seat-8001")).to_contain_text("就绪")


def test_a_missed_message_heals_when_the_page_is_told_to_read_afresh(
    town: Town, visit: Visit
) -> None:
    sign_in(town, "wang")
    page = visit("ban", "/wallboard")
    with town.database.work() as session:
        session.connection().exec_driver_sql("UPDATE seat SET state = 'signed_out'")
    expect(page.get_by_test_id("seat-8001")).to_have_attribute("data-state", "ready")
    page.evaluate("document.dispatchEvent(new CustomEvent('hotline:resync', { detail: {} }))")
    expect(page.get_by_test_id("seat-8001")).to_have_attribute(
        "data-state", "signed_out", timeout=SLOW
    )


def open_sheet(page: Page, extension: str) -> None:
    page.get_by_test_id(f"seat-{extension}").locator("button").click()
    expect(page.locator("#seat-sheet")).to_be_visible()


def test_only_what_can_be_done_is_offered_and_refusals_are_said(
    town: Town, visit: Visit, telephones: object
) -> None:
    sign_in(town, "wang", "zhao")
    talk(town)
    page = visit("ban", "/wallboard")
    open_sheet(page, "8002")
    expect(page.locator("[data-act=listen]")).to_be_hidden()
    expect(page.locator("[data-act=paused]")).to_be_visible()
    page.keyboard.press("Escape")
    open_sheet(page, "8001")
    page.fill("#sheet-reason", "")
    page.click("[data-act=listen]")
    expect(page.locator("#sheet-problem")).to_contain_text("请说明监听原因", timeout=SLOW)
    page.fill("#sheet-reason", "来电人投诉")
    page.click("[data-act=listen]")
    expect(page.locator("#ear-now")).to_contain_text("wang员", timeout=SLOW)
    page.click("#ear [data-stop]")
    expect(page.locator("#ear-now")).to_be_hidden(timeout=SLOW)


def test_states_filter_the_cards(town: Town, visit: Visit) -> None:
    sign_in(town, "wang")
    page = visit("ban", "/wallboard")
    # The figure of a queue and the figure of all: each shows the agents it counts.
    for figure in (page.locator("#filter-ready"), page.get_by_test_id("ready-hotline")):
        expect(figure).to_contain_text("1")
        figure.click()
        expect(page.get_by_test_id("seat-8001")).to_be_visible()
        expect(page.get_by_test_id("seat-8002")).to_be_hidden()
        figure.click()
        expect(page.get_by_test_id("seat-8002")).to_be_visible()


def test_on_a_phone_the_board_is_a_list(town: Town, visit: Visit) -> None:
    sign_in(town, "wang")
    call(town, "waits")
    page = visit("ban", "/wallboard", viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = page.get_by_test_id("seat-8001").locator("button").bounding_box()
    assert box is not None
    assert box["width"] > 300
    assert box["height"] >= 44
    open_sheet(page, "8001")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
