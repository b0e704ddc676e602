"""The access log of listening: kept by mode, closed by leg, seen or not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.call_terms import ListeningKind, ListenMode
from dispatch.domain.calls import AgentSeen, CallRecord, Direction, ListeningEnded, ListeningsAlive
from dispatch.domain.errors import InvalidInput, NotInTalk, RoleNotAllowed
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.ports import AgentState
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.telephone import ListeningLog
from dispatch.service import (
    accounts,
    intake,
    listening,
    listening_live,
    listening_queries,
    seats,
    seats_seen,
)
from dispatch.service.listening_queries import ListeningFilter
from dispatch.service.rulebook import RuleBook
from hotline.store import DatabaseSink

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def person(database: Database, login: str, role: Role, extension: str | None) -> Actor:
    with database.work() as session:
        staff_id = accounts.create_staff(
            session,
            login=login,
            name=f"{login}员",
            role=role,
            password_hash="-",
            extension=extension,
        )
    return Actor(name=f"{login}员", role=role, staff_id=staff_id, extension=extension)


@pytest.fixture
def agent(database: Database, rules: Rules) -> Actor:
    """An agent who talks with a citizen since now."""
    actor = person(database, "wang", Role.AGENT, "8001")
    with database.work() as session:
        seats.set_seat(session, actor, AgentState.READY, rules, now=NOW)
    talking(database, rules, "c-1")
    return actor


def talking(
    database: Database, rules: Rules, call_id: str, *, agent: str = "8001", at: datetime = NOW
) -> None:
    told = CallRecord(
        call_id=call_id,
        direction=Direction.INBOUND,
        caller="13912345678",
        line="12345",
        queue="hotline",
        started_at=NOW,
        queued_at=NOW,
        answered_at=NOW,
        agent=agent,
    )
    with database.work() as session:
        intake.record_call(session, told, now=NOW)
        seen = AgentSeen(extension="8001", state=AgentState.TALKING, since=at, call_id=call_id)
        seats_seen.record_seen(session, seen, rules, at)


@pytest.fixture
def supervisor(database: Database) -> Actor:
    """A supervisor with a telephone."""
    return person(database, "ban", Role.SUPERVISOR, "8301")


def begin(database: Database, who: Actor, at: datetime = NOW, reason: str = "日常质检") -> int:
    with database.work() as session:
        return listening_live.begin(
            session, who, "8001", ListenMode.LISTEN, reason=reason, now=at
        ).leg


def open_rows(database: Database) -> list[int]:
    with database.read() as session:
        rows = session.scalars(
            select(ListeningLog.id).where(ListeningLog.until.is_(None)).order_by(ListeningLog.id)
        )
        return list(rows)


def test_the_end_of_a_leg_closes_whatever_mode_it_was_in(
    database: Database, rules: Rules, agent: Actor, supervisor: Actor
) -> None:
    leg = begin(database, supervisor)
    with database.work() as session:
        listening_live.change(
            session, supervisor, ListenMode.WHISPER, now=NOW + timedelta(seconds=5)
        )
    assert leg not in open_rows(database)
    assert len(open_rows(database)) == 1
    sink = DatabaseSink(database, RuleBook(database, rules), lambda: NOW)
    ended = ListeningEnded(listening_id=leg, at=NOW + timedelta(seconds=9))
    sink.take([ended, ended])
    assert open_rows(database) == []
    with database.read() as session:
        rows = listening_queries.listening_log(session, supervisor, ListeningFilter())
    assert [(row.kind, row.seconds(NOW)) for row in rows] == [
        (ListeningKind.WHISPER, 4.0),
        (ListeningKind.LISTEN, 5.0),
    ]


def test_the_same_mode_again_is_no_new_row(
    database: Database, agent: Actor, supervisor: Actor
) -> None:
    leg = begin(database, supervisor)
    with database.work() as session:
        listening_live.change(session, supervisor, ListenMode.LISTEN, now=NOW)
    assert open_rows(database) == [leg]


def test_a_leg_that_vanished_unseen_is_closed_and_others_stay(
    database: Database, rules: Rules, agent: Actor, supervisor: Actor
) -> None:
    other = person(database, "zhong", Role.CENTER, "8401")
    gone, lasting = begin(database, supervisor), begin(database, other)
    later = begin(database, person(database, "tang", Role.SUPERVISOR, "8302"), at=NOW)
    with database.work() as session:
        listening_live.change(session, other, ListenMode.BARGE, now=NOW)
    sink = DatabaseSink(database, RuleBook(database, rules), lambda: NOW)
    alive = ListeningsAlive(
        at=NOW + timedelta(seconds=3), listening_ids=frozenset({lasting, later})
    )
    sink.take([alive])
    assert gone not in open_rows(database)
    assert len(open_rows(database)) == 2
    # What began after the question is not judged by its answer.
    young = begin(database, supervisor, at=NOW + timedelta(seconds=4))
    sink.take([alive])
    assert young in open_rows(database)


def test_a_recording_is_over_as_soon_as_it_was_given_out(
    database: Database, supervisor: Actor
) -> None:
    with database.work() as session:
        row = listening.log(session, supervisor, ListeningKind.PLAY, now=NOW, reason="核对地址")
        assert row.until == NOW
        with pytest.raises(RoleNotAllowed):
            listening.log(session, SYSTEM, ListeningKind.PLAY, now=NOW)


@pytest.mark.parametrize(
    "role", [Role.AGENT, Role.DISPATCHER, Role.FOLLOW_UP, Role.DEPARTMENT, Role.LEADER, Role.ADMIN]
)
def test_only_supervisors_and_the_centre_listen(
    database: Database, agent: Actor, role: Role
) -> None:
    curious = Actor(name="hao员", role=role, staff_id=agent.staff_id, extension="8009")
    with pytest.raises(RoleNotAllowed):
        begin(database, curious)
    with database.work() as session:
        with pytest.raises(RoleNotAllowed):
            listening_live.take_over(session, curious, "8001", now=NOW)
        with pytest.raises(RoleNotAllowed):
            listening_live.release(session, curious, "8001", to="end", now=NOW)
    assert open_rows(database) == []


def test_a_listening_needs_a_reason_and_a_talk(
    database: Database, rules: Rules, agent: Actor, supervisor: Actor
) -> None:
    with pytest.raises(InvalidInput):
        begin(database, supervisor, reason="  ")
    with database.work() as session:
        over = CallRecord(
            call_id="c-1", direction=Direction.INBOUND, started_at=NOW, ended_at=NOW, agent="8001"
        )
        intake.record_call(session, over, now=NOW)
    with pytest.raises(NotInTalk):
        begin(database, supervisor)


def test_a_transferred_talk_is_found_by_the_seat(
    database: Database, rules: Rules, agent: Actor, supervisor: Actor
) -> None:
    # The contact stays with whoever answered first; the seat knows who talks now.
    with database.work() as session:
        over = CallRecord(
            call_id="c-1", direction=Direction.INBOUND, started_at=NOW, ended_at=NOW, agent="8001"
        )
        intake.record_call(session, over, now=NOW)
    talking(database, rules, "c-2", agent="8002", at=NOW + timedelta(seconds=1))
    leg = begin(database, supervisor)
    with database.read() as session:
        (row,) = listening_queries.listening_log(session, supervisor, ListeningFilter())
    assert (row.id, row.call_id, row.whom) == (leg, "c-2", "wang员")
