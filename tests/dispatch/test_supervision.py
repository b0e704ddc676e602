"""督办: who may order, answer and rule, until when, and what happens to an order nobody answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.errors import (
    ActionNotAllowed,
    AlreadySupervised,
    ChangedMeanwhile,
    HotlineError,
    InvalidInput,
    NotFound,
    OwnRequest,
    RoleNotAllowed,
)
from dispatch.domain.lifecycle import SUPERVISION_STEPS, next_supervision
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import (
    AvoidReason,
    NoticeKind,
    SupervisionAct,
    SupervisionLevel,
    SupervisionState,
)
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.domain.worktime import local
from dispatch.models.oversight import Notice, Supervision
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Ticket
from dispatch.service import (
    assignment,
    avoidance,
    intake,
    notice_queries,
    supervision,
    supervision_answers,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
AGENT = Actor(name="小王", role=Role.AGENT)
FORM = intake.RequestForm(
    content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT, phone="13800005678"
)


@pytest.fixture
def people(database: Database) -> dict[str, Actor]:
    """The supervisor and two people of the centre, with accounts."""
    roles = {"ban": Role.SUPERVISOR, "dong": Role.SUPERVISOR, "zhong": Role.CENTER}
    found = {}
    with database.work() as s:
        for login, role in roles.items():
            row = Staff(login=login, name=login, role=role.value, password_hash="x")
            s.add(row)
            s.flush()
            found[login] = Actor(name=login, role=role, staff_id=row.id)
    return found


@pytest.fixture
def ban(people: dict[str, Actor]) -> Actor:
    """The supervisor on duty."""
    return people["ban"]


@pytest.fixture
def number(database: Database, rules: Rules, unit: Actor) -> str:
    """A ticket in 城管局's hands."""
    assert unit.department_id
    with database.work() as s:
        made = intake.open_ticket(s, AGENT, FORM, now=NOW).number
        assignment.dispatch(s, Actor(name="李", role=Role.DISPATCHER), made, "CG", rules, now=NOW)
    return made


def issue(
    database: Database,
    rules: Rules,
    actor: Actor,
    number: str,
    *,
    level: SupervisionLevel = SupervisionLevel.DAILY,
    copied_to: tuple[str, ...] = (),
    expected: int | None = None,
) -> str:
    """Issue an order; return its number."""
    with database.work() as s:
        made = supervision.issue(
            s,
            actor,
            number,
            rules,
            level=level,
            demand="三日内办结并书面报告",
            copied_to=copied_to,
            expected=expected,
            now=NOW,
        )
        return made.number


def row_of(database: Database, number: str) -> Supervision:
    """The order's row."""
    with database.read() as s:
        return s.scalars(select(Supervision).where(Supervision.number == number)).one()


def notices(database: Database, kind: NoticeKind) -> list[Notice]:
    """Every notice of a kind, oldest first."""
    with database.read() as s:
        return list(s.scalars(select(Notice).where(Notice.kind == kind.value).order_by(Notice.id)))


@pytest.mark.parametrize(
    ("level", "due"),
    [
        (SupervisionLevel.DAILY, "2026-11-26 17:30"),
        (SupervisionLevel.LISTED, "2026-11-30 17:30"),
        (SupervisionLevel.SUMMONS, "2026-11-30 17:30"),
    ],
)
def test_each_level_has_its_own_limit_on_the_calendar(
    database: Database, rules: Rules, ban: Actor, number: str, level: SupervisionLevel, due: str
) -> None:
    made = row_of(database, issue(database, rules, ban, number, level=level))
    assert f"{local(made.due_at):%Y-%m-%d %H:%M}" == due
    assert made.number == "DB-2026-000001"


def test_the_unit_and_those_who_get_a_copy_are_told(
    database: Database, rules: Rules, ban: Actor, unit: Actor, number: str
) -> None:
    with database.work() as s:
        s.add(
            Department(code="DC", name="市政府督查室", short_name="督查室", tier=1, kind="bureau")
        )
    issue(database, rules, ban, number, copied_to=("市政府督查室", "市政府办公室"))
    (order,) = notices(database, NoticeKind.SUPERVISION)
    assert order.department_id == unit.department_id
    assert "DB-2026-000001" in order.words
    assert "2026-11-26 17:30" in order.words
    known, unknown = notices(database, NoticeKind.COPY)
    assert (known.department_id is not None, unknown.role) == (True, "center")
    assert "请将督办 DB-2026-000001 抄送市政府办公室" in unknown.words


