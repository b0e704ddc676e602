"""Two hundred follow-up calls, twenty at a time, and processes killed in the middle of forty."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dispatch.bus import Database
from dispatch.domain.calls import SurveyResult
from dispatch.domain.vocabulary import FollowUpMethod, FollowUpState, Status
from dispatch.models.followups import FollowUp
from dispatch.models.tickets import Ticket
from hotline.bootstrap import open_database, open_rulebook
from hotline.settings import Settings
from tests.fixtures_hotline import HotlineUnderTest, private_hotline, until
from tests.scenarios.survey_tickets import call_at_any_hour, make_due
from tests.scenarios.survey_town import Does, Habit, Town, town

# Two hundred talks on a crowded machine take longer than the three minutes of all other tests.
pytestmark = [pytest.mark.asterisk, pytest.mark.slow, pytest.mark.timeout(600)]

LINES = 20
UNIT = "GOV-990702"
EVERYBODY = [
    *[Habit(keys=f"1{grade}") for grade in (1, 2, 3, 4, 5, 1, 2)],
    *[Habit(keys=f"2{grade}") for grade in (4, 5, 3)],
    *[Habit(keys=key, hangs_up=True) for key in "1122"],
    Habit(Does.BUSY),
    Habit(Does.DECLINE),
    Habit(Does.UNKNOWN),
    Habit(Does.SHORT),
    Habit(),
    Habit(keys="7777"),
]
"""Twenty people: ten who answer, four who hang up halfway, six who say nothing of use."""
RESULTS = {
    Does.BUSY: SurveyResult.BUSY,
    Does.DECLINE: SurveyResult.DECLINED,
    Does.UNKNOWN: SurveyResult.NO_SUCH_NUMBER,
    Does.AWAY: SurveyResult.NO_ANSWER,
    Does.SHORT: SurveyResult.HUNG_UP,
}
SOLVED = {"1": "resolved", "2": "unresolved"}
RATINGS = {
    "1": "very_satisfied",
    "2": "satisfied",
    "3": "basically_satisfied",
    "4": "dissatisfied",
    "5": "very_dissatisfied",
}


@dataclass
class Campaign:
    """A hotline that may call at any hour, with its database."""

    hotline: HotlineUnderTest
    database: Database

    def due(self, numbers: list[str]) -> None:
        """A ticket with an audited answer for each of these people."""
        for first in range(0, len(numbers), 20):
            now = datetime.now(UTC)
            rules = open_rulebook(self.database).at(now)
            make_due(self.database, rules, UNIT, numbers[first : first + 20], now)

    def calls(self, numbers: list[str]) -> dict[str, list[FollowUp]]:
        """The calls tried or being tried, by the requester's number."""
        found: dict[str, list[FollowUp]] = {number: [] for number in numbers}
        with self.database.read() as session:
            rows = session.execute(
                select(Ticket.phone, FollowUp)
                .join(FollowUp, FollowUp.ticket_id == Ticket.id)
                .where(FollowUp.called_at.is_not(None))
                .where(FollowUp.method == FollowUpMethod.VOICE.value)
            )
            for phone, row in rows:
                if phone in found:
                    found[phone].append(row)
        return found

    def ended(self, numbers: list[str]) -> int:
        """How many people have been called, and the call is over."""
        calls = self.calls(numbers)
        return sum(1 for rows in calls.values() if rows and all(row.ended_at for row in rows))

    def in_the_middle(self, numbers: list[str], ended: int) -> bool:
        """Whether so many calls are over, and others are under way."""
        rows = [row for called in self.calls(numbers).values() for row in called]
        return self.ended(numbers) >= ended and any(row.ended_at is None for row in rows)

    def state(self) -> str:
        """For a test that waited in vain."""
        with self.database.read() as session:
            counts = session.execute(
                select(FollowUp.state, FollowUp.result, func.count()).group_by(
                    FollowUp.state, FollowUp.result
                )
            )
            return f"{list(counts)} {self.hotline.log.read_text('utf-8')[-2000:]}"

    def forgotten(self) -> list[str]:
        """Tickets that wait for a follow-up nobody will make."""
        open_states = [state.value for state in FollowUpState if state.name in ("PENDING", "SENT")]
        planned = select(FollowUp.id).where(
            FollowUp.ticket_id == Ticket.id, FollowUp.state.in_(open_states)
        )
        waiting = Ticket.status == Status.FOLLOW_UP.value
        with self.database.read() as session:
            return list(session.scalars(select(Ticket.number).where(waiting, ~planned.exists())))


