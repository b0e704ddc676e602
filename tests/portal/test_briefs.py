"""/briefs and /warnings in browsers: started from what was found, down the chain, on paper."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pypdf
import pytest

from dispatch.domain.early import Sign
from dispatch.domain.reporting_terms import WarningKind
from dispatch.service import catalogue, early_warnings
from tests.portal.test_hot_spots import spot  # noqa: F401
from tests.portal.town import Town


@pytest.fixture
def warning(town: Town) -> int:
    """A surge of two tickets."""
    numbers = tuple(town.ticket(phone=f"1380000000{n}") for n in range(2))
    with town.database.work() as session:
        sign = Sign(
            kind=WarningKind.SURGE,
            subject="1/",
            about="占道经营",
            since=town.clock.now - timedelta(days=7),
            words="最近 7 天全市“占道经营”2 件，按以往约 0.3 件。",
            count=2,
            expected=0.3,
            category_id=catalogue.category_id(session, "0101"),
            tickets=numbers,
        )
        early_warnings.keep(session, [WarningKind.SURGE], [sign], now=town.clock.now)
    return 1


def typed(page: str) -> dict[str, str]:
    """What the form holds."""
    fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page))
    fields |= dict(re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>\n([^<]*)</textarea>', page))
    chosen = re.search(r'<option value="(\w+)" selected', page)
    return fields | ({"level": chosen[1]} if chosen else {})


def drafted(town: Town, query: str) -> str:
    """Press the button, save what the system wrote; the brief's address."""
    zhong = town.browser("zhong")
    page = zhong.get(f"/briefs/new?{query}")
    assert page.status_code == 200
    answer = zhong.post("/briefs", data=typed(page.text))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_from_a_hot_spot_through_instruction_and_feedback_to_its_end(town: Town, spot: int) -> None:  # noqa: F811
    assert f"/briefs/new?spot={spot}" in town.browser("zhong").get(f"/hot-spots/{spot}").text
    assert "/briefs/new" not in town.browser("zhang").get(f"/hot-spots/{spot}").text
    at = drafted(town, f"spot={spot}")
    zhong, zhang, unit = (town.browser(login) for login in ("zhong", "zhang", "chengguan"))
    page = zhong.get(at).text
    assert "翠湖小区集中反映“供水停水与水质”" in page
    assert "6 件，来电人 6 位" in page
    assert page.count('data-testid="row-') == 6
    assert "1390000" not in page
    assert zhang.get(at).status_code == 404
    assert zhong.post(f"{at}/submit").status_code == 303
    bare = zhang.post(f"{at}/instruct", data={"words": "", "unit": "CG", "due": "2026-11-30"})
    assert bare.status_code == 422
    assert "请写下批示内容" in bare.text
    assert 'value="2026-11-30"' in bare.text
    assert '<option value="CG" selected>' in bare.text
    said = {"words": "请立即查明停水原因", "unit": "CG"}
    assert zhang.post(f"{at}/instruct", data=said).status_code == 303
    assert "请立即查明停水原因" in unit.get("/notices").text
    assert unit.post(f"{at}/receive").status_code == 303
    assert unit.post(f"{at}/feedback", data={"words": "水管已修好"}).status_code == 303
    assert zhang.post(f"{at}/close").status_code == 303
    closed = zhang.get(at).text
    steps = re.findall(r'data-testid="step-(\w+)"', closed)
    assert steps == ["submitted", "instruction", "receipt", "feedback", "closing"]
    assert 'data-testid="acts"' not in closed
    assert zhang.post(f"{at}/close").status_code == 409
    sheet = zhang.get(f"{at}/print.pdf")
    told = "".join(one.extract_text() for one in pypdf.PdfReader(io.BytesIO(sheet.content)).pages)
    for words in ("请立即查明停水原因", "水管已修好", "城市管理局"):
        assert words in re.sub(r"\s", "", told)


def test_from_a_ticket_and_nothing_of_a_confidential_one_is_told(town: Town) -> None:
    number = town.ticket(confidential=True, content="举报某食堂", place="青石路 9 号")
    assert f"/briefs/new?ticket={number}" in town.browser("zhong").get(f"/tickets/{number}").text
    form = typed(town.browser("zhong").get(f"/briefs/new?ticket={number}").text)
    assert form["tickets"] == number
    for secret in ("陈晓梅", "13812345678", "食堂", "青石路"):
        assert secret not in "".join(form.values())
    assert town.browser("li").get("/briefs/new?ticket=20200101000001").status_code == 404


def test_what_was_typed_stays_when_it_is_refused(town: Town) -> None:
    data = {"title": "", "facts": "某处停电", "level": "urgent", "tickets": "1、2"}
    page = town.browser("li").post("/briefs", data=data)
    assert page.status_code == 422
    assert "请写明标题" in page.text
    assert "某处停电" in page.text
    assert '<option value="urgent" selected>' in page.text


def test_a_leader_instructs_on_a_figure_and_finds_it_on_his_page(town: Town) -> None:
    data = {"about": "按时办结率", "facts": "本周 80%（8/10）", "words": "请说明原因", "unit": "ZJ"}
    at = town.browser("zhang").post("/leader/instruct", data=data).headers["location"]
    assert "请说明原因" in town.browser("zhujian").get(at).text
    assert town.browser("chengguan").get(at).status_code == 404
    page = town.browser("zhang").get("/leader").text
    assert f'href="{at}"' in page
    assert "请说明原因" in page


def test_a_warning_is_settled_once_with_what_was_done(town: Town, warning: int) -> None:
    ban = town.browser("ban")
    assert 'data-testid="count-open">1<' in ban.get("/warnings").text
    assert 'data-testid="warning-' not in ban.get("/warnings?kind=wandering").text
    page = ban.get(f"/warnings/{warning}").text
    assert page.count('data-testid="row-') == 2
    assert 'data-testid="settle"' not in town.browser("zhang").get(f"/warnings/{warning}").text
    bare = ban.post(f"/warnings/{warning}/settle", data={"outcome": " "})
    assert bare.status_code == 422
    assert "请写明采取了什么措施" in bare.text
    done = ban.post(f"/warnings/{warning}/settle", data={"outcome": "已约谈街道"})
    assert done.status_code == 303
    assert "已约谈街道" in ban.get("/warnings?show=settled").text
    assert ban.post(f"/warnings/{warning}/false", data={"outcome": "x"}).status_code == 409


def test_a_brief_begun_from_a_warning_says_what_it_said(town: Town, warning: int) -> None:
    assert f"/briefs/new?warning={warning}" in town.browser("li").get(f"/warnings/{warning}").text
    page = town.browser("zhong").get(drafted(town, f"warning={warning}")).text
    assert "按以往约 0.3 件" in page
    assert page.count('data-testid="row-') == 2


def test_empty_lists_say_what_will_stand_there(town: Town) -> None:
    assert "没有办理中的要情" in town.browser("zhang").get("/briefs").text
    assert "没有待处置的预警" in town.browser("zhang").get("/warnings").text
