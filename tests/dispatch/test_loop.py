"""The ticket's way from a call to a judged close, on the services alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dispatch.bus import Database, Feed
from dispatch.db import Base
from dispatch.domain.calls import (
    CallOutcome,
    CallRecord,
    Direction,
    SurveyAnswer,
    SurveyEnded,
    SurveyResult,
)
from dispatch.domain.errors import (
    ActionNotAllowed,
    ChangedMeanwhile,
    InvalidInput,
    NotFound,
    RoleNotAllowed,
)
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition, Rating, RequestKind, Role, Status, Verdict
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.service import (
    assignment,
    followup,
    followup_calls,
    handling,
    intake,
    outcomes,
    reviews,
    sweep,
)
from dispatch.service.followup_answers import Answers, record_answers

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city


def minutes(n: float) -> datetime:
    """A moment of the story."""
    return NOW + timedelta(minutes=n)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database on each engine."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'hotline.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    database = Database(url)
    Base.metadata.create_all(database.engines.write)
    with database.work() as s:
        s.add(Department(code="CG", name="城市管理局", short_name="城管局", tier=2, kind="bureau"))
        s.add(Department(code="ZJ", name="住建局", short_name="住建局", tier=2, kind="bureau"))
    with database.work() as s:
        unit = s.scalars(select(Department.id).where(Department.code == "CG")).one()
        for login, role, department, extension in (
            ("wang", Role.AGENT, None, "8001"),
            ("chengguan", Role.DEPARTMENT, unit, None),
        ):
            s.add(
                Staff(
                    login=login,
                    name=login,
                    role=role.value,
                    department_id=department,
                    extension=extension,
                    password_hash="x",
                )
            )
    yield database
    database.dispose()


@pytest.fixture
def rules() -> Rules:
    """The default policy."""
    return Rules(load_profile("default"), load_calendar())


@pytest.fixture
def cast(database: Database) -> dict[str, Actor]:
    """小王 the agent, 城管局's liaison, 住建局's (must see nothing), the centre."""
    with database.read() as s:
        units = {d.code: d.id for d in s.scalars(select(Department))}
        staff = {p.login: p.id for p in s.scalars(select(Staff))}
    return {
        "agent": Actor(name="小王", role=Role.AGENT, staff_id=staff["wang"], extension="8001"),
        "cg": Actor(
            name="城管局",
            role=Role.DEPARTMENT,
            staff_id=staff["chengguan"],
            department_id=units["CG"],
        ),
        "zj": Actor(name="住建局", role=Role.DEPARTMENT, department_id=units["ZJ"]),
        "center": Actor(name="中心", role=Role.CENTER),
        "dispatcher": Actor(name="老李", role=Role.DISPATCHER),
    }


FORM = intake.RequestForm(content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT)


def call(**known: object) -> CallRecord:
    """A call as known so far."""
    base: dict[str, object] = {
        "call_id": "hot1-1",
        "direction": Direction.INBOUND,
        "started_at": NOW,
        "caller": "13800005678",
        "line": "12345",
    }
    return CallRecord(**{**base, **known})  # type: ignore[arg-type]


def opened(database: Database, cast: dict[str, Actor], rules: Rules) -> str:
    """A ticket dispatched to 城管局."""
    with database.work() as s:
        contact = intake.record_call(s, call(), now=NOW)
        ticket = intake.open_ticket(s, cast["agent"], FORM, contact_id=contact, now=minutes(2))
        over = call(answered_at=NOW, ended_at=minutes(2.5), outcome=CallOutcome.ANSWERED)
        intake.record_call(s, over, now=minutes(2.5))
        assignment.dispatch(s, cast["agent"], ticket.number, "CG", rules, now=minutes(3))
        return ticket.number


def audited(database: Database, cast: dict[str, Actor], rules: Rules) -> str:
    """A ticket whose reply the centre has passed."""
    number = opened(database, cast, rules)
    with database.work() as s:
        assignment.acknowledge(s, cast["cg"], number, now=minutes(10))
        handling.contact_requester(s, cast["cg"], number, note="已电话联系", now=minutes(20))
        handling.complete(
            s, cast["cg"], number, rules, public_reply="已责令商户撤摊并清洗路面。", now=minutes(60)
        )
        handling.pass_audit(s, cast["center"], number, rules, now=minutes(70))
    return number


def survey(database: Database, rules: Rules, keys: dict[str, str | None], at: datetime) -> None:
    """The voice survey runs once and the citizen presses these keys."""
    with database.work() as s:
        (claimed,) = followup_calls.claim_due(s, rules, limit=5, now=at)
    with database.work() as s:
        for question, digit in keys.items():
            answer = SurveyAnswer(
                follow_up_id=claimed.follow_up_id,
                question=question,  # type: ignore[arg-type]
                digit=digit,
                at=at,
            )
            followup.record_survey_answer(s, answer, now=at)
        result = SurveyResult.COMPLETED if keys else SurveyResult.NO_ANSWER
        ended = SurveyEnded(follow_up_id=claimed.follow_up_id, result=result, at=at)
        followup.record_survey_end(s, ended, rules, now=at)


def ticket_of(database: Database, number: str) -> Ticket:
    """The ticket's row."""
    with database.read() as s:
        return s.scalars(select(Ticket).where(Ticket.number == number)).one()


