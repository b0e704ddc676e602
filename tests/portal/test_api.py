"""/api/v1 by its endpoints: the whole way of a ticket, pages, repeated requests, masks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.models.people import ViewLog
from dispatch.models.tickets import Ticket
from dispatch.service import intake, tokens
from tests.portal.town import MONDAY, Town

BODY = {"content": "路灯不亮，晚上看不见路", "kind": "assistance", "phone": "13812345678"}


def test_a_token_says_whose_it_is(quiet_town: Town) -> None:
    assert quiet_town.system("chengguan").get("/api/v1/me").json() == {
        "login": "chengguan",
        "name": "chengguan员",
        "role": "department",
        "role_label": "承办单位",
        "department": "城管局",
        "extension": None,
    }


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic d2FuZzp4"])
def test_without_a_good_token_nothing_opens(quiet_town: Town, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    answer = TestClient(quiet_town.app).get("/api/v1/tickets", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "sign-in-required"


def test_a_revoked_token_is_dead(town: Town) -> None:
    system = town.system("wang")
    assert system.get("/api/v1/me").status_code == 200
    with town.database.work() as session:
        assert tokens.revoke_tokens(session, "wang", now=MONDAY) == 1
    assert system.get("/api/v1/me").status_code == 401


def test_a_ticket_goes_the_whole_way(town: Town) -> None:
    agent, dispatcher = town.system("wang"), town.system("li")
    unit, centre, caller = town.system("chengguan"), town.system("zhong"), town.system("hui")
    made = agent.post("/api/v1/tickets", json=BODY)
    assert made.status_code == 201
    number = made.json()["ticket"]["number"]
    assert len(made.json()["query_code"]) == 6
    at = f"/api/v1/tickets/{number}"
    assert made.headers["location"] == at

    def step(client: TestClient, action: str, **body: object) -> str:
        answer = client.post(f"{at}/{action}", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["status"])

    assert step(dispatcher, "dispatch", department="CG", opinion="请办理") == "dispatched"
    assert "acknowledge" in unit.get(at).json()["actions"]
    assert unit.get(at).json()["due_at"] is not None
    assert step(unit, "acknowledge") == "acknowledged"
    assert step(unit, "contact", note="电话联系了陈女士，约定明天到场") == "in_progress"
    assert step(unit, "complete", public_reply="已更换三盏路灯，今晚恢复照明。") == "completed"
    assert step(centre, "send-back", reason_code="no_facts", reason="请写明位置") == "in_progress"
    reply = "已更换南门外三盏路灯，今晚恢复照明。"
    assert step(unit, "complete", public_reply=reply) == "completed"
    assert step(centre, "pass-audit") == "follow_up"
    closed = step(caller, "follow-up", reached=True, solved="resolved", rating="satisfied")
    assert closed == "closed"
    assert step(centre, "reopen", reason="诉求人来电说又坏了") == "reopened"
    labels = [event["label"] for event in agent.get(f"{at}/events").json()]
    assert labels[:4] == ["受理", "派单", "签收", "联系诉求人"]
    assert labels[-1] == "退回重办"


def test_two_people_pressing_the_same_button_are_told_apart(town: Town) -> None:
    number = town.ticket()
    at = f"/api/v1/tickets/{number}"
    seen = town.system("li").get(at).json()["version"]
    body = {"department": "CG", "version": seen}
    first = town.system("li").post(f"{at}/dispatch", json=body)
    second = town.system("zhong").post(f"{at}/dispatch", json=body)
    assert first.status_code == 200
    assert second.status_code == 409
    assert second.json()["code"] == "changed-meanwhile"


def test_what_a_status_does_not_allow_is_refused_by_name(town: Town) -> None:
    number = town.ticket()
    answer = town.system("zhong").post(f"/api/v1/tickets/{number}/pass-audit", json={})
    assert answer.status_code == 409
    assert answer.json()["code"] == "action-not-allowed"


def test_a_repeated_request_makes_one_ticket(town: Town) -> None:
    system = town.system("wang")
    key = {"Idempotency-Key": "upper-2026-0001"}
    first = system.post("/api/v1/tickets", json=BODY, headers=key)
    again = system.post("/api/v1/tickets", json=BODY, headers=key)
    assert first.status_code == again.status_code == 201
    assert first.json()["ticket"]["number"] == again.json()["ticket"]["number"]
    assert again.headers["idempotent-replayed"] == "true"
    other = system.post("/api/v1/tickets", json={**BODY, "place": "南门"}, headers=key)
    assert other.status_code == 422
    with town.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Ticket)) == 1


def test_a_failed_request_leaves_its_key_free(town: Town) -> None:
    system, key = town.system("wang"), {"Idempotency-Key": "k1"}
    bad = system.post("/api/v1/tickets", json={**BODY, "category": "9999"}, headers=key)
    assert bad.status_code == 422
    assert system.post("/api/v1/tickets", json=BODY, headers=key).status_code == 201


def test_one_accounts_key_is_not_anothers(town: Town) -> None:
    key = {"Idempotency-Key": "k1"}
    numbers = {
        town.system(login)
        .post("/api/v1/tickets", json={**BODY, "phone": phone}, headers=key)
        .json()["ticket"]["number"]
        for login, phone in (("wang", "13900000001"), ("li", "13900000002"))
    }
    assert len(numbers) == 2


def test_pages_join_without_gap_or_overlap(town: Town) -> None:
    made = []
    for i in range(7):
        made.append(town.ticket(content=f"第 {i} 件"))
        town.clock.advance(seconds=i % 2)
    system, found, cursor = town.system("li"), [], None
    for _ in range(4):
        query = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = system.get("/api/v1/tickets", params=query).json()
        found += [ticket["number"] for ticket in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == made[::-1]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "WyJ4IiwxXQ", "bnVsbA", "e30"])
def test_a_made_up_cursor_is_refused(quiet_town: Town, cursor: str) -> None:
    answer = quiet_town.system("li").get("/api/v1/tickets", params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["field"] == "cursor"


def test_a_list_is_narrowed_by_status_department_and_time(town: Town) -> None:
    early = town.ticket(content="早的一件")
    town.clock.advance(hours=3)
    late = town.ticket(content="晚的一件")
    system = town.system("li")
    system.post(f"/api/v1/tickets/{early}/dispatch", json={"department": "CG"})

    def numbers(**query: str) -> list[str]:
        page = system.get("/api/v1/tickets", params=query).json()
        return [ticket["number"] for ticket in page["items"]]

    assert numbers(status="open") == [late]
    assert numbers(department="CG") == [early]
    border = (MONDAY + timedelta(hours=1)).isoformat()
    assert numbers(**{"from": border}) == [late]
    assert numbers(to=border) == [early]
    naive = system.get("/api/v1/tickets", params={"from": "2026-11-23T00:00:00"})
    assert naive.status_code == 422


def test_a_department_sees_its_own_tickets_only(town: Town) -> None:
    number = town.ticket()
    town.system("li").post(f"/api/v1/tickets/{number}/dispatch", json={"department": "CG"})
    own = town.system("chengguan").get("/api/v1/tickets").json()["items"]
    other = town.system("zhujian").get("/api/v1/tickets").json()["items"]
    assert [ticket["number"] for ticket in own] == [number]
    assert other == []
    assert town.system("zhujian").get(f"/api/v1/tickets/{number}/events").status_code == 404


def test_a_confidential_requester_stays_unknown_to_the_department(town: Town) -> None:
    number = town.ticket(confidential=True)
    town.system("li").post(f"/api/v1/tickets/{number}/dispatch", json={"department": "CG"})
    seen = town.system("chengguan").get(f"/api/v1/tickets/{number}").json()
    assert (seen["requester_name"], seen["phone"]) == ("", "")
    assert town.system("li").get(f"/api/v1/tickets/{number}").json()["phone"] == "13812345678"
    assert town.system("zhang").get(f"/api/v1/tickets/{number}").json()["phone"] == ""


def test_who_reads_a_ticket_is_written_down(town: Town) -> None:
    number = town.ticket()
    town.system("li").get(f"/api/v1/tickets/{number}")
    with town.database.read() as session:
        assert session.scalars(select(ViewLog.what)).all() == ["api"]


def test_contacts_are_the_agents_own_or_the_centres_to_read(town: Town) -> None:
    for call_id, extension in (("hot1-1", "8001"), ("hot1-2", "8002")):
        call = CallRecord(
            call_id=call_id,
            direction=Direction.INBOUND,
            started_at=MONDAY,
            caller="13900001111",
            line="12329",
            agent=extension,
            queued_at=MONDAY,
            answered_at=MONDAY + timedelta(seconds=4),
            ended_at=MONDAY + timedelta(seconds=64),
            outcome=CallOutcome.ANSWERED,
        )
        with town.database.work() as session:
            intake.record_call(session, call, now=MONDAY)
    own = town.system("wang").get("/api/v1/contacts").json()["items"]
    assert [contact["call_id"] for contact in own] == ["hot1-1"]
    assert (own[0]["wait_s"], own[0]["talk_s"]) == (4.0, 60.0)
    assert town.system("wang").get("/api/v1/contacts/hot1-2").status_code == 404
    page = town.system("ban").get("/api/v1/contacts", params={"limit": 1}).json()
    rest = town.system("ban").get("/api/v1/contacts", params={"cursor": page["next_cursor"]}).json()
    assert [c["call_id"] for c in page["items"] + rest["items"]] == ["hot1-2", "hot1-1"]


def test_the_catalogue_is_listed(quiet_town: Town) -> None:
    system = quiet_town.system("wang")
    assert [d["code"] for d in system.get("/api/v1/departments").json()] == ["CG", "ZJ"]
    assert system.get("/api/v1/categories").json() == [
        {"code": "0101", "name": "占道经营", "parent": None}
    ]
    assert system.get("/api/v1/lines").json()[0]["number"] == "12345"


def test_a_town_without_a_model_suggests_nothing(quiet_town: Town) -> None:
    answer = quiet_town.system("wang").post("/api/v1/suggestions", json={"text": "烧烤油烟"})
    assert answer.json() == {"categories": [], "departments": [], "model_version": "none"}


def test_the_description_is_openapi_3_1_and_complete(quiet_town: Town) -> None:
    document = quiet_town.anyone().get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    schemas = document["components"]["schemas"]
    silent = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, about in schema.get("properties", {}).items()
        if name.endswith(("In", "Out")) and not about.get("description")
    ]
    assert not silent
    security = document["components"]["securitySchemes"]
    assert next(iter(security.values()))["scheme"] == "bearer"
