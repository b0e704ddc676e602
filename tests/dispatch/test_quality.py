"""质检: the lot can be drawn again, nobody knows of the other's sheet, a third rules."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.domain.call_terms import RecordingState
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound, OwnRequest
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.contacts import Contact
from dispatch.models.judging import QualityCheck
from dispatch.models.telephone import Recording
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import (
    assignment,
    intake,
    quality,
    quality_figures,
    quality_lot,
    quality_queries,
)
from tests.dispatch.people import person

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 in the city
WEEK = date(2026, 11, 16)
DURING = MONDAY - timedelta(days=4)


@pytest.fixture
def agent(database: Database) -> Actor:
    """Whose calls are checked."""
    return person(database)


@pytest.fixture
def scorers(database: Database) -> list[Actor]:
    """Two supervisors and one of the centre."""
    roles = (Role.SUPERVISOR, Role.SUPERVISOR, Role.CENTER)
    return [
        person(database, role, login=f"ban{n}", extension=f"830{n}") for n, role in enumerate(roles)
    ]


def calls(
    database: Database, agent: Actor, count: int, *, at: datetime = DURING, heard: bool = True
) -> None:
    """So many answered calls of the agent, with a recording each or without."""
    with database.work() as session:
        for n in range(count):
            path = f"{at:%d%H}/{n}-{heard}.wav"
            contact = Contact(
                call_id=path,
                direction="inbound",
                started_at=at + timedelta(minutes=n),
                answered_at=at + timedelta(minutes=n, seconds=5),
                agent_id=agent.staff_id,
                recording=path,
            )
            session.add(contact)
            session.flush()
            if heard:
                kept = Recording(
                    call_uuid=path,
                    contact_id=contact.id,
                    path=path,
                    state=RecordingState.STORED.value,
                )
                session.add(kept)


def replied(database: Database, unit: Actor, rules: Rules, count: int) -> None:
    """So many tickets the unit completed in the week."""
    form = intake.RequestForm(content="路灯不亮", kind=RequestKind.COMPLAINT)
    with database.work() as session:
        for _ in range(count):
            made = intake.open_ticket(
                session, Actor(name="小王", role=Role.AGENT), form, now=DURING
            )
            who = Actor(name="李", role=Role.DISPATCHER)
            assignment.dispatch(session, who, made.number, "CG", rules, now=DURING)
            share = session.scalars(select(Assignment).where(Assignment.ticket_id == made.id)).one()
            share.completed_at = DURING + timedelta(hours=1)
            session.get_one(Ticket, made.id).public_reply = "已修复。"


def draw(database: Database, rules: Rules, week: date = WEEK) -> int:
    with database.work() as session:
        return quality_lot.draw(session, week, rules, now=MONDAY)


def one_check(database: Database, *, twice: bool) -> int:
    """A drawn check of this sort."""
    with database.read() as session:
        query = select(QualityCheck.id).where(QualityCheck.twice.is_(twice))
        return session.scalars(query.order_by(QualityCheck.id).limit(1)).one()


def give(
    database: Database, by: Actor, check_id: int, rules: Rules, each: int = 20, **typed: str
) -> str:
    """Hand in a sheet with the same points in every line; return the check's state."""
    with database.work() as session:
        check = session.get_one(QualityCheck, check_id)
        points = {line["code"]: str(each) for line in check.sheet} | typed
        return quality.score(session, by, check_id, points, rules, now=MONDAY).state


def test_a_week_is_drawn_once_and_the_same_lot_falls_again(
    database: Database, rules: Rules, agent: Actor, unit: Actor
) -> None:
    calls(database, agent, 50)
    calls(database, agent, 5, at=DURING + timedelta(days=1), heard=False)
    calls(database, agent, 3, at=MONDAY)  # of the next week
    replied(database, unit, rules, 3)
    policy = rules.profile.quality
    assert draw(database, rules) == policy.calls_a_week + 3
    assert draw(database, rules) == 0
    with database.read() as session:
        drawn = session.scalars(select(QualityCheck).order_by(QualityCheck.id)).all()
        contacts = [check.contact_id for check in drawn if check.contact_id is not None]
        heard = select(Contact.id).join(Recording, Recording.contact_id == Contact.id)
        allowed = set(
            session.scalars(heard.where(Contact.started_at < MONDAY - timedelta(hours=8)))
        )
    assert len(set(contacts)) == policy.calls_a_week
    assert set(contacts) <= allowed
    assert [line["points"] for line in drawn[0].sheet] == [25, 25, 25, 25]
    assert (
        sum(check.twice for check in drawn) == round(policy.calls_a_week * policy.second_share) + 1
    )
    assert all(check.state == "first" for check in drawn)
    # Taken back and drawn anew, it is the same lot.
    with database.work() as session:
        for check in session.scalars(select(QualityCheck)):
            session.delete(check)
    draw(database, rules)
    with database.read() as session:
        again = session.scalars(select(QualityCheck).order_by(QualityCheck.id)).all()
    assert [(c.contact_id, c.ticket_id, c.twice) for c in again] == [
        (c.contact_id, c.ticket_id, c.twice) for c in drawn
    ]


