"""The campaign of follow-up: who is asked, when, in which way, and never two calls at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from dispatch.bus import Database
from dispatch.domain.calls import CallOutcome, CallRecord, Direction, SurveyEnded, SurveyResult
from dispatch.domain.errors import ActionNotAllowed, InvalidInput
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.ports import FollowUpCall
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import (
    FollowUpMethod,
    Rating,
    RequestKind,
    Role,
    Verdict,
)
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.followups import FollowUp
from dispatch.models.people import Staff
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.service import (
    assignment,
    campaign,
    followup,
    followup_calls,
    followup_ends,
    followup_person,
    handling,
    intake,
    reviews,
)
from dispatch.service.campaign import Lines
from dispatch.service.followup_answers import Answers, record_answers, record_outside

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
CENTER = Actor(name="中心", role=Role.CENTER)
FORM = intake.RequestForm(
    content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT, phone="13800005678"
)
MANY = Lines(most=50)


def minutes(n: float) -> datetime:
    """A moment of the story."""
    return NOW + timedelta(minutes=n)


def audited(
    database: Database, rules: Rules, unit: Actor, *, at: datetime = NOW, **more: object
) -> str:
    """A ticket whose reply has just been passed."""
    with database.work() as s:
        number = intake.open_ticket(s, CENTER, replace(FORM, **more), now=at).number  # type: ignore[arg-type]
        assignment.dispatch(s, CENTER, number, "CG", rules, now=at)
        assignment.acknowledge(s, unit, number, now=at)
        handling.complete(s, unit, number, rules, public_reply="已责令商户撤摊并清洗路面。", now=at)
        handling.pass_audit(s, CENTER, number, rules, now=at)
    return number


def follower(database: Database, login: str) -> Actor:
    """A follow-up caller with an account."""
    with database.work() as s:
        person = Staff(login=login, name=login, role=Role.FOLLOW_UP.value, password_hash="x")
        s.add(person)
        s.flush()
        return Actor(name=login, role=Role.FOLLOW_UP, staff_id=person.id)


def ticket_of(database: Database, number: str) -> Ticket:
    """The ticket's row."""
    with database.read() as s:
        return s.scalars(select(Ticket).where(Ticket.number == number)).one()


def attempts(database: Database, number: str) -> list[FollowUp]:
    """Its attempts, oldest first."""
    about = select(Ticket.id).where(Ticket.number == number).scalar_subquery()
    with database.read() as s:
        rows = select(FollowUp).where(FollowUp.ticket_id == about).order_by(FollowUp.id)
        return list(s.scalars(rows))


def place(
    database: Database, rules: Rules, at: datetime, lines: Lines = MANY
) -> list[FollowUpCall]:
    """One look of the campaign."""
    with database.work() as s:
        return campaign.place(s, rules, lines, now=at)


def end(
    database: Database, rules: Rules, call: FollowUpCall, result: SurveyResult, at: datetime
) -> None:
    """The telephone system tells the end of a call."""
    with database.work() as s:
        ended = SurveyEnded(follow_up_id=call.follow_up_id, result=result, at=at)
        followup.record_survey_end(s, ended, rules, now=at)


def answer(
    database: Database, rules: Rules, follow_up_id: int, answers: Answers, at: datetime
) -> None:
    """Somebody of the centre writes down what was said."""
    with database.work() as s:
        record_answers(s, CENTER, follow_up_id, answers, rules, now=at)


def with_follow_up(rules: Rules, **values: object) -> Rules:
    """The rules with another follow-up."""
    changed = replace(rules.profile.follow_up, **values)  # type: ignore[arg-type]
    return replace(rules, profile=replace(rules.profile, follow_up=changed))


UNHAPPY = Answers(reached=True, solved=Verdict.UNRESOLVED, rating=Rating.DISSATISFIED)
PLEASED = Answers(reached=True, solved=Verdict.RESOLVED, rating=Rating.SATISFIED)


def test_attempts_lie_in_different_half_days_at_polite_hours_within_the_span(
    database: Database, rules: Rules, unit: Actor
) -> None:
    number = audited(database, rules, unit)
    at = NOW
    for _ in range(rules.profile.follow_up.attempts):
        (call,) = place(database, rules, at)
        end(database, rules, call, SurveyResult.NO_ANSWER, at + timedelta(minutes=1))
        at = attempts(database, number)[-1].due_at
    rung = [row for row in attempts(database, number) if row.method == "voice"]
    city = [row.due_at.astimezone(SHANGHAI) for row in rung]
    assert [f"{one:%d %H:%M}" for one in city] == ["23 10:00", "23 14:30", "24 09:00"]
    halves = {(one.date(), one.hour < 12) for one in city}
    assert len(halves) >= rules.profile.follow_up.half_days
    assert max(city) <= rules.follow_up_until(city[0])
    link = attempts(database, number)[-1]
    assert (link.method, link.state) == ("link", "sent")
    assert link.due_at == rules.link_valid_until(link.called_at or at)


