"""Signing in and out, the session's life, the throttle, and forged forms."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from dispatch.domain.errors import InvalidInput
from dispatch.domain.vocabulary import Role
from dispatch.service import accounts
from portal.auth import FORM_COOKIE, SESSION_COOKIE, check_new_password, hash_password
from portal.views.account import _inside
from tests.portal.town import PASSWORD, PASSWORD_HASH, Town


def form_token(client: TestClient, path: str = "/sign-in") -> str:
    """The token in the page's form."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def try_sign_in(client: TestClient, login: str, password: str, **more: str) -> int:
    """The status of one try."""
    data = {"csrf": form_token(client), "login": login, "password": password, **more}
    return int(client.post("/sign-in", data=data).status_code)


def test_the_right_password_opens_a_session(town: Town) -> None:
    client = town.anyone()
    assert try_sign_in(client, "wang", PASSWORD) == 303
    assert client.get("/account").status_code == 200


def test_a_wrong_password_keeps_the_login_that_was_typed(town: Town) -> None:
    client = town.anyone()
    data = {"csrf": form_token(client), "login": "wang", "password": "no"}
    answer = client.post("/sign-in", data=data)
    assert answer.status_code == 401
    assert 'value="wang"' in answer.text
    assert "账号或密码不正确" in answer.text


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(town: Town) -> None:
    client = town.anyone()
    answer = client.post(
        "/sign-in", data={"csrf": form_token(client), "login": "wang", "password": PASSWORD}
    )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(SESSION_COOKIE)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_over_https_the_cookie_is_secure(town: Town) -> None:
    client = TestClient(town.app, base_url="https://testserver", follow_redirects=False)
    answer = client.post(
        "/sign-in", data={"csrf": form_token(client), "login": "wang", "password": PASSWORD}
    )
    assert "Secure" in answer.headers["set-cookie"]


def test_neither_password_nor_token_is_stored(town: Town, tmp_path: Path) -> None:
    fresh = town.session("wang")
    stored = sqlite3.connect(tmp_path / "town.db")
    try:
        dump = "\n".join(stored.iterdump())
    finally:
        stored.close()
    assert fresh.token not in dump
    assert PASSWORD not in dump
    assert PASSWORD_HASH.startswith("$argon2id$")


def test_a_session_in_use_slides_and_an_idle_one_ends(town: Town) -> None:
    client = town.browser("wang")
    for _ in range(5):
        town.clock.advance(hours=6)
        assert client.get("/account").status_code == 200
    town.clock.advance(hours=12, seconds=1)
    assert client.get("/account").headers["location"].startswith("/sign-in?next=")


def test_signing_out_ends_the_session_on_the_server(town: Town) -> None:
    client = town.browser("wang")
    kept = client.cookies[SESSION_COOKIE]
    assert client.post("/sign-out").status_code == 303
    client.cookies.set(SESSION_COOKIE, kept)
    assert client.get("/account").status_code == 303


def test_five_wrong_passwords_lock_the_account_for_five_minutes(town: Town) -> None:
    client = town.anyone()
    assert [try_sign_in(client, "wang", "no") for _ in range(5)] == [401, 401, 401, 401, 429]
    assert try_sign_in(client, "wang", PASSWORD) == 429
    assert try_sign_in(client, "zhao", PASSWORD) == 303
    town.clock.advance(minutes=5, seconds=1)
    assert try_sign_in(town.anyone(), "wang", PASSWORD) == 303


def test_slow_guessing_is_not_locked_but_forgotten(town: Town) -> None:
    client = town.anyone()
    for _ in range(8):
        assert try_sign_in(client, "wang", "no") == 401
        town.clock.advance(minutes=2)


def test_one_password_tried_at_many_logins_is_slowed_by_address(town: Town) -> None:
    client = town.anyone()
    tried = [try_sign_in(client, f"nobody{n}", "no") for n in range(61)]
    assert tried == [401] * 60 + [429]
    assert try_sign_in(client, "wang", PASSWORD) == 429
    town.clock.advance(minutes=15, seconds=1)
    assert try_sign_in(client, "wang", PASSWORD) == 303


def test_nobody_learns_which_logins_exist(town: Town) -> None:
    client = town.anyone()

    def answers(login: str) -> list[str]:
        pages = []
        for _ in range(6):
            data = {"csrf": form_token(client), "login": login, "password": "no"}
            page = client.post("/sign-in", data=data)
            pages.append(f"{page.status_code} {page.text}".replace(login, "LOGIN"))
        return pages

    assert answers("wang") == answers("nobody")


def test_a_closed_account_is_out_at_once(town: Town) -> None:
    client = town.browser("wang")
    assert client.get("/account").status_code == 200
    assert town.browser("root").post("/admin/staff/wang/close").status_code == 303
    assert client.get("/account").status_code == 303
    assert try_sign_in(town.anyone(), "wang", PASSWORD) == 401


