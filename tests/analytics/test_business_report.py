"""The business environment's report: its own calls and tickets, nothing of the others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from analytics import facts
from analytics.document import Document, Table
from analytics.reports import business, business_counts
from analytics.reports.spans import read_span
from dispatch.bus import Database
from dispatch.domain.errors import RoleNotAllowed
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.catalog import Line
from dispatch.models.contacts import Contact
from dispatch.models.tickets import Ticket
from tests.analytics.history_made import NOW, put_month

RULES = Rules(load_profile("default"), load_calendar())
SPAN = read_span(ReportKind.BUSINESS, "2026-11")
DAY = datetime(2026, 11, 10, 9, tzinfo=SHANGHAI)


@pytest.fixture
def lone(sqlite_url: str) -> Iterator[Database]:
    """One database, where the SQL does not differ."""
    made = Database(sqlite_url)
    yield made
    made.dispose()


def put(database: Database) -> int:
    """The month, with every seventh ticket an enterprise's and four calls of the line."""
    put_month(database)
    with database.work() as session:
        session.add(Line(number="87712345", name="企业专线", state="merged", kind="enterprise"))
        for n, more in enumerate(
            ({"line": "87712345"}, {"queue": "enterprise"}, {"line": "87712345"}, {"line": "12345"})
        ):
            at = DAY + timedelta(minutes=n)
            session.add(
                Contact(
                    call_id=f"b{n}",
                    direction="inbound",
                    started_at=at,
                    queued_at=at,
                    answered_at=at if n else None,
                    outcome="answered" if n else "abandoned_in_queue",
                    ended_at=at + timedelta(minutes=1),
                    **more,
                )
            )
        tickets = session.query(Ticket).order_by(Ticket.id).all()
        for n, ticket in enumerate(tickets):
            ticket.business_environment = n % 7 == 0
        return sum(
            SPAN.period.start <= ticket.created_at < SPAN.period.end for ticket in tickets[::7]
        )


def table(found: Document, name: str) -> Table:
    return next(
        block
        for section in found.sections
        for block in section.blocks
        if isinstance(block, Table) and block.name == name
    )


def test_it_counts_its_own_line_and_tickets_and_the_parts_add_up(database: Database) -> None:
    own = put(database)
    assert own > 10
    with database.read() as session:
        found = business.document(session, SYSTEM, SPAN, RULES, now=NOW)
    rows = {row.cells[0]: row.cells[1] for row in table(found, "总量").rows}
    assert rows["专线来电（个）"] == 3
    assert rows["营商环境工单（件）"] == own
    assert f"{own:,} 件" in found.headline
    for name in ("按事项分类", "按承办单位"):
        parts = table(found, name)
        assert parts.total is not None
        assert sum(int(row.cells[1] or 0) for row in parts.rows) == parts.total.cells[1] == own
    assert len(table(found, "营商环境工单").rows) == own
    connected = next(
        row for row in table(found, "企业服务专线指标").rows if "接通率" in str(row.cells[0])
    )
    assert connected.cells[2:4] == (2, 3) or connected.cells[2:4] == [2, 3]


def test_every_figure_is_the_catalogues_over_its_part(lone: Database) -> None:
    put(lone)
    with lone.work() as session:
        session.query(Ticket).update({"business_environment": True})
        session.query(Contact).update({"queue": "enterprise"})

    with lone.read() as session:
        mine = business_counts.figures(session, SYSTEM, SPAN.period, RULES, now=NOW)
        whole = facts.values(session, SYSTEM, SPAN.period, RULES, now=NOW)
    assert mine == {code: whole[code] for code in mine}


def test_a_silent_month_is_said_and_a_stranger_refused(lone: Database) -> None:
    with lone.read() as session:
        found = business.document(session, SYSTEM, SPAN, RULES, now=NOW)
        assert "没有来电，也没有营商环境工单" in found.headline
        agent = Actor(name="话务员", role=Role.AGENT)
        with pytest.raises(RoleNotAllowed):
            business_counts.figures(session, agent, SPAN.period, RULES, now=NOW)
