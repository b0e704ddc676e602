"""A real Chromium with a microphone that is not there, driven by playwright."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from scripts.test_tools import system_chromium

RESULTS = Path(__file__).resolve().parent.parent / "test-results"
FAILED = pytest.StashKey[bool]()
# Not a measure of speed: how long until what was expected will never come, on a crowded machine.
expect.set_options(timeout=20_000)

ARGUMENTS = [
    # A call without a person at the microphone, media over the loopback interface.
    "--allow-loopback-in-peer-connection",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    # Nothing that talks to the outside or needs a display.
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember a failure until the pages close, for the screenshot."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


# One module, not one session: while playwright's synchronous interface is open, no other test in
# the same process may use asyncio.run.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium: HOTLINE_CHROMIUM, the system's, or playwright's own."""
    with sync_playwright() as driver:
        arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
        try:
            chromium = driver.chromium.launch(executable_path=system_chromium(), args=arguments)
        except Error as error:
            reason = f"没有可用的 Chromium（make test 会安装，或设 HOTLINE_CHROMIUM）：{error}"
            if os.environ.get("HOTLINE_REQUIRE_BROWSER") == "1":
                pytest.fail(reason)
            pytest.skip(reason)
        yield chromium
        chromium.close()


@pytest.fixture
def new_context(
    browser: Browser, request: pytest.FixtureRequest
) -> Iterator[Callable[..., BrowserContext]]:
    """Open a window of its own (own cookies) for each person of the test: Chinese, in Shanghai.

    A script error or a breach of the content policy on any page fails the test; pages of a failed
    test are kept as pictures in test-results/.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: (
                complaints.append(f"{page.url}: {message.text}")
                if "Content Security Policy" in message.text
                else None
            ),
        )

    def open_context(**options: Any) -> BrowserContext:
        settings = {
            "locale": "zh-CN",
            "timezone_id": "Asia/Shanghai",
            "viewport": {"width": 1440, "height": 900},
            "permissions": ["microphone"],
            **options,
        }
        context = browser.new_context(**settings)
        context.set_default_timeout(15_000)
        context.on("page", watch)
        contexts.append(context)
        return context

    yield open_context
    if request.node.stash.get(FAILED, False):
        _photograph(contexts, request.node.name)
    for context in contexts:
        context.close()
    assert not complaints, "script errors on the page:\n" + "\n".join(complaints)


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    """One page in a window of its own."""
    return new_context().new_page()


def _photograph(contexts: list[BrowserContext], test: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    name = re.sub(r"[^\w.-]+", "-", test)
    pages = [page for context in contexts for page in context.pages if not page.is_closed()]
    for number, page in enumerate(pages):
        try:
            page.screenshot(path=RESULTS / f"{name}-{number}.png", full_page=True, timeout=5_000)
        except Error as error:  # a page too broken to draw must not hide the test's own failure
            (RESULTS / f"{name}-{number}.txt").write_text(str(error))
