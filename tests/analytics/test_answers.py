"""What requesters said: three denominators from one set, and what exclusions take out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import update

from analytics.asking import warned
from analytics.document_json import to_json
from analytics.facts import by_unit, code_for, rate, rates
from analytics.figures import BY_CODE
from analytics.left_out import left_out
from analytics.periods import Period
from analytics.rates import Rate
from analytics.reports.spans import read_span
from analytics.reports.words import CONFIDENTIAL
from analytics.reports.write import document
from analytics.rows import Part, rows
from analytics.sentences import excluded, moved
from analytics.weekly import weekly
from dispatch.bus import Database
from dispatch.domain.errors import NotFound
from dispatch.domain.judging_terms import Denominator, Measure
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Rating, Verdict
from dispatch.models.followups import FollowUp
from dispatch.models.judging import Exclusion
from dispatch.models.tickets import Ticket
from dispatch.service import exclusions, history
from tests.dispatch.appeal_story import (
    CLOSED,
    FORM,
    NOW,
    ask,
    decide,
    founded,
    past,
    put,
)
from tests.dispatch.appeal_story import (
    left_out as agreed,
)

RULES = Rules(load_profile("default"), load_calendar())
WEEK = Period(date(2026, 11, 23), date(2026, 11, 29))
ASKED, REACHED, RATED, SATISFIED = 100, 80, 75, 73
WAYS = {
    "satisfaction_of_asked": Rate(SATISFIED, ASKED),
    "satisfaction_of_reached": Rate(SATISFIED, REACHED),
    "satisfaction_rate": Rate(SATISFIED, RATED),
}


def with_rating(**change: object) -> Rules:
    """The rules with another word about ratings."""
    rating = replace(RULES.profile.rating, **change)  # type: ignore[arg-type]
    return replace(RULES, profile=replace(RULES.profile, rating=rating))


def ask_a_hundred(database: Database) -> None:
    """100 asked, 80 reached, 75 graded, 73 of them satisfied; one more wanted no reply."""
    said = {"solved": Verdict.RESOLVED}
    made = [
        *(past(f"s{i}", rating=Rating.SATISFIED, **said) for i in range(SATISFIED)),
        *(past(f"d{i}", rating=Rating.DISSATISFIED) for i in range(RATED - SATISFIED)),
        *(past(f"n{i}", rating=None, solved=None) for i in range(ASKED - RATED)),
        past("no-reply", rating=None, solved=None, audited_at=None),
    ]
    with database.work() as s:
        history.add_tickets(s, made)
        # Five picked up and hung up again: reached, and nothing was said.
        hung_up = [f"n{i}" for i in range(REACHED - RATED)]
        of = Ticket.__table__.select().with_only_columns(Ticket.id)
        s.execute(
            update(FollowUp)
            .where(FollowUp.ticket_id.in_(of.where(Ticket.number.in_(hung_up))))
            .values(reached=True, result="hung_up")
        )


def listed(database: Database, code: str, part: Part, rules: Rules = RULES) -> set[str]:
    with database.read() as s:
        found = [
            row
            for offset in (0, 50, 100)
            for row in rows(s, SYSTEM, code, WEEK, rules, part=part, offset=offset, now=NOW)
        ]
    numbers = [row.number for row in found if hasattr(row, "number")]
    assert len(set(numbers)) == len(found)
    return set(numbers)


def test_golden_12_satisfaction_by_three_denominators_from_one_set(database: Database) -> None:
    ask_a_hundred(database)
    with database.read() as s:
        found = rates(s, SYSTEM, WEEK, RULES, now=NOW)
    assert {code: found[code] for code in WAYS} == WAYS
    percents = [str(found[code].percent) for code in WAYS]
    assert percents == ["73.00", "91.25", "97.33"]
    assert found["follow_up_reached_rate"] == Rate(REACHED, ASKED)
    assert found["follow_up_answered_rate"] == Rate(RATED, ASKED)
    for code, expected in WAYS.items():
        judged, hits = listed(database, code, Part.JUDGED), listed(database, code, Part.HITS)
        missed = listed(database, code, Part.MISSED)
        assert (len(judged), len(hits)) == (expected.judged, expected.hits)
        assert hits | missed == judged
        assert not hits & missed
        assert "no-reply" not in judged


def printed(database: Database, rules: Rules) -> str:
    """Every word of the week's report."""
    with database.read() as s:
        span = read_span(ReportKind.WEEKLY, "2026-W48")
        return str(to_json(document(s, SYSTEM, span, rules, now=NOW)))


