"""关联, 拆单, 催办: what ties tickets together, and what it does not do to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.errors import (
    AccusedUnit,
    ActionNotAllowed,
    CannotUndo,
    InvalidInput,
    NotFound,
    RoleNotAllowed,
)
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import AvoidReason, LinkKind
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.catalog import Category
from dispatch.models.oversight import Notice
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.models.ties import Particulars
from dispatch.service import alike, assignment, avoidance, intake, merging, ties, urging

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
AGENT = Actor(name="小王", role=Role.AGENT, staff_id=77)
DISPATCHER = Actor(name="老李", role=Role.DISPATCHER)
SUPERVISOR = Actor(name="班长", role=Role.SUPERVISOR)
FORM = intake.RequestForm(
    content="楼下烧烤油烟大，小区路灯也不亮",
    kind=RequestKind.COMPLAINT,
    phone="13800005678",
    requester_name="陈晓梅",
    confidential=True,
)


def opened(database: Database, **more: object) -> str:
    """A request."""
    with database.work() as s:
        form = replace(FORM, **more)  # type: ignore[arg-type]
        return intake.open_ticket(s, DISPATCHER, form, now=NOW).number


def ticket_of(database: Database, number: str) -> Ticket:
    """The ticket's row."""
    with database.read() as s:
        return s.scalars(select(Ticket).where(Ticket.number == number)).one()


def facts_of(database: Database, number: str) -> list[str]:
    """What its history tells."""
    with database.read() as s:
        about = select(Ticket.id).where(Ticket.number == number).scalar_subquery()
        rows = select(TicketEvent.kind).where(TicketEvent.ticket_id == about)
        return list(s.scalars(rows.order_by(TicketEvent.id)))


def test_a_part_split_off_is_of_the_same_requester_with_the_same_wishes(
    database: Database, rules: Rules, unit: Actor
) -> None:
    number = opened(database)
    with database.work() as s:
        ticket = s.scalars(select(Ticket).where(Ticket.number == number)).one()
        row = s.get(Particulars, ticket.id) or Particulars(ticket_id=ticket.id)
        row.reported_party = "某烧烤店"
        s.add(row)
        avoidance.avoid(s, DISPATCHER, number, "CG", AvoidReason.REPORTED, now=NOW)
    with database.work() as s:
        part = ties.split(
            s,
            DISPATCHER,
            number,
            content="小区路灯不亮",
            reason="路灯由另一单位负责",
            now=NOW,
        ).number
    first, second = ticket_of(database, number), ticket_of(database, part)
    assert first.content == FORM.content
    assert (second.content, second.status) == ("小区路灯不亮", "open")
    assert (second.phone, second.requester_id) == (first.phone, first.requester_id)
    assert second.confidential
    assert facts_of(database, number)[-1] == "TicketSplit"
    assert "TicketSplit" in facts_of(database, part)
    with database.read() as s:
        assert s.get_one(Particulars, second.id).reported_party == "某烧烤店"
        (tie,) = ties.links_of(s, DISPATCHER, first.id)
    assert (tie.number, tie.kind) == (part, LinkKind.SPLIT)
    # Who was accused in the whole is accused in its part.
    with pytest.raises(AccusedUnit), database.work() as s:
        assignment.dispatch(s, DISPATCHER, part, "CG", rules, now=NOW)


@pytest.mark.parametrize(
    ("content", "reason", "words"), [(" ", "两件事", "拆出"), ("路灯不亮", "", "理由")]
)
def test_a_split_says_what_and_why(
    database: Database, content: str, reason: str, words: str
) -> None:
    number = opened(database)
    with pytest.raises(InvalidInput, match=words), database.work() as s:
        ties.split(s, DISPATCHER, number, content=content, reason=reason, now=NOW)


def test_a_link_is_told_on_both_and_can_be_taken_back(database: Database) -> None:
    first, second = opened(database), opened(database, content="同一楼道堆物")
    with database.work() as s:
        ties.link(s, DISPATCHER, second, first, note="同一小区", now=NOW)
    assert [facts_of(database, n)[-1] for n in (first, second)] == ["TicketsLinked"] * 2
    with pytest.raises(InvalidInput, match="不需要再关联"), database.work() as s:
        ties.link(s, DISPATCHER, first, second, now=NOW)
    with pytest.raises(InvalidInput, match="它自己"), database.work() as s:
        ties.link(s, DISPATCHER, first, first, now=NOW)
    with database.work() as s:
        ties.unlink(s, DISPATCHER, first, second, now=NOW)
    with database.read() as s:
        assert ties.links_of(s, DISPATCHER, ticket_of(database, first).id) == ()
    assert [facts_of(database, n)[-1] for n in (first, second)] == ["TicketsUnlinked"] * 2
    with pytest.raises(CannotUndo, match="没有关联"), database.work() as s:
        ties.unlink(s, DISPATCHER, first, second, now=NOW)


