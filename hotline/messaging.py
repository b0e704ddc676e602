"""The timers of text messages: what waits is sent, and links nobody used are ended.

Each pass finds everything in the database. A message is claimed in one transaction, handed over
outside any, and its end written down in another; a process that dies in between leaves a message
that is offered again with the same key.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dispatch.bus import Database
from dispatch.domain.calls import SurveyResult
from dispatch.domain.errors import MessageNotSent
from dispatch.domain.ports import Messenger, OutgoingText, Signer
from dispatch.domain.rules import Rules
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import survey_answers, survey_links, text_messages
from dispatch.service.rulebook import RuleBook
from dispatch.service.text_messages import Claimed

log = logging.getLogger("hotline.jobs")

Timer = tuple[float, str, Callable[[datetime], None]]
SEND_S = 5.0
EXPIRE_S = 60.0
AT_ONCE = 20
"""Messages of one pass: the last of them is sent well within the time it was claimed for."""

OVER = "诉求人已经评价，或这次回访已经结束"


@dataclass(frozen=True)
class Outbox:
    """What sending needs: the store, who delivers, who signs links, and where they lead."""

    database: Database
    messenger: Messenger
    signer: Signer
    address: str

    def send_due(self, rules: Rules, now: datetime) -> int:
        """Send what waits, at polite hours only; return how many were handed over."""
        if not rules.profile.follow_up.is_polite(now.astimezone(SHANGHAI).time()):
            return 0
        with self.database.read() as session:
            if not text_messages.any_due(session, now=now):
                return 0
        with self.database.work() as session:
            claimed = text_messages.claim_due(session, limit=AT_ONCE, now=now)
        return sum(self._send(one, rules, now) for one in claimed)

    def _send(self, one: Claimed, rules: Rules, now: datetime) -> bool:
        text = self._text(one, now)
        if text is None:
            with self.database.work() as session:
                text_messages.drop(session, one.id, OVER)
            return False
        try:
            reference = self.messenger.send(text)
        except MessageNotSent as problem:
            self._refused(one, problem, rules, now)
            return False
        with self.database.work() as session:
            if text_messages.sent(session, one.id, reference, now=now) and one.follow_up_id:
                survey_links.was_sent(session, one.follow_up_id, now=now)
        return True

    def _text(self, one: Claimed, now: datetime) -> OutgoingText | None:
        if one.follow_up_id is None:
            return one.with_link("")
        with self.database.read() as session:
            token = survey_links.token_of(session, one.follow_up_id, self.signer, now=now)
        return one.with_link(f"{self.address}/s/{token}") if token else None

    def _refused(self, one: Claimed, problem: MessageNotSent, rules: Rules, now: datetime) -> None:
        log.warning("message %d: %s", one.id, problem)
        with self.database.work() as session:
            given_up = text_messages.refused(
                session, one.id, str(problem), permanent=problem.permanent, now=now
            )
            if given_up and one.follow_up_id is not None:
                # Nobody was asked: a person takes over at once instead of waiting for the link.
                survey_answers.give_up(
                    session, one.follow_up_id, SurveyResult.UNSENT, rules, now=now
                )


def end_expired(database: Database, rules: Rules, now: datetime) -> int:
    """End attempts whose link ran out; each in a transaction of its own. Return how many."""
    with database.read() as session:
        ids = survey_links.run_out(session, limit=500, now=now)
    for follow_up_id in ids:
        with database.work() as session:
            survey_answers.give_up(session, follow_up_id, SurveyResult.EXPIRED, rules, now=now)
    return len(ids)


def timers(outbox: Outbox, rulebook: RuleBook) -> tuple[Timer, ...]:
    """What runs by the clock for text messages: seconds, name, work."""

    def send(now: datetime) -> None:
        outbox.send_due(rulebook.at(now), now)

    def expire(now: datetime) -> None:
        end_expired(outbox.database, rulebook.at(now), now)

    return ((SEND_S, "messages", send), (EXPIRE_S, "expired-links", expire))
