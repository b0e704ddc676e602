"""关联与并单 on a ticket's page, over REST, and what the residents concerned read of it."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from dispatch.models.tickets import Ticket
from tests.portal.steps import REPLY, Walker
from tests.portal.test_resident import ask_for
from tests.portal.town import Town

WATER = {"category": "0101", "content": "阳光小区全楼停水"}


def opened(town: Town, phone: str, **more: object) -> Walker:
    """One caller's request."""
    form: dict[str, object] = {**WATER, "phone": phone, **more}
    return Walker(town, town.ticket("wang", **form))


def progress_of(town: Town, number: str) -> str:
    """What the resident of a ticket reads with number and code."""
    with town.database.read() as session:
        code = session.scalars(select(Ticket.query_code).where(Ticket.number == number)).one()
    status, page = ask_for(town.anyone(), number, code)
    assert status == 200
    return page


@pytest.fixture
def main(town: Town) -> Walker:
    """A request about an outage."""
    return opened(town, "13800000001", requester_name="陈晓梅")


@pytest.fixture
def child(town: Town) -> Walker:
    """Another caller's about the same."""
    return opened(town, "13800000002", requester_name="刘大勇")


def test_callers_of_one_event_are_merged_on_the_page_and_answered_together(
    town: Town, main: Walker, child: Walker
) -> None:
    page = main.page("li")
    assert "似为同一事件 1 件" in page
    assert f'name="join-{child.number}"' in page
    answer = main.press("li", "merge-in", reason="同一小区停水", **{f"join-{child.number}": "on"})
    assert answer.status_code == 303, answer.text
    assert child.status() == "merged"
    page = main.page("li")
    assert "2 位诉求人" in page
    assert f'data-testid="merged-{child.number}"' in page
    assert main.number in child.page("li")
    assert "已并单" in child.page("wang")

    told = progress_of(town, child.number)
    assert "我们合并办理" in told
    main.walk_to("dispatched")
    told = progress_of(town, child.number)
    assert "城市管理局" in told
    assert "最迟在" in told
    assert "陈晓梅" not in told
    assert main.number not in told
    # The unit sees for how many it works, not whose the other tickets are.
    page = main.page("chengguan")
    assert "2 位诉求人" in page
    assert "另有 1 张您无权查看" in page
    assert "刘大勇" not in page

    main.press("chengguan", "acknowledge")
    main.press("chengguan", "contact", note="到现场查看")
    main.press("chengguan", "complete", public_reply=REPLY)
    main.press("zhong", "pass-audit")
    assert child.status() == "follow_up"
    assert REPLY in progress_of(town, child.number)
    assert "已用主单的答复告知本单诉求人" in child.page("li")


def test_a_merge_is_undone_from_the_page_until_it_is_answered(main: Walker, child: Walker) -> None:
    child.walk_to("acknowledged")
    merged = child.press("zhong", "merge", main=main.number, reason="同一小区停水")
    assert merged.status_code == 303, merged.text
    again = child.press("zhong", "unmerge", reason="不是同一栋楼")
    assert again.headers["location"].endswith("?done=unmerge")
    assert child.status() == "acknowledged"
    timeline = child.page("zhong")
    assert "撤销并单" in timeline
    assert f"{main.number}；不是同一栋楼" in timeline


def test_a_refused_merge_says_why_beside_its_form_and_keeps_the_words(
    town: Town, main: Walker, child: Walker
) -> None:
    answer = child.press("li", "merge", main=child.number, reason="写了很久的理由")
    assert answer.status_code == 409
    assert "不能把工单并入它自己" in answer.text
    assert "写了很久的理由" in answer.text
    empty = child.press("li", "merge", main="", reason="同一小区")
    assert empty.status_code == 422
    assert "请填写另一张工单的编号" in empty.text
    third = opened(town, "13800000003", confidential=True)
    batch = main.press(
        "li", "merge-in", reason="同一小区", others=f"{child.number}，20990101000009"
    )
    assert batch.status_code == 409
    assert "都没有并入" in batch.text
    assert child.status() == "open"
    other = third.press("li", "merge-in", reason="同一小区", others=child.number)
    assert "要求保密" in other.text


