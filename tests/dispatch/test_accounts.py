"""Accounts, tokens, the throttle and repeated requests, on both databases and under contention."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from dispatch.bus import Database
from dispatch.domain.errors import InvalidInput, NotFound
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.people import Department, Staff
from dispatch.service import accounts, api_queries, throttle, tokens
from dispatch.service.api_queries import TicketFilter
from dispatch.service.api_requests import create_once
from dispatch.service.intake import RequestForm, open_ticket

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LIMIT = throttle.Limit(tries=3)


@pytest.fixture
def wang(database: Database) -> int:
    """An agent."""
    with database.work() as session:
        return accounts.create_staff(
            session, login="wang", name="王小燕", role=Role.AGENT, password_hash="hash"
        )


def together(count: int, act: Callable[[int], object]) -> list[object]:
    """Do it in so many threads at the same moment."""
    barrier = Barrier(count)

    def one(i: int) -> object:
        barrier.wait()
        return act(i)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_a_session_is_found_by_its_token_until_it_ends(database: Database, wang: int) -> None:
    with database.work() as session:
        fresh = accounts.start_session(session, wang, now=NOW)
    with database.work() as session:
        me = accounts.session_for(session, fresh.token, now=NOW + timedelta(hours=11))
        assert me is not None
        assert (me.login, me.csrf, me.stale) == ("wang", fresh.csrf, True)
        assert me.sign_in_id is not None
        accounts.touch_session(session, me.sign_in_id, now=NOW + timedelta(hours=11))
    with database.read() as session:
        later = NOW + timedelta(hours=22)
        assert accounts.session_for(session, fresh.token, now=later) is not None
        assert accounts.session_for(session, fresh.token + "x", now=later) is None
        ended = later + timedelta(hours=2)
        assert accounts.session_for(session, fresh.token, now=ended) is None
        assert not accounts.session_runs(session, me.sign_in_id, now=ended)


def test_a_token_dies_with_its_account(database: Database, wang: int) -> None:
    with database.work() as session:
        token = tokens.create_token(session, "wang", now=NOW)
        root = accounts.create_staff(
            session, login="root", name="管理员", role=Role.ADMIN, password_hash="hash"
        )
        actor = Actor(name="管理员", role=Role.ADMIN, staff_id=root)
        assert tokens.token_owner(session, token) is not None
        accounts.set_active(session, actor, "wang", False)
        assert tokens.token_owner(session, token) is None
        with pytest.raises(NotFound):
            tokens.create_token(session, "wang", now=NOW)
    assert wang


def test_guesses_at_the_same_moment_are_all_counted(database: Database) -> None:
    def guess(_: int) -> object:
        with database.work() as session:
            return throttle.count_failure(session, "subject", LIMIT, now=NOW)

    locked = together(4, guess)
    assert sorted(map(bool, locked)) == [False, False, True, True]
    with database.read() as session:
        assert throttle.locked_until(session, "subject", now=NOW) == NOW + LIMIT.pause
        assert throttle.locked_until(session, "other", now=NOW) is None
        assert throttle.locked_until(session, "subject", now=NOW + LIMIT.pause) is None


def test_a_right_answer_forgets_the_wrong_ones(database: Database) -> None:
    with database.work() as session:
        for _ in range(2):
            throttle.count_failure(session, "subject", LIMIT, now=NOW)
        throttle.forget(session, "subject")
        assert not throttle.count_failure(session, "subject", LIMIT, now=NOW)
        assert throttle.sweep_old(session, before=NOW + timedelta(days=1)) == 1


def test_a_request_that_arrives_twice_at_once_is_done_once(database: Database, wang: int) -> None:
    made: list[str] = []

    def send(i: int) -> object:
        def make() -> str:
            made.append(f"made by {i}")
            return made[-1]

        with database.work() as session:
            return create_once(session, wang, "key", "body", make, now=NOW)[0]

    assert len(set(together(4, send))) == 1
    assert len(made) == 1


def test_a_key_is_for_one_body_and_seven_days(database: Database, wang: int) -> None:
    def send(body: str, at: datetime) -> tuple[str, bool]:
        with database.work() as session:
            return create_once(session, wang, "key", body, lambda: f"for {body}", now=at)

    assert send("a", NOW) == ("for a", False)
    assert send("a", NOW) == ("for a", True)
    with pytest.raises(InvalidInput):
        send("b", NOW)
    assert send("b", NOW + timedelta(days=8)) == ("for b", False)


def test_pages_of_tickets_join_on_both_databases(database: Database, wang: int) -> None:
    actor = Actor(name="王小燕", role=Role.AGENT, staff_id=wang)
    made = []
    with database.work() as session:
        for i in range(5):
            form = RequestForm(content=f"第 {i} 件", kind=RequestKind.INQUIRY)
            at = NOW + timedelta(microseconds=i // 2)
            made.append(open_ticket(session, actor, form, now=at).number)
    found: list[str] = []
    cursor = None
    with database.read() as session:
        for _ in range(3):
            page = api_queries.list_tickets(session, actor, TicketFilter(), limit=2, cursor=cursor)
            found += [ticket.number for ticket in page.items]
            cursor = page.next_cursor
    assert found == made[::-1]
    assert cursor is None


def test_only_units_and_the_centre_have_somebody_in_charge(database: Database) -> None:
    with database.work() as s:
        s.add(Department(code="CG", name="城管局", short_name="城管局", tier=2, kind="bureau"))
        s.flush()
        made = {
            login: accounts.create_staff(
                s, login=login, name=login, role=role, department=unit, password_hash="x"
            )
            for login, role, unit in (
                ("root", Role.ADMIN, None),
                ("liaison", Role.DEPARTMENT, "CG"),
                ("agent", Role.AGENT, None),
            )
        }
        root = Actor(name="root", role=Role.ADMIN, staff_id=made["root"])
        accounts.set_approver(s, root, "liaison", True)
        assert accounts.actor_of(s.get_one(Staff, made["liaison"])).approver
        accounts.set_approver(s, root, "liaison", False)
        assert not accounts.actor_of(s.get_one(Staff, made["liaison"])).approver
        with pytest.raises(InvalidInput, match="负责人"):
            accounts.set_approver(s, root, "agent", True)