def test_nothing_is_rung_at_impolite_hours_however_long_it_is_due(
    database: Database, rules: Rules, unit: Actor
) -> None:
    audited(database, rules, unit)
    for clock in (time(3), time(8, 59), time(12, 30), time(20), time(23, 59)):
        assert place(database, rules, datetime.combine(NOW.date(), clock, SHANGHAI)) == []
    assert len(place(database, rules, minutes(1))) == 1


def test_a_number_out_of_service_goes_to_a_person_at_once(
    database: Database, rules: Rules, unit: Actor
) -> None:
    number = audited(database, rules, unit)
    (call,) = place(database, rules, NOW)
    end(database, rules, call, SurveyResult.NO_SUCH_NUMBER, minutes(1))
    assert [row.method for row in attempts(database, number)] == ["voice", "person"]


def test_a_fixed_telephone_is_sent_no_message(
    database: Database, rules: Rules, unit: Actor
) -> None:
    once = with_follow_up(rules, attempts=1)
    number = audited(database, once, unit, phone="09991234567")
    (call,) = place(database, once, NOW)
    end(database, once, call, SurveyResult.BUSY, minutes(1))
    assert [row.method for row in attempts(database, number)] == ["voice", "person"]


def test_two_cases_of_one_person_are_asked_about_one_after_the_other(
    database: Database, rules: Rules, unit: Actor
) -> None:
    audited(database, rules, unit)
    audited(database, rules, unit, phone="+86 138 0000 5678")
    other = audited(database, rules, unit, phone="13900001111")
    calls = place(database, rules, NOW)
    assert len(calls) == 2
    assert {call.follow_up_id for call in calls} >= {attempts(database, other)[0].id}
    assert place(database, rules, minutes(1)) == []
    mine = next(call for call in calls if call.number.endswith("5678"))
    end(database, rules, mine, SurveyResult.NO_ANSWER, minutes(2))
    assert len(place(database, rules, minutes(3))) == 1


def test_whoever_is_on_the_line_with_us_is_rung_later(
    database: Database, rules: Rules, unit: Actor
) -> None:
    number = audited(database, rules, unit)
    call = CallRecord(
        call_id="hot1-1",
        direction=Direction.INBOUND,
        started_at=minutes(1),
        caller="+8613800005678",
        answered_at=minutes(1.5),
    )
    with database.work() as s:
        intake.record_call(s, call, now=minutes(2))
    assert place(database, rules, minutes(3)) == []
    with pytest.raises(ActionNotAllowed, match="正在与热线通话"), database.work() as s:
        followup_calls.call_now(s, CENTER, number, rules, now=minutes(3))
    over = replace(call, ended_at=minutes(4), outcome=CallOutcome.ANSWERED)
    with database.work() as s:
        intake.record_call(s, over, now=minutes(4))
    assert len(place(database, rules, minutes(5))) == 1


def test_lines_are_shared_and_callers_come_first(
    database: Database, rules: Rules, unit: Actor
) -> None:
    for caller in range(6):
        audited(database, rules, unit, phone=f"1390000111{caller}")
    waiting = CallRecord(
        call_id="hot1-7",
        direction=Direction.INBOUND,
        started_at=minutes(1),
        queued_at=minutes(1),
        queue="hotline",
        caller="13811112222",
    )
    with database.work() as s:
        intake.record_call(s, waiting, now=minutes(1))
    assert place(database, rules, minutes(1)) == []
    with database.work() as s:
        answered = replace(waiting, answered_at=minutes(2), left_queue_at=minutes(2))
        intake.record_call(s, answered, now=minutes(2))
    # Of five lines one is talking and two are for callers: two are left.
    lines = Lines(most=4, trunk=5, spare=2)
    assert len(place(database, rules, minutes(3), lines)) == 2
    assert place(database, rules, minutes(4), lines) == []
    assert len(place(database, rules, minutes(5), Lines(most=3))) == 1


def test_a_confidential_case_is_asked_about_by_people_alone(
    database: Database, rules: Rules, unit: Actor
) -> None:
    number = audited(database, rules, unit, confidential=True)
    assert [row.method for row in attempts(database, number)] == ["person"]
    assert place(database, rules, NOW) == []
    with pytest.raises(ActionNotAllowed, match="保密件"), database.work() as s:
        followup_calls.call_now(s, CENTER, number, rules, now=NOW)
    for turn in range(rules.profile.follow_up.person_attempts):
        assert ticket_of(database, number).status == "follow_up"
        row = attempts(database, number)[-1]
        unreached = Answers(reached=False)
        answer(database, rules, row.id, unreached, NOW + timedelta(days=turn))
    closed = ticket_of(database, number)
    assert (closed.status, closed.solved, closed.rating) == ("closed", None, None)
    assert {row.method for row in attempts(database, number)} == {"person"}


