"""自动派单: sent once, by the catalogue, and only where nothing asks for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.learning_terms import LeftToPerson
from dispatch.domain.people import Actor
from dispatch.domain.ports import Suggestion, Suggestions
from dispatch.domain.rules import Rules
from dispatch.domain.terms import LinkKind
from dispatch.domain.vocabulary import RequestKind, Role, Status, Urgency
from dispatch.models.learning import AutomaticDispatch
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.service import assignment, auto_dispatch, auto_dispatch_queries, catalogue, intake
from dispatch.service.ties import tie

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
DISPATCHER = Actor(name="老李", role=Role.DISPATCHER)
FORM = intake.RequestForm(
    content="鼓楼街烧烤摊占道经营，油烟很大",
    kind=RequestKind.COMPLAINT,
    phone="13800005678",
)
SURE = Suggestions(
    categories=(Suggestion("0101", "占道经营", 0.993), Suggestion("0201", "停水", 0.004)),
    departments=(),
    model_version="m1",
    sure=True,
    precision=0.987,
)


@pytest.fixture
def town(database: Database, unit: Actor) -> Database:
    """占道经营 is 城管局's everywhere; 停水 is divided by district; 噪声 is nobody's."""
    with database.work() as s:
        catalogue.put_departments(
            s,
            [
                {
                    "code": "SW",
                    "name": "水务局",
                    "short_name": "水务局",
                    "tier": 1,
                    "kind": "bureau",
                    "division": None,
                    "phone": None,
                }
            ],
        )
        catalogue.put_divisions(s, [{"code": "D1", "name": "鼓楼区", "parent": None, "level": 2}])
        names = {"0101": "占道经营", "0201": "停水", "0301": "噪声"}
        catalogue.put_categories(
            s, [{"code": c, "name": n, "parent": None, "level": 1} for c, n in names.items()]
        )
        rows = [("0101", "*", "CG"), ("0201", "D1", "SW")]
        catalogue.found_responsibilities(
            s,
            [
                {
                    "category": c,
                    "division": d,
                    "lead": u,
                    "supporting": "",
                    "legal_basis": "条例第二十条",
                }
                for c, d, u in rows
            ],
            since=date(2020, 1, 1),
        )
    return database


def taken(database: Database, form: intake.RequestForm = FORM) -> str:
    with database.work() as s:
        return intake.open_ticket(s, DISPATCHER, form, now=NOW).number


def judged(
    database: Database, number: str, rules: Rules, found: Suggestions = SURE
) -> auto_dispatch.Judged | None:
    with database.work() as s:
        return auto_dispatch.decide(s, number, found, rules, now=NOW)


def test_a_sure_request_is_sent_by_the_catalogue_and_the_history_says_why(
    town: Database, rules: Rules
) -> None:
    number = taken(town)
    with town.read() as s:
        assert [w.number for w in auto_dispatch.waiting(s, now=NOW)] == [number]
    assert judged(town, number, rules) == auto_dispatch.Judged(number, "城管局")
    with town.read() as s:
        ticket = s.scalars(select(Ticket)).one()
        share = s.scalars(select(Assignment)).one()
        row = s.get_one(AutomaticDispatch, ticket.id)
        told = s.scalars(select(TicketEvent).where(TicketEvent.kind == "TicketDispatched")).one()
        assert (ticket.status, row.assignment_id) == (Status.DISPATCHED.value, share.id)
        assert ticket.suggestion is not None
        assert ticket.suggestion["categories"][0] == ["0101", 0.993]
        assert "占道经营、全市，条例第二十条" in share.basis
        assert (told.actor_role, told.actor_name) == ("system", "系统")
        assert told.details["reason"] == (
            "系统自动派单：模型 m1 判为“占道经营”，把握 99.3%，该类经验证预计准确率 98.7%"
        )
        assert auto_dispatch.waiting(s, now=NOW) == []


def test_nothing_is_judged_twice(town: Database, rules: Rules) -> None:
    number = taken(town)
    assert judged(town, number, rules, replace(SURE, sure=False)) == auto_dispatch.Judged(
        number, reasons=(LeftToPerson.NOT_SURE,)
    )
    assert judged(town, number, rules) is None
    with town.read() as s:
        assert s.scalars(select(Ticket.status)).all() == ["open"]


@pytest.mark.parametrize(
    ("form", "found", "why"),
    [
        (replace(FORM, confidential=True), SURE, LeftToPerson.CONFIDENTIAL),
        (replace(FORM, urgency=Urgency.EMERGENCY), SURE, LeftToPerson.EMERGENCY),
        (
            FORM,
            replace(SURE, urgency=Suggestion("emergency", "特急", 1.0)),
            LeftToPerson.EMERGENCY,
        ),
        (replace(FORM, avoid=("CG",)), SURE, LeftToPerson.AVOIDED),
        (replace(FORM, difficult=True), SURE, LeftToPerson.DIFFICULT),
        (replace(FORM, category="0201", division="D1"), SURE, LeftToPerson.OTHER_CATEGORY),
        (
            FORM,
            replace(SURE, categories=(Suggestion("0301", "噪声", 0.99),)),
            LeftToPerson.NO_ROUTE,
        ),
        (
            FORM,
            replace(SURE, categories=(Suggestion("0201", "停水", 0.99),)),
            LeftToPerson.NO_DIVISION,
        ),
        (FORM, replace(SURE, unreadable="看不出是什么事"), LeftToPerson.UNREADABLE),
    ],
)
def test_what_asks_for_a_person_is_left_to_one(
    town: Database,
    rules: Rules,
    form: intake.RequestForm,
    found: Suggestions,
    why: LeftToPerson,
) -> None:
    number = taken(town, form)
    left = judged(town, number, rules, found)
    assert left is not None
    assert why in left.reasons
    with town.read() as s:
        assert s.scalars(select(Ticket.status)).one() == "open"
        assert why.value in s.scalars(select(AutomaticDispatch)).one().reasons


def test_a_second_caller_of_an_event_waits_for_a_person_who_may_merge(
    town: Database, rules: Rules
) -> None:
    assert judged(town, taken(town), rules) is not None
    again = taken(town, replace(FORM, phone="13900001111"))
    left = judged(town, again, rules)
    assert left is not None
    assert left.reasons == (LeftToPerson.SAME_EVENT,)


def test_a_repeated_matter_is_a_persons(town: Database, rules: Rules) -> None:
    first = taken(town, replace(FORM, content="学校门口没有路灯"))
    second = taken(town)
    with town.work() as s:
        one, two = (
            s.scalars(select(Ticket).where(Ticket.number == n)).one() for n in (first, second)
        )
        tie(s, DISPATCHER, one, two, LinkKind.REPEAT, now=NOW)
    left = judged(town, second, rules)
    assert left is not None
    assert left.reasons == (LeftToPerson.REPEAT,)


def test_who_took_it_may_keep_it_for_the_dispatchers(town: Database, rules: Rules) -> None:
    number = taken(town)
    with town.work() as s:
        auto_dispatch.leave(s, s.scalars(select(Ticket)).one(), now=NOW)
    assert judged(town, number, rules) is None


def test_a_backlog_is_never_sent(town: Database) -> None:
    taken(town)
    with town.read() as s:
        assert auto_dispatch.waiting(s, now=NOW + timedelta(days=2)) == []


def test_the_shares_sent_and_taken_back_open_their_tickets(town: Database, rules: Rules) -> None:
    sent = taken(town)
    kept = taken(town, replace(FORM, content="别处的事", confidential=True))
    judged(town, sent, rules)
    judged(town, kept, rules)
    with town.work() as s:
        assignment.reassign(s, DISPATCHER, sent, "SW", rules, reason="分错了", now=NOW)
    with town.read() as s:
        since = NOW - timedelta(days=7)
        found = auto_dispatch_queries.figures(s, since=since)
        assert (found.judged, found.sent, found.taken_back) == (2, 1, 1)
        assert (found.share, found.taken_back_share) == (0.5, 1.0)
        assert found.reasons == ((LeftToPerson.CONFIDENTIAL, 1),)
        listed = auto_dispatch_queries.listed(
            s, DISPATCHER, auto_dispatch_queries.Part.TAKEN_BACK, since=since
        )
        assert [(card.number, story.precision) for card, story in listed] == [(sent, 0.987)]
        story = auto_dispatch_queries.of_ticket(s, kept)
        assert story is not None
        assert story.reasons == (LeftToPerson.CONFIDENTIAL,)
