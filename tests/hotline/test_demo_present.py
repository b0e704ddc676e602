"""The demo's present: something to rule on, to sign and to answer on every desk, made once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.models.handling import Application
from dispatch.models.oversight import Instruction, Supervision
from dispatch.models.people import SeatRow
from dispatch.models.telephone import AgentInterval, CallBack, NumberFlag, StaffSkill
from dispatch.models.tickets import Assignment, Ticket
from dispatch.models.ties import TicketMerge
from dispatch.service.rulebook import RuleBook
from hotline.bootstrap import load_rules
from hotline.city.catalog import load_city
from hotline.founding import found_city, found_staff
from hotline.present import add_present
from hotline.present_calls import add_present_calls
from hotline.settings import Settings

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def test_the_demo_has_tickets_that_are_fought_over_and_has_them_once(
    database: Database, tmp_path: Path
) -> None:
    settings = Settings()
    found_city(database, load_city())
    found_staff(database, load_city(), tmp_path, lambda _: "x")
    assert add_present(database, load_rules(settings), now=NOW)
    assert not add_present(database, load_rules(settings), now=NOW)
    with database.read() as s:
        asked = dict(
            s.execute(select(Application.state, func.count()).group_by(Application.state)).all()
        )
        assert asked == {"pending": 2, "granted": 1}
        assert s.scalar(select(func.count()).select_from(TicketMerge)) == 2
        assert s.scalar(select(func.count()).select_from(Supervision)) == 1
        assert s.scalar(select(func.count()).select_from(Instruction)) == 1
        parts = set(s.scalars(select(Assignment.part)))
        assert parts == {"lead", "supporting", "sub"}
        latest = s.scalar(select(func.max(Ticket.created_at)))
        assert latest is not None
        assert latest < NOW


def test_the_demo_has_a_telephone_morning_told_as_asterisk_tells_it(
    database: Database, tmp_path: Path
) -> None:
    settings = Settings()
    found_city(database, load_city())
    found_staff(database, load_city(), tmp_path, lambda _: "x")
    rulebook = RuleBook(database, load_rules(settings))
    assert add_present_calls(database, rulebook, tmp_path, now=NOW)
    assert not add_present_calls(database, rulebook, tmp_path, now=NOW)
    with database.read() as s:
        owed = dict(s.execute(select(CallBack.number, CallBack.state)).all())
        assert owed["12900010006"] == "got_through"
        assert {n for n, state in owed.items() if state == "waiting"} == {
            "12900010007",
            "12900010010",
            "12900010011",
            "12900010013",
        }
        states = set(s.scalars(select(AgentInterval.state)))
        assert states >= {"ready", "ringing", "talking", "wrap_up"}
        assert s.scalar(select(func.count()).where(SeatRow.state != "signed_out")) == 0
        flags = dict(s.execute(select(NumberFlag.kind, NumberFlag.state)).all())
        assert flags == {"harassment": "proposed", "urgent_place": "active"}
        skilled = select(func.count()).select_from(StaffSkill)
        assert s.scalar(skilled) == 4
    sounds = sorted(path.name for path in tmp_path.rglob("demo-present-*.wav"))
    assert len(sounds) == 5
