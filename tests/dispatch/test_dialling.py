"""Who may dial what, when and how often; every wish is kept, and a refusal says what allows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.domain.errors import DialForbidden
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.telephone import DialAttempt
from dispatch.models.tickets import TicketEvent
from dispatch.service import dialling
from tests.dispatch.people import person

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # 12:00 in Beijing
NIGHT = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)  # 23:30 in Beijing


def wish(
    database: Database, actor: Actor, number: str, rules: Rules, now: datetime = NOON
) -> dialling.Attempt:
    with database.work() as session:
        return dialling.attempt(session, actor, number, rules, now=now)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("+12125550123", "国际及港澳台"),
        ("0085221234567", "国际及港澳台"),
        ("16812345", "声讯"),
        ("119", "F8"),
        ("abc", "不是一个可以拨打的号码"),
    ],
)
def test_what_no_rule_allows_is_refused_and_kept(
    database: Database, rules: Rules, number: str, why: str
) -> None:
    agent = person(database)
    asked = wish(database, agent, number, rules)
    with pytest.raises(DialForbidden, match=why):
        asked.insist()
    with database.read() as session:
        row = session.scalars(select(DialAttempt)).one()
        assert (row.allowed, row.staff_id) == (False, agent.staff_id)
        assert why in row.reason
        kinds = session.scalars(select(TicketEvent.kind)).all()
        assert "DialRefused" in kinds


def test_at_night_the_refusal_says_when_it_is_allowed(database: Database, rules: Rules) -> None:
    agent = person(database)
    assert not wish(database, agent, "13812345678", rules).refused
    with pytest.raises(DialForbidden, match="07:00–22:00"):
        wish(database, agent, "13812345678", rules, NIGHT).insist()
    # A colleague at the next desk is awake.
    assert not wish(database, agent, "8002", rules, NIGHT).refused


def test_the_sixty_first_call_of_the_hour_is_refused_until_the_first_is_an_hour_old(
    database: Database, rules: Rules
) -> None:
    agent = person(database)
    for minute in range(60):
        at = NOON + timedelta(seconds=30 * minute)
        assert not wish(database, agent, "13812345678", rules, at).refused
    late = NOON + timedelta(minutes=40)
    with pytest.raises(DialForbidden, match="13:00 之后"):
        wish(database, agent, "13812345678", rules, late).insist()
    # Calls within the house are not what the limit is for.
    assert not wish(database, agent, "8002", rules, late).refused
    assert not wish(database, agent, "13812345678", rules, NOON + timedelta(minutes=61)).refused
    with database.read() as session:
        allowed = select(func.count()).where(DialAttempt.allowed.is_(True))
        assert session.scalar(allowed) == 62


@pytest.mark.parametrize("role", [Role.ADMIN, Role.DISPATCHER, Role.LEADER])
def test_who_has_no_row_dials_nothing(database: Database, rules: Rules, role: Role) -> None:
    somebody = person(database, role)
    with pytest.raises(DialForbidden, match="没有外呼权限"):
        wish(database, somebody, "13812345678", rules).insist()


def test_an_allowed_call_leaves_by_the_carrier_with_the_number_as_it_is_dialled(
    database: Database, rules: Rules
) -> None:
    agent = person(database)
    with database.work() as session:
        asked, call = dialling.order(session, agent, "+86 138-1234-5678", rules, now=NOON)
    assert call is not None
    assert (call.number, call.trunk, call.extension) == ("13812345678", "trunk", agent.extension)
    with database.read() as session:
        assert session.scalars(select(DialAttempt.call_id)).one() == call.channel_id
    assert asked.insist().number == "13812345678"