def test_a_call_is_one_contact_however_often_it_is_told(database: Database) -> None:
    tellings = [
        call(),
        call(queued_at=minutes(0.1), ringing="8001", queue="hotline"),
        call(queued_at=minutes(0.1), answered_at=minutes(0.2), agent="8001"),
        call(),
        call(
            queued_at=minutes(0.1),
            answered_at=minutes(0.2),
            agent="8001",
            talk_ended_at=minutes(3),
            ended_at=minutes(3),
            outcome=CallOutcome.ANSWERED,
        ),
        call(outcome=CallOutcome.ABANDONED_IN_QUEUE),
    ]
    for telling in [*tellings, *tellings]:
        with database.work() as s:
            intake.record_call(s, telling, now=NOW)
    with database.read() as s:
        contact = s.scalars(select(Contact)).one()
        kinds = list(s.scalars(select(TicketEvent.kind).order_by(TicketEvent.id)))
    assert contact.outcome == "answered"
    assert (contact.wait_s, contact.talk_s) == (6.0, 168.0)
    assert contact.agent_id is not None
    assert kinds == ["CallArrived", "CallRinging", "CallAnswered", "CallEnded"]


def test_an_abandoned_call_ends_by_itself_and_may_be_corrected(
    database: Database, cast: dict[str, Actor], rules: Rules
) -> None:
    gone = call(queued_at=NOW, ended_at=minutes(1), outcome=CallOutcome.ABANDONED_IN_QUEUE)
    with database.work() as s:
        contact = intake.record_call(s, gone, now=NOW)
    with database.work() as s:
        outcomes.end_contact(
            s, cast["agent"], contact, Disposition.SILENT, "", rules, now=minutes(2)
        )
    with database.read() as s:
        assert s.get_one(Contact, contact).disposition == "silent"


def test_the_whole_life_ends_in_a_satisfied_close(
    database: Database, cast: dict[str, Actor], rules: Rules
) -> None:
    feed = Feed(database)
    number = audited(database, cast, rules)
    survey(database, rules, {"solved": "1", "satisfied": "2"}, minutes(80))
    ticket = ticket_of(database, number)
    assert (ticket.status, ticket.solved, ticket.rating) == ("closed", "resolved", "satisfied")
    assert ticket.due_at is not None
    told = [fact.kind for fact in feed.take() if fact.ticket_id == ticket.id]
    assert told == [
        "TicketOpened",
        "ContactDisposed",
        "TicketDispatched",
        "TicketAcknowledged",
        "RequesterContacted",
        "TicketCompleted",
        "AuditPassed",
        "FollowUpAnswered",
        "FollowUpAnswered",
        "FollowUpEnded",
        "TicketClosed",
    ]
    assert feed.take() == []


def test_unsolved_starts_another_round_and_never_more_than_the_policy_allows(
    database: Database, cast: dict[str, Actor], rules: Rules
) -> None:
    number = audited(database, cast, rules)
    at = minutes(80)
    for round_ in range(2, rules.profile.redo.max_times + 2):
        survey(database, rules, {"solved": "2"}, at)
        assert ticket_of(database, number).status == "review"
        at += timedelta(minutes=5)
        with database.work() as s:
            reviews.decide(
                s, cast["center"], number, redo=True, words="现场仍有油烟，须重办", now=at
            )
        ticket = ticket_of(database, number)
        assert (ticket.status, ticket.round) == ("reopened", round_)
        at += timedelta(minutes=10)
        with database.work() as s:
            assignment.dispatch(s, cast["dispatcher"], number, "CG", rules, now=at)
            assignment.acknowledge(s, cast["cg"], number, now=at)
            handling.complete(
                s, cast["cg"], number, rules, public_reply="再次到现场处理，已清理完毕。", now=at
            )
            handling.pass_audit(s, cast["center"], number, rules, now=at)
    survey(database, rules, {"solved": "2", "satisfied": "5"}, at)
    ticket = ticket_of(database, number)
    assert (ticket.status, ticket.solved) == ("closed", "unresolved")
    with database.read() as s:
        assert s.scalar(select(func.count(Assignment.id))) == rules.profile.redo.max_times + 1


