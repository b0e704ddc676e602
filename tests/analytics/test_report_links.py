"""Behind every number of a report stand as many rows as it says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import update

from analytics.document import Document, Kind, Row, Table
from analytics.facts import value
from analytics.periods import read_period
from analytics.rates import Rate
from analytics.reports import business
from analytics.reports.spans import read_span
from analytics.reports.write import document
from analytics.rows import Part
from analytics.scope import Scope
from dispatch.bus import Database
from dispatch.db import Session
from dispatch.domain.limits import SourceLevel
from dispatch.domain.people import SYSTEM
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.contacts import Contact
from dispatch.models.tickets import Ticket
from tests.analytics.history_made import put_month

RULES = Rules(load_profile("default"), load_calendar())
NOW = datetime(2026, 11, 16, 8, 0, tzinfo=SHANGHAI)
UNOPENED = {
    # What is left over of a list that is cut, and totals of what no figure counts as one.
    "其余",
    "合计",
}
WITHOUT_FIGURES = {"督办", "领导批示落实", "预警与处置", "异常指标", "剔除前后", "剔除的工单"}
"""Their rows are no calls and tickets; they lead to what they tell of."""


@pytest.fixture(scope="module")
def session(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    path = tmp_path_factory.mktemp("links") / "hotline.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    put_month(database)
    with database.work() as session:
        for n, level in enumerate(SourceLevel):
            mine = update(Ticket).where(Ticket.id % 7 == n)
            session.execute(mine.values(source_level=level.value))
        session.execute(update(Contact).where(Contact.id % 3 == 0).values(queue="hotline"))
        session.execute(update(Contact).where(Contact.id % 3 == 1).values(queue="enterprise"))
    with database.read() as session:
        yield session
    database.dispose()


def rows_behind(session: Session, link: str) -> int:
    """How many rows the address opens."""
    parts = urlsplit(link)
    query = dict(parse_qsl(parts.query))
    code = parts.path.removeprefix("/figures/")
    period = read_period(query["from"], query["to"])
    found = value(session, SYSTEM, code, period, RULES, scope=Scope.read(query), now=NOW)
    part = Part(query["part"])
    if isinstance(found, Rate):
        return {Part.JUDGED: found.judged, Part.HITS: found.hits, Part.MISSED: found.missed}[part]
    return found.n


def counted(table: Table, row: Row) -> Iterator[tuple[str, int]]:
    """Each link of a row with the count it stands at; the row's own at the first count."""
    counts = [
        (cell, link)
        for cell, column, link in zip(
            row.cells,
            table.columns,
            (*row.links, *[""] * (len(row.cells) - len(row.links))),
            strict=True,
        )
        if column.kind is Kind.COUNT and isinstance(cell, int)
    ]
    if row.link and counts and not counts[0][1]:
        yield row.link, counts[0][0]
    yield from ((link, cell) for cell, link in counts if link)


def opened(session: Session, made: Document) -> int:
    """Open every link of its tables of counts; return how many there were."""
    seen = 0
    for section in made.sections:
        for table in section.blocks:
            if not isinstance(table, Table) or table.name in WITHOUT_FIGURES:
                continue
            if not any(column.kind is Kind.COUNT for column in table.columns):
                continue
            for row in (*table.rows, *((table.total,) if table.total else ())):
                name = f"{table.name}：{row.cells[0]}"
                assert row.link or any(row.links) or row.cells[0] in UNOPENED, name
                for link, count in counted(table, row):
                    if link.startswith("/figures/"):
                        assert rows_behind(session, link) == count, (name, link)
                        seen += 1
    return seen


def test_every_count_of_a_weekly_report_opens_its_rows(session: Session) -> None:
    span = read_span(ReportKind.WEEKLY, "2026-W46")
    assert opened(session, document(session, SYSTEM, span, RULES, now=NOW)) > 80


def test_every_count_of_a_special_report_opens_its_rows(session: Session) -> None:
    span = read_span(ReportKind.SPECIAL, "2026-11-01..2026-11-15")
    scope = Scope(kind="complaint")
    made = document(session, SYSTEM, span, RULES, scope=scope, now=NOW)
    assert opened(session, made) > 25


def test_every_count_of_the_business_report_opens_its_rows(session: Session) -> None:
    span = read_span(ReportKind.WEEKLY, "2026-W46")
    assert opened(session, business.document(session, SYSTEM, span, RULES, now=NOW)) > 20
