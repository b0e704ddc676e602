"""The page on which an administrator sees, previews, loads and takes back rules."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from dispatch.models.tickets import Assignment
from dispatch.service import assignment
from dispatch.service.policy_recount import apply_next
from tests.portal.town import Town

THREE_DAYS = """
name = "linchuan"
label = "临川市办法"
evidence = "P"
source = "临川市 2026 年第 3 号文"
inherits = "default"

[[limit]]
limit = "3 working_day"
"""
NOTE = "市政府第 3 号文"


@pytest.fixture
def number(town: Town) -> str:
    """A ticket with a unit since Monday ten o'clock."""
    made = town.ticket()
    dispatch(town, made)
    return made


def dispatch(town: Town, number: str) -> None:
    actor, rules = town.actor("li"), town.app.state.context.rules
    with town.database.work() as session:
        assignment.dispatch(session, actor, number, "CG", rules, now=town.clock.now)


def typed(**more: str) -> dict[str, str]:
    return {"part": "profile", "document": THREE_DAYS, "note": NOTE, **more}


def test_the_page_shows_every_value_in_force_with_its_evidence_and_source(town: Town) -> None:
    page = town.browser("root").get("/admin/policy").text
    assert "默认方案" in page
    assert "可退单的时间" in page
    assert "潍坊市12345政务服务便民热线条例（2021）第二十二条" in page
    assert "2027 年起尚未公布放假通知" in page


def test_a_preview_shows_the_changed_rule_and_the_ticket_it_moves_and_writes_nothing(
    town: Town, number: str
) -> None:
    root = town.browser("root")
    page = root.post("/admin/policy/preview", data=typed()).text
    assert "3 个工作日内办结" in page
    assert number in page
    assert "提前 2 个工作日" in page
    assert "没有勾选重新计算" in page
    assert "还没有载入过版本" in page
    assert 'data-testid="load"' in page


def test_a_file_is_previewed_as_well_as_pasted_text(town: Town) -> None:
    file = {"upload": ("rules.toml", THREE_DAYS.encode("utf-8-sig"), "application/toml")}
    data = {"part": "profile", "note": NOTE}
    page = town.browser("root").post("/admin/policy/preview", data=data, files=file).text
    assert "3 个工作日内办结" in page
    bad = {"upload": ("rules.toml", "规则".encode("gb18030"), "application/toml")}
    refused = town.browser("root").post("/admin/policy/preview", data=data, files=bad)
    assert refused.status_code == 422
    assert "不是 UTF-8" in refused.text


def test_a_mistake_is_shown_beside_the_text_which_stays(town: Town) -> None:
    broken = THREE_DAYS.replace("3 working_day", "3 workday")
    for action in ("preview", "load"):
        answer = town.browser("root").post(f"/admin/policy/{action}", data=typed(document=broken))
        assert answer.status_code == 422
        assert "第 9 行" in answer.text
        assert "3 workday" in answer.text


def test_a_version_is_loaded_applied_and_taken_back(town: Town, number: str) -> None:
    root = town.browser("root")
    answer = root.post("/admin/policy/load", data=typed(open_too="1"))
    assert answer.status_code == 303
    page = root.get(answer.headers["location"]).text
    assert "新版本已载入" in page
    assert "正在重新计算" in page
    assert "临川市办法" in page
    town.clock.advance(minutes=1)
    recount(town)
    page = root.get("/admin/policy").text
    assert "正在重新计算" not in page
    assert "生效中" in page
    story = town.browser("li").get(f"/tickets/{number}").text
    assert "临川市办法" in story
    assert root.post("/admin/policy/1/withdraw").status_code == 303
    town.clock.advance(minutes=1)
    recount(town)
    assert "已撤回" in root.get("/admin/policy").text
    assert "默认方案" in root.get("/admin/policy").text
    again = root.post("/admin/policy/1/withdraw")
    assert again.status_code == 409
    assert "已在" in again.text


def recount(town: Town) -> None:
    rules = town.app.state.context.rules
    for _ in range(20):
        with town.database.work() as session:
            if not apply_next(session, rules, now=town.clock.now):
                return


def test_documents_can_be_downloaded_as_they_are(town: Town) -> None:
    root = town.browser("root")
    assert 'name = "default"' in root.get("/admin/policy/in-force/profile").text
    assert "2026-02-14" in root.get("/admin/policy/in-force/2026").text
    assert root.get("/admin/policy/in-force/2027").status_code == 404
    root.post("/admin/policy/load", data=typed())
    assert root.get("/admin/policy/1/document").text == THREE_DAYS
    assert root.get("/admin/policy/in-force/profile").text == THREE_DAYS


def test_what_is_loaded_counts_for_the_next_dispatch_at_once(town: Town) -> None:
    town.browser("root").post("/admin/policy/load", data=typed())
    number = town.ticket()
    dispatch(town, number)
    assert "临川市办法" in town.browser("chengguan").get(f"/tickets/{number}").text


def test_the_pages_let_the_clock_start_at_the_signature_where_the_city_says_so(town: Town) -> None:
    document = THREE_DAYS + '\n[clock]\nstarts = "acknowledge"\n'
    town.browser("root").post("/admin/policy/load", data=typed(document=document))
    number = town.ticket()
    dispatch(town, number)
    town.clock.advance(minutes=30)
    unit, told = town.system("chengguan"), f"/api/v1/tickets/{number}"
    version = unit.get(told).json()["version"]
    assert unit.post(f"{told}/acknowledge", json={"version": version}).status_code == 200
    with town.database.read() as session:
        started = session.scalars(select(Assignment.started_at)).one()
    assert started == town.clock.now
