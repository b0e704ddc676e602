"""Reports by the schedule, and what is kept of each issue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from analytics.document import Document
from analytics.document_json import digest, from_json
from analytics.engines.engine import LiveEngine
from analytics.reports.changes import differences, plain
from analytics.reports.papers import paper_of
from analytics.reports.spans import read_span
from analytics.reports.write import document
from dispatch.bus import Database
from dispatch.domain.errors import InvalidInput, ReportIssuedBefore, RoleNotAllowed
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Rating, Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.oversight import Notice
from dispatch.models.people import Staff
from dispatch.models.tickets import Ticket
from dispatch.service import issued_report_queries as queries
from dispatch.service import issued_reports
from hotline.reporting import due, issue_due
from tests.analytics.history_made import put_month

DEFAULT = Rules(load_profile("default"), load_calendar())
WEEK = read_span(ReportKind.WEEKLY, "2026-W46")
MONDAY = datetime(2026, 11, 16, 8, 0, tzinfo=SHANGHAI)
"""The morning after the week."""

READERS = (Role.LEADER,)


def with_kinds(*kinds: ReportKind) -> Rules:
    report = replace(DEFAULT.profile.report, kinds=frozenset(kinds), readers=READERS)
    return Rules(replace(DEFAULT.profile, report=report), load_calendar())


RULES = with_kinds(ReportKind.WEEKLY)


@pytest.fixture
def month(sqlite_url: str) -> Iterator[Database]:
    """A month of history, two leaders of whom one has left, and somebody of the centre."""
    database = Database(sqlite_url)
    put_people(database)
    yield database
    database.dispose()


def put_people(database: Database) -> None:
    put_month(database)
    with database.work() as session:
        for login, role, active in (
            ("zhang", Role.LEADER, True),
            ("gone", Role.LEADER, False),
            ("zhong", Role.CENTER, True),
        ):
            session.add(
                Staff(login=login, name=login, role=role.value, password_hash="", active=active)
            )


def person(database: Database, login: str) -> Actor:
    with database.read() as session:
        row = session.scalars(select(Staff).where(Staff.login == login)).one()
        return Actor(name=row.name, role=Role(row.role), staff_id=row.id)


def week(database: Database, now: datetime) -> Document:
    with database.read() as session:
        return document(session, SYSTEM, WEEK, RULES, now=now)


def test_a_report_is_issued_once_at_its_hour_on_the_day_after_its_span(month: Database) -> None:
    minute = timedelta(minutes=1)
    # Before the hour only the older week is due; the newest that is over is the one told of.
    assert due(month, RULES, MONDAY - minute) == []
    assert due(month, RULES, MONDAY) == [WEEK]
    assert issue_due(month, LiveEngine(month), RULES, MONDAY) == 1
    assert issue_due(month, LiveEngine(month), RULES, MONDAY + minute) == 0
    reader = person(month, "zhang")
    with month.read() as session:
        (line,) = queries.issues(session, reader)
        view = queries.issue_of(session, reader, line.id)
        notices = session.scalars(select(Notice).where(Notice.kind == "report")).all()
    assert (line.number, line.revision, line.sent, line.opened) == (1, 1, 1, 0)
    assert from_json(view.content) == week(month, MONDAY)
    assert view.digest == digest(view.content)
    # Who has left is not written to.
    assert [(d.name, d.opened_at) for d in view.deliveries] == [("zhang", None)]
    assert [n.staff_id for n in notices] == [reader.staff_id]
    assert "第 1 期已印发" in notices[0].words


def test_what_the_policy_does_not_list_and_empty_spans_are_not_issued(month: Database) -> None:
    assert due(month, with_kinds(), MONDAY) == []
    # There was no call in 2025, so there is no report of that year.
    assert due(month, with_kinds(ReportKind.YEARLY), MONDAY) == []
    months = due(month, with_kinds(ReportKind.MONTHLY), MONDAY)
    assert [span.code for span in months] == ["2026-10"]


def test_a_correction_is_a_new_issue_with_its_differences(database: Database) -> None:
    month = database
    put_people(month)
    issue_due(month, LiveEngine(month), RULES, MONDAY)
    centre = person(month, "zhong")
    now = MONDAY + timedelta(hours=3)
    first = week(month, MONDAY)
    # Somebody's grade was written down wrongly; and time alone changes nothing of a past week's
    # calls, so all other differences come of tickets that went on since.
    with month.work() as session:
        rated = session.scalars(
            select(Ticket).where(
                Ticket.rating == Rating.VERY_DISSATISFIED.value,
                Ticket.closed_at >= WEEK.period.start,
                Ticket.closed_at < WEEK.period.end,
            )
        ).first()
        assert rated is not None
        rated.rating = Rating.VERY_SATISFIED.value
    second = week(month, now)
    found = differences(first, second)
    rate = [one for one in found if one.what == "指标 · 满意率 · 分子"]
    assert [int(one.after) - int(one.before) for one in rate] == [1]
    told = plain(found)
    with month.work() as session:
        with pytest.raises(ReportIssuedBefore):
            issued_reports.issue(session, centre, paper_of(WEEK, second), READERS, now=now)
        with pytest.raises(InvalidInput, match="原因"):
            issued_reports.correct(
                session, centre, paper_of(WEEK, second), READERS, why=" ", differences=told, now=now
            )
        with pytest.raises(InvalidInput, match="没有不同"):
            issued_reports.correct(
                session, centre, paper_of(WEEK, first), READERS, why="x", differences=[], now=now
            )
        row = issued_reports.correct(
            session,
            centre,
            paper_of(WEEK, second),
            READERS,
            why="一件评价登记有误",
            differences=told,
            now=now,
        )
        assert (row.number, row.revision) == (1, 2)
    with month.read() as session:
        newest, old = queries.issues(session, centre)
        assert (newest.newest, old.newest) == (True, False)
        kept = queries.issue_of(session, centre, old.id)
        corrected = queries.issue_of(session, centre, newest.id)
    assert from_json(kept.content) == first
    assert from_json(corrected.content) == second
    assert corrected.differences == tuple(told)
    assert [line.revision for line in kept.revisions] == [2, 1]


def test_only_the_centre_issues_and_the_first_opening_counts(month: Database) -> None:
    leader = person(month, "zhang")
    paper = paper_of(WEEK, week(month, MONDAY))
    with month.work() as session, pytest.raises(RoleNotAllowed):
        issued_reports.issue(session, leader, paper, READERS, now=MONDAY)
    with month.work() as session:
        row = issued_reports.issue(session, SYSTEM, paper, READERS, now=MONDAY)
        report_id = row.id
    later = MONDAY + timedelta(hours=1)
    for at in (later, later + timedelta(hours=1)):
        with month.work() as session:
            issued_reports.opened(session, leader, report_id, now=at)
    with month.read() as session:
        view = queries.issue_of(session, leader, report_id)
    assert [one.opened_at for one in view.deliveries] == [later]
    assert (view.line.sent, view.line.opened) == (1, 1)
