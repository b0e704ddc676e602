"""Gaming: each rule finds what was planted, and lets what is innocent be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, RoleNotAllowed
from dispatch.domain.judging_terms import FindingState, GamingKind
from dispatch.domain.lots import chance_of_at_least
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.catalog import Category
from dispatch.models.followups import FollowUp
from dispatch.models.handling import Application
from dispatch.models.judging import GamingFinding
from dispatch.models.people import Department
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import gaming, gaming_queries
from tests.dispatch.people import person

MONDAY = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)  # 10:00 in the city
WEEK = MONDAY.date()
DONE = MONDAY + timedelta(days=2)
AFTER = MONDAY + timedelta(days=8)
"""The week is over."""

LONG = (
    "经核查，反映的翠湖小区三号楼生活水箱溢流管脱落造成单元门口长期积水，物业公司已更换溢流管并清理"
    "积水，住建所将于每周五复查一次，责任人赵工，如再次渗漏请直接联系物业值班室处理。"
)
Make = Callable[..., int]


@pytest.fixture
def units(database: Database) -> dict[str, int]:
    """城管局 with a brigade below it, and a school that is nobody's family; two categories."""
    with database.work() as session:
        bureau = Department(
            code="CG",
            name="城市管理局",
            short_name="城管局",
            tier=2,
            kind="bureau",
            phone="5550001",
        )
        school = Department(
            code="XX", name="第一小学", short_name="一小", tier=3, kind="bureau", phone="5550009"
        )
        session.add_all([bureau, school])
        session.flush()
        brigade = Department(
            code="DD",
            name="城管大队",
            short_name="大队",
            tier=3,
            kind="bureau",
            phone="0650-5550002",
            parent_id=bureau.id,
        )
        session.add(brigade)
        for code, name in (("01", "占道经营"), ("02", "供水")):
            session.add(Category(code=code, name=name, level=1))
        session.flush()
        return {"CG": bureau.id, "XX": school.id, "DD": brigade.id}


@pytest.fixture
def made(database: Database, units: dict[str, int]) -> Make:
    """Makes a completed ticket of 城管局; returns its id. `share` are the assignment's fields."""
    count = iter(range(1, 1000))

    def make(*, share: dict[str, Any] | None = None, **fields: Any) -> int:
        n = next(count)
        usual: dict[str, Any] = {
            "number": f"20261116{n:06d}",
            "query_code": "000000",
            "channel": "phone",
            "kind": "complaint",
            "urgency": "routine",
            "status": "closed",
            "title": f"第{n}件",
            "content": "鼓楼街烧烤占道，油烟很大",
            "phone": f"138{n:08d}",
            "department_id": units["CG"],
            "created_at": DONE - timedelta(days=3),
            "audited_at": DONE + timedelta(hours=1),
            "closed_at": DONE + timedelta(hours=2),
        }
        with database.work() as session:
            ticket = Ticket(**(usual | fields))
            session.add(ticket)
            session.flush()
            given: dict[str, Any] = {
                "department_id": ticket.department_id,
                "part": "lead",
                "round": 1,
                "dispatched_at": DONE - timedelta(days=2),
                "first_contacted_at": DONE - timedelta(days=1),
                "completed_at": DONE,
            }
            session.add(Assignment(ticket_id=ticket.id, **(given | (share or {}))))
            return ticket.id

    return make


def found(database: Database, rules: Rules, kind: GamingKind, now: datetime = AFTER) -> list[int]:
    """Look, and return the tickets found of this kind."""
    with database.work() as session:
        gaming.keep(session, WEEK, gaming.look(session, WEEK, rules, now=now), now=now)
    with database.read() as session:
        query = select(GamingFinding.ticket_id).where(GamingFinding.kind == kind.value)
        return [one for one in session.scalars(query.order_by(GamingFinding.ticket_id)) if one]


