"""The pages of the business environment, from a ticket to a conclusion that is carried out."""

from __future__ import annotations

import re

from tests.portal.town import Town


def post(town: Town, path: str, login: str = "zhong", **form: str | list[str]) -> str:
    answer = town.browser(login).post(path, data=form, follow_redirects=True)
    assert answer.status_code in {200, 422}, answer.text[:300]
    return answer.text


def raised(town: Town) -> str:
    """An enterprise's ticket that waits for a meeting."""
    number = town.ticket(business_environment=True)
    assert "待上会" in post(town, "/business/cases", ticket=number, question="由哪个局拨付？")
    return number


def called(town: Town, **more: str | list[str]) -> str:
    page = town.browser("zhong").get("/business").text
    case = re.findall(r'name="cases" value="(\d+)"', page)
    form: dict[str, str | list[str]] = {
        "title": "第 11 次联席会议",
        "held_at": "2026-11-23T09:00",
        "units": ["CG", "ZJ"],
        "cases": case,
    }
    return post(town, "/business/meetings", "zhong", **(form | more))


def test_from_the_ticket_to_the_deed_by_the_pages(town: Town) -> None:
    number = town.ticket(business_environment=True)
    ticket = town.browser("zhong").get(f"/tickets/{number}").text
    assert f"/business/cases/new?ticket={number}" in ticket
    page = town.browser("zhong").get(f"/business/cases/new?ticket={number}").text
    assert f'value="{number}"' in page
    post(town, "/business/cases", ticket=number, question="由哪个局拨付？")
    page = called(town)
    assert "城管局、住建局" in page or "住建局、城管局" in page
    hold = re.search(r"/business/meetings/\d+/hold", page)
    assert hold is not None
    page = post(town, hold[0], minutes="三家都到了。")
    conclude = re.search(r"/business/cases/\d+/conclude", page)
    assert conclude is not None
    page = post(town, conclude[0], conclusion="由城管局垫付。", unit="CG", due="2026-12-01")
    assert "由城管局垫付" in page
    mine = town.browser("chengguan").get("/business").text
    assert "由城管局垫付" in mine
    assert "由城管局垫付" not in town.browser("zhujian").get("/business").text
    done = re.search(r"/business/cases/\d+/done", mine)
    assert done is not None
    assert town.browser("zhujian").post(done[0]).status_code == 404
    assert "已落实" in post(town, done[0], login="chengguan")
    counted = town.browser("zhong").get("/business").text
    assert 'data-testid="count-done">1<' in counted


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(town: Town) -> None:
    number = raised(town)
    page = post(town, "/business/cases", ticket="2026", question="一段很长的话")
    assert "没有找到工单 2026" in page
    assert "一段很长的话" in page
    assert "已经提请上会" in post(town, "/business/cases", ticket=number, question="再问一次")
    plain = town.ticket()
    assert "没有标为营商环境" in post(town, "/business/cases", ticket=plain, question="问")
    page = called(town, title="", place="三楼")
    assert "请写会议名称" in page.split('data-testid="wrong-title"')[1]
    assert 'value="三楼"' in page


def test_a_conclusion_without_a_day_says_so_at_its_case(town: Town) -> None:
    raised(town)
    page = called(town)
    hold = re.search(r"/business/meetings/(\d+)/hold", page)
    assert hold is not None
    page = post(town, hold[0], minutes="开了。")
    conclude = re.search(r"/business/cases/\d+/conclude", page)
    assert conclude is not None
    page = post(town, conclude[0], meeting=hold[1], conclusion="垫付。", unit="CG", due="")
    assert "请填写落实期限" in page
    assert "垫付。" in page


def test_empty_states_say_what_comes_here(town: Town) -> None:
    page = town.browser("zhang").get("/business").text
    assert "没有待上会的议题" in page
    assert "召集联席会议" not in page
