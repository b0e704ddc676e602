"""The same statements by the live database, by an archive, and by ClickHouse: equal answers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from sqlalchemy import delete, func, select, update

from analytics.engines.archive_writer import take
from analytics.engines.clickhouse import ClickHouseEngine, ClickHouseMissing
from analytics.engines.columns import COLUMNS, MARK, MARKED, reach
from analytics.engines.engine import ArchiveEngine, FigureEngine, LiveEngine
from analytics.engines.manifest import read_manifest
from analytics.facts import by_units, values
from analytics.rates import Value
from analytics.scope import EVERYTHING, Scope
from dispatch import bus
from dispatch.bus import Database
from dispatch.domain.events import CallArrived
from dispatch.domain.people import SYSTEM
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp
from dispatch.models.handling import Application
from dispatch.models.judging import Appeal, Exclusion
from dispatch.models.reporting import HistoryImport
from dispatch.models.telephone import AgentInterval, CallBack
from dispatch.models.tickets import Assignment, Ticket
from tests.analytics.figures_made import NOW, SPAN, City, cities, found_city, put

RULES = Rules(load_profile("default"), load_calendar())
SCOPES = (EVERYTHING, Scope(category="01", line="12345"))
PUT = (FollowUp, Application, Exclusion, Appeal, Assignment, CallBack, AgentInterval)

few = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@contextmanager
def there(database: Database, city: City) -> Iterator[None]:
    """The city is in the database; afterwards its rows are gone."""
    with database.work() as session:
        put(session, city)
    try:
        yield
    finally:
        with database.work() as session:
            for model in (*PUT, Contact, Ticket):
                session.execute(delete(model))


def told(engine: FigureEngine) -> dict[str, Value]:
    """Every figure in every scope, and two of them by units."""
    found: dict[str, Value] = {}
    with engine.reading() as session:
        for scope in SCOPES:
            counted = values(session, SYSTEM, SPAN, RULES, scope=scope, now=NOW)
            found |= {f"{code} {scope.query}": value for code, value in counted.items()}
        for code in ("on_time_rate", "mean_working_time"):
            units = by_units(session, SYSTEM, code, SPAN, RULES, now=NOW)
            found |= {f"{code} {unit}": value for unit, value in units.items()}
    return found


def archived(database: Database, folder: Path) -> ArchiveEngine:
    """An archive that looks for what is newer at every reading."""
    return ArchiveEngine(database, folder, fresh_s=0)


def test_every_figure_is_the_same_from_an_archive(database: Database, tmp_path: Path) -> None:
    with database.work() as session:
        found_city(session)
    folders = iter(range(1000))

    @few
    @given(city=cities())
    def look(city: City) -> None:
        folder = tmp_path / f"archive{next(folders)}"
        with there(database, city):
            take(database, folder, now=NOW + timedelta(days=1), block=3)
            with closing(archived(database, folder)) as engine:
                assert told(engine) == told(LiveEngine(database))
                assert "归档" in engine.told

    look()


def _ticket(number: str) -> Ticket:
    began = SPAN.start
    return Ticket(
        number=number,
        query_code="0",
        channel="phone",
        kind="complaint",
        urgency="routine",
        status="in_progress",
        title="停水",
        content="我家停水了",
        phone="13912345678",
        created_at=began,
        dispatched_at=began,
        due_at=began + timedelta(days=2),
    )


@pytest.fixture
def small(sqlite_url: str) -> Iterator[Database]:
    """Four tickets and six calls, each with its fact."""
    opened = Database(sqlite_url)
    _fill(opened)
    yield opened
    opened.dispose()


def _fill(database: Database) -> None:
    with database.work() as session:
        session.add_all([_ticket(f"T{n}") for n in range(4)])
        session.flush()
        for n in range(6):
            at = SPAN.start + timedelta(minutes=n)
            call = Contact(
                call_id=f"c{n}", direction="inbound", started_at=at, ended_at=at, caller="139000"
            )
            session.add(call)
            session.flush()
            bus.record(session, SYSTEM, CallArrived(at=at, contact_id=call.id, ticket_id=n % 4 + 1))


def calls_and_tickets(engine: FigureEngine) -> dict[str, Value]:
    """The figures of the whole city."""
    with engine.reading() as session:
        return values(session, SYSTEM, SPAN, RULES, now=NOW)


def test_what_changes_after_the_archive_counts_at_once(database: Database, tmp_path: Path) -> None:
    small, told = database, calls_and_tickets
    _fill(small)
    later = NOW + timedelta(hours=1)
    take(small, tmp_path / "a", now=NOW, block=2)
    with closing(archived(small, tmp_path / "a")) as engine:
        before = told(engine)
        with small.work() as session:
            closed = {"status": "closed", "closed_at": NOW, "completed_at": SPAN.start}
            session.execute(update(Ticket).where(Ticket.number == "T1").values(**closed))
            due = FollowUp(
                ticket_id=2, round=1, method="person", state="done", due_at=NOW, called_at=NOW
            )
            session.add_all([due, _ticket("T4")])
            session.add(Contact(call_id="c6", direction="inbound", started_at=SPAN.start))
            bus.record(session, SYSTEM, CallArrived(at=later, ticket_id=2))
        after = told(engine)
        assert after == told(LiveEngine(small)) != before
        take(small, tmp_path / "a", now=later, block=2)
        assert told(engine) == after
        with small.work() as session:
            session.execute(delete(FollowUp))
            bus.record(session, SYSTEM, CallArrived(at=later, ticket_id=2))
        assert told(engine) == told(LiveEngine(small))


def test_an_import_taken_back_leaves_the_archive(small: Database, tmp_path: Path) -> None:
    with small.work() as session:
        for model in (Ticket, Contact):
            session.execute(update(model).where(model.id <= 2).values(import_id=1))
    take(small, tmp_path, now=NOW)
    with small.work() as session:
        session.add(
            HistoryImport(
                subject="contacts",
                name="f.csv",
                sha256="0",
                mapping={},
                size=1,
                state="undone",
                at=NOW,
                undone_at=NOW + timedelta(minutes=1),
            )
        )
    with closing(archived(small, tmp_path)) as engine, engine.reading() as session:
        assert session.scalar(select(func.count(Contact.id))) == 4
        assert session.scalar(select(func.count(Ticket.id))) == 2


def test_only_what_changed_is_written_again(small: Database, tmp_path: Path) -> None:
    first = take(small, tmp_path, now=NOW, block=2)
    later = NOW + timedelta(days=1)
    assert take(small, tmp_path, now=later, block=2).written == 0
    with small.work() as session:
        bus.record(session, SYSTEM, CallArrived(at=later, ticket_id=3))
    again = take(small, tmp_path, now=later + timedelta(days=1), block=2)
    assert again.written == 1
    kept = {block.file for block in first.manifest.blocks["ticket"]}
    assert len(kept & {block.file for block in again.manifest.blocks["ticket"]}) == 1
    assert all((tmp_path / b.file).exists() for b in again.manifest.blocks["contact"])


def test_no_text_and_no_number_of_a_person_is_in_the_files(small: Database, tmp_path: Path) -> None:
    manifest = take(small, tmp_path, now=NOW).manifest
    for table, name in sorted(MARKED):
        if files := manifest.files(tmp_path, table):
            query = f'SELECT DISTINCT "{name}" FROM read_parquet({files})'
            seen = {row[0] for row in duckdb.execute(query).fetchall()}
            assert seen <= {None, "", MARK}, (table, name)
    assert ("ticket", "phone") in MARKED
    assert ("ticket", "content") in MARKED
    assert "password_hash" not in COLUMNS["staff"]


def test_who_asks_for_texts_is_answered_by_the_database(small: Database, tmp_path: Path) -> None:
    take(small, tmp_path, now=NOW)
    with closing(archived(small, tmp_path)) as engine, engine.reading() as session:
        assert session.scalar(select(Ticket.content).where(Ticket.id == 1)) == "我家停水了"
        assert session.get_one(Ticket, 2).phone == "13912345678"
        repeated = select(func.count(Ticket.phone.distinct()))
        assert session.scalar(repeated) == 1
    assert reach(select(func.count()).where(Ticket.content != "")).archived
    for texts in (repeated, select(Ticket), select(func.count()).where(Ticket.content == "水")):
        assert not reach(texts).archived


def test_without_an_archive_the_database_counts_and_says_so(
    small: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), closing(archived(small, tmp_path)) as engine:
        for _ in range(2):
            with engine.reading() as session:
                assert session.scalar(select(func.count(Ticket.id))) == 4
        assert engine.told == LiveEngine.told
    assert len(caplog.records) == 1


def test_a_crash_while_it_is_taken_leaves_the_old_archive(
    small: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = take(small, tmp_path, now=NOW).manifest
    with monkeypatch.context() as patch:
        patch.setattr("analytics.engines.archive_writer.BLOCK", 1)
        patch.setattr(Path, "replace", _full)
        with pytest.raises(OSError, match="full"):
            take(small, tmp_path, now=NOW + timedelta(days=1), block=1)
    assert read_manifest(tmp_path) == old
    with closing(archived(small, tmp_path)) as engine, engine.reading() as session:
        assert session.scalar(select(func.count(Ticket.id))) == 4


def _full(*_: object) -> Path:
    raise OSError("the disk is full")


@pytest.mark.slow
def test_clickhouse_answers_the_same_statements(database: Database, tmp_path: Path) -> None:
    with database.work() as session:
        found_city(session)
    folders = iter(range(1000))

    @few
    @given(city=cities())
    def look(city: City) -> None:
        folder = tmp_path / f"archive{next(folders)}"
        with there(database, city):
            take(database, folder, now=NOW + timedelta(days=1), block=3)
            with closing(ClickHouseEngine(folder, tmp_path / "clickhouse")) as engine:
                assert told(engine) == told(LiveEngine(database))

    look()


def test_clickhouse_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ClickHouseMissing, match="hotline"):
        ClickHouseEngine(tmp_path, tmp_path / "clickhouse")