@pytest.fixture(scope="module")
def campaign() -> Iterator[Campaign]:
    """A hotline with twenty lines for follow-up and the policy of this file."""
    more = {"HOTLINE_FOLLOW_UP_LINES": str(LINES), "HOTLINE_FOLLOW_UP_SECONDS": "1"}
    with (
        tempfile.TemporaryDirectory(prefix="hotline-surveys-") as folder,
        private_hotline(Path(folder), more=lambda _: more) as running,
    ):
        call_at_any_hour(running)
        database = open_database(Settings(data_dir=running.folder))
        yield Campaign(running, database)
        database.dispose()


def expected(town: Town, number: str) -> tuple[SurveyResult, str | None, str | None]:
    """What must be stored of somebody called once, by what his telephone did."""
    telephone = town.telephones[number]
    habit = telephone.habit
    if habit.does in RESULTS:
        return RESULTS[habit.does], None, None
    pressed = "".join(telephone.pressed)
    if not pressed:
        return SurveyResult.SILENT, None, None
    if pressed[0] not in SOLVED:
        return SurveyResult.WRONG_KEYS, None, None
    if habit.hangs_up:
        return SurveyResult.PARTIAL, SOLVED[pressed], None
    return SurveyResult.COMPLETED, SOLVED[pressed[0]], RATINGS[pressed[1]]


def test_two_hundred_people_are_each_rung_once_and_every_answer_is_kept(
    campaign: Campaign,
) -> None:
    habits = [Habit(Does.AWAY), Habit(Does.AWAY), *(EVERYBODY * 10)[:198]]
    with town(campaign.hotline.asterisk, habits) as people:
        numbers = list(people.telephones)
        campaign.due(numbers)
        until(lambda: campaign.ended(numbers) == len(numbers), 150, campaign.state)
        calls = campaign.calls(numbers)
        assert people.rung() == dict.fromkeys(numbers, 1)
        assert {number: len(rows) for number, rows in calls.items()} == dict.fromkeys(numbers, 1)
        stored = {
            number: (SurveyResult(row.result or ""), row.solved, row.rating)
            for number, (row,) in calls.items()
        }
        assert {
            number: (told, people.telephones[number].habit, calls[number][0].called_at)
            for number, told in stored.items()
            if told != expected(people, number)
        } == {}
        assert {
            number: telephone.pressed
            for number, telephone in people.telephones.items()
            if "".join(telephone.pressed) != telephone.habit.keys
        } == {}
        assert LINES // 2 < people.most_at_once <= LINES
        assert campaign.forgotten() == []


def test_killed_in_the_middle_nobody_is_called_twice_for_an_attempt_and_nobody_is_forgotten(
    campaign: Campaign,
) -> None:
    hotline = campaign.hotline
    with town(hotline.asterisk, EVERYBODY * 2) as people:
        numbers = list(people.telephones)
        campaign.due(numbers)
        until(lambda: campaign.in_the_middle(numbers, 5), 60, campaign.state)
        hotline.kill_web()
        hotline.start_web()
        until(lambda: campaign.in_the_middle(numbers, 15), 60, campaign.state)
        hotline.asterisk.runner.kill()
        hotline.start_asterisk()
        until(lambda: campaign.ended(numbers) == len(numbers), 150, campaign.state)
        calls = campaign.calls(numbers)
        rung = people.rung()
        # An order that died with a process may never have rung; none rang twice.
        assert {n: rung[n] for n in numbers if rung[n] > len(calls[n])} == {}
        assert campaign.forgotten() == []
        for number, rows in calls.items():
            for row in rows:
                told = (SurveyResult(row.result or ""), row.solved, row.rating)
                whole = expected(people, number)
                # Cut off: what was keyed counts, the last key may not have been heard any more.
                cut = {(SurveyResult.FAILED, None, None), (SurveyResult.PARTIAL, whole[1], None)}
                assert told == whole or told in cut, (number, people.telephones[number], told)
        failed = [row for rows in calls.values() for row in rows if row.result == "failed"]
        assert len(failed) <= 2 * LINES
