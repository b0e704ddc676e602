"""Scores, what-if, rules, talks and leads through the portal's own pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.domain.scoring_file import scoring_text
from dispatch.domain.vocabulary import Rating, Status, Verdict
from dispatch.models.judging import Appeal, Exclusion
from dispatch.models.people import Department, ViewLog
from dispatch.models.tickets import Ticket
from dispatch.service import accountability, history
from dispatch.service.history import PastTicket
from tests.portal.town import Town

OCTOBER = datetime(2026, 10, 12, 2, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ALL_WELL = 8


def past(number: str, unit: str, *, late: bool = False, rating: Rating | None) -> PastTicket:
    """A ticket of October, done in time or not, and rated or not."""
    done = OCTOBER + (6 * DAY if late else DAY)
    unhappy = rating in {Rating.DISSATISFIED, Rating.VERY_DISSATISFIED}
    return PastTicket(
        number=number,
        created_at=OCTOBER,
        status=Status.CLOSED,
        department=unit,
        title=f"{number}的诉求",
        content="占道经营",
        phone="13812345678",
        requester_name="陈晓梅",
        dispatched_at=OCTOBER,
        acknowledge_by=OCTOBER + 2 * HOUR,
        acknowledged_at=OCTOBER + HOUR,
        first_contacted_at=OCTOBER + 2 * HOUR,
        due_at=OCTOBER + 5 * DAY,
        completed_at=done,
        closed_at=done + DAY,
        solved=(Verdict.UNRESOLVED if unhappy else Verdict.RESOLVED) if rating else None,
        rating=rating,
        public_reply="已办",
    )


@pytest.fixture
def scored(town: Town) -> Town:
    """October: 城管局 with two late and three unhappy of ten, 住建局 with all well."""
    tickets = [past(f"ZJ{i}", "住建局", rating=Rating.SATISFIED) for i in range(ALL_WELL)]
    tickets += [
        past(
            f"CG{i}",
            "城管局",
            late=i < 2,
            rating=Rating.DISSATISFIED if 2 <= i < 5 else Rating.SATISFIED,
        )
        for i in range(10)
    ]
    with town.database.work() as session:
        history.add_tickets(session, tickets)
    return town


def of_unit(page: str, code: str) -> str:
    """The row of a unit."""
    found = re.search(rf'<tr[^>]*data-testid="unit-{code}".*?</tr>', page, re.DOTALL)
    assert found is not None, page
    return re.sub(r"<[^>]+>", " ", found[0])


def test_a_month_is_shown_by_class_and_band_with_its_cases(scored: Town) -> None:
    page = scored.browser("zhang").get("/scoring").text
    assert "2026-10 考核得分" in page
    good = page.index('data-testid="band-bureau-good"')
    low = page.index('data-testid="band-bureau-low"')
    assert good < page.index('data-testid="unit-ZJ"') < low < page.index('data-testid="unit-CG"')
    row = of_unit(page, "CG")
    # On time 80 %: 15 of 20 lost; answers 70 %: 10 of 25 lost, twice.
    assert re.search(r"65\s", row)
    assert re.search(r"80\.00%\s+8/10", row)
    assert re.search(r"70\.00%\s+7/10", row)
    # A leader reads; only the centre summons.
    assert "summon-CG" not in page
    assert "summon-CG" in scored.browser("zhong").get("/scoring").text


def test_a_month_without_a_case_says_so(town: Town) -> None:
    assert "没有可以计分的工单" in town.browser("zhang").get("/scoring").text
    assert town.browser("zhang").get("/scoring?month=2027-01").status_code == 422


def test_a_unit_sees_its_own_points_ticket_by_ticket_and_nobody_else_s(scored: Town) -> None:
    browser = scored.browser("chengguan")
    led = browser.get("/scoring?month=2026-10")
    assert led.headers["location"] == "/scoring/units/CG?month=2026-10"
    page = browser.get(led.headers["location"]).text
    assert re.search(r'data-testid="total">65<', page)
    late = re.search(r'data-testid="cost-3".*?</section>', page, re.DOTALL)
    assert late is not None
    assert '共失 <span class="num">15</span> 分' in late[0]
    assert set(re.findall(r'href="/tickets/(CG\d)"', late[0])) == {"CG0", "CG1"}
    assert late[0].count(">7.5<") == 2
    unhappy = re.search(r'data-testid="cost-5".*?</section>', page, re.DOTALL)
    assert unhappy is not None
    assert set(re.findall(r'href="/tickets/(CG\d)"', unhappy[0])) == {"CG2", "CG3", "CG4"}
    points = [float(p) for p in re.findall(r'data-label="失分">([\d.]+)<', unhappy[0])]
    assert sum(points) == pytest.approx(10)
    assert browser.get("/scoring/units/ZJ?month=2026-10").status_code == 403


def test_what_was_excluded_is_listed_with_the_points_before_and_after(scored: Town) -> None:
    asker = scored.actor("chengguan").staff_id
    with scored.database.work() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == "CG2")).one()
        unit = session.scalars(select(Department).where(Department.code == "CG")).one()
        appeal = Appeal(
            ticket_id=ticket.id,
            department_id=unit.id,
            measure="satisfaction",
            state="granted",
            reason="outside_duty",
            statement="不属职责",
            asked_by_id=asker,
            asked_at=OCTOBER,
            due_at=OCTOBER,
        )
        session.add(appeal)
        session.flush()
        session.add(
            Exclusion(
                appeal_id=appeal.id,
                ticket_id=ticket.id,
                department_id=unit.id,
                measure="satisfaction",
                reason="outside_duty",
                at=OCTOBER,
            )
        )
    # 7 of 9 instead of 7 of 10: 77.78 %, 6.11 lost instead of 10.
    for login, page in (("zhang", "/scoring"), ("chengguan", "/scoring/units/CG?month=2026-10")):
        seen = scored.browser(login).get(page).text
        out = re.search(r'data-testid="left-out".*?</section>', seen, re.DOTALL)
        assert out is not None, login
        words = re.sub(r"<[^>]+>", "", out[0])
        assert "剔除前 65，剔除后 68.89" in words
        assert "CG2" in words
    assert re.search(r"68\.89\s", of_unit(scored.browser("zhang").get("/scoring").text, "CG"))


def test_a_unit_with_few_cases_is_not_compared(scored: Town) -> None:
    with scored.database.work() as session:
        history.add_tickets(session, [past("N1", "住建局", rating=None)])
        session.scalars(select(Department).where(Department.code == "ZJ")).one().kind = "district"
    page = scored.browser("ban").get("/scoring/what-if?least=10").text
    changed = re.search(r'data-testid="changed-ZJ".*?</tr>', page, re.DOTALL)
    assert changed is not None
    assert "不参加比较" in changed[0]
    assert 'data-testid="changed-CG"' not in page


def test_what_if_shows_who_changes_and_keeps_nothing(scored: Town) -> None:
    browser = scored.browser("zhang")
    page = browser.get("/scoring/what-if?rules=lianyungang_2022").text
    # On time 80 %: 5; satisfaction 70 %: 12.5; signed in full: 10; 45 are not counted here.
    row = re.search(r'data-testid="changed-CG".*?</tr>', page, re.DOTALL)
    assert row is not None
    assert re.search(r"72\.5<", row[0])
    assert "+7.5" in row[0]
    milder = browser.get("/scoring/what-if?full_on_time=80&full_satisfaction=70").text
    row = re.search(r'data-testid="changed-CG".*?</tr>', milder, re.DOTALL)
    assert row is not None
    assert "+25" in row[0]
    assert "与当月所用的规则相同" in browser.get("/scoring/what-if").text
    wrong = browser.get("/scoring/what-if?full_on_time=many")
    assert wrong.status_code == 422
    assert "应是 0 到 100 之间的数" in wrong.text
    assert 'value="many"' in wrong.text
    assert re.search(r"65\s", of_unit(browser.get("/scoring").text, "CG"))


def test_rules_are_previewed_loaded_and_withdrawn(scored: Town) -> None:
    browser = scored.browser("zhong")
    document = scoring_text("default").replace("full_at = 90", "full_at = 70")
    seen = browser.post("/scoring/rules/preview", data={"document": document, "note": "x"}).text
    assert 'data-testid="changed-CG"' in seen
    assert 'data-testid="load"' in seen
    refused = browser.post("/scoring/rules/load", data={"document": document, "note": ""})
    assert refused.status_code == 422
    assert "请写明为什么修改" in refused.text
    assert "full_at = 70" in refused.text
    typed = {"document": document, "note": "试行办法"}
    loaded = browser.post("/scoring/rules/load", data=typed)
    assert loaded.status_code == 303
    # October began before: it stays as it was. December will be scored by the new rules.
    assert re.search(r"65\s", of_unit(browser.get("/scoring?month=2026-10").text, "CG"))
    page = browser.get(loaded.headers["location"]).text
    assert "70% 以上得满分" in page
    version = re.search(r'data-testid="version-(\d+)"', page)
    assert version is not None
    assert browser.get(f"/scoring/rules/{version[1]}/document").text == document
    # The rules of clocks are another matter: they neither list nor take it back.
    assert "试行办法" not in scored.browser("root").get("/admin/policy").text
    foreign = scored.browser("root").post(f"/admin/policy/{version[1]}/withdraw")
    assert foreign.status_code == 404
    assert browser.post(f"/scoring/rules/{version[1]}/withdraw").status_code == 303
    assert "70% 以上得满分" not in browser.get("/scoring/rules").text


def test_a_talk_goes_its_whole_way_through_the_forms(scored: Town) -> None:
    centre, unit = scored.browser("zhong"), scored.browser("chengguan")
    form = centre.get("/accountability/new?unit=CG&month=2026-10").text
    assert "按时办结率 80.00%（10 件）" in form
    data = {"unit": "CG", "month": "2026-10", "reason": "按时办结率低"}
    empty = centre.post("/accountability", data={**data, "reason": ""})
    assert empty.status_code == 422
    assert "请写明约谈的事由" in empty.text
    opened = centre.post("/accountability", data=data)
    assert opened.status_code == 303
    talk = opened.headers["location"]
    again = centre.post("/accountability", data=data)
    assert again.status_code == 422
    assert "约谈过" in again.text
    assert "summon-CG" not in centre.get("/scoring").text
    assert "就 2026-10 考核结果约谈贵单位" in unit.get("/notices").text
    # The unit may not write its own minutes, another unit sees nothing.
    assert unit.post(f"{talk}/hold", data={"words": "x"}).status_code == 403
    assert scored.browser("zhujian").get(talk).status_code == 404
    assert scored.browser("zhujian").post(f"{talk}/report", data={"words": "x"}).status_code == 404
    held = centre.post(f"{talk}/hold", data={"words": "分管副局长参加，限期整改"})
    assert held.status_code == 303
    nothing = unit.post(f"{talk}/report", data={"words": " "})
    assert nothing.status_code == 422
    assert "请写明整改情况" in nothing.text
    scored.clock.advance(days=15)
    centre, unit = scored.browser("zhong"), scored.browser("chengguan")
    with scored.database.work() as session:
        assert accountability.mark_overdue(session, now=scored.clock.now) == 1
        assert accountability.mark_overdue(session, now=scored.clock.now) == 0
    late = scored.browser("ban").get("/accountability?show=late").text
    assert re.search(r'data-testid="count-late">1<', late)
    assert "整改逾期" in late
    assert unit.post(f"{talk}/report", data={"words": "已加派人手"}).status_code == 303
    assert "已加派人手" in centre.get(talk).text
    back = centre.post(f"{talk}/send-back", data={"words": "没有写责任人"})
    assert back.status_code == 303
    assert "没有写责任人" in unit.get(talk).text
    unit.post(f"{talk}/report", data={"words": "责任人王某"})
    assert centre.post(f"{talk}/accept", data={"words": ""}).status_code == 303
    assert centre.post(f"{talk}/accept", data={"words": ""}).status_code == 409
    assert re.search(r'data-testid="count-done">1<', unit.get("/accountability").text)


def test_a_lead_is_seen_by_the_discipline_desk_and_nobody_else(scored: Town) -> None:
    centre, desk = scored.browser("zhong"), scored.browser("jijian")
    missing = centre.post("/leads", data={"unit": "CG", "ticket": "NONE", "reason": "推诿"})
    assert missing.status_code == 422
    assert "推诿" in missing.text
    sent = centre.post("/leads", data={"unit": "CG", "ticket": "CG2", "reason": "多次推诿收好处"})
    assert sent.status_code == 303
    assert "已移送纪检监察" in centre.get(sent.headers["location"]).text
    assert desk.get("/").headers["location"] == "/leads"
    page = desk.get("/leads").text
    assert re.search(r'data-testid="count-handed_over">1<', page)
    lead = re.search(r'data-href="(/leads/\d+)"', page)
    assert lead is not None
    seen = desk.get(lead[1]).text
    assert "多次推诿收好处" in seen
    assert "占道经营" in seen
    # Who reported it is no business of the desk.
    assert "陈晓梅" not in seen
    assert "13812345678" not in seen
    assert desk.get("/tickets/CG2").status_code == 403
    with scored.database.read() as session:
        assert session.scalars(select(ViewLog.what)).all() == ["lead"]
    for other in ("zhong", "ban", "zhang", "root", "chengguan", "li"):
        assert scored.browser(other).get("/leads").status_code == 403, other
        assert scored.browser(other).get(lead[1]).status_code == 403, other
        assert "多次推诿" not in scored.browser(other).get("/notices").text
    for other in ("zhong", "chengguan"):
        talk = lead[1].replace("leads", "accountability")
        assert scored.browser(other).get(talk).status_code == 404
        assert "多次推诿" not in scored.browser(other).get("/accountability").text
    blank = desk.post(f"{lead[1]}/conclude", data={"verdict": "taken", "words": ""})
    assert blank.status_code == 422
    done = desk.post(f"{lead[1]}/conclude", data={"verdict": "taken", "words": "已谈话提醒"})
    assert done.status_code == 303
    assert re.search(r'data-testid="count-done">1<', desk.get("/leads").text)
    twice = desk.post(f"{lead[1]}/conclude", data={"verdict": "returned", "words": "x"})
    assert twice.status_code == 409