def test_a_part_is_split_off_and_both_pages_lead_to_each_other(main: Walker) -> None:
    answer = main.press(
        "li", "split", content="小区路灯也不亮", reason="两件事由不同单位负责", category="0101"
    )
    assert answer.status_code == 303, answer.text
    page = main.page("li")
    part = re.search(r'data-testid="links".*?/tickets/(\d+)"', page, re.DOTALL)
    assert part is not None
    other = Walker(main.town, part[1]).page("li")
    assert "小区路灯也不亮" in other
    assert main.number in other
    assert 'data-testid="unlink-' not in other


def test_two_tickets_are_linked_and_let_go(main: Walker, child: Walker) -> None:
    assert main.press("hui", "link", other=child.number, note="同一物业").status_code == 303
    assert "同一物业" in child.page("li")
    assert child.press("hui", "unlink", other=main.number).status_code == 303
    assert "同一物业" not in re.sub(
        r'<ol class="timeline".*?</ol>', "", child.page("li"), flags=re.DOTALL
    )


def test_the_centre_urges_with_a_word_of_why_and_the_unit_reads_it(main: Walker) -> None:
    main.walk_to("acknowledged")
    empty = main.press("ban", "urge", note=" ")
    assert empty.status_code == 422
    assert main.press("ban", "urge", note="媒体来问").status_code == 303
    page = main.page("chengguan")
    assert "催办 1 次" in page
    assert "媒体来问" in page
    assert 'data-testid="urge"' not in page


def test_other_systems_merge_split_link_and_urge_too(
    town: Town, main: Walker, child: Walker
) -> None:
    system = town.system("li")
    at = f"/api/v1/tickets/{main.number}"
    third = opened(town, "13800000003")
    body = {"children": [child.number, main.number], "reason": "同一小区"}
    done = system.post(f"{at}/merge-in", json=body)
    assert done.status_code == 200, done.text
    assert done.json()["merged"] == [child.number]
    assert list(done.json()["refused"]) == [main.number]
    known = system.get(f"{at}/ties").json()
    assert (known["callers"], known["hidden"]) == (2, 0)
    assert [m["number"] for m in known["merged"]] == [child.number]
    undone = system.post(f"/api/v1/tickets/{child.number}/unmerge", json={"reason": "不是"})
    assert undone.json()["status"] == "open"
    late = system.post(f"/api/v1/tickets/{child.number}/unmerge", json={"reason": "不是"})
    assert late.status_code == 409
    assert system.post(f"{at}/link", json={"other": third.number}).json()["links"]
    assert system.post(f"{at}/unlink", json={"other": third.number}).json()["links"] == []
    part = system.post(f"{at}/split", json={"content": "路灯不亮", "reason": "两件事"})
    assert part.status_code == 201
    assert part.json()["ticket"]["number"] not in {main.number, child.number, third.number}
    urged = system.post(f"{at}/urge", json={"note": "上级平台催办"})
    assert urged.json()["urged"] == 1


def test_another_system_that_repeats_a_request_is_told_the_first_number(town: Town) -> None:
    system = town.system("wang")
    body = {"content": "南门外烧烤摊占道经营", "kind": "complaint", "category": "0101"}
    body["phone"] = "13800000009"
    first = system.post("/api/v1/tickets", json=body).json()["ticket"]["number"]
    again = system.post("/api/v1/tickets", json={**body, "content": "南门的烧烤摊又占道"})
    assert again.status_code == 409
    assert again.json()["code"] == "repeat-request"
    assert first in again.json()["detail"]
    fresh = system.post("/api/v1/tickets", json={**body, "new_facts": "昨晚又多三个摊"})
    assert fresh.status_code == 201