def answered(database: Database, ticket_id: int, **more: Any) -> None:
    """A follow-up of the ticket that ended with an answer."""
    usual: dict[str, Any] = {
        "round": 1,
        "method": "voice",
        "state": "done",
        "due_at": DONE,
        "called_at": DONE + timedelta(hours=2),
        "ended_at": DONE + timedelta(hours=2),
        "reached": True,
        "rating": "satisfied",
    }
    with database.work() as session:
        session.add(FollowUp(ticket_id=ticket_id, **(usual | more)))


# --- closed without contact ---


def test_a_close_without_any_contact_is_found(database: Database, rules: Rules, made: Make) -> None:
    planted = made(share={"first_contacted_at": None})
    made()
    assert found(database, rules, GamingKind.NO_CONTACT) == [planted]


def test_who_is_not_the_units_to_contact_was_not_left_out(
    database: Database, rules: Rules, made: Make
) -> None:
    for innocent in (
        {"phone": None},
        {"reply_wanted": False},
        {"confidential": True},
        {"anonymous": True},
        {"kind": "praise"},
        {"imported": True},
    ):
        made(share={"first_contacted_at": None}, **innocent)
    assert found(database, rules, GamingKind.NO_CONTACT) == []


def test_the_unit_below_makes_the_contact_for_the_one_above(
    database: Database, rules: Rules, made: Make, units: dict[str, int]
) -> None:
    ticket = made(share={"first_contacted_at": None})
    with database.work() as session:
        session.add(
            Assignment(
                ticket_id=ticket,
                department_id=units["DD"],
                part="sub",
                round=1,
                dispatched_at=DONE - timedelta(days=1),
                first_contacted_at=DONE - timedelta(hours=2),
            )
        )
    assert found(database, rules, GamingKind.NO_CONTACT) == []


def test_what_another_week_closed_is_not_of_this_one(
    database: Database, rules: Rules, made: Make
) -> None:
    made(share={"first_contacted_at": None, "completed_at": DONE + timedelta(weeks=1)})
    assert found(database, rules, GamingKind.NO_CONTACT) == []


def test_a_contact_the_requester_denies_is_found(
    database: Database, rules: Rules, made: Make
) -> None:
    denied, confirmed, unasked = made(), made(), made()
    answered(database, denied, contacted=False)
    answered(database, confirmed, contacted=True)
    answered(database, unasked, contacted=None)
    assert found(database, rules, GamingKind.NO_CONTACT) == [denied]


# --- rated from the unit's own telephones ---


def test_a_good_rating_from_the_units_own_telephones_is_found(
    database: Database, rules: Rules, made: Make
) -> None:
    own, below, by_ticket = made(), made(), made(phone="06505550001")
    answered(database, own, number="5550001")
    answered(database, below, number="06505550002")
    answered(database, by_ticket)
    assert found(database, rules, GamingKind.OWN_PHONE) == [own, below, by_ticket]


def test_residents_other_units_and_unhappy_answers_are_not(
    database: Database, rules: Rules, made: Make
) -> None:
    answered(database, made())
    answered(database, made(), number="5550009")  # the school rates another unit's work
    answered(database, made(), number="5550001", rating="dissatisfied")
    answered(database, made(), number="5550001", rating=None)
    assert found(database, rules, GamingKind.OWN_PHONE) == []


# --- pasted replies ---


def replies(database: Database, first: int, second: int, text: str = LONG) -> None:
    """The second ticket was completed after the first, with the same words."""
    with database.work() as session:
        for n, ticket in enumerate((first, second)):
            share = session.scalars(select(Assignment).where(Assignment.ticket_id == ticket)).one()
            share.public_reply = text
            share.completed_at = DONE + timedelta(hours=n)


def category(database: Database, code: str) -> int:
    with database.read() as session:
        return session.scalars(select(Category.id).where(Category.code == code)).one()


def test_a_reply_pasted_from_another_matter_is_found_and_leads_to_its_source(
    database: Database, rules: Rules, made: Make
) -> None:
    source = made(content="翠湖小区三号楼门口积水", category_id=category(database, "02"))
    planted = made(category_id=category(database, "01"))
    replies(database, source, planted)
    assert found(database, rules, GamingKind.PASTED_REPLY) == [planted]
    with database.read() as session:
        assert session.scalars(select(GamingFinding.other_ticket_id)).one() == source


