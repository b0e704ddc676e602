"""Several units on one ticket's page: helpers, lower units, the unit's leader, accused units."""

from __future__ import annotations

import re
from datetime import date

from dispatch.service import api_queries, catalogue, resident
from tests.portal.steps import Walker
from tests.portal.test_desk import count, desk, rows
from tests.portal.town import Town


def share_id(page: str, unit: str) -> str:
    """The id of a unit's newest share on the page."""
    parts = re.split(r'data-testid="share-(\d+)"', page)
    shares = dict(zip(parts[1::2], parts[2::2], strict=True))
    return next(number for number, part in shares.items() if f"<strong>{unit}<" in part)


def test_a_helper_sees_signs_and_answers_only_its_own_share(town: Town) -> None:
    walker = Walker(town, town.ticket())
    answer = walker.press("li", "dispatch", department="城管局", supporting="住建局")
    assert answer.status_code == 303, answer.text
    assert rows(desk(town, "zhujian", "helping")) == [walker.number]
    assert rows(desk(town, "zhujian", "sign")) == []
    page = walker.page("zhujian")
    assert 'data-testid="sign-share"' in page
    for other in ("acknowledge", "complete", "contact"):
        assert f'data-testid="{other}"' not in page
    assert walker.press("zhujian", "sign-share").status_code == 303
    answer = walker.press("zhujian", "reply-share", reply="已核查沿街搭建，属临时摊棚")
    assert answer.status_code == 303, answer.text
    assert rows(desk(town, "zhujian", "helping")) == []
    assert "已核查沿街搭建" in walker.page("chengguan")
    assert "已答复" in walker.page("zhong")


def test_a_late_helper_is_named_on_the_page(town: Town) -> None:
    walker = Walker(town, town.ticket())
    walker.press("li", "dispatch", department="城管局", supporting="住建局")
    walker.press("chengguan", "acknowledge")
    assert 'data-testid="late-helpers"' not in walker.page("chengguan")
    town.clock.advance(days=20)
    named = walker.page("chengguan").split('data-testid="late-helpers"')[1].split("</p>")[0]
    assert "住建局" in named


def test_a_wrong_helper_is_named_beside_its_field(town: Town) -> None:
    walker = Walker(town, town.ticket())
    answer = walker.press("li", "dispatch", department="城管局", supporting="住建局、没有的局")
    assert answer.status_code == 422
    assert "没有叫“没有的局”的承办单位" in answer.text
    assert walker.status() == "open"


def test_the_centre_scores_and_takes_back(town: Town) -> None:
    walker = Walker(town, town.ticket()).walk_to("acknowledged")
    walker.press("li", "add-supporting", department="ZJ", opinion="请核查", limit="1 working_day")
    helper = share_id(walker.page("li"), "住建局")
    refused = walker.press("chengguan", "withdraw-share", share=helper, reason="不用了")
    assert refused.status_code == 403
    walker.press("zhujian", "sign-share")
    walker.press("zhujian", "reply-share", reply="已核查完毕并记录在案")
    assert walker.press("zhong", "score-share", share=helper, score="88").status_code == 303
    assert "评分 88" in walker.page("zhong")
    assert walker.press("zhong", "score-share", share=helper, score="888").status_code == 422


def test_an_avoided_unit_is_blind_and_the_dispatcher_is_told_to_reassign(town: Town) -> None:
    walker = Walker(town, town.ticket()).walk_to("acknowledged")
    answer = walker.press("li", "avoid", department="城管局", why="reported", note="被举报人单位")
    assert answer.status_code == 303, answer.text
    assert town.browser("chengguan").get(f"/tickets/{walker.number}").status_code == 404
    assert rows(desk(town, "chengguan", "work")) == []
    assert 'data-testid="must-reassign"' in walker.page("li")
    assert rows(desk(town, "li", "wandering")) == [walker.number]
    page = desk(town, "li")
    assert re.search(r'count-over" data-testid="count-wandering">1<', page)
    refused = walker.press("li", "reassign", department="城管局", reason="改派")
    assert refused.status_code in {409, 422}
    walker.press("li", "reassign", department="住建局", reason="原单位须回避")
    assert rows(desk(town, "li", "wandering")) == []
    assert rows(desk(town, "zhujian", "sign")) == [walker.number]


