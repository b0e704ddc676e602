"""The model's page in a real browser: the slider recounts, a training's bar moves, why is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dispatch.domain.learning_terms import TrainingState
from dispatch.service import training_runs
from portal.app import create_app
from portal.auth import SESSION_COOKIE
from tests.portal.models_made import TellingSuggester, coverage, put_model
from tests.portal.serving import serving
from tests.portal.test_leader_browser import DRAWN
from tests.portal.town import Town

pytestmark = pytest.mark.browser


@pytest.fixture
def site(town: Town) -> Iterator[str]:
    """The address of a town with a model that explains itself, behind a real socket."""
    context = replace(town.app.state.context, coverage=coverage, suggester=TellingSuggester())
    town.app = create_app(context)
    put_model(town.database, now=town.clock.now)
    with serving(town) as address:
        yield address


def page_of(town: Town, site: str, new_context: Callable[..., BrowserContext], login: str) -> Page:
    context = new_context(base_url=site)
    token = town.session(login).token
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": site}])
    return context.new_page()


def test_the_slider_recounts_and_a_training_is_followed_to_its_end(
    town: Town, site: str, new_context: Callable[..., BrowserContext]
) -> None:
    page = page_of(town, site, new_context, "zhong")
    page.goto("/model")
    for chart in ("calibration", "curve"):
        canvas = page.get_by_test_id(chart).locator("canvas")
        expect(canvas).to_be_visible()
        assert canvas.evaluate(DRAWN)
    expect(page.get_by_test_id("covered-share")).to_have_text("25.0%")
    slider = page.get_by_test_id("slider")
    slider.focus()
    for _ in range(8):
        slider.press("ArrowLeft")
    expect(page.get_by_test_id("covered-share")).to_have_text("37.5%")
    # The slider itself was not taken away under the hand.
    expect(slider).to_be_focused()
    page.goto("/model/versions")
    page.get_by_test_id("retrain").click()
    training = page.get_by_test_id("training")
    expect(training).to_contain_text("等待训练")
    now = town.clock.now
    with town.database.work() as session:
        claimed = training_runs.claim(session, now=now)
        assert claimed is not None
        training_runs.progress(session, claimed, step="第 3 折", share=0.6, now=now)
    expect(training).to_contain_text("第 3 折")
    expect(page.get_by_test_id("progress")).to_have_attribute("value", "60")
    with town.database.work() as session:
        state = TrainingState.REFUSED
        training_runs.ended(session, claimed, state, problem="不如在用的模型", now=now)
    expect(training).to_contain_text("不如在用的模型")
    expect(page.get_by_test_id("progress")).to_have_count(0)


def test_the_console_says_why_while_one_types_and_takes_a_kind_with_one_press(
    town: Town, site: str, new_context: Callable[..., BrowserContext]
) -> None:
    page = page_of(town, site, new_context, "wang")
    page.goto("/agent/new")
    content = page.locator("#f-content")
    content.fill("门口路灯不亮，一片漆黑，老人摔伤")
    why = page.get_by_test_id("why")
    expect(why).to_contain_text("路灯")
    expect(why).to_contain_text("合计 4.1 分")
    content.press_sequentially("，请尽快")
    expect(content).to_have_value("门口路灯不亮，一片漆黑，老人摔伤，请尽快")
    page.locator('[data-pick="urgency"]').click()
    expect(page.locator("#f-urgency-urgent")).to_be_checked()
    expect(page.locator('[data-pick="urgency"]')).to_have_count(0)
    page.locator('[data-pick="kind"]').click()
    expect(page.locator("#f-kind-complaint")).to_be_checked()
    page.keyboard.press("Alt+1")
    expect(page.locator("#f-category")).to_have_value("城市管理 / 路灯照明")
