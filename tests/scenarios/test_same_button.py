"""Two people press the same button, and texts of nothing and of a megabyte."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.fixtures_hotline import HotlineUnderTest
from tests.scenarios.people import REPLY, Cast, Visitor

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.slow]

MEGABYTE = "字" * 350_000
"""A little over a megabyte in UTF-8."""

PASTE = """(area, text) => {
    area.removeAttribute("maxlength");
    area.value = text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
}"""

OPINION = "请会同街道办理，三日内先与诉求人联系"


@pytest.fixture
def sign_in(
    troubled: HotlineUnderTest, new_context: Callable[..., BrowserContext]
) -> Callable[[str, str], Page]:
    """Open a page in a browser of the person's own."""

    def open_page(login: str, path: str) -> Page:
        page = new_context(base_url=troubled.url).new_page()
        page.goto("/sign-in")
        page.fill("[name=login]", login)
        page.fill("[name=password]", troubled.passwords[login])
        page.click("button[type=submit]")
        expect(page).not_to_have_url(f"{troubled.url}/sign-in")
        page.goto(path)
        return page

    return open_page


def test_of_two_who_dispatch_one_succeeds_and_the_other_keeps_the_words_and_is_told_why(
    cast: Cast, sign_in: Callable[[str, str], Page]
) -> None:
    number = cast.ticket_to("open")
    first, second = (
        sign_in(login, f"/tickets/{number}") for login in ("dispatcher1", "dispatcher2")
    )
    for page, unit in ((first, "市城管局"), (second, "市住建局")):
        page.fill("#form-dispatch [name=department]", unit)
        page.fill("#form-dispatch [name=opinion]", f"{unit}：{OPINION}")
    # Pressed before either answer is waited for. The news of the first press may be on the page
    # of the second before its own answer is.
    with first.expect_navigation(), second.expect_navigation():
        for page in (first, second):
            page.evaluate("document.querySelector('[data-testid=dispatch]').click()")
    told = []
    for page, unit in ((first, "市城管局"), (second, "市住建局")):
        expect(page.locator("[data-testid=status]").first).to_contain_text("待签收")
        refusal = page.get_by_test_id("refusal")
        if refusal.count():
            told.append(page)
            expect(refusal).to_contain_text("刚刚被其他人处理过")
            expect(refusal).to_contain_text("派单")
            expect(page.get_by_test_id("kept").first).to_have_value(f"{unit}：{OPINION}")
    assert len(told) == 1
    assert len(cast.events(number, "TicketDispatched")) == 1


def test_of_many_who_sign_for_a_ticket_at_once_one_does(
    troubled: HotlineUnderTest, cast: Cast
) -> None:
    number = cast.ticket_to("dispatched")
    version = str(cast.ticket(number)["version"])
    people = [Visitor(troubled, "landi") for _ in range(4)]

    def press(visitor: Visitor) -> int:
        path = f"/tickets/{number}/acknowledge"
        return visitor.press(f"/tickets/{number}", path, version=version).status

    def ask(_: int) -> int:
        body = {"version": int(version)}
        return cast.call("landi", "POST", f"/tickets/{number}/acknowledge", body).status

    with ThreadPoolExecutor(8) as crowd:
        answers = [*crowd.map(press, people), *crowd.map(ask, range(4))]
    assert sorted(answers) == [200, *[409] * 7]
    assert len(cast.events(number, "TicketAcknowledged")) == 1
    assert cast.ticket(number)["status"] == "acknowledged"


def test_a_reply_refused_because_somebody_was_first_is_still_on_the_page(
    cast: Cast, sign_in: Callable[[str, str], Page]
) -> None:
    number = cast.ticket_to("in_progress")
    page = sign_in("landi", f"/tickets/{number}")
    page.fill("form[action$='/complete'] [name=public_reply]", f"{REPLY}第二位同事写的。")
    cast.do("landi", f"/tickets/{number}/complete", public_reply=REPLY)
    page.click("[data-testid=complete]")
    refusal = page.get_by_test_id("refusal")
    expect(refusal).to_contain_text("待审核")
    expect(page.get_by_test_id("kept").first).to_have_value(f"{REPLY}第二位同事写的。")
    assert cast.ticket(number)["public_reply"] == REPLY


@pytest.mark.parametrize("content", ["", "   \n\t　"], ids=["nothing", "blanks"])
def test_a_request_of_nothing_is_refused_with_a_sentence(cast: Cast, content: str) -> None:
    answer = cast.call("center", "POST", "/tickets", {"content": content, "kind": "report"})
    assert answer.status == 422
    assert answer.json["field"] == "content"
    assert "content" in answer.json["detail"] or "诉求内容" in answer.json["detail"]


def test_a_request_of_a_megabyte_is_refused_with_a_sentence(cast: Cast) -> None:
    answer = cast.call("center", "POST", "/tickets", {"content": MEGABYTE, "kind": "report"})
    assert answer.status in (413, 422)
    assert answer.json["detail"]
    assert len(answer.text) < 2000


def test_the_console_refuses_nothing_and_a_megabyte_and_keeps_what_was_typed(
    cast: Cast, sign_in: Callable[[str, str], Page]
) -> None:
    page = sign_in("agent3", "/agent")
    # The keys work once the page's script does.
    expect(page.locator("#dock[data-registered=yes]")).to_be_visible(timeout=25_000)
    page.keyboard.press("Alt+n")
    expect(page.locator("#f-content")).to_be_visible()
    page.keyboard.press("F4")
    expect(page.locator("#error-content")).to_contain_text("请填写诉求内容")
    for text, said in ((MEGABYTE, "内容太大"), (MEGABYTE[:20_001], "超过 20000 字的上限")):
        page.locator("#f-content").evaluate(PASTE, text)
        page.keyboard.press("F4")
        expect(page.locator("body")).to_contain_text(said)
        assert page.locator("#f-content").evaluate("area => area.value.length") == len(text)
    page.locator("#f-content").fill("删减之后：路灯不亮")
    page.keyboard.press("F4")
    expect(page.locator("#saved-number")).to_be_visible()
