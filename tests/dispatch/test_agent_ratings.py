"""Ratings of agents and spoken comments, stored with their calls, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.calls import CallOutcome, CallRecord, Direction, Transfer
from dispatch.domain.errors import RoleNotAllowed
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import (
    FollowUpMethod,
    FollowUpState,
    Rating,
    RequestKind,
    Role,
)
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp
from dispatch.models.judging import AgentRating
from dispatch.models.tickets import Ticket
from dispatch.service import agent_ratings, intake, survey_comments
from dispatch.service.agent_ratings import AgentService
from dispatch.service.intake import RequestForm, open_ticket
from tests.dispatch.call_story import at, call
from tests.dispatch.people import person

WATCHER = Actor(name="班长", role=Role.SUPERVISOR, staff_id=None)


def told(database: Database, *records: CallRecord) -> None:
    """Store the calls as the sink does."""
    for one in records:
        with database.work() as session:
            contact_id = intake.record_call(session, one, now=at(900))
            agent_ratings.note_call(session, contact_id, one, now=at(900))
            survey_comments.note_call(session, contact_id, one)


def rated(name: str, key: str | None, start: float = 0, agent: str = "8001") -> CallRecord:
    return replace(
        call(name, start, start + 90, answered=start + 10),
        agent=agent,
        talk_ended_at=at(start + 70),
        service_key=key,
    )


def stored(database: Database) -> dict[str, str | None]:
    with database.read() as session:
        return {row.call_id: row.rating for row in session.scalars(select(AgentRating))}


def agents(database: Database, rules: Rules) -> dict[str, AgentService]:
    with database.read() as session:
        found = agent_ratings.by_agent(session, WATCHER, rules, since=at(0), until=at(9000))
        return {one.extension: one for one in found}


def test_a_key_is_a_grade_and_silence_is_none(database: Database) -> None:
    told(database, rated("a", "1"), rated("b", "5"), rated("c", ""), rated("d", None))
    assert stored(database) == {"a": "very_satisfied", "b": "very_dissatisfied", "c": None}


def test_telling_it_again_changes_nothing_and_less_takes_nothing_back(database: Database) -> None:
    told(database, rated("a", ""), rated("a", "2"), rated("a", "2"), rated("a", ""))
    told(database, rated("a", None))
    assert stored(database) == {"a": "satisfied"}


def test_a_call_no_agent_took_has_no_rating(database: Database) -> None:
    told(database, replace(call("lost", 0, 30), service_key="1"))
    assert stored(database) == {}


def test_meant_is_whom_the_caller_spoke_with_last(database: Database) -> None:
    over = Transfer(at=at(30), kind="attended", by="8001", to="8002")
    back = Transfer(at=at(40), kind="blind", by="8001", to="queue_enterprise")
    told(
        database,
        replace(rated("over", "1"), transfers=(over,)),
        replace(rated("back", "5"), transfers=(over, back)),
    )
    with database.read() as session:
        found = [(row.call_id, row.extension) for row in session.scalars(select(AgentRating))]
    assert found == [("over", "8002")]


def test_agents_are_counted_and_too_few_answers_have_no_share(
    database: Database, rules: Rules
) -> None:
    least = rules.profile.rating.least
    person(database, Role.AGENT, login="王芳", extension="8001")
    told(database, *(rated(f"m{n}", "2" if n else "4", n) for n in range(least)))
    told(database, rated("few", "1", agent="8002"), rated("silent", "", agent="8002"))
    found = agents(database, rules)
    assert (found["8001"].name, found["8001"].asked, found["8001"].answered) == (
        "王芳",
        least,
        least,
    )
    assert found["8001"].share == pytest.approx((least - 1) / least)
    assert found["8001"].grades[Rating.DISSATISFIED] == 1
    assert (found["8002"].asked, found["8002"].answered, found["8002"].share) == (2, 1, None)


def test_the_rows_are_as_many_as_the_figure(database: Database, rules: Rules) -> None:
    told(database, *(rated(f"m{n}", str(n % 6) if n % 6 else "", n) for n in range(12)))
    one = agents(database, rules)["8001"]
    with database.read() as session:

        def count(**more: object) -> int:
            found = agent_ratings.rows(
                session,
                WATCHER,
                since=at(0),
                until=at(9000),
                **more,  # type: ignore[arg-type]
            )
            return len(found)

        assert count() == one.asked
        assert count(answered_only=True) == one.answered
        assert {grade: count(rating=grade) for grade in Rating} == one.grades
        assert count(extension="8002") == 0


@pytest.mark.parametrize("role", [Role.AGENT, Role.DEPARTMENT, Role.LEADER, Role.FOLLOW_UP])
def test_who_is_rated_or_not_concerned_does_not_read_it(
    database: Database, rules: Rules, role: Role
) -> None:
    reader = Actor(name="某", role=role, staff_id=None)
    with database.read() as session, pytest.raises(RoleNotAllowed):
        agent_ratings.by_agent(session, reader, rules, since=at(0), until=at(1))
    with database.read() as session, pytest.raises(RoleNotAllowed):
        agent_ratings.rows(session, reader, since=at(0), until=at(1))


def test_a_spoken_comment_is_found_from_the_ticket(database: Database) -> None:
    opener = person(database)
    with database.work() as session:
        form = RequestForm(content="路灯不亮", kind=RequestKind.COMPLAINT, phone="13812345678")
        ticket = open_ticket(session, opener, form, now=at(0))
        session.add(
            FollowUp(
                ticket_id=ticket.id,
                round=1,
                method=FollowUpMethod.VOICE.value,
                state=FollowUpState.DONE.value,
                due_at=at(0),
                channel_id="fu-1-abc",
            )
        )
        ticket_id = ticket.id
    spoken = replace(
        call("fu-1-abc", 5, 60, answered=8, direction=Direction.OUTBOUND, queued=False),
        outcome=CallOutcome.ANSWERED,
        agent=None,
        voicemail="20261123/fu-1-abc-comment.wav",
    )
    other = replace(spoken, call_id="fu-1-other", voicemail="20261123/other.wav")
    told(database, replace(spoken, voicemail=None), spoken, spoken, other)
    with database.read() as session:
        row = session.scalars(select(FollowUp)).one()
        assert row.comment_sound == "20261123/fu-1-abc-comment.wav"
        ties = dict(session.execute(select(Contact.call_id, Contact.ticket_id)).all())
        assert ties == {"fu-1-abc": ticket_id, "fu-1-other": None}
        kept = session.get_one(Ticket, ticket_id)
        assert (kept.solved, kept.rating) == (None, None)
