"""Two keys to 110, 119, 120 and 122, and calls out: to simulated telephones on the loopback."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dispatch.domain.vocabulary import RequestKind
from dispatch.service import accounts, assignment, follow_up_desk, handling
from dispatch.service.follow_up_desk import DeskTab
from dispatch.service.intake import RequestForm, open_ticket
from hotline.bootstrap import load_rules, open_database, utc_now
from hotline.settings import Settings
from telephony.asterisk.callers import Manner, SippCallee
from tests.browser.console import hears, in_state, listens, ring
from tests.fixtures_asterisk import free_port
from tests.fixtures_hotline import HotlineUnderTest, until
from tests.scenarios.people import Visitor

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.slow]
STATION_IP = "127.0.0.3"


@pytest.fixture(scope="module")
def station_port(hotline: HotlineUnderTest) -> int:
    """Where the emergency trunk leads; before it is set, the first test sees it refused."""
    return free_port(socket.SOCK_DGRAM, STATION_IP)


def station(
    hotline: HotlineUnderTest, port: int, manner: Manner = Manner.ANSWER, seconds: float = 60
) -> SippCallee:
    """The emergency services of the test: one telephone on the loopback."""
    return SippCallee(
        hotline.asterisk.sipp,
        hotline.asterisk.folder,
        address=(STATION_IP, port),
        manner=manner,
        seconds=seconds,
        audio=hotline.asterisk.voice,
    )


def set_trunk(hotline: HotlineUnderTest, port: int) -> None:
    """An administrator sets the emergency trunk; the telephone system takes it over."""
    admin = Visitor(hotline, "admin")
    page = admin.press(
        "/admin/trunks",
        "/admin/trunks",
        code="linkage",
        label="紧急联动",
        kind="emergency",
        host=STATION_IP,
        port=str(port),
        security="udp",
        caller_id="12345",
        confirmed="1",
    )
    assert page.status == 200, page.text[:2000]
    etc = hotline.asterisk.settings.etc
    until(
        lambda: any("trunk-linkage" in file.read_text("utf-8") for file in etc.glob("pjsip*")),
        40,
        lambda: page.text[:3000],
    )


def talking(page: Page) -> None:
    """Answer the call that rings."""
    in_state(page, "ringing")
    page.keyboard.press("F9")
    in_state(page, "talking")
    expect(page.locator("#f-content")).to_be_visible(timeout=15_000)


def two_keys(page: Page, line: int) -> None:
    """F8 and the number of the line."""
    page.keyboard.press("F8")
    expect(page.locator("#emergency")).to_be_visible()
    page.keyboard.press(str(line))


def test_nothing_is_dialled_before_an_administrator_has_set_the_trunk(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    page = agent("agent1")
    with ring(hotline, "13900000021", seconds=60) as citizen:
        talking(page)
        two_keys(page, 2)
        expect(page.locator("[data-problem=join]")).to_contain_text("请立即用手机等其他电话拨打")
        in_state(page, "talking")
        page.keyboard.press("Alt+x")
        citizen.wait(20)


def test_119_gets_the_citizen_and_the_agent_is_free(
    hotline: HotlineUnderTest, agent: Callable[..., Page], station_port: int
) -> None:
    set_trunk(hotline, station_port)
    page = agent("agent1")
    with (
        station(hotline, station_port).start() as fire,
        ring(hotline, "13900000022", seconds=90) as citizen,
    ):
        talking(page)
        page.locator("#f-content").press_sequentially("楼下着火了")
        expect(page.locator("#emergency-hint")).to_contain_text("按 F8 再按 2 转火警 119")
        two_keys(page, 2)
        in_state(page, "idle")
        listens(fire)
        listens(citizen)
        assert "sip:119@" in fire.signalling
        fire.hang_up()
        assert citizen.wait(20).released_by_other_side
    expect(page.locator("#f-content")).to_have_value("楼下着火了", timeout=15_000)
    reader = Visitor(hotline, "agent1")
    until(lambda: "转接专线" in reader.read("/agent/recent").text)


def test_110_comes_to_a_talk_of_three_and_the_agent_stays(
    hotline: HotlineUnderTest, agent: Callable[..., Page], station_port: int
) -> None:
    page = agent("agent2")
    with (
        station(hotline, station_port).start() as police,
        ring(hotline, "13900000023", seconds=90) as citizen,
    ):
        talking(page)
        two_keys(page, 1)
        expect(page.locator("[data-problem=join]")).to_contain_text("已接通", timeout=20_000)
        listens(police)
        listens(citizen)
        hears(page)
        in_state(page, "talking")
        police.hang_up()
        hears(page)
        listens(citizen)
        page.keyboard.press("Alt+x")
        assert citizen.wait(20).released_by_other_side


def test_a_busy_119_leaves_the_citizen_with_the_agent_who_is_told(
    hotline: HotlineUnderTest, agent: Callable[..., Page], station_port: int
) -> None:
    page = agent("agent3")
    with (
        station(hotline, station_port, Manner.BUSY).start(),
        ring(hotline, "13900000024", seconds=60) as citizen,
    ):
        talking(page)
        two_keys(page, 2)
        expect(page.locator("[data-problem=join]")).to_contain_text(
            "来电人仍由您接听", timeout=20_000
        )
        hears(page)
        in_state(page, "talking")
        page.keyboard.press("Alt+x")
        citizen.wait(20)


def test_a_click_calls_the_citizen_back_and_a_forbidden_number_says_why(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    page = agent("agent1", ready=False)
    page.keyboard.press("Alt+n")
    for number, why in (("+12125550123", "国际"), ("16812345", "加价"), ("119", "F8")):
        page.fill("#f-phone", number)
        page.locator(".with-dial [data-dial]").click()
        expect(page.locator("[data-problem=dial]")).to_contain_text(why)
        in_state(page, "idle")
    page.fill("#f-phone", "138 0013 8021")
    with hotline.asterisk.rung_citizen(seconds=60).start() as citizen:
        page.locator(".with-dial [data-dial]").click()
        in_state(page, "talking")
        expect(page.locator("#dock-who")).to_contain_text("13800138021")
        until(lambda: re.search(r"sip:13800138021@", citizen.signalling), 15)
        hears(page)
        page.keyboard.press("Alt+x")
        assert citizen.wait(20).released_by_other_side


def to_be_asked(hotline: HotlineUnderTest, phone: str) -> int:
    """A confidential ticket that was audited: the attempt which a person is to make."""
    settings = Settings(data_dir=hotline.folder)
    database, rules, now = open_database(settings), load_rules(settings), utc_now()
    with database.work() as s:
        names = ("agent1", "dispatcher1", "chengguan", "center")
        agent, dispatcher, unit, centre = (accounts.actor_named(s, name) for name in names)
        form = RequestForm(
            content="河堤边夜里有人倒渣土", kind=RequestKind.REPORT, phone=phone, confidential=True
        )
        number = open_ticket(s, agent, form, now=now).number
        assignment.dispatch(s, dispatcher, number, "CHENGGUAN", rules, now=now)
        assignment.acknowledge(s, unit, number, now=now)
        handling.contact_requester(s, unit, number, note="电话联系", now=now)
        reply = "经现场核查情况属实，已清运渣土并对倾倒车辆立案处罚。"
        handling.complete(s, unit, number, rules, public_reply=reply, now=now)
        handling.pass_audit(s, centre, number, rules, now=now)
        (row,) = follow_up_desk.rows(s, centre, DeskTab.DUE, now=now + timedelta(days=5))
    database.dispose()
    return row.id


def test_a_follow_up_is_dialled_with_one_key_and_its_call_stands_beside_the_ticket(
    hotline: HotlineUnderTest, new_context: Callable[..., BrowserContext]
) -> None:
    asked = to_be_asked(hotline, "13800138022")
    page = new_context().new_page()
    page.goto(f"{hotline.url}/sign-in")
    # The centre: the dialling rules let a follow-up caller dial by day only.
    page.fill("[name=login]", "center")
    page.fill("[name=password]", hotline.passwords["center"])
    page.click("button[type=submit]")
    expect(page).not_to_have_url(f"{hotline.url}/sign-in")
    page.goto(f"{hotline.url}/follow-up/{asked}")
    page.get_by_test_id("take").click()
    line = page.locator("#dial-line")
    expect(line).to_have_text("分机已连接", timeout=20_000)
    with hotline.asterisk.rung_citizen(seconds=60).start() as citizen:
        page.keyboard.press("d")
        expect(line).to_have_text("通话中", timeout=20_000)
        until(lambda: re.search(r"sip:13800138022@", citizen.signalling), 20)
        until(lambda: "\nACK sip:" in citizen.signalling, 20)  # answered
        page.locator("#hang-up").click()
        assert citizen.wait(20).released_by_other_side
    expect(line).to_have_text("分机已连接", timeout=20_000)

    def beside() -> bool:
        page.reload()
        return page.locator(".call-line").count() == 1

    until(beside, 30)


@pytest.mark.parametrize("outside", ["13800138000", "00112125550123", "119", "12345"])
def test_no_way_leads_from_an_agents_telephone_to_the_outside(
    hotline: HotlineUnderTest, agent: Callable[..., Page], outside: str
) -> None:
    """Neither dialled by SIP past all rules nor by handing a citizen on, with the page forged."""
    colleague = agent("agent3", ready=False)
    colleague.select_option("#dock-reason", label="请示班长")
    expect(colleague.locator("#dock[data-seat=paused]")).to_be_visible()
    page = agent("agent2")
    with (
        hotline.asterisk.rung_citizen(seconds=5).start() as nobody,
        ring(hotline, "13900000025", seconds=60) as citizen,
    ):
        talking(page)
        forge(page, outside, "直接转")
        expect(page.locator("[data-problem=call]")).to_contain_text("没有转成", timeout=15_000)
        forge(page, outside, "先咨询")
        expect(page.locator("[data-problem=join]")).to_contain_text("没有这个号码", timeout=15_000)
        in_state(page, "talking")
        page.keyboard.press("Alt+x")
        citizen.wait(20)
        assert not nobody.ringing


def forge(page: Page, number: str, way: str) -> None:
    """Press a colleague's button after his extension was changed into an outside number."""
    page.keyboard.press("Alt+t")
    row = page.locator(".transfer-row").first
    expect(row).to_be_visible()
    row.evaluate("(row, number) => { row.dataset.target = number; }", number)
    row.get_by_role("button", name=way, exact=True).press("Enter")
