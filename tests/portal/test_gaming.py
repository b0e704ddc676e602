"""异常指标 through its pages: found, read with both tickets, settled, in the weekly report."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from dispatch.models.judging import GamingFinding
from dispatch.models.people import ViewLog
from dispatch.service import gaming
from tests.portal.steps import Walker
from tests.portal.town import Town

PASTED = (
    "经核查，翠湖小区三号楼生活水箱溢流管脱落造成单元门口积水，物业公司已更换溢流管，每周五复查，"
    "责任人赵工，如再渗漏请联系物业值班室。"
)


@pytest.fixture
def found(town: Town) -> str:
    """A town where 城管局 pasted a reply; the number of the ticket with the pasted one."""
    numbers = []
    for content, category in (("翠湖小区三号楼门口积水", None), ("鼓楼街烧烤占道", "0101")):
        number = town.ticket(content=content, category=category)
        walker = Walker(town, number).walk_to("in_progress")
        assert walker.press("chengguan", "complete", public_reply=PASTED).status_code == 303
        numbers.append(number)
        town.clock.advance(minutes=30)
    look(town)
    return numbers[1]


def look(town: Town) -> None:
    now = town.clock.now
    with town.database.work() as session:
        rules = town.app.state.context.rules
        week = gaming.week_at(now)
        gaming.keep(session, week, gaming.look(session, week, rules, now=now), now=now)


def finding(town: Town) -> GamingFinding:
    with town.database.read() as session:
        return session.scalars(select(GamingFinding)).one()


def test_a_finding_is_read_with_both_tickets_and_settled_with_words(town: Town, found: str) -> None:
    ban = town.browser("ban")
    assert finding(town).kind == "pasted_reply"
    listed = ban.get("/evaluation/gaming").text
    assert f'href="/tickets/{found}"' in listed
    assert '<span class="count count-over" data-testid="count-open">1</span>' in listed
    assert "没有“待核实”的异常" in ban.get("/evaluation/gaming?kind=own_phone").text
    assert "没有“待核实”的异常" in ban.get("/evaluation/gaming?unit=ZJ").text
    where = f"/evaluation/gaming/{finding(town).id}"
    page = ban.get(where).text
    assert page.count(PASTED) == 2
    with town.database.read() as session:
        seen = session.scalars(select(ViewLog.what).where(ViewLog.what == "gaming")).all()
    assert len(seen) == 2
    silent = ban.post(f"{where}/settle", data={"verdict": "yes", "note": ""})
    assert silent.status_code == 422
    assert 'data-testid="wrong-note"' in silent.text
    said = {"verdict": "yes", "note": "经办人承认复制了上一件的答复"}
    assert ban.post(f"{where}/settle", data=said).status_code == 303
    assert "经办人承认复制了上一件的答复" in ban.get("/evaluation/gaming?show=confirmed").text
    assert ban.post(f"{where}/settle", data=said).status_code == 409


def test_the_weeks_report_lists_what_was_not_dismissed(town: Town, found: str) -> None:
    zhang, ban = town.browser("zhang"), town.browser("ban")
    report = zhang.get("/reports/weekly").text.split('data-testid="section-gaming"')[1]
    assert "答复照搬其他工单" in report
    assert f"/tickets/{found}" in report
    where = f"/evaluation/gaming/{finding(town).id}"
    ban.post(f"{where}/settle", data={"verdict": "no", "note": "两件同属一个施工点"})
    assert "本周没有查出异常" in zhang.get("/reports/weekly").text
