"""The fuller fields on the pages: filed by agents and residents, completed by the centre."""

from __future__ import annotations

import re

import pytest

from tests.dispatch.samples import BAD, JPG
from tests.portal.steps import Walker
from tests.portal.test_auth import form_token
from tests.portal.test_resident import FORM
from tests.portal.town import Town


@pytest.fixture
def ticket(town: Town) -> Walker:
    """A ticket of the town."""
    return Walker(town, town.ticket())


def register(town: Town, **typed: str) -> tuple[int, str]:
    """Save the agent's form without a call; (status, page)."""
    fields = {
        "kind": "complaint",
        "urgency": "routine",
        "channel": "letter",
        "content": "烧烤店夜里油烟很大，影响休息",
        "reply_wanted": "on",
        "phone": "13812345678",
        "requester_name": "陈晓梅",
        "action": "ticket",
    }
    answer = town.browser("wang").post("/agent/save", data={**fields, **typed})
    return answer.status_code, answer.text


def saved_number(page: str) -> str:
    """The number of the ticket that was just saved."""
    found = re.search(r'id="saved"[^>]*data-number="(\d+)"', page)
    assert found is not None, page[:500]
    return found[1]


def test_an_agent_files_everything_and_the_page_shows_it(town: Town) -> None:
    status, page = register(
        town,
        reported_party="好再来烧烤店",
        reported_phone="13900000000",
        avoid="城管局、ZJ",
        requester_kind="enterprise",
        enterprise_name="临川某某食品有限公司",
        occurred_at="2026-11-22T20:30",
        longitude="116.3582",
        latitude="27.9489",
        tags="油烟 夜间",
        source_level="provincial",
        external_no="S-0001",
        difficult="on",
    )
    assert status == 200, page[:400]
    ticket = Walker(town, saved_number(page))
    shown = ticket.page("li")
    for words in ("好再来烧烤店", "13900000000", "临川某某食品有限公司", "11月22日 20:30"):
        assert words in shown
    for words in ("116.3582", "油烟", "省级平台", "S-0001", "疑难", "营商环境"):
        assert words in shown
    refused = ticket.press("li", "dispatch", department="CG")
    assert refused.status_code in {409, 422, 403}
    assert "回避" in refused.text
    assert ticket.status() == "open"


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("avoid", {"avoid": "没有这个单位"}),
        ("enterprise_code", {"enterprise_code": "123"}),
        ("longitude", {"longitude": "500", "latitude": "27"}),
        ("statutory_basis", {"statutory_limit": "30 natural_day"}),
    ],
)
def test_a_slip_in_the_folded_part_is_shown_beside_its_field_with_everything_typed(
    town: Town, field: str, typed: dict[str, str]
) -> None:
    status, page = register(town, reported_party="好再来烧烤店", **typed)
    assert status == 422
    assert f'id="error-{field}"' in page
    assert 'id="more" open' in page
    assert 'value="好再来烧烤店"' in page
    assert "烧烤店夜里油烟很大" in page


def test_reports_are_confidential_unless_the_agent_unticks_the_box(town: Town) -> None:
    _, page = register(town, kind="report")
    assert "诉求人要求保密" in Walker(town, saved_number(page)).page("li")
    _, page = register(
        town, kind="report", confidential_by="agent", content="另一件事：路灯不亮，无所谓保密"
    )
    assert "诉求人要求保密" not in Walker(town, saved_number(page)).page("li")


def test_the_folded_part_is_kept_as_a_draft(town: Town) -> None:
    browser = town.browser("wang")
    browser.post("/agent/draft", data={"content": "写到一半", "reported_party": "好再来烧烤店"})
    page = browser.get("/agent/new").text
    assert 'value="好再来烧烤店"' in page
    assert 'id="more" open' in page


def test_the_centre_completes_fields_and_the_story_says_which(ticket: Walker) -> None:
    answer = ticket.press(
        "li",
        "amend",
        reported_party="好再来烧烤店",
        spot="水岸花园南门",
        switches="1",
        reply_wanted="on",
        difficult="on",
        reason="诉求人来电补充",
    )
    assert answer.status_code == 303, answer.text
    page = ticket.page("zhong")
    assert "被反映对象、小区或点位、疑难；诉求人来电补充" in page
    assert "水岸花园南门" in page


def test_a_refused_change_keeps_what_was_typed(ticket: Walker) -> None:
    answer = ticket.press(
        "li", "amend", reported_party="好再来烧烤店", longitude="1", reason="补充"
    )
    assert answer.status_code == 422
    assert 'value="好再来烧烤店"' in answer.text
    assert "经度与纬度是否写反" in answer.text
    answer = ticket.press("li", "amend", reported_party="好再来烧烤店", reason="")
    assert "请写明修改的原因" in answer.text


