"""The agent's console in a real Chromium, rung through a real Asterisk by a SIPp caller."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.console import dock, in_state, packets, ring, saved, talk_briefly
from tests.fixtures_hotline import HotlineUnderTest, until

pytestmark = [pytest.mark.asterisk, pytest.mark.browser, pytest.mark.slow]

CITIZEN = "13812345678"
STORY = "兰堤区鼓台街道小区南门外每天晚上烧烤摊占道经营，油烟很大，希望尽快清理"


def test_a_call_pops_is_answered_by_key_written_up_and_read_out(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    page = agent("agent1")
    with ring(hotline) as citizen:
        in_state(page, "ringing")
        expect(page.locator("#caller")).to_contain_text(CITIZEN)
        expect(page.locator("#caller")).to_contain_text("住房公积金")
        expect(page.locator("#dock-who")).to_contain_text("12329")

        page.keyboard.press("F9")
        in_state(page, "talking")
        expect(page.locator("#f-content")).to_be_focused()
        expect(page.locator("#call-mark")).to_have_text("通话中")
        page.keyboard.insert_text(STORY)
        page.keyboard.type("。")
        saved(page)

        # Two-way sound: a second is fifty packets.
        until(lambda: min(packets(page)) > 100, 10, lambda: str(packets(page)))

        page.keyboard.press("Alt+m")
        expect(page.locator("#dock[data-muted=yes]")).to_be_visible()
        page.keyboard.press("Alt+m")
        page.keyboard.press("Alt+h")
        in_state(page, "held")
        page.keyboard.press("Alt+h")
        in_state(page, "talking")
        before = packets(page)
        until(lambda: packets(page)[0] > before[0] + 50, 10, lambda: str(packets(page)))
        page.click("[data-phone=keypad]")
        page.click("[data-digit='5']")
        expect(page.locator("#dock-dialled")).to_have_text("5")

        expect(page.locator("#suggestions [data-category]").first).to_be_visible()
        page.locator("#f-content").focus()
        page.keyboard.press("Alt+1")
        expect(page.locator("#f-category")).to_have_value(re.compile(" / "))
        expect(page.locator("#suggestions .chip-rule input")).to_be_checked()

        page.keyboard.press("Alt+x")
        in_state(page, "idle")
        result = citizen.wait(20)
    assert result.answered
    assert result.released_by_other_side
    assert result.received_packets > 100

    # After the call comes the wrap-up; writing up ends it.
    expect(page.locator("#dock[data-wrap-up=yes]")).to_be_visible()
    page.keyboard.press("F2")
    expect(page.locator("#error-answer")).to_be_visible()
    expect(page.locator("#f-content")).to_have_value(re.compile("烧烤摊"))
    page.keyboard.press("F4")
    expect(page.locator("#saved-number")).to_have_text(re.compile(r"^\d{14}$"))
    expect(page.locator("#saved-code")).to_have_text(re.compile(r"^\d{6}$"))
    expect(page.locator("#saved")).to_contain_text("办理期限")
    expect(page.locator("#dock[data-seat=ready]")).to_be_visible()

    # The same citizen again: the open ticket is there, and one key joins the call to it.
    number = page.locator("#saved-number").inner_text()
    with ring(hotline) as citizen:
        in_state(page, "ringing")
        expect(page.locator("#caller")).to_contain_text("第 2 次来电")
        page.locator("#caller").click()
        page.keyboard.press("Enter")
        in_state(page, "talking")
        expect(page.locator(".ticket-card")).to_contain_text(number)
        page.keyboard.press("F6")
        expect(page.locator("#saved")).to_contain_text("已催办（第 1 次）")
        page.keyboard.press("Alt+x")
        citizen.wait(20)


def test_a_call_not_taken_goes_to_the_next_agent(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    first, second = agent("agent1"), agent("agent2")
    with ring(hotline, "13911112222") as citizen:
        until(
            lambda: "ringing" in {dock(first), dock(second)},
            20,
            lambda: f"{dock(first)} {dock(second)}",
        )
        one, other = (first, second) if dock(first) == "ringing" else (second, first)
        one.keyboard.press("Alt+x")
        in_state(other, "ringing")
        other.keyboard.press("F9")
        in_state(other, "talking")
        expect(other.locator("#caller")).to_contain_text("13911112222")
        expect(one.locator("#caller")).to_have_count(0)
        # The caller hangs up first: the form stays, to be written up.
        other.locator("#f-content").fill("中途挂断")
        citizen.close()
        other.keyboard.press("Alt+x")
        in_state(other, "idle")
    other.reload()
    expect(other.locator("#caller")).to_contain_text("13911112222")
    expect(other.locator("#f-content")).to_have_value("中途挂断")
    other.keyboard.press("Alt+o")
    other.locator("#outcomes").get_by_text("中途挂断", exact=True).click()
    other.get_by_role("button", name="登记结果").click()
    expect(other.locator("#saved")).to_contain_text("中途挂断")


def test_what_is_typed_survives_a_lost_network(agent: Callable[..., Page]) -> None:
    page = agent("agent3", ready=False)
    page.keyboard.press("Alt+n")
    page.locator("#f-content").fill("来信反映路灯不亮")
    saved(page)
    page.context.set_offline(True)
    page.locator("#f-content").press_sequentially("，已经三天")
    expect(page.locator("#autosave")).to_contain_text("已存在本机")
    page.keyboard.press("F4")
    expect(page.locator("#dock-problems")).to_contain_text("还没有登记成功")
    expect(page.locator("#f-content")).to_have_value("来信反映路灯不亮，已经三天")
    page.context.set_offline(False)
    page.locator("#f-content").focus()
    saved(page)
    page.keyboard.press("F4")
    expect(page.locator("#saved-number")).to_be_visible()
    expect(page.locator("#dock-problems")).not_to_contain_text("还没有登记成功")
    left = page.evaluate("Object.keys(localStorage).filter(k => k.includes('draft')).length")
    assert left == 0


def test_a_form_that_was_read_before_the_text_arrived_has_the_text_all_the_same(
    agent: Callable[..., Page],
) -> None:
    """The page loaded anew sends what was left in the browser, and asks for the form meanwhile."""
    page = agent("agent2", ready=False)
    page.evaluate(
        "localStorage.setItem("
        "`hotline-draft-${document.getElementById('agent').dataset.staff}-manual`,"
        " JSON.stringify({ at: '10:00:00', fields: { content: '来信反映桥头护栏缺了一截' } }))"
    )
    held: list[Route] = []
    page.route("**/agent/draft", lambda route: held.append(route))
    page.route("**/agent/new", _let_through_after_reading(page, held, "护栏"))
    page.reload()
    expect(page.locator("#dock[data-registered=yes]")).to_be_visible()
    page.keyboard.press("Alt+n")
    expect(page.locator("#f-content")).to_have_value("来信反映桥头护栏缺了一截")
    page.unroute("**/agent/draft")
    page.unroute("**/agent/new")


def test_a_form_asked_for_again_before_its_text_arrived_has_the_text_all_the_same(
    agent: Callable[..., Page],
) -> None:
    """The server reads the form, takes the text and says so, and only then the form arrives."""
    page = agent("agent2", ready=False)
    held: list[Route] = []
    page.route("**/agent/draft", lambda route: held.append(route))
    page.keyboard.press("Alt+n")
    page.locator("#f-content").fill("来信反映人行道砖块松动")
    page.get_by_role("button", name="收起").click()
    expect(page.locator("#f-content")).to_have_count(0)
    page.route("**/agent/new", _let_through_after_reading(page, held, "砖块"))
    page.keyboard.press("Alt+n")
    expect(page.locator("#autosave")).to_contain_text("已恢复")
    expect(page.locator("#f-content")).to_have_value("来信反映人行道砖块松动")
    page.unroute("**/agent/new")
    page.unroute("**/agent/draft")


def test_a_page_read_before_the_text_of_the_last_one_arrived_has_the_text_all_the_same(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    """Loading anew: the old page still lives, sends what was typed and is told that it arrived."""
    page = agent("agent1")
    talk_briefly(hotline, page, "13922223333")
    held: list[Route] = []
    page.route("**/agent/draft", lambda route: held.append(route))
    with page.expect_request("**/agent/draft"):
        page.locator("#f-content").fill("河边步道的扶手断了")
    page.route("**/agent", _let_through_after_reading(page, held, "扶手"))
    page.reload()
    page.unroute("**/agent")
    page.unroute("**/agent/draft")
    expect(page.locator("#caller")).to_contain_text("13922223333")
    expect(page.locator("#f-content")).to_have_value("河边步道的扶手断了")
    page.keyboard.press("F4")
    expect(page.locator("#saved-number")).to_be_visible()


def _let_through_after_reading(
    page: Page, held: list[Route], words: str
) -> Callable[[Route], None]:
    """Answers with what the server had before it was let to take the text."""

    def read_before(route: Route) -> None:
        answer = route.fetch()
        assert words not in answer.text()
        with page.expect_response("**/agent/draft"):
            held.pop().continue_()
        route.fulfill(response=answer)

    return read_before


def test_a_telephone_system_that_restarts_is_found_again(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    page = agent("agent1")
    hotline.asterisk.runner.stop()
    expect(page.locator("#dock-problems")).to_contain_text("正在自动重连")
    hotline.start_asterisk()
    expect(page.locator("#dock[data-registered=yes]")).to_be_visible(timeout=20_000)
    expect(page.locator("#dock-problems")).not_to_contain_text("正在自动重连")
    talk_briefly(hotline, page, "13733334444")


def test_a_second_page_leaves_the_telephone_to_the_first(
    hotline: HotlineUnderTest, agent: Callable[..., Page]
) -> None:
    first = agent("agent2", ready=False)
    second = first.context.new_page()
    second.goto(f"{hotline.url}/agent")
    expect(second.locator("#dock-problems")).to_contain_text("另一个页面")
    expect(second.locator("#dock[data-registered=no]")).to_be_visible()
    first.close()
    expect(second.locator("#dock[data-registered=yes]")).to_be_visible()
    expect(second.locator("#dock-problems")).not_to_contain_text("另一个页面")


def test_a_letter_from_a_known_number_may_join_its_open_ticket(agent: Callable[..., Page]) -> None:
    page = agent("agent3", ready=False)
    for words in ("来信反映井盖松动", "又来信问井盖"):
        page.keyboard.press("Alt+n")
        expect(page.locator("#request-form button[value=urge]")).to_be_disabled()
        page.locator("#f-phone").fill("13655556666")
        page.locator("#f-content").fill(words)
        if words.startswith("来信"):
            page.keyboard.press("F4")
            number = page.locator("#saved-number").inner_text()
    expect(page.locator(".ticket-card")).to_contain_text(number)
    expect(page.locator("#request-form button[value=urge]")).to_be_enabled()
    page.keyboard.press("F6")
    expect(page.locator("#saved")).to_contain_text("已催办（第 1 次）")


@pytest.mark.parametrize(("slow", "first"), [("current", "resync"), ("new", "press")])
def test_what_an_agent_opens_is_not_pushed_aside_by_what_the_page_asks_for_itself(
    agent: Callable[..., Page], slow: str, first: str
) -> None:
    """Both orders: the page asked before the key was pressed, and while its answer was awaited."""
    page = agent("agent2", ready=False)

    def late(route: Route) -> None:
        page.wait_for_timeout(800)
        route.continue_()

    page.route(f"**/agent/{slow}", late)
    resync = "document.dispatchEvent(new CustomEvent('hotline:resync'))"
    if first == "resync":
        page.evaluate(resync)
    page.keyboard.press("Alt+n")
    if first == "press":
        page.evaluate(resync)
    expect(page.locator("#f-content")).to_be_visible()
    page.wait_for_timeout(1_500)
    expect(page.locator("#f-content")).to_be_visible()
    page.unroute(f"**/agent/{slow}")
