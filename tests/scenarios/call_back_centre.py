"""An Asterisk, a database and the timers of call-backs; also run as a process that dies of them.

`python -m tests.scenarios.call_back_centre DATABASE PORT SECRETS before|after` claims what is due
and is killed, as by a power cut, before or after the telephone system has taken the order.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time

from sqlalchemy import select

from dispatch.bus import Database
from dispatch.domain.call_ports import CallBackDialer, CallBackOrder
from dispatch.domain.policy import load_calendar, load_profile
from dispatch.domain.ports import AgentState
from dispatch.domain.rules import Rules
from dispatch.models.contacts import Contact
from dispatch.models.telephone import CallBack
from dispatch.service.rulebook import RuleBook
from hotline import calling
from hotline.seating import DatabaseSeats
from hotline.store import DatabaseCheckpoints, DatabaseSink
from telephony.ami import AmiConfig
from telephony.connector import ConnectorConfig, TelephonyConnector
from telephony.headers import HEARD
from tests.dispatch.call_story import seat
from tests.fixtures_asterisk import AsteriskUnderTest

AGENT = "9001"


def all_day(rules: Rules) -> Rules:
    """The rules with call-backs at any hour, as tests run at any hour, and without least wait."""
    always = ((clock_time(0), clock_time(23, 59, 59)),)
    policy = dataclasses.replace(rules.profile.call_back, hours=always, least_wait_s=0)
    return dataclasses.replace(rules, profile=dataclasses.replace(rules.profile, call_back=policy))


RULES = all_day(Rules(load_profile("default"), load_calendar()))


def now() -> datetime:
    """The clock of everything here."""
    return datetime.now(UTC)


def connect(
    database: Database, port: int, events: str, actions: str, asterisk: AsteriskUnderTest | None
) -> TelephonyConnector:
    """A connector that stores what it hears; without `asterisk` it reads no files."""
    rulebook = RuleBook(database, RULES)
    sink = DatabaseSink(database, rulebook, now)
    connector = TelephonyConnector(
        ConnectorConfig(
            events=AmiConfig(username="hotline-events", secret=events, port=port, wanted=HEARD),
            actions=AmiConfig(username="hotline-actions", secret=actions, port=port),
            channel_events=asterisk.cel if asterisk else None,
            queue_log=asterisk.queue_log if asterisk else None,
        ),
        sink=sink,
        seats=DatabaseSeats(database, rulebook, now),
        checkpoints=DatabaseCheckpoints(database),
        now=now,
    )
    sink.ask = connector.seats.ask
    return connector


class Centre:
    """The running parts; `turn` is what the timers do once."""

    def __init__(self, asterisk: AsteriskUnderTest, url: str) -> None:
        self.asterisk = asterisk
        self.url = url
        self.database = Database(url)
        self.connector = self._connector()
        self.marks = calling.MarkKeeper(self.database, self.connector.telephones.marks)

    def _connector(self) -> TelephonyConnector:
        secrets = self.asterisk.settings.secrets
        port = self.asterisk.settings.ami_port
        return connect(self.database, port, secrets.ami_events, secrets.ami_actions, self.asterisk)

    def start(self) -> None:
        """Connect, and wait until it is."""
        self.connector.start()
        self.until(lambda: self.connector.status().connected, turning=False)

    def restart(self) -> None:
        """A new process's parts on the same database."""
        self.connector.stop()
        self.connector = self._connector()
        self.start()

    def stop(self) -> None:
        """End everything."""
        self.connector.stop()
        self.database.dispose()

    def agent(self, state: AgentState) -> None:
        """What the only agent wishes; asserted by the check of the seats, and here at once."""
        seat(self.database, AGENT, state=state)
        wishes = DatabaseSeats(self.database, RuleBook(self.database, RULES), now).wishes()
        for one in wishes:
            self.connector.seats.apply(one)

    def turn(self) -> None:
        """One pass of the timers."""
        calling.place_call_backs(self.database, self.connector.telephones.call_backs, RULES, now())
        self.marks.keep(RULES, now())

    def mend(self, later: timedelta) -> None:
        """The pass that finds lost calls, so much later than now; all files have been read."""
        calling.mend_call_backs(self.database, lambda: now() - timedelta(minutes=1), now() + later)

    def until(self, true: Callable[[], object], seconds: float = 90, turning: bool = True) -> None:
        """Let the timers run until something is true."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"waited in vain: {self.states()}"
            if turning:
                self.turn()
            time.sleep(0.1)

    def row(self, number: str) -> CallBack | None:
        """The newest call-back of a number."""
        with self.database.read() as session:
            return session.scalar(
                select(CallBack).where(CallBack.number == number).order_by(CallBack.id.desc())
            )

    def rows(self, number: str) -> list[CallBack]:
        """All call-backs of a number."""
        with self.database.read() as session:
            return list(session.scalars(select(CallBack).where(CallBack.number == number)))

    def calls(self, number: str) -> list[Contact]:
        """All contacts with a number."""
        with self.database.read() as session:
            wanted = select(Contact).where(Contact.caller == number).order_by(Contact.id)
            return list(session.scalars(wanted))

    def states(self) -> list[tuple[str, str, int, str]]:
        """What there is, for a message."""
        with self.database.read() as session:
            rows = session.scalars(select(CallBack))
            return [(row.number, row.state, row.attempts, row.note) for row in rows]

    def killed(self, moment: str) -> None:
        """Let another process claim what is due, and die `before` or `after` the order."""
        secrets = self.asterisk.settings.secrets
        arguments = [self.url, str(self.asterisk.settings.ami_port)]
        arguments += [f"{secrets.ami_events},{secrets.ami_actions}", moment]
        done = subprocess.run(
            [sys.executable, "-m", "tests.scenarios.call_back_centre", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr


class Dying:
    """Dies in the middle of giving an order."""

    def __init__(self, dialer: CallBackDialer, moment: str) -> None:
        self._dialer = dialer
        self._moment = moment

    def call_back(self, order: CallBackOrder) -> None:
        """Kill the process before or after the order."""
        if self._moment == "after":
            self._dialer.call_back(order)
        os.kill(os.getpid(), signal.SIGKILL)

    def hang_up(self, channel_id: str) -> None:
        """Hang up as ordered."""
        self._dialer.hang_up(channel_id)


def main(url: str, port: str, secrets: str, moment: str) -> None:
    """Claim and die."""
    database = Database(url)
    events, actions = secrets.split(",")
    connector = connect(database, int(port), events, actions, None)
    connector.start()
    while not connector.status().connected:
        time.sleep(0.05)
    dialer = Dying(connector.telephones.call_backs, moment)
    for _turn in range(100):
        calling.place_call_backs(database, dialer, RULES, now())
        time.sleep(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:5])
