"""Events that call for supervision by themselves: each once for a ticket and round."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database, hold
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import SupervisionTrigger
from dispatch.domain.vocabulary import RequestKind, Role, Verdict
from dispatch.models.oversight import Supervision
from dispatch.models.tickets import Ticket
from dispatch.service import (
    assignment,
    followup,
    handling,
    intake,
    merging,
    reviews,
    supervision_answers,
    triggers,
)
from dispatch.service.urging import urge

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
AGENT = Actor(name="小王", role=Role.AGENT)
CENTER = Actor(name="中心", role=Role.CENTER)
CALLER = Actor(name="回访员", role=Role.FOLLOW_UP)
LATER = NOW + timedelta(days=2)
FORM = intake.RequestForm(
    content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT, phone="13800005678"
)


@pytest.fixture
def number(database: Database, rules: Rules, unit: Actor) -> str:
    """A ticket in 城管局's hands."""
    with database.work() as s:
        made = intake.open_ticket(s, AGENT, FORM, now=NOW).number
        assignment.dispatch(s, CENTER, made, "CG", rules, now=NOW)
    return made


def ordered(database: Database) -> list[tuple[str, str, int | None]]:
    """(trigger, level, unit) of every order."""
    with database.read() as s:
        rows = s.scalars(select(Supervision).order_by(Supervision.id))
        return [(r.trigger, r.level, r.department_id) for r in rows]


def with_counts(rules: Rules, **counts: int) -> Rules:
    """The same policy with other numbers in `[supervision]`."""
    changed = replace(rules.profile.supervision, **counts)  # type: ignore[arg-type]
    return Rules(replace(rules.profile, supervision=changed), rules.calendar)


def judge(database: Database, rules: Rules, unit: Actor, number: str, at: datetime) -> None:
    """One more round: handled, audited, and the requester says it is not solved."""
    with database.work() as s:
        assignment.acknowledge(s, unit, number, now=at)
        handling.complete(
            s, unit, number, rules, public_reply="经查油烟属实，已责令商户撤摊并清洗路面。", now=at
        )
        handling.pass_audit(s, CENTER, number, rules, now=at)
        followup.record_by_person(
            s,
            CALLER,
            number,
            rules,
            reached=True,
            solved=Verdict.UNRESOLVED,
            rating=None,
            now=at,
        )


def send_back(database: Database, number: str, at: datetime) -> None:
    """The centre's review finds that the requester is right."""
    with database.work() as s:
        reviews.decide(s, CENTER, number, redo=True, words="情况属实，须重办", now=at)


def test_still_unsatisfied_after_the_redos_calls_for_an_order_to_the_unit(
    database: Database, rules: Rules, unit: Actor, number: str
) -> None:
    for turn in range(rules.profile.redo.max_times):
        at = NOW + timedelta(days=turn)
        judge(database, rules, unit, number, at)
        assert ordered(database) == []
        send_back(database, number, at)
        with database.work() as s:
            assignment.dispatch(s, CENTER, number, "CG", rules, now=at)
    judge(database, rules, unit, number, NOW + timedelta(days=9))
    assert ordered(database) == [("unsatisfied", "daily", unit.department_id)]
    with database.read() as s:
        assert s.scalars(select(Ticket.status)).one() == "closed"
        assert "山东省级投诉热线" in s.scalars(select(Supervision.demand)).one()


@pytest.mark.parametrize(("times", "fires"), [(1, False), (2, True), (3, True)])
def test_returns_call_for_an_order_to_the_centre(
    database: Database, rules: Rules, number: str, times: int, fires: bool
) -> None:
    with database.work() as s:
        ticket = s.scalars(select(Ticket).with_for_update()).one()
        hold(s, ticket)
        triggers.returned(s, ticket, rules, times=times, now=NOW)
    assert ordered(database) == ([("returned", "daily", None)] if fires else [])


