"""One ticket that everybody pulls at: sent back, denied, extended, merged, refused, answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.fixtures_hotline import HotlineUnderTest
from tests.scenarios.people import Cast, Visitor

pytestmark = [pytest.mark.asterisk, pytest.mark.browser]

ROAD = "和平街口夜市占道烧烤，油烟很大，晚上睡不着，希望整治"
REPLY = "经现场核实，和平街口夜市占道烧烤属实，已依据《城市市容和环境卫生管理条例》责令撤出。"
WHY = "派单目录明确由城管部门承办"
RETURN = "夜市由市场开办方负责管理，不在本单位职责之内"

Person = Callable[[str, str], Page]


@pytest.fixture
def at_desk(troubled: HotlineUnderTest, new_context: Callable[..., BrowserContext]) -> Person:
    """Open a page in a browser of the person's own; each signs in once."""
    pages: dict[str, Page] = {}

    def go(login: str, path: str) -> Page:
        if login not in pages:
            page = pages[login] = new_context(base_url=troubled.url).new_page()
            page.goto("/sign-in")
            page.fill("[name=login]", login)
            page.fill("[name=password]", troubled.passwords[login])
            page.click("button[type=submit]")
            expect(page).not_to_have_url(f"{troubled.url}/sign-in")
        pages[login].goto(path)
        return pages[login]

    return go


def test_a_ticket_is_fought_over_and_every_caller_is_answered(
    troubled: HotlineUnderTest, cast: Cast, at_desk: Person
) -> None:
    made = [
        cast.do("agent1", "/tickets", content=ROAD, kind="complaint", phone=phone)
        for phone in ("12900061001", "12900061002")
    ]
    number, twin = (str(m["ticket"]["number"]) for m in made)
    page = f"/tickets/{number}"
    cast.do("dispatcher1", f"{page}/dispatch", department="CHENGGUAN", opinion="请办理")

    unit = at_desk("chengguan", page)
    unit.get_by_test_id("acknowledge").click()
    ask_to_return(unit)
    first_due = cast.ticket(number)["due_at"]

    sender = at_desk("dispatcher1", page)
    deny(sender, WHY)
    expect(sender.get_by_test_id("problem").first).to_contain_text("另一位同事")
    expect(sender.locator("#form-deny-application [name=ruling]")).to_have_value(WHY)
    deny(at_desk("dispatcher2", page), WHY)

    unit = at_desk("chengguan", page)
    expect(unit.get_by_test_id("option-return")).to_have_attribute("data-allowed", "no")
    ask_for_longer(unit)
    dispatcher = at_desk("dispatcher2", page)
    dispatcher.get_by_test_id("grant-extension").click()
    expect(dispatcher.get_by_test_id("done")).to_be_visible()
    later = cast.ticket(number)["due_at"]
    assert later > first_due
    progress = Visitor(troubled, "center").press(
        "/resident", "/resident", number=number, code=made[0]["query_code"]
    )
    assert progress.status == 200
    assert "延期" in progress.text

    waiting = at_desk("dispatcher2", f"/tickets/{twin}")
    waiting.get_by_test_id("open-merge").click()
    waiting.get_by_test_id("merge-main").fill(number)
    waiting.fill("#merge-reason", "同一夜市的同一问题")
    waiting.get_by_test_id("merge").click()
    expect(waiting.locator("[data-testid=status]").first).to_contain_text("已并单")

    unit = at_desk("chengguan", page)
    complete(unit, REPLY + "有问题请打 13912345678")
    expect(unit.get_by_test_id("problem").first).to_contain_text("手机号码")
    expect(unit.locator("#complete-public_reply")).to_have_value(REPLY + "有问题请打 13912345678")
    complete(unit, REPLY)
    expect(unit.locator("[data-testid=status]").first).to_contain_text("待审核")

    centre = at_desk("center", page)
    centre.get_by_test_id("pass-audit").click()
    expect(centre.locator("[data-testid=status]").first).to_contain_text("待回访")
    assert [cast.ticket(n)["status"] for n in (number, twin)] == ["follow_up", "follow_up"]
    assert [len(cast.events(n, "TicketDispatched")) for n in (number, twin)] == [1, 0]
    assert cast.ticket(twin)["public_reply"] == REPLY


def ask_to_return(unit: Page) -> None:
    """The unit fills in the return form, with what its rule calls for."""
    unit.get_by_test_id("open-apply-return").click()
    form = unit.locator("#form-apply-return")
    form.get_by_text("不属于本单位职责").click()
    form.locator("[name=reason]").fill(RETURN)
    form.locator("[name=basis]").fill("《商品交易市场管理办法》")
    form.locator("[name=suggested]").fill("市市场监管局")
    form.get_by_test_id("apply-return").click()
    expect(unit.locator("#application-waiting")).to_contain_text("待裁定")


def ask_for_longer(unit: Page) -> None:
    """The unit asks for two more working days."""
    unit.get_by_test_id("open-apply-extension").click()
    form = unit.locator("#form-apply-extension")
    form.get_by_text("需要现场勘查").click()
    form.get_by_test_id("apply-extension-amount").fill("2")
    form.locator("[name=reason]").fill("需请检测机构夜间采样")
    form.get_by_test_id("apply-extension").click()
    expect(unit.locator("#application-waiting")).to_contain_text("延期")


def deny(centre: Page, why: str) -> None:
    """Somebody at the centre denies what waits on the page."""
    centre.get_by_test_id("open-deny-application").click()
    centre.locator("#form-deny-application [name=ruling]").fill(why)
    centre.get_by_test_id("deny-application").click()


def complete(unit: Page, reply: str) -> None:
    """The unit says it is done."""
    unit.fill("#complete-public_reply", reply)
    unit.get_by_test_id("complete").click()