def test_a_sample_is_the_same_whenever_it_is_drawn_and_leaves_no_unit_out(
    database: Database, rules: Rules, unit: Actor
) -> None:
    some = with_follow_up(rules, sample=0.3, least_per_stratum=2)
    numbers = [audited(database, some, unit, phone=f"139000{n:05d}") for n in range(40)]
    numbers += [audited(database, some, unit, kind=RequestKind.REPORT)]
    asked = [number for number in numbers if attempts(database, number)]
    assert numbers[0] in asked
    assert numbers[1] in asked
    assert numbers[-1] in asked
    assert 5 <= len(asked) <= 25
    left = next(number for number in numbers if number not in asked)
    assert ticket_of(database, left).status == "closed"
    assert ticket_of(database, left).rating is None
    with database.read() as s:
        why = s.scalars(
            select(TicketEvent.details).where(
                TicketEvent.kind == "FollowUpWaived",
                TicketEvent.ticket_id == ticket_of(database, left).id,
            )
        ).one()
    assert why["reason"] == "抽样回访未抽中"


def test_a_person_declines_to_rate_and_is_asked_no_more(
    database: Database, rules: Rules, unit: Actor
) -> None:
    number = audited(database, rules, unit)
    row = attempts(database, number)[0]
    answer(database, rules, row.id, Answers(reached=True), minutes(5))
    (asked,) = attempts(database, number)
    assert (asked.reached, asked.result, asked.method) == (True, "refused", "person")
    assert ticket_of(database, number).status == "closed"
    assert ticket_of(database, number).rating is None


def test_answers_of_nobody_and_second_answers_are_refused(
    database: Database, rules: Rules, unit: Actor
) -> None:
    number = audited(database, rules, unit)
    row = attempts(database, number)[0]
    with pytest.raises(InvalidInput, match="没有接通"):
        answer(database, rules, row.id, replace(PLEASED, reached=False), minutes(1))
    answer(database, rules, row.id, PLEASED, minutes(2))
    with pytest.raises(ActionNotAllowed, match="已经登记过"):
        answer(database, rules, row.id, UNHAPPY, minutes(3))
    assert ticket_of(database, number).rating == "satisfied"


@pytest.mark.parametrize("by_centre", [True, False])
def test_an_unhappy_answer_goes_to_the_centre_or_straight_back_as_the_policy_says(
    database: Database, rules: Rules, unit: Actor, *, by_centre: bool
) -> None:
    review = replace(rules.profile.review, by_centre=by_centre)
    policy = replace(rules, profile=replace(rules.profile, review=review))
    number = audited(database, policy, unit)
    answer(database, policy, attempts(database, number)[0].id, UNHAPPY, minutes(5))
    ticket = ticket_of(database, number)
    assert ticket.status == ("review" if by_centre else "reopened")
    with database.read() as s:
        waiting = reviews.pending(s, ticket)
        assert (waiting is not None) is by_centre
        if waiting is not None:
            assert waiting.due_at == policy.review_by(minutes(5))


def test_first_and_last_word_both_stay(database: Database, rules: Rules, unit: Actor) -> None:
    number = audited(database, rules, unit)
    answer(database, rules, attempts(database, number)[0].id, UNHAPPY, minutes(5))
    with database.work() as s:
        reviews.decide(s, CENTER, number, redo=True, words="情况属实", now=minutes(6))
        assignment.dispatch(s, CENTER, number, "CG", rules, now=minutes(7))
        assignment.acknowledge(s, unit, number, now=minutes(8))
        handling.complete(
            s, unit, number, rules, public_reply="已拆除灶台并派人值守，未再出摊。", now=minutes(9)
        )
        handling.pass_audit(s, CENTER, number, rules, now=minutes(10))
    answer(database, rules, attempts(database, number)[-1].id, PLEASED, minutes(20))
    ticket = ticket_of(database, number)
    assert (ticket.status, ticket.round) == ("closed", 2)
    assert (ticket.first_solved, ticket.first_rating) == ("unresolved", "dissatisfied")
    assert (ticket.solved, ticket.rating) == ("resolved", "satisfied")


