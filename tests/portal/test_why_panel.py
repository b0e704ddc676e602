"""The console's proposals: why, by which row, what goes by itself, what is raised."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from dispatch.models.learning import AutomaticDispatch
from dispatch.service import catalogue
from hotline.automatic import dispatch_automatically
from portal.app import create_app
from portal.deps import PortalContext
from tests.portal.models_made import TellingSuggester, put_model
from tests.portal.steps import Walker
from tests.portal.town import Town


@pytest.fixture
def thinking(town: Town) -> Town:
    """The town with a model that explains itself and a catalogue of one row."""
    context: PortalContext = town.app.state.context
    rules = context.rules
    profile = replace(
        rules.profile, classifier=replace(rules.profile.classifier, auto_dispatch=True)
    )
    book = type(context.rulebook)(town.database, replace(rules, profile=profile))
    town.app = create_app(replace(context, suggester=TellingSuggester(), rulebook=book))
    put_model(town.database, now=town.clock.now)
    with town.database.work() as session:
        row = {"category": "0103", "division": "*", "lead": "CG", "supporting": ""}
        catalogue.found_responsibilities(
            session, [{**row, "legal_basis": "条例第二十条"}], since=date(2020, 1, 1)
        )
    return town


def proposed(town: Town, **typed: str) -> str:
    return town.browser("wang").post("/agent/suggest", data=typed).text


def test_the_words_and_the_rest_add_up_to_the_score(thinking: Town) -> None:
    page = proposed(thinking, content="门口路灯不亮，一片漆黑")
    why = page.split('data-testid="why"')[1].split("</div>")[0]
    assert [word in why for word in ("路灯", "不亮", "漆黑")] == [True] * 3
    # 2.0 + 1.0 + 0.7 of the words, 0.4 of the rest.
    assert "其余 <b" in why
    assert ">0.4</b>" in why
    assert '合计 <b class="num">4.1</b> 分' in why


def test_the_row_of_the_catalogue_and_the_mark_of_what_goes_by_itself(thinking: Town) -> None:
    page = proposed(thinking, content="门口路灯不亮，一片漆黑")
    assert "路灯照明、全市，条例第二十条 → 城管局" in page
    assert "可自动派单" in page
    assert "经验证预计准确率 98.5%" in page
    unsure = proposed(thinking, content="楼下油烟太大了")
    assert "可自动派单" not in unsure


def test_kind_and_a_higher_urgency_are_proposed_and_never_a_lower_one(thinking: Town) -> None:
    page = proposed(thinking, content="路灯不亮，老人摔伤", kind="assistance", urgency="routine")
    assert 'data-pick="kind" data-value="complaint"' in page
    assert 'data-pick="urgency" data-value="urgent"' in page
    assert "提到摔伤" in page
    page = proposed(thinking, content="路灯不亮，老人摔伤", kind="complaint", urgency="emergency")
    assert "data-pick" not in page


def test_what_cannot_be_read_is_said_in_a_sentence(thinking: Town) -> None:
    assert "看不出是什么事，请补充地点和经过" in proposed(thinking, content="嗯嗯啊啊啊啊")


def test_who_takes_it_without_dispatching_keeps_it_from_the_machine(thinking: Town) -> None:
    typed = {"kind": "complaint", "urgency": "routine", "channel": "letter"}
    kept = {**typed, "content": "门口路灯不亮，一片漆黑", "action": "ticket"}
    saved = thinking.browser("wang").post("/agent/save", data=kept)
    assert "等待派单员派单" in saved.text
    with thinking.database.read() as session:
        left = session.scalars(select(AutomaticDispatch)).one()
        assert left.reasons == ["by_person"]


def test_the_ticket_tells_what_the_model_said_and_who_decided(thinking: Town) -> None:
    proposal = {"model": "20261101-m1", "categories": [["0103", 0.992], ["0101", 0.006]]}
    number = thinking.ticket(category="0103", suggestion={**proposal, "accepted": "0103"})
    walker = Walker(thinking, number)
    page = walker.page("li")
    assert 'href="/model/versions#v-20261101-m1"' in page
    assert "采用了第一条" in page
    assert "模型与分类" not in walker.walk_to("dispatched").page("chengguan")
    corrected = walker.press("li", "correct-category", category="占道经营", reason="是摊位的灯")
    assert corrected.status_code == 303, corrected.text
    page = walker.page("li")
    assert "人改为“占道经营”" in page
    assert "已记作训练样本" in page
    assert "撤销更正" in page
    walker.press("li", "take-back-category")
    assert "采用了第一条" in walker.page("li")
    refused = walker.press("li", "correct-category", category="")
    assert refused.status_code == 422
    assert "请选择正确的事项分类" in refused.text


def test_an_automatic_dispatch_is_put_right_by_a_reassignment_that_teaches(thinking: Town) -> None:
    number = thinking.ticket(content="门口路灯不亮，一片漆黑")
    context: PortalContext = thinking.app.state.context
    dispatch_automatically(thinking.database, context.suggester, context.rules, thinking.clock.now)
    walker = Walker(thinking, number)
    page = walker.page("li")
    assert "系统自动派单：判为“路灯照明”，把握 99.2%，该类经验证预计准确率 98.5%" in page
    moved = walker.press(
        "li", "reassign", department="住建局", category="物业服务", reason="小区里的灯"
    )
    assert moved.status_code == 303, moved.text
    page = walker.page("li")
    assert "派单时改定为“物业服务”" in page
    listed = thinking.browser("li").get("/model/tickets?part=taken_back").text
    assert f"/tickets/{number}" in listed