def test_a_form_without_our_token_changes_nothing(town: Town) -> None:
    client = town.browser("wang")
    del client.headers["X-CSRF-Token"]
    assert client.post("/sign-out").status_code == 403
    assert client.post("/sign-out", data={"csrf": "x" * 32}).status_code == 403
    assert client.get("/account").status_code == 200


def test_another_persons_token_does_not_fit(town: Town) -> None:
    client = town.browser("wang")
    client.headers["X-CSRF-Token"] = town.session("zhao").csrf
    assert client.post("/sign-out").status_code == 403


def test_a_form_of_another_site_is_refused_even_with_the_token(town: Town) -> None:
    client = town.browser("wang")
    assert client.post("/sign-out", headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post("/sign-out", headers={"origin": "http://testserver"}).status_code == 303


def test_the_public_form_needs_the_cookie_it_was_given_with(town: Town) -> None:
    client = town.anyone()
    token = form_token(client)
    client.cookies.delete(FORM_COOKIE)
    data = {"csrf": token, "login": "wang", "password": PASSWORD}
    assert client.post("/sign-in", data=data).status_code == 403


def test_a_changed_password_signs_other_browsers_out(town: Town) -> None:
    here, elsewhere = town.browser("wang"), town.browser("wang")
    data = {"current": PASSWORD, "password": "another sentence", "again": "another sentence"}
    assert here.post("/account/password", data=data).status_code == 200
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303
    assert try_sign_in(town.anyone(), "wang", "another sentence") == 303


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            {"current": "no", "password": "long enough 1", "again": "long enough 1"},
            "当前密码不正确",
        ),
        ({"current": PASSWORD, "password": "short", "again": "short"}, "密码至少 10 位"),
        ({"current": PASSWORD, "password": "long enough 1", "again": "x"}, "两次输入的密码不一致"),
    ],
)
def test_a_refused_password_change_says_why(
    town: Town, data: dict[str, str], sentence: str
) -> None:
    answer = town.browser("wang").post("/account/password", data=data)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_an_endless_password_is_refused_before_any_work() -> None:
    with pytest.raises(InvalidInput):
        check_new_password("x" * 100_000)


def test_two_hashes_of_one_password_differ() -> None:
    assert hash_password(PASSWORD) != PASSWORD_HASH


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/a\\b", "evil", "/\t/x", ""],
)
def test_nobody_is_led_outside_after_signing_in(target: str) -> None:
    assert _inside(target) == "/"


def test_after_signing_in_one_lands_where_one_wanted_to_go(town: Town) -> None:
    client = town.anyone()
    assert client.get("/account?x=1").headers["location"] == "/sign-in?next=%2Faccount%3Fx%3D1"
    data = {"csrf": form_token(client), "login": "wang", "password": PASSWORD}
    answer = client.post("/sign-in", data={**data, "next": "/account?x=1"})
    assert answer.headers["location"] == "/account?x=1"


def test_each_role_starts_at_its_own_place(town: Town) -> None:
    starts = {login: town.browser(login).get("/").headers["location"] for login in ("wang", "root")}
    assert starts == {"wang": "/agent", "root": "/admin"}


def test_an_account_cannot_be_made_twice_or_without_its_unit(town: Town) -> None:
    root = town.browser("root")
    again = root.post("/admin/staff", data={"login": "wang", "name": "王", "role": "agent"})
    assert again.status_code == 422
    assert "已经有人使用" in again.text
    bare = root.post("/admin/staff", data={"login": "new", "name": "新", "role": "department"})
    assert "必须选择所属单位" in bare.text


def test_a_new_account_signs_in_with_the_password_shown_once(town: Town) -> None:
    root = town.browser("root")
    page = root.post("/admin/staff", data={"login": "new", "name": "新来", "role": "leader"})
    shown = re.search(r'id="new-password">([^<]+)<', page.text)
    assert shown is not None
    assert shown[1] not in root.get("/admin").text
    assert try_sign_in(town.anyone(), "new", shown[1]) == 303


def test_an_administrator_cannot_lock_themselves_out(town: Town) -> None:
    root = town.browser("root")
    assert root.post("/admin/staff/root/close").status_code == 422
    assert root.get("/admin").status_code == 200


def test_a_staff_member_is_brought_in_line_by_a_second_founding(town: Town) -> None:
    with town.database.work() as session:
        before = accounts.password_hash_of(session, "wang")
        again = accounts.upsert_staff(
            session,
            login="wang",
            name="王小燕",
            role=Role.CENTER,
            password_hash=PASSWORD_HASH,
        )
        assert before is not None
        assert again == before[0]
    assert town.actor("wang").role is Role.CENTER
