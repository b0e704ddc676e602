"""Follow-up by people, on both databases: nobody twice, taken back whole, files row by row."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.errors import ActionNotAllowed, InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import FollowUpMethod, Rating, Role, Status, Verdict
from dispatch.models.followups import FollowUp, SurveyImport
from dispatch.models.judging import Review
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.service import follow_up_undo, followup_person, history, reviews, survey_imports
from dispatch.service.chain_check import broken, newest_ticket
from dispatch.service.follow_up_desk import DeskTab, counts, rows
from dispatch.service.followup_answers import Answers, record_answers
from dispatch.service.history import PastTicket
from dispatch.service.survey_imports import Begun
from tests.dispatch.people import person

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # Tuesday 10:00 in the city
CROSS = Answers(reached=True, solved=Verdict.UNRESOLVED, rating=Rating.DISSATISFIED)
PLEASED = Answers(reached=True, solved=Verdict.RESOLVED, rating=Rating.SATISFIED)


def to_be_asked(database: Database, many: int) -> list[int]:
    """So many audited tickets whose requesters a person is to ask; return the attempts."""
    day = timedelta(days=1)
    with database.work() as s:
        past = [
            PastTicket(
                number=f"t{place}",
                title="占道经营",
                created_at=NOW - 4 * day,
                dispatched_at=NOW - 4 * day,
                completed_at=NOW - day,
                audited_at=NOW - day,
                status=Status.FOLLOW_UP,
            )
            for place in range(many)
        ]
        history.add_tickets(s, past)
        made = []
        for place, ticket in enumerate(s.scalars(select(Ticket).order_by(Ticket.id))):
            ticket.phone = f"1381234{place:04}"
            row = s.scalars(select(FollowUp).where(FollowUp.ticket_id == ticket.id)).one()
            row.due_at = NOW - timedelta(minutes=60 - place)
            assert (row.method, row.state) == (FollowUpMethod.PERSON.value, "pending")
            made.append(row.id)
        return made


@pytest.fixture
def hui(database: Database) -> Actor:
    return person(database, Role.FOLLOW_UP, login="hui", extension="8201")


@pytest.fixture
def bai(database: Database) -> Actor:
    return person(database, Role.FOLLOW_UP, login="bai", extension="8202")


def test_callers_who_press_at_once_get_different_people(
    database: Database, rules: Rules, hui: Actor, bai: Actor
) -> None:
    to_be_asked(database, 1)

    def press(who: Actor) -> int | None:
        with database.work() as s:
            row = followup_person.claim(s, who, rules, now=NOW)
            return row.id if row else None

    with ThreadPoolExecutor(6) as pool:
        got = list(pool.map(press, [hui, bai, hui, bai, hui, bai]))
    with database.read() as s:
        (row,) = s.scalars(select(FollowUp))
    whose = [who for who, one in zip([hui, bai] * 3, got, strict=True) if one is not None]
    assert whose, "nobody was given anybody"
    assert {who.staff_id for who in whose} == {row.asked_by_id}


def test_the_counts_are_the_rows(database: Database, rules: Rules, hui: Actor) -> None:
    one, _, three = to_be_asked(database, 3)
    with database.work() as s:
        s.get_one(FollowUp, three).due_at = NOW + timedelta(hours=3)
        followup_person.claim(s, hui, rules, follow_up_id=one, now=NOW)
    with database.read() as s:
        said = counts(s, hui, now=NOW)
        assert said == {"due": 1, "later": 1, "in_hand": 1, "done": 0}
        for tab in DeskTab:
            assert len(rows(s, hui, tab, now=NOW)) == said[tab.value]


def test_taking_back_leaves_the_ticket_as_it_was_and_the_history_whole(
    database: Database, rules: Rules, hui: Actor
) -> None:
    (one,) = to_be_asked(database, 1)
    with database.work() as s:
        followup_person.claim(s, hui, rules, now=NOW)
        record_answers(s, hui, one, CROSS, rules, now=NOW)
    with database.work() as s:
        assert s.scalars(select(Review.state)).all() == ["pending"]
        follow_up_undo.undo(s, hui, one, now=NOW + timedelta(seconds=30))
    with database.work() as s:
        (ticket,) = s.scalars(select(Ticket))
        assert (ticket.status, ticket.solved, ticket.first_solved) == ("follow_up", None, None)
        assert s.scalars(select(Review)).all() == []
        kinds = s.scalars(select(TicketEvent.kind).order_by(TicketEvent.id)).all()
        assert kinds[-1] == "FollowUpTakenBack"
        assert "FollowUpEnded" in kinds
        record_answers(s, hui, one, PLEASED, rules, now=NOW + timedelta(seconds=50))
        assert (ticket.status, ticket.first_rating) == ("closed", "satisfied")
    with database.read() as s:
        assert list(broken(s, after=0, up_to=newest_ticket(s))) == []


def test_nothing_is_taken_back_once_the_centre_has_decided(
    database: Database, rules: Rules, hui: Actor
) -> None:
    (one,) = to_be_asked(database, 1)
    zhong = person(database, Role.CENTER, login="zhong", extension="8401")
    with database.work() as s:
        record_answers(s, hui, one, CROSS, rules, now=NOW)
    with database.work() as s:
        later = NOW + timedelta(seconds=20)
        reviews.decide(s, zhong, "t0", redo=False, words="已按规定办理", now=later)
    with database.work() as s, pytest.raises(ActionNotAllowed):
        follow_up_undo.undo(s, hui, one, now=NOW + timedelta(seconds=40))


def test_what_was_said_in_an_earlier_round_comes_back(
    database: Database, rules: Rules, hui: Actor
) -> None:
    (one,) = to_be_asked(database, 1)
    with database.work() as s:
        (ticket,) = s.scalars(select(Ticket))
        ticket.round, ticket.solved, ticket.rating = 2, "unresolved", "dissatisfied"
        ticket.first_solved, ticket.first_rating = "unresolved", "dissatisfied"
        row = s.get_one(FollowUp, one)
        row.round = 2
        s.add(
            FollowUp(
                ticket_id=ticket.id,
                round=1,
                method="voice",
                state="done",
                due_at=NOW - timedelta(days=2),
                ended_at=NOW - timedelta(days=2),
                solved="unresolved",
                rating="dissatisfied",
            )
        )
    with database.work() as s:
        record_answers(s, hui, one, PLEASED, rules, now=NOW)
        follow_up_undo.undo(s, hui, one, now=NOW + timedelta(seconds=9))
    with database.read() as s:
        (ticket,) = s.scalars(select(Ticket))
        assert (ticket.status, ticket.rating) == ("follow_up", "dissatisfied")
        assert ticket.first_rating == "dissatisfied"


def begin(database: Database, actor: Actor, *lines: list[str]) -> Begun:
    listed = [["工单编号", "回访时间", "是否解决", "满意度"], *lines]
    with database.work() as s:
        return survey_imports.begin(
            s,
            actor,
            repr(lines).encode(),
            enumerate(listed, start=1),
            name="a.csv",
            method=FollowUpMethod.OUTSIDE,
            asked_by="调查队",
            now=NOW,
        )


def take(database: Database, actor: Actor, rules: Rules, *lines: list[str]) -> SurveyImport:
    begun = begin(database, actor, *lines)
    more = True
    while more:
        with database.work() as s:
            more = survey_imports.go_on(s, actor, begun, rules, now=NOW)
    with database.read() as s:
        return s.get_one(SurveyImport, begun.id)


def test_a_bad_row_between_good_ones_leaves_nothing_behind(
    database: Database, rules: Rules, hui: Actor, bai: Actor
) -> None:
    _, two, _ = to_be_asked(database, 3)
    with database.work() as s:
        # 白 is talking to the second requester just now.
        followup_person.claim(s, bai, rules, follow_up_id=two, now=NOW)
    day = "2026-11-24 09:00"
    done = take(database, hui, rules, *([f"t{n}", day, "已解决", "满意"] for n in range(3)))
    assert (done.rows, done.taken) == (3, 2)
    assert [row["row"] for row in done.refused[1:]] == [3]
    with database.read() as s:
        found = s.execute(select(Ticket.status, Ticket.rating).order_by(Ticket.id)).all()
        assert [tuple(one) for one in found] == [
            ("closed", "satisfied"),
            ("follow_up", None),
            ("closed", "satisfied"),
        ]
        assert list(broken(s, after=0, up_to=newest_ticket(s))) == []


def test_an_older_answer_does_not_overwrite_a_newer_one(
    database: Database, rules: Rules, hui: Actor
) -> None:
    (one,) = to_be_asked(database, 1)
    with database.work() as s:
        record_answers(s, hui, one, PLEASED, rules, now=NOW - timedelta(minutes=5))
    take(database, hui, rules, ["t0", "2026-11-23 09:00", "未解决", "不满意"])
    with database.read() as s:
        (ticket,) = s.scalars(select(Ticket))
        assert (ticket.rating, ticket.first_rating) == ("satisfied", "satisfied")


def test_the_same_file_twice_is_refused(database: Database, rules: Rules, hui: Actor) -> None:
    to_be_asked(database, 1)
    row = ["t0", "2026-11-24 09:00", "已解决", "满意"]
    take(database, hui, rules, row)
    with pytest.raises(InvalidInput, match="已经导入过"):
        take(database, hui, rules, row)


def test_a_file_cut_off_half_way_is_taken_up_where_it_stopped(
    database: Database, rules: Rules, hui: Actor
) -> None:
    to_be_asked(database, 5)
    lines = [[f"t{n}", "2026-11-24 09:00", "已解决", "满意"] for n in range(5)]
    lines[1][0] = "unknown"
    begun = begin(database, hui, *lines)
    with database.work() as s:
        assert survey_imports.go_on(s, hui, begun, rules, at_once=2, now=NOW)
    # The process died here; the same file is brought again.
    done = take(database, hui, rules, *lines)
    assert done.id == begun.id
    assert (done.rows, done.taken, len(done.refused)) == (5, 4, 2)
    with database.read() as s:
        asked = s.scalars(select(FollowUp.id).where(FollowUp.import_id == done.id)).all()
        assert len(asked) == 4
