"""The page's frame in a real browser: keys, live link, errors beside the field, narrow screens."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Page, expect

from portal.auth import SESSION_COOKIE
from tests.fixtures_asterisk import free_port
from tests.portal.test_live import Server, Site, ring
from tests.portal.town import Town, open_town

pytestmark = pytest.mark.browser

TITLE_BY_CALL = """document.addEventListener("hotline:call_ringing", (event) => {
  document.title = event.detail.call_id;
})"""


def serve(town: Town, port: int = 0) -> Site:
    """The town behind a socket on this port."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    server = Server(uvicorn.Config(town.app, log_config=None, timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    return Site(town, f"http://127.0.0.1:{listener.getsockname()[1]}", server, thread)


@pytest.fixture
def site(town: Town) -> Iterator[Site]:
    running = serve(town)
    yield running
    if running.thread.is_alive():
        running.stop()


def sign_in(context: BrowserContext, site: Site, login: str) -> None:
    """Give the browser a session of this person."""
    token = site.town.session(login).token
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": site.url}])


@pytest.fixture
def root(new_context: Callable[..., BrowserContext], site: Site) -> BrowserContext:
    """An administrator's browser."""
    context = new_context()
    sign_in(context, site, "root")
    return context


def listening(page: Page, site: Site, count: int) -> None:
    """Wait until so many streams are open."""
    until = time.monotonic() + 30
    while site.town.app.state.live.open_streams != count:
        assert time.monotonic() < until, site.town.app.state.live.open_streams
        page.wait_for_timeout(50)


def test_keys_lead_to_places_and_tell_of_themselves(root: BrowserContext, site: Site) -> None:
    page = root.new_page()
    page.goto(f"{site.url}/account")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="快捷键")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url("**/admin")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tr.selected")).to_have_count(1)


def test_slash_leads_to_the_search_but_not_while_typing(
    new_context: Callable[..., BrowserContext], site: Site
) -> None:
    context = new_context()
    sign_in(context, site, "li")
    page = context.new_page()
    page.goto(f"{site.url}/account")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.locator("#f-current").focus()
    page.keyboard.type("a/b?")
    expect(page.locator("#f-current")).to_have_value("a/b?")


def test_tabs_of_one_browser_share_one_stream(root: BrowserContext, site: Site) -> None:
    pages = [root.new_page() for _ in range(3)]
    for page in pages:
        page.goto(f"{site.url}/account")
        page.evaluate(TITLE_BY_CALL)
    listening(pages[0], site, 1)
    ring(site.town, "8001")
    for page in pages:
        expect(page).to_have_title("hot1-1")
    pages[0].close()
    listening(pages[1], site, 1)


def test_a_lost_link_is_told_and_heals_by_itself(
    town: Town, new_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    # Nobody else is given this port while nobody listens there.
    port = free_port()
    site = serve(town, port)
    root = new_context()
    sign_in(root, site, "root")
    page = root.new_page()
    page.goto(f"{site.url}/account")
    page.evaluate(TITLE_BY_CALL)
    listening(page, site, 1)
    bar = page.locator("#link-bar")
    expect(bar).to_be_hidden()
    site.stop()
    expect(bar).to_be_visible()
    assert "自动重连" in bar.inner_text()
    ring(site.town, "8001", "missed while away")
    again = serve(open_town(tmp_path), port)
    expect(bar).to_be_hidden(timeout=30_000)
    expect(page).to_have_title("missed while away")
    page.close()
    again.stop()
    again.town.database.dispose()


def test_an_expired_sign_in_is_told_without_losing_the_page(
    root: BrowserContext, site: Site
) -> None:
    page = root.new_page()
    page.goto(f"{site.url}/account")
    listening(page, site, 1)
    page.fill("#f-current", "half typed")
    page.evaluate("document.dispatchEvent(new CustomEvent('hotline:signed_out'))")
    expect(page.locator("#link-bar")).to_contain_text("登录已过期")
    expect(page.locator("#f-current")).to_have_value("half typed")


def test_a_chosen_theme_stays(root: BrowserContext, site: Site) -> None:
    page = root.new_page()
    page.goto(f"{site.url}/account")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("summary.who").click()
    page.get_by_role("button", name="深色").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.goto(f"{site.url}/admin")
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"


@pytest.mark.parametrize("path", ["/admin", "/account", "/resident/new", "/nowhere"])
def test_no_page_is_wider_than_a_phone(
    new_context: Callable[..., BrowserContext], site: Site, path: str
) -> None:
    context = new_context(viewport={"width": 390, "height": 844})
    sign_in(context, site, "root")
    page = context.new_page()
    page.goto(site.url + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_destructive_step_asks_with_the_name(root: BrowserContext, site: Site) -> None:
    page = root.new_page()
    page.goto(f"{site.url}/admin?q=zhao")
    asked: list[str] = []

    def refuse(dialog: object) -> None:
        asked.append(dialog.message)  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", refuse)
    page.locator("tbody .menu summary").click()
    page.get_by_role("button", name="停用账号").click()
    assert "zhao" in asked[0]
    page.reload()
    expect(page.get_by_text("已停用")).to_have_count(0)
    assert site.town.actor("zhao").name


def test_a_resident_files_without_javascript(
    new_context: Callable[..., BrowserContext], site: Site
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{site.url}/resident/new")
    page.check("input[value=complaint]")
    page.fill("#f-content", "楼下修车铺占了盲道")
    page.fill("#f-phone", "13812345678")
    page.get_by_role("button", name="提交").click()
    number, code = page.inner_text("#number"), page.inner_text("#query-code")
    page.goto(f"{site.url}/resident")
    page.fill("#f-number", number)
    page.fill("#f-code", code)
    page.get_by_role("button", name="查看进度").click()
    expect(page.get_by_text("正在安排负责的单位")).to_be_visible()
