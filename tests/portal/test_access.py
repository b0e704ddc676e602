"""Every route × every role, answer by answer; nothing is reachable that is not written here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dispatch.domain.vocabulary import Role
from dispatch.service import throttle
from portal.access import ACCESS
from tests.portal.access_rows import READERS, ROWS
from tests.portal.town import Town

# What a path's parameters become: things that do not exist, so that no test changes anything.
PARAMETERS = {"number": "20200101000001", "login": "nobody", "call_id": "none"}
# Served by the framework to everybody, before any of our own code runs.
FRAMEWORK = {("GET", "/openapi.json"), ("HEAD", "/openapi.json")}


def routes(town: Town) -> set[tuple[str, str]]:
    """Method and template of every route of the application."""
    found: set[tuple[str, str]] = set()

    def walk(entries: list[Any]) -> None:
        for entry in entries:
            inner = getattr(entry, "original_router", None)
            if inner is not None:
                walk(inner.routes)
            for method in getattr(entry, "methods", None) or ():
                found.add((method, entry.path))

    walk(town.app.routes)
    return found - FRAMEWORK


def ask(town: Town, reader: str, method: str, path: str) -> int:
    """The status this reader gets; `-` is somebody not signed in."""
    for name in re.findall(r"{(\w+)[^}]*}", path):
        path = re.sub(rf"{{{name}[^}}]*}}", PARAMETERS.get(name, "0"), path)
    if path.startswith("/api/"):
        client = TestClient(town.app) if reader == "-" else town.system(reader)
    else:
        client = town.anyone() if reader == "-" else town.browser(reader)
    with town.database.work() as session:
        throttle.sweep_old(session, before=town.clock.now + timedelta(days=1))
    answer = client.request(method, path, follow_redirects=False)
    return int(answer.status_code)


def measured_rows(town: Town, wanted: set[tuple[str, str]]) -> Iterator[str]:
    """The rows as they are now, to be read by a person before they are written down."""
    for method, path in sorted(wanted, key=lambda row: (row[1], row[0])):
        answers = " ".join(str(ask(town, reader, method, path)) for reader in READERS)
        yield f"{method:4} {path:45} {answers}"


@pytest.mark.parametrize(("method", "path"), sorted(ROWS))
def test_a_route_answers_each_role_as_written(quiet_town: Town, method: str, path: str) -> None:
    expected = dict(zip(READERS, ROWS[method, path], strict=True))
    found = {reader: ask(quiet_town, reader, method, path) for reader in READERS}
    assert found == expected


def test_every_route_is_written_down(quiet_town: Town) -> None:
    missing = routes(quiet_town) - set(ROWS)
    measured = "\n".join(measured_rows(quiet_town, missing))
    assert not missing, f"add to tests/portal/access_rows.py, after reading:\n{measured}"


def test_no_row_is_left_of_a_route_that_is_gone(quiet_town: Town) -> None:
    assert not set(ROWS) - routes(quiet_town)
    assert not set(ACCESS) - routes(quiet_town)


def test_a_route_without_a_row_is_refused_to_everybody(town: Town) -> None:
    town.app.state.live.stop()

    @town.app.get("/forgotten")
    def forgotten() -> dict[str, str]:
        return {"secret": "told"}

    answers = {reader: ask(town, reader, "GET", "/forgotten") for reader in READERS}
    assert set(answers.values()) == {403}


def test_each_role_is_among_the_readers(quiet_town: Town) -> None:
    roles = {quiet_town.actor(reader).role for reader in READERS if reader != "-"}
    assert roles == set(Role) - {Role.SYSTEM}


def test_a_cookie_opens_no_api(quiet_town: Town) -> None:
    answer = quiet_town.browser("root").get("/api/v1/me")
    assert answer.status_code == 401


def test_a_token_opens_no_page(quiet_town: Town) -> None:
    answer = quiet_town.system("root").get("/admin", headers={"accept": "application/json"})
    assert answer.status_code == 401
