"""Cases before the joint meeting: who raises what, in which order, and what each step needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from dispatch.bus import Database
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound, RoleNotAllowed
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import CaseState, MeetingState
from dispatch.domain.vocabulary import RequestKind, Role
from dispatch.models.oversight import Notice
from dispatch.models.people import Department
from dispatch.models.reporting import JointCase, JointMeeting
from dispatch.models.tickets import TicketEvent
from dispatch.service import joint_meeting_queries, joint_meetings
from dispatch.service.intake import RequestForm, open_ticket
from tests.dispatch.people import person

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=10)


@dataclass
class Scene:
    """A ticket of an enterprise, and who has to do with it."""

    database: Database
    centre: Actor
    unit: Actor
    ticket: str

    def opened(self, *, business: bool = True, confidential: bool = False) -> str:
        """Another ticket."""
        form = RequestForm(
            kind=RequestKind.COMPLAINT,
            content="惠企补贴迟迟没有到账，找了两个局都说不归自己管。",
            phone="13800000001",
            business_environment=business,
            confidential=confidential,
        )
        with self.database.work() as session:
            return open_ticket(session, self.centre, form, now=NOW).number

    def raised(self, ticket: str = "") -> int:
        """A case that waits for a meeting."""
        with self.database.work() as session:
            return joint_meetings.raise_case(
                session, self.centre, ticket or self.ticket, question="由哪个局拨付？", now=NOW
            ).id

    def called(self, *cases: int, held_at: datetime = NOW) -> int:
        """A meeting about these cases."""
        with self.database.work() as session:
            return joint_meetings.call_meeting(
                session,
                self.centre,
                title="第 11 次联席会议",
                held_at=held_at,
                place="市民中心",
                units=["CG"],
                cases=cases,
                now=NOW,
            ).id

    def held(self, meeting: int) -> None:
        """It took place."""
        with self.database.work() as session:
            joint_meetings.hold(session, self.centre, meeting, minutes="已议定。", now=NOW)

    def concluded(self, case: int, *, unit: str = "CG", due: datetime | None = LATER) -> None:
        """What was agreed."""
        with self.database.work() as session:
            joint_meetings.conclude(
                session,
                self.centre,
                case,
                conclusion="由城管局垫付。",
                unit=unit,
                due_at=due,
                now=NOW,
            )

    def state(self, case: int) -> CaseState:
        """Where a case stands."""
        with self.database.read() as session:
            row = session.get(JointCase, case)
            assert row is not None
            return CaseState(row.state)


def made(database: Database) -> Scene:
    """The centre, a unit and one ticket."""
    with database.work() as session:
        row = Department(code="CG", name="城市管理局", short_name="城管局", tier=2, kind="bureau")
        session.add(row)
        session.flush()
        unit = Actor(name="城管局", role=Role.DEPARTMENT, department_id=row.id)
    scene = Scene(database, person(database, Role.CENTER, login="zhong"), unit, "")
    scene.ticket = scene.opened()
    return scene


@pytest.fixture
def scene(sqlite_url: str) -> Iterator[Scene]:
    """The same on one database, where the SQL does not differ."""
    database = Database(sqlite_url)
    yield made(database)
    database.dispose()


def test_a_case_goes_from_the_ticket_to_the_deed(database: Database) -> None:
    scene = made(database)
    case = scene.raised()
    meeting = scene.called(case)
    assert scene.state(case) is CaseState.LISTED
    scene.held(meeting)
    scene.concluded(case)
    with scene.database.read() as session:
        (seen,) = joint_meeting_queries.cases(session, scene.unit, now=NOW)
        assert (seen.unit, seen.overdue) == ("城管局", False)
        (late,) = joint_meeting_queries.cases(session, scene.unit, now=LATER)
        assert late.overdue
        told = [row.words for row in session.query(Notice) if row.department_id]
        facts = [row.kind for row in session.query(TicketEvent) if "Joint" in row.kind]
    assert any("由城管局垫付" in words for words in told)
    assert len(facts) == 3
    with scene.database.work() as session:
        joint_meetings.finish(session, scene.unit, case, now=LATER)
    assert scene.state(case) is CaseState.DONE


def test_only_a_ticket_of_the_business_environment_is_raised_and_only_once(scene: Scene) -> None:
    with pytest.raises(InvalidInput, match="营商环境"):
        scene.raised(scene.opened(business=False))
    case = scene.raised()
    with pytest.raises(ActionNotAllowed, match="已经提请上会"):
        scene.raised()
    with scene.database.work() as session:
        joint_meetings.withdraw_case(session, scene.centre, case, now=NOW)
    assert scene.raised() != case


def test_a_conclusion_needs_a_held_meeting_a_unit_and_a_day_to_come(scene: Scene) -> None:
    case = scene.raised()
    with pytest.raises(ActionNotAllowed):
        scene.concluded(case)
    meeting = scene.called(case)
    with pytest.raises(ActionNotAllowed, match="还没有召开"):
        scene.concluded(case)
    scene.held(meeting)
    for unit, due, field in (("", LATER, "unit"), ("XX", LATER, "units"), ("CG", NOW, "due")):
        with pytest.raises(InvalidInput) as refused:
            scene.concluded(case, unit=unit, due=due)
        assert refused.value.field == field
    assert scene.state(case) is CaseState.LISTED


def test_a_meeting_to_come_has_no_minutes(scene: Scene) -> None:
    meeting = scene.called(scene.raised(), held_at=LATER)
    with pytest.raises(ActionNotAllowed, match="还没有到开会时间"):
        scene.held(meeting)


def test_a_cancelled_meeting_gives_its_cases_back(scene: Scene) -> None:
    case = scene.raised()
    meeting = scene.called(case)
    with scene.database.work() as session:
        joint_meetings.cancel(session, scene.centre, meeting, why="台风", now=NOW)
    assert scene.state(case) is CaseState.RAISED
    with scene.database.read() as session:
        row = session.get(JointMeeting, meeting)
        assert row is not None
        assert row.state == MeetingState.CANCELLED.value
    again = scene.called(case)
    assert again != meeting


def test_a_listed_case_stands_on_one_agenda(scene: Scene) -> None:
    case = scene.raised()
    scene.called(case)
    with pytest.raises(ActionNotAllowed):
        scene.called(case)


def test_a_unit_reads_and_finishes_its_own_cases_alone(scene: Scene) -> None:
    case = scene.raised()
    scene.held(scene.called(case))
    stranger = Actor(name="别局", role=Role.DEPARTMENT, department_id=99)
    scene.concluded(case)
    with scene.database.read() as session:
        assert joint_meeting_queries.cases(session, stranger, now=NOW) == []
        assert joint_meeting_queries.counts(session, stranger)["concluded"] == 0
        assert joint_meeting_queries.meetings(session, scene.unit) == []
    with scene.database.work() as session, pytest.raises(NotFound):
        joint_meetings.finish(session, stranger, case, now=NOW)
    nobody = Actor(name="无单位", role=Role.DEPARTMENT)
    with scene.database.work() as session, pytest.raises(NotFound):
        joint_meetings.finish(session, nobody, case, now=NOW)
    with scene.database.read() as session:
        assert joint_meeting_queries.cases(session, nobody, now=NOW) == []


def test_of_a_confidential_ticket_no_words_are_listed(scene: Scene) -> None:
    scene.raised(scene.opened(confidential=True))
    with scene.database.read() as session:
        (seen,) = joint_meeting_queries.cases(session, scene.centre, now=NOW)
    assert "保密" in seen.title
    assert "拨付" not in seen.question


def test_who_may_not_raise_or_convene(scene: Scene) -> None:
    for role in (Role.AGENT, Role.LEADER, Role.DEPARTMENT, Role.ADMIN):
        refused(scene, role)


def refused(scene: Scene, role: Role) -> None:
    """Neither is for this role."""
    other = Actor(name="某人", role=role, staff_id=1)
    with scene.database.work() as session, pytest.raises(RoleNotAllowed):
        joint_meetings.raise_case(session, other, scene.ticket, question="？", now=NOW)
    with scene.database.work() as session, pytest.raises(RoleNotAllowed):
        joint_meetings.call_meeting(
            session, other, title="会", held_at=NOW, place="", units=[], cases=[1], now=NOW
        )
