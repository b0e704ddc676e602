"""What goes wrong is told in the reader's form: page, fragment, or problem details."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.domain import errors as domain_errors
from dispatch.domain.errors import HotlineError, InvalidInput
from portal.errors import HTTP_STATUS, TITLES
from tests.portal.town import Town

PROBLEM = "application/problem+json"


def test_every_refusal_of_the_domain_has_a_status_and_a_title() -> None:
    refusals = [
        thing
        for thing in vars(domain_errors).values()
        if isinstance(thing, type) and issubclass(thing, HotlineError) and thing is not HotlineError
    ]
    assert len(refusals) > 10
    assert not [cls.__name__ for cls in refusals if cls not in HTTP_STATUS]
    assert set(HTTP_STATUS.values()) <= set(TITLES)


def test_an_unknown_page_says_so_in_chinese(quiet_town: Town) -> None:
    answer = quiet_town.anyone().get("/nowhere")
    assert answer.status_code == 404
    assert "这个页面不存在" in answer.text
    assert "<html" in answer.text


def test_an_unknown_address_of_the_api_gets_problem_details(quiet_town: Town) -> None:
    answer = quiet_town.anyone().get("/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == PROBLEM
    body = answer.json()
    assert body["code"] == "not-found"
    assert body["status"] == 404
    assert body["instance"] == answer.headers["x-request-id"]
    assert {"type", "title", "detail"} <= set(body)


def test_a_wrong_method_is_answered_with_those_that_are_right(quiet_town: Town) -> None:
    answer = quiet_town.anyone().delete("/api/v1/tickets")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method-not-allowed"
    assert "GET" in answer.headers["allow"]


def test_htmx_gets_a_fragment_that_leaves_the_form_alone(quiet_town: Town) -> None:
    client = quiet_town.browser("chengguan")
    answer = client.post("/tickets/20200101000001/acknowledge", headers={"HX-Request": "true"})
    assert answer.status_code == 404
    assert answer.headers["hx-retarget"] == "#flash"
    assert "<html" not in answer.text
    assert "没有找到工单" in answer.text


def test_a_missing_and_an_invisible_ticket_are_not_told_apart(town: Town) -> None:
    number = town.ticket()
    stranger = town.system("zhujian")
    unseen = stranger.get(f"/api/v1/tickets/{number}")
    missing = stranger.get("/api/v1/tickets/20200101000001")
    assert unseen.status_code == missing.status_code == 404
    told = unseen.json()["detail"].replace(number, "N")
    assert told == missing.json()["detail"].replace("20200101000001", "N")


def test_bad_fields_are_named_in_chinese(quiet_town: Town) -> None:
    answer = quiet_town.system("wang").post("/api/v1/tickets", json={"kind": "x", "surprise": 1})
    assert answer.status_code == 422
    body = answer.json()
    found = {error["field"]: error["message"] for error in body["errors"]}
    assert found["content"] == "缺少这一项"
    assert found["surprise"] == "没有这一项"
    assert "complaint" in found["kind"]


def test_a_body_that_is_not_json_is_refused(quiet_town: Town) -> None:
    answer = quiet_town.system("wang").post(
        "/api/v1/tickets", content=b"{", headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422
    assert "不是有效的 JSON" in answer.json()["detail"]


def test_a_body_of_many_megabytes_is_refused(quiet_town: Town) -> None:
    answer = quiet_town.system("wang").post(
        "/api/v1/tickets", json={"content": "长" * 2_000_000, "kind": "complaint"}
    )
    assert answer.status_code == 413
    assert answer.headers["content-type"] == PROBLEM


def test_a_body_that_hides_its_length_is_cut_off(quiet_town: Town) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 100_000

    answer = quiet_town.system("wang").post(
        "/api/v1/tickets", content=endless(), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413
    assert answer.json()["code"] == "too-large"


def test_a_crash_tells_nothing_of_the_inside_but_a_number(town: Town) -> None:
    town.app.state.metrics = None  # any defect of ours will do
    answer = town.monitor().get("/metrics")
    assert answer.status_code == 500
    assert "NoneType" not in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_lost_database_is_told_as_such_and_heals_by_itself(town: Town, tmp_path: Path) -> None:
    page, system = town.browser("wang"), town.system("wang")
    file, away = tmp_path / "town.db", tmp_path / "away.db"
    town.database.engines.dispose()
    file.rename(away)
    file.mkdir()  # cannot be opened as a database
    told = page.get("/account")
    assert told.status_code == 503
    assert "数据库暂时连接不上" in told.text
    assert system.get("/api/v1/me").json()["code"] == "database-unavailable"
    ready = town.monitor().get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["parts"]["database"] == "数据库连接不上"
    assert town.anyone().get("/healthz").status_code == 200
    file.rmdir()
    away.rename(file)
    assert page.get("/account").status_code == 200


def test_an_error_keeps_the_field_it_is_about() -> None:
    assert InvalidInput("请填写", field="content").field == "content"


@pytest.mark.parametrize(
    ("login", "path"),
    [
        ("wang", "/recordings/99999999999999999999"),
        ("wang", "/agent/contact/99999999999999999999"),
    ],
)
def test_a_number_no_column_can_hold_is_bad_input_and_no_crash(
    quiet_town: Town, login: str, path: str
) -> None:
    answer = quiet_town.browser(login).get(path)
    assert answer.status_code == 422
    assert "填写内容有误" in answer.text
