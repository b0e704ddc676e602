"""What scores are made of: the figures' own counts by unit, versions by the month's first day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from analytics import score_counts
from analytics.facts import by_unit, code_for
from analytics.periods import Period
from analytics.rates import Rate
from analytics.scoring import compare
from analytics.scoring_what_if import recounted
from dispatch.bus import Database
from dispatch.domain.errors import CannotUndo, InvalidInput, RoleNotAllowed
from dispatch.domain.judging_terms import AppealState, Cause, FindingState, GamingKind, Measure
from dispatch.domain.limits import SourceLevel
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.scoring_file import load_scoring, scoring_text
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.judging import Appeal, Exclusion, GamingFinding
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service import scoring_versions
from tests.analytics.history_made import FIRST, NOW, put_month
from tests.dispatch.people import person

RULES = Rules(load_profile("default"), load_calendar())
LEADER = Actor(name="市长", role=Role.LEADER, staff_id=1)
MONTH = Period(FIRST.date(), NOW.date())
UNITS = {"CG": "城管局", "ZJ": "住建局", "RL": "热力公司"}


@pytest.fixture
def month(database: Database) -> Database:
    """A month of tickets of three units; every fifth was sent down by the province."""
    with database.work() as session:
        for code, name in UNITS.items():
            session.add(Department(code=code, name=name, short_name=name, tier=2, kind="bureau"))
    put_month(database)
    with database.work() as session:
        for ticket in session.scalars(select(Ticket).where(Ticket.id % 5 == 0)):
            ticket.source_level = SourceLevel.PROVINCIAL.value
    return database


def test_a_unit_s_counts_are_the_figures_and_the_cases_their_misses(month: Database) -> None:
    with month.read() as session:
        units = {u.code: u for u in score_counts.counts(session, MONTH, RULES, now=NOW)}
        assert set(units) == set(UNITS)
        for measure in Measure:
            figures = by_unit(session, LEADER, code_for(measure, RULES), MONTH, RULES, now=NOW)
            for code, figure in figures.items():
                levels = units[code].rates[measure]
                assert sum(levels.values(), Rate()) == figure
                assert set(levels) == {None, SourceLevel.PROVINCIAL}
                missed = score_counts.missed(session, LEADER, code, measure, MONTH, RULES, now=NOW)
                assert len(missed) == figure.missed > 0
                assert all(case.number and case.words for case in missed)


def exclude(database: Database, measure: Measure) -> str:
    """Leave one miss of 城管局 out of a measure; return its number."""
    staff = person(database, Role.CENTER)
    with database.work() as session:
        case = score_counts.missed(session, LEADER, "CG", measure, MONTH, RULES, now=NOW)[0]
        ticket = session.scalars(select(Ticket).where(Ticket.number == case.number)).one()
        unit = session.scalars(select(Department).where(Department.code == "CG")).one()
        appeal = Appeal(
            ticket_id=ticket.id,
            department_id=unit.id,
            measure=measure.value,
            state=AppealState.GRANTED.value,
            reason="outside_duty",
            statement="不属职责",
            asked_by_id=staff.staff_id,
            asked_at=NOW,
            due_at=NOW,
        )
        session.add(appeal)
        session.flush()
        session.add(
            Exclusion(
                appeal_id=appeal.id,
                ticket_id=ticket.id,
                department_id=unit.id,
                measure=measure.value,
                reason="outside_duty",
                at=NOW,
            )
        )
        return case.number


def test_what_was_excluded_costs_nothing_and_the_points_before_are_told(month: Database) -> None:
    number = exclude(month, Measure.SATISFACTION)
    with month.read() as session:
        after = score_counts.counts(session, MONTH, RULES, now=NOW)
        before = score_counts.counts(session, MONTH, RULES, excluded_too=True, now=NOW)
        left = score_counts.missed(
            session, LEADER, "CG", Measure.SATISFACTION, MONTH, RULES, now=NOW
        )
    assert number not in {case.number for case in left}
    moved = recounted(load_scoring(), before, after)
    assert [one.unit.code for one in moved] == ["CG"]
    assert moved[0].by is not None
    assert moved[0].by > 0


def test_deductions_count_what_was_found_true(month: Database) -> None:
    week = FIRST.date() - timedelta(days=FIRST.weekday())
    with month.work() as session:
        unit = session.scalars(select(Department.id).where(Department.code == "CG")).one()
        tickets = session.scalars(select(Ticket.id).order_by(Ticket.id).limit(3)).all()
        states = (FindingState.CONFIRMED, FindingState.DISMISSED, FindingState.OPEN)
        for ticket, state in zip(tickets, states, strict=True):
            session.add(
                GamingFinding(
                    kind=GamingKind.NO_CONTACT.value,
                    department_id=unit,
                    ticket_id=ticket,
                    week=week,
                    words="未联系",
                    found_at=FIRST,
                    state=state.value,
                    settled_at=None if state is FindingState.OPEN else FIRST + timedelta(days=1),
                )
            )
    with month.read() as session:
        units = {u.code: u for u in score_counts.counts(session, MONTH, RULES, now=NOW)}
        assert units["CG"].causes == {Cause.GAMING: 1}
        assert units["ZJ"].causes == {}
        cases = score_counts.cases(session, LEADER, "CG", Cause.GAMING, MONTH)
        assert [case.words for case in cases] == ["未联系"]


def test_only_the_unit_itself_and_the_centre_read_a_score(month: Database) -> None:
    with month.read() as session:
        own = session.scalars(select(Department.id).where(Department.code == "CG")).one()
        unit = Actor(name="城管局", role=Role.DEPARTMENT, department_id=own)
        score_counts.may_read(session, unit, "CG")
        for reader, code in ((unit, "ZJ"), (Actor(name="话务员", role=Role.AGENT), "CG")):
            with pytest.raises(RoleNotAllowed):
                score_counts.may_read(session, reader, code)


def test_a_month_is_scored_by_the_rules_in_force_when_it_began(database: Database) -> None:
    october = datetime(2026, 10, 1, tzinfo=SHANGHAI)
    november = datetime(2026, 11, 1, tzinfo=SHANGHAI)
    document = scoring_text("default").replace("least = 5", "least = 9")

    def least(moment: datetime) -> int:
        with database.read() as session:
            return scoring_versions.rules_at(session, moment).least

    def load(text: str, *, since: datetime | None = None, now: datetime) -> int:
        with database.work() as session:
            return scoring_versions.load_version(
                session, SYSTEM, text, effective_from=since, note="办法", now=now
            ).id

    inside = october + timedelta(days=10)
    version = load(document, now=inside)
    assert (least(october), least(november)) == (5, 9)
    with pytest.raises(InvalidInput, match="完全相同"):
        load(document, now=november)
    with pytest.raises(InvalidInput, match="不能倒签"):
        load(scoring_text("default"), since=october, now=inside)
    with database.work() as session, pytest.raises(RoleNotAllowed):
        scoring_versions.load_version(session, LEADER, document, note="x", now=inside)
    with database.work() as session:
        scoring_versions.withdraw(session, SYSTEM, version, now=november)
    assert least(november) == 5
    with database.work() as session, pytest.raises(CannotUndo):
        scoring_versions.withdraw(session, SYSTEM, version, now=november)


def test_a_whole_month_of_units_is_compared(month: Database) -> None:
    with month.read() as session:
        units = score_counts.counts(session, MONTH, RULES, now=NOW)
    bureaus = compare(load_scoring(), units)[0]
    assert bureaus.compared + len(bureaus.not_compared) == len(UNITS)
