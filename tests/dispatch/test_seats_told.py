"""Whatever is told again, the past of an agent stays whole: no gap, no overlap, one open end."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.db import Base
from dispatch.domain.calls import AgentSeen, CallRecord, Direction
from dispatch.domain.people import Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.ports import AgentState
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.telephone import AgentInterval
from dispatch.service import accounts, intake, seats, seats_clock, seats_seen

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RULES = Rules(load_profile("default"), load_calendar())
CALLS = ("one", "two", "three")
STATES = (AgentState.RINGING, AgentState.TALKING, AgentState.HELD, AgentState.READY)
Interval = tuple[str, str, datetime, datetime | None]

steps = st.lists(
    st.tuples(
        st.sampled_from(
            [AgentState.RINGING, AgentState.TALKING, AgentState.HELD, AgentState.READY]
        ),
        st.integers(1, 90),
        st.sampled_from(CALLS),
        st.booleans(),
    ),
    min_size=1,
    max_size=7,
)


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Iterator[int]]]:
    """A database with three calls, and numbers for new agents."""
    folder: Path = tmp_path_factory.mktemp("seats")
    database = Database(f"sqlite:///{folder / 'hotline.db'}")
    Base.metadata.create_all(database.engines.write)
    with database.work() as session:
        for call_id in CALLS:
            record = CallRecord(call_id=call_id, direction=Direction.INBOUND, started_at=START)
            intake.record_call(session, record, now=START)
    yield database, itertools.count(1000)
    database.dispose()


def story_of(moves: Sequence[tuple[AgentState, int, str, bool]]) -> list[AgentSeen]:
    moment, story = START, []
    for state, seconds, call_id, missed in moves:
        moment += timedelta(seconds=seconds)
        idle = state is AgentState.READY
        story.append(
            AgentSeen(
                extension="",
                state=state,
                since=moment,
                call_id=None if idle else call_id,
                missed=missed and idle,
            )
        )
    return story


def lived(database: Database, number: int, news: Sequence[AgentSeen]) -> list[Interval]:
    """The past of a new agent who is ready and of whom this is told; his clocks run."""
    extension = str(number)
    with database.work() as session:
        staff_id = accounts.create_staff(
            session,
            login=extension,
            name=extension,
            role=Role.AGENT,
            password_hash="x",
            extension=extension,
        )
        actor = Actor(name="x", role=Role.AGENT, staff_id=staff_id, extension=extension)
        seats.set_seat(session, actor, AgentState.READY, RULES, now=START)
        heard = max(one.since for one in news)
        for one in news:
            seen = AgentSeen(
                extension=extension,
                state=one.state,
                since=one.since,
                call_id=one.call_id,
                missed=one.missed,
            )
            seats_clock.run_clocks(session, RULES, now=one.since)
            seats_seen.record_seen(session, seen, RULES, heard)
        rows = session.scalars(
            select(AgentInterval)
            .where(AgentInterval.staff_id == staff_id)
            .order_by(AgentInterval.since)
        )
        return [(row.state, row.reason, row.since, row.until) for row in rows]


@settings(max_examples=12, deadline=None)
@given(moves=steps)
def test_the_past_has_no_gap_no_overlap_and_one_open_end(
    hall: tuple[Database, Iterator[int]], moves: list[tuple[AgentState, int, str, bool]]
) -> None:
    database, numbers = hall
    past = lived(database, next(numbers), story_of(moves))
    assert past[0][2] == START
    assert [one[3] for one in past[:-1]] == [one[2] for one in past[1:]]
    assert past[-1][3] is None
    assert all(until is None or until > since for _, _, since, until in past)
    for one, following in itertools.pairwise(past):
        assert one[:2] != following[:2] or one[0] in {"ringing", "talking", "held"}


@settings(max_examples=12, deadline=None)
@given(moves=steps, data=st.data())
def test_news_told_again_at_any_time_changes_nothing(
    hall: tuple[Database, Iterator[int]],
    moves: list[tuple[AgentState, int, str, bool]],
    data: st.DataObject,
) -> None:
    database, numbers = hall
    story = story_of(moves)
    again: list[AgentSeen] = []
    for place, one in enumerate(story):
        again.append(one)
        again += data.draw(st.lists(st.sampled_from(story[: place + 1]), max_size=1))
    assert lived(database, next(numbers), again) == lived(database, next(numbers), story)
