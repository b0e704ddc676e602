"""The outbox: each message is handed over once, tried again with pauses, and given up openly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from dispatch.bus import Database
from dispatch.domain.errors import ActionNotAllowed, NotFound, RoleNotAllowed
from dispatch.domain.judging_terms import MessagePurpose, MessageState
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.judging import TextMessage
from dispatch.service import text_messages

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ADMIN = Actor(name="系统管理员", role=Role.ADMIN, staff_id=1)


def queued(database: Database, count: int = 1) -> list[int]:
    """Messages that wait to be sent."""
    with database.work() as session:
        rows = [
            text_messages.queue(
                session,
                number=f"1381234{n:04d}",
                purpose=MessagePurpose.SURVEY,
                words="请评价：{link}",
                due_at=NOW,
            )
            for n in range(count)
        ]
        return [row.id for row in rows]


def claim(database: Database, now: datetime, limit: int = 50) -> list[int]:
    """What one sender gets."""
    with database.work() as session:
        return [one.id for one in text_messages.claim_due(session, limit=limit, now=now)]


def refuse(database: Database, message_id: int, now: datetime, *, permanent: bool = False) -> bool:
    """The gateway does not take it; whether it was given up."""
    with database.work() as session:
        return text_messages.refused(
            session, message_id, "短信网关没有回应", permanent=permanent, now=now
        )


def row_of(database: Database, message_id: int) -> TextMessage:
    """The message as it is stored."""
    with database.read() as session:
        return session.get_one(TextMessage, message_id)


def test_two_senders_at_once_never_get_the_same_message(database: Database) -> None:
    wanted = set(queued(database, 40))
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: claim(database, NOW, 15), range(4)))
    while more := claim(database, NOW):
        taken.append(more)
    got = [one for some in taken for one in some]
    assert len(got) == len(set(got))
    assert set(got) == wanted


def test_a_message_whose_sender_died_is_offered_again_with_the_same_key(
    database: Database,
) -> None:
    (message,) = queued(database)
    with database.work() as session:
        (first,) = text_messages.claim_due(session, limit=5, now=NOW)
    assert claim(database, NOW + timedelta(minutes=4)) == []
    with database.work() as session:
        (again,) = text_messages.claim_due(session, limit=5, now=NOW + timedelta(minutes=5))
    assert first.id == again.id == message
    assert first.with_link("x").key == again.with_link("x").key


def test_a_message_that_was_sent_is_sent_no_more(database: Database) -> None:
    (message,) = queued(database)
    claim(database, NOW)
    with database.work() as session:
        assert text_messages.sent(session, message, "gw-1", now=NOW)
    with database.work() as session:
        assert not text_messages.sent(session, message, "gw-2", now=NOW)
    assert claim(database, NOW + timedelta(days=1)) == []
    row = row_of(database, message)
    assert (row.state, row.reference, row.tries) == (MessageState.SENT.value, "gw-1", 1)


def test_refusals_are_tried_again_ever_later_and_then_given_up(database: Database) -> None:
    (message,) = queued(database)
    now, pauses = NOW, []
    while claim(database, now) == [message]:
        if refuse(database, message, now):
            break
        due = row_of(database, message).due_at
        pauses.append(due - now)
        assert claim(database, due - timedelta(seconds=1)) == []
        now = due
    assert pauses == list(text_messages.PAUSES)
    row = row_of(database, message)
    assert (row.state, row.tries) == (MessageState.FAILED.value, len(text_messages.PAUSES) + 1)
    assert row.problem == "短信网关没有回应"


def test_what_the_gateway_refuses_for_good_is_given_up_at_once(database: Database) -> None:
    (message,) = queued(database)
    claim(database, NOW)
    assert refuse(database, message, NOW, permanent=True)
    assert row_of(database, message).state == MessageState.FAILED.value


def test_an_administrator_takes_back_or_hurries_only_what_waits(database: Database) -> None:
    held, sending, waiting = queued(database, 3)
    with database.work() as session:
        assert text_messages.withdraw(session, ADMIN, held) is None
    assert claim(database, NOW, 1) == [sending]
    assert claim(database, NOW, 1) == [waiting]
    assert not refuse(database, waiting, NOW)
    for act in (text_messages.withdraw, lambda s, a, i: text_messages.retry(s, a, i, now=NOW)):
        with pytest.raises(ActionNotAllowed), database.work() as session:
            act(session, ADMIN, sending)
        with pytest.raises(ActionNotAllowed), database.work() as session:
            act(session, ADMIN, held)
    with database.work() as session:
        text_messages.retry(session, ADMIN, waiting, now=NOW)
    assert claim(database, NOW) == [waiting]


def test_messages_are_the_administrators_alone(database: Database) -> None:
    (message,) = queued(database)
    somebody = Actor(name="值班长", role=Role.SUPERVISOR, staff_id=2)
    with pytest.raises(RoleNotAllowed), database.work() as session:
        text_messages.withdraw(session, somebody, message)
    with pytest.raises(NotFound), database.work() as session:
        text_messages.withdraw(session, ADMIN, message + 1)
