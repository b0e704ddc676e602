"""The model's page: figures, the slider without a script, versions, training, mistakes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.ports import Suggestion, Suggestions
from dispatch.service import auto_dispatch, training_runs
from portal.app import create_app
from portal.deps import PortalContext
from tests.portal.models_made import REFUSED, coverage, put_model
from tests.portal.town import Town


@pytest.fixture
def modelled(town: Town) -> Town:
    """The town with a model in use that has proven a few categories."""
    context: PortalContext = town.app.state.context
    town.app = create_app(replace(context, coverage=coverage))
    put_model(town.database, now=town.clock.now)
    return town


def row(page: str, test_id: str) -> str:
    return page.split(f'data-testid="{test_id}"')[1].split("</tr>")[0]


def test_without_a_model_the_page_says_what_to_do(town: Town) -> None:
    page = town.browser("li").get("/model").text
    assert "还没有启用模型" in page
    assert "/model/versions" in page


def test_a_dispatcher_reads_what_the_model_can_and_cannot(modelled: Town) -> None:
    page = modelled.browser("li").get("/model").text
    assert "每 100 条诉求，排第一的分类对 86 条" in page
    assert "3fa93fa93f" in page
    assert "90.0%" in row(page, "category-0103")
    assert "交给人" in row(page, "category-0202")
    assert re.search(r"油烟扰民</a> 被当成 <a[^>]*>占道经营</a></span><b[^>]*>31 次", page)
    assert "城市管理 说成 住房物业：30" in page
    assert "回退" not in page


def test_the_slider_works_as_a_plain_form(modelled: Town) -> None:
    browser = modelled.browser("li")
    assert "25.0%</b> 的诉求可以不经人直接派出" in browser.get("/model").text
    asked = browser.get("/model?precision=90").text
    assert "37.5%</b> 的诉求可以不经人直接派出" in asked
    assert "占道经营 ≥90%" in asked
    nobody = browser.get("/model?precision=99").text
    assert "没有一个分类的验证数据足以证明达到 99%" in nobody
    assert browser.get("/model?precision=101").status_code == 422


def test_the_table_is_ordered_as_asked(modelled: Town) -> None:
    def order(sort: str) -> list[str]:
        page = modelled.browser("ban").get(f"/model?sort={sort}").text
        return re.findall(r'data-testid="category-(\d+)"', page)

    assert order("n")[0] == "0201"
    assert order("recall")[0] == "0202"
    assert order("nonsense") == order("n")


def test_a_category_opens_the_tickets_that_people_corrected(modelled: Town) -> None:
    proposal = {"model": "20261101-m1", "categories": [["0102", 0.7]], "departments": []}
    number = modelled.ticket(category="0102", suggestion={**proposal, "accepted": "0102"})
    page = modelled.browser("li").get("/model/categories/0102").text
    assert "还没有被改过的工单" in page
    sent = modelled.browser("li").post(
        f"/tickets/{number}/dispatch",
        data={"version": "1", "department": "城管局", "category": "0101"},
    )
    assert sent.status_code == 303, sent.text
    page = modelled.browser("li").get("/model/categories/0102").text
    assert f"/tickets/{number}" in page
    assert "模型说“油烟扰民”，派单时改定为“占道经营”" in page
    # An administrator reads the figures and opens nobody's request.
    assert f"/tickets/{number}" not in modelled.browser("root").get("/model/categories/0102").text


def test_versions_show_their_reports_and_lead_one_step_back(modelled: Town) -> None:
    later = modelled.clock.now + timedelta(days=7)
    put_model(modelled.database, "20261108-m2", now=later)
    put_model(modelled.database, "20261109-bad", refused=True, report=REFUSED, now=later)
    browser = modelled.browser("zhong")
    page = browser.get("/model/versions").text
    bad = page.split('data-testid="release-20261109-bad"')[1].split("</article>")[0]
    assert "未通过检验" in bad
    assert "由 80.4% 降到 71.0%" in bad
    assert "变差" in bad
    assert "启用</button>" not in bad
    refused = browser.post("/model/versions/20261109-bad/activate")
    assert refused.status_code == 409
    assert "未通过检验，不能启用" in refused.text
    back = browser.post("/model/roll-back")
    assert back.headers["location"] == "/model/versions?done=back"
    assert "20261101-m1" in browser.get("/model").text.split("</h1>")[0]


def test_a_training_is_asked_for_once_and_its_progress_survives_the_page(modelled: Town) -> None:
    browser = modelled.browser("zhong")
    assert "还没有训练过" in browser.get("/model/versions").text
    for _ in range(2):
        assert browser.post("/model/retrain").status_code == 303
    now = modelled.clock.now
    with modelled.database.work() as session:
        assert len(training_runs.runs(session)) == 1
        claimed = training_runs.claim(session, now=now)
        assert claimed is not None
        training_runs.progress(session, claimed, step="第 2 折", share=0.42, now=now)
    shown = browser.get("/model/training").text
    assert "第 2 折" in shown
    assert 'value="42"' in shown
    assert 'hx-trigger="every 2s' in shown
    assert "第 2 折" in browser.get("/model/versions").text
    assert "现在训练" not in modelled.browser("li").get("/model/versions").text


class PickyShelf:
    """Takes what begins like a model of ours."""

    def __init__(self, town: Town) -> None:
        self._town = town

    def take(self, path: Path, actor: Actor, *, now: datetime) -> str:
        """Register it as a candidate."""
        if not path.read_bytes().startswith(b"ours"):
            raise InvalidInput("模型文件损坏，或不是本系统生成的模型，已拒绝加载")
        put_model(self._town.database, "20261120-in", active=False, now=now)
        return "20261120-in"


def test_a_foreign_file_is_refused_in_words_and_a_good_one_waits_for_a_person(
    modelled: Town,
) -> None:
    context: PortalContext = modelled.app.state.context
    modelled.app = create_app(replace(context, models=PickyShelf(modelled)))
    browser = modelled.browser("zhong")
    foreign = browser.post("/model/import", files={"upload": ("x.pkl", b"\x80\x04cposix")})
    assert foreign.status_code == 422
    assert "不是本系统生成的模型，已拒绝加载；在用的模型不受影响" in foreign.text
    taken = browser.post("/model/import", files={"upload": ("m.bin", b"ours ...")})
    assert taken.headers["location"] == "/model/versions?done=taken#v-20261120-in"
    page = browser.get("/model/versions").text
    waiting = page.split('data-testid="release-20261120-in"')[1].split("</article>")[0]
    assert "待检验" in waiting
    assert "启用</button>" in waiting
    assert "20261101-m1" in browser.get("/model").text.split("</h1>")[0]


def test_the_shares_of_automatic_dispatch_open_their_tickets(modelled: Town) -> None:
    number = modelled.ticket()
    found = Suggestions((Suggestion("0101", "占道经营", 0.6),), (), "m1")
    with modelled.database.work() as session:
        auto_dispatch.decide(
            session, number, found, modelled.app.state.context.rules, now=modelled.clock.now
        )
    browser = modelled.browser("li")
    assert "/model/tickets?part=left" in browser.get("/model").text
    page = browser.get("/model/tickets?part=left").text
    assert f"/tickets/{number}" in page
    assert "模型把握不够" in page
    assert "没有这样的工单" in browser.get("/model/tickets?part=sent").text


def test_a_week_of_drift_opens_its_tickets(modelled: Town) -> None:
    browser = modelled.browser("ban")
    assert "还没有可以比较的周" in browser.get("/model/drift").text
    proposal = {"model": "20261101-m1", "categories": [["0102", 0.71]], "departments": []}
    number = modelled.ticket(category="0101", suggestion={**proposal, "accepted": "0101"})
    page = browser.get("/model/drift").text
    assert "71.0%" in page
    assert "20261101-m1" in page
    behind = "/model/drift/tickets?monday=2026-11-23&amp;figure=not_taken"
    assert behind in page
    assert f"/tickets/{number}" in browser.get(behind.replace("&amp;", "&")).text
    assert browser.get("/model/drift/tickets?monday=soon").status_code == 422
