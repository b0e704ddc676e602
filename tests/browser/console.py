"""What browser tests do at an agent's console, and read off it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from telephony.asterisk.phones import SimulatedPhone
from tests.fixtures_hotline import HotlineUnderTest, until

CITIZEN = "13812345678"


def ring(hotline: HotlineUnderTest, number: str = CITIZEN, seconds: float = 40) -> SimulatedPhone:
    """A citizen who speaks."""
    caller = hotline.asterisk.citizen()
    return caller.dial(number, "12329", seconds=seconds, audio=hotline.asterisk.voice)


def in_state(page: Page, state: str) -> None:
    """Wait for the telephone to be idle, ringing, talking or held."""
    expect(page.locator(f"#dock[data-state={state}]")).to_be_visible(timeout=20_000)


def packets(page: Page) -> tuple[int, int]:
    """Heard and sent, as the page counts them."""
    dock = page.locator("#dock")
    return (
        int(dock.get_attribute("data-packets-in") or 0),
        int(dock.get_attribute("data-packets-out") or 0),
    )


def dock(page: Page) -> str | None:
    """The telephone's state now."""
    return page.locator("#dock").get_attribute("data-state")


def hears(page: Page, more: int = 60) -> None:
    """Wait until sound has gone both ways for a while: fifty packets are a second."""
    before = packets(page)
    until(
        lambda: all(now > then + more for now, then in zip(packets(page), before, strict=True)),
        20,
        lambda: f"{before} {packets(page)}",
    )


def listens(phone: SimulatedPhone, more: int = 60) -> None:
    """Wait until a simulated telephone has heard speech for a while."""
    before = phone.media.loud_packets
    until(lambda: phone.media.loud_packets > before + more, 20)


def saved(page: Page) -> None:
    """Wait until the server has what was typed; an empty form's own words promise it already."""
    expect(page.locator("#autosave[data-state=saved]")).to_contain_text(re.compile(r"^自动保存 \d"))


def talk_briefly(hotline: HotlineUnderTest, page: Page, number: str) -> None:
    """A citizen rings, the agent answers by key and hangs up by key; the form stays."""
    with ring(hotline, number):
        in_state(page, "ringing")
        page.keyboard.press("F9")
        in_state(page, "talking")
        page.keyboard.press("Alt+x")
        in_state(page, "idle")