def test_where_a_ticket_came_from_is_not_taken_back(database: Database) -> None:
    number = opened(database)
    with database.work() as s:
        part = ties.split(
            s, DISPATCHER, number, content="路灯不亮", reason="两件事", now=NOW
        ).number
    with pytest.raises(CannotUndo, match="拆单"), database.work() as s:
        ties.unlink(s, DISPATCHER, number, part, now=NOW)


def test_nobody_ties_a_ticket_he_may_not_see_or_reads_its_number(database: Database) -> None:
    secret, plain = opened(database), opened(database, confidential=False)
    with pytest.raises(NotFound), database.work() as s:
        ties.link(s, AGENT, plain, secret, now=NOW)
    with database.work() as s:
        ties.link(s, DISPATCHER, plain, secret, now=NOW)
    with database.read() as s:
        assert ties.links_of(s, AGENT, ticket_of(database, plain).id) == ()
    with pytest.raises(RoleNotAllowed), database.work() as s:
        ties.link(s, Actor(name="领导", role=Role.LEADER), plain, secret, now=NOW)


def test_urging_tells_whoever_is_to_act_and_says_who_and_why(
    database: Database, rules: Rules, unit: Actor
) -> None:
    number = opened(database)
    with database.work() as s:
        urging.urge(s, SUPERVISOR, number, contact_id=None, note="媒体关注", now=NOW)
        assignment.dispatch(s, DISPATCHER, number, "CG", rules, now=NOW)
        urging.urge(s, SUPERVISOR, number, contact_id=None, note="尽快", now=NOW)
    with database.read() as s:
        told = s.execute(
            select(Notice.role, Notice.department_id, Notice.words).where(Notice.kind == "urge")
        ).all()
        said = s.scalars(
            select(TicketEvent).where(TicketEvent.kind == "TicketUrged").order_by(TicketEvent.id)
        ).all()
    assert [(role, dept) for role, dept, _ in told] == [
        ("dispatcher", None),
        (None, unit.department_id),
    ]
    assert [(e.actor_name, e.details["note"]) for e in said] == [
        ("班长", "媒体关注"),
        ("班长", "尽快"),
    ]
    assert told[1][2] == f"工单 {number} 被催办（第 2 次）：尽快"
    with pytest.raises(RoleNotAllowed), database.work() as s:
        urging.urge(s, unit, number, contact_id=None, note="", now=NOW)


def test_urging_a_merged_ticket_urges_the_one_that_is_handled(
    database: Database, rules: Rules, unit: Actor
) -> None:
    main, child = opened(database, confidential=False), opened(database, phone="13900000000")
    with database.work() as s:
        assignment.dispatch(s, DISPATCHER, main, "CG", rules, now=NOW)
        merging.merge(s, DISPATCHER, child, main, reason="同一处", now=NOW)
        urging.urge(s, DISPATCHER, child, contact_id=None, note="还没好", now=NOW)
    assert [ticket_of(database, n).urged for n in (main, child)] == [1, 1]
    with database.read() as s:
        (words,) = s.scalars(select(Notice.words).where(Notice.kind == "urge"))
    assert main in words
    assert child in words


def test_a_finished_ticket_is_not_urged(database: Database) -> None:
    center = Actor(name="中心", role=Role.CENTER)
    with database.work() as s:
        done = intake.answer_on_call(s, center, FORM, "已告知", now=NOW).number
    with pytest.raises(ActionNotAllowed, match="不能催办"), database.work() as s:
        urging.urge(s, center, done, contact_id=None, note="", now=NOW)


def test_open_tickets_of_the_same_category_and_place_are_offered(database: Database) -> None:
    with database.work() as s:
        row = Category(code="0201", name="停水", level=1)
        s.add(row)
        s.flush()
        water_id = row.id
    water = {"category": "0201", "confidential": False}
    here = opened(database, division="330101", **water)
    there = opened(database, division="330102", **water)
    opened(database)
    with database.read() as s:
        near = alike.similar(s, AGENT, category_id=water_id, division="330101", days=30, now=NOW)
        anywhere = alike.similar(
            s, AGENT, category_id=water_id, division=None, days=30, without=here, now=NOW
        )
        nothing = alike.similar(s, AGENT, category_id=None, division="330101", days=30, now=NOW)
    assert [t.number for t in near] == [here]
    assert [t.number for t in anywhere] == [there]
    assert nothing == ()