def test_an_order_goes_its_whole_way(
    database: Database, rules: Rules, people: dict[str, Actor], unit: Actor, number: str
) -> None:
    order = issue(database, rules, people["ban"], number)
    with database.work() as s:
        supervision_answers.answer(s, unit, order, words="已清理", now=NOW + timedelta(hours=1))
    with database.work() as s:
        supervision_answers.send_back(
            s, people["ban"], order, rules, reason="没有写明责任人", now=NOW + timedelta(days=3)
        )
    sent_back = row_of(database, order)
    assert sent_back.state == "issued"
    # Thursday 10:00 sent back, due on Thursday 17:30: the floor of one working day prevails.
    assert f"{local(sent_back.due_at):%Y-%m-%d %H:%M}" == "2026-11-27 17:30"
    with database.work() as s:
        supervision_answers.answer(
            s, unit, order, words="已清理，责任人王某", now=NOW + timedelta(days=4)
        )
    with database.work() as s:
        supervision_answers.accept(
            s, people["zhong"], order, words="同意", now=NOW + timedelta(days=4)
        )
    done = row_of(database, order)
    assert (done.state, done.ruling, done.closed_by_id) == (
        "closed",
        "同意",
        people["zhong"].staff_id,
    )


def test_a_unit_is_not_ordered_twice_for_one_cause_and_level(
    database: Database, rules: Rules, ban: Actor, unit: Actor, number: str
) -> None:
    first = issue(database, rules, ban, number)
    with pytest.raises(AlreadySupervised, match=rf"{first}.*2026-11-26 17:30"):
        issue(database, rules, ban, number)
    assert issue(database, rules, ban, number, level=SupervisionLevel.LISTED).endswith("2")
    with database.work() as s:
        supervision_answers.cancel(s, ban, first, reason="误下", now=NOW)
    # The number of the refused order was given back: no gap.
    assert issue(database, rules, ban, number).endswith("3")


def test_only_the_unit_that_was_ordered_answers(
    database: Database, rules: Rules, people: dict[str, Actor], unit: Actor, number: str
) -> None:
    order = issue(database, rules, people["ban"], number)
    with database.work() as s:
        other = Department(code="ZJ", name="住建局", short_name="住建局", tier=2, kind="bureau")
        s.add(other)
        s.flush()
        stranger = Actor(name="住建局", role=Role.DEPARTMENT, department_id=other.id)
    with pytest.raises(NotFound), database.work() as s:
        supervision_answers.answer(s, stranger, order, words="我来答", now=NOW)
    with pytest.raises(RoleNotAllowed, match="城市管理局"), database.work() as s:
        supervision_answers.answer(s, people["zhong"], order, words="代答", now=NOW)
    with pytest.raises(InvalidInput), database.work() as s:
        supervision_answers.answer(s, unit, order, words="  ", now=NOW)
    assert row_of(database, order).state == "issued"


def test_no_unit_ever_rules_on_an_answer() -> None:
    ruling = {SupervisionAct.ACCEPT, SupervisionAct.SEND_BACK, SupervisionAct.CANCEL}
    for (_state, act), (_target, by) in SUPERVISION_STEPS.items():
        if act in ruling:
            assert Role.DEPARTMENT not in by
            assert by <= {Role.SUPERVISOR, Role.CENTER}


