"""The timers of the telephones: call-backs, the marks of callers, the end of number flags.

Each pass is one call and finds everything in the database, so a process that died leaves nothing
behind but what the next pass sees, and two processes at once do no harm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from dispatch.bus import Database
from dispatch.domain.call_ports import CallBackDialer, CallerMark, CallerMarks, Telephones
from dispatch.domain.errors import TelephonyUnavailable
from dispatch.domain.rules import Rules
from dispatch.service import call_back_placing, caller_marks, number_flags
from dispatch.service.rulebook import RuleBook

log = logging.getLogger("hotline.jobs")

Timer = tuple[float, str, Callable[[datetime], None]]
PLACE_S = 1.0
MARK_S = 2.0

NEVER_RANG = timedelta(minutes=2)
"""A call-back claimed this long ago of which nothing was heard was never placed."""

HEARD_FOR = timedelta(seconds=30)
"""So long after connecting, the telephone system's files of before have been read."""

ASSERT_AGAIN = timedelta(seconds=30)


def place_call_backs(
    database: Database, dialer: CallBackDialer, rules: Rules, now: datetime
) -> None:
    """Ring those whose turn has come, and hang up on those who are with us on another line."""
    with database.read() as session:
        if not call_back_placing.anything_to_do(session, now=now):
            return
    with database.work() as session:
        unwanted = call_back_placing.wanted_no_more(session, now=now)
        orders = call_back_placing.claim_due(session, rules, now=now)
    for call_id in unwanted:
        try:
            dialer.hang_up(call_id)
        except TelephonyUnavailable as error:
            log.warning("call-back %s rings on: %s", call_id, error)
    for order in orders:
        try:
            dialer.call_back(order)
        except TelephonyUnavailable as error:
            # It may have been placed all the same: only silence afterwards says that it was not.
            log.warning("call-back %s: %s", order.channel_id, error)


def mend_call_backs(
    database: Database, connected_since: Callable[[], datetime | None], now: datetime
) -> None:
    """Give up what is too old, and offer again what was claimed and never rung."""
    since = connected_since()
    with database.work() as session:
        call_back_placing.expire(session, now=now)
        if since is None or now - since < HEARD_FOR:
            # What we have not heard is no proof that nothing rang.
            return
        lost = call_back_placing.offer_lost_again(session, before=now - NEVER_RANG, now=now)
    if lost:
        log.warning("call-backs claimed and never rung: %s", lost)


def end_flags(database: Database, now: datetime) -> None:
    """End number flags on their day."""
    with database.work() as session:
        ended = number_flags.expire(session, now=now)
    if ended:
        log.info("number flags ended: %d", ended)


class MarkKeeper:
    """Tells the telephone system who is special, when that changes and again now and then."""

    def __init__(self, database: Database, marks: CallerMarks) -> None:
        self._database = database
        self._marks = marks
        self._told: tuple[CallerMark, ...] | None = None
        self._told_at: datetime | None = None

    def keep(self, rules: Rules, now: datetime) -> None:
        """Assert the marks of this moment; what could not be told is told at the next pass."""
        with self._database.read() as session:
            wanted = caller_marks.current(session, rules, now=now)
        fresh = self._told_at is not None and now - self._told_at < ASSERT_AGAIN
        if fresh and wanted == self._told:
            return
        try:
            self._marks.assert_marks(wanted)
        except TelephonyUnavailable as error:
            if self._told_at is not None:
                log.warning("caller marks: %s", error)
            self._told_at = None
            return
        self._told, self._told_at = wanted, now


def timers(
    database: Database,
    rulebook: RuleBook,
    telephones: Telephones,
    connected_since: Callable[[], datetime | None],
) -> tuple[Timer, ...]:
    """What runs by the clock for the telephones: seconds, name, work."""
    keeper = MarkKeeper(database, telephones.marks)

    def place(now: datetime) -> None:
        place_call_backs(database, telephones.call_backs, rulebook.at(now), now)

    return (
        (PLACE_S, "call-backs", place),
        (MARK_S, "caller-marks", lambda now: keeper.keep(rulebook.at(now), now)),
        (60, "lost-call-backs", lambda now: mend_call_backs(database, connected_since, now)),
        (60, "number-flags", lambda now: end_flags(database, now)),
    )
