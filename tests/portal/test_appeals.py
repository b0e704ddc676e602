"""The pages of appeals: a unit's form with evidence, two decisions, and a way back."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from dispatch.models.judging import Exclusion
from tests.dispatch.appeal_story import NOW, past, put
from tests.portal.town import Town

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
FORM = {
    "ticket": "t1",
    "measure": "satisfaction",
    "reason": "unreasonable",
    "statement": "诉求人要求拆除邻居的合法房屋",
    "basis": "11 月 20 日听证会纪要",
}


@pytest.fixture
def judged(town: Town) -> Town:
    """A town where 城管局 has a ticket that its requester was not satisfied with."""
    town.clock.now = NOW
    put(town.database, past("t1"))
    return town


def ask(browser: TestClient, **change: str) -> str:
    """Send the form with a file; return the appeal's address."""
    files = {"files": ("听证纪要.pdf", PDF, "application/pdf")}
    answer = browser.post("/appeals", data={**FORM, **change}, files=files)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def decide(town: Town, login: str, where: str, verdict: str = "yes") -> int:
    data = {"verdict": verdict, "words": "已核对听证纪要"}
    return town.browser(login).post(f"{where}/decide", data=data).status_code


def test_a_unit_appeals_with_evidence_and_two_people_decide(judged: Town) -> None:
    unit = judged.browser("chengguan")
    ticket = unit.get("/tickets/t1").text
    assert 'href="/appeals/new?ticket=t1"' in ticket
    form = unit.get("/appeals/new?ticket=t1").text
    # Only what counts against the unit can be chosen; in time is not offered.
    assert re.findall(r'name="measure" value="(\w+)"', form) == ["satisfaction", "resolution"]
    where = ask(unit)
    listed = judged.browser("zhong").get("/appeals").text
    assert f'href="{where}"' in listed
    assert 'data-testid="count-pending">1<' in listed
    page = judged.browser("zhong").get(where).text
    assert "听证纪要.pdf" in page
    file = re.search(r'href="(/attachments/\d+)"', page)
    assert file is not None
    assert judged.browser("zhong").get(file[1]).content == PDF
    # Evidence of one unit is not for another, nor for whoever cannot see the ticket.
    assert judged.browser("zhujian").get(file[1]).status_code == 404
    assert judged.browser("zhujian").get(where).status_code == 404
    assert decide(judged, "zhong", where) == 303
    assert "另一位同事" in judged.browser("zhong").get(where).text
    assert decide(judged, "zhong", where) == 403
    assert decide(judged, "zhuren", where) == 303
    assert "已剔除" in unit.get("/tickets/t1").text
    assert 'data-testid="count-granted">1<' in unit.get("/appeals?show=granted").text


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(judged: Town) -> None:
    unit = judged.browser("chengguan")
    for change, field in (
        ({"measure": ""}, "measure"),
        ({"measure": "on_time"}, "measure"),
        ({"reason": ""}, "reason"),
        ({"basis": ""}, "basis"),
    ):
        answer = unit.post("/appeals", data={**FORM, **change})
        assert answer.status_code == 422
        assert f'id="e-{field}"' in answer.text
        assert "诉求人要求拆除邻居的合法房屋" in answer.text
    bad = {"files": ("x.exe", b"MZ\x90\x00", "application/octet-stream")}
    answer = unit.post("/appeals", data=FORM, files=bad)
    assert answer.status_code == 422
    assert 'id="e-files"' in answer.text
    assert "count-pending" in unit.get("/appeals").text
    assert 'data-testid="count-pending">0<' in unit.get("/appeals").text


def test_a_decision_without_a_reason_is_refused_on_the_page(judged: Town) -> None:
    where = ask(judged.browser("chengguan"))
    answer = judged.browser("zhong").post(f"{where}/decide", data={"verdict": "no", "words": " "})
    assert answer.status_code == 422
    assert 'data-testid="wrong-words"' in answer.text


def test_the_centre_lifts_an_exclusion_with_a_reason(judged: Town) -> None:
    where = ask(judged.browser("chengguan"))
    assert (decide(judged, "zhong", where), decide(judged, "zhuren", where)) == (303, 303)
    zhong = judged.browser("zhong")
    assert 'data-testid="open-lift"' in zhong.get(where).text
    assert zhong.post(f"{where}/lift", data={"why": ""}).status_code == 422
    assert zhong.post(f"{where}/lift", data={"why": "纪要系伪造"}).status_code == 303
    assert "重新计入满意率" in judged.browser("chengguan").get(where).text
    with judged.database.read() as session:
        assert session.scalars(select(Exclusion)).one().lifted_why == "纪要系伪造"


def test_the_unit_takes_its_own_appeal_back(judged: Town) -> None:
    unit = judged.browser("chengguan")
    where = ask(unit)
    assert 'data-testid="withdraw"' in unit.get(where).text
    assert unit.post(f"{where}/withdraw").status_code == 303
    assert "已撤回" in unit.get(where).text
    assert decide(judged, "zhong", where) == 409


def test_outside_the_window_the_form_says_so(judged: Town) -> None:
    judged.clock.advance(days=6)
    unit = judged.browser("chengguan")
    assert "open-appeal" not in unit.get("/tickets/t1").text
    page = unit.get("/appeals/new?ticket=t1").text
    assert "现在不能申诉" in page
    assert 'data-testid="ask"' not in page
    assert unit.post("/appeals", data=FORM).status_code == 409


def test_a_page_without_appeals_says_what_will_appear(town: Town) -> None:
    for login in ("zhong", "chengguan", "zhang", "root"):
        page = town.browser(login).get("/appeals")
        assert page.status_code == 200
        assert "没有待初审的申诉" in page.text
