"""The knowledge base's pages: units write, the centre publishes, agents search, gaps are closed."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from dispatch.domain.calls import CallRecord, Direction
from dispatch.models.knowledge import KnowledgeEntry, KnowledgeGap, KnowledgeMiss, KnowledgeUse
from dispatch.service import intake
from hotline import warnings
from tests.portal.town import MONDAY, Town

STALLS = {
    "title": "夜间烧烤占道怎么投诉",
    "answer": "请说明具体路段和时间，城管队员一小时内到场。",
    "basis": "市容管理条例第十二条",
    "keywords": "占道 油烟",
    "level": "public",
}


def written(browser: TestClient, **change: str) -> str:
    """Send the form; return the entry's address."""
    answer = browser.post("/knowledge", data={**STALLS, **change})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def published(town: Town, **change: str) -> str:
    """An entry of 城管局 on display; its address."""
    where = written(town.browser("chengguan"), **change)
    assert town.browser("juzhang").post(f"{where}/approve").status_code == 303
    assert town.browser("zhong").post(f"{where}/publish").status_code == 303
    return where


def call(town: Town) -> int:
    """An answered call of wang's; its contact."""
    record = CallRecord(
        call_id="call-1",
        direction=Direction.INBOUND,
        started_at=MONDAY,
        caller="13812345678",
        line="12345",
        agent="8001",
        answered_at=MONDAY + timedelta(seconds=5),
    )
    with town.database.work() as session:
        return intake.record_call(session, record, now=MONDAY)


def misses(town: Town) -> int:
    """How many searches in vain are written down."""
    with town.database.read() as session:
        return session.scalar(select(func.count()).select_from(KnowledgeMiss)) or 0


def test_an_entry_goes_from_the_unit_to_everybody(town: Town) -> None:
    unit, leader, centre = (town.browser(one) for one in ("chengguan", "juzhang", "zhong"))
    where = written(unit)
    assert 'data-testid="approve"' not in unit.get(where).text
    assert unit.post(f"{where}/approve").status_code == 403
    assert town.anyone().get("/resident/knowledge?q=烧烤").text.count("没有查到") == 1
    assert 'data-testid="approve"' in leader.get(where).text
    assert leader.post(f"{where}/approve").status_code == 303
    assert 'data-testid="count-approved">1<' in centre.get("/knowledge").text
    assert 'data-testid="publish"' in centre.get(where).text
    assert centre.post(f"{where}/publish").status_code == 303
    page = centre.get(where).text
    assert "在用：第 1 版" in page
    assert 'data-testid="version-1"' in page
    public = town.anyone().get("/resident/knowledge?q=请问烧烤占道怎么办").text
    assert STALLS["title"] in public
    assert STALLS["answer"] in town.anyone().get(f"/resident{where}").text


def test_the_public_reads_neither_drafts_nor_what_is_for_staff_or_expired(town: Town) -> None:
    draft = written(town.browser("chengguan"))
    agent_only = published(town, level="agent")
    today = MONDAY.date().isoformat()
    ends = published(town, title="烧烤临时点位", valid_until=today)
    anyone = town.anyone()
    assert anyone.get(f"/resident{ends}").status_code == 200
    for where in (draft, agent_only):
        assert anyone.get(f"/resident{where}").status_code == 404
    town.clock.advance(days=1)
    assert anyone.get(f"/resident{ends}").status_code == 404
    assert "没有查到" in anyone.get("/resident/knowledge?q=烧烤").text
    # Agents still find it, marked and last.
    found = town.browser("wang").post("/agent/knowledge", data={"q": "烧烤"}).text
    assert found.index(STALLS["title"]) < found.index("烧烤临时点位") < found.index("已过期")


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(town: Town) -> None:
    unit = town.browser("chengguan")
    answer = unit.post(
        "/knowledge", data={**STALLS, "category": "没有这一类", "answer": "写了很久"}
    )
    assert answer.status_code == 422
    assert 'data-testid="wrong-category"' in answer.text
    assert "写了很久" in answer.text
    assert unit.post("/knowledge", data={**STALLS, "valid_until": "下周"}).status_code == 422
    centre = town.browser("zhong").post("/knowledge", data=STALLS)
    assert centre.status_code == 422
    assert 'data-testid="wrong-unit"' in centre.text