def test_units_see_no_form_to_change_the_request(ticket: Walker) -> None:
    ticket.press("li", "dispatch", department="CG")
    assert "form-amend" not in ticket.page("chengguan")
    assert "form-amend" in ticket.page("zhong")


def test_the_search_finds_an_outside_number(town: Town) -> None:
    _, page = register(town, external_no="S-2026-77")
    number = saved_number(page)
    assert number in town.browser("li").get("/search?q=S-2026-77").text


def filed(town: Town, files: list[tuple[str, bytes]], **more: str) -> tuple[int, str]:
    """File on the residents' page with files; (status, page)."""
    client = town.anyone()
    csrf = form_token(client, "/resident/new")
    answer = client.post(
        "/resident/new",
        data={"csrf": csrf, **FORM, **more},
        files=[("files", (name, content, "image/jpeg")) for name, content in files],
    )
    return answer.status_code, answer.text


def test_a_resident_sends_pictures_and_bad_ones_do_not_hold_up_the_request(town: Town) -> None:
    status, page = filed(town, [("照片.jpg", JPG), ("程序.exe", BAD["程序.exe"])])
    assert status == 200
    assert "收到您的 1 个文件" in page
    assert "“程序.exe”没有收下" in page
    number = re.search(r'id="number">(\d+)<', page)
    assert number is not None
    shown = Walker(town, number[1]).page("li")
    assert "照片.jpg" in shown
    assert "诉求材料" in shown
    assert "程序.exe" not in shown


def test_a_resident_s_form_with_something_missing_keeps_every_word(town: Town) -> None:
    status, page = filed(town, [("照片.jpg", JPG)], phone="")
    assert status == 422
    assert "楼下修车铺占了盲道" in page
    assert "选好的照片要重新选择" in page


def test_a_resident_s_form_without_files_needs_none(town: Town) -> None:
    status, page = filed(town, [("", b"")])
    assert status == 200
    assert "没有收下" not in page


def test_a_resident_s_report_is_confidential_without_asking(town: Town) -> None:
    _, page = filed(town, [], kind="report")
    number = re.search(r'id="number">(\d+)<', page)
    assert number is not None
    assert "诉求人要求保密" in Walker(town, number[1]).page("li")


def test_another_system_files_completes_and_attaches_by_the_interface(town: Town) -> None:
    system = town.system("li")
    body = {
        "content": "省平台转来：烧烤店油烟",
        "kind": "report",
        "external_no": "S-9",
        "source_level": "provincial",
        "reported_party": "好再来烧烤店",
        "tags": ["油烟"],
        "gender": "female",
        "statutory_limit": "30 个自然日",
        "statutory_basis": "《信访工作条例》第三十四条",
    }
    made = system.post("/api/v1/tickets", json=body)
    assert made.status_code == 201, made.text
    ticket = made.json()["ticket"]
    assert ticket["confidential"]
    assert (ticket["source_level"], ticket["statutory_limit"]) == ("provincial", "30 natural_day")
    at = f"/api/v1/tickets/{ticket['number']}"
    more = system.get(f"{at}/particulars").json()
    assert (more["external_no"], more["tags"], more["gender"]) == ("S-9", ["油烟"], "女")
    changes = {"changes": {"spot": "南门"}, "reason": "补充", "version": ticket["version"]}
    assert system.post(f"{at}/amend", json=changes).status_code == 200
    assert system.post(f"{at}/amend", json=changes).status_code == 409
    wrong = {"changes": {"longitude": 500}, "reason": "补充"}
    answer = system.post(f"{at}/amend", json=wrong)
    assert (answer.status_code, answer.json()["field"]) == (422, "longitude")
    files = [("files", ("照片.jpg", JPG)), ("files", ("程序.exe", BAD["程序.exe"]))]
    added = system.post(f"{at}/attachments", files=files)
    assert added.status_code == 201, added.text
    assert len(added.json()["added"]) == len(added.json()["refused"]) == 1
    (listed,) = system.get(f"{at}/attachments").json()
    assert (listed["name"], listed["part"]) == ("照片.jpg", "request")
    assert listed["scanned"] == "unscanned"
    assert system.get(f"/api/v1/attachments/{listed['id']}").content == JPG
    unit = town.system("chengguan")
    assert unit.get(f"/api/v1/attachments/{listed['id']}").status_code == 404