def test_a_redo_asked_for_in_writing_is_looked_at_though_the_grade_was_good(
    database: Database, rules: Rules, unit: Actor
) -> None:
    number = audited(database, rules, unit)
    row = attempts(database, number)[0]
    with database.work() as s:
        said = replace(PLEASED, redo_wanted=True, comment="只清了一半")
        record_answers(s, SYSTEM, row.id, said, rules, now=minutes(5))
    assert ticket_of(database, number).status == "review"
    (written,) = attempts(database, number)
    assert (written.method, written.comment) == ("link", "只清了一半")


def test_a_reopening_by_the_centre_settles_the_review_and_ends_a_link(
    database: Database, rules: Rules, unit: Actor
) -> None:
    by_link = with_follow_up(rules, attempts=0)
    number = audited(database, by_link, unit)
    (link,) = attempts(database, number)
    assert (link.method, link.state) == ("link", "sent")
    with database.work() as s:
        followup_ends.reopen(s, CENTER, number, reason="答复有误", now=minutes(5))
    (link,) = attempts(database, number)
    assert (link.state, link.result) == ("unreached", "expired")
    assert ticket_of(database, number).status == "reopened"


def test_one_person_is_taken_by_one_caller_and_given_back_when_forgotten(
    database: Database, rules: Rules, unit: Actor
) -> None:
    first, second, third = (follower(database, login) for login in ("a", "b", "c"))
    for n in range(2):
        audited(database, rules, unit, confidential=True, phone=f"1390000111{n}")
    with database.work() as s:
        mine = followup_person.claim(s, first, rules, now=minutes(1))
        theirs = followup_person.claim(s, second, rules, now=minutes(1))
        again = followup_person.claim(s, first, rules, now=minutes(2))
        assert mine is not None
        assert theirs is not None
        assert again is not None
        assert mine.id == again.id != theirs.id
        assert followup_person.claim(s, third, rules, now=minutes(2)) is None
    with pytest.raises(ActionNotAllowed, match="另一位回访员"), database.work() as s:
        record_answers(s, second, mine.id, PLEASED, rules, now=minutes(3))
    with database.work() as s:
        record_answers(s, first, mine.id, PLEASED, rules, now=minutes(3))
    with database.work() as s:
        assert followup_person.release_forgotten(s, now=minutes(20)) == 0
        assert followup_person.release_forgotten(s, now=minutes(32)) == 1
    with database.work() as s:
        taken = followup_person.claim(s, first, rules, now=minutes(33))
        assert taken is not None
        assert taken.id == theirs.id
        followup_person.release(s, second, taken.id)
    with database.work() as s:
        assert followup_person.due(s, first, now=minutes(34)) == []
        followup_person.release(s, first, taken.id)
        assert [row.id for row in followup_person.due(s, first, now=minutes(34))] == [taken.id]


def test_a_visit_means_the_same_as_a_call(database: Database, rules: Rules, unit: Actor) -> None:
    waiting = audited(database, rules, unit)
    with database.work() as s:
        record_outside(
            s,
            CENTER,
            waiting,
            FollowUpMethod.VISIT,
            UNHAPPY,
            rules,
            at=minutes(3),
            now=minutes(5),
        )
    assert ticket_of(database, waiting).status == "review"
    assert [row.method for row in attempts(database, waiting)] == ["visit"]


@pytest.mark.parametrize(("asked_at", "last_word"), [(3, "satisfied"), (60, "dissatisfied")])
def test_an_outside_survey_of_a_closed_ticket_moves_only_the_last_word(
    database: Database, rules: Rules, unit: Actor, asked_at: int, last_word: str
) -> None:
    number = audited(database, rules, unit)
    answer(database, rules, attempts(database, number)[0].id, PLEASED, minutes(5))
    with database.work() as s:
        record_outside(
            s,
            CENTER,
            number,
            FollowUpMethod.OUTSIDE,
            UNHAPPY,
            rules,
            asked_by="某调查公司",
            at=minutes(asked_at),
            now=minutes(90),
        )
    ticket = ticket_of(database, number)
    assert (ticket.status, ticket.round, ticket.rating) == ("closed", 1, last_word)
    assert ticket.first_rating == "satisfied"


def test_whoever_waits_with_nothing_planned_is_planned_for(
    database: Database, rules: Rules, unit: Actor
) -> None:
    number = audited(database, rules, unit)
    with database.work() as s:
        # As an import or a repair by hand may leave it.
        s.execute(update(FollowUp).values(round=99))
    with database.work() as s:
        assert campaign.adopt_forgotten(s, rules, now=minutes(1)) == 1
    with database.work() as s:
        assert campaign.adopt_forgotten(s, rules, now=minutes(2)) == 0
    assert len(place(database, rules, minutes(3))) == 1
    assert ticket_of(database, number).status == "follow_up"