def test_nobody_rules_on_an_answer_of_his_own(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    zhong = people["zhong"]
    with database.work() as s:
        waiting = intake.open_ticket(s, AGENT, FORM, now=NOW).number
    order = issue(database, rules, people["ban"], waiting)
    assert row_of(database, order).department_id is None
    with database.work() as s:
        supervision_answers.answer(s, zhong, order, words="已协调确定主办单位", now=NOW)
    with pytest.raises(OwnRequest), database.work() as s:
        supervision_answers.accept(s, zhong, order, now=NOW)
    with database.work() as s:
        supervision_answers.accept(s, people["ban"], order, now=NOW)


def test_only_who_issued_it_or_the_centre_cancels(
    database: Database, rules: Rules, people: dict[str, Actor], number: str
) -> None:
    order = issue(database, rules, people["ban"], number)
    with pytest.raises(RoleNotAllowed, match="下达人或热线中心"), database.work() as s:
        supervision_answers.cancel(s, people["dong"], order, reason="不必", now=NOW)
    with database.work() as s:
        supervision_answers.cancel(s, people["zhong"], order, reason="诉求人撤回", now=NOW)
    with pytest.raises(ActionNotAllowed, match="已撤销"), database.work() as s:
        supervision_answers.cancel(s, people["zhong"], order, reason="再撤", now=NOW)


@pytest.mark.parametrize("state", list(SupervisionState))
@pytest.mark.parametrize("act", list(SupervisionAct))
@pytest.mark.parametrize("role", list(Role))
def test_the_table_answers_every_question_about_an_order(
    state: SupervisionState, act: SupervisionAct, role: Role
) -> None:
    step = SUPERVISION_STEPS.get((state, act))
    if step and role in step[1]:
        assert next_supervision(state, act, role) is step[0]
    else:
        with pytest.raises((ActionNotAllowed, RoleNotAllowed)):
            next_supervision(state, act, role)


def test_of_two_who_act_at_once_the_second_is_told(
    database: Database, rules: Rules, ban: Actor, unit: Actor, number: str
) -> None:
    with database.read() as s:
        seen = s.scalars(select(Ticket.version).where(Ticket.number == number)).one()
    order = issue(database, rules, ban, number, expected=seen)
    with pytest.raises(ChangedMeanwhile), database.work() as s:
        supervision_answers.answer(s, unit, order, words="已办", expected=seen, now=NOW)
    with database.work() as s:
        supervision_answers.answer(s, unit, order, words="已办", expected=seen + 1, now=NOW)


@pytest.mark.parametrize("role", [Role.AGENT, Role.DISPATCHER, Role.DEPARTMENT, Role.LEADER])
def test_only_supervisors_and_the_centre_issue_orders(
    database: Database, rules: Rules, unit: Actor, number: str, role: Role
) -> None:
    actor = Actor(name="x", role=role, department_id=unit.department_id)
    with pytest.raises(HotlineError):
        issue(database, rules, actor, number)


def test_a_unit_without_a_part_in_the_ticket_is_not_ordered(
    database: Database, rules: Rules, ban: Actor, number: str
) -> None:
    with database.work() as s:
        s.add(Department(code="ZJ", name="住建局", short_name="住建局", tier=2, kind="bureau"))
    with pytest.raises(InvalidInput, match="没有参与"), database.work() as s:
        supervision.issue(
            s,
            ban,
            number,
            rules,
            level=SupervisionLevel.DAILY,
            demand="报告",
            department="ZJ",
            now=NOW,
        )


def test_an_accused_unit_gets_no_copy_and_reads_no_earlier_notice(
    database: Database, rules: Rules, people: dict[str, Actor], unit: Actor, number: str
) -> None:
    with database.work() as s:
        row = Department(code="ZJ", name="住建局", short_name="住建局", tier=2, kind="bureau")
        s.add(row)
        s.flush()
        accused = Actor(name="住建局", role=Role.DEPARTMENT, department_id=row.id)
    issue(database, rules, people["ban"], number, copied_to=("住建局",))
    with database.read() as s:
        assert notice_queries.unread_count(s, accused) == 1
    with database.work() as s:
        avoidance.avoid(s, people["zhong"], number, "ZJ", AvoidReason.REPORTED, now=NOW)
    issue(
        database,
        rules,
        people["ban"],
        number,
        level=SupervisionLevel.LISTED,
        copied_to=("住建局",),
    )
    with database.read() as s:
        assert notice_queries.unread_count(s, accused) == 0
        assert notice_queries.unread_count(s, unit) >= 2
    with database.work() as s:
        first = s.scalars(select(Notice.id).where(Notice.department_id == row.id)).one()
        with pytest.raises(NotFound):
            notice_queries.mark_read(s, accused, first, now=NOW)
