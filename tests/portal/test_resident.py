"""Residents' pages: filing, following, and not being able to guess."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from tests.portal.test_auth import form_token
from tests.portal.town import Town

FORM = {
    "kind": "complaint",
    "content": "楼下修车铺占了盲道\n每天早晚都这样",
    "place": "建设路 12 号",
    "phone": "13812345678",
    "requester_name": "陈晓梅",
}


def file_one(client: TestClient, **more: str) -> tuple[str, str]:
    """File a request; return number and code from the page."""
    csrf = form_token(client, "/resident/new")
    page = client.post("/resident/new", data={"csrf": csrf, **FORM, **more})
    assert page.status_code == 200, page.text
    number = re.search(r'id="number">(\d+)<', page.text)
    code = re.search(r'id="query-code">(\d+)<', page.text)
    assert number is not None
    assert code is not None
    return number[1], code[1]


def ask_for(client: TestClient, number: str, code: str) -> tuple[int, str]:
    """Status and page of a look at the progress."""
    csrf = form_token(client, "/resident")
    page = client.post("/resident", data={"csrf": csrf, "number": number, "code": code})
    return page.status_code, page.text


def test_a_request_filed_on_the_page_is_followed_to_its_end(town: Town) -> None:
    client = town.anyone()
    number, code = file_one(client)

    def page() -> str:
        status, text = ask_for(client, number, code)
        assert status == 200
        return text

    assert "正在安排负责的单位" in page()
    at, unit = f"/api/v1/tickets/{number}", town.system("chengguan")
    town.system("li").post(f"{at}/dispatch", json={"department": "CG"})
    assert "城市管理局" in page()
    assert "最迟在" in page()
    unit.post(f"{at}/acknowledge", json={})
    assert "签收，正在办理" in page()
    unit.post(f"{at}/contact", json={"note": "与陈女士通话，内部情况不宜公开"})
    assert "联系过您" in page()
    assert "内部情况" not in page()
    unit.post(f"{at}/complete", json={"public_reply": "已责令修车铺腾出盲道，每日巡查。"})
    assert "正在核对答复" in page()
    assert "已责令" not in page()
    town.system("zhong").post(f"{at}/pass-audit", json={})
    assert "已责令修车铺腾出盲道" in page()
    body = {"reached": True, "solved": "resolved", "rating": "satisfied"}
    town.system("hui").post(f"{at}/follow-up", json=body)
    assert "办结" in page()


def test_an_overdue_ticket_is_told_as_overdue(town: Town) -> None:
    client = town.anyone()
    number, code = file_one(client)
    town.system("li").post(f"/api/v1/tickets/{number}/dispatch", json={"department": "CG"})
    town.clock.advance(days=40)
    assert "超过" in ask_for(client, number, code)[1]


def test_an_unknown_number_and_a_wrong_code_are_not_told_apart(town: Town) -> None:
    client = town.anyone()
    number, code = file_one(client)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    first = ask_for(client, number, wrong)
    second = ask_for(client, "20200101000001", wrong)
    assert first[0] == second[0] == 404
    assert first[1].replace(number, "N") == second[1].replace("20200101000001", "N")


def test_guessing_the_code_is_stopped_after_five_tries(town: Town) -> None:
    number, code = file_one(town.anyone())
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    guesser = town.anyone()
    assert [ask_for(guesser, number, wrong)[0] for _ in range(6)] == [404] * 5 + [429]
    assert ask_for(guesser, number, code)[0] == 429
    town.clock.advance(minutes=16)
    assert ask_for(guesser, number, code)[0] == 200


def test_guessing_at_many_numbers_is_stopped_by_the_address(town: Town) -> None:
    guesser = town.anyone()
    answers = [ask_for(guesser, f"2020010100{i:04d}", "000000")[0] for i in range(32)]
    assert answers[:30] == [404] * 30
    assert answers[30:] == [429] * 2


def test_the_same_form_sent_twice_makes_one_ticket(town: Town) -> None:
    client = town.anyone()
    assert file_one(client) == file_one(client)
    assert file_one(client, content="另一件事：路灯不亮") != file_one(client)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"content": "  "}, "请填写诉求内容"),
        ({"kind": ""}, "请选择这是哪一类事情"),
        ({"phone": ""}, "请留下电话"),
        ({"phone": "call me"}, "电话号码只能有数字"),
        ({"content": "长" * 20_001}, "超过 20000 字的上限"),
    ],
)
def test_a_form_with_a_gap_comes_back_with_what_was_typed(
    town: Town, change: dict[str, str], sentence: str
) -> None:
    client = town.anyone()
    csrf = form_token(client, "/resident/new")
    page = client.post("/resident/new", data={"csrf": csrf, **FORM, **change})
    assert page.status_code == 422
    assert sentence in page.text
    assert "建设路 12 号" in page.text
    assert 'value="陈晓梅"' in page.text


def test_who_wants_no_reply_needs_no_telephone(town: Town) -> None:
    number, code = file_one(town.anyone(), phone="", reply_wanted="no")
    assert ask_for(town.anyone(), number, code)[0] == 200


def test_a_secret_request_stays_secret_for_the_department(town: Town) -> None:
    number, _ = file_one(town.anyone(), confidential="yes")
    town.system("li").post(f"/api/v1/tickets/{number}/dispatch", json={"department": "CG"})
    seen = town.system("chengguan").get(f"/api/v1/tickets/{number}").json()
    assert seen["channel"] == "web"
    assert "陈晓梅" not in str(seen)


def test_the_pages_need_no_script_and_break_out_of_nothing(town: Town) -> None:
    client = town.anyone()
    number, code = file_one(client, content='<script>alert(1)</script> "引号"')
    for page in (
        client.get("/resident").text,
        client.get("/resident/new").text,
        ask_for(client, number, code)[1],
    ):
        assert "<script" not in page
