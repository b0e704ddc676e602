"""The leader's page in a real browser: charts are drawn under the content policy, figures open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dispatch.domain.vocabulary import Status
from dispatch.service import history
from dispatch.service.history import PastTicket
from portal.auth import SESSION_COOKIE
from tests.analytics.history_made import NOW, put_month
from tests.portal.serving import serving
from tests.portal.town import Town

pytestmark = pytest.mark.browser

# Asked once, after the next picture: a canvas that is read often complains of it.
DRAWN = """async (c) => {
  await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
  return c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some((v) => v > 0);
}"""


@pytest.fixture
def site(town: Town) -> Iterator[str]:
    """The address of a town with a busy month, behind a real socket."""
    town.clock.now = NOW
    put_month(town.database)
    heating = [
        PastTicket(
            number=f"h{i}",
            created_at=NOW - timedelta(hours=i),
            status=Status.OPEN,
            category="供暖与热费",
            title=f"暖气不热 {i}",
        )
        for i in range(1, 31)
    ]
    with town.database.work() as session:
        history.add_tickets(session, heating)
    with serving(town) as address:
        yield address


@pytest.mark.parametrize("width", [1440, 390])
def test_the_leader_sees_the_chart_and_opens_the_rows_of_a_figure(
    town: Town, site: str, new_context: Callable[..., BrowserContext], width: int
) -> None:
    context = new_context(base_url=site, viewport={"width": width, "height": 844})
    token = town.session("zhang").token
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": site}])
    page: Page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/leader")
    topic = page.get_by_test_id("rising").get_by_role("article").first
    expect(topic).to_contain_text("供暖与热费")
    canvas = topic.locator("canvas")
    expect(canvas).to_be_visible()
    assert canvas.evaluate(DRAWN)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    figure = page.get_by_test_id("figure-direct_answer_rate")
    hits = int(figure.get_attribute("data-hits") or -1)
    figure.get_by_text("算式").click()
    expect(figure.get_by_text("当场答复的来电 ÷ 全部来电")).to_be_visible()
    figure.get_by_role("link", name=f"{hits:,}", exact=True).click()
    expect(page.get_by_test_id("rows").locator("tbody tr")).to_have_count(min(hits, 50))
    assert complaints == []
