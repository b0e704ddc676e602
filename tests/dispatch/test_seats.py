"""Seats: the wish and the calls make one state, its clock and its exact past; both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database, Feed
from dispatch.domain.calls import AgentSeen, CallRecord, Direction
from dispatch.domain.errors import DialForbidden, InvalidInput, NotFound, RoleNotAllowed
from dispatch.domain.people import Actor
from dispatch.domain.ports import AgentState, Membership, Seat
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition, Role
from dispatch.models.contacts import Contact
from dispatch.models.oversight import Notice
from dispatch.models.people import SeatRow
from dispatch.models.telephone import AgentInterval, StaffSkill
from dispatch.service import (
    accounts,
    intake,
    seat_devices,
    seat_wishes,
    seats,
    seats_clock,
    seats_past,
    seats_reached,
    seats_seen,
)

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
READY, PAUSED, OUT = AgentState.READY, AgentState.PAUSED, AgentState.SIGNED_OUT
RINGING, TALKING, HELD = AgentState.RINGING, AgentState.TALKING, AgentState.HELD
WRAP_UP = AgentState.WRAP_UP
BOSS = Actor(name="班长", role=Role.SUPERVISOR, staff_id=None)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Agent:
    """One agent and his telephone."""

    def __init__(self, database: Database, rules: Rules, login: str, extension: str) -> None:
        self.database, self.rules, self.extension = database, rules, extension
        with database.work() as session:
            self.id = accounts.create_staff(
                session,
                login=login,
                name=login,
                role=Role.AGENT,
                password_hash="x",
                extension=extension,
            )
        self.actor = Actor(name=login, role=Role.AGENT, staff_id=self.id, extension=extension)

    def wish(self, state: AgentState, seconds: float, reason: str = "") -> Seat:
        with self.database.work() as session:
            return seats.set_seat(session, self.actor, state, self.rules, reason, now=at(seconds))

    def see(
        self, state: AgentState, seconds: float, call: str | None = "c1", **more: object
    ) -> Seat | None:
        """Tell what the telephone shows since a moment; `heard` is when the news came."""
        heard = at(float(str(more.pop("heard", seconds))))
        seen = AgentSeen(
            extension=self.extension,
            state=state,
            since=at(seconds),
            call_id=call,
            **more,  # type: ignore[arg-type]
        )
        with self.database.work() as session:
            return seats_seen.record_seen(session, seen, self.rules, heard)

    def clock(self, seconds: float) -> tuple[Seat, ...]:
        with self.database.work() as session:
            return seats_clock.run_clocks(session, self.rules, now=at(seconds))

    def view(self) -> seats.SeatView:
        with self.database.read() as session:
            return seats.seat_of(session, self.actor, self.rules)

    def past(self) -> list[tuple[str, float, float | None]]:
        """(state or reason, since, until) of every interval, in seconds from the start."""
        with self.database.read() as session:
            rows = session.scalars(
                select(AgentInterval)
                .where(AgentInterval.staff_id == self.id)
                .order_by(AgentInterval.since)
            ).all()
        return [
            (
                row.reason or row.state,
                (row.since - START).total_seconds(),
                None if row.until is None else (row.until - START).total_seconds(),
            )
            for row in rows
        ]

    def call(self, call_id: str = "c1", queue: str = "hotline") -> None:
        """A citizen's call of this id is known."""
        record = CallRecord(
            call_id=call_id, direction=Direction.INBOUND, started_at=START, queue=queue
        )
        with self.database.work() as session:
            intake.record_call(session, record, now=START)


@pytest.fixture
def lin(database: Database, rules: Rules) -> Agent:
    agent = Agent(database, rules, "lin", "8001")
    agent.call()
    return agent


def with_seats(rules: Rules, **switches: bool) -> Rules:
    profile = replace(rules.profile, seats=replace(rules.profile.seats, **switches))
    return replace(rules, profile=profile)


