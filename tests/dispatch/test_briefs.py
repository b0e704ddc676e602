"""要情 as a service: the whole chain, who may what, overdue once; on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.brief_steps import BRIEF_STEPS, next_brief
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound, RoleNotAllowed
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import BriefAct, BriefLevel, BriefState, BriefStepKind
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.oversight import Notice
from dispatch.service import brief_chain, briefs
from dispatch.service.brief_queries import BriefFilter, brief_counts, brief_for, brief_list
from dispatch.service.briefs import BriefForm
from tests.dispatch.people import person

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FORM = BriefForm(title="鼓台街道燃气管道泄漏", facts="11 月 23 日 9 时，6 位市民反映闻到燃气味。")


@pytest.fixture
def people(database: Database, unit: Actor) -> dict[str, Actor]:
    """Who takes part in a chain."""
    return {
        "zhong": person(database, Role.CENTER, login="zhong", extension="8401"),
        "li": person(database, Role.DISPATCHER, login="li", extension="8402"),
        "zhang": person(database, Role.LEADER, login="zhang", extension="8403"),
        "unit": unit,
        "other": Actor(name="住建局", role=Role.DEPARTMENT, department_id=987),
    }


def submitted(database: Database, people: dict[str, Actor], form: BriefForm = FORM) -> str:
    """A brief that was sent to the leaders."""
    with database.work() as s:
        number = briefs.draft(s, people["li"], form, now=MONDAY).number
    with database.work() as s:
        briefs.submit(s, people["zhong"], number, now=MONDAY)
    return number


def test_a_brief_goes_from_the_draft_through_instruction_and_feedback_to_its_end(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    number = submitted(database, people)
    assert number == "YQ2026-0001"
    with database.work() as s:
        brief_chain.instruct(
            s, people["zhang"], number, rules, words="立即排查", unit="CG", now=MONDAY + HOUR
        )
    for act in (brief_chain.receive, lambda *a, **k: brief_chain.feedback(*a, words="已修复", **k)):
        for stranger in ("other", "zhong"):
            with pytest.raises(NotFound), database.work() as s:
                act(s, people[stranger], number, now=MONDAY + 2 * HOUR)
        with database.work() as s:
            act(s, people["unit"], number, now=MONDAY + 2 * HOUR)
    with database.work() as s:
        brief_chain.close(s, people["zhang"], number, words="很好", now=MONDAY + 3 * HOUR)
        view = brief_for(s, people["unit"], number, now=MONDAY + 3 * HOUR)
        told = s.scalars(select(Notice.words).where(Notice.staff_id == people["zhang"].staff_id))
        assert "已修复" in told.one()
    assert [one.kind for one in view.steps] == list(BriefStepKind)
    assert [one.words for one in view.steps] == ["", "立即排查", "", "已修复", "很好"]
    assert view.state is BriefState.CLOSED
    assert view.holder == "城市管理局"
    assert not view.acts


def test_a_draft_is_the_centres_alone_and_a_unit_reads_only_what_was_given_to_it(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    with database.work() as s:
        number = briefs.draft(s, people["li"], FORM, now=MONDAY).number
    for reader in ("zhang", "unit"):
        with pytest.raises(NotFound), database.read() as s:
            brief_for(s, people[reader], number, now=MONDAY)
    with database.work() as s:
        briefs.submit(s, people["zhong"], number, now=MONDAY)
        brief_chain.instruct(s, people["zhang"], number, rules, words="查", unit="CG", now=MONDAY)
    with database.read() as s:
        assert brief_for(s, people["zhang"], number, now=MONDAY).late is False
        assert brief_counts(s, people["unit"], now=MONDAY)["handling"] == 1
        assert brief_counts(s, people["other"], now=MONDAY)["handling"] == 0
        assert brief_list(s, people["other"], BriefFilter.HANDLING, now=MONDAY) == ()


def test_feedback_that_is_overdue_is_told_of_once_and_late_feedback_says_so(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    urgent = submitted(database, people, BriefForm(level=BriefLevel.URGENT, title="急", facts="急"))
    with database.work() as s:
        row = brief_chain.instruct(s, people["zhang"], urgent, rules, words="办", now=MONDAY)
        assert row.due_at == MONDAY + 24 * HOUR
        assert brief_chain.mark_overdue(s, now=MONDAY + 24 * HOUR - timedelta(seconds=1)) == 0
    late = MONDAY + 24 * HOUR
    with database.work() as s:
        assert brief_chain.mark_overdue(s, now=late) == 1
    with database.work() as s:
        assert brief_chain.mark_overdue(s, now=late) == 0
        assert brief_counts(s, people["zhong"], now=late)["late"] == 1
    with database.work() as s:
        brief_chain.receive(s, people["li"], urgent, now=late)
        brief_chain.feedback(s, people["li"], urgent, words="已办", now=late + HOUR)
        view = brief_for(s, people["zhang"], urgent, now=late + HOUR)
        assert [one.late for one in view.steps if one.kind is BriefStepKind.FEEDBACK] == [True]
        assert not view.late
        # A further instruction starts a new clock.
        brief_chain.instruct(s, people["zhang"], urgent, rules, words="再办", now=late + HOUR)
        again = brief_for(s, people["zhang"], urgent, now=late + HOUR)
        assert again.due_at == late + 25 * HOUR
        assert again.state is BriefState.INSTRUCTED


def test_what_is_wrong_is_refused_at_its_field(
    database: Database, rules: Rules, people: dict[str, Actor]
) -> None:
    wrong = {
        "title": BriefForm(title=" ", facts="x"),
        "facts": BriefForm(title="x"),
        "tickets": BriefForm(title="x", facts="x", tickets=("20260101000001",)),
        "happened_at": BriefForm(title="x", facts="x", happened_at=MONDAY + HOUR),
    }
    for field, form in wrong.items():
        with pytest.raises(InvalidInput) as refused, database.work() as s:
            briefs.draft(s, people["li"], form, now=MONDAY)
        assert refused.value.field == field
    number = submitted(database, people)
    for field, words, unit, due in (
        ("words", " ", "", None),
        ("due", "x", "", MONDAY),
        ("unit", "x", "NONE", None),
    ):
        with pytest.raises(InvalidInput) as refused, database.work() as s:
            brief_chain.instruct(
                s, people["zhang"], number, rules, words=words, unit=unit, due=due, now=MONDAY
            )
        assert refused.value.field == field
    with pytest.raises(ActionNotAllowed), database.work() as s:
        briefs.edit(s, people["li"], number, FORM, now=MONDAY)


def test_every_step_of_the_table_is_for_its_roles_alone() -> None:
    for state in BriefState:
        for act in BriefAct:
            for role in Role:
                step = BRIEF_STEPS.get((state, act))
                if step is None:
                    with pytest.raises(ActionNotAllowed):
                        next_brief(state, act, role)
                elif role not in step[1]:
                    with pytest.raises(RoleNotAllowed):
                        next_brief(state, act, role)
                else:
                    assert next_brief(state, act, role) is step[0]
    assert not [step for step in BRIEF_STEPS if step[0] is BriefState.CLOSED]