def test_the_same_reply_to_the_same_matter_is_none(
    database: Database, rules: Rules, made: Make
) -> None:
    first = made(content="翠湖小区三号楼门口一直积水", category_id=category(database, "02"))
    second = made(content="翠湖小区三号楼单元门口积水很深", category_id=category(database, "01"))
    replies(database, first, second)
    assert found(database, rules, GamingKind.PASTED_REPLY) == []


def test_within_a_category_only_a_foreign_place_tells(
    database: Database, rules: Rules, made: Make
) -> None:
    water = category(database, "02")
    first = made(content="自来水发黄", category_id=water, place="翠湖小区")
    explained = made(content="请问水费怎样缴纳", category_id=water)
    replies(database, first, explained, LONG.replace("翠湖小区", "该处"))
    assert found(database, rules, GamingKind.PASTED_REPLY) == []
    replies(database, first, explained)
    assert found(database, rules, GamingKind.PASTED_REPLY) == [explained]


def test_short_empty_different_and_other_units_replies_are_none(
    database: Database, rules: Rules, made: Make, units: dict[str, int]
) -> None:
    water, street = category(database, "02"), category(database, "01")
    usual = {"content": "翠湖小区三号楼门口积水", "category_id": water}
    replies(database, made(**usual), made(category_id=street), "已处理。")
    # What stands in every reply says nothing of any matter.
    empty = "您好，您反映的问题已收悉，感谢您的来电和支持理解，工作人员会尽快核实处理并回复您。" * 2
    replies(database, made(**usual), made(category_id=street), empty)
    elsewhere = made(
        category_id=street,
        department_id=units["XX"],
    )
    other = "经检测，该路段路灯电缆被施工挖断，养护所已接通并恢复照明，责任人钱工，每晚巡查。" * 2
    replies(database, made(**usual), elsewhere, other)
    merged = made(**usual)
    replies(database, merged, made(category_id=street, merged_into_id=merged))
    assert found(database, rules, GamingKind.PASTED_REPLY) == []


# --- returned late ---


def returned(
    database: Database, ticket: int, asked: datetime, kind: str = "return", state: str = "pending"
) -> None:
    """城管局 asks for something on the ticket; it may until Tuesday 17:30."""
    with database.work() as session:
        share = session.scalars(select(Assignment).where(Assignment.ticket_id == ticket)).one()
        share.dispatched_at = MONDAY
        share.return_by = MONDAY + timedelta(days=1, hours=7, minutes=30)
        share.due_at = MONDAY + timedelta(days=4)
        session.add(
            Application(
                ticket_id=ticket,
                assignment_id=share.id,
                department_id=share.department_id,
                kind=kind,
                state=state,
                reason="不属于本单位职责",
                asked_at=asked,
            )
        )


def test_a_return_at_the_last_moment_is_found(database: Database, rules: Rules, made: Make) -> None:
    late, early = made(), made()
    returned(database, late, MONDAY + timedelta(days=1, hours=6))  # Tuesday 16:00
    returned(database, early, MONDAY + timedelta(hours=2))
    assert found(database, rules, GamingKind.LATE_RETURN) == [late]


def test_what_was_just_received_withdrawn_or_no_return_is_none(
    database: Database, rules: Rules, made: Make
) -> None:
    late = MONDAY + timedelta(days=1, hours=6)
    returned(database, made(), late, state="withdrawn")
    returned(database, made(), late, kind="extension")
    fresh = made()
    returned(database, fresh, late)
    with database.work() as session:
        share = session.scalars(select(Assignment).where(Assignment.ticket_id == fresh)).one()
        share.dispatched_at = late - timedelta(minutes=20)
    assert found(database, rules, GamingKind.LATE_RETURN) == []


# --- only the pleased ---


