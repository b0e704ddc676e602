"""申请 and 裁定 through the pages' own forms."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch.domain.remaining import to_the_minute
from dispatch.models.tickets import Ticket
from tests.portal.steps import Walker
from tests.portal.town import Town

RETURN = {
    "reason_code": "not_our_duty",
    "reason": "该处为住宅小区内部道路，由住建部门负责",
    "basis": "《三定方案》第三条",
    "suggested": "住建局",
}
LONGER = {
    "reason_code": "complex",
    "reason": "须请三个科室到场",
    "amount": "3",
    "amount_unit": "working_day",
}


@pytest.fixture
def ticket(town: Town) -> Walker:
    """A ticket that 老李 dispatched to 城管局."""
    return Walker(town, town.ticket()).walk_to("dispatched")


def application_in(page: str) -> str:
    """The id of the application a page offers to act on."""
    found = re.search(r'name="application" value="(\d+)"', page)
    assert found is not None
    return found[1]


def asked(ticket: Walker, action: str, **typed: str) -> str:
    """Ask as 城管局; return the application's id."""
    answer = ticket.press("chengguan", action, **typed)
    assert answer.status_code == 303, answer.text
    return application_in(ticket.page("chengguan"))


def test_a_return_goes_from_the_unit_over_another_dispatcher_to_a_new_unit(ticket: Walker) -> None:
    which = asked(ticket, "apply-return", **RETURN)
    page = ticket.page("qian")
    assert "裁定退单申请" in page
    assert "《三定方案》第三条" in page
    assert ticket.press("qian", "grant-return", application=which).status_code == 303
    assert ticket.status() == "open"
    again = ticket.page("li")
    assert "住建局" in again
    assert "退单单位建议" in again
    assert ticket.press("li", "dispatch", department="ZJ").status_code == 303
    assert "申请与裁定" in ticket.page("zhujian")


def test_who_dispatched_may_not_rule_on_the_return_and_keeps_what_was_typed(ticket: Walker) -> None:
    which = asked(ticket, "apply-return", **RETURN)
    answer = ticket.press("li", "deny-application", application=which, ruling="属你单位职责")
    assert answer.status_code == 403
    assert "由另一位同事裁定" in answer.text
    assert ">\n属你单位职责</textarea>" in answer.text


def test_a_refused_application_keeps_every_field(ticket: Walker) -> None:
    answer = ticket.press("chengguan", "apply-return", **{**RETURN, "basis": ""})
    assert answer.status_code == 422
    assert "须写明法律或职责依据" in answer.text
    assert f">\n{RETURN['reason']}</textarea>" in answer.text
    assert 'value="not_our_duty" checked' in answer.text
    assert 'value="住建局"' in answer.text
    unknown = ticket.press("chengguan", "apply-return", **{**RETURN, "suggested": "火星管理局"})
    assert "没有叫“火星管理局”的承办单位" in unknown.text


def test_the_rules_box_tells_what_may_be_asked_and_until_when(ticket: Walker) -> None:
    page = ticket.page("chengguan")
    allowed = dict(re.findall(r'data-testid="option-(\w+)" data-allowed="(\w+)"', page))
    assert allowed == {
        "return": "yes",
        "extension": "no",
        "hold": "no",
        "commitment": "no",
        "termination": "no",
    }
    assert "还可以 2 次" in page
    assert "没有承诺办理这种办理方式" in page
    ticket.press("chengguan", "acknowledge")
    page = ticket.page("chengguan")
    assert 'data-testid="option-extension" data-allowed="yes"' in page
    assert "rules-box" not in ticket.page("zhong")


def test_the_window_that_closed_is_said_to_the_minute(ticket: Walker) -> None:
    ticket.town.clock.advance(days=3)
    answer = ticket.press("chengguan", "apply-return", **RETURN)
    assert answer.status_code == 409
    assert "已于 2026-11-24 17:30 截止" in answer.text
    assert f">\n{RETURN['reason']}</textarea>" in answer.text


def test_an_extension_is_told_to_the_resident_with_both_dates(ticket: Walker) -> None:
    ticket.press("chengguan", "acknowledge")
    which = asked(ticket, "apply-extension", **LONGER)
    answer = ticket.press(
        "li",
        "grant-extension",
        application=which,
        amount="2",
        amount_unit="working_day",
        ruling="请抓紧",
    )
    assert answer.status_code == 303, answer.text
    page = ticket.page("chengguan")
    assert "由 11月30日 17:30 改为 <strong>12月2日 17:30</strong>" in page
    with ticket.town.database.read() as session:
        code = session.scalars(select(Ticket.query_code)).one()
    seen = ticket.town.anyone()
    form = seen.get("/resident")
    token = re.search(r'name="csrf" value="([^"]+)"', form.text)
    assert token is not None
    shown = seen.post("/resident", data={"csrf": token[1], "number": ticket.number, "code": code})
    assert "12月2日 17:30" in shown.text
    assert "情况复杂" in shown.text
    assert LONGER["reason"] not in shown.text


def test_two_rulers_at_once_the_second_keeps_what_was_typed(ticket: Walker) -> None:
    ticket.press("chengguan", "acknowledge")
    which = asked(ticket, "apply-extension", **LONGER)
    browser = ticket.town.browser("zhong")
    fields = ticket.form(browser, "deny-application")
    ticket.press("li", "grant-extension", application=which)
    answer = browser.post(
        f"/tickets/{ticket.number}/deny-application",
        data={**fields, "application": which, "ruling": "理由不足，不同意"},
    )
    assert answer.status_code == 409
    assert "理由不足，不同意" in answer.text
    assert "处理：已同意" in answer.text