def test_golden_13_an_unreached_requester_is_satisfied_only_if_the_policy_says_so(
    database: Database,
) -> None:
    ask_a_hundred(database)
    presuming = with_rating(unreached_counts_as_satisfied=True)
    silent = {f"n{i}" for i in range(REACHED - RATED, ASKED - RATED)}
    assert not silent & listed(database, "satisfaction_of_asked", Part.HITS)
    assert silent < listed(database, "satisfaction_of_asked", Part.HITS, presuming)
    with database.read() as s:
        usual = weekly(s, SYSTEM, "2026-W48", RULES, now=NOW)
        found = weekly(s, SYSTEM, "2026-W48", presuming, now=NOW)
        words = warned(s, SYSTEM, "satisfaction_of_asked", WEEK, presuming)
        none = warned(s, SYSTEM, "satisfaction_rate", WEEK, presuming)
    # The twenty nobody spoke to are hits of those asked, and in no other denominator.
    changed = {"satisfaction_of_asked": Rate(SATISFIED + ASKED - REACHED, ASKED)}
    assert {code: found.figures[code].rate for code in WAYS} == WAYS | changed
    assert usual.follow_up.warning == none == ""
    assert "20 件并没有人作出评价" in words
    assert words in printed(database, presuming)
    assert "没有人作出评价" not in printed(database, RULES)


def test_the_policy_says_by_which_denominator_units_are_judged(database: Database) -> None:
    ask_a_hundred(database)
    for denominator, code in zip(Denominator, WAYS, strict=True):
        rules = with_rating(denominator=denominator)
        assert code_for(Measure.SATISFACTION, rules) == code
        with database.read() as s:
            (found,) = by_unit(s, SYSTEM, code, WEEK, rules, now=NOW).values()
            told = weekly(s, SYSTEM, "2026-W48", rules, now=NOW).follow_up
        assert found == WAYS[code]
        assert code in told.counts_for_units
    assert code_for(Measure.ON_TIME, RULES) == "on_time_rate"
    with database.read() as s, pytest.raises(NotFound, match="不分单位"):
        by_unit(s, SYSTEM, "connection_rate", WEEK, RULES, now=NOW)


def test_fewer_answers_than_the_policy_asks_for_are_not_compared(database: Database) -> None:
    put(database, *(past(f"t{i}") for i in range(4)))
    week = {"closed_at": CLOSED - timedelta(weeks=1), "completed_at": CLOSED - timedelta(weeks=1)}
    put(database, *(past(f"b{i}", **week) for i in range(4)))
    for least, compared in ((4, True), (5, False)):
        with database.read() as s:
            report = weekly(s, SYSTEM, "2026-W48", with_rating(least=least), now=NOW)
        words = moved(report.figures["satisfaction_rate"])
        assert (words != "样本少，不作比较") is compared


def test_first_and_last_answer_are_two_figures(database: Database) -> None:
    put(database, past("t1"), past("t2", rating=Rating.SATISFIED, solved=Verdict.RESOLVED))
    with database.work() as s:
        # t1 was done again, and the requester was content then.
        s.execute(
            update(Ticket)
            .where(Ticket.number == "t1")
            .values(rating=Rating.SATISFIED.value, solved=Verdict.RESOLVED.value, round=2)
        )
    with database.read() as s:
        found = rates(s, SYSTEM, WEEK, RULES, now=NOW)
        (row,) = rows(s, SYSTEM, "first_satisfaction_rate", WEEK, RULES, part=Part.MISSED, now=NOW)
    assert (found["first_satisfaction_rate"], found["satisfaction_rate"]) == (
        Rate(1, 2),
        Rate(2, 2),
    )
    assert (found["first_resolution_rate"], found["resolution_rate"]) == (Rate(1, 2), Rate(2, 2))
    assert getattr(row, "answer", "") == "首次：未解决，不满意；最终：已解决，满意"


@pytest.fixture
def people(database: Database) -> dict[str, Actor]:
    """A city with one satisfied requester and two that were not."""
    made = founded(database)
    put(database, past("t1"), past("t2"), past("t3", rating=Rating.SATISFIED))
    return made


