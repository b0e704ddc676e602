"""Where telephony's news goes: contacts and follow-ups in the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from dispatch.bus import Database
from dispatch.domain.calls import CallRecord, SurveyAnswer, SurveyEnded
from dispatch.domain.ports import Seat
from dispatch.domain.rules import Rules
from dispatch.service import catalogue, followup, intake, seats

News = CallRecord | SurveyAnswer | SurveyEnded


class DatabaseSink:
    """Stores calls and follow-up answers; a batch is one transaction."""

    def __init__(self, database: Database, rules: Rules, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._rules = rules
        self._clock = clock

    def take(self, news: Sequence[News]) -> None:
        """Write all of it in this order; telling the same thing twice changes nothing."""
        now = self._clock()
        with self._database.work() as session:
            for item in news:
                if isinstance(item, CallRecord):
                    intake.record_call(session, item, now=now)
                elif isinstance(item, SurveyAnswer):
                    followup.record_survey_answer(session, item, now=now)
                else:
                    followup.record_survey_end(session, item, self._rules, now=now)


class DatabaseCheckpoints:
    """How far Asterisk's files were read, kept beside what was read from them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str | None:
        """The stored position; None when never."""
        with self._database.read() as session:
            return catalogue.checkpoint(session, name)

    def put(self, name: str, value: str) -> None:
        """Remember the position."""
        with self._database.work() as session:
            catalogue.put_checkpoint(session, name, value)


def wished_seats(database: Database) -> Callable[[], list[Seat]]:
    """What the agents want, to be asserted after every start of Asterisk."""

    def read() -> list[Seat]:
        with database.read() as session:
            return seats.wished_seats(session)

    return read
