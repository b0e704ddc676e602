"""The demo's talk and lead, made once; and the timer that marks what is overdue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.vocabulary import Rating, Status, Verdict
from dispatch.models.judging import Accountability
from dispatch.service import history
from dispatch.service.history import PastTicket
from hotline import accountability
from hotline.bootstrap import load_rules
from hotline.city.catalog import load_city
from hotline.demo_scoring import add_talk
from hotline.founding import found_city, found_staff
from hotline.settings import Settings

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
OCTOBER = datetime(2026, 10, 12, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def _unhappy(number: int) -> PastTicket:
    return PastTicket(
        number=f"T{number}",
        created_at=OCTOBER,
        status=Status.CLOSED,
        department="CHENGGUAN",
        dispatched_at=OCTOBER,
        acknowledge_by=OCTOBER + DAY,
        acknowledged_at=OCTOBER + 2 * DAY,
        first_contacted_at=OCTOBER + 2 * DAY,
        due_at=OCTOBER + 3 * DAY,
        completed_at=OCTOBER + 4 * DAY,
        closed_at=OCTOBER + 5 * DAY,
        solved=Verdict.UNRESOLVED,
        rating=Rating.DISSATISFIED,
    )


def test_the_demo_has_a_talk_and_a_lead_and_the_timer_marks_the_talk(
    database: Database, tmp_path: Path
) -> None:
    rules = load_rules(Settings())
    found_city(database, load_city())
    found_staff(database, load_city(), tmp_path, lambda _: "x")
    add_talk(database, rules, now=NOW)  # no unit has a score: nobody is summoned
    with database.work() as session:
        assert session.scalars(select(Accountability.id)).all() == []
        history.add_tickets(session, [_unhappy(number) for number in range(6)])
    add_talk(database, rules, now=NOW)
    add_talk(database, rules, now=NOW)
    with database.read() as session:
        found = session.scalars(select(Accountability).order_by(Accountability.kind.desc())).all()
        assert [(row.kind, row.state) for row in found] == [
            ("talk", "rectifying"),
            ("lead", "handed_over"),
        ]
        due = found[0].due_at
    assert due is not None
    ((_, _, look),) = accountability.timers(database)
    for moment in (due - timedelta(minutes=1), due, due + DAY):
        look(moment)
    with database.read() as session:
        assert session.get_one(Accountability, found[0].id).breached_at == due
