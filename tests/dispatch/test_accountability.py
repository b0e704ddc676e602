"""Talks and leads as services: who may, when, once; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.errors import (
    ActionNotAllowed,
    InvalidInput,
    NotFound,
    RoleNotAllowed,
)
from dispatch.domain.judging_terms import AccountabilityState
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.judging import Accountability
from dispatch.models.oversight import Notice
from dispatch.service import accountability as talks
from dispatch.service import accountability_leads as leads
from dispatch.service.accountability_queries import TalkFilter, talk_counts, talk_for
from tests.dispatch.people import person

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)
State = AccountabilityState


@pytest.fixture
def centre(database: Database) -> Actor:
    """Somebody of the centre."""
    return person(database, Role.CENTER, login="zhong", extension="8401")


def opened(database: Database, centre: Actor, **more: str) -> int:
    """A talk with 城管局 over October."""
    with database.work() as s:
        said = {"reason": "按时办结率低", **more}
        row = talks.summon(
            s, centre, "CG", month=OCTOBER, scored_by="默认考核规则", now=MONDAY, **said
        )
        return row.id


def state_of(database: Database, talk: int) -> AccountabilityState:
    """Where it stands."""
    with database.read() as s:
        return State(s.get_one(Accountability, talk).state)


def test_the_clock_of_rectification_starts_with_the_talk(
    database: Database, rules: Rules, unit: Actor, centre: Actor
) -> None:
    talk = opened(database, centre)
    with database.read() as s:
        assert talk_for(s, unit, talk).due_at is None
    held = MONDAY + timedelta(days=1)
    with database.work() as s:
        talks.hold_talk(s, centre, talk, rules, minutes="限期整改", now=held)
    with database.read() as s:
        due = talk_for(s, unit, talk).due_at
    # Ten working days after Tuesday 2026-11-24, at the close of business.
    assert due == datetime(2026, 12, 8, 9, 30, tzinfo=UTC)
    with database.work() as s:
        assert talks.mark_overdue(s, now=due - timedelta(seconds=1)) == 0
        assert talks.mark_overdue(s, now=due) == 1
    with database.read() as s:
        told = s.scalars(select(Notice.words).where(Notice.department_id == unit.department_id))
        assert sum("逾期未报告" in words for words in told) == 1
        assert talk_counts(s, unit, now=due)[TalkFilter.LATE.value] == 1


def test_a_unit_is_summoned_once_over_a_month(
    database: Database, unit: Actor, centre: Actor
) -> None:
    opened(database, centre)
    with pytest.raises(InvalidInput, match="约谈过"):
        opened(database, centre)
    with database.work() as s, pytest.raises(RoleNotAllowed):
        talks.summon(s, unit, "CG", month=OCTOBER, scored_by="", reason="x", now=MONDAY)
    with database.work() as s, pytest.raises(NotFound):
        talks.summon(s, centre, "XX", month=OCTOBER, scored_by="", reason="x", now=MONDAY)


def test_each_step_is_refused_out_of_turn(
    database: Database, rules: Rules, unit: Actor, centre: Actor
) -> None:
    def report(s: Session, talk: int) -> object:
        return talks.report(s, unit, talk, words="已整改", now=MONDAY)

    def accept(s: Session, talk: int) -> object:
        return talks.accept(s, centre, talk, now=MONDAY)

    def send_back(s: Session, talk: int) -> object:
        return talks.send_back(s, centre, talk, rules, reason="x", now=MONDAY)

    def hold(s: Session, talk: int) -> object:
        return talks.hold_talk(s, centre, talk, rules, minutes="x", now=MONDAY)

    def call_off(s: Session, talk: int) -> object:
        return talks.call_off(s, centre, talk, reason="x", now=MONDAY)

    talk = opened(database, centre)
    acts: dict[Callable[[Session, int], object], State] = {
        report: State.RECTIFYING,
        accept: State.REPORTED,
        send_back: State.REPORTED,
        hold: State.OPEN,
        call_off: State.OPEN,
    }

    def refuse_all_but(state: State) -> None:
        assert state_of(database, talk) is state
        for act, wanted in acts.items():
            if wanted is not state:
                with database.work() as s, pytest.raises(ActionNotAllowed):
                    act(s, talk)

    refuse_all_but(State.OPEN)
    with database.work() as s:
        hold(s, talk)
    refuse_all_but(State.RECTIFYING)
    with database.work() as s:
        report(s, talk)
    refuse_all_but(State.REPORTED)
    with database.work() as s:
        send_back(s, talk)
    refuse_all_but(State.RECTIFYING)
    with database.work() as s:
        report(s, talk)
    with database.work() as s:
        accept(s, talk)
    refuse_all_but(State.DONE)


def test_a_report_sent_back_late_leaves_time_to_mend_it(
    database: Database, rules: Rules, unit: Actor, centre: Actor
) -> None:
    talk = opened(database, centre)
    with database.work() as s:
        talks.hold_talk(s, centre, talk, rules, minutes="x", now=MONDAY)
    with database.work() as s:
        talks.report(s, unit, talk, words="已整改", now=MONDAY + timedelta(days=20))
    with database.work() as s:
        back = MONDAY + timedelta(days=30)
        row = talks.send_back(s, centre, talk, rules, reason="没有责任人", now=back)
        assert row.due_at is not None
        assert row.due_at > back


def test_a_talk_called_off_is_over(database: Database, unit: Actor, centre: Actor) -> None:
    talk = opened(database, centre)
    with database.work() as s:
        talks.call_off(s, centre, talk, reason="数据有误", now=MONDAY)
    with database.read() as s:
        found = talk_for(s, unit, talk)
    assert (found.state, found.ruling) == (State.DONE, "取消约谈：数据有误")


def test_a_lead_is_out_of_the_hands_of_who_wrote_it(
    database: Database, unit: Actor, centre: Actor
) -> None:
    desk = Actor(name="纪检", role=Role.DISCIPLINE, staff_id=None)
    with database.work() as s:
        lead = leads.hand_over(s, centre, "CG", reason="收受好处", now=MONDAY)
    with database.read() as s:
        for reader in (centre, unit, Actor(name="市长", role=Role.LEADER)):
            with pytest.raises(RoleNotAllowed):
                leads.counts(s, reader)
            with pytest.raises(RoleNotAllowed):
                leads.lead_for(s, reader, lead, now=MONDAY)
            with pytest.raises(NotFound):
                talk_for(s, reader, lead)
        assert leads.counts(s, desk)["handed_over"] == 1
        words = s.scalars(select(Notice.words)).all()
    assert words
    assert not any("收受" in said or "城管" in said for said in words)
    with database.work() as s, pytest.raises(RoleNotAllowed):
        leads.conclude(s, centre, lead, taken=True, words="x", now=MONDAY)
    with database.work() as s:
        leads.conclude(s, desk, lead, taken=False, words="查无实据", now=MONDAY)
    assert state_of(database, lead) is State.RETURNED
