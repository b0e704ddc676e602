"""The escalation ladder: written urge, then orders of rising level, each step exactly once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import NoticeKind, SupervisionLevel
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.oversight import Notice, Supervision
from dispatch.models.tickets import Assignment, TicketEvent
from dispatch.service import assignment, handling, intake, supervision, supervision_answers, sweep

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00; due Monday 2026-11-30 17:30
DUE = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
AGENT = Actor(name="小王", role=Role.AGENT)
CENTER = Actor(name="中心", role=Role.CENTER)
FORM = intake.RequestForm(
    content="鼓楼街烧烤占道，油烟很大", kind=RequestKind.COMPLAINT, phone="13800005678"
)
NEXT_MORNING = DUE + timedelta(hours=15, minutes=5)
"""One working minute after the due time, which is the next morning."""


def at(day: int, hour: int = 18, month: int = 12) -> datetime:
    """An hour of the city's day."""
    return datetime(2026, month, day, hour - 8, tzinfo=UTC)


@pytest.fixture
def number(database: Database, rules: Rules, unit: Actor) -> str:
    """A ticket a unit signed for and then forgot."""
    with database.work() as s:
        made = intake.open_ticket(s, AGENT, FORM, now=NOW).number
        assignment.dispatch(s, CENTER, made, "CG", rules, now=NOW)
        assignment.acknowledge(s, unit, made, now=NOW)
    return made


def pass_by(database: Database, rules: Rules, now: datetime) -> sweep.Swept:
    """One pass of the sweep."""
    with database.work() as s:
        return sweep.sweep(s, rules, now=now)


def orders(database: Database) -> list[tuple[str, str, str, bool]]:
    """(level, trigger, state, raised from another) of every order, oldest first."""
    with database.read() as s:
        rows = s.scalars(select(Supervision).order_by(Supervision.id)).all()
        return [(r.level, r.trigger, r.state, r.escalated_from_id is not None) for r in rows]


def test_the_day_after_it_is_due_the_unit_is_urged_in_writing(
    database: Database, rules: Rules, unit: Actor, number: str
) -> None:
    pass_by(database, rules, NEXT_MORNING)
    pass_by(database, rules, NEXT_MORNING)
    with database.read() as s:
        (urge,) = s.scalars(select(Notice).where(Notice.kind == NoticeKind.URGE.value))
        assert urge.department_id == unit.department_id
        assert s.scalars(select(TicketEvent.kind)).all().count("UrgeSent") == 1
    assert orders(database) == []


def test_two_working_days_later_the_first_order_comes_by_itself(
    database: Database, rules: Rules, number: str
) -> None:
    pass_by(database, rules, NEXT_MORNING)
    pass_by(database, rules, at(2, 17))
    assert orders(database) == []
    pass_by(database, rules, at(2))
    pass_by(database, rules, at(2))
    assert orders(database) == [("daily", "overdue", "issued", False)]
    with database.read() as s:
        (row,) = s.scalars(select(Supervision))
        assert row.issued_by_id is None
        assert "已超期 2 个工作日" in row.demand
        assert "济南市12345市民服务热线条例" in row.demand


def test_an_order_nobody_answers_is_marked_once_and_raised(
    database: Database, rules: Rules, number: str
) -> None:
    with database.work() as s:
        supervision.issue(
            s, CENTER, number, rules, level=SupervisionLevel.DAILY, demand="报告", now=NOW
        )
    assert pass_by(database, rules, at(26, 17, month=11)).unanswered == 0
    late = at(26, month=11)
    assert [pass_by(database, rules, late).unanswered for _ in range(3)] == [1, 0, 0]
    assert orders(database) == [
        ("daily", "manual", "escalated", False),
        ("listed", "manual", "issued", True),
    ]
    with database.read() as s:
        first, second = s.scalars(select(Supervision).order_by(Supervision.id)).all()
        assert first.breached_at == late
        assert second.copied_to == "市政府办公室"
        assert s.scalars(select(TicketEvent.kind)).all().count("SupervisionBreached") == 1


def test_the_ladder_and_an_unanswered_order_meet_in_one_order(
    database: Database, rules: Rules, number: str
) -> None:
    pass_by(database, rules, NEXT_MORNING)
    pass_by(database, rules, at(2))
    for _ in range(3):
        pass_by(database, rules, at(7))
    assert [(level, state) for level, _, state, _ in orders(database)] == [
        ("daily", "escalated"),
        ("listed", "issued"),
    ]


def test_an_answered_order_is_not_raised(
    database: Database, rules: Rules, unit: Actor, number: str
) -> None:
    with database.work() as s:
        made = supervision.issue(
            s,
            CENTER,
            number,
            rules,
            level=SupervisionLevel.DAILY,
            demand="报告进展",
            now=NOW,
        ).number
        supervision_answers.answer(s, unit, made, words="正在清理", now=NOW)
    assert pass_by(database, rules, at(27, month=11)).unanswered == 0
    assert orders(database) == [("daily", "manual", "answered", False)]


def test_the_highest_level_stays_open_and_is_marked_once(
    database: Database, rules: Rules, number: str
) -> None:
    with database.work() as s:
        supervision.issue(
            s, CENTER, number, rules, level=SupervisionLevel.SUMMONS, demand="约谈", now=NOW
        )
    assert [pass_by(database, rules, at(1)).unanswered for _ in range(3)] == [1, 0, 0]
    assert orders(database) == [("summons", "manual", "issued", False)]


def test_a_policy_without_a_ladder_raises_nothing(
    database: Database, rules: Rules, number: str
) -> None:
    flat = Rules(replace(rules.profile, ladder=()), rules.calendar)
    with database.work() as s:
        supervision.issue(
            s, CENTER, number, flat, level=SupervisionLevel.DAILY, demand="报告", now=NOW
        )
    pass_by(database, flat, at(1))
    assert orders(database) == [("daily", "manual", "issued", False)]


def test_a_finished_share_climbs_no_further(
    database: Database, rules: Rules, unit: Actor, number: str
) -> None:
    pass_by(database, rules, NEXT_MORNING)
    with database.work() as s:
        handling.complete(
            s, unit, number, rules, public_reply="已责令商户撤摊并清洗路面。", now=at(1, 12)
        )
    pass_by(database, rules, at(20))
    pass_by(database, rules, at(20))
    assert orders(database) == []


def test_four_sweepers_take_each_step_of_the_ladder_once(
    database: Database, rules: Rules, unit: Actor
) -> None:
    with database.work() as s:
        for _ in range(6):
            made = intake.open_ticket(s, AGENT, FORM, now=NOW).number
            assignment.dispatch(s, CENTER, made, "CG", rules, now=NOW)
    late = at(31)
    start = Barrier(4)

    def sweep_all(_: int) -> None:
        start.wait(timeout=20)
        for _again in range(30):
            with database.work() as s:
                sweep.sweep(s, rules, now=late, limit=3)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(sweep_all, range(4)))
    with database.read() as s:
        levels = Counter((r.ticket_id, r.level) for r in s.scalars(select(Supervision)))
        steps = set(s.scalars(select(Assignment.escalation)))
        told = Counter(
            (r.ticket_id, r.kind)
            for r in s.scalars(select(TicketEvent).where(TicketEvent.kind == "UrgeSent"))
        )
        numbers = sorted(s.scalars(select(Supervision.number)))
    assert set(levels.values()) == {1}
    assert len(levels) == 18
    assert steps == {4}
    assert set(told.values()) == {1}
    assert numbers == [f"DB-2026-{n:06d}" for n in range(1, 19)]
