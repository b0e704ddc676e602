"""110, 119, 120 and 122 with two keys: what is asked for, what is written down, and when not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.call_terms import EmergencyWay, JoinResult
from dispatch.domain.calls import CallOutcome, CallRecord, Direction, JoinEnded
from dispatch.domain.errors import DialForbidden, EmergencyNotSet, InvalidInput, NotFound, NotInTalk
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition, Role
from dispatch.files.vault import Keyring
from dispatch.models.contacts import Contact
from dispatch.models.telephone import DialAttempt
from dispatch.models.tickets import TicketEvent
from dispatch.service import intake, outcomes, third_parties, trunks
from dispatch.service.trunk_forms import TrunkForm
from tests.dispatch.people import person

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
KEYS = Keyring("k1", {"k1": bytes(32)})
TRUNK = TrunkForm(
    code="linkage", label="紧急联动", kind="emergency", host="203.0.113.9", confirmed=True
)


@pytest.fixture
def agent(database: Database) -> Actor:
    return person(database)


@pytest.fixture
def talk(database: Database, agent: Actor) -> int:
    """A citizen the agent talks with."""
    record = CallRecord(
        call_id="hot1-1.1",
        direction=Direction.INBOUND,
        started_at=NOW - timedelta(minutes=2),
        caller="13812345678",
        line="12345",
        agent=agent.extension,
        answered_at=NOW - timedelta(minutes=1),
        outcome=CallOutcome.ANSWERED,
    )
    with database.work() as session:
        return intake.record_call(session, record, now=NOW)


def set_trunk(database: Database) -> None:
    with database.work() as session:
        root = Actor(name="管理员", role=Role.ADMIN)
        trunks.save(session, root, TRUNK, KEYS, nodes=("hot1",), now=NOW)


def test_until_an_administrator_set_the_trunk_nothing_is_asked_for_or_kept(
    database: Database, agent: Actor, talk: int, rules: Rules
) -> None:
    with pytest.raises(EmergencyNotSet, match="手机"), database.work() as session:
        third_parties.call_emergency(session, agent, talk, "110", rules, now=NOW)
    with database.read() as session:
        assert session.scalars(select(DialAttempt)).all() == []


@pytest.mark.parametrize(
    ("line", "chosen", "way"),
    [
        ("110", None, EmergencyWay.THREE_WAY),
        ("119", None, EmergencyWay.TRANSFER),
        ("119", EmergencyWay.THREE_WAY, EmergencyWay.THREE_WAY),
    ],
)
def test_a_citizen_brought_to_an_emergency_line_ends_as_transferred_there(
    database: Database,
    agent: Actor,
    talk: int,
    rules: Rules,
    line: str,
    chosen: EmergencyWay | None,
    way: EmergencyWay,
) -> None:
    set_trunk(database)
    with database.work() as session:
        order = third_parties.call_emergency(session, agent, talk, line, rules, way=chosen, now=NOW)
    assert (order.number, order.way, order.trunk) == (line, way, "trunk-linkage")
    assert order.extension == agent.extension
    with database.read() as session:
        assert session.get_one(Contact, talk).disposition is None
    ended = JoinEnded(call_id=order.channel_id, result=JoinResult.ANSWERED, at=NOW)
    for _ in range(2):
        with database.work() as session:
            third_parties.settle(session, ended, now=NOW)
    with database.read() as session:
        contact = session.get_one(Contact, talk)
        assert contact.disposition == Disposition.TRANSFERRED_OUT
        assert contact.disposition_reason == line
        kinds = session.scalars(select(TicketEvent.kind).order_by(TicketEvent.id)).all()
        for kind in ("EmergencyCalled", "BroughtIn", "ContactDisposed"):
            assert kinds.count(kind) == 1


@pytest.mark.parametrize("result", [JoinResult.BUSY, JoinResult.NO_ANSWER, JoinResult.FAILED])
def test_who_was_not_reached_leaves_the_contact_open(
    database: Database, agent: Actor, talk: int, rules: Rules, result: JoinResult
) -> None:
    set_trunk(database)
    with database.work() as session:
        order = third_parties.call_emergency(session, agent, talk, "120", rules, now=NOW)
    with database.work() as session:
        ended = JoinEnded(call_id=order.channel_id, result=result, at=NOW)
        third_parties.settle(session, ended, now=NOW)
    with database.read() as session:
        assert session.get_one(Contact, talk).disposition is None
        told = session.scalars(select(TicketEvent).where(TicketEvent.kind == "BroughtIn")).one()
        assert told.details["state"] == result.value


def test_what_the_agent_wrote_himself_stays(
    database: Database, agent: Actor, talk: int, rules: Rules
) -> None:
    set_trunk(database)
    with database.work() as session:
        order = third_parties.call_emergency(session, agent, talk, "110", rules, now=NOW)
        how = Disposition.HUNG_UP
        outcomes.dispose(session, agent, talk, how, now=NOW)
        outcomes.dispose(session, agent, talk, Disposition.ANSWERED_ON_CALL, note="已答复", now=NOW)
    with database.work() as session:
        ended = JoinEnded(call_id=order.channel_id, result=JoinResult.ANSWERED, at=NOW)
        third_parties.settle(session, ended, now=NOW)
    with database.read() as session:
        assert session.get_one(Contact, talk).disposition == Disposition.ANSWERED_ON_CALL


def test_only_the_agent_of_a_live_talk_may_and_only_to_lines_of_the_policy(
    database: Database, agent: Actor, talk: int, rules: Rules
) -> None:
    set_trunk(database)
    other = person(database, login="other", extension="8009")
    with pytest.raises(NotFound), database.work() as session:
        third_parties.call_emergency(session, other, talk, "110", rules, now=NOW)
    with pytest.raises(InvalidInput), database.work() as session:
        third_parties.call_emergency(session, agent, talk, "12345", rules, now=NOW)
    with database.work() as session:
        session.get_one(Contact, talk).talk_ended_at = NOW
    with pytest.raises(NotInTalk), database.work() as session:
        third_parties.call_emergency(session, agent, talk, "110", rules, now=NOW)


def test_three_may_talk_with_a_colleague_and_with_whom_the_agent_may_dial(
    database: Database, agent: Actor, talk: int, rules: Rules
) -> None:
    person(database, login="other", extension="8009")
    with database.work() as session:
        asked, order = third_parties.bring(session, agent, talk, "8009", rules, now=NOW)
    assert order is not None
    assert (order.trunk, order.way) == ("", EmergencyWay.THREE_WAY)
    with pytest.raises(InvalidInput), database.work() as session:
        third_parties.bring(session, agent, talk, "8077", rules, now=NOW)
    with database.work() as session:
        asked, order = third_parties.bring(session, agent, talk, "+12125550123", rules, now=NOW)
    assert order is None
    with pytest.raises(DialForbidden):
        asked.insist()