def test_an_unreached_requester_is_asked_again_then_by_a_person_and_never_satisfied(
    database: Database, cast: dict[str, Actor], rules: Rules
) -> None:
    number = audited(database, cast, rules)
    at = minutes(80)
    for _ in range(rules.profile.follow_up.attempts):
        survey(database, rules, {}, at)
        at += timedelta(days=1)
    with database.read() as s:
        last = s.scalars(select(FollowUp).order_by(FollowUp.id.desc())).first()
    assert last is not None
    assert (last.method, last.state) == ("link", "sent")
    with database.work() as s:
        expired = Answers(reached=False, result=SurveyResult.EXPIRED)
        record_answers(s, SYSTEM, last.id, expired, rules, now=at)
    for _ in range(rules.profile.follow_up.person_attempts):
        assert ticket_of(database, number).status == "follow_up"
        at += timedelta(days=1)
        with database.work() as s:
            followup.record_by_person(
                s,
                Actor(name="回访员", role=Role.FOLLOW_UP),
                number,
                rules,
                reached=False,
                solved=None,
                rating=None,
                now=at,
            )
    ticket = ticket_of(database, number)
    assert (ticket.status, ticket.solved, ticket.rating) == ("closed", None, None)


def test_one_attempt_is_claimed_by_one_caller_only(
    database: Database, cast: dict[str, Actor], rules: Rules
) -> None:
    audited(database, cast, rules)
    with database.work() as s:
        assert len(followup_calls.claim_due(s, rules, limit=5, now=minutes(80))) == 1
    with database.work() as s:
        assert followup_calls.claim_due(s, rules, limit=5, now=minutes(81)) == []


def test_two_people_pressing_the_same_button_the_second_is_told(
    database: Database, cast: dict[str, Actor], rules: Rules
) -> None:
    number = opened(database, cast, rules)
    seen = ticket_of(database, number).version
    with database.work() as s:
        assignment.acknowledge(s, cast["cg"], number, expected=seen, now=minutes(5))
    with pytest.raises(ChangedMeanwhile, match="已签收"), database.work() as s:
        assignment.acknowledge(s, cast["cg"], number, expected=seen, now=minutes(5))


def test_another_unit_sees_nothing_and_a_unit_cannot_judge_itself(
    database: Database, cast: dict[str, Actor], rules: Rules
) -> None:
    number = opened(database, cast, rules)
    with pytest.raises(NotFound), database.work() as s:
        assignment.acknowledge(s, cast["zj"], number, now=minutes(5))
    with database.work() as s:
        assignment.acknowledge(s, cast["cg"], number, now=minutes(5))
        handling.complete(
            s, cast["cg"], number, rules, public_reply="已到现场处理，清理完毕。", now=minutes(9)
        )
    with pytest.raises(RoleNotAllowed), database.work() as s:
        handling.pass_audit(s, cast["cg"], number, rules, now=minutes(10))


def test_clocks_warn_and_breach_once(
    database: Database, cast: dict[str, Actor], rules: Rules
) -> None:
    number = opened(database, cast, rules)
    ticket = ticket_of(database, number)
    assert ticket.due_at
    assert ticket.warn_at
    assert ticket.acknowledge_by
    for at, expected in (
        (ticket.acknowledge_by, (0, 1, 0)),
        (ticket.warn_at, (1, 0, 0)),
        (ticket.due_at, (0, 0, 1)),
        (ticket.due_at + timedelta(days=9), (0, 0, 0)),
    ):
        with database.work() as s:
            swept = sweep.sweep(s, rules, now=at)
        assert (swept.warned, swept.unsigned, swept.breached) == expected
    assert ticket_of(database, number).breached_at == ticket.due_at


def test_an_empty_or_endless_request_is_refused_in_words(
    database: Database, cast: dict[str, Actor]
) -> None:
    for content, words in (("  ", "请填写诉求内容"), ("长" * 20_001, "超过 20000 字")):
        form = intake.RequestForm(content=content, kind=RequestKind.INQUIRY)
        with pytest.raises(InvalidInput, match=words), database.work() as s:
            intake.open_ticket(s, cast["agent"], form, now=NOW)


def test_a_contact_ends_once(database: Database, cast: dict[str, Actor]) -> None:
    with database.work() as s:
        contact = intake.record_call(s, call(), now=NOW)
        intake.answer_on_call(
            s, cast["agent"], FORM, "请拨打物业电话", contact_id=contact, now=minutes(2)
        )
    with pytest.raises(ActionNotAllowed, match="当场答复"), database.work() as s:
        intake.open_ticket(s, cast["agent"], FORM, contact_id=contact, now=minutes(3))
    with database.read() as s:
        assert s.scalar(select(func.count(Ticket.id))) == 1


def test_a_person_records_what_the_requester_said(
    database: Database, cast: dict[str, Actor], rules: Rules
) -> None:
    number = audited(database, cast, rules)
    with database.work() as s:
        followup.record_by_person(
            s,
            cast["center"],
            number,
            rules,
            reached=True,
            solved=Verdict.RESOLVED,
            rating=Rating.BASICALLY_SATISFIED,
            now=minutes(90),
        )
    assert Status(ticket_of(database, number).status) is Status.CLOSED
