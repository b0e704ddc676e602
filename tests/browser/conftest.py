"""A hotline for each file of browser tests, and agents who sign in to it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.fixtures_hotline import HotlineUnderTest, private_hotline


@pytest.fixture(scope="module")
def hotline() -> Iterator[HotlineUnderTest]:
    """A hotline of this file's own."""
    with (
        tempfile.TemporaryDirectory(prefix="hotline-console-") as folder,
        private_hotline(Path(folder)) as running,
    ):
        yield running


@pytest.fixture
def agent(
    hotline: HotlineUnderTest, new_context: Callable[..., BrowserContext]
) -> Callable[..., Page]:
    """Sign an agent in; the page comes back when its telephone is registered."""

    def sign_in(login: str, *, ready: bool = True) -> Page:
        page = new_context().new_page()
        page.goto(f"{hotline.url}/sign-in")
        page.fill("[name=login]", login)
        page.fill("[name=password]", hotline.passwords[login])
        page.click("button[type=submit]")
        expect(page.locator("#dock[data-registered=yes]")).to_be_visible()
        if ready:
            page.keyboard.press("Alt+r")
            expect(page.locator("#dock[data-seat=ready]")).to_be_visible()
        return page

    return sign_in