def test_many_callers_call_for_one_order_however_they_came(
    database: Database, rules: Rules, unit: Actor, number: str
) -> None:
    few = with_counts(rules, many_callers=4)
    with database.work() as s:
        child = intake.open_ticket(s, AGENT, replace(FORM, phone="13900001111"), now=NOW).number
        merging.merge(s, CENTER, child, number, reason="同一烧烤摊", now=NOW)
        urge(s, AGENT, number, contact_id=None, note="又来电", now=NOW)
    with database.work() as s:
        assert triggers.many_callers_due(s, few, now=NOW) == []
    with database.work() as s:
        urge(s, AGENT, number, contact_id=None, note="第三次", now=NOW)
    for _ in range(2):
        with database.work() as s:
            triggers.many_callers_due(s, few, now=NOW)
    assert ordered(database) == [("many_callers", "listed", unit.department_id)]


def test_urges_alone_are_callers_too(database: Database, rules: Rules, number: str) -> None:
    few = with_counts(rules, many_callers=3)
    with database.work() as s:
        urge(s, AGENT, number, contact_id=None, note="一", now=NOW)
        urge(s, AGENT, number, contact_id=None, note="二", now=NOW)
    with database.work() as s:
        triggers.many_callers_due(s, few, now=NOW)
    assert [trigger for trigger, *_ in ordered(database)] == ["many_callers"]


def test_zero_in_the_policy_means_never(database: Database, rules: Rules, number: str) -> None:
    never = with_counts(rules, many_callers=0, returned_times=0)
    with database.work() as s:
        for _ in range(20):
            urge(s, AGENT, number, contact_id=None, note="催", now=NOW)
    with database.work() as s:
        assert triggers.many_callers_due(s, never, now=NOW) == []
        ticket = s.scalars(select(Ticket).with_for_update()).one()
        hold(s, ticket)
        assert triggers.returned(s, ticket, never, times=9, now=NOW) is None


def test_a_trigger_fires_once_for_each_round_even_when_its_order_is_done(
    database: Database, rules: Rules, unit: Actor, number: str
) -> None:
    def fire(at: datetime) -> str | None:
        with database.work() as s:
            ticket = s.scalars(select(Ticket).with_for_update()).one()
            hold(s, ticket)
            made = triggers.wandering(s, ticket, "工单已经过 3 个单位", rules, at)
            return made.number if made else None

    first = fire(NOW)
    assert first is not None
    with database.work() as s:
        supervision_answers.cancel(s, CENTER, first, reason="已有单位接手", now=NOW)
    assert fire(NOW) is None
    judge(database, rules, unit, number, NOW + timedelta(days=1))
    send_back(database, number, NOW + timedelta(days=1))
    assert fire(LATER) is not None


def test_a_trigger_the_policy_does_not_name_orders_nothing(
    database: Database, rules: Rules, number: str
) -> None:
    silent = Rules(replace(rules.profile, triggers=()), rules.calendar)
    with database.work() as s:
        ticket = s.scalars(select(Ticket).with_for_update()).one()
        hold(s, ticket)
        assert triggers.knowledge_stale(s, ticket, "占道经营", silent, NOW) is None
        made = triggers.knowledge_stale(s, ticket, "占道经营", rules, NOW)
        assert made is not None
        assert made.trigger == SupervisionTrigger.KNOWLEDGE_STALE


def test_a_ticket_nobody_takes_calls_for_an_order_to_the_centre_once(
    database: Database, rules: Rules
) -> None:
    with database.work() as s:
        intake.open_ticket(s, AGENT, FORM, now=NOW)
    # Four working hours without a unit are over on the next morning.
    for at, orders in ((NOW + timedelta(hours=2), 0), (LATER, 1), (LATER, 1)):
        with database.work() as s:
            triggers.wandering_due(s, rules, now=at)
        assert len(ordered(database)) == orders
    assert ordered(database) == [("wandering", "daily", None)]
    with database.read() as s:
        assert "没有承办单位" in s.scalars(select(Supervision.demand)).one()
