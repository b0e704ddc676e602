"""One real call becomes a routed, timed, surveyed, counted ticket; no test reaches into the data.

A citizen rings over SIP; an agent answers in a browser; the department, the centre, the follow-up
caller and the leader each use their own desk; the citizen's telephone answers the follow-up call.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.fixtures_hotline import HotlineUnderTest, private_hotline, until

pytestmark = [pytest.mark.asterisk, pytest.mark.browser]

CITIZEN = "12900005678"
REQUEST = "兰堤区鼓台街道夜市口的店家占道经营烧烤，桌子摆满人行道，希望城管来管一管"
REPLY = "经现场核实，占道烧烤情况属实，已责令商户撤出并清洗路面，后续每晚巡查。"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def hotline(request: pytest.FixtureRequest, demo_model: Path) -> Iterator[HotlineUnderTest]:
    """One installation on each database."""
    with tempfile.TemporaryDirectory(prefix="hotline-loop-") as folder:
        url = ""
        if request.param == "postgresql":
            url = request.getfixturevalue("postgres").create()
        with private_hotline(Path(folder), url, demo_model) as running:
            yield running


Person = Callable[[str], Page]


@pytest.fixture
def sign_in(hotline: HotlineUnderTest, new_context: Callable[..., BrowserContext]) -> Person:
    """Open a browser of their own for a person of the cast and sign in."""

    def open_for(login: str) -> Page:
        page = new_context(base_url=hotline.url).new_page()
        page.goto("/sign-in")
        page.fill("#f-login", login)
        page.fill("#f-password", hotline.passwords[login])
        page.click("button[type=submit]")
        expect(page).not_to_have_url(f"{hotline.url}/sign-in")
        return page

    return open_for


def today() -> date:
    """The day in the city."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


def figures(hotline: HotlineUnderTest, began: date) -> dict[str, dict[str, Any]]:
    """The figures of the week by code, as the command prints them."""
    monday = began - timedelta(days=began.weekday())
    sunday = today() + timedelta(days=6 - today().weekday())
    printed = hotline.command("kpi", "--from", str(monday), "--to", str(sunday), "--json")
    return {figure["code"]: figure for figure in json.loads(printed)}


def packets(agent: Page) -> tuple[int, int]:
    """RTP packets the browser got and sent in this call."""
    dock = agent.locator("#dock")
    return int(dock.get_attribute("data-packets-in") or 0), int(
        dock.get_attribute("data-packets-out") or 0
    )


def test_one_call_goes_the_whole_way(hotline: HotlineUnderTest, sign_in: Person) -> None:
    began = today()  # the call may be of another day than its end
    agent = sign_in("agent1")
    number = answer_and_write_down(hotline, agent)
    handle(sign_in("landi"), number)
    follow_up(hotline, sign_in, number)
    count(hotline, sign_in("leader"), number, began)
    keep(hotline)


def answer_and_write_down(hotline: HotlineUnderTest, agent: Page) -> str:
    """Dial, answer in the browser, count sound both ways, make the ticket and dispatch it."""
    agent.goto("/agent")
    expect(agent.locator("#dock")).to_have_attribute("data-registered", "yes")
    agent.click("[data-seat-state=ready]")
    expect(agent.locator("#dock")).to_have_attribute("data-seat", "ready")
    citizen = hotline.asterisk.citizen()
    voice = hotline.asterisk.voice
    with citizen.dial(CITIZEN, "12345", seconds=12, audio=voice, name="陈女士") as call:
        expect(agent.locator("#caller")).to_contain_text(CITIZEN)
        expect(agent.locator("#dock")).to_have_attribute("data-state", "ringing")
        agent.keyboard.press("F9")
        expect(agent.locator("#dock")).to_have_attribute("data-state", "talking")
        until(lambda: min(packets(agent)) > 100, 10, lambda: str(packets(agent)))
        expect(agent.locator("#f-content")).to_be_focused()
        agent.keyboard.type(REQUEST)
        expect(agent.locator("#autosave")).to_have_attribute("data-state", "saved")
        agent.fill("input[name=division]", "兰堤区")
        agent.locator("#suggestions .chip[data-category]").first.wait_for()
        talked = call.wait(40)
    assert talked.answered
    assert talked.loud_packets > 100, "the citizen heard nothing of the agent"
    expect(agent.locator("#dock")).to_have_attribute("data-state", "idle")
    # The model proposes; the person decides; the catalogue knows the unit.
    agent.locator("#suggestions .chip[data-category]", has_text="占道经营").click()
    expect(agent.locator("input[name=category]")).to_have_value(re.compile("占道经营"))
    expect(agent.locator("#suggestions input[name=unit]:checked")).to_have_value("GOV-990702")
    agent.locator("label[for=f-kind-complaint]").click()
    agent.keyboard.press("F4")
    saved = agent.locator("#saved-number")
    saved.wait_for()
    return saved.inner_text()


