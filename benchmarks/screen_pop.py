"""From the ring on the manager socket to the agent's page, beside the shortest way there is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Error, Page, sync_playwright

from benchmarks.hall import relay
from benchmarks.lines import Line, MeasurementFailed, PartMissing, percentile
from benchmarks.plan import Plan
from benchmarks.workshop import progress, temporary_folder
from scripts.test_tools import system_chromium
from telephony.asterisk.errors import ProgramMissing
from telephony.asterisk.program import find_asterisk, find_sipp
from tests.fixtures_browser import ARGUMENTS
from tests.fixtures_hotline import HotlineUnderTest, private_hotline

REQUIRED_MS = 1000
LIMIT = "bare asyncio AMI reader → text/event-stream → second page of the same Chromium"
RING_WITHIN_S = 15.0
LISTEN = """() => {
  window.rings = []; window.shown = [];
  document.addEventListener("hotline:call_ringing", (event) =>
    window.rings.push({ call_id: event.detail.call_id, at: Date.now() }));
  new MutationObserver(() => {
    const caller = document.querySelector("#caller")?.textContent ?? "";
    const number = caller.match(/129\\d{8}/)?.[0];
    if (number && window.shown.at(-1)?.number !== number)
      window.shown.push({ number, at: Date.now() });
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
LISTEN_BARE = """() => {
  window.rings = [];
  new EventSource("/rings").addEventListener("ring", (event) =>
    window.rings.push({ ...JSON.parse(event.data), heard: Date.now() }));
}"""


def measure(plan: Plan) -> Iterator[Line]:
    """Ring an agent so many times; nobody answers, the citizen hangs up when it has rung."""
    try:
        find_asterisk(), find_sipp()
    except ProgramMissing as missing:
        raise PartMissing(str(missing)) from missing
    with _chromium() as browser, temporary_folder() as folder:
        progress("screen pop: founding a hotline and starting Asterisk")
        with private_hotline(folder) as hotline, relay(hotline) as port:
            bare = browser.new_page()
            bare.goto(f"http://127.0.0.1:{port}/")
            bare.evaluate(LISTEN_BARE)
            agent = _agent(browser, hotline)
            callers = [_ring(hotline, bare, number) for number in range(plan.calls)]
            time.sleep(0.5)
            yield from _lines(agent, bare, [caller for caller in callers if caller])


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        try:
            arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
            browser = driver.chromium.launch(executable_path=system_chromium(), args=arguments)
        except Error as error:
            raise PartMissing(f"no Chromium: {str(error).splitlines()[0]}") from error
        try:
            yield browser
        except Error as error:
            raise MeasurementFailed(f"the page: {str(error).splitlines()[0]}") from error
        finally:
            browser.close()


def _agent(browser: Browser, hotline: HotlineUnderTest) -> Page:
    """agent1 signed in, registered and ready."""
    context = browser.new_context(locale="zh-CN", permissions=["microphone"])
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"{hotline.url}/sign-in")
    page.fill("[name=login]", "agent1")
    page.fill("[name=password]", hotline.passwords["agent1"])
    page.click("button[type=submit]")
    page.locator("#dock[data-registered=yes]").wait_for()
    page.click("[data-seat-state=ready]")
    page.locator("#dock[data-seat=ready]").wait_for()
    page.evaluate(LISTEN)
    return page


def _ring(hotline: HotlineUnderTest, bare: Page, number: int) -> str | None:
    """One call that rings and is given up; the caller's number, None when it never rang."""
    caller = f"129{number:08d}"
    before = bare.evaluate("window.rings.length")
    with hotline.asterisk.citizen().dial(caller, "12345", seconds=RING_WITHIN_S) as call:
        deadline = time.monotonic() + RING_WITHIN_S
        while bare.evaluate("window.rings.length") == before:
            if time.monotonic() > deadline:
                progress(f"screen pop: call {number + 1} did not ring")
                return None
            time.sleep(0.1)
        time.sleep(0.9)  # the page has all the time it may take
        call.hang_up()
    progress(f"screen pop: call {number + 1} rang")
    time.sleep(0.5)
    return caller


def _lines(agent: Page, bare: Page, callers: list[str]) -> Iterator[Line]:
    """Compare the two pages call by call; the relay's moment at the socket is the zero of both."""
    relayed: dict[str, dict[str, Any]] = {}
    for ring in bare.evaluate("window.rings"):
        relayed.setdefault(ring["call_id"], ring)
    popped: dict[str, float] = {}
    for ring in agent.evaluate("window.rings"):
        popped.setdefault(ring["call_id"], ring["at"])
    shown = {one["number"]: one["at"] for one in agent.evaluate("window.shown")}
    if not popped:
        raise MeasurementFailed("no ring reached the agent's page")
    ours = [popped[call] - ring["at"] for call, ring in relayed.items() if call in popped]
    least = [ring["heard"] - ring["at"] for ring in relayed.values()]
    rang = [ring["at"] for ring in relayed.values()]
    drawn = [shown[c] - at for c, at in zip(callers, rang, strict=False) if c in shown]
    missed = len(relayed) - len(ours)
    note = f"required: {REQUIRED_MS} ms; first of DialBegin and AgentCalled; {missed} not popped"
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        yield Line(
            figure=f"screen_pop_{name}",
            value=percentile(ours, share),
            unit="ms",
            limit=LIMIT,
            limit_value=percentile(least, share),
            n=len(ours),
            note=note,
        )
    if drawn:
        yield Line(
            figure="screen_shown_p95",
            value=percentile(drawn, 0.95),
            unit="ms",
            limit=LIMIT,
            limit_value=percentile(least, 0.95),
            n=len(drawn),
            note=f"required: {REQUIRED_MS} ms; the caller's number stands on the page",
        )
