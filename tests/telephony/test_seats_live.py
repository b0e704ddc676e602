"""Seats from the telephone to the database and back: a real Asterisk, real calls, our store."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from dispatch.bus import Database
from dispatch.db import Base
from dispatch.domain.people import Actor
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.ports import AgentState
from dispatch.domain.rules import Rules
from dispatch.domain.switch_plan import SwitchPlan
from dispatch.domain.vocabulary import Role
from dispatch.models.contacts import Contact
from dispatch.models.people import Staff
from dispatch.models.telephone import AgentInterval
from dispatch.service import accounts, seat_devices, seats, seats_clock
from dispatch.service.rulebook import RuleBook
from hotline.seating import DatabaseSeats
from hotline.store import DatabaseCheckpoints, DatabaseSink
from telephony.ami import AmiConfig
from telephony.asterisk.callers import Manner
from telephony.connector import ConnectorConfig, TelephonyConnector
from telephony.headers import HEARD
from tests.fixtures_asterisk import AsteriskUnderTest, private_asterisk
from tests.fixtures_hotline import until
from tests.telephony.test_seats_checked import members

pytestmark = pytest.mark.asterisk
RULES = Rules(load_profile("default"), load_calendar())
QUEUES = tuple(dataclasses.replace(q, ring_s=5) for q in RULES.profile.calls.queues)
WANG, ZHAO, BROWSER = "9001", "9002", "8001"


class Centre:
    """An Asterisk, a database and what connects them; agents at desk telephones and one browser."""

    def __init__(self, asterisk: AsteriskUnderTest, folder: Path) -> None:
        self.asterisk = asterisk
        self.database = Database(f"sqlite:///{folder / 'hotline.db'}")
        Base.metadata.create_all(self.database.engines.write)
        people = {WANG: "wang", ZHAO: "zhao", BROWSER: "qian"}
        self.agents = {number: self._agent(login, number) for number, login in people.items()}
        rulebook = RuleBook(self.database, RULES)
        sink = DatabaseSink(self.database, rulebook, self.now)
        secrets, port = asterisk.settings.secrets, asterisk.settings.ami_port
        self.connector = TelephonyConnector(
            ConnectorConfig(
                events=AmiConfig(
                    username="hotline-events", secret=secrets.ami_events, port=port, wanted=HEARD
                ),
                actions=AmiConfig(
                    username="hotline-actions", secret=secrets.ami_actions, port=port
                ),
                channel_events=asterisk.cel,
                queue_log=asterisk.queue_log,
                seat_check_s=1.0,
            ),
            sink=sink,
            seats=DatabaseSeats(self.database, rulebook, self.now),
            checkpoints=DatabaseCheckpoints(self.database),
            now=self.now,
        )
        sink.ask = self.connector.seats.ask

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    def _agent(self, login: str, extension: str) -> Actor:
        with self.database.work() as session:
            staff_id = accounts.create_staff(
                session,
                login=login,
                name=login,
                role=Role.AGENT,
                password_hash="x",
                extension=extension,
            )
        return Actor(name=login, role=Role.AGENT, staff_id=staff_id, extension=extension)

    def move(self, extension: str, telephone: str) -> None:
        """Let the agent's calls ring at this desk telephone."""
        with self.database.work() as session:
            seat = seat_devices.set_device(
                session,
                self.agents[extension],
                "desk_phone",
                telephone,
                {WANG, ZHAO},
                RULES,
                now=self.now(),
            )
        self.connector.seats.apply(seat)

    def wish(self, extension: str, state: AgentState) -> None:
        with self.database.work() as session:
            seat = seats.set_seat(session, self.agents[extension], state, RULES, now=self.now())
        self.connector.seats.apply(seat)

    def shown(self, extension: str) -> seats.SeatView:
        with self.database.read() as session:
            return seats.seat_of(session, self.agents[extension], RULES)

    def held(self, extension: str) -> tuple[str, str] | None:
        """(paused, reason) of the agent in the general queue of Asterisk."""
        found = members(self.asterisk).get(("hotline", f"PJSIP/{extension}"))
        return None if found is None else found[1:]

    def past(self, extension: str) -> list[str]:
        with self.database.read() as session:
            rows = session.scalars(
                select(AgentInterval)
                .where(AgentInterval.extension == extension)
                .order_by(AgentInterval.since)
            )
            return [row.reason or row.state for row in rows]


