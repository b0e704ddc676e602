"""The leader's page, the weekly report and the rows behind each figure, as browsers get them."""

from __future__ import annotations

import re
from html import unescape

import pytest

from analytics.facts import rates
from analytics.figures import FIGURES
from analytics.periods import week_period
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from tests.analytics.history_made import NOW, put_month
from tests.portal.town import Town

RULES = Rules(load_profile("default"), load_calendar())


@pytest.fixture
def busy_town(town: Town) -> Town:
    """A town with a month behind it."""
    town.clock.now = NOW
    put_month(town.database)
    return town


def figures_on(page: str) -> dict[str, tuple[int, int]]:
    """Hits and judged of each figure by its code."""
    shown = re.findall(r'data-testid="figure-(\w+)" data-hits="(\d+)" data-judged="(\d+)"', page)
    return {code: (int(hits), int(judged)) for code, hits, judged in shown}


@pytest.mark.parametrize("address", ["/leader?week=2026-W46", "/reports/weekly?week=2026-W46"])
def test_page_and_report_show_the_same_figures_as_the_catalogue(
    busy_town: Town, address: str
) -> None:
    page = busy_town.browser("zhang").get(address)
    assert page.status_code == 200
    actor = busy_town.actor("zhang")
    with busy_town.database.read() as session:
        found = rates(session, actor, week_period("2026-W46"), RULES, now=NOW)
    assert figures_on(page.text) == {code: (rate.hits, rate.judged) for code, rate in found.items()}
    calls = re.search(r'data-testid="calls-total">([\d,]+)<', page.text)
    assert calls is not None
    assert int(calls[1].replace(",", "")) == found["direct_answer_rate"].judged > 0
    for figure in FIGURES:
        assert figure.formula in page.text


def test_every_link_of_a_figure_opens_as_many_rows_as_it_says(busy_town: Town) -> None:
    reader = busy_town.browser("zhang")
    page = reader.get("/leader?week=2026-W46").text
    links = {unescape(link) for link in re.findall(r'href="(/figures/[^"]+)"', page)}
    assert len(links) > 20
    for link in sorted(links):
        opened, rows, told = link, 0, -1
        while opened:
            answer = reader.get(opened)
            assert answer.status_code == 200, opened
            rows += answer.text.count("<tr><td")
            part = re.search(
                r'aria-current="page" data-testid="part-\w+">\S+ <span class="count">([\d,]+)<',
                answer.text,
            )
            assert part is not None
            told = int(part[1].replace(",", ""))
            onward = re.search(r'data-testid="next-page" href="([^"]+)"', answer.text)
            opened = f"{link.partition('?')[0]}{unescape(onward[1])}" if onward else ""
        assert rows == told, link


def test_numbers_of_callers_are_masked_for_everybody_here(busy_town: Town) -> None:
    address = "/figures/direct_answer_rate?from=2026-10-19&to=2026-11-18"
    for login in ("zhang", "zhong", "ban", "root"):
        page = busy_town.browser(login).get(address).text
        assert "138****" in page
        assert not re.search(r"138\d{8}", page)


def test_a_unit_narrows_the_rows_and_says_so(busy_town: Town) -> None:
    reader = busy_town.browser("zhang")
    page = reader.get("/leader?week=2026-W46").text
    link = re.search(r'href="(/figures/on_time_rate[^"]+unit=[^"]+)">([^<]+)<', page)
    assert link is not None
    rows = reader.get(unescape(link[1])).text
    assert f"· {link[2]}</span>" in rows
    assert set(re.findall(r'data-label="承办">([^<]+)<', rows)) == {link[2]}


def test_an_empty_week_says_what_will_appear_and_leads_elsewhere(town: Town) -> None:
    for address in ("/leader", "/reports/weekly"):
        page = town.browser("zhang").get(address)
        assert page.status_code == 200
        assert "没有来电和工单" in page.text
        assert "看上一周" in page.text
        assert "无数据" in page.text
    rows = town.browser("zhang").get("/figures/satisfaction_rate").text
    assert "这里没有工单" in rows


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/leader?week=2026-W99", 422),
        ("/leader?week=nonsense", 422),
        ("/figures/nonsense", 404),
        ("/figures/completion_rate?from=2026-02-30&to=2026-03-01", 422),
        ("/figures/completion_rate?from=2026-03-02&to=2026-03-01", 422),
        ("/figures/completion_rate?part=most", 422),
        ("/figures/direct_answer_rate?unit=CG", 404),
    ],
)
def test_a_wrong_address_is_answered_in_words(town: Town, address: str, status: int) -> None:
    answer = town.browser("zhang").get(address)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_the_page_carries_no_inline_code_or_style(busy_town: Town) -> None:
    for address in ("/leader", "/reports/weekly?week=2026-W46", "/figures/completion_rate"):
        page = busy_town.browser("zhang").get(address).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
