"""The campaign's worker may die before or after any commit: nobody is rung twice, or forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from dispatch.bus import Database
from dispatch.db import Base, Session
from dispatch.domain.calls import SurveyAnswer, SurveyEnded, SurveyResult
from dispatch.domain.errors import DialerUnavailable
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.ports import FollowUpCall
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Rating, RequestKind, Role, Status, Verdict
from dispatch.models.followups import FollowUp
from dispatch.models.people import Staff
from dispatch.models.tickets import Ticket
from dispatch.service import (
    assignment,
    catalogue,
    followup,
    followup_person,
    followup_rows,
    handling,
    intake,
    survey_links,
)
from dispatch.service.campaign import Lines
from dispatch.service.followup_answers import Answers, record_answers
from hotline import campaigns
from hotline.bootstrap import load_rules
from hotline.settings import Settings

MORNING = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday 10:00 in the city
CENTER = Actor(name="中心", role=Role.CENTER)
PHONES = ("13900000001", "13900000001", "13900000002", "13900000003", "09991234567", "13900000004")
CONFIDENTIAL = "13900000004"
PAUSES = (2, 20, 60, 60 * 9, 3600, 3600 * 5, 3600 * 20)


class KilledError(BaseException):
    """The process is gone: nothing that it was about to do happens."""


class MortalDatabase(Database):
    """A database whose process may die just before a commit, or just after it."""

    def __init__(self, url: str, chance: Random) -> None:
        super().__init__(url)
        self.chance = chance
        self.danger = 0.0
        self.deaths: Counter[str] = Counter()

    @contextmanager
    def work(self) -> Iterator[Session]:
        """Commit, unless the process dies before."""
        with super().work() as session:
            yield session
            self.perhaps_die("before a commit")
        self.perhaps_die("after a commit")

    def perhaps_die(self, when: str) -> None:
        """End the process at this point of its work."""
        if self.chance.random() < self.danger:
            self.deaths[when] += 1
            raise KilledError


class Exchange:
    """A telephone system that outlives its worker, and remembers whom it has rung."""

    def __init__(self, database: MortalDatabase) -> None:
        self.database = database
        self.rung: list[FollowUpCall] = []
        self.untold: list[FollowUpCall] = []

    def dial(self, call: FollowUpCall) -> None:
        """Ring, or be away; the worker may die in either case."""
        if self.database.danger and self.database.chance.random() < 0.2:
            raise DialerUnavailable
        self.rung.append(call)
        self.untold.append(call)
        self.database.perhaps_die("with the order placed")


@pytest.fixture
def rules() -> Rules:
    """The default policy."""
    return load_rules(Settings())


class Story:
    """Six tickets, a worker that dies, and time that passes."""

    def __init__(self, path: Path, rules: Rules, seed: int) -> None:
        self.chance = Random(seed)
        self.rules = rules
        self.now = MORNING
        self.database = MortalDatabase(f"sqlite:///{path / 'hotline.db'}", self.chance)
        Base.metadata.create_all(self.database.engines.write)
        self.exchange = Exchange(self.database)
        self.caller = self._found()

    def _found(self) -> Actor:
        with self.database.work() as s:
            unit = {"code": "CG", "name": "城管", "short_name": "城管", "tier": 2, "kind": "bureau"}
            catalogue.put_departments(s, [unit])
            hui = Staff(login="hui", name="小惠", role=Role.FOLLOW_UP.value, password_hash="x")
            s.add(hui)
            s.flush()
            caller = Actor(name="小惠", role=Role.FOLLOW_UP, staff_id=hui.id)
        form = intake.RequestForm(content="路灯不亮", kind=RequestKind.ASSISTANCE)
        for phone in PHONES:
            asked = replace(form, phone=phone, confidential=phone == CONFIDENTIAL)
            with self.database.work() as s:
                number = intake.open_ticket(s, CENTER, asked, now=MORNING).number
                ticket = assignment.dispatch(s, CENTER, number, "CG", self.rules, now=MORNING)
                unit_actor = Actor(
                    name="联络员", role=Role.DEPARTMENT, department_id=ticket.department_id
                )
                assignment.acknowledge(s, unit_actor, number, now=MORNING)
                handling.complete(
                    s,
                    unit_actor,
                    number,
                    self.rules,
                    public_reply="路灯已于当日修复并恢复照明。",
                    now=MORNING,
                )
                handling.pass_audit(s, CENTER, number, self.rules, now=MORNING)
        return caller

    # --- what the worker does ---------------------------------------------------------------

    def place(self) -> None:
        """The campaign looks for whom to ring."""
        campaigns.place_calls(self.database, self.exchange, self.rules, Lines(most=4), self.now)

    def hear(self) -> None:
        """The telephone system tells how a call went; news not stored is told again."""
        if not self.exchange.untold:
            return
        call = self.chance.choice(self.exchange.untold)
        if self.database.danger and self.chance.random() < 0.15:
            # It died with its calls: their ends are told by nobody.
            self.exchange.untold.clear()
            return
        keyed = self.chance.random() < 0.4
        with self.database.work() as s:
            if keyed:
                pressed = SurveyAnswer(
                    follow_up_id=call.follow_up_id, question="solved", digit="1", at=self.now
                )
                followup.record_survey_answer(s, pressed, now=self.now)
            ended = SurveyEnded(
                follow_up_id=call.follow_up_id,
                result=SurveyResult.PARTIAL if keyed else SurveyResult.NO_ANSWER,
                at=self.now,
                call_id=call.channel_id,
            )
            followup.record_survey_end(s, ended, self.rules, now=self.now)
        self.exchange.untold.remove(call)

    def mend(self) -> None:
        """What a crash left open is ended."""
        campaigns.end_lost_calls(self.database, self.rules, self.now)
        if not self.exchange.untold:
            campaigns.end_silent_calls(self.database, self.rules, MORNING, self.now)
        campaigns.forget_nobody(self.database, self.rules, self.now)

    def let_links_expire(self) -> None:
        """Nobody has used his link."""
        with self.database.read() as s:
            over = survey_links.run_out(s, limit=10, now=self.now)
        for follow_up_id in over:
            with self.database.work() as s:
                expired = Answers(reached=False, result=SurveyResult.EXPIRED)
                record_answers(s, SYSTEM, follow_up_id, expired, self.rules, now=self.now)

    def ask_in_person(self) -> None:
        """A follow-up caller takes the next one and writes down what he heard."""
        with self.database.work() as s:
            row = followup_person.claim(s, self.caller, self.rules, now=self.now)
        if row is None:
            return
        said = Answers(reached=False)
        if self.chance.random() < 0.3:
            said = Answers(reached=True, solved=Verdict.RESOLVED, rating=Rating.SATISFIED)
        with self.database.work() as s:
            record_answers(s, self.caller, row.id, said, self.rules, now=self.now)

    def step(self) -> None:
        """Time passes and one thing is done; whoever dies at it is started anew."""
        self.now += timedelta(seconds=self.chance.choice(PAUSES))
        acts: tuple[Callable[[], None], ...] = (
            self.place,
            self.place,
            self.hear,
            self.hear,
            self.mend,
            self.let_links_expire,
            self.ask_in_person,
        )
        with suppress(KilledError):
            self.chance.choice(acts)()
        self.look()

    def look(self) -> None:
        """What must hold whatever happened."""
        with self.database.read() as s:
            tickets = list(s.scalars(select(Ticket)))
            rows = list(s.scalars(select(FollowUp)))
        open_rows = Counter(row.ticket_id for row in rows if row.state in followup_rows.OPEN)
        for ticket in tickets:
            waits = ticket.status == Status.FOLLOW_UP.value
            assert open_rows[ticket.id] == int(waits), "forgotten, or asked twice"
        calling = Counter(row.number for row in rows if row.state == "calling")
        assert max(calling.values(), default=0) <= 1, "two calls at once"
        rung = Counter(call.follow_up_id for call in self.exchange.rung)
        assert max(rung.values(), default=0) <= 1, "one attempt was rung twice"
        confidential = {ticket.id for ticket in tickets if ticket.confidential}
        by_id = {row.id: row.ticket_id for row in rows}
        assert not confidential & {by_id[call.follow_up_id] for call in self.exchange.rung}

    def waiting(self) -> int:
        """How many are still to be asked."""
        with self.database.read() as s:
            return len(s.scalars(select(Ticket.id).where(Ticket.status == "follow_up")).all())


@pytest.mark.parametrize("seed", range(3))
def test_a_worker_that_dies_anywhere_forgets_nobody_and_rings_nobody_twice(
    tmp_path: Path, rules: Rules, seed: int
) -> None:
    story = Story(tmp_path, rules, seed)
    story.look()
    story.database.danger = 0.3
    for _ in range(60):
        story.step()
    assert sum(story.database.deaths.values()) >= 5, story.database.deaths
    story.database.danger = 0.0
    for _ in range(600):
        if not story.waiting():
            break
        story.step()
    assert story.waiting() == 0
    story.database.dispose()
