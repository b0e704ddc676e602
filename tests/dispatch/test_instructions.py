"""批示 and 催办通知: who is told, who takes charge, what came of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.conduct import TriggerRule
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, RoleNotAllowed
from dispatch.domain.limits import Evidence, Mark
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import NoticeKind, SupervisionLevel, SupervisionTrigger
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.oversight import Instruction, Notice, Supervision
from dispatch.models.people import Staff
from dispatch.models.tickets import TicketEvent
from dispatch.service import assignment, instructions, intake
from dispatch.service.urge_notes import urge_unit

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
AGENT = Actor(name="小王", role=Role.AGENT)
CENTER = Actor(name="中心", role=Role.CENTER)
FORM = intake.RequestForm(
    content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT, phone="13800005678"
)


@pytest.fixture
def people(database: Database, unit: Actor) -> dict[str, Actor]:
    """Two leaders, one of the centre, and the unit's person in charge, with accounts."""
    roles = {"zhang": Role.LEADER, "liu": Role.LEADER, "zhong": Role.CENTER}
    found = {}
    with database.work() as s:
        for login, role in roles.items():
            row = Staff(login=login, name=login, role=role.value, password_hash="x")
            s.add(row)
            s.flush()
            found[login] = Actor(name=login, role=role, staff_id=row.id)
        head = Staff(
            login="juzhang",
            name="局长",
            role="department",
            password_hash="x",
            department_id=unit.department_id,
            approver=True,
        )
        s.add(head)
        s.flush()
        found["head"] = Actor(name="局长", role=Role.DEPARTMENT, staff_id=head.id, approver=True)
    return found


@pytest.fixture
def number(database: Database, rules: Rules, unit: Actor) -> str:
    """A ticket in 城管局's hands."""
    with database.work() as s:
        made = intake.open_ticket(s, AGENT, FORM, now=NOW).number
        assignment.dispatch(s, CENTER, made, "CG", rules, now=NOW)
    return made


def given(database: Database, rules: Rules, leader: Actor, number: str) -> int:
    """An instruction; its id."""
    with database.work() as s:
        due = NOW + timedelta(days=3)
        return instructions.give(
            s, leader, number, rules, words="请城管局牵头整治，举一反三。", due=due, now=NOW
        ).id


def told(database: Database, kind: NoticeKind) -> list[tuple[int | None, int | None, str | None]]:
    """(unit, person, role) of every notice of a kind."""
    with database.read() as s:
        rows = s.scalars(select(Notice).where(Notice.kind == kind.value).order_by(Notice.id))
        return [(n.department_id, n.staff_id, n.role) for n in rows]


def row_of(database: Database, row_id: int) -> Instruction:
    """The instruction's row."""
    with database.read() as s:
        return s.get_one(Instruction, row_id)


def test_an_instruction_reaches_the_centre_and_the_unit(
    database: Database, rules: Rules, people: dict[str, Actor], unit: Actor, number: str
) -> None:
    given(database, rules, people["zhang"], number)
    assert told(database, NoticeKind.INSTRUCTION) == [
        (None, None, "center"),
        (unit.department_id, None, None),
    ]
    with database.read() as s:
        assert "InstructionGiven" in s.scalars(select(TicketEvent.kind)).all()


def test_an_instruction_goes_its_whole_way(
    database: Database, rules: Rules, people: dict[str, Actor], number: str
) -> None:
    zhang, zhong = people["zhang"], people["zhong"]
    one = given(database, rules, zhang, number)
    with database.work() as s:
        instructions.receive(s, zhong, one, now=NOW)
    with database.work() as s:
        instructions.report(s, zhong, one, feedback="已清理 3 处", now=NOW)
    with database.work() as s:
        instructions.give_back(s, zhang, one, words="请报长效措施", now=NOW)
    back = row_of(database, one)
    assert back.state == "received"
    assert "举一反三" in back.words
    assert "（2026-11-23 10:00 再批）请报长效措施" in back.words
    with database.work() as s:
        instructions.report(s, zhong, one, feedback="每晚巡查", now=NOW)
    with database.work() as s:
        instructions.close(s, zhang, one, now=NOW)
    done = row_of(database, one)
    assert (done.state, done.feedback, done.closed_at) == ("closed", "每晚巡查", NOW)
    # The leader was told of the receipt and of both reports.
    mine = [staff for _, staff, _ in told(database, NoticeKind.INSTRUCTION) if staff]
    assert mine == [zhang.staff_id] * 3