def test_who_was_overtaken_keeps_his_words_and_is_told(town: Town) -> None:
    unit, leader = town.browser("chengguan"), town.browser("juzhang")
    where = written(unit)
    old = dict(re.findall(r'name="(revision)" value="(\d+)"', unit.get(f"{where}/edit").text))
    assert leader.post(f"{where}/edit", data={**STALLS, **old}).status_code == 303
    late = unit.post(f"{where}/edit", data={**STALLS, **old, "answer": "我的改法"})
    assert late.status_code == 409
    assert "我的改法" in late.text
    assert "刚刚被其他人改过" in late.text


def test_a_unit_sees_only_its_own(town: Town) -> None:
    where = published(town)
    other = town.browser("zhujian")
    assert other.get(where).status_code == 404
    assert other.post(f"{where}/edit", data=STALLS).status_code == 404
    assert STALLS["title"] not in other.get("/knowledge").text
    assert STALLS["title"] in town.browser("chengguan").get("/knowledge").text


def test_an_error_is_reported_by_an_agent_and_answered_by_the_unit(town: Town) -> None:
    where = published(town)
    wang, unit = town.browser("wang"), town.browser("chengguan")
    refused = wang.post(f"{where}/errors", data={"words": " "})
    assert refused.status_code == 422
    assert "请写明哪里有误" in refused.text
    assert wang.post(f"{where}/errors", data={"words": "到场时限是两小时"}).status_code == 303
    assert 'data-testid="count-errors">1<' in unit.get("/knowledge").text
    page = unit.get(where).text
    assert "到场时限是两小时" in page
    error = re.search(r'data-testid="explain-(\d+)"', page)
    assert error is not None
    answer = unit.post(f"/knowledge/errors/{error[1]}/explain", data={"words": "新规是一小时"})
    assert answer.status_code == 303
    shown = wang.get("/knowledge/errors").text
    assert "已说明" in shown
    assert "新规是一小时" in shown


def test_the_panel_stands_beside_the_form_and_searches_by_a_press_not_by_a_key(town: Town) -> None:
    contact = call(town)
    wang = town.browser("wang")
    page = wang.get(f"/agent/contact/{contact}").text
    assert 'id="knowledge"' in page
    form = re.search(r'<form class="knowledge-search"[^>]*>', page)
    assert form is not None
    # Its default trigger is the submission; a trigger on keys would make misses of half words.
    assert "hx-trigger" not in form[0]


def test_an_entry_is_cited_on_the_call_with_its_version(town: Town) -> None:
    where, contact = published(town), call(town)
    entry = where.rsplit("/", 1)[1]
    wang = town.browser("wang")
    asked = {"q": "烧烤占道", "contact_id": str(contact)}
    fragment = wang.post("/agent/knowledge", data=asked, headers={"hx-request": "true"}).text
    assert "<html" not in fragment
    assert f'data-cite="{entry}"' in fragment
    assert "<kbd>Alt+1</kbd>" in fragment
    page = wang.post("/agent/knowledge", data=asked).text
    assert "<html" in page
    assert f'data-cite="{entry}"' in page
    for _ in range(2):
        cited = wang.post("/agent/knowledge/cite", data={**asked, "entry_id": entry}).text
        assert "第 1 版）" in cited
    with town.database.read() as session:
        use = session.scalars(select(KnowledgeUse)).one()
    assert (use.contact_id, use.entry_id, use.version) == (contact, int(entry), 1)
    assert "第 1 版）" in wang.get(f"/agent/knowledge?contact_id={contact}").text
    assert misses(town) == 0
    foreign = town.browser("zhao").post("/agent/knowledge/cite", data={**asked, "entry_id": entry})
    assert foreign.status_code == 404


def test_nothing_found_is_a_miss_at_once_and_not_found_is_one_by_its_button(town: Town) -> None:
    published(town)
    contact = str(call(town))
    wang = town.browser("wang")
    empty = wang.post("/agent/knowledge", data={"q": "加装电梯补贴", "contact_id": contact})
    assert 'data-testid="missed"' in empty.text
    assert misses(town) == 1
    # Asked again, and the button pressed as well: still the same question of the same call.
    wang.post("/agent/knowledge", data={"q": "加装电梯补贴？", "contact_id": contact})
    wang.post("/agent/knowledge/miss", data={"q": "加装电梯补贴", "contact_id": contact})
    assert misses(town) == 1
    found = wang.post("/agent/knowledge", data={"q": "烧烤占道", "contact_id": contact})
    assert 'data-testid="not-found"' in found.text
    assert misses(town) == 1
    pressed = {"q": "烧烤占道", "contact_id": contact, "found": "1"}
    assert 'data-testid="missed"' in wang.post("/agent/knowledge/miss", data=pressed).text
    assert misses(town) == 2
    assert "请写下来电人问的事" in wang.post("/agent/knowledge", data={"q": "  "}).text
    assert misses(town) == 2


