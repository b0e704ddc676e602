"""Where telephony's news goes: contacts and follow-ups in the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from dispatch.bus import Database
from dispatch.domain.calls import (
    AgentSeen,
    CallRecord,
    JoinEnded,
    ListeningEnded,
    ListeningsAlive,
    SurveyAnswer,
    SurveysAlive,
)
from dispatch.domain.ports import Seat
from dispatch.service import (
    agent_ratings,
    call_backs,
    catalogue,
    followup,
    intake,
    listening,
    seats_reached,
    seats_seen,
    survey_comments,
    third_parties,
)
from dispatch.service.rulebook import RuleBook
from telephony.writer import News


class DatabaseSink:
    """Stores calls and follow-up answers; a batch is one transaction.

    `alone` says that `node` is the only telephone system there is.
    """

    def __init__(
        self,
        database: Database,
        rulebook: RuleBook,
        clock: Callable[[], datetime],
        node: str | None = None,
        *,
        alone: bool = True,
    ) -> None:
        self._node = node
        self._alone = alone
        self._database = database
        self._rulebook = rulebook
        self._clock = clock
        self.ask: Callable[[Seat], None] = lambda _: None
        """Asks the telephone system for a seat without waiting; set once there is one to ask."""

    def take(self, news: Sequence[News]) -> None:
        """Write all of it in this order; telling the same thing twice changes nothing."""
        now = self._clock()
        wished: list[Seat | None] = []
        with self._database.work() as session:
            chosen = seats_reached.chosen_telephones(session)
            for item in news:
                if isinstance(item, CallRecord):
                    call = seats_reached.as_agents(item, chosen)
                    contact_id = intake.record_call(session, call, now=now)
                    call_backs.note(session, contact_id, self._rulebook.at(now), now=now)
                    agent_ratings.note_call(session, contact_id, call, now=now)
                    survey_comments.note_call(session, contact_id, call)
                elif isinstance(item, SurveyAnswer):
                    followup.record_survey_answer(session, item, now=now)
                elif isinstance(item, AgentSeen):
                    rules = self._rulebook.at(now)
                    wished.append(seats_seen.record_seen(session, item, rules, now))
                elif isinstance(item, JoinEnded):
                    third_parties.settle(session, item, now=now)
                elif isinstance(item, ListeningEnded):
                    listening.close(session, item.listening_id, at=item.at)
                elif isinstance(item, ListeningsAlive):
                    listening.close_vanished(session, item, self._node)
                elif isinstance(item, SurveysAlive):
                    node = None if self._alone else self._node
                    followup.end_vanished(session, item, self._rulebook.at(now), node, now=now)
                else:
                    followup.record_survey_end(session, item, self._rulebook.at(now), now=now)
        for seat in {seat.extension: seat for seat in wished if seat is not None}.values():
            self.ask(seat)


class DatabaseCheckpoints:
    """How far Asterisk's files were read, kept beside what was read from them.

    `prefix` keeps the positions of several telephone systems apart.
    """

    def __init__(self, database: Database, prefix: str = "") -> None:
        self._database = database
        self._prefix = prefix

    def get(self, name: str) -> str | None:
        """The stored position; None when never."""
        with self._database.read() as session:
            return catalogue.checkpoint(session, f"{self._prefix}{name}")

    def put(self, name: str, value: str) -> None:
        """Remember the position."""
        with self._database.work() as session:
            catalogue.put_checkpoint(session, f"{self._prefix}{name}", value)
