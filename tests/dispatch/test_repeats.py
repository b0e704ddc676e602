"""重复反映: urged while open, told the result when finished, a new ticket only for new facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.domain.calls import CallRecord, Direction
from dispatch.domain.errors import InvalidInput, RepeatRequest
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Channel, RequestKind, Role, Verdict
from dispatch.models.catalog import Category
from dispatch.models.contacts import Contact
from dispatch.models.people import Staff
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.models.ties import TicketLink
from dispatch.service import (
    assignment,
    followup,
    handling,
    intake,
    outcomes,
    repeats,
    resident,
    ties,
    urging,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
CENTER = Actor(name="中心", role=Role.CENTER)
DISPATCHER = Actor(name="老李", role=Role.DISPATCHER)
CALLER = Actor(name="回访员", role=Role.FOLLOW_UP)
FORM = intake.RequestForm(
    content="鼓楼街烧烤摊占道经营，油烟很大",
    kind=RequestKind.COMPLAINT,
    phone="13800005678",
    category="0101",
)
AGAIN = replace(FORM, content="还是鼓楼街的烧烤摊，油烟熏得睡不着")


@pytest.fixture
def agent(database: Database) -> Actor:
    """小王, and the categories she chooses from."""
    with database.work() as s:
        s.add(Category(code="0101", name="占道经营", level=1))
        s.add(Category(code="0201", name="停水", level=1))
        row = Staff(login="wang", name="小王", role="agent", password_hash="x", extension="8001")
        s.add(row)
        s.flush()
        return Actor(name="小王", role=Role.AGENT, staff_id=row.id, extension="8001")


def called(database: Database, n: int = 1) -> int:
    """A call of the same number."""
    record = CallRecord(
        call_id=f"c-{n}", direction=Direction.INBOUND, started_at=NOW, caller="13800005678"
    )
    with database.work() as s:
        return intake.record_call(s, record, now=NOW)


def closed(database: Database, rules: Rules, unit: Actor, agent: Actor) -> str:
    """The first ticket, handled and closed within the hour."""
    with database.work() as s:
        number = repeats.take(s, agent, rules, FORM, now=NOW).number
        assignment.dispatch(s, DISPATCHER, number, "CG", rules, now=NOW)
        assignment.acknowledge(s, unit, number, now=NOW)
        reply = "已责令鼓楼街烧烤商户撤摊并清洗路面。"
        handling.complete(s, unit, number, rules, public_reply=reply, now=NOW)
        handling.pass_audit(s, CENTER, number, rules, now=NOW)
        followup.record_by_person(
            s,
            CALLER,
            number,
            rules,
            reached=True,
            solved=Verdict.RESOLVED,
            rating=None,
            now=NOW + timedelta(hours=1),
        )
    return number


def test_golden_09_same_caller_same_matter_closed_without_new_facts_is_informed_and_not_dispatched(
    database: Database, rules: Rules, unit: Actor, agent: Actor
) -> None:
    number = closed(database, rules, unit, agent)
    later = NOW + timedelta(days=20)
    contact = called(database)
    with pytest.raises(RepeatRequest) as refused, database.work() as s:
        repeats.take(s, agent, rules, AGAIN, contact_id=contact, now=later)
    assert refused.value.number == number
    words = str(refused.value)
    assert "已于 2026-11-23 11:00 办结" in words
    assert "告知办理情况" in words
    assert "新的情况" in words
    with database.work() as s:
        outcomes.inform(s, agent, number, contact_id=contact, note="已撤摊", now=later)
    with database.read() as s:
        assert s.scalar(select(func.count(Ticket.id))) == 1
        assert s.scalar(select(func.count(Assignment.id))) == 1
        row = s.get_one(Contact, contact)
        last = s.scalars(select(TicketEvent.kind).where(TicketEvent.ticket_id.is_not(None))).all()
    assert (row.disposition, row.disposition_note) == ("informed", "已撤摊")
    assert "RequesterInformed" in last


def test_new_facts_make_a_new_ticket_tied_to_the_first(
    database: Database, rules: Rules, unit: Actor, agent: Actor
) -> None:
    number = closed(database, rules, unit, agent)
    form = replace(AGAIN, new_facts="昨晚又摆出三个摊")
    with database.work() as s:
        second = repeats.take(s, agent, rules, form, now=NOW + timedelta(days=2)).number
    with database.read() as s:
        row = s.scalars(select(Ticket).where(Ticket.number == second)).one()
        assert row.content.endswith("新的情况：昨晚又摆出三个摊")
        (tie,) = ties.links_of(s, CENTER, row.id)
        link = s.scalars(select(TicketLink)).one()
    assert (tie.number, tie.kind.value, tie.removable) == (number, "repeat", False)
    assert (link.note, link.ticket_id < link.other_id) == ("昨晚又摆出三个摊", True)


def test_an_open_matter_is_urged_and_its_times_are_counted(
    database: Database, rules: Rules, agent: Actor
) -> None:
    with database.work() as s:
        number = repeats.take(s, agent, rules, FORM, now=NOW).number
    with pytest.raises(RepeatRequest, match=f"{number}.*请用“催办”"), database.work() as s:
        repeats.take(s, agent, rules, AGAIN, now=NOW + timedelta(days=1))
    contact = called(database)
    with database.work() as s:
        urging.urge(s, agent, number, contact_id=contact, note="还没来", now=NOW)
    with database.read() as s:
        (earlier,) = repeats.look(
            s, rules, phone=FORM.phone, category="0101", content=AGAIN.content, now=NOW
        )
    assert (earlier.same_matter, earlier.urged, earlier.times) == (True, 1, 2)


@pytest.mark.parametrize(
    ("other", "days"),
    [
        ({"category": "0201", "content": "家里停水两天"}, 1),
        ({"phone": "13900000000"}, 1),
        ({"phone": None}, 1),
        ({"division": "330102"}, 1),
        ({"content": "学校东门水果车挡住盲道"}, 1),
        ({"category": None, "content": "路灯不亮，晚上出门看不见"}, 1),
        ({}, 400),
    ],
)
def test_another_matter_another_caller_or_long_ago_is_no_repeat(
    database: Database,
    rules: Rules,
    unit: Actor,
    agent: Actor,
    other: dict[str, object],
    days: int,
) -> None:
    closed(database, rules, unit, agent)
    with database.work() as s:
        s.scalars(select(Ticket)).one().division = "330101"
        form = replace(AGAIN, **other)  # type: ignore[arg-type]
        assert repeats.check(s, rules, form, now=NOW + timedelta(days=days)) is None


def test_who_is_told_hears_something(database: Database, rules: Rules, agent: Actor) -> None:
    with database.work() as s:
        number = repeats.take(s, agent, rules, FORM, now=NOW).number
    with pytest.raises(InvalidInput, match="告知来电人的内容"), database.work() as s:
        outcomes.inform(s, agent, number, contact_id=None, note=" ", now=NOW)


def test_the_public_page_takes_a_repeat_and_ties_it_without_telling_anybody(
    database: Database, rules: Rules
) -> None:
    form = replace(FORM, category=None, channel=Channel.WEB)
    with database.work() as s:
        first = resident.file_request(s, form, rules, now=NOW).number
    with database.work() as s:
        again = replace(form, content="鼓楼街烧烤摊占道经营，油烟还是很大")
        second = resident.file_request(s, again, rules, now=NOW + timedelta(days=1)).number
    with database.read() as s:
        row = s.scalars(select(Ticket).where(Ticket.number == second)).one()
        (tie,) = ties.links_of(s, CENTER, row.id)
    assert (tie.number, tie.kind.value) == (first, "repeat")
