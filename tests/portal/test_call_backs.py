"""The page of call-backs: counts and figures open their rows, buttons do what they say."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from dispatch.bus import Feed
from dispatch.domain.call_ports import OutboundCall, SilentTelephones
from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.models.contacts import Contact
from dispatch.models.telephone import CallBack
from dispatch.service import call_backs, intake
from portal.live import messages_for
from tests.portal.town import MONDAY, Town

RULES = Rules(load_profile("default"), load_calendar())
CITIZEN = "13812345678"


def missed(
    town: Town,
    name: str,
    caller: str | None = CITIZEN,
    *,
    outcome: CallOutcome = CallOutcome.ABANDONED_IN_QUEUE,
    answered: float | None = None,
    start: float = 0,
    direction: Direction = Direction.INBOUND,
) -> int:
    """One call of twenty seconds; return its contact."""
    began = MONDAY + timedelta(seconds=start)
    record = CallRecord(
        call_id=name,
        direction=direction,
        started_at=began,
        queued_at=began,
        caller=caller if direction is Direction.INBOUND else "8001",
        line="12345" if direction is Direction.INBOUND else caller,
        queue="hotline",
        answered_at=None if answered is None else began + timedelta(seconds=answered),
        agent=None if answered is None else "8001",
        ended_at=began + timedelta(seconds=20),
        outcome=CallOutcome.ANSWERED if answered else outcome,
        voicemail="20261123/x-voicemail.wav" if outcome is CallOutcome.VOICEMAIL else None,
    )
    with town.database.work() as session:
        contact_id = intake.record_call(session, record, now=MONDAY)
        call_backs.note(session, contact_id, RULES, now=MONDAY)
        return contact_id


def page(browser: TestClient, query: str = "") -> str:
    answer = browser.get(f"/call-backs{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def number_at(text: str, name: str) -> int:
    found = re.search(rf'data-testid="{name}">(?:<strong class="num">)?(\d+)', text)
    assert found, name
    return int(found[1])


def listed(text: str) -> set[int]:
    return {int(one) for one in re.findall(r'<tr id="call-back-(\d+)"', text)}


def state_of(town: Town, call_back_id: int) -> CallBack:
    with town.database.read() as session:
        return session.get_one(CallBack, call_back_id)


def test_an_empty_list_says_what_will_appear(town: Town) -> None:
    assert "没有待回拨的来电" in page(town.browser("ban"))


def test_every_count_and_figure_opens_exactly_its_rows(town: Town) -> None:
    missed(town, "m1")
    missed(town, "m2", start=60)
    missed(town, "g1", "13900000001")
    missed(town, "g2", "13900000001", start=60, answered=5)
    missed(town, "d1", "13900000002")
    missed(town, "d2", "13900000002", start=60, answered=5, direction=Direction.OUTBOUND)
    missed(town, "h1", None)
    browser = town.browser("ban")
    text = page(browser)
    for tab in ("waiting", "done", "got_through", "unreached", "impossible", "cancelled", "all"):
        rows = listed(page(browser, f"?show={tab}"))
        assert number_at(text, f"count-{tab}") == len(rows), tab
    assert number_at(text, "figure-owed") == 4
    assert number_at(text, "figure-done") == 1
    assert number_at(text, "figure-quick") == len(listed(page(browser, "?show=done&quick=true")))
    assert number_at(text, "figure-got-through") == 1
    assert "来电没有显示号码" in page(browser, "?show=impossible")


def test_the_badge_counts_people_who_wait_and_messages(town: Town) -> None:
    missed(town, "m1")
    missed(town, "v1", "13900000009", outcome=CallOutcome.VOICEMAIL)
    assert ">3<" in town.browser("wang").get("/call-backs/count").text


def test_an_agent_sees_the_whole_number_of_what_is_his(town: Town) -> None:
    missed(town, "m1")
    wang = town.browser("wang")
    assert CITIZEN not in page(wang)
    assert "138****5678" in page(wang)
    assert wang.post("/call-backs/1/take").status_code == 303
    assert CITIZEN in page(wang)
    assert CITIZEN not in page(town.browser("zhao"))
    assert CITIZEN in page(town.browser("ban"))


def test_what_a_colleague_has_taken_is_not_mine_to_ring(town: Town) -> None:
    missed(town, "m1")
    town.browser("wang").post("/call-backs/1/take")
    zhao = town.browser("zhao")
    assert "wang员 已认领" in page(zhao)
    assert zhao.post("/call-backs/1/ring").status_code == 409
    assert town.browser("wang").post("/call-backs/1/leave").status_code == 303
    assert zhao.post("/call-backs/1/take").status_code == 303


def test_ringing_by_hand_rings_the_agent_first_and_only_once(town: Town) -> None:
    missed(town, "m1")
    wang = town.browser("wang")
    answer = wang.post("/call-backs/1/ring")
    assert answer.headers["location"] == "/call-backs?said=ring"
    assert "正在呼叫您的分机" in page(wang, "?said=ring")
    assert wang.post("/call-backs/1/ring").status_code == 409
    desk = town.app.state.context.telephones.desk
    assert isinstance(desk, SilentTelephones)
    (call,) = [one for one in desk.asked if isinstance(one, OutboundCall)]
    row = state_of(town, 1)
    assert (call.extension, call.number, call.channel_id) == ("8001", CITIZEN, row.call_id)
    assert row.state == "calling"


def test_the_dialling_rules_hold_for_call_backs(town: Town) -> None:
    missed(town, "m1")
    town.clock.advance(hours=14)  # midnight in the city
    answer = town.browser("wang").post("/call-backs/1/ring")
    assert answer.status_code == 403
    assert state_of(town, 1).state == "waiting"
    assert state_of(town, 1).claimed_by_id is None


def test_cancelling_needs_a_reason_and_can_be_taken_back(town: Town) -> None:
    missed(town, "m1")
    ban = town.browser("ban")
    assert ban.post("/call-backs/1/cancel", data={"reason": " "}).status_code == 422
    answer = ban.post("/call-backs/1/cancel", data={"reason": "已到窗口办理"})
    assert answer.headers["location"] == "/call-backs?undo=1"
    assert 'data-testid="undo"' in page(ban, "?undo=1")
    assert "ban员：已到窗口办理" in page(ban, "?show=cancelled")
    assert ban.post("/call-backs/1/restore").status_code == 303
    assert state_of(town, 1).state == "waiting"
    assert ban.post("/call-backs/1/restore").status_code == 409


def test_a_cancelled_one_is_not_restored_beside_another(town: Town) -> None:
    missed(town, "m1")
    ban = town.browser("ban")
    ban.post("/call-backs/1/cancel", data={"reason": "重复"})
    missed(town, "m2", start=60)
    assert ban.post("/call-backs/1/restore").status_code == 409


def test_a_message_is_written_up_on_the_console_and_leaves_the_list(town: Town) -> None:
    contact_id = missed(town, "v1", outcome=CallOutcome.VOICEMAIL)
    wang = town.browser("wang")
    text = page(wang, "?show=voicemail")
    sound = f"/recordings/{contact_id}?voicemail=1"
    # An agent hears what is his; the centre's other desks hear every message.
    assert sound not in text
    assert sound in page(town.browser("ban"), "?show=voicemail")
    assert number_at(text, "count-voicemail") == 1
    answer = wang.post(f"/voicemails/{contact_id}/take")
    assert answer.headers["location"] == f"/agent/contact/{contact_id}"
    assert sound in wang.get(f"/agent/contact/{contact_id}").text
    assert town.browser("zhao").post(f"/voicemails/{contact_id}/take").status_code == 409
    saved = wang.post(
        "/agent/save",
        data={
            "contact_id": str(contact_id),
            "action": "ticket",
            "content": "留言：春晓路路灯不亮",
            "kind": "report",
            "urgency": "routine",
        },
        headers={"HX-Request": "true"},
    )
    assert saved.status_code == 200, saved.text
    with town.database.read() as session:
        assert session.get_one(Contact, contact_id).disposition == "ticket", saved.text[-2000:]
    assert number_at(page(wang), "count-voicemail") == 0


def test_an_ordinary_call_cannot_be_taken_as_a_message(town: Town) -> None:
    contact_id = missed(town, "m1")
    assert town.browser("wang").post(f"/voicemails/{contact_id}/take").status_code == 404


def test_other_systems_read_the_same_rows(town: Town) -> None:
    missed(town, "m1")
    missed(town, "h1", None)
    found = town.system("ban").get("/api/v1/call-backs?state=waiting").json()
    (row,) = found["items"]
    assert (row["number"], row["state"], row["missed_calls"]) == (CITIZEN, "waiting", 1)
    assert len(town.system("ban").get("/api/v1/call-backs").json()["items"]) == 2
    masked = town.system("wang").get("/api/v1/call-backs").json()["items"]
    assert {row["number"] for row in masked} == {"138****5678", "未显示号码"}
    assert town.system("ban").get("/api/v1/call-backs?state=mine").status_code == 422


@pytest.mark.parametrize(("login", "hears"), [("wang", True), ("ban", True), ("li", False)])
def test_whoever_has_the_list_hears_of_its_changes(town: Town, login: str, hears: bool) -> None:
    feed = Feed(town.database)
    missed(town, "m1")
    told = messages_for(town.actor(login), feed.take(), {})
    assert ("call_back" in {one.event for one in told}) is hears


def test_the_calls_of_a_call_back_are_found_from_it(town: Town) -> None:
    first = missed(town, "m1")
    second = missed(town, "m2", start=60)
    with town.database.read() as session:
        linked = session.scalars(select(Contact.id).where(Contact.call_back_id == 1)).all()
    assert set(linked) == {first, second}
    assert f"/calls/{second}" in page(town.browser("ban"))
