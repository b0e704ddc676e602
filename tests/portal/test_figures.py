"""The catalogue of figures, its filters and rows, as browsers and other systems get them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from analytics.facts import values
from analytics.figures import BY_CODE, CATALOGUE, MEANS
from analytics.filters import FILTERS
from analytics.periods import read_period
from analytics.scope import Scope
from analytics.written_values import written
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.models.people import Department
from tests.analytics.history_made import NOW, put_month
from tests.portal.town import Town

RULES = Rules(load_profile("default"), load_calendar())
DAYS = "from=2026-10-19&to=2026-11-18"
PERIOD = read_period("2026-10-19", "2026-11-18")


@pytest.fixture
def busy_town(town: Town) -> Town:
    """A town with a month behind it."""
    town.clock.now = NOW
    put_month(town.database)
    return town


def shown_on(page: str) -> dict[str, str]:
    """The value of each figure on the catalogue's page."""
    found = re.findall(r'data-testid="figure-(\w+)" data-value="([^"]+)"', page)
    return dict(found)


def counted(town: Town, scope: Scope) -> dict[str, str]:
    """The same out of the catalogue itself."""
    with town.database.read() as session:
        found = values(session, town.actor("zhang"), PERIOD, RULES, scope=scope, now=NOW)
    return {code: written(BY_CODE[code], one, RULES).words for code, one in found.items()}


@pytest.mark.parametrize("chosen", [{}, {"kind": "complaint"}, {"line": "12329"}, {"unit": "-"}])
def test_page_and_interface_say_what_the_catalogue_counts(
    busy_town: Town, chosen: dict[str, str]
) -> None:
    query = "&".join([DAYS, *(f"{name}={value}" for name, value in chosen.items())])
    wanted = counted(busy_town, Scope(**chosen))
    page = busy_town.browser("zhang").get(f"/figures?{query}").text
    assert shown_on(page) == wanted
    answer = busy_town.system("zhong").get(f"/api/v1/figures?{query}").json()
    assert {one["code"] for one in answer["figures"]} == set(wanted)
    assert answer["scope"] == chosen
    for figure in CATALOGUE:
        assert figure.formula in unescape(page)
        assert (figure.code in wanted) == (chosen.keys() <= FILTERS[figure.subject].keys())


def test_every_figure_opens_its_rows_with_the_same_filters(busy_town: Town) -> None:
    reader = busy_town.browser("zhang")
    page = reader.get(f"/figures?{DAYS}&kind=complaint").text
    shown = shown_on(page)
    links = {unescape(link) for link in re.findall(r'<a href="(/figures/[^"]+)"', page)}
    assert {link.partition("?")[0].rpartition("/")[2] for link in links} == set(shown)
    for link in sorted(links):
        assert "kind=complaint" in link
        rows = reader.get(link).text
        code = link.partition("?")[0].rpartition("/")[2]
        assert f'<span class="figure-percent">{shown[code]}</span>' in rows
        assert "诉求类型：投诉" in rows
        assert "SELECT" in rows
        onward = re.search(r'data-testid="next-page" href="([^"]+)"', rows)
        assert onward is None or "kind=complaint" in onward[1]


def test_rows_of_the_interface_add_up_to_the_figure_page_by_page(busy_town: Town) -> None:
    client = busy_town.system("zhong")
    for figure in CATALOGUE:
        one = client.get(f"/api/v1/figures/{figure.code}?{DAYS}").json()
        assert one["sql"].startswith(("SELECT", "WITH"))
        rows: list[dict[str, Any]] = []
        while True:
            page = client.get(
                f"/api/v1/figures/{figure.code}/rows?{DAYS}&limit=500&offset={len(rows)}"
            ).json()
            assert page["count"] == one["judged"]
            rows.extend(page["rows"])
            if len(rows) >= page["count"] or not page["rows"]:
                break
        assert len(rows) == one["judged"], figure.code
        if figure in MEANS:
            assert sum(row["counted"] for row in rows) == one["total_ms"]
        else:
            hits = client.get(f"/api/v1/figures/{figure.code}/rows?{DAYS}&part=hits").json()
            assert hits["count"] == one["hits"]


def test_a_mean_shows_what_each_row_adds(busy_town: Town) -> None:
    page = busy_town.browser("zhang").get(f"/figures/mean_working_time?{DAYS}").text
    assert "工作小时" in page
    assert re.search(r'data-label="计入">\d+\.\d\d 工作小时', page)
    assert 'data-testid="part-hits"' not in page


def test_a_branch_is_a_unit_with_those_below_it(busy_town: Town) -> None:
    with busy_town.database.work() as session:
        units = {d.short_name: d for d in session.query(Department)}
        units["热力公司"].parent_id = units["城管局"].id
        codes = {name: unit.code for name, unit in units.items()}
    client = busy_town.system("zhong")

    def judged(**chosen: str) -> int:
        query = "&".join(f"{name}={value}" for name, value in chosen.items())
        one = client.get(f"/api/v1/figures/completion_rate?{DAYS}&{query}").json()
        return int(one["judged"])

    alone = [judged(unit=codes[name]) for name in ("城管局", "热力公司")]
    assert all(alone)
    assert judged(branch=codes["城管局"]) == sum(alone)


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/figures?unit=nobody", 404, "没有编码为“nobody”的承办单位"),
        ("/figures?kind=nonsense", 404, "没有编码为“nonsense”的诉求类型"),
        ("/figures?from=yesterday", 422, "日期应写成"),
        ("/figures/direct_answer_rate?category=01", 404, "直接答复率不分事项分类统计"),
        ("/figures/mean_wait?part=hits", 200, "平均等待"),
        ("/figures/mean_wrap_up", 200, "这里没有话后整理"),
        ("/figures/called_back_rate", 200, "这里没有待回拨的漏接来电"),
    ],
)
def test_what_cannot_be_asked_is_answered_in_words(
    town: Town, address: str, status: int, words: str
) -> None:
    answer = town.browser("zhang").get(address)
    assert answer.status_code == status
    assert words in unescape(answer.text)


def test_the_page_says_what_it_leaves_out_and_carries_no_inline_code(busy_town: Town) -> None:
    for address in ("/figures", f"/figures/mean_talk?{DAYS}"):
        page = busy_town.browser("zhang").get(address).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    page = busy_town.browser("zhang").get("/figures").text
    assert "知识库" in page
    assert "条目和纠错（含超期）在知识库页按单位查看" in page
    assert "还没有知识库" not in page
