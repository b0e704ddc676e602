"""Processes are killed while an agent talks in the browser: the talk, the record and the words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from telephony.asterisk.phones import SimulatedPhone
from tests.fixtures_hotline import HotlineUnderTest, until
from tests.scenarios.people import Cast

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.slow]

WORDS = "兰堤区夜市口占道烧烤，油烟很大，希望尽快清理"


@pytest.fixture
def agent(troubled: HotlineUnderTest, new_context: Callable[..., BrowserContext]) -> Page:
    """The agent at 8001, ready for calls."""
    page = new_context(base_url=troubled.url).new_page()
    page.goto("/sign-in")
    page.fill("[name=login]", "agent1")
    page.fill("[name=password]", troubled.passwords["agent1"])
    page.click("button[type=submit]")
    registered(page)
    page.keyboard.press("Alt+r")
    expect(page.locator("#dock[data-seat=ready]")).to_be_visible()
    return page


def registered(page: Page) -> None:
    """The page's telephone is signed in at the telephone system."""
    expect(page.locator("#dock[data-registered=yes]")).to_be_visible(timeout=25_000)


def in_state(page: Page, state: str) -> None:
    """Wait for the telephone to be idle, ringing or talking."""
    expect(page.locator(f"#dock[data-state={state}]")).to_be_visible(timeout=25_000)


def packets(page: Page) -> int:
    """What was heard and sent, whichever is less."""
    dock = page.locator("#dock")
    return min(int(dock.get_attribute(f"data-packets-{way}") or 0) for way in ("in", "out"))


def dial(hotline: HotlineUnderTest, number: str) -> SimulatedPhone:
    """A citizen who speaks until the receiver is put down."""
    voice = hotline.asterisk.voice
    return hotline.asterisk.citizen().dial(number, "12345", seconds=90, audio=voice)


Span = tuple[datetime, datetime]
"""Something happened between these two moments."""


def take(page: Page) -> Span:
    """Answer what rings, and hear something; returns when the talk began."""
    in_state(page, "ringing")
    pressed = datetime.now(UTC)
    page.keyboard.press("F9")
    in_state(page, "talking")
    began = (pressed, datetime.now(UTC))
    until(lambda: packets(page) > 50, 10, lambda: str(packets(page)))
    return began


def talked(contact: dict[str, Any], began: Span, ended: Span) -> None:
    """As long as it can have been; a second for what both sides of a telephone call take apart."""
    least = (ended[0] - began[1]).total_seconds()
    most = (ended[1] - began[0]).total_seconds()
    assert least - 1 < contact["talk_s"] < most + 1, (contact, least, most)


def test_a_talk_goes_on_while_the_web_process_is_killed_and_nothing_of_it_is_lost(
    troubled: HotlineUnderTest, cast: Cast, agent: Page
) -> None:
    with dial(troubled, "12900000401") as citizen:
        answered = take(agent)
        agent.locator("#f-content").fill(WORDS)
        expect(agent.locator("#autosave")).to_have_attribute("data-state", "saved")
        troubled.kill_web()
        agent.locator("#f-content").press_sequentially("，已经一周")
        before = packets(agent)
        troubled.start_web()
        until(lambda: packets(agent) > before + 100, 15, lambda: f"{before} {packets(agent)}")
        in_state(agent, "talking")
        hanging_up = datetime.now(UTC)
        citizen.hang_up(20)
        in_state(agent, "idle")
        ended = (hanging_up, datetime.now(UTC))
    contact = cast.ended("12900000401")
    assert (contact["outcome"], contact["agent"]) == ("answered", "8001")
    talked(contact, answered, ended)
    assert contact["queued_at"]
    assert contact["recorded"]
    expect(agent.locator("#f-content")).to_have_value(f"{WORDS}，已经一周")
    agent.reload()
    expect(agent.locator("#caller")).to_contain_text("12900000401")
    expect(agent.locator("#f-content")).to_have_value(f"{WORDS}，已经一周")
    agent.keyboard.press("F4")
    expect(agent.locator("#saved-number")).to_be_visible()
    assert cast.ended("12900000401")["disposition"] == "ticket"


def test_a_call_that_rings_when_the_telephone_system_is_killed_ends_and_the_next_one_rings(
    troubled: HotlineUnderTest, cast: Cast, agent: Page
) -> None:
    with dial(troubled, "12900000402"):
        in_state(agent, "ringing")
        killed = kill_and_start(troubled)
    in_state(agent, "idle")
    contact = cast.ended("12900000402", 30)
    assert (contact["line"], contact["agent"]) == ("12345", None)
    assert contact["queued_at"]
    assert contact["outcome"] == "abandoned_in_queue"
    ended_when_killed(contact["ended_at"], killed)
    registered(agent)
    with dial(troubled, "12900000403") as citizen:
        take(agent)
        expect(agent.locator("#caller")).to_contain_text("12900000403")
        citizen.hang_up(20)
        in_state(agent, "idle")


def test_a_talk_cut_off_by_the_death_of_the_telephone_system_keeps_what_was_known(
    troubled: HotlineUnderTest, cast: Cast, agent: Page
) -> None:
    with dial(troubled, "12900000404"):
        answered = take(agent)
        agent.locator("#f-content").fill(WORDS)
        expect(agent.locator("#autosave")).to_have_attribute("data-state", "saved")
        killed = kill_and_start(troubled)
    in_state(agent, "idle")
    contact = cast.ended("12900000404", 30)
    assert (contact["outcome"], contact["agent"]) == ("answered", "8001")
    talked(contact, answered, killed)
    ended_when_killed(contact["ended_at"], killed)
    expect(agent.locator("#f-content")).to_have_value(WORDS)
    registered(agent)
    agent.keyboard.press("F4")
    expect(agent.locator("#saved-number")).to_be_visible()
    expect(agent.locator("#dock[data-seat=ready]")).to_be_visible()
    with dial(troubled, "12900000405") as citizen:
        take(agent)
        citizen.hang_up(20)
        in_state(agent, "idle")
    assert len(cast.contacts("12900000404")) == len(cast.contacts("12900000405")) == 1


def kill_and_start(hotline: HotlineUnderTest) -> Span:
    """A power cut for Asterisk alone; returns when it was, and when the web process knew."""
    before = datetime.now(UTC)
    hotline.asterisk.runner.kill()
    until(lambda: not hotline.is_ready(), 20)
    known = datetime.now(UTC)
    hotline.start_asterisk()
    return before, known


def ended_when_killed(ended_at: str, killed: Span) -> None:
    """Nobody wrote the end down; it is when the connection to the telephone system broke."""
    ended = datetime.fromisoformat(ended_at)
    spare = timedelta(seconds=1)
    assert killed[0] - spare < ended < killed[1] + spare, (ended, killed)
