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
from dispatch.domain.vocabulary import Rating
from tests.analytics.history_made import NOW, put_month
from tests.dispatch import appeal_story
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


def test_page_and_report_show_the_same_figures_as_the_catalogue(busy_town: Town) -> None:
    page = busy_town.browser("zhang").get("/leader?week=2026-W46")
    report = busy_town.browser("zhang").get("/reports/weekly?week=2026-W46").text
    assert page.status_code == 200
    actor = busy_town.actor("zhang")
    with busy_town.database.read() as session:
        found = rates(session, actor, week_period("2026-W46"), RULES, now=NOW)
    assert figures_on(page.text) == {code: (rate.hits, rate.judged) for code, rate in found.items()}
    calls = re.search(r'data-testid="calls-total">([\d,]+)<', page.text)
    assert calls is not None
    assert int(calls[1].replace(",", "")) == found["direct_answer_rate"].judged > 0
    table = report.partition('data-testid="table-figures"')[2].partition("</table>")[0]
    told = re.findall(r"part=hits\">(\d+)<.*?part=judged\">(\d+)<", table, re.DOTALL)
    assert [(int(hits), int(judged)) for hits, judged in told] == [
        (rate.hits, rate.judged) for rate in found.values()
    ]
    for figure in FIGURES:
        assert figure.formula in unescape(report)


def test_every_link_of_a_figure_opens_as_many_rows_as_it_says(busy_town: Town) -> None:
    reader = busy_town.browser("zhang")
    page = reader.get("/leader?week=2026-W46").text
    # The days of the four weeks and the districts have tests of their own (test_leader_ground).
    page = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
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
    page = town.browser("zhang").get("/leader")
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


def test_what_was_left_out_is_told_wherever_the_figure_stands(town: Town) -> None:
    people = {login: town.actor(login) for login in ("zhong", "zhuren")}
    people["cg"] = town.actor("chengguan")
    town.clock.now = appeal_story.NOW
    appeal_story.put(
        town.database, appeal_story.past("t1"), appeal_story.past("t2", rating=Rating.SATISFIED)
    )
    appeal_story.left_out(town.database, people, RULES)
    reader = town.browser("zhang")
    week = reader.get("/reports/weekly").text
    out = week.partition('data-testid="section-left_out"')[2].partition("</section>")[0]
    assert "满意率剔除 1 件，由 50.00% 变为 100.00%" in out
    assert "诉求明显不合理（经听证认定）" in out
    address = re.search(r'href="(/figures/satisfaction_rate[^"]+excluded)"', out)
    assert address is not None
    rows = reader.get(unescape(address[1])).text
    assert 'data-testid="part-excluded">申诉剔除 <span class="count">1<' in rows
    assert 'data-testid="left-out-satisfaction_rate"' in rows
    assert ">t1<" in rows
    assert "由 50.00% 变为 100.00%" in reader.get("/leader").text
    # A figure that nothing was left out of does not speak of it.
    assert "part-excluded" not in reader.get("/figures/resolution_rate").text


def test_three_denominators_stand_beside_each_other_and_open_their_rows(busy_town: Town) -> None:
    reader = busy_town.browser("zhang")
    page = reader.get("/reports/weekly?week=2026-W46").text
    table = page.partition('data-testid="table-follow_up"')[2].partition("</table>")[0]
    names = re.findall(r'class="wide">([^<]+)<', table)
    assert names[:3] == ["满意率（占应回访）", "满意率（占已接通）", "满意率"]
    judged = [
        int(count.replace(",", ""))
        for count in re.findall(r'part=judged">([\d,]+)<', unescape(table))
    ]
    assert judged[0] >= judged[1] >= judged[2] > 0
    for link, count in re.findall(r'href="([^"]+)">([\d,]+)<', table):
        opened = reader.get(unescape(link)).text
        assert f'<span class="count">{count}</span>' in opened