class TestShown:
    def test_what_calls_do_outweighs_the_wish_and_the_wish_is_kept(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        for state, second in ((RINGING, 10), (TALKING, 14), (HELD, 20), (TALKING, 25)):
            lin.see(state, second)
            view = lin.view()
            assert (view.state, view.since, view.wish) == (state, at(second), READY)

    def test_a_pause_chosen_in_the_talk_holds_after_the_wrap_up(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        lin.see(TALKING, 10)
        lin.wish(PAUSED, 20, "用餐")
        assert lin.view().state is TALKING
        lin.see(READY, 30)
        assert lin.view().state is WRAP_UP
        lin.clock(91)
        view = lin.view()
        assert (view.state, view.label, view.since) == (PAUSED, "用餐", at(90))
        assert view.limit_at == at(90 + 2700)

    def test_the_past_is_whole_and_exact(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        lin.see(RINGING, 10)
        lin.see(TALKING, 14)
        lin.see(READY, 44)
        lin.clock(120)
        lin.wish(PAUSED, 200, "小休")
        lin.wish(OUT, 260)
        assert lin.past() == [
            ("ready", 0, 10),
            ("ringing", 10, 14),
            ("talking", 14, 44),
            ("wrap_up", 44, 104),
            ("ready", 104, 200),
            ("小休", 200, 260),
        ]

    def test_signed_out_in_a_talk_is_signed_out_after_it(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        lin.see(TALKING, 10)
        assert lin.wish(OUT, 20).state is OUT
        lin.see(READY, 30)
        assert lin.view().state is OUT
        assert lin.past()[-1] == ("talking", 10, 30)


class TestNews:
    def test_the_same_news_again_changes_nothing(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        story = [(RINGING, 10), (TALKING, 14), (READY, 44)]
        for state, second in story:
            lin.see(state, second)
        before, feed = (lin.view(), lin.past()), Feed(lin.database)
        for state, second in story * 2:
            assert lin.see(state, second, heard=50) is None
        assert (lin.view(), lin.past()) == before
        assert feed.take() == []

    def test_what_is_older_than_the_newest_is_passed_over(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        lin.see(TALKING, 14)
        lin.see(RINGING, 10, heard=15)
        assert lin.view().state is TALKING
        assert lin.past() == [("ready", 0, 14), ("talking", 14, None)]

    def test_late_news_mends_the_past(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        lin.wish(PAUSED, 12, "小休")
        lin.see(TALKING, 10, heard=13)
        assert lin.past() == [("ready", 0, 10), ("talking", 10, None)]
        assert lin.view().state is TALKING

    def test_ready_pressed_before_the_end_of_the_call_was_heard_of_stands(self, lin: Agent) -> None:
        lin.wish(PAUSED, 0, "培训")
        lin.see(TALKING, 10)
        lin.wish(READY, 31)
        lin.see(READY, 30, heard=32)
        assert lin.view().state is READY
        assert lin.past()[1:] == [("talking", 10, 30), ("wrap_up", 30, 31), ("ready", 31, None)]

    def test_a_call_told_an_hour_late_leaves_the_agent_ready_since_its_wrap_up(
        self, lin: Agent
    ) -> None:
        lin.wish(READY, 0)
        lin.see(TALKING, 100, heard=3600)
        lin.see(READY, 200, heard=3600)
        lin.clock(3601)
        view = lin.view()
        assert (view.state, view.since) == (READY, at(260))
        assert lin.past() == [
            ("ready", 0, 100),
            ("talking", 100, 200),
            ("wrap_up", 200, 260),
            ("ready", 260, None),
        ]

    def test_at_most_one_interval_is_open_whatever_is_told(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        for second, state in enumerate([RINGING, READY, RINGING, TALKING, HELD, READY] * 3):
            lin.see(state, second + 1, call=f"c{second}", heard=60)
        open_ones = [row for row in lin.past() if row[2] is None]
        assert len(open_ones) == 1
        closed = [row for row in lin.past() if row[2] is not None]
        assert all(until > since for _, since, until in closed if until is not None)

    def test_a_telephone_nobody_has_is_passed_over(self, lin: Agent) -> None:
        seen = AgentSeen(extension="8999", state=TALKING, since=START)
        with lin.database.work() as session:
            assert seats_seen.record_seen(session, seen, lin.rules, START) is None


class TestWrapUp:
    def test_the_queues_hold_him_paused_from_the_talk_until_its_clock_ran_out(
        self, lin: Agent
    ) -> None:
        lin.wish(READY, 0)
        assert lin.see(RINGING, 10) is None
        talking = lin.see(TALKING, 14)
        assert talking is not None
        assert (talking.state, talking.reason) == (WRAP_UP, "话后整理")
        after = lin.see(READY, 44)
        assert after is not None
        assert after.state is WRAP_UP
        assert lin.view().limit_at == at(44 + 60)
        assert lin.clock(103) == ()
        [ended] = lin.clock(110)
        assert (ended.extension, ended.state) == ("8001", READY)
        assert lin.view().since == at(104)
        assert lin.clock(111) == ()

    def test_each_queue_has_its_own_clock(self, lin: Agent, rules: Rules) -> None:
        calls = rules.profile.calls
        queues = tuple(
            replace(q, wrap_up_s=17) if q.code == "enterprise" else q for q in calls.queues
        )
        profile = replace(rules.profile, calls=replace(calls, queues=queues))
        lin.rules = replace(rules, profile=profile)
        lin.call("c2", "enterprise")
        lin.wish(READY, 0)
        lin.see(TALKING, 10, "c2")
        lin.see(READY, 20, "c2")
        assert lin.view().limit_at == at(37)

    def test_ready_ends_it_early(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        lin.see(TALKING, 10)
        lin.see(READY, 20)
        assert lin.wish(READY, 25).state is READY
        assert lin.past()[-2:] == [("wrap_up", 20, 25), ("ready", 25, None)]

    def test_writing_up_ends_it_and_leaves_the_wish_alone(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        lin.see(TALKING, 10)
        lin.wish(PAUSED, 15, "用餐")
        lin.see(READY, 20)
        with lin.database.work() as session:
            seat = seats.written_up(session, lin.actor, lin.rules, now=at(30))
            assert seats.written_up(session, lin.actor, lin.rules, now=at(31)) is None
        assert seat is not None
        assert (seat.state, seat.reason) == (PAUSED, "用餐")
        assert lin.past()[-2:] == [("wrap_up", 20, 30), ("用餐", 30, None)]

    def test_a_call_written_up_already_needs_none(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        lin.see(TALKING, 10)
        with lin.database.work() as session:
            contact = session.scalars(select(Contact)).one()
            contact.disposition = Disposition.SILENT.value
        after = lin.see(READY, 20)
        assert after is not None
        assert after.state is READY
        assert lin.view().state is READY

    def test_a_call_nobody_answered_has_none(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        lin.see(RINGING, 10)
        lin.see(READY, 15)
        assert lin.view().state is READY

    def test_where_the_policy_says_so_the_end_of_the_clock_is_only_shown(
        self, lin: Agent, rules: Rules
    ) -> None:
        lin.rules = with_seats(rules, wrap_up_ends=False)
        lin.wish(READY, 0)
        lin.see(TALKING, 10)
        lin.see(READY, 20)
        assert lin.clock(300) == ()
        view = lin.view()
        assert (view.state, view.over_limit) == (WRAP_UP, True)

    def test_by_hand_it_has_a_clock_too(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        assert lin.wish(PAUSED, 5, "话后整理").state is WRAP_UP
        assert lin.view().limit_at == at(65)
        lin.clock(70)
        assert (lin.view().state, lin.view().since) == (READY, at(65))


class TestMissed:
    def test_a_missed_call_pauses_the_agent_for_all_to_see(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        lin.see(RINGING, 10)
        seat = lin.see(READY, 30, missed=True)
        assert seat is not None
        assert (seat.state, seat.reason) == (PAUSED, "振铃未接")
        view = lin.view()
        assert (view.label, view.since, view.missed) == ("振铃未接", at(30), True)
        assert "漏接" in view.message
        assert view.limit_at == at(90)
        lin.wish(READY, 40)
        assert lin.view().message == ""

    def test_a_city_may_leave_him_ready(self, lin: Agent, rules: Rules) -> None:
        lin.rules = with_seats(rules, pause_on_no_answer=False)
        lin.wish(READY, 0)
        lin.see(RINGING, 10)
        lin.see(READY, 30, missed=True)
        assert lin.view().state is READY

    def test_a_choice_made_after_it_stands(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        lin.see(RINGING, 10)
        lin.wish(PAUSED, 31, "用餐")
        lin.see(READY, 30, missed=True, heard=32)
        assert lin.view().label == "用餐"


class TestLimits:
    def test_a_pause_past_its_limit_is_told_of_once(self, lin: Agent) -> None:
        lin.wish(PAUSED, 0, "小休")
        assert lin.view().limit_at == at(900)
        lin.clock(899)
        assert not lin.view().over_limit
        for second in (901, 902, 2000):
            lin.clock(second)
        assert lin.view().over_limit
        with lin.database.read() as session:
            [notice] = session.scalars(select(Notice))
        assert (notice.role, notice.kind) == ("supervisor", "seat")
        assert "lin" in notice.words
        lin.wish(PAUSED, 2001, "用餐")
        assert not lin.view().over_limit

    def test_a_pause_without_a_limit_never_passes_it(self, lin: Agent) -> None:
        lin.wish(PAUSED, 0, "培训")
        with lin.database.read() as session:
            assert not seats_clock.anything_due(session, now=at(10**6))


class TestSupervisor:
    def test_he_pauses_and_signs_out_but_cannot_make_anybody_talk(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        with lin.database.work() as session:
            seat = seats.order_seat(session, BOSS, "8001", PAUSED, lin.rules, now=at(5))
        assert (seat.state, seat.reason) == (PAUSED, "班长置为小休")
        with lin.database.work() as session:
            assert seats.order_seat(session, BOSS, "8001", OUT, lin.rules, now=at(6)).state is OUT
            with pytest.raises(InvalidInput):
                seats.order_seat(session, BOSS, "8001", TALKING, lin.rules, now=at(7))
            with pytest.raises(NotFound):
                seats.order_seat(session, BOSS, "8009", OUT, lin.rules, now=at(7))

    def test_no_agent_orders_another(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        with lin.database.work() as session, pytest.raises(RoleNotAllowed):
            seats.order_seat(session, lin.actor, "8001", OUT, lin.rules, now=at(5))

    def test_no_agent_gives_himself_a_reason_that_is_not_his(self, lin: Agent) -> None:
        for reason in ("振铃未接", "班长置为小休", "", "看球"):
            with pytest.raises(InvalidInput):
                lin.wish(PAUSED, 0, reason)


class TestQueues:
    def test_an_agent_serves_the_queues_whose_every_skill_he_has(self, lin: Agent) -> None:
        assert lin.wish(READY, 0).queues == (Membership("hotline"),)
        with lin.database.work() as session:
            session.add(StaffSkill(staff_id=lin.id, skill="english", penalty=3))
        with lin.database.read() as session:
            [seat] = seat_wishes.wished_seats(session, lin.rules)
        assert seat.queues == (Membership("hotline"), Membership("foreign", 3))

    def test_a_seat_belongs_to_one_node_or_to_any(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        with lin.database.read() as session:
            assert len(seat_wishes.wished_seats(session, lin.rules, "hot2")) == 1
        with lin.database.work() as session:
            session.get_one(SeatRow, lin.id).node = "hot1"
        with lin.database.read() as session:
            assert seat_wishes.wished_seats(session, lin.rules, "hot2") == []
            assert len(seat_wishes.wished_seats(session, lin.rules, "hot1")) == 1


class TestDevices:
    def choose(self, agent: Agent, number: str, device: str = "desk_phone") -> Seat:
        with agent.database.work() as session:
            return seat_devices.set_device(
                session, agent.actor, device, number, {"9001", "9002"}, agent.rules, now=at(1)
            )

    def test_a_desk_telephone_rings_instead_and_its_calls_are_the_agents(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        assert self.choose(lin, "9001").rings == "9001"
        seen = AgentSeen(extension="9001", state=TALKING, since=at(5), call_id="c1")
        with lin.database.work() as session:
            seats_seen.record_seen(session, seen, lin.rules, at(5))
        assert lin.view().state is TALKING
        with pytest.raises(InvalidInput, match="通话中"):
            self.choose(lin, "", "browser")
        call = CallRecord(
            call_id="c9",
            direction=Direction.INBOUND,
            started_at=START,
            agent="9001",
            ringing="8002",
        )
        with lin.database.read() as session:
            named = seats_reached.as_agents(call, seats_reached.chosen_telephones(session))
        assert (named.agent, named.ringing) == ("8001", "8002")

    def test_only_our_own_telephones_and_each_for_one(self, lin: Agent, rules: Rules) -> None:
        lin.wish(READY, 0)
        with pytest.raises(DialForbidden):
            self.choose(lin, "13800138000")
        self.choose(lin, "9001")
        zhou = Agent(lin.database, rules, "zhou", "8002")
        zhou.wish(READY, 0)
        with pytest.raises(InvalidInput, match="lin"):
            self.choose(zhou, "9001")
        assert self.choose(lin, "", "browser").rings == ""
        assert self.choose(zhou, "9001").rings == "9001"


class TestReached:
    def test_a_seat_whose_telephone_is_away_is_shown_until_it_is_back(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        for second, lost in ((5, {"8001"}), (20, {"8001"}), (35, set())):
            with lin.database.work() as session:
                seats_reached.mark_unreachable(session, lost, at=at(second))
                count = seats_reached.unreachable_count(session)
            assert count == len(lost)
            assert lin.view().unreachable_since == (at(5) if lost else None)
            assert ("没有连上" in lin.view().message) is bool(lost)

    def test_only_calls_older_than_their_news_count_as_busy(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        lin.see(TALKING, 10)
        with lin.database.read() as session:
            assert seats_reached.busy_seats(session, before=at(10)) == []
            [busy] = seats_reached.busy_seats(session, before=at(11))
        assert (busy.extension, busy.telephone, busy.state) == ("8001", "8001", TALKING)


class TestFigures:
    def test_the_days_seconds_add_up_to_the_day(self, lin: Agent) -> None:
        lin.wish(READY, 0)
        for number, begin in ((1, 100), (2, 300)):
            lin.call(f"d{number}")
            lin.see(RINGING, begin, f"d{number}")
            lin.see(TALKING, begin + 5, f"d{number}")
            lin.see(READY, begin + 65, f"d{number}")
            lin.clock(begin + 126)
        lin.wish(PAUSED, 500, "用餐")
        with lin.database.read() as session:
            [day] = seats_past.figures(session, start=at(0), end=at(600))
            [later] = seats_past.figures(session, start=at(550), end=at(600))
            states = seats_past.day_of(session, lin.id, start=at(0), now=at(600))
        assert day.calls == 2
        assert day.seconds[TALKING] == 120
        assert day.seconds[WRAP_UP] == 120
        assert day.seconds[PAUSED] == 100
        assert day.signed_in_s == 600
        assert later.seconds == {PAUSED: 50}
        assert [one.label for one in states][:4] == ["就绪", "振铃", "通话中", "话后整理"]
