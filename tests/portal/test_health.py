"""Health, readiness, figures for monitoring, and what every answer carries."""

from __future__ import annotations

import logging

import pytest

from portal.headers import content_policy
from tests.portal.town import Town


def test_readiness_names_the_part_that_is_not_ready(town: Town) -> None:
    assert town.monitor().get("/readyz").json() == {
        "status": "ok",
        "parts": {"database": "ok", "telephony": "ok"},
    }
    town.probes["telephony"] = "电话系统未连接"
    answer = town.monitor().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["telephony"] == "电话系统未连接"


def test_strangers_learn_neither_reasons_nor_figures(town: Town) -> None:
    town.probes["telephony"] = "录音目录 /srv/hotline 不能写入"
    for stranger in (town.monitor("8.8.8.8"), town.browser("wang")):
        answer = stranger.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["parts"] == {"database": "ok", "telephony": "unavailable"}
        assert stranger.get("/metrics").status_code == 403
    for keeper in (town.monitor("127.0.0.9"), town.browser("root")):
        assert "/srv/hotline" in keeper.get("/readyz").text
        assert "hotline_tickets" in keeper.get("/metrics").text


def test_metrics_count_what_is_stored_and_what_was_asked(town: Town) -> None:
    town.ticket()
    town.ticket()
    town.browser("wang").get("/account")
    text = town.monitor().get("/metrics").text
    assert 'hotline_tickets{status="open"} 2.0' in text
    assert "hotline_open_streams 0.0" in text
    assert 'hotline_request_seconds_count{method="GET",route="/account",status="2xx"} 1.0' in text


def test_two_applications_do_not_share_figures(town: Town, quiet_town: Town) -> None:
    quiet_town.anyone().get("/healthz")
    assert 'route="/healthz"' not in town.monitor().get("/metrics").text


def test_every_answer_carries_the_policy(quiet_town: Town) -> None:
    client = quiet_town.anyone()
    for path in ("/sign-in", "/nowhere", "/healthz", "/api/v1/me", "/openapi.json"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "connect-src 'self' ws://127.0.0.1:8388/ws" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_without_a_telephone_the_policy_opens_no_socket() -> None:
    assert "connect-src 'self';" in content_policy(())


def test_built_files_may_be_kept_by_their_version(quiet_town: Town) -> None:
    client = quiet_town.anyone()
    link = quiet_town.app.state.templates.globals["asset"]("app.css")
    if client.get(link).status_code == 404:
        pytest.skip("the pages' libraries are not built")
    assert "immutable" in client.get(link).headers["cache-control"]
    assert client.get(link.partition("?")[0]).headers["cache-control"] == "no-cache"


def test_a_request_keeps_the_number_a_proxy_gave_it(quiet_town: Town) -> None:
    client = quiet_town.anyone()
    given = client.get("/healthz", headers={"X-Request-ID": "proxy-12345678"})
    assert given.headers["x-request-id"] == "proxy-12345678"
    strange = client.get("/healthz", headers={"X-Request-ID": "<script>"})
    assert strange.headers["x-request-id"] != "<script>"


def test_the_access_log_holds_no_number_of_a_ticket(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    number = town.ticket()
    with caplog.at_level(logging.INFO, logger="hotline.access"):
        town.system("wang").get(f"/api/v1/tickets/{number}")
    line = caplog.records[-1]
    assert line.getMessage() == "GET /api/v1/tickets/{number} 200"
    assert number not in str(vars(line))
    assert vars(line)["login"] == "wang"
