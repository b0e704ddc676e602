"""Spans, the rules of the sentences, and what differs between two issues."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from analytics.document import Chart, Column, Document, Kind, Paragraph, Row, Section, Table
from analytics.engines.archive_writer import take
from analytics.engines.engine import ArchiveEngine
from analytics.rates import Rate
from analytics.reports.changes import Difference, differences
from analytics.reports.spans import last_finished, read_span, shifted
from analytics.reports.words import Three, changed, compared, moved
from analytics.reports.write import document
from dispatch.bus import Database
from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import SYSTEM
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from tests.analytics.history_made import NOW, put_month

MARCH = datetime(2028, 3, 15, 12, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("kind", "code", "days", "before", "year_ago"),
    [
        ("daily", "2026-11-09", 1, "2026-11-08", "2025-11-10"),
        ("weekly", "2026-W46", 7, "2026-11-02", "2025-11-10"),
        # A year of 53 weeks: its last week is held against 52 weeks before.
        ("weekly", "2026-W53", 7, "2026-12-21", "2025-12-29"),
        ("monthly", "2028-03", 31, "2028-02-01", "2027-03-01"),
        ("monthly", "2028-02", 29, "2028-01-01", "2027-02-01"),
        ("yearly", "2028", 366, "2027-01-01", "2027-01-01"),
        ("special", "2026-11-01..2026-11-10", 10, "2026-10-22", "2025-11-01"),
    ],
)
def test_a_span_knows_the_two_it_is_held_against(
    kind: str, code: str, days: int, before: str, year_ago: str
) -> None:
    span = read_span(ReportKind(kind), code)
    now = span.period.end + timedelta(days=1)
    assert span.period.days == days
    assert span.code == code
    assert span.before(now).first == date.fromisoformat(before)
    assert span.year_ago(now).first == date.fromisoformat(year_ago)
    assert shifted(shifted(span, 1), -1).code == code
    # As they were known when they were as old as this one is now.
    for other in (span.before(now), span.year_ago(now)):
        assert other.until is not None
        begun = datetime.combine(other.first, datetime.min.time(), SHANGHAI)
        assert other.until - begun == now - span.period.start


def test_a_month_that_runs_is_held_against_as_much_of_the_one_before() -> None:
    span = read_span(ReportKind.MONTHLY, "2028-03")
    assert not span.finished(MARCH)
    assert span.before(MARCH).end == datetime(2028, 2, 15, 12, tzinfo=SHANGHAI)
    assert span.year_ago(MARCH).end == datetime(2027, 3, 15, 12, tzinfo=SHANGHAI)
    assert last_finished(ReportKind.MONTHLY, MARCH).code == "2028-02"


@pytest.mark.parametrize(
    ("kind", "code"),
    [("daily", "x"), ("weekly", "2026-W60"), ("monthly", "2026-13"), ("yearly", "99"),
     ("special", "2026-11-10..2026-11-01")],
)  # fmt: skip
def test_what_is_no_span_is_refused(kind: str, code: str) -> None:
    with pytest.raises(InvalidInput):
        read_span(ReportKind(kind), code)


def test_counts_are_put_into_words_by_rule() -> None:
    assert changed(120, 100, "上周") == "比上周多 20.0%"
    assert changed(90, 100, "上周") == "比上周少 10.0%"
    assert changed(102, 100, "上周") == "与上周基本持平"
    assert changed(100, 100, "上周") == "与上周相同"
    # Three after one is no growth of two hundred per cent.
    assert changed(3, 1, "上周") == "上周为 1"
    assert changed(5, 0, "上周") == "上周为 0"
    assert changed(0, 0, "上周") == "上周也为 0"
    assert compared(Three(120, 100, 60), "上周") == "比上周多 20.0%，比上年同期多 100.0%"
    assert compared(Three(120, 100, 0), "上周") == "比上周多 20.0%"


def test_rates_of_few_cases_are_not_compared() -> None:
    assert moved(Rate(9, 10), Rate(8, 10), 5, "上周") == "比上周升 10.00 个百分点"
    assert moved(Rate(8, 10), Rate(8, 10), 5, "上周") == "与上周持平"
    assert "不作比较" in moved(Rate(3, 4), Rate(8, 10), 5, "上周")
    assert "不作比较" in moved(Rate(8, 10), Rate(3, 4), 5, "上周")
    assert moved(Rate(8, 10), Rate(0, 0), 5, "上周") == ""


def paper(*rows: tuple[str, int], words: str = "共 3 件。") -> Document:
    table = Table("按单位", (Column("单位"), Column("件数", Kind.COUNT)), [Row(r) for r in rows])
    section = Section("overdue", "超期", (Paragraph(words), table))
    return Document("t", "weekly", "甲市", "p", "2026-11-16 08:00", "h", (section,))


def test_every_cell_and_sentence_that_reads_otherwise_is_told() -> None:
    old = paper(("城管局", 2), ("住建局", 1))
    assert differences(old, replace(old, made_at="later")) == []
    # The order of rows is no difference; a row that came or went is told whole.
    assert differences(old, paper(("住建局", 1), ("城管局", 2))) == []
    new = paper(("城管局", 3), ("水务局", 1), words="共 4 件。")
    assert differences(old, new) == [
        Difference("超期", "文字", "共 3 件。", "共 4 件。"),
        Difference("超期", "按单位 · 城管局 · 件数", "2", "3"),
        Difference("超期", "按单位 · 住建局", "件数 1", "（无）"),
        Difference("超期", "按单位 · 水务局", "（无）", "件数 1"),
    ]


def test_an_archive_writes_the_same_report_as_the_live_database(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = Database(sqlite_url)
    put_month(database)
    take(database, tmp_path, now=NOW)
    engine = ArchiveEngine(database, tmp_path, fresh_s=0)
    rules = Rules(load_profile("default"), load_calendar())
    for kind, code in ((ReportKind.WEEKLY, "2026-W46"), (ReportKind.MONTHLY, "2026-11")):
        span = read_span(kind, code)
        with database.read() as session:
            live = document(session, SYSTEM, span, rules, now=NOW)
        with engine.reading() as session:
            archived = document(session, SYSTEM, span, rules, now=NOW)
        assert archived == live
    assert "归档" in engine.told
    engine.close()
    database.dispose()


def test_days_to_come_are_unknown_in_the_chart_and_not_without_calls(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    put_month(database)
    rules = Rules(load_profile("default"), load_calendar())
    span = read_span(ReportKind.WEEKLY, "2026-W47")  # NOW is its Wednesday
    with database.read() as session:
        report = document(session, SYSTEM, span, rules, now=NOW)
    database.dispose()
    blocks = [block for section in report.sections for block in section.blocks]
    chart = next(one for one in blocks if isinstance(one, Chart) and "每日" in one.name)
    for series in chart.series:
        assert None not in series.values[:3]
        assert set(series.values[3:]) == {None}
