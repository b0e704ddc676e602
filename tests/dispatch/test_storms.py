"""Random people do random things in a random order, and no rule is ever broken.

Every step goes through the services as the pages call them, lawful or not. After each, every
ticket must have an owner, a clock or an end (`storm_watch`), and at the end each must be one that
lawful work can bring to its end. 200 sequences at every run, 2,000 by
`make nightly`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.calls import SurveyAnswer, SurveyEnded, SurveyResult
from dispatch.domain.errors import HotlineError
from dispatch.domain.lifecycle import GRANT, STEPS
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.terms import ApplicationKind
from dispatch.domain.vocabulary import Action, RequestKind
from dispatch.models.tickets import Ticket
from dispatch.service import (
    chain_check,
    escalation,
    followup,
    followup_calls,
    intake,
    sweep,
    triggers,
)
from tests.dispatch import storm_choice
from tests.dispatch.storm_acts import BY_TABLE, Try
from tests.dispatch.storm_choice import Standing
from tests.dispatch.storm_ends import bring_to_an_end
from tests.dispatch.storm_town import StormTown, found_town, plain_rules, strict_rules
from tests.dispatch.storm_watch import Watch

STARTS = (
    datetime(2026, 11, 23, 2, 0, tzinfo=UTC),  # an ordinary Monday, 10:00
    datetime(2026, 2, 13, 9, 10, tzinfo=UTC),  # the evening before Spring Festival
    datetime(2025, 9, 26, 6, 0, tzinfo=UTC),  # before a make-up Sunday and eight days off
)
PAUSES = (
    timedelta(minutes=7),
    timedelta(hours=1),
    timedelta(hours=5),
    timedelta(days=1),
    timedelta(days=4),
    timedelta(days=12),
)
KINDS = (RequestKind.COMPLAINT, RequestKind.REPORT)
MOST_TICKETS = 4
SEEDS = st.integers(0, 2**32 - 1)


class Storm(RuleBasedStateMachine):
    """A town, its people, its clock and a few tickets."""

    database: ClassVar[Database]
    pristine: ClassVar[Path]
    town: ClassVar[StormTown]
    policy: ClassVar[Rules]

    def __init__(self) -> None:
        super().__init__()
        path = Path(self.database.engines.write.url.database or "")
        self.database.dispose()
        for extra in ("-wal", "-shm"):
            path.with_name(path.name + extra).unlink(missing_ok=True)
        shutil.copy(self.pristine, path)
        self.now = STARTS[0]
        self.watch = Watch(self.database)
        self.numbers: list[str] = []

    @initialize(start=st.sampled_from(STARTS), seed=SEEDS)
    def begin(self, start: datetime, seed: int) -> None:
        self.now = start
        self.open(Random(seed))

    def open(self, chance: Random) -> None:
        """受理: a request of some kind, with or without a number to ring."""
        form = intake.RequestForm(
            content=f"第 {len(self.numbers)} 件：烧烤占道",
            kind=chance.choice(KINDS),
            phone=f"1380000{len(self.numbers):04d}" if chance.random() < 0.8 else None,
            reply_wanted=chance.random() < 0.9,
            confidential=chance.random() < 0.1,
        )
        with self.database.work() as s:
            ticket = intake.open_ticket(s, self.town.centre["director"], form, now=self.now)
            self.numbers.append(ticket.number)

    @rule(seed=SEEDS)
    def something_happens(self, seed: int) -> None:
        """Somebody acts, time passes, a job runs, a telephone rings; the seed says which."""
        chance = Random(seed)
        (happening,) = chance.choices(list(self.HAPPENINGS), list(self.HAPPENINGS.values()))
        happening(self, chance)

    def go_on(self, chance: Random) -> None:
        """Somebody does what his page offers him; the services may still know better."""
        at = self.standing(chance)
        self.attempt(*storm_choice.likely(self.town, at, chance), at.number, chance)

    def press_on(self, chance: Random) -> None:
        """The ticket moves towards its end, so that storms reach the far statuses too."""
        at = self.standing(chance)
        self.attempt(*storm_choice.onward(self.town, at, chance), at.number, chance)

    def work_beside(self, chance: Random) -> None:
        """Somebody works on a share or an order that hangs on the ticket."""
        at = self.standing(chance)
        self.attempt(*storm_choice.beside(self.town, at, chance), at.number, chance)

    def meddle(self, chance: Random) -> None:
        """Anybody tries anything; what the table forbids must be refused by name."""
        at = self.standing(chance)
        action, actor = storm_choice.anything(self.town, chance)
        if action in GRANT.values() and at.pending is not None:
            # Whoever agrees, agrees to what was asked for.
            action = GRANT[ApplicationKind(at.pending)]
        step = STEPS.get((at.status, action))
        done = self.attempt(BY_TABLE[action], actor, at.number, chance)
        if step is None or actor.role not in step.by:
            # Passing down is also a helping unit's, by the table of the shares.
            assert not done or action is Action.SUB_DISPATCH, f"{action.label} was not refused"

    def act_on_an_old_page(self, chance: Random) -> None:
        """A page from before the last change never decides anything."""
        at = self.standing(chance)
        act, actor = storm_choice.likely(self.town, at, chance)
        with self.database.read() as s:
            version = s.scalars(select(Ticket.version).where(Ticket.number == at.number)).one()
        assert not self.attempt(act, actor, at.number, chance, expected=version - 1)

    def wait(self, chance: Random) -> None:
        """Time passes, and nobody looks."""
        self.now += chance.choice(PAUSES)

    def run_the_jobs(self, _chance: Random) -> None:
        """The system's own work: clocks, orders nobody answered."""
        with self.database.work() as s:
            sweep.sweep(s, self.policy, now=self.now)
        for job in (escalation.overdue_orders, triggers.many_callers_due, triggers.wandering_due):
            with self.database.work() as s:
                job(s, self.policy, now=self.now)
        with self.database.work() as s:
            again = sweep.sweep(s, self.policy, now=self.now)
        # A ladder behind by several steps takes one at a pass; nothing else is marked twice.
        assert again.total == again.escalated, again

    def ring_a_requester(self, chance: Random) -> None:
        """A follow-up call is made, answered or not, and may be lost in a crash."""
        with self.database.work() as s:
            calls = followup_calls.claim_due(s, self.policy, limit=1, now=self.now)
        result = chance.choice(list(SurveyResult))
        for call in calls:
            self.watch.look(self.now)
            with self.database.work() as s:
                if result in {SurveyResult.COMPLETED, SurveyResult.PARTIAL}:
                    for question in ("solved", "satisfied"):
                        answer = SurveyAnswer(
                            follow_up_id=call.follow_up_id,
                            question="solved" if question == "solved" else "satisfied",
                            digit=str(chance.randrange(6)),
                            at=self.now,
                        )
                        followup.record_survey_answer(s, answer, now=self.now)
            if chance.random() < 0.2:
                return
            with self.database.work() as s:
                ended = SurveyEnded(follow_up_id=call.follow_up_id, result=result, at=self.now)
                followup.record_survey_end(s, ended, self.policy, now=self.now)

    def somebody_calls(self, chance: Random) -> None:
        """Another request comes in."""
        if len(self.numbers) < MOST_TICKETS:
            self.open(chance)

    HAPPENINGS: ClassVar[dict[Callable[[Storm, Random], None], int]] = {
        go_on: 30,
        press_on: 22,
        work_beside: 14,
        wait: 8,
        run_the_jobs: 8,
        ring_a_requester: 5,
        meddle: 6,
        act_on_an_old_page: 3,
        somebody_calls: 4,
    }

    @invariant()
    def everything_holds(self) -> None:
        self.watch.look(self.now)

    def teardown(self) -> None:
        """Lawful work brings every ticket to its end, and the whole history holds."""
        for number in self.numbers:
            for _ in bring_to_an_end(self.database, self.town, self.policy, number, self.clock):
                self.watch.look(self.now)
        with self.database.read() as s:
            newest = chain_check.newest_ticket(s)
            assert list(chain_check.broken(s, after=0, up_to=newest)) == []

    def clock(self) -> datetime:
        """The clock at the end: each deed takes a minute."""
        self.now += timedelta(minutes=1)
        return self.now

    def standing(self, chance: Random) -> Standing:
        """One of the tickets, with where it stands and who has it."""
        with self.database.read() as s:
            return storm_choice.standing(s, chance.choice(self.numbers))

    def attempt(
        self,
        act: Callable[[Try], None],
        actor: Actor,
        number: str,
        chance: Random,
        expected: int | None = None,
    ) -> bool:
        """Try it in one unit of work; a refusal must have a name and leave no trace."""
        pick, other = chance.randrange(10_000), chance.choice(self.numbers)
        before, refusal = self.rows(), None
        try:
            with self.database.work() as s:
                act(Try(s, actor, number, other, self.policy, pick, expected, self.now))
        except HotlineError as refused:
            refusal = refused
        said = "done" if refusal is None else f"{type(refusal).__name__}: {refusal}"
        note(f"{self.now:%m-%d %H:%M} {actor.name} {act.__name__} {number} {pick}: {said}")
        with self.database.read() as s:
            self.numbers = list(s.scalars(select(Ticket.number).order_by(Ticket.id)))
        if refusal is not None:
            assert str(refusal)
            assert self.rows() == before, "a refusal left a trace"
        return refusal is None

    def rows(self) -> list[tuple[object, ...]]:
        """What a refusal must not have changed."""
        with self.database.read() as s:
            tickets = s.execute(select(Ticket.number, Ticket.version, Ticket.history_digest))
            return [tuple(row) for row in tickets]


@pytest.fixture
def calm() -> Iterator[Path]:
    """A folder with a migrated database."""
    with TemporaryDirectory(prefix="hotline-storm-") as folder:
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("rules", [plain_rules, strict_rules])
def test_no_sequence_of_acts_leaves_a_ticket_without_an_owner_a_clock_or_an_end(
    calm: Path, rules: Callable[[], Rules], sqlite_template: Path
) -> None:
    shutil.copy(sqlite_template, calm / "pristine.db")
    database = Database(f"sqlite:///{calm / 'pristine.db'}")
    Storm.town = found_town(database)
    with database.engines.write.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    Storm.pristine, Storm.policy = calm / "pristine.db", rules()
    Storm.database = Database(f"sqlite:///{calm / 'storm.db'}")
    try:
        run_state_machine_as_test(
            Storm,
            settings=settings(
                stateful_step_count=40,
                deadline=None,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        Storm.database.dispose()
