"""Reports as browsers get them: what stands now, issuing, correcting, files."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from analytics.renderers.rendering import FORMATS
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.vocabulary import Rating
from dispatch.models.catalog import Category
from dispatch.models.reporting import ReportDelivery
from dispatch.models.tickets import Ticket
from tests.analytics.history_made import NOW, put_month
from tests.portal.town import Town

WEEK = "/reports/weekly?of=2026-W46"


@pytest.fixture
def busy_town(town: Town) -> Town:
    """A town with a month behind it."""
    town.clock.now = NOW
    put_month(town.database)
    return town


def test_every_link_of_a_report_opens_as_many_rows_as_the_cell_says(busy_town: Town) -> None:
    reader = busy_town.browser("zhang")
    page = reader.get(WEEK).text
    table = page.partition('data-testid="table-figures"')[2].partition("</table>")[0]
    links = re.findall(r'href="(/figures/[^"]+)">([\d,]+)<', table)
    assert len(links) > 20
    for link, count in links[::16]:
        answer = reader.get(unescape(link))
        assert answer.status_code == 200, link
        assert f'<span class="count">{int(count):,}</span>' in answer.text, link


def test_a_report_is_issued_corrected_and_kept(busy_town: Town) -> None:
    centre, leader = busy_town.browser("zhong"), busy_town.browser("zhang")
    assert 'data-testid="issue"' in centre.get(WEEK).text
    issued = centre.post("/reports/weekly/issue?of=2026-W46", data={})
    assert issued.status_code == 303
    first = issued.headers["location"]
    page = leader.get(first).text
    assert "第 1 期" in page
    with busy_town.database.read() as session:
        opened = session.scalars(
            select(ReportDelivery.opened_at).where(
                ReportDelivery.staff_id == busy_town.actor("zhang").staff_id
            )
        ).all()
    assert opened == [busy_town.clock.now]
    with busy_town.database.work() as session:
        rated = session.scalars(select(Ticket).where(Ticket.rating.is_not(None))).all()
        for ticket in rated:
            ticket.rating = Rating.VERY_SATISFIED.value
    busy_town.clock.now += timedelta(hours=1)
    silent = centre.post("/reports/weekly/issue?of=2026-W46", data={"why": ""})
    assert silent.status_code == 422
    assert "请写明更正的原因" in silent.text
    assert 'data-testid="differences"' in silent.text
    corrected = centre.post("/reports/weekly/issue?of=2026-W46", data={"why": "评价登记有误"})
    second = centre.get(corrected.headers["location"]).text
    assert "评价登记有误" in second
    assert "第 1 次更正" in second
    # The first issue reads as it was issued, and says that another came after it.
    old = leader.get(first).text
    body = re.compile(r'data-testid="section-figures".*?</section>', re.DOTALL)
    assert body.findall(old) == body.findall(page)
    assert "后来有更正" in old
    assert leader.get("/reports").text.count('data-href="/reports/issues/') == 2


def test_only_the_centre_issues_and_only_what_is_over(busy_town: Town) -> None:
    leader, centre = busy_town.browser("zhang"), busy_town.browser("zhong")
    assert leader.post("/reports/weekly/issue?of=2026-W46", data={}).status_code == 403
    early = centre.post("/reports/weekly/issue?of=2026-W47", data={})
    assert early.status_code == 422
    assert "还没有结束" in early.text


def test_a_wrong_address_is_answered_in_words(town: Town) -> None:
    reader = town.browser("zhang")
    for address, status in (
        ("/reports/weekly?of=2026-W99", 422),
        ("/reports/monthly?of=2026-13", 422),
        ("/reports/daily?of=x", 422),
        ("/reports/yearly?of=26", 422),
        ("/reports/hourly", 404),
        ("/reports/special?from=2026-11-10&to=2026-11-01", 422),
        ("/reports/special?from=2026-11-01&to=2026-11-10&category=none", 404),
        ("/reports/weekly/file?of=2026-W46&format=exe", 422),
        ("/reports/issues/77", 404),
    ):
        answer = reader.get(address)
        assert answer.status_code == status, address
        assert "Traceback" not in answer.text


def test_every_kind_has_a_page_in_an_empty_city(town: Town) -> None:
    reader = town.browser("zhang")
    for kind in ReportKind:
        page = reader.get(f"/reports/{kind.value}")
        assert page.status_code == 200, kind
        assert "没有" in page.text.partition('data-testid="headline"')[2].partition("</p>")[0]
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page.text)


def test_a_special_report_is_of_one_subject_only(busy_town: Town) -> None:
    reader = busy_town.browser("zhang")
    whole = "/reports/special?from=2026-11-01&to=2026-11-15"
    with busy_town.database.read() as session:
        noise = session.scalars(select(Category.code).where(Category.name == "噪声")).one()
    page = reader.get(f"{whole}&category={noise}").text
    told = re.search(r"噪声：本期受理工单 ([\d,]+) 件", page)
    assert told is not None
    where = page.partition('data-testid="section-where"')[2].partition("</table>")[0]
    names = re.findall(r'class="wide"><a href="([^"]+)"[^>]*>([^<]+)<', where)
    assert [name for _, name in names] == ["噪声", "合计"]
    assert f">{told[1]}<" in where
    # Both open the tickets of this subject and of no other.
    assert all(f"category={noise}" in link for link, _ in names)


def test_a_report_is_taken_away_as_a_file(busy_town: Town) -> None:
    reader = busy_town.browser("zhang")
    page = reader.get(WEEK).text
    files = dict(re.findall(r'href="([^"]+)" data-testid="file-(\w+)"', page))
    assert set(files.values()) == set(FORMATS)
    link = next(unescape(link) for link, format_ in files.items() if format_ == "xlsx")
    answer = reader.get(link)
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"PK")
