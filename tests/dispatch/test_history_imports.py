"""An import of history on both databases: taken, joined, refused an undoing, taken back whole."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dispatch.bus import Database, record
from dispatch.domain.errors import ActionNotAllowed, RoleNotAllowed
from dispatch.domain.events import HistoryImportChanged, TicketUrged
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.files.import_folder import ImportFolder, RefusedRow
from dispatch.files.spreadsheets import open_table
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.service import history_imports, history_running, history_undo
from dispatch.service.history_rows import SORTS, Layout

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
RULES = Rules(load_profile("default"), load_calendar())
TICKETS = """number,created_at,department,dispatched_at,completed_at,closed_at,solved
G1,2026-01-02 08:35,城管局,2026-01-02 09:00,2026-01-04 16:00,2026-01-05 09:00,是
G2,2026-01-03 08:35,城管局,2026-01-03 09:00,2026-01-04 16:00,2026-01-05 09:00,否
bad,,,,,,
"""
CALLS = "call_id,started_at,ticket_number\na1,2026-01-02 08:30,G1\na2,2026-01-02 08:31,G2\n"


def bring(database: Database, folder: Path, what: str, text: str) -> tuple[int, list[RefusedRow]]:
    """Import a file; its number and what was refused."""
    file = folder / f"{what}.csv"
    file.write_text(text, encoding="utf-8")
    table = open_table(file)
    sort = SORTS[what]
    refused: list[RefusedRow] = []
    with database.work() as session:
        running = history_imports.begin(
            session,
            SYSTEM,
            sort,
            table,
            Layout(sort, table.headings),
            sha256=f"{len(text):064d}",
            now=NOW,
        )
    history_running.bring_in(
        database, running, RULES, lambda _first, rows: refused.extend(rows), now=NOW
    )
    return running.id, refused


def counts(database: Database) -> tuple[int, ...]:
    with database.read() as session:
        return tuple(
            session.scalar(select(func.count()).select_from(model)) or 0
            for model in (Ticket, Assignment, FollowUp, Contact)
        )


def plus(before: tuple[int, ...], *more: int) -> tuple[int, ...]:
    return tuple(n + added for n, added in zip(before, more, strict=True))


def test_an_import_is_taken_back_whole_or_not_at_all(database: Database, tmp_path: Path) -> None:
    before = counts(database)
    calls, _ = bring(database, tmp_path, "contacts", CALLS)
    tickets, refused = bring(database, tmp_path, "tickets", TICKETS)
    assert [row.why for row in refused] == ["缺少创建时间"]
    assert counts(database) == plus(before, 2, 2, 2, 2)

    agent = Actor(name="王", role=Role.AGENT, staff_id=1)
    with pytest.raises(RoleNotAllowed), database.work() as session:
        history_undo.undo(session, agent, tickets, now=NOW)
    with database.work() as session:
        id_ = session.scalars(select(Ticket.id).where(Ticket.number == "G2")).one()
        record(session, SYSTEM, TicketUrged(at=NOW, ticket_id=id_))
    with pytest.raises(ActionNotAllowed, match="工单 G2导入后又有了"), database.work() as session:
        history_undo.undo(session, SYSTEM, tickets, now=NOW)
    assert counts(database) == plus(before, 2, 2, 2, 2)

    with database.work() as session:
        assert history_undo.undo(session, SYSTEM, calls, now=NOW) == 2
    assert counts(database) == plus(before, 2, 2, 2, 0)


def test_calls_of_another_file_wait_for_their_ticket_again(
    database: Database, tmp_path: Path
) -> None:
    before = counts(database)
    bring(database, tmp_path, "contacts", CALLS)
    tickets, _ = bring(database, tmp_path, "tickets", TICKETS)
    with database.work() as session:
        history_undo.undo(session, SYSTEM, tickets, now=NOW)
    assert counts(database) == (*before[:3], before[3] + 2)
    with database.read() as session:
        waiting = session.execute(select(Contact.ticket_ref, Contact.ticket_id))
        assert sorted(tuple(row) for row in waiting) == [("G1", None), ("G2", None)]
        states = [
            event.details["state"]
            for event in session.scalars(select(TicketEvent).order_by(TicketEvent.id))
            if event.kind == HistoryImportChanged.__name__
        ]
        assert states[-1] == "undone"
    bring(database, tmp_path, "tickets", TICKETS)
    with database.read() as session:
        assert session.scalars(select(Contact.ticket_ref)).all() == [None, None]


def test_the_clock_leaves_the_files_of_the_command_line_alone(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "tickets.csv"
    file.write_text(TICKETS, encoding="utf-8")
    table = open_table(file)
    sort = SORTS["tickets"]
    with database.work() as session:
        running = history_imports.begin(
            session, SYSTEM, sort, table, Layout(sort, table.headings), sha256="a" * 64, now=NOW
        )
    folder = ImportFolder(tmp_path / "imports")
    history_running.go_on(database, folder, RULES, now=NOW)
    done = history_running.bring_in(database, running, RULES, lambda _first, _rows: None, now=NOW)
    assert done.added == 2


def test_refused_rows_told_again_after_a_crash_are_there_once(tmp_path: Path) -> None:
    folder = ImportFolder(tmp_path / "imports")
    rows = [RefusedRow(3, "缺少创建时间", ("a", 'b,\n"c')), RefusedRow(4, "重复", ("x", ""))]
    folder.keep_refused(7, 0, rows[:1])
    folder.keep_refused(7, 0, rows[:1])
    folder.keep_refused(7, 1000, rows[1:])
    assert list(folder.refused(7)) == rows
    folder.forget(7)
    assert list(folder.refused(7)) == []
    assert list(folder.refused(8)) == []
