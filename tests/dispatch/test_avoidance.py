"""回避: the accused and whoever stands above or below neither receive nor read the ticket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.domain.errors import AccusedUnit, ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import AvoidReason
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.oversight import Notice
from dispatch.models.people import Staff, ViewLog
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.service import (
    access,
    api_queries,
    assignment,
    avoidance,
    catalogue,
    intake,
    queries_ticket,
    shares,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
CENTER = Actor(name="中心", role=Role.CENTER)
DISPATCHER = Actor(name="老李", role=Role.DISPATCHER)
FORM = intake.RequestForm(content="举报城管队员收受摊贩好处", kind=RequestKind.REPORT)
TREE = (("GOV", 1, None), ("CG", 2, "GOV"), ("CG1", 3, "CG"), ("ZJ", 2, None), ("ZJ1", 3, "ZJ"))


@pytest.fixture
def units(database: Database) -> dict[str, Actor]:
    """A liaison of each unit: CG under GOV and over CG1, and ZJ over ZJ1."""
    with database.work() as s:
        ids = catalogue.put_departments(
            s,
            [
                {"code": code, "name": f"{code}局", "short_name": code, "tier": tier}
                | {"kind": "bureau", "parent": parent}
                for code, tier, parent in TREE
            ],
        )
    return {code: Actor(name=code, role=Role.DEPARTMENT, department_id=ids[code]) for code in ids}


@pytest.fixture
def number(database: Database, units: dict[str, Actor]) -> str:
    """A report against CG that waits for dispatch."""
    with database.work() as s:
        return intake.open_ticket(s, CENTER, FORM, now=NOW).number


def keep_away(database: Database, number: str, unit: str = "CG", later: float = 1) -> bool:
    """设为回避单位; say whether its family has the ticket."""
    with database.work() as s:
        return avoidance.avoid(
            s,
            DISPATCHER,
            number,
            unit,
            AvoidReason.REPORTED,
            note="被举报人所在单位",
            now=NOW + timedelta(minutes=later),
        ).holds


def reads(database: Database, reader: Actor, number: str) -> bool:
    """Whether this reader finds the ticket."""
    with database.read() as s:
        try:
            access.ticket_for(s, reader, number)
        except NotFound:
            return False
        return True


def test_golden_07_the_accused_unit_its_parents_and_children_cannot_receive_and_every_look_is_logged(  # noqa: E501
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    assert not keep_away(database, number)
    for accused in ("CG", "GOV", "CG1"):
        with pytest.raises(AccusedUnit, match="被反映单位"), database.work() as s:
            assignment.dispatch(s, DISPATCHER, number, accused, rules, now=NOW)
    with database.work() as s:
        assignment.dispatch(s, DISPATCHER, number, "ZJ", rules, now=NOW)
    for accused in ("CG", "GOV", "CG1"):
        with pytest.raises(AccusedUnit), database.work() as s:
            assignment.reassign(s, DISPATCHER, number, accused, rules, reason="改派", now=NOW)
        with pytest.raises(AccusedUnit), database.work() as s:
            shares.add_supporting(s, DISPATCHER, number, accused, rules, now=NOW)
        assert not reads(database, units[accused], number)
    with database.work() as s:
        # The look is written for whoever has an account.
        person = Staff(
            login="zj",
            name="住建",
            role="department",
            password_hash="x",
            department_id=units["ZJ"].department_id,
        )
        s.add(person)
        s.flush()
        reader = Actor(
            name="住建",
            role=Role.DEPARTMENT,
            staff_id=person.id,
            department_id=units["ZJ"].department_id,
        )
        queries_ticket.look_at(s, reader, number, "ticket", now=NOW)
    with database.read() as s:
        assert s.scalar(select(func.count(ViewLog.id))) == 1
        assert api_queries.one_ticket(s, reader, number).number == number


def test_a_unit_that_has_the_ticket_loses_sight_of_it_and_the_dispatchers_are_told(
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    with database.work() as s:
        assignment.dispatch(s, DISPATCHER, number, "CG", rules, now=NOW)
        assignment.acknowledge(s, units["CG"], number, now=NOW)
        shares.sub_dispatch(s, units["CG"], number, "CG1", rules, opinion="现场核实", now=NOW)
    assert reads(database, units["CG1"], number)
    assert keep_away(database, number)
    for blind in ("CG", "CG1", "GOV"):
        assert not reads(database, units[blind], number)
        with pytest.raises(NotFound), database.work() as s:
            assignment.acknowledge(s, units[blind], number, now=NOW)
    with database.read() as s:
        told = s.scalars(select(Notice.words).where(Notice.role == "dispatcher")).all()
        assert any("立即改派" in words for words in told)
        lower = s.scalars(select(Assignment).where(Assignment.part == "sub")).one()
        assert (lower.ended_how, lower.next_at) == ("withdrawn", None)
        assert [one.holds for one in avoidance.avoided_units(s, lower.ticket_id)] == [True]
    with database.work() as s:
        assignment.reassign(s, DISPATCHER, number, "ZJ", rules, reason="原承办单位须回避", now=NOW)
    with database.read() as s:
        ticket = s.scalars(select(Ticket)).one()
        assert [one.holds for one in avoidance.avoided_units(s, ticket.id)] == [False]


def test_only_the_centre_lifts_an_avoidance_and_the_history_keeps_both(
    database: Database, rules: Rules, number: str
) -> None:
    keep_away(database, number)
    with pytest.raises(InvalidInput, match="已经是"), database.work() as s:
        avoidance.avoid(s, DISPATCHER, number, "CG", AvoidReason.INTERESTED, now=NOW)
    with pytest.raises(InvalidInput, match="理由"), database.work() as s:
        avoidance.lift(s, CENTER, number, "CG", reason=" ", now=NOW)
    with database.work() as s:
        avoidance.lift(s, CENTER, number, "CG", reason="经核实并非该单位人员", now=NOW)
        assignment.dispatch(s, DISPATCHER, number, "CG", rules, now=NOW)
    with database.read() as s:
        kinds = s.scalars(select(TicketEvent.kind).order_by(TicketEvent.id)).all()
    assert kinds[1:3] == ["UnitAvoided", "AvoidanceLifted"]


def test_a_finished_ticket_keeps_the_avoidance_it_had(
    database: Database, number: str, units: dict[str, Actor]
) -> None:
    with database.work() as s:
        done = intake.answer_on_call(s, CENTER, FORM, "已告知举报途径", now=NOW).number
    with pytest.raises(ActionNotAllowed), database.work() as s:
        avoidance.avoid(s, CENTER, done, "CG", AvoidReason.REPORTED, now=NOW)


def test_other_units_are_not_touched_by_an_avoidance(
    database: Database, rules: Rules, number: str, units: dict[str, Actor]
) -> None:
    keep_away(database, number, "CG1")
    with pytest.raises(AccusedUnit, match="上下级"), database.work() as s:
        assignment.dispatch(s, DISPATCHER, number, "GOV", rules, now=NOW)
    with database.work() as s:
        assignment.dispatch(s, DISPATCHER, number, "ZJ", rules, now=NOW)
        assignment.acknowledge(s, units["ZJ"], number, now=NOW)
        shares.sub_dispatch(s, units["ZJ"], number, "ZJ1", rules, opinion="现场核实", now=NOW)
    assert reads(database, units["ZJ"], number)
    assert reads(database, units["ZJ1"], number)