def test_only_the_leader_who_gave_it_closes_it(
    database: Database, rules: Rules, people: dict[str, Actor], unit: Actor, number: str
) -> None:
    one = given(database, rules, people["zhang"], number)
    with pytest.raises(RoleNotAllowed, match="领导本人"), database.work() as s:
        instructions.close(s, people["liu"], one, now=NOW)
    with pytest.raises(RoleNotAllowed, match="只能由领导操作"), database.work() as s:
        instructions.close(s, people["zhong"], one, now=NOW)
    with pytest.raises(RoleNotAllowed), database.work() as s:
        instructions.receive(s, unit, one, now=NOW)
    with pytest.raises(ActionNotAllowed), database.work() as s:
        instructions.report(s, people["zhong"], one, feedback="未签收", now=NOW)
    assert row_of(database, one).state == "given"


@pytest.mark.parametrize("words", ["", "   ", "示" * 1001])
def test_words_that_cannot_be_an_instruction(
    database: Database, rules: Rules, people: dict[str, Actor], number: str, words: str
) -> None:
    with pytest.raises(InvalidInput), database.work() as s:
        instructions.give(s, people["zhang"], number, rules, words=words, now=NOW)


def test_only_a_leader_gives_instructions(
    database: Database, rules: Rules, people: dict[str, Actor], number: str
) -> None:
    with pytest.raises(RoleNotAllowed), database.work() as s:
        instructions.give(s, people["zhong"], number, rules, words="请办", now=NOW)


def test_where_the_policy_says_so_an_instruction_is_an_order_too(
    database: Database, rules: Rules, people: dict[str, Actor], unit: Actor, number: str
) -> None:
    given(database, rules, people["zhang"], number)
    with database.read() as s:
        assert s.scalars(select(Supervision)).all() == []
    mark = Mark(Evidence.P, "本市规定")
    row = TriggerRule(
        trigger=SupervisionTrigger.INSTRUCTION, level=SupervisionLevel.LISTED, mark=mark
    )
    strict = Rules(replace(rules.profile, triggers=(row,)), rules.calendar)
    given(database, strict, people["zhang"], number)
    given(database, strict, people["liu"], number)
    with database.read() as s:
        (order,) = s.scalars(select(Supervision))
        assert (order.level, order.trigger) == ("listed", "instruction")
        assert order.department_id == unit.department_id
        assert order.due_at == NOW + timedelta(days=3)


def test_a_written_urge_has_a_number_and_reaches_the_units_head(
    database: Database, people: dict[str, Actor], unit: Actor, number: str
) -> None:
    with database.work() as s:
        made = [urge_unit(s, CENTER, number, words="请于今日反馈进展", now=NOW) for _ in range(2)]
    assert made == ["CB-2026-000001", "CB-2026-000002"]
    assert told(database, NoticeKind.URGE) == [(unit.department_id, None, None)] * 2
    assert told(database, NoticeKind.COPY) == [(None, people["head"].staff_id, None)] * 2


def test_nobody_is_urged_about_a_ticket_nobody_has(database: Database) -> None:
    with database.work() as s:
        waiting = intake.open_ticket(s, AGENT, FORM, now=NOW).number
    with pytest.raises(ActionNotAllowed, match="先派单"), database.work() as s:
        urge_unit(s, CENTER, waiting, words="快办", now=NOW)
    with pytest.raises(RoleNotAllowed), database.work() as s:
        urge_unit(s, AGENT, waiting, words="快办", now=NOW)
