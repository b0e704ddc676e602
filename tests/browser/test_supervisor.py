"""A supervisor at the wallboard, with agents and citizens on the line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from telephony.asterisk.phones import SimulatedPhone
from tests.browser.console import in_state, ring
from tests.fixtures_hotline import HotlineUnderTest, until

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.slow]

SLOW = 20_000


@pytest.fixture
def supervisor(
    hotline: HotlineUnderTest, new_context: Callable[..., BrowserContext]
) -> Callable[[], Page]:
    """Sign the supervisor in; the wallboard comes back when his telephone is registered."""

    def sign_in() -> Page:
        page = new_context().new_page()
        page.goto(f"{hotline.url}/sign-in")
        page.fill("[name=login]", "supervisor1")
        page.fill("[name=password]", hotline.passwords["supervisor1"])
        page.click("button[type=submit]")
        expect(page).to_have_url(f"{hotline.url}/wallboard")
        expect(page.locator("#ear[data-registered=yes]")).to_be_visible(timeout=SLOW)
        return page

    return sign_in


def ear(page: Page, name: str) -> str:
    return page.locator("#ear").get_attribute(f"data-{name}") or ""


def hears(page: Page, more: int = 60) -> None:
    """Wait until sound has come in and gone out for a while: fifty packets are a second."""

    def packets() -> tuple[int, int]:
        return int(ear(page, "packets-in")), int(ear(page, "packets-out"))

    before = packets()
    until(
        lambda: all(now > then + more for now, then in zip(packets(), before, strict=True)),
        20,
        lambda: f"{before} {packets()}",
    )


def seat(page: Page, extension: str, state: str) -> None:
    """Wait for an agent's card to show the state."""
    card = page.get_by_test_id(f"seat-{extension}")
    expect(card).to_have_attribute("data-state", state, timeout=SLOW)


def open_sheet(page: Page, extension: str) -> None:
    page.get_by_test_id(f"seat-{extension}").locator("button").click()
    expect(page.locator("#seat-sheet")).to_be_visible()


def answered(page: Page, hotline: HotlineUnderTest, number: str) -> SimulatedPhone:
    """A citizen with the agent on this page."""
    citizen = ring(hotline, number, seconds=90)
    in_state(page, "ringing")
    page.keyboard.press("F9")
    in_state(page, "talking")
    return citizen


def log_kinds(page: Page, hotline: HotlineUnderTest) -> list[str]:
    """What the access log says once nothing goes on, the newest last."""
    other = page.context.new_page()

    def all_over() -> bool:
        other.goto(f"{hotline.url}/wallboard/log")
        return other.get_by_text("进行中").count() == 0

    # The telephone system tells of the end after the telephones have heard of it.
    until(all_over, 20, lambda: other.inner_text("tbody"))
    kinds = other.locator("tbody tr td:nth-child(2)").all_inner_texts()
    other.close()
    return [kind.strip() for kind in reversed(kinds)]


def test_a_supervisor_listens_whispers_barges_and_takes_over(
    hotline: HotlineUnderTest, agent: Callable[..., Page], supervisor: Callable[[], Page]
) -> None:
    page, board = agent("agent1"), supervisor()
    seat(board, "8001", "ready")
    with answered(page, hotline, "13812340001") as citizen:
        seat(board, "8001", "talking")
        open_sheet(board, "8001")
        board.click("[data-act=listen]")
        expect(board.locator("#ear[data-mode=listen][data-state=talking]")).to_be_visible(
            timeout=SLOW
        )
        hears(board)
        for mode in ("whisper", "barge"):
            board.click(f"#ear [data-mode={mode}]")
            expect(board.locator(f"#ear[data-mode={mode}][data-state=talking]")).to_be_visible()
            hears(board)
        # The agent's own page tells him nothing of it, and his talk goes on.
        in_state(page, "talking")

        open_sheet(board, "8001")
        board.click("[data-act=take-over]")
        expect(board.locator("#sheet-question")).to_contain_text("林晓曼")
        board.click("[data-yes]")
        in_state(page, "idle")
        expect(board.locator("#ear[data-mode=''][data-state=talking]")).to_be_visible(timeout=SLOW)
        hears(board)
        board.click("#ear-hangup")
        result = citizen.wait(20)
    assert result.released_by_other_side
    assert log_kinds(board, hotline) == ["监听", "耳语", "强插", "接管"]


def test_a_released_citizen_comes_to_the_next_agent(
    hotline: HotlineUnderTest, agent: Callable[..., Page], supervisor: Callable[[], Page]
) -> None:
    first, board = agent("agent1"), supervisor()
    with answered(first, hotline, "13812340002") as citizen:
        second = agent("agent2")
        seat(board, "8001", "talking")
        open_sheet(board, "8001")
        board.click("[data-act=release-queue]")
        expect(board.locator("#sheet-question")).to_contain_text("林晓曼")
        board.click("[data-no]")
        in_state(first, "talking")
        board.click("[data-act=release-queue]")
        board.click("[data-yes]")
        in_state(first, "idle")
        in_state(second, "ringing")
        second.keyboard.press("F9")
        in_state(second, "talking")
        seat(board, "8002", "talking")
        board.get_by_test_id("seat-8002").locator("button").click()
        board.click("[data-act=release-end]")
        board.click("[data-yes]")
        assert citizen.wait(20).released_by_other_side


def test_a_message_and_a_pause_reach_the_agent(
    hotline: HotlineUnderTest, agent: Callable[..., Page], supervisor: Callable[[], Page]
) -> None:
    page, board = agent("agent3"), supervisor()
    seat(board, "8003", "ready")
    open_sheet(board, "8003")
    board.fill("#sheet-words", "请放慢语速")
    board.click("[data-act=message]")
    expect(page.get_by_text("请放慢语速")).to_be_visible(timeout=SLOW)
    # Also while his page is closed.
    page.context.close()
    open_sheet(board, "8003")
    board.click("[data-act=paused]")
    seat(board, "8003", "paused")
    open_sheet(board, "8003")
    board.click("[data-act=signed_out]")
    board.click("[data-yes]")
    seat(board, "8003", "signed_out")