def test_an_exclusion_leaves_one_figure_and_is_told_of_before_and_after(
    database: Database, people: dict[str, Actor]
) -> None:
    agreed(database, people, RULES)
    with database.read() as s:
        report = weekly(s, SYSTEM, "2026-W48", RULES, now=NOW)
        of_unit = by_unit(s, SYSTEM, "satisfaction_rate", WEEK, RULES, now=NOW)
        one = rate(s, SYSTEM, "satisfaction_rate", WEEK, RULES, unit="CG", now=NOW)
    assert report.figures["satisfaction_rate"].rate == Rate(1, 2) == one == of_unit["CG"]
    # Left out of satisfaction only: the requester's other answer counts as before.
    assert report.figures["resolution_rate"].rate == Rate(0, 3)
    changed = {told.figure.code: told for told in report.left_out}
    assert set(changed) == {c for c, f in BY_CODE.items() if f.measure is Measure.SATISFACTION}
    told = changed["satisfaction_rate"]
    assert (told.before, told.after) == (Rate(1, 3), Rate(1, 2))
    (ticket,) = told.tickets
    assert (ticket.number, ticket.unit, ticket.decided_by) == ("t1", "城管局", "zhong、zhuren")
    assert ticket.reason == "诉求明显不合理（经听证认定）"
    assert "剔除 1 件，由 33.33% 变为 50.00%" in excluded(report)
    text = printed(database, RULES)
    assert "诉求明显不合理（经听证认定）" in text
    assert "zhong、zhuren" in text
    assert listed(database, "satisfaction_rate", Part.EXCLUDED) == {"t1"}
    assert listed(database, "satisfaction_rate", Part.JUDGED) == {"t2", "t3"}
    assert listed(database, "direct_answer_rate", Part.EXCLUDED) == set()


def test_a_lifted_exclusion_and_an_undecided_appeal_change_no_figure(
    database: Database, people: dict[str, Actor]
) -> None:
    agreed(database, people, RULES)
    waiting = ask(database, people["cg"], RULES, "t2")
    decide(database, people["zhong"], RULES, waiting)
    with database.work() as s:
        held = s.query(Exclusion).one()
        exclusions.lift(s, people["wei"], held.id, why="纪要系伪造", now=NOW)
    with database.read() as s:
        assert rate(s, SYSTEM, "satisfaction_rate", WEEK, RULES, now=NOW) == Rate(1, 3)
        assert left_out(s, SYSTEM, WEEK, RULES, now=NOW) == []


def test_an_exclusion_of_one_unit_leaves_the_ticket_with_another(
    database: Database, people: dict[str, Actor]
) -> None:
    agreed(database, people, RULES)
    with database.work() as s:
        s.execute(
            update(Ticket)
            .where(Ticket.number == "t1")
            .values(department_id=people["zj"].department_id)
        )
    with database.read() as s:
        assert by_unit(s, SYSTEM, "satisfaction_rate", WEEK, RULES, now=NOW) == {
            "CG": Rate(1, 2),
            "ZJ": Rate(0, 1),
        }


def test_last_weeks_column_has_what_was_excluded_then(
    database: Database, people: dict[str, Actor]
) -> None:
    agreed(database, people, RULES)

    def seen(at: datetime) -> Rate:
        period = Period(WEEK.first, WEEK.last, at)
        with database.read() as s:
            return rate(s, SYSTEM, "satisfaction_rate", period, RULES, now=at)

    assert (seen(NOW - timedelta(minutes=1)), seen(NOW)) == (Rate(1, 3), Rate(1, 2))


def test_late_signatures_are_excluded_by_share(
    database: Database, people: dict[str, Actor]
) -> None:
    put(database, past("t4", acknowledge_by=CLOSED - timedelta(days=4)))
    form = replace(FORM, measure=Measure.ACKNOWLEDGED)
    made = ask(database, people["cg"], RULES, "t4", form)
    period = Period(date(2026, 11, 16), WEEK.last)
    with database.read() as s:
        before = rate(s, SYSTEM, "acknowledged_on_time_rate", period, RULES, now=NOW)
    decide(database, people["zhong"], RULES, made)
    decide(database, people["zhuren"], RULES, made)
    with database.read() as s:
        after = rate(s, SYSTEM, "acknowledged_on_time_rate", period, RULES, now=NOW)
        (told,) = left_out(s, SYSTEM, period, RULES, now=NOW)
    assert (before, after) == (Rate(3, 4), Rate(3, 3)) == (told.before, told.after)


def test_a_report_hides_what_a_confidential_excluded_ticket_is_about(
    database: Database, people: dict[str, Actor]
) -> None:
    agreed(database, people, RULES)
    span = read_span(ReportKind.WEEKLY, "2026-W48")

    def told() -> str:
        with database.read() as s:
            return str(to_json(document(s, SYSTEM, span, RULES, now=NOW)))

    with database.work() as s:
        s.execute(update(Ticket).values(title="举报某某"))
    assert "举报某某" in told()
    with database.work() as s:
        s.execute(update(Ticket).values(confidential=True))
    assert "举报某某" not in told()
    assert CONFIDENTIAL in told()