def test_processes_that_draw_at_once_draw_one_lot(
    database: Database, rules: Rules, agent: Actor
) -> None:
    calls(database, agent, 12)
    with ThreadPoolExecutor(4) as several:
        drawn = list(several.map(lambda _: draw(database, rules), range(4)))
    assert sorted(drawn) == [0, 0, 0, 12]


def test_a_week_without_anything_to_check_is_looked_at_again(
    database: Database, rules: Rules, agent: Actor
) -> None:
    assert draw(database, rules) == 0
    calls(database, agent, 2)
    assert draw(database, rules) == 2


def test_one_sheet_is_enough_where_no_second_is_due(
    database: Database, rules: Rules, agent: Actor, scorers: list[Actor]
) -> None:
    calls(database, agent, 10)
    draw(database, rules)
    check = one_check(database, twice=False)
    assert give(database, scorers[0], check, rules) == "done"
    with database.read() as session:
        assert session.get_one(QualityCheck, check).final == 80
        results = quality_queries.own_results(session, agent)
        assert [(r.id, r.final) for r in results] == [(check, 80)]
        # The agent reads points and notes, not who gave them.
        assert [sheet.by for sheet in results[0].sheets] == ["质检员"]


def test_neither_of_two_sees_the_others_sheet_before_both_are_in(
    database: Database, rules: Rules, agent: Actor, scorers: list[Actor]
) -> None:
    calls(database, agent, 10)
    draw(database, rules)
    check = one_check(database, twice=True)
    first, second, third = scorers
    with database.read() as session:
        before = quality_queries.check(session, second, check)
    assert give(database, first, check, rules, each=25) == "second"
    with database.read() as session:
        # To the second scorer nothing has changed: neither state nor sheet tells of the first.
        assert quality_queries.check(session, second, check) == before
        assert quality_queries.check(session, first, check).sheets[0].total == 100
        assert not quality_queries.own_results(session, agent)
        with pytest.raises(NotFound):
            quality_queries.check(session, agent, check)
        waiting = {c.id for c in quality_queries.checks(session, first, "open")}
    assert check not in waiting
    with pytest.raises(OwnRequest):
        give(database, first, check, rules)
    assert give(database, second, check, rules, each=24, call_record="23") == "done"
    with database.read() as session:
        done = quality_queries.check(session, third, check)
    # 100 and 95: the mean of 97.5 is rounded in favour of who is checked.
    assert ([sheet.total for sheet in done.sheets], done.final) == ([100, 95], 98)


def test_two_sheets_far_apart_are_ruled_on_by_a_third(
    database: Database, rules: Rules, agent: Actor, scorers: list[Actor]
) -> None:
    calls(database, agent, 10)
    draw(database, rules)
    check = one_check(database, twice=True)
    first, second, third = scorers
    give(database, first, check, rules, each=25)
    assert give(database, second, check, rules, each=20) == "disputed"
    with database.read() as session:
        assert quality_queries.counts(session, third)["disputed"] == 1
        assert quality_figures.double_scores(session, since=DURING) == [(100, 80)]

    def rule(by: Actor, final: str = "90", ruling: str = "开头语完整") -> QualityCheck:
        with database.work() as session:
            return quality.rule(session, by, check, final=final, ruling=ruling, now=MONDAY)

    for by in (first, second):
        with pytest.raises(OwnRequest):
            rule(by)
    for wrong in ({"final": "101"}, {"final": "-1"}, {"final": "x"}, {"ruling": " "}):
        with pytest.raises(InvalidInput):
            rule(third, **wrong)
    assert rule(third).final == 90
    with pytest.raises(ActionNotAllowed):
        rule(third)


def test_nobody_scores_a_call_of_his_own(
    database: Database, rules: Rules, scorers: list[Actor]
) -> None:
    calls(database, scorers[0], 3)
    draw(database, rules)
    check = one_check(database, twice=False)
    with pytest.raises(OwnRequest):
        give(database, scorers[0], check, rules)
    with database.read() as session:
        assert not quality_queries.checks(session, scorers[0], "open")
        assert len(quality_queries.checks(session, scorers[1], "open")) == 3
        assert quality_queries.next_open(session, scorers[0]) is None


@pytest.mark.parametrize("points", ["", "26", "-1", "2.5", "十"])
def test_a_line_without_points_in_its_range_is_refused_at_the_line(
    database: Database, rules: Rules, agent: Actor, scorers: list[Actor], points: str
) -> None:
    calls(database, agent, 5)
    draw(database, rules)
    check = one_check(database, twice=False)
    with pytest.raises(InvalidInput) as refused:
        give(database, scorers[0], check, rules, call_answer=points)
    assert refused.value.field == "call_answer"
    with database.read() as session:
        assert session.scalar(select(func.count()).where(QualityCheck.state == "done")) == 0
