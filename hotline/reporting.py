"""Reports by the schedule: each is issued once, on the day after its span, at the policy's hour."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, time, timedelta

from analytics.engines.engine import FigureEngine
from analytics.reports.papers import paper_of
from analytics.reports.spans import Span, last_finished
from analytics.reports.write import document
from analytics.tallies import anything
from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.errors import ReportIssuedBefore
from dispatch.domain.people import SYSTEM
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import issued_report_queries, issued_reports
from dispatch.service.rulebook import RuleBook

log = logging.getLogger("hotline.jobs")

LOOK_S = 300.0

BY_CALENDAR = (ReportKind.DAILY, ReportKind.WEEKLY, ReportKind.MONTHLY, ReportKind.YEARLY)
"""What a schedule can issue; special reports are asked for by somebody."""


def due(database: Database, rules: Rules, now: datetime) -> list[Span]:
    """The reports whose hour has come and that nobody has issued.

    Only the newest span of a kind is looked at: a hotline that stood still for a month does not
    flood its readers with old reports. Nothing is issued for a span in which nothing happened: a
    new hotline has no last year.
    """
    policy = rules.profile.report
    found = []
    for kind in BY_CALENDAR:
        if kind not in policy.kinds:
            continue
        span = last_finished(kind, now)
        morning = datetime.combine(
            span.period.last + timedelta(days=1), time(policy.hour), SHANGHAI
        )
        if now < morning:
            continue
        with database.read() as session:
            if not _issued(session, span) and anything(session, SYSTEM, span.period):
                found.append(span)
    return found


def _issued(session: Session, span: Span) -> bool:
    first, last = span.period.first, span.period.last
    found = issued_report_queries.newest_of(session, SYSTEM, span.kind, "", first, last)
    return found is not None


def issue_due(database: Database, figures: FigureEngine, rules: Rules, now: datetime) -> int:
    """Issue what is due, counted where figures are; return how many were issued."""
    issued = 0
    for span in due(database, rules, now):
        with figures.reading() as session:
            written = document(session, SYSTEM, span, rules, now=now)
        try:
            with database.work() as session:
                issued_reports.issue(
                    session,
                    SYSTEM,
                    paper_of(span, written),
                    rules.profile.report.readers,
                    now=now,
                )
        except ReportIssuedBefore:
            # Another process was quicker.
            continue
        issued += 1
        log.info("issued %s %s", span.kind.value, span.code)
    return issued


def timers(
    database: Database, figures: FigureEngine, rulebook: RuleBook
) -> tuple[tuple[float, str, Callable[[datetime], None]], ...]:
    """What runs by the clock for reports: seconds, name, work."""

    def look(now: datetime) -> None:
        issue_due(database, figures, rulebook.at(now), now)

    return ((LOOK_S, "reports", look),)
