"""Seats, drafts and what an agent's console reads, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.bus import Database, Feed
from dispatch.domain.calls import CallOutcome, CallRecord, Direction
from dispatch.domain.errors import InvalidInput, NotFound, RoleNotAllowed
from dispatch.domain.people import Actor
from dispatch.domain.ports import AgentState, Seat
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition, RequestKind, Role
from dispatch.service import (
    accounts,
    caller_queries,
    console_queries,
    drafts,
    intake,
    seat_wishes,
    seats,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CALLER = "13812345678"


@pytest.fixture
def agents(database: Database) -> tuple[Actor, Actor]:
    """Two agents with extensions 8001 and 8002."""
    made = []
    with database.work() as session:
        for login, extension in (("lin", "8001"), ("zhou", "8002")):
            staff_id = accounts.create_staff(
                session,
                login=login,
                name=login,
                role=Role.AGENT,
                password_hash="x",
                extension=extension,
            )
            actor = Actor(name=login, role=Role.AGENT, staff_id=staff_id, extension=extension)
            made.append(actor)
    return made[0], made[1]


def call(database: Database, call_id: str, start: datetime = NOW, **known: object) -> int:
    """Record a call as far as it is known."""
    record = CallRecord(
        call_id=call_id,
        direction=Direction.INBOUND,
        started_at=start,
        caller=CALLER,
        line="12345",
        **known,  # type: ignore[arg-type]
    )
    with database.work() as session:
        return intake.record_call(session, record, now=start)


class TestSeats:
    def test_a_wish_is_told_once_and_kept(
        self, database: Database, agents: tuple[Actor, Actor], rules: Rules
    ) -> None:
        feed = Feed(database)
        for moment in (NOW, NOW + timedelta(minutes=1)):
            with database.work() as session:
                seat = seats.set_seat(session, agents[0], AgentState.READY, rules, now=moment)
        assert seat == Seat("8001", "lin", AgentState.READY)
        assert [fact.kind for fact in feed.take()] == ["SeatChanged"]
        with database.read() as session:
            assert seats.seat_of(session, agents[0], rules).since == NOW
            assert seats.seat_of(session, agents[1], rules).state is AgentState.SIGNED_OUT
            assert seat_wishes.wished_seats(session, rules) == [seat]

    def test_readiness_has_no_reason(
        self, database: Database, agents: tuple[Actor, Actor], rules: Rules
    ) -> None:
        with database.work() as session:
            seats.set_seat(session, agents[0], AgentState.PAUSED, rules, "用餐", now=NOW)
            seat = seats.set_seat(session, agents[0], AgentState.READY, rules, "用餐", now=NOW)
        assert seat.reason == ""

    def test_calls_alone_make_an_agent_talk(
        self, database: Database, agents: tuple[Actor, Actor], rules: Rules
    ) -> None:
        with database.work() as session, pytest.raises(InvalidInput):
            seats.set_seat(session, agents[0], AgentState.TALKING, rules, now=NOW)

    def test_nobody_sits_without_an_extension(self, database: Database, rules: Rules) -> None:
        nobody = Actor(name="x", role=Role.AGENT, staff_id=1)
        with database.work() as session, pytest.raises(RoleNotAllowed):
            seats.set_seat(session, nobody, AgentState.READY, rules, now=NOW)


class TestDrafts:
    def test_the_newest_replaces_the_older_and_is_ones_own(
        self, database: Database, agents: tuple[Actor, Actor]
    ) -> None:
        for words in ("一", "一二"):
            with database.work() as session:
                drafts.save_draft(session, agents[0], "manual", {"content": words}, now=NOW)
        with database.read() as session:
            kept = drafts.load_draft(session, agents[0], "manual")
            assert kept == drafts.SavedDraft({"content": "一二"}, NOW)
            assert drafts.load_draft(session, agents[1], "manual") is None
        with database.work() as session:
            drafts.drop_draft(session, agents[0], "manual")
        with database.read() as session:
            assert drafts.load_draft(session, agents[0], "manual") is None

    def test_the_oldest_make_room(self, database: Database, agents: tuple[Actor, Actor]) -> None:
        with database.work() as session:
            for number in range(drafts.MAX_DRAFTS + 3):
                moment = NOW + timedelta(seconds=number)
                drafts.save_draft(session, agents[0], f"contact-{number}", {}, now=moment)
        with database.read() as session:
            assert drafts.load_draft(session, agents[0], "contact-2") is None
            assert drafts.load_draft(session, agents[0], "contact-3") is not None

    @pytest.mark.parametrize("subject", ["", "x" * 81])
    def test_a_draft_needs_a_name_of_its_own(
        self, database: Database, agents: tuple[Actor, Actor], subject: str
    ) -> None:
        with database.work() as session, pytest.raises(InvalidInput):
            drafts.save_draft(session, agents[0], subject, {}, now=NOW)


class TestConsole:
    def test_a_ringing_call_comes_before_work_left_over(
        self, database: Database, agents: tuple[Actor, Actor]
    ) -> None:
        later = NOW + timedelta(minutes=5)
        left = call(database, "one", agent="8001", answered_at=NOW, ended_at=NOW)
        with database.read() as session:
            assert console_queries.current_contact(session, agents[0], now=later) == left
        rings = call(database, "two", later, ringing="8001")
        with database.read() as session:
            assert console_queries.current_contact(session, agents[0], now=later) == rings
            assert console_queries.current_contact(session, agents[1], now=later) is None

    def test_a_call_cut_off_by_a_crash_does_not_hold_the_screen_for_ever(
        self, database: Database, agents: tuple[Actor, Actor]
    ) -> None:
        call(database, "one", agent="8001", answered_at=NOW)
        tomorrow = NOW + timedelta(days=1)
        with database.read() as session:
            assert console_queries.current_contact(session, agents[0], now=tomorrow) is None
            # It is not forgotten either: it leads the list of what is to be written up.
            day = console_queries.own_day(session, agents[0], since=tomorrow)
        assert [c.caller for c in day.unregistered] == [CALLER]

    def test_a_call_that_rang_here_and_was_taken_there_is_theirs(
        self, database: Database, agents: tuple[Actor, Actor]
    ) -> None:
        contact = call(database, "one", ringing="8001")
        call(database, "one", agent="8002", answered_at=NOW)
        with database.read() as session:
            with pytest.raises(NotFound):
                console_queries.contact_view(session, agents[0], contact)
            assert console_queries.contact_view(session, agents[1], contact).live

    def test_the_past_counts_visits_and_hides_what_is_confidential(
        self, database: Database, agents: tuple[Actor, Actor]
    ) -> None:
        lin, zhou = agents
        first = call(database, "one", agent="8001", answered_at=NOW, ended_at=NOW)
        form = intake.RequestForm(content="举报", kind=RequestKind.REPORT, confidential=True)
        with database.work() as session:
            intake.open_ticket(session, lin, form, contact_id=first, now=NOW)
        second = call(database, "two", NOW + timedelta(days=1), agent="8002", answered_at=NOW)
        with database.read() as session:
            view = console_queries.contact_view(session, zhou, second)
            assert view.visit == 2
            theirs = caller_queries.caller_past(session, zhou, CALLER, without=second)
            mine = caller_queries.caller_past(session, lin, CALLER)
        assert theirs.open_tickets == ()
        assert theirs.contacts[0].disposition is Disposition.TICKET
        assert theirs.contacts[0].ticket_number is None
        assert len(mine.open_tickets) == 1
        assert mine.contacts[-1].ticket_number == mine.open_tickets[0].number

    def test_who_hung_up_while_waiting_is_not_the_agents_work(
        self, database: Database, agents: tuple[Actor, Actor]
    ) -> None:
        gone = CallOutcome.ABANDONED_IN_QUEUE
        call(database, "one", ringing="8001")
        call(database, "one", ended_at=NOW, outcome=gone)
        with database.read() as session:
            assert console_queries.current_contact(session, agents[0], now=NOW) is None
            assert console_queries.own_day(session, agents[0], since=NOW).unregistered == ()