def history(
    database: Database, made: Make, *, pleased: int, unhappy: int, asked: list[int]
) -> None:
    """So many requesters who rated an earlier ticket; `asked` are the places of who was asked."""
    for place in range(pleased + unhappy):
        phone = f"139{place:08d}"
        before = DONE - timedelta(days=60)
        made(
            phone=phone,
            rating="satisfied" if place < pleased else "dissatisfied",
            audited_at=before,
            closed_at=before,
            share={"completed_at": before},
        )
        ticket = made(phone=phone)
        if place in asked:
            answered(database, ticket, rating=None)


def test_a_unit_whose_pleased_alone_were_asked_is_found(
    database: Database, rules: Rules, made: Make
) -> None:
    history(database, made, pleased=14, unhappy=16, asked=list(range(13)))
    # Before the week is over nobody can tell.
    found(database, rules, GamingKind.ONLY_PLEASED, now=DONE)
    with database.read() as session:
        assert not session.scalars(select(GamingFinding.id)).all()
    found(database, rules, GamingKind.ONLY_PLEASED)
    with database.read() as session:
        row = session.scalars(select(GamingFinding)).one()
        reader = Actor(name="督办", role=Role.SUPERVISOR)
        shown = gaming_queries.finding(session, reader, row.id)
        behind = gaming_queries.asked_tickets(session, reader, shown, rules)
    assert (row.kind, row.ticket_id) == ("only_pleased", None)
    assert "13 人中，13 人" in row.words
    assert [one.asked for one in behind] == [True] * 13 + [False] * 17


@pytest.mark.parametrize(
    ("pleased", "unhappy", "asked"),
    [
        (14, 16, list(range(30))),  # everybody was asked
        (14, 16, list(range(0, 30, 2))),  # every other one
        (14, 16, list(range(5))),  # too few to tell
        (28, 2, list(range(13))),  # nearly all were pleased anyway
    ],
)
def test_an_honest_choice_is_none(
    database: Database,
    rules: Rules,
    made: Make,
    pleased: int,
    unhappy: int,
    asked: list[int],
) -> None:
    history(database, made, pleased=pleased, unhappy=unhappy, asked=asked)
    found(database, rules, GamingKind.ONLY_PLEASED)
    with database.read() as session:
        assert not session.scalars(select(GamingFinding.id)).all()


def test_the_chance_of_a_draw_is_exact() -> None:
    # Four of four white balls out of four white and four black: 1 in 70.
    assert chance_of_at_least(4, drawn=4, marked=4, total=8) == pytest.approx(1 / 70)
    assert chance_of_at_least(0, drawn=4, marked=4, total=8) == pytest.approx(1)
    assert chance_of_at_least(5, drawn=4, marked=4, total=8) == 0
    with pytest.raises(ValueError):
        chance_of_at_least(1, drawn=9, marked=4, total=8)


# --- settling ---


def test_a_finding_is_made_once_and_settled_once_with_words(
    database: Database, rules: Rules, made: Make
) -> None:
    made(share={"first_contacted_at": None})
    ban = person(database, Role.SUPERVISOR, login="ban", extension="8301")
    assert len(found(database, rules, GamingKind.NO_CONTACT)) == 1

    def settle(by: Actor = ban, note: str = "已电话核实", holds: bool = False) -> None:
        with database.work() as session:
            row = session.scalars(select(GamingFinding.id)).one()
            gaming.settle(session, by, row, holds=holds, note=note, now=AFTER)

    with pytest.raises(RoleNotAllowed):
        settle(Actor(name="城管局", role=Role.DEPARTMENT))
    with pytest.raises(InvalidInput):
        settle(note=" ")
    with database.read() as session:
        assert len(gaming_queries.of_week(session, ban, WEEK)) == 1
    settle()
    with pytest.raises(ActionNotAllowed):
        settle(holds=True)
    # Looked at again, what was dismissed is not found a second time, and the list leaves it out.
    assert len(found(database, rules, GamingKind.NO_CONTACT)) == 1
    with database.read() as session:
        assert gaming_queries.counts(session, ban)[FindingState.DISMISSED.value] == 1
        assert not gaming_queries.of_week(session, ban, WEEK)
