"""A second round, a second opinion and a second page: what the first one must not leave behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.calls import SurveyAnswer, SurveyEnded, SurveyResult
from dispatch.domain.errors import ActionNotAllowed, ChangedMeanwhile, NotFound
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Channel, Rating, RequestKind, Role, Verdict
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import (
    access,
    assignment,
    followup,
    followup_calls,
    followup_ends,
    handling,
    intake,
    resident,
    reviews,
    sweep,
    urging,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
CENTER = Actor(name="中心", role=Role.CENTER)
CALLER = Actor(name="回访员", role=Role.FOLLOW_UP)
REPLY = "已责令商户撤摊并清洗路面。"
FORM = intake.RequestForm(
    content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT, phone="13800005678"
)


def minutes(n: float) -> datetime:
    """A moment of the story."""
    return NOW + timedelta(minutes=n)


@pytest.fixture
def number(database: Database, rules: Rules, unit: Actor) -> str:
    """A ticket that waits for its follow-up call."""
    with database.work() as s:
        made = intake.open_ticket(s, CENTER, FORM, now=NOW).number
        assignment.dispatch(s, CENTER, made, "CG", rules, now=NOW)
        assignment.acknowledge(s, unit, made, now=minutes(10))
        handling.contact_requester(s, unit, made, note="已电话联系", now=minutes(20))
        handling.complete(s, unit, made, rules, public_reply=REPLY, now=minutes(30))
        handling.pass_audit(s, CENTER, made, rules, now=minutes(40))
    return made


def ticket_of(database: Database, number: str) -> Ticket:
    """The ticket's row."""
    with database.read() as s:
        return s.scalars(select(Ticket).where(Ticket.number == number)).one()


def attempts(database: Database) -> int:
    """How many follow-up rows there are."""
    with database.read() as s:
        return s.scalar(select(func.count(FollowUp.id))) or 0


def test_a_case_being_redone_rings_nobody(database: Database, rules: Rules, number: str) -> None:
    with database.work() as s:
        followup_ends.reopen(s, CENTER, number, reason="答复与事实不符", now=minutes(50))
    with database.work() as s:
        assert followup_calls.claim_due(s, rules, limit=5, now=minutes(60)) == []
    assert attempts(database) == 0


def test_nobody_redoes_a_case_whose_requester_is_on_the_line(
    database: Database, rules: Rules, number: str
) -> None:
    with database.work() as s:
        followup_calls.claim_due(s, rules, limit=5, now=minutes(50))
    with pytest.raises(ActionNotAllowed, match="正在呼叫"), database.work() as s:
        followup_ends.reopen(s, CENTER, number, reason="答复与事实不符", now=minutes(51))
    assert ticket_of(database, number).round == 1


def by_person(s: Session, number: str, rules: Rules, seen: int) -> None:
    """登记回访 from a page that showed this version."""
    followup.record_by_person(
        s,
        CALLER,
        number,
        rules,
        reached=True,
        solved=Verdict.RESOLVED,
        rating=None,
        expected=seen,
        now=minutes(60),
    )


def by_reopening(s: Session, number: str, _rules: Rules, seen: int) -> None:
    """退回重办 from a page that showed this version."""
    followup_ends.reopen(s, CENTER, number, reason="不实", expected=seen, now=minutes(60))


@pytest.mark.parametrize("press", [by_person, by_reopening])
def test_a_page_older_than_the_ticket_judges_nothing(
    database: Database, rules: Rules, number: str, press: Callable[..., None]
) -> None:
    seen = ticket_of(database, number).version
    with database.work() as s:
        urging.urge(s, CENTER, number, contact_id=None, note="", now=minutes(55))
    with pytest.raises(ChangedMeanwhile), database.work() as s:
        press(s, number, rules, seen)
    assert ticket_of(database, number).status == "follow_up"
    with database.work() as s:
        press(s, number, rules, seen + 1)
    assert ticket_of(database, number).version == seen + 2


def test_a_close_by_survey_makes_older_pages_old(
    database: Database, rules: Rules, number: str
) -> None:
    seen = ticket_of(database, number).version
    with database.work() as s:
        (call,) = followup_calls.claim_due(s, rules, limit=5, now=minutes(50))
        answer = SurveyAnswer(
            follow_up_id=call.follow_up_id, question="satisfied", digit="1", at=minutes(51)
        )
        followup.record_survey_answer(s, answer, now=minutes(51))
        ended = SurveyEnded(
            follow_up_id=call.follow_up_id, result=SurveyResult.PARTIAL, at=minutes(52)
        )
        followup.record_survey_end(s, ended, rules, now=minutes(52))
    closed = ticket_of(database, number)
    assert (closed.status, closed.solved, closed.rating) == ("closed", None, "very_satisfied")
    with pytest.raises(ChangedMeanwhile), database.work() as s:
        followup_ends.reopen(s, CENTER, number, reason="不实", expected=seen, now=minutes(60))


def test_a_second_round_starts_every_clock_and_mark_anew(
    database: Database, rules: Rules, number: str, unit: Actor
) -> None:
    with database.work() as s:
        followup.record_by_person(
            s,
            CALLER,
            number,
            rules,
            reached=True,
            solved=Verdict.UNRESOLVED,
            rating=Rating.VERY_DISSATISFIED,
            now=minutes(60),
        )
        reviews.decide(s, CENTER, number, redo=True, words="反映属实，须重办", now=minutes(60))
    again = ticket_of(database, number)
    assert (again.status, again.round, again.audited_at) == ("reopened", 2, None)
    later = NOW + timedelta(days=30)
    with database.work() as s:
        assignment.dispatch(s, CENTER, number, "CG", rules, now=later)
    ticket = ticket_of(database, number)
    assert ticket.dispatched_at == NOW
    assert ticket.acknowledged_at is ticket.first_contacted_at is ticket.completed_at is None
    assert ticket.acknowledge_by is not None
    assert ticket.due_at is not None
    assert later < ticket.acknowledge_by < ticket.due_at
    over = ticket.due_at + timedelta(hours=1)
    with database.work() as s:
        swept = sweep.sweep(s, rules, now=over)
        assert (swept.warned, swept.unsigned, swept.breached) == (1, 1, 1)
        assignment.acknowledge(s, unit, number, now=over)
        handling.contact_requester(s, unit, number, note="再次联系", now=over)
    assert ticket_of(database, number).first_contacted_at == over
    with database.read() as s:
        rounds = s.execute(
            select(
                Assignment.round, Assignment.first_contacted_at, Assignment.breached_at
            ).order_by(Assignment.id)
        ).all()
    assert [tuple(row) for row in rounds] == [(1, minutes(20), None), (2, over, over)]


def test_an_account_of_a_unit_without_a_unit_reads_nothing(database: Database, number: str) -> None:
    lost = Actor(name="没有单位", role=Role.DEPARTMENT, staff_id=1)
    with database.read() as s, pytest.raises(NotFound):
        access.ticket_for(s, lost, number)


def test_a_residents_telephone_is_kept_as_telephones_show_it(
    database: Database, rules: Rules
) -> None:
    form = replace(FORM, phone="138 0000-5678", channel=Channel.WEB)
    with database.work() as s:
        first = resident.file_request(s, form, rules, now=NOW)
    with database.work() as s:
        again = resident.file_request(s, replace(form, phone="13800005678"), rules, now=NOW)
    assert again == first
    assert ticket_of(database, first.number).phone == "13800005678"