def handle(unit: Page, number: str) -> None:
    """The department signs, speaks with the citizen and completes."""
    unit.goto("/desk")
    unit.locator(f"[data-testid=row-{number}] [data-testid=acknowledge]").click()
    unit.goto(f"/tickets/{number}")
    expect(unit.locator("[data-testid=status]").first).to_contain_text("已签收")
    expect(unit.locator("body")).to_contain_text("还剩")
    unit.fill("form[action$='/contact'] [name=note]", "已电话联系，约定今晚现场查看")
    unit.click("[data-testid=contact]")
    expect(unit.locator("[data-testid=status]").first).to_contain_text("办理中")
    unit.fill("form[action$='/complete'] [name=public_reply]", REPLY)
    unit.click("[data-testid=complete]")
    expect(unit.locator("[data-testid=status]").first).to_contain_text("待审核")


def follow_up(hotline: HotlineUnderTest, sign_in: Person, number: str) -> None:
    """The centre passes the reply; the citizen's telephone rings and answers with keys."""
    with hotline.asterisk.rung_citizen(keys="12", seconds=40).start() as telephone:
        center = sign_in("center")
        center.goto("/desk?tab=audit")
        center.locator(f"[data-testid=row-{number}] [data-testid=pass-audit]").click()
        expect(center.locator(f"[data-testid=row-{number}]")).to_have_count(0)
        caller = sign_in("followup1")
        caller.goto("/desk?tab=follow")
        caller.locator(f"[data-testid=row-{number}] [data-testid=call-now]").click()
        asked = telephone.wait(60)
    assert asked.keys_pressed == "12"
    caller.goto(f"/tickets/{number}")
    expect(caller.locator("[data-testid=status]").first).to_contain_text("已结案")
    expect(caller.locator("body")).to_contain_text("已解决")
    expect(caller.locator("body")).to_contain_text("满意")


def count(hotline: HotlineUnderTest, leader: Page, number: str, began: date) -> None:
    """The leader's page and the command count the call and the ticket, and open them."""
    found = figures(hotline, began)
    for code in (
        "connection_rate",
        "service_level_rate",
        "acknowledged_on_time_rate",
        "response_rate",
        "completion_rate",
        "resolution_rate",
        "satisfaction_rate",
    ):
        assert (found[code]["hits"], found[code]["judged"]) == (1, 1), found[code]
    assert (found["direct_answer_rate"]["hits"], found["direct_answer_rate"]["judged"]) == (0, 1)
    leader.goto("/leader")
    figure = leader.locator("[data-testid=figure-satisfaction_rate]")
    expect(figure).to_have_attribute("data-hits", "1")
    expect(figure).to_have_attribute("data-judged", "1")
    leader.goto(f"/figures/satisfaction_rate?from={began}&to={today()}&part=hits")
    expect(leader.locator("body")).to_contain_text(number)


def keep(hotline: HotlineUnderTest) -> None:
    """The call is one contact, with its times and its recording."""
    token = hotline.command("token", "create", "--staff", "admin").strip()
    answer: Any = hotline.api("/contacts", token)
    (contact,) = (item for item in answer["items"] if item["direction"] == "inbound")
    assert contact["caller"] == CITIZEN
    assert contact["outcome"] == "answered"
    assert contact["agent"] == "8001"
    assert contact["disposition"] == "ticket"
    assert 8 < contact["talk_s"] < 16
    assert contact["recorded"]
    folder = hotline.folder / "recordings"

    def in_the_clear() -> list[Path]:
        # Nobody spoke a comment in the follow-up; the second of silence left of it goes in an hour.
        return [file for file in folder.rglob("*.wav") if not file.name.endswith("-comment.wav")]

    # Put away within the minute, and nothing of it left in the clear.
    until(lambda: list(folder.rglob("*.wav.sealed")) and not in_the_clear(), 90)
    (sealed,) = folder.rglob("*.wav.sealed")
    # Two voices of 8 kHz and 16 bits are 32,000 bytes a second; the bridge takes its first ones.
    assert sealed.stat().st_size > 32_000 * (contact["talk_s"] - 1)
