"""Take the README's pictures of every desk from a real, running demo city.

Usage: .venv/bin/python -m scripts.screenshots   (needs what `make test` installs; about a minute)
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from dispatch.domain.worktime import SHANGHAI
from hotline.bootstrap import load_rules, open_database, utc_now
from hotline.commands.classify import train_demo_model
from hotline.commands.demo import seed_past
from hotline.settings import Settings
from scripts.test_tools import system_chromium
from tests.fixtures_browser import ARGUMENTS
from tests.fixtures_hotline import HotlineUnderTest, private_hotline

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
CALLER = "12900005678"
WORDS = (
    "鼓台街道夜市口有人占道烧烤，油烟很大，晚上十一点还在喊客，家里老人睡不着，希望有人来管一管。"
)
DESKS = (
    ("department", "chengguan", "/desk?tab=work"),
    ("dispatcher", "dispatcher1", "/desk"),
    ("center", "center", "/desk?tab=audit"),
    ("followup", "followup1", "/desk"),
    ("supervisor", "supervisor1", "/desk"),
)


def main() -> None:
    """Found a city with two months of past, ring it, and look at every desk."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hotline-shots-") as name:
        folder = Path(name)
        train_demo_model(folder / "trained")
        with private_hotline(folder / "data", model=folder / "trained") as hotline:
            database = open_database(Settings(data_dir=folder / "data"))
            seed_past(database, load_rules(), seed=1, months=2)
            database.dispose()
            with sync_playwright() as driver:
                browser = driver.chromium.launch(
                    executable_path=system_chromium(), args=[*ARGUMENTS, "--no-sandbox"]
                )
                take(browser, hotline)


def take(browser: Browser, hotline: HotlineUnderTest) -> None:
    """One picture for each desk."""
    for name, login, path in DESKS:
        shoot(sign_in(browser, hotline, login), path, name)
    leader = sign_in(browser, hotline, "leader")
    last = utc_now().astimezone(SHANGHAI).date() - timedelta(days=7)
    shoot(leader, f"/leader?week={last:%G-W%V}", "leader")
    resident = browser.new_page(base_url=hotline.url, locale="zh-CN")
    shoot(resident, "/resident/new", "resident")
    agent = sign_in(browser, hotline, "agent1")
    agent.goto("/agent")
    agent.wait_for_selector("#dock[data-registered=yes]")
    agent.click("[data-seat-state=ready]")
    voice = hotline.asterisk.voice
    with hotline.asterisk.citizen().dial(CALLER, "12345", seconds=40, audio=voice) as call:
        agent.wait_for_selector("#dock[data-state=ringing]", timeout=20_000)
        agent.keyboard.press("F9")
        agent.wait_for_selector("#dock[data-state=talking]")
        agent.fill("#f-content", WORDS)
        agent.fill("input[name=division]", "兰堤区")
        agent.wait_for_selector("#suggestions .chip[data-category]")
        agent.locator("#suggestions .chip[data-category]").first.click()
        agent.wait_for_timeout(2500)
        agent.screenshot(path=IMAGES / "agent.png")
        call.close()


def sign_in(browser: Browser, hotline: HotlineUnderTest, login: str) -> Page:
    """A window of their own."""
    context = browser.new_context(
        base_url=hotline.url,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        viewport={"width": 1440, "height": 900},
    )
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("#f-login", login)
    page.fill("#f-password", hotline.passwords[login])
    page.click("button[type=submit]")
    page.wait_for_load_state()
    return page


def shoot(page: Page, path: str, name: str) -> None:
    """Open the page, let it settle, keep a picture."""
    page.goto(path)
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
