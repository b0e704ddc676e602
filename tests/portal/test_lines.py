"""The pages of lines and what they order of the telephone system."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from dispatch.domain.call_ports import SilentTelephones, Telephones
from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.domain.errors import BadPlan, TelephonyUnavailable
from dispatch.domain.switch_plan import SwitchPlan
from dispatch.service import intake
from dispatch.service.switch_keeping import SwitchKeeper
from portal.app import create_app
from portal.deps import PortalContext
from tests.portal.town import Town

LINE = {
    "number": "12366",
    "name": "纳税缴费服务热线",
    "state": "sub_centre",
    "kind": "enterprise",
    "queue": "enterprise",
    "transfer_number": "0999-8012366",
    "department": "CG",
    "own_report": "1",
}


@dataclass
class Node:
    """A telephone system that can be away, or refuse."""

    town: Town
    telephones: SilentTelephones = field(default_factory=SilentTelephones)
    refusal: BadPlan | TelephonyUnavailable | None = None

    @property
    def nodes(self) -> tuple[str, ...]:
        return ("hot1",)

    def applied(self, node: str) -> str:
        if isinstance(self.refusal, TelephonyUnavailable):
            raise self.refusal
        return self.telephones.applied(node)

    def apply(self, node: str, plan: SwitchPlan) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.telephones.apply(node, plan)

    @property
    def context(self) -> PortalContext:
        context = self.town.app.state.context
        assert isinstance(context, PortalContext)
        return context

    @property
    def keeper(self) -> SwitchKeeper:
        """What the interval job asks."""
        context = self.context
        return SwitchKeeper(context.db, context.rulebook, self, context.seal)  # type: ignore[arg-type]


@pytest.fixture
def node(town: Town) -> Node:
    """The town with a telephone system one can put out of order."""
    made = Node(town)
    silent = SilentTelephones.all()
    ports = Telephones(
        desk=silent.desk,
        supervising=silent.supervising,
        call_backs=silent.call_backs,
        marks=silent.marks,
        switch=made,  # type: ignore[arg-type]
    )
    town.app = create_app(replace(town.app.state.context, telephones=ports))
    return made


def posted(browser: TestClient, **changed: str) -> Response:
    return browser.post("/admin/lines", data={**LINE, **changed})


def test_the_centre_registers_a_line_and_the_list_shows_it(town: Town) -> None:
    browser = town.browser("zhong")
    assert posted(browser).headers["location"] == "/admin/lines?done=saved"
    page = browser.get("/admin/lines?done=saved").text
    assert 'data-testid="line-12366"' in page
    assert "设分中心" in page
    assert "企业服务队列" in page
    assert "几秒后在电话系统生效" in page
    assert "12366" not in browser.get("/admin/lines?q=旅游").text


def test_a_wrong_value_is_named_and_nothing_typed_is_lost(town: Town) -> None:
    answer = posted(town.browser("zhong"), number="12x", name="税务")
    assert answer.status_code == 422
    assert "3 到 16 位数字" in answer.text
    assert 'value="税务"' in answer.text
    assert '<details class="panel" open>' in answer.text


def test_two_people_at_once_and_the_second_is_told(town: Town) -> None:
    browser = town.browser("zhong")
    posted(browser)
    assert posted(browser, version="1", name="甲").status_code == 303
    late = posted(town.browser("root"), version="1", name="乙")
    assert late.status_code == 409
    assert "刚刚被其他人改过" in late.text
    assert 'value="乙"' in late.text
    assert "甲" in browser.get("/admin/lines/12366").text


def test_the_number_of_calls_leads_to_as_many_rows(town: Town) -> None:
    start = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    with town.database.work() as session:
        for place in range(3):
            intake.record_call(
                session,
                CallRecord(
                    call_id=f"hot1-{place}",
                    direction=Direction.INBOUND,
                    caller=f"1390000000{place}",
                    line="12345",
                    started_at=start,
                    queued_at=start,
                    ended_at=start.replace(minute=2),
                    outcome=CallOutcome.ABANDONED_IN_QUEUE,
                ),
                now=town.clock.now,
            )
    browser = town.browser("zhong")
    assert '<a href="/admin/lines/12345?days=7#calls">3</a>' in browser.get("/admin/lines").text
    page = browser.get("/admin/lines/12345?days=7").text
    assert page.count("排队中挂断") == 3
    assert "13900000002" in page
    assert "0.0%" in page


def test_the_register_goes_out_and_comes_back(town: Town) -> None:
    browser = town.browser("zhong")
    posted(browser)
    exported = browser.get("/admin/lines/export.csv").content
    assert exported.startswith("\ufeff号码,名称,归并方式".encode())
    same = browser.post("/admin/lines/import", files={"file": ("lines.csv", exported)})
    assert "新增 0 条，修改 0 条，2 条没有变化" in same.text
    changed = exported.decode("utf-8-sig").replace("纳税缴费服务热线", "税费服务热线")
    browser.post("/admin/lines/import", files={"file": ("lines.csv", changed.encode("gb18030"))})
    assert "税费服务热线" in browser.get("/admin/lines").text
    wrong = browser.post("/admin/lines/import", files={"file": ("x.csv", "号码\n1".encode())})
    assert wrong.status_code == 422
    assert "缺少：名称、归并方式" in wrong.text


def test_a_change_is_applied_by_itself_once(node: Node, town: Town) -> None:
    now = town.clock.now
    node.keeper.look(now)
    node.keeper.look(now)
    assert len(node.telephones.asked) == 1
    posted(town.browser("zhong"))
    node.keeper.look(now)
    plan = node.telephones.asked[-1]
    assert isinstance(plan, SwitchPlan)
    assert {line.number for line in plan.lines} == {"12345", "12366"}
    assert len(node.telephones.asked) == 2
    assert "已生效" in town.browser("zhong").get("/admin/lines").text


def test_a_plan_that_does_not_take_is_shown_and_tried_again_later(node: Node, town: Town) -> None:
    node.refusal = BadPlan("电话系统没有接受新方案（app_queue.so）")
    browser, now = town.browser("root"), town.clock.now
    node.keeper.look(now)
    assert "app_queue.so" in browser.get("/admin/lines").text
    node.refusal = None
    town.clock.advance(seconds=30)
    node.keeper.look(town.clock.now)
    assert node.telephones.asked == []
    town.clock.advance(seconds=31)
    node.keeper.look(town.clock.now)
    assert len(node.telephones.asked) == 1
    assert "app_queue.so" not in browser.get("/admin/lines").text


def test_the_button_applies_at_once_and_says_who_pressed_it(node: Node, town: Town) -> None:
    node.refusal = BadPlan("磁盘已满")
    browser = town.browser("root")
    assert "磁盘已满" in browser.post("/admin/lines/apply", data={"node": "hot1"}).text
    node.refusal = None
    answer = browser.post("/admin/lines/apply", data={"node": "hot1"})
    assert answer.headers["location"] == "/admin/lines?done=applied"
    assert "root员手工应用" in browser.get("/admin/lines").text


def test_a_telephone_system_that_is_away_gets_the_plan_when_it_is_back(
    node: Node, town: Town
) -> None:
    node.refusal = TelephonyUnavailable()
    node.keeper.look(town.clock.now)
    refused = town.browser("root").post("/admin/lines/apply", data={"node": "hot1"})
    assert refused.status_code == 503
    assert "恢复后自动生效" in refused.text
    node.refusal = None
    node.keeper.look(town.clock.now)
    assert len(node.telephones.asked) == 1


def test_other_systems_read_the_whole_register(town: Town, tmp_path: Path) -> None:
    posted(town.browser("zhong"), effective_from="2026-12-01")
    listed = town.system("wang").get("/api/v1/lines").json()
    found = next(one for one in listed if one["number"] == "12366")
    assert found == {
        "number": "12366",
        "name": "纳税缴费服务热线",
        "state": "sub_centre",
        "kind": "enterprise",
        "queue": "enterprise",
        "standing": "coming",
        "effective_from": "2026-12-01",
        "effective_to": None,
        "transfer_number": "0999-8012366",
        "language": "",
        "department": "CG",
        "own_report": True,
        "version": 1,
    }
