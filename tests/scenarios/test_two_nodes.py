"""Two telephone systems in one hotline: a call on each, and one that dies alone."""

from __future__ import annotations

import json
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from hotline.bootstrap import load_secrets
from telephony.asterisk.phones import SimulatedPhone
from tests.fixtures_asterisk import AsteriskUnderTest, private_asterisk
from tests.fixtures_hotline import HotlineUnderTest, private_hotline, until
from tests.scenarios.people import Cast

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.slow]

LOGINS = {"hot1": "agent1", "hot2": "agent11"}
EXTENSIONS = {"hot1": "8001-8003", "hot2": "8011"}


@dataclass(frozen=True)
class Pair:
    """One hotline with its two telephone systems by name."""

    hotline: HotlineUnderTest
    nodes: dict[str, AsteriskUnderTest]

    def dial(self, node: str, caller: str, line: str = "12345") -> SimulatedPhone:
        """A citizen whose carrier leads to this node."""
        there = self.nodes[node]
        return there.citizen().dial(caller, line, seconds=90, audio=there.voice)

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """What /readyz says to the machine itself."""
        try:
            with urllib.request.urlopen(f"{self.hotline.url}/readyz", timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)

    def figure(self, name: str) -> dict[str, float]:
        """A figure of /metrics by node."""
        with urllib.request.urlopen(f"{self.hotline.url}/metrics", timeout=60) as answer:
            text = answer.read().decode()
        rows = [row for row in text.splitlines() if row.startswith(f"{name}{{node=")]
        return {row.split('"')[1]: float(row.split()[-1]) for row in rows}


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Both started, the web process following both."""
    with tempfile.TemporaryDirectory(prefix="hotline-pair-") as name:
        folder = Path(name)
        with private_asterisk(
            folder / "second",
            root=folder / "asterisk-hot2",
            recordings=folder / "recordings",
            secrets=load_secrets(folder),
            system_name="hot2",
            agents=("8011",),
        ) as second:

            def more(first: AsteriskUnderTest) -> dict[str, str]:
                file = folder / "nodes.toml"
                file.write_text("".join(_row(one) for one in (first, second)), encoding="utf-8")
                return {"HOTLINE_NODES": str(file)}

            with private_hotline(folder, more=more) as hotline:
                yield Pair(hotline, {"hot1": hotline.asterisk, "hot2": second})


def _row(asterisk: AsteriskUnderTest) -> str:
    ours = asterisk.settings
    values: dict[str, object] = {
        "name": ours.system_name,
        "ami_port": ours.ami_port,
        "sip_port": ours.sip_port,
        "http_port": ours.http_port,
        "rtp_start": ours.rtp_ports[0],
        "rtp_end": ours.rtp_ports[1],
        "trunk_contact": ours.trunk_contact,
        "extensions": EXTENSIONS[ours.system_name],
    }
    rows = (f"{key} = {json.dumps(value)}" for key, value in values.items())
    return "\n".join(["[[node]]", *rows, "", ""])


@pytest.fixture
def agents(pair: Pair, new_context: Callable[..., BrowserContext]) -> dict[str, Page]:
    """An agent at each node, ready for calls."""
    return {node: _agent(pair, new_context, login) for node, login in LOGINS.items()}


def _agent(pair: Pair, new_context: Callable[..., BrowserContext], login: str) -> Page:
    page = new_context(base_url=pair.hotline.url).new_page()
    page.goto("/sign-in")
    page.fill("[name=login]", login)
    page.fill("[name=password]", pair.hotline.passwords[login])
    page.click("button[type=submit]")
    expect(page.locator("#dock[data-registered=yes]")).to_be_visible(timeout=25_000)
    page.keyboard.press("Alt+r")
    expect(page.locator("#dock[data-seat=ready]")).to_be_visible(timeout=20_000)
    return page


def take(page: Page) -> None:
    """Answer what rings and hear something."""
    expect(page.locator("#dock[data-state=ringing]")).to_be_visible(timeout=30_000)
    page.keyboard.press("F9")
    expect(page.locator("#dock[data-state=talking]")).to_be_visible(timeout=20_000)
    until(lambda: int(page.locator("#dock").get_attribute("data-packets-in") or 0) > 50, 20)


def test_a_call_on_each_node_is_one_contact_with_its_node_and_one_node_dies_alone(
    pair: Pair, agents: dict[str, Page]
) -> None:
    cast = Cast(pair.hotline)
    assert pair.readiness()[0] == 200
    with pair.dial("hot1", "12900000501") as one, pair.dial("hot2", "12900000502", "12366") as two:
        for page in agents.values():
            take(page)
        until(lambda: pair.figure("hotline_telephony_open_calls") == {"hot1": 1, "hot2": 1}, 20)
        one.hang_up()
        two.hang_up()
    found = [cast.ended(caller, 30) for caller in ("12900000501", "12900000502")]
    assert [(c["node"], c["agent"], c["outcome"], c["line"]) for c in found] == [
        ("hot1", "8001", "answered", "12345"),
        ("hot2", "8011", "answered", "12366"),
    ]
    assert [c["call_id"].partition("-")[0] for c in found] == ["hot1", "hot2"]

    agents["hot1"].keyboard.press("Alt+r")
    expect(agents["hot1"].locator("#dock[data-seat=ready]")).to_be_visible(timeout=20_000)
    pair.nodes["hot2"].runner.kill()
    until(lambda: pair.figure("hotline_telephony_up") == {"hot1": 1, "hot2": 0}, 40)
    status, said = pair.readiness()
    assert status == 503
    assert "hot2" in said["parts"]["telephony"]
    assert "hot1" not in said["parts"]["telephony"]
    with pair.dial("hot1", "12900000503") as third:
        take(agents["hot1"])
        third.hang_up()
    assert cast.ended("12900000503", 30)["outcome"] == "answered"

    pair.nodes["hot2"].runner.start()
    until(lambda: pair.readiness()[0] == 200, 60)
    until(lambda: pair.figure("hotline_telephony_up") == {"hot1": 1, "hot2": 1}, 20)