def with_catalogue(town: Town) -> None:
    """占道经营 belongs to 城管局, helped by 住建局."""
    row = {"category": "0101", "division": "*", "lead": "CG", "supporting": ["ZJ"]}
    with town.database.work() as session:
        catalogue.found_responsibilities(
            session, [{**row, "legal_basis": "城市市容条例"}], since=town.clock.now.date()
        )


def test_sure_tickets_go_in_one_press_and_the_others_wait_in_their_own_queue(town: Town) -> None:
    with_catalogue(town)
    certain = [town.ticket(category="0101") for _ in range(2)]
    doubtful = town.ticket()
    page = desk(town, "li")
    assert rows(page) == certain
    assert count(page, "sure") == 2
    assert count(page, "todo") == 1
    assert "城市市容条例" in page
    assert rows(desk(town, "li", "todo")) == [doubtful]
    picks = [f"{number}:1" for number in [*certain, doubtful]]
    answer = town.browser("li").post("/desk/dispatch", data={"pick": picks})
    assert answer.status_code == 200, answer.text
    assert "已派出 2 张，1 张没有派出" in answer.text
    assert rows(desk(town, "chengguan", "sign")) == certain
    assert rows(desk(town, "zhujian", "helping")) == certain
    assert rows(desk(town, "li", "sure")) == []


def test_a_reply_sent_back_waits_in_its_own_tab(town: Town) -> None:
    walker = Walker(town, town.ticket()).walk_to("completed")
    answer = walker.press("zhong", "send-back", reason_code="no_basis", reason="请写明处罚依据")
    assert answer.status_code == 303, answer.text
    assert rows(desk(town, "chengguan", "returned")) == [walker.number]
    assert rows(desk(town, "chengguan", "work")) == []


def test_progress_is_read_by_the_resident(town: Town) -> None:
    walker = Walker(town, town.ticket()).walk_to("acknowledged")
    answer = walker.press("chengguan", "report-progress", note="已排定周三夜间联合检查")
    assert answer.status_code == 303, answer.text
    assert "已排定周三夜间联合检查" in walker.page("zhong")
    with town.database.read() as session:
        code = api_queries.query_code_of(session, town.actor("wang"), walker.number)
        told = resident.progress(session, walker.number, code, now=town.clock.now)
    assert told is not None
    assert "已排定周三夜间联合检查" in [step.words for step in told.milestones]


def test_other_systems_send_batches_and_let_units_answer(town: Town) -> None:
    with_catalogue(town)
    number, doubtful = town.ticket(category="0101"), town.ticket()
    picks = {"tickets": [{"number": number, "version": 1}, {"number": doubtful}]}
    sent = town.system("li").post("/api/v1/dispatches", json=picks)
    assert [one["code"] for one in sent.json()] == ["", "not-sure"]
    helper, lead = town.system("zhujian"), town.system("chengguan")
    at = f"/api/v1/tickets/{number}"
    assert helper.post(f"{at}/sign-share", json={}).status_code == 200
    assert helper.post(f"{at}/reply-share", json={"reply": "已核查摊棚"}).status_code == 200
    assert lead.post(f"{at}/acknowledge", json={}).status_code == 200
    assert lead.post(f"{at}/report-progress", json={"note": "已排定夜查"}).status_code == 200
    kept = town.system("wang").post(f"{at}/avoid", json={"department": "CG", "why": "interested"})
    assert kept.status_code == 200
    assert lead.get(at).status_code == 404


def test_a_row_sent_from_the_desk_takes_the_helpers_of_the_catalogue(town: Town) -> None:
    row = {
        "category": "0101",
        "division": "*",
        "lead": "CG",
        "supporting": ["ZJ"],
        "legal_basis": "城市市容和环境卫生管理条例",
    }
    with town.database.work() as s:
        catalogue.found_responsibilities(s, [row], since=date(2020, 1, 1))
    named = Walker(town, town.ticket(category="0101"))
    assert named.press("li", "dispatch", department="城管局").status_code == 303
    other = Walker(town, town.ticket(category="0101"))
    assert other.press("li", "dispatch", department="住建局").status_code == 303
    alone = Walker(town, town.ticket(category="0101"))
    assert alone.press("li", "dispatch", department="城管局", supporting="").status_code == 303
    assert rows(desk(town, "zhujian", "helping")) == [named.number]
