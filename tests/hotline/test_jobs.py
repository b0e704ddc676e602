"""The interval jobs on a real database, with shipped stand-ins for the telephone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.calls import CallRecord, Direction
from dispatch.domain.errors import DialerUnavailable
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.ports import FollowUpCall, SilentDialer
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.followups import FollowUp
from dispatch.service import assignment, catalogue, handling, intake
from dispatch.service.access import ticket_for
from dispatch.service.campaign import Lines
from hotline import schema
from hotline.bootstrap import load_rules
from hotline.campaigns import end_lost_calls, end_silent_calls, place_calls
from hotline.jobs import sweep_clocks
from hotline.settings import Settings

MORNING = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
CENTER = Actor(name="中心", role=Role.CENTER)


class BrokenDialer:
    """A dialer that is never connected: the port's refusal, for real."""

    def dial(self, call: FollowUpCall) -> None:
        """Refuse."""
        raise DialerUnavailable


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite with one unit."""
    database = Database(f"sqlite:///{tmp_path / 'hotline.db'}")
    schema.migrate(database)
    with database.work() as s:
        unit = {"code": "CG", "name": "城管局", "short_name": "城管局", "tier": 2, "kind": "bureau"}
        catalogue.put_departments(s, [unit])
    yield database
    database.dispose()


@pytest.fixture
def rules() -> Rules:
    """The default policy."""
    return load_rules(Settings())


@pytest.fixture
def audited(database: Database, rules: Rules) -> str:
    """A ticket whose requester is due a call."""
    form = intake.RequestForm(content="路灯不亮", kind=RequestKind.ASSISTANCE, phone="12900000001")
    with database.work() as s:
        number = intake.open_ticket(s, CENTER, form, now=MORNING).number
        ticket = assignment.dispatch(s, CENTER, number, "CG", rules, now=MORNING)
        liaison = Actor(name="联络员", role=Role.DEPARTMENT, department_id=ticket.department_id)
        assignment.acknowledge(s, liaison, number, now=MORNING)
        handling.complete(
            s, liaison, number, rules, public_reply="路灯已于当日修复并恢复照明。", now=MORNING
        )
        handling.pass_audit(s, CENTER, number, rules, now=MORNING)
    return number


def status(database: Database, number: str) -> str:
    """The ticket's status."""
    with database.read() as s:
        return ticket_for(s, SYSTEM, number).status


def attempts(database: Database) -> list[str]:
    """The states of all attempts, in their order."""
    with database.read() as s:
        return list(s.scalars(select(FollowUp.state).order_by(FollowUp.id)))


@pytest.mark.usefixtures("audited")
def test_a_due_follow_up_is_dialled_once_within_the_lines(database: Database, rules: Rules) -> None:
    dialer = SilentDialer()
    place_calls(database, dialer, rules, Lines(most=0), MORNING)
    assert dialer.dialled == []
    for _ in range(3):
        place_calls(database, dialer, rules, Lines(most=2), MORNING)
    assert [call.number for call in dialer.dialled] == ["12900000001"]


@pytest.mark.usefixtures("audited")
def test_a_call_that_cannot_be_ordered_waits_and_is_not_counted(
    database: Database, rules: Rules
) -> None:
    place_calls(database, BrokenDialer(), rules, Lines(most=2), MORNING)
    dialer = SilentDialer()
    place_calls(database, dialer, rules, Lines(most=2), MORNING)
    assert dialer.dialled == []
    place_calls(database, dialer, rules, Lines(most=2), MORNING + timedelta(minutes=2))
    assert len(dialer.dialled) == 1


def test_a_call_whose_end_was_lost_is_ended_and_tried_again(
    database: Database, rules: Rules, audited: str
) -> None:
    dialer = SilentDialer()
    place_calls(database, dialer, rules, Lines(most=2), MORNING)
    end_lost_calls(database, rules, MORNING + timedelta(minutes=5))
    place_calls(database, dialer, rules, Lines(most=2), MORNING + timedelta(hours=9))
    assert len(dialer.dialled) == 1
    end_lost_calls(database, rules, MORNING + timedelta(minutes=11))
    place_calls(database, dialer, rules, Lines(most=2), MORNING + timedelta(hours=9))
    assert len(dialer.dialled) == 2
    assert dialer.dialled[0].channel_id != dialer.dialled[1].channel_id
    assert status(database, audited) == "follow_up"


def test_a_call_of_which_nothing_is_heard_is_over_once_the_telephones_have_been_heard(
    database: Database, rules: Rules, audited: str
) -> None:
    place_calls(database, SilentDialer(), rules, Lines(most=2), MORNING)
    later = MORNING + timedelta(minutes=1)
    for since in (None, later - timedelta(seconds=5)):
        end_silent_calls(database, rules, since, later)
        assert attempts(database) == ["calling"]
    end_silent_calls(database, rules, MORNING, MORNING + timedelta(seconds=40))
    assert attempts(database) == ["calling"]
    end_silent_calls(database, rules, MORNING, later)
    assert attempts(database) == ["unreached", "pending"]
    assert status(database, audited) == "follow_up"


@pytest.mark.parametrize("state", ["rings", "has just ended"])
@pytest.mark.usefixtures("audited")
def test_a_call_that_is_heard_of_is_left_alone(
    database: Database, rules: Rules, state: str
) -> None:
    dialer = SilentDialer()
    place_calls(database, dialer, rules, Lines(most=2), MORNING)
    later = MORNING + timedelta(minutes=4)
    with database.work() as s:
        heard = CallRecord(
            call_id=dialer.dialled[0].channel_id,
            direction=Direction.OUTBOUND,
            caller="12900000001",
            started_at=MORNING,
            ended_at=None if state == "rings" else later - timedelta(seconds=5),
        )
        intake.record_call(s, heard, now=later)
    end_silent_calls(database, rules, MORNING, later)
    assert attempts(database) == ["calling"]


def test_nobody_is_rung_at_night(database: Database, rules: Rules) -> None:
    night = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # Tuesday 01:00
    due = rules.follow_up_at(night)
    assert (due.hour, due.day) == (rules.profile.follow_up.polite_hours[0][0].hour, 24)
    evening = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # Monday 23:00
    assert rules.follow_up_at(evening) == due


def test_a_sweep_marks_everything_due_in_as_many_passes_as_it_takes(
    database: Database, rules: Rules
) -> None:
    form = intake.RequestForm(content="噪声扰民", kind=RequestKind.COMPLAINT)
    with database.work() as s:
        for _ in range(30):
            number = intake.open_ticket(s, CENTER, form, now=MORNING).number
            assignment.dispatch(s, CENTER, number, "CG", rules, now=MORNING)
    sweep_clocks(database, rules, MORNING + timedelta(days=30))
    with database.read() as s:
        assert ticket_for(s, SYSTEM, number).breached_at == MORNING + timedelta(days=30)
