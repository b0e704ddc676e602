"""Appeals on both databases: a window, evidence, two people, and a way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.errors import (
    ActionNotAllowed,
    HotlineError,
    InvalidInput,
    NotFound,
    OwnRequest,
    PolicyError,
    RoleNotAllowed,
    WindowClosed,
)
from dispatch.domain.judging_terms import AppealState, Measure, ReviewState
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Rating, Status, Verdict
from dispatch.models.followups import FollowUp
from dispatch.models.judging import Appeal, Exclusion, Review
from dispatch.models.oversight import Notice
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.service import appeal_queries, appeals, exclusions
from dispatch.service.appeal_queries import AppealFilter
from tests.dispatch.appeal_story import (
    CLOSED,
    FORM,
    NOW,
    ask,
    decide,
    founded,
    left_out,
    past,
    put,
)
from tests.dispatch.test_contention import at_once


@pytest.fixture
def people(database: Database) -> dict[str, Actor]:
    """The city's people, and one ticket that went badly."""
    made = founded(database)
    put(database, past("t1"))
    return made


def held(database: Database) -> list[Exclusion]:
    with database.read() as s:
        return list(s.scalars(select(Exclusion).where(Exclusion.lifted_at.is_(None))))


def test_two_people_leave_a_ticket_out_and_everybody_is_told(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    made = ask(database, people["cg"], rules)
    assert decide(database, people["zhong"], rules, made) == AppealState.FIRST_GRANTED
    assert not held(database)
    assert decide(database, people["zhuren"], rules, made) == AppealState.GRANTED
    (exclusion,) = held(database)
    assert (exclusion.measure, exclusion.department_id) == (
        Measure.SATISFACTION,
        people["cg"].department_id,
    )
    with database.read() as s:
        told = s.scalars(select(Notice).where(Notice.kind == NoticeKind.APPEAL)).all()
        facts = s.scalars(select(TicketEvent).where(TicketEvent.kind == "AppealChanged")).all()
    assert [notice.role or notice.department_id for notice in told] == [
        "center",
        people["cg"].department_id,
        people["cg"].department_id,
    ]
    assert [fact.details["state"] for fact in facts] == ["pending", "first_granted", "granted"]


def test_neither_the_first_judge_nor_who_asked_the_requester_decides(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    with database.work() as s:
        attempt = s.scalars(select(FollowUp)).one()
        attempt.asked_by_id = people["wei"].staff_id
    made = ask(database, people["cg"], rules)
    with pytest.raises(OwnRequest, match="回访"):
        decide(database, people["wei"], rules, made)
    decide(database, people["zhong"], rules, made)
    with pytest.raises(OwnRequest, match="初审"):
        decide(database, people["zhong"], rules, made)
    with pytest.raises(OwnRequest, match="回访"):
        decide(database, people["wei"], rules, made)
    for login in ("hui", "cg", "zj"):
        with pytest.raises(RoleNotAllowed):
            decide(database, people[login], rules, made)
    assert not held(database)


def test_who_decided_the_review_does_not_decide_the_appeal(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    made = ask(database, people["cg"], rules)
    with database.work() as s:
        ticket = s.scalars(select(Ticket)).one()
        s.add(
            Review(
                ticket_id=ticket.id,
                round=1,
                state=ReviewState.UPHELD.value,
                opened_at=CLOSED,
                due_at=NOW,
                decided_at=CLOSED,
                decided_by_id=people["zhong"].staff_id,
            )
        )
    with pytest.raises(OwnRequest, match="复核"):
        decide(database, people["zhong"], rules, made)
    assert decide(database, people["zhuren"], rules, made) == AppealState.FIRST_GRANTED


@pytest.mark.parametrize("second", [False, True])
def test_a_denial_by_either_ends_the_matter(
    database: Database, rules: Rules, people: dict[str, Actor], second: bool
) -> None:
    made = ask(database, people["cg"], rules)
    if second:
        decide(database, people["zhong"], rules, made)
    assert decide(database, people["zhuren"], rules, made, grant=False) == AppealState.DENIED
    assert not held(database)
    with pytest.raises(ActionNotAllowed):
        decide(database, people["wei"], rules, made)
    with pytest.raises(ActionNotAllowed, match="同一结果"):
        ask(database, people["cg"], rules)


def test_a_decision_says_why(database: Database, rules: Rules, people: dict[str, Actor]) -> None:
    made = ask(database, people["cg"], rules)
    for grant in (True, False):
        with pytest.raises(InvalidInput, match="理由"):
            decide(database, people["zhong"], rules, made, grant=grant, words=" ")


def test_where_the_policy_has_one_person_decide_one_is_enough(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    one = replace(rules.profile.appeal, deciders=1)
    rules = replace(rules, profile=replace(rules.profile, appeal=one))
    made = ask(database, people["cg"], rules)
    assert decide(database, people["zhong"], rules, made) == AppealState.GRANTED


@pytest.mark.parametrize("deciders", [0, 3])
def test_a_policy_with_nobody_or_three_to_decide_is_refused(rules: Rules, deciders: int) -> None:
    with pytest.raises(PolicyError, match="deciders"):
        replace(rules.profile.appeal, deciders=deciders)


def test_the_window_closes_three_working_days_after_the_follow_up(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    # The follow-up ended on Monday the 23rd at 10:00; Thursday's close of business is the end.
    last = CLOSED.replace(day=26, hour=9, minute=29)
    with pytest.raises(WindowClosed, match="截止"):
        ask(database, people["cg"], rules, now=last + timedelta(days=1))
    made = ask(database, people["cg"], rules, now=last)
    with database.read() as s:
        appeal = s.get_one(Appeal, made)
        late = appeal_queries.appeals(
            s, people["zhong"], AppealFilter.LATE, rules, now=appeal.due_at
        )
        early = appeal_queries.appeal_counts(
            s, people["zhong"], now=appeal.due_at - timedelta(seconds=1)
        )
    assert [one.id for one in late] == [made]
    assert (early["late"], early["pending"]) == (0, 1)


def test_before_there_is_a_result_there_is_nothing_to_appeal_against(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    running = {"status": Status.IN_PROGRESS, "solved": None, "rating": None}
    done = {"completed_at": None, "audited_at": None, "closed_at": None}
    put(database, past("t2", **running, **done))
    with pytest.raises(WindowClosed, match="还没有"):
        ask(database, people["cg"], rules, "t2")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": "nobody"}, "reason_code"),
        ({"statement": "  "}, "statement"),
        ({"basis": ""}, "basis"),
        ({"measure": Measure.ON_TIME}, "measure"),
        ({"measure": Measure.ACKNOWLEDGED}, "measure"),
    ],
)
def test_what_is_missing_or_does_not_count_is_said_beside_its_field(
    database: Database,
    rules: Rules,
    people: dict[str, Actor],
    change: dict[str, object],
    field: str,
) -> None:
    form = replace(FORM, **change)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput) as refused:
        ask(database, people["cg"], rules, form=form)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("measure", "change"),
    [
        (Measure.RESOLUTION, {}),
        (Measure.ON_TIME, {"due_at": CLOSED - timedelta(hours=3)}),
        (Measure.RESPONSE, {"due_at": CLOSED - timedelta(days=2, hours=1)}),
        (Measure.ACKNOWLEDGED, {"acknowledge_by": CLOSED - timedelta(days=4)}),
    ],
)
def test_every_measure_that_counts_against_the_unit_may_be_appealed(
    database: Database,
    rules: Rules,
    people: dict[str, Actor],
    measure: Measure,
    change: dict[str, object],
) -> None:
    put(database, past("t2", **change))
    made = ask(database, people["cg"], rules, "t2", replace(FORM, measure=measure))
    decide(database, people["zhong"], rules, made)
    decide(database, people["zhuren"], rules, made)
    assert [one.measure for one in held(database)] == [measure.value]


def test_a_satisfied_or_silent_requester_is_nothing_to_appeal_against(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    put(
        database,
        past("t2", rating=Rating.SATISFIED, solved=Verdict.RESOLVED),
        past("t3", rating=None, solved=None),
    )
    for number in ("t2", "t3"):
        with pytest.raises(InvalidInput, match="不需要申诉"):
            ask(database, people["cg"], rules, number)


def test_another_unit_neither_sees_nor_appeals(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    with pytest.raises(NotFound):
        ask(database, people["zj"], rules)
    made = ask(database, people["cg"], rules)
    with database.read() as s:
        with pytest.raises(NotFound):
            appeal_queries.one_appeal(s, people["zj"], made, rules, now=NOW)
        page = appeal_queries.one_appeal(s, people["cg"], made, rules, now=NOW)
    assert page.appeal.mine
    assert not page.may_decide
    with database.work() as s, pytest.raises(RoleNotAllowed):
        appeals.withdraw(s, people["zj"], made, now=NOW)


def test_one_appeal_at_a_time_and_another_after_taking_it_back(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    made = ask(database, people["cg"], rules)
    with pytest.raises(ActionNotAllowed, match="等待"):
        ask(database, people["cg"], rules)
    with database.work() as s:
        appeals.withdraw(s, people["cg"], made, now=NOW)
    assert ask(database, people["cg"], rules) != made


def test_an_exclusion_is_lifted_with_a_reason_and_once(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    left_out(database, people, rules)
    (exclusion,) = held(database)
    with pytest.raises(ActionNotAllowed, match="已经不计入"):
        ask(database, people["cg"], rules)
    for actor, why, refusal in (
        ("cg", "不服", RoleNotAllowed),
        ("wei", " ", InvalidInput),
    ):
        with database.work() as s, pytest.raises(refusal):
            exclusions.lift(s, people[actor], exclusion.id, why=why, now=NOW)
    with database.work() as s:
        exclusions.lift(s, people["wei"], exclusion.id, why="纪要系伪造", now=NOW)
    assert not held(database)
    with database.work() as s, pytest.raises(ActionNotAllowed):
        exclusions.lift(s, people["wei"], exclusion.id, why="再撤", now=NOW)


def test_two_at_once_decide_once(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    made = ask(database, people["cg"], rules)
    decide(database, people["zhong"], rules, made)

    def second(number: int) -> str:
        try:
            return decide(database, people[("zhuren", "wei")[number]], rules, made)
        except HotlineError as problem:
            return type(problem).__name__

    ended = at_once(2, second)
    assert sorted(ended) == ["ActionNotAllowed", "granted"]
    assert len(held(database)) == 1