@pytest.fixture
def centre() -> Iterator[Centre]:
    with (
        tempfile.TemporaryDirectory(prefix="hotline-live-seats-") as name,
        private_asterisk(Path(name), plan=SwitchPlan(queues=QUEUES)) as asterisk,
    ):
        made = Centre(asterisk, Path(name))
        made.connector.start()
        until(lambda: made.connector.status().connected)
        yield made
        made.connector.stop()
        made.database.dispose()


def test_an_answered_call_ends_in_a_wrap_up_that_asterisk_knows_of_and_its_clock_ends_it(
    centre: Centre,
) -> None:
    centre.wish(WANG, AgentState.READY)
    assert centre.held(WANG) == ("0", "")
    with (
        centre.asterisk.desk_phone(WANG).start() as telephone,
        centre.asterisk.citizen().dial("13800139051", "12345", seconds=90),
    ):
        until(lambda: centre.shown(WANG).state is AgentState.TALKING)
        # Already in the talk, so that nothing is offered in the moment after it.
        until(lambda: centre.held(WANG) == ("1", "话后整理"))
        telephone.hang_up()
        until(lambda: centre.shown(WANG).state is AgentState.WRAP_UP)
    view = centre.shown(WANG)
    assert view.wish is AgentState.READY
    assert view.limit_at is not None
    assert view.since is not None
    assert view.limit_at - view.since == timedelta(seconds=60)
    assert centre.held(WANG) == ("1", "话后整理")
    with centre.database.work() as session:
        ended = seats_clock.run_clocks(session, RULES, now=view.limit_at)
    for seat in ended:
        centre.connector.seats.apply(seat)
    assert centre.held(WANG) == ("0", "")
    assert centre.past(WANG) == ["ready", "ringing", "talking", "wrap_up", "ready"]
    assert centre.connector.status().seat_corrections.get("pause", 0) == 0


def test_who_lets_it_ring_is_paused_and_the_call_goes_to_the_next(centre: Centre) -> None:
    centre.wish(WANG, AgentState.READY)
    with (
        centre.asterisk.desk_phone(WANG, Manner.NO_ANSWER).start(),
        centre.asterisk.desk_phone(ZHAO).start() as telephone,
        centre.asterisk.citizen().dial("13800139052", "12345", seconds=90),
    ):
        until(lambda: centre.shown(WANG).state is AgentState.RINGING)
        centre.wish(ZHAO, AgentState.READY)
        until(lambda: centre.held(WANG) == ("1", "振铃未接"))
        until(lambda: centre.shown(ZHAO).state is AgentState.TALKING)
        assert centre.shown(WANG).missed
        telephone.hang_up()
        until(lambda: centre.shown(ZHAO).state is AgentState.WRAP_UP)
    assert centre.past(WANG) == ["ready", "ringing", "振铃未接"]
    centre.wish(WANG, AgentState.READY)
    assert centre.held(WANG) == ("0", "")


def test_a_call_taken_at_the_desk_telephone_an_agent_chose_is_his(centre: Centre) -> None:
    with centre.database.work() as session:
        session.execute(update(Staff).where(Staff.extension == ZHAO).values(extension=None))
    centre.wish(BROWSER, AgentState.READY)
    centre.move(BROWSER, ZHAO)
    assert list(members(centre.asterisk)) == [("hotline", f"PJSIP/{ZHAO}")]
    with (
        centre.asterisk.desk_phone(ZHAO).start() as telephone,
        centre.asterisk.citizen().dial("13800139053", "12345", seconds=90),
    ):
        until(lambda: centre.shown(BROWSER).state is AgentState.TALKING)
        telephone.hang_up()
        until(lambda: centre.shown(BROWSER).state is AgentState.WRAP_UP)
    assert centre.past(BROWSER) == ["ready", "ringing", "talking", "wrap_up"]
    with centre.database.read() as session:
        [contact] = session.scalars(select(Contact))
    assert (contact.agent, contact.agent_id) == (BROWSER, centre.agents[BROWSER].staff_id)