def test_a_hold_can_be_ended_early_by_its_button(ticket: Walker) -> None:
    ticket.press("chengguan", "acknowledge")
    which = asked(
        ticket, "apply-hold", reason_code="await_requester", reason="等补材料", until="2026-12-04"
    )
    assert ticket.press("zhong", "grant-hold", application=which).status_code == 303
    assert "时限已挂起" in ticket.page("chengguan")
    ticket.town.clock.advance(days=1)
    assert ticket.press("chengguan", "resume").status_code == 303
    assert "时限已挂起" not in ticket.page("chengguan")
    wrong = ticket.press(
        "chengguan", "apply-hold", reason_code="await_requester", reason="再等", until="下周"
    )
    assert wrong.status_code in {409, 422}


def test_a_termination_is_the_centres_alone(ticket: Walker) -> None:
    ticket.press("chengguan", "acknowledge")
    which = asked(
        ticket, "apply-termination", reason_code="requester_refuses", reason="三次约见未到场"
    )
    assert "这项申请由热线中心裁定" in ticket.page("li")
    assert ticket.press("li", "grant-termination", application=which).status_code == 403
    empty = ticket.press("zhong", "grant-termination", application=which)
    assert (empty.status_code, "须向诉求人说明理由" in empty.text) == (422, True)
    done = ticket.press(
        "zhong", "grant-termination", application=which, ruling="您未能配合查验，依规终止办理"
    )
    assert done.status_code == 303
    assert ticket.status() == "terminated"


def test_the_desk_lists_what_waits_for_a_ruling(ticket: Walker) -> None:
    asked(ticket, "apply-return", **RETURN)
    for login in ("qian", "zhong"):
        page = ticket.town.browser(login).get("/desk?tab=applications").text
        assert f'data-testid="row-{ticket.number}"' in page
        assert "不属于本单位职责" in page
        assert 'data-testid="count-applications">1<' in page
    own = ticket.town.browser("chengguan").get("/desk?tab=applications").text
    assert f'data-testid="row-{ticket.number}"' in own
    other = ticket.town.browser("zhujian").get("/desk?tab=applications").text
    assert f'data-testid="row-{ticket.number}"' not in other


def test_the_dispatchers_do_not_see_what_only_the_centre_rules_on(ticket: Walker) -> None:
    ticket.press("chengguan", "acknowledge")
    asked(ticket, "apply-termination", reason_code="withdrawn", reason="诉求人来电撤回")
    row = f'data-testid="row-{ticket.number}"'
    assert row not in ticket.town.browser("li").get("/desk?tab=applications").text
    assert row in ticket.town.browser("zhong").get("/desk?tab=applications").text


def test_an_application_is_taken_back_and_asked_anew(ticket: Walker) -> None:
    which = asked(ticket, "apply-return", **RETURN)
    ticket.town.clock.now += timedelta(hours=1)
    assert ticket.press("chengguan", "withdraw-application", application=which).status_code == 303
    gone = ticket.press("qian", "grant-return", application=which)
    assert gone.status_code == 409
    assert to_the_minute(ticket.town.clock.now) in gone.text
    asked(ticket, "apply-return", **RETURN)


def test_another_system_asks_and_rules_over_the_rest_interface(ticket: Walker) -> None:
    where = f"/api/v1/tickets/{ticket.number}/applications"
    unit, centre = ticket.town.system("chengguan"), ticket.town.system("qian")
    bare = {k: v for k, v in RETURN.items() if k != "suggested"}
    refused = unit.post(where, json={"kind": "return", **bare})
    assert (refused.status_code, refused.json()["field"]) == (422, "suggested")
    made = unit.post(where, json={"kind": "return", **bare, "suggested": "ZJ"})
    assert made.status_code == 201, made.text
    (application,) = made.json()
    assert (application["state"], application["suggested"]) == ("pending", "住建局")
    assert [a["id"] for a in centre.get("/api/v1/applications").json()] == [application["id"]]
    denied = centre.post(f"{where}/{application['id']}/deny", json={"ruling": "属你局职责"})
    assert denied.json()[0]["state"] == "denied"
    again = unit.post(where, json={"kind": "return", **bare, "suggested": "ZJ"})
    assert (again.status_code, again.json()["code"]) == (409, "return-forbidden")
    unit.post(f"/api/v1/tickets/{ticket.number}/acknowledge", json={})
    longer = unit.post(
        where,
        json={
            "kind": "extension",
            "reason_code": "complex",
            "reason": "会商",
            "limit": "2 working_day",
        },
    ).json()[0]
    granted = centre.post(f"{where}/{longer['id']}/grant", json={"limit": "1 working_day"})
    assert granted.json()[0]["new_due_at"].startswith("2026-12-01T09:30")
    late = unit.post(f"{where}/{longer['id']}/withdraw", json={})
    assert (late.status_code, late.json()["code"]) == (409, "changed-meanwhile")
    idle = unit.post(f"/api/v1/tickets/{ticket.number}/resume", json={})
    assert (idle.status_code, idle.json()["code"]) == (409, "action-not-allowed")


def test_a_dispute_lies_beside_the_catalogues_row_and_earlier_rulings(town: Town) -> None:
    walkers = []
    for text in ("滨河路烧烤占道", "鼓楼街烧烤占道"):
        walker = Walker(town, town.ticket(content=text, category="0101"))
        walkers.append(walker.walk_to("dispatched"))
    first, second = walkers
    which = asked(first, "apply-return", **RETURN)
    first.press("qian", "deny-application", application=which, ruling="占道经营归城管局")
    asked(second, "apply-return", **RETURN)
    for page in (town.browser("qian").get("/desk?tab=applications").text, second.page("qian")):
        assert first.number in page
        assert "占道经营归城管局" in page
    assert "目录没有列出" in town.browser("qian").get("/desk?tab=applications").text
