"""Whom an agent can hand a citizen to: those who are there, those who are free first."""

from __future__ import annotations

from datetime import UTC, datetime

from dispatch.bus import Database
from dispatch.domain.ports import AgentState
from dispatch.domain.rules import Rules
from dispatch.service import seats
from dispatch.service.colleagues import colleagues
from tests.dispatch.people import person

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def test_colleagues_are_those_signed_in_and_the_free_ones_come_first(
    database: Database, rules: Rules
) -> None:
    me = person(database, login="me", extension="8001")
    resting = person(database, login="resting", extension="8002")
    free = person(database, login="free", extension="8003")
    gone = person(database, login="gone", extension="8004")
    person(database, login="never", extension="8005")
    with database.work() as session:
        for one in (me, free):
            seats.set_seat(session, one, AgentState.READY, rules, now=NOW)
        seats.set_seat(session, resting, AgentState.PAUSED, rules, "用餐", now=NOW)
        seats.set_seat(session, gone, AgentState.SIGNED_OUT, rules, now=NOW)
    with database.read() as session:
        found = colleagues(session, me, rules)
    assert [(one.extension, one.state) for one in found] == [
        ("8003", AgentState.READY),
        ("8002", AgentState.PAUSED),
    ]
    assert "用餐" in found[1].label