def test_asked_for_in_vain_it_is_warned_of_written_and_closed(town: Town) -> None:
    for who in ("wang", "zhao", "wang"):
        town.clock.advance(hours=1)
        town.browser(who).post("/agent/knowledge", data={"q": "老旧小区加装电梯补贴"})
    rules = town.app.state.context.rules
    assert warnings.look(town.database, rules, town.clock.now) == 1
    zhong = town.browser("zhong")
    listed = zhong.get("/warnings?kind=knowledge_gap").text
    assert "知识库没有“老旧小区加装电梯补贴”" in listed
    warning = re.search(r'href="(/warnings/\d+)"', listed)
    assert warning is not None
    opened = re.search(r'href="(/knowledge/gaps/\d+)"', zhong.get(warning[1]).text)
    assert opened is not None
    gap = opened[1]
    page = zhong.get(gap).text
    assert page.count('data-testid="miss-') == 3
    assert 'data-testid="count">3<' in page
    assert 'data-testid="count-open">1<' in zhong.get("/knowledge/gaps").text
    wrong = zhong.post(f"{gap}/assign", data={"unit": "没有这个单位"})
    assert wrong.status_code == 422
    assert 'data-testid="wrong-unit"' in wrong.text
    assert town.browser("li").post(f"{gap}/assign", data={"unit": "CG"}).status_code == 403
    assert zhong.post(f"{gap}/assign", data={"unit": "CG"}).status_code == 303
    with town.database.read() as session:
        entry = session.scalars(select(KnowledgeEntry.id)).one()
    unit = town.browser("chengguan")
    assert 'data-testid="count-draft">1<' in unit.get("/knowledge").text
    revision = re.search(
        r'name="revision" value="(\d+)"', unit.get(f"/knowledge/{entry}/edit").text
    )
    assert revision is not None
    form = {"title": "加装电梯补贴", "answer": "每台二十万元", "level": "public"}
    saved = unit.post(f"/knowledge/{entry}/edit", data={**form, "revision": revision[1]})
    assert saved.status_code == 303
    town.browser("juzhang").post(f"/knowledge/{entry}/approve")
    assert zhong.post(f"/knowledge/{entry}/publish").status_code == 303
    closed = zhong.get(gap).text
    assert "已补齐" in closed
    assert f'href="/knowledge/{entry}" data-testid="entry"' in closed
    assert warnings.look(town.database, rules, town.clock.now) == 0
    assert "没有待处置的预警" in zhong.get("/warnings").text
    again = town.browser("wang").post("/agent/knowledge", data={"q": "老旧小区加装电梯补贴"}).text
    assert "每台二十万元" in again


def test_a_gap_is_dismissed_with_a_reason(town: Town) -> None:
    town.browser("wang").post("/agent/knowledge", data={"q": "明天会不会下雨"})
    with town.database.read() as session:
        gap = session.scalars(select(KnowledgeGap.id)).one()
    zhong = town.browser("zhong")
    refused = zhong.post(f"/knowledge/gaps/{gap}/dismiss", data={"reason": " "})
    assert refused.status_code == 422
    assert 'data-testid="wrong-reason"' in refused.text
    done = zhong.post(f"/knowledge/gaps/{gap}/dismiss", data={"reason": "气象由专线答复"})
    assert done.status_code == 303
    assert "气象由专线答复" in zhong.get("/knowledge/gaps?show=dismissed").text


@pytest.mark.parametrize(
    "address", ["/knowledge", "/knowledge/gaps", "/knowledge/errors", "/resident/knowledge"]
)
def test_empty_pages_say_what_will_be_there(town: Town, address: str) -> None:
    page = unescape(town.browser("zhong").get(address).text)
    assert "没有" in page
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)


def test_filters_narrow_lists_and_counts_alike(town: Town) -> None:
    published(town)
    published(town, title="犬只登记", answer="到派出所办理", keywords="")
    zhong = town.browser("zhong")
    both = zhong.get("/knowledge").text
    assert 'data-testid="count-published">2<' in both
    one = zhong.get("/knowledge?q=犬只").text
    assert 'data-testid="count-published">1<' in one
    assert STALLS["title"] not in one
    assert 'data-testid="count-published">0<' in zhong.get("/knowledge?unit=ZJ").text
