"""The timers of follow-up: placing calls, ending what a crash left open, whom nobody would ask."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from dispatch.bus import Database
from dispatch.domain.calls import SurveyEnded, SurveyResult
from dispatch.domain.errors import DialerUnavailable
from dispatch.domain.ports import Dialer
from dispatch.domain.rules import Rules
from dispatch.service import campaign, followup, followup_calls, followup_person
from dispatch.service.campaign import Lines
from dispatch.service.rulebook import RuleBook
from hotline.settings import Settings

log = logging.getLogger("hotline.jobs")

Timer = tuple[float, str, Callable[[datetime], None]]

LOST_CALL = timedelta(minutes=10)
"""A follow-up call still open after this long lost its end in a crash that nothing told of."""

UNHEARD = timedelta(seconds=45)
"""A call claimed this long ago of which the telephone system has nothing to tell is over."""

HEARD_FOR = timedelta(seconds=30)
"""So long after connecting, the telephone system's files of before have been read."""

RETRY = timedelta(seconds=20)
"""A telephone system that died is back within seconds; it may as well refuse for long."""
MEND_S = 20.0


def place_calls(
    database: Database, dialer: Dialer, rules: Rules, lines: Lines, now: datetime
) -> None:
    """Claim due follow-ups and order their calls, as many as there are lines for."""
    with database.read() as session:
        if not lines.most or not campaign.anything_due(session, now=now):
            return
    with database.work() as session:
        calls = campaign.place(session, rules, lines, now=now)
    for call in calls:
        try:
            dialer.dial(call)
        except DialerUnavailable as error:
            log.warning("follow-up %s waits: %s", call.follow_up_id, error)
            with database.work() as session:
                followup_calls.put_back(session, call.follow_up_id, due_at=now + RETRY)


def end_lost_calls(database: Database, rules: Rules, now: datetime) -> None:
    """Finish follow-up calls whose end nobody told: what was said counts, silence is no answer."""
    with database.read() as session:
        lost = followup_calls.overdue_calls(session, before=now - LOST_CALL)
    _end(database, lost, rules, now)


def end_silent_calls(
    database: Database, rules: Rules, connected_since: datetime | None, now: datetime
) -> None:
    """Finish calls that were claimed and never rang, or ended while nobody listened.

    What we have not heard is no proof that nothing rings: only once the telephone system has been
    heard for a while.
    """
    if connected_since is None or now - connected_since < HEARD_FOR:
        return
    with database.read() as session:
        lost = followup_calls.silent_calls(session, before=now - UNHEARD)
    _end(database, lost, rules, now)


def _end(database: Database, lost: list[int], rules: Rules, now: datetime) -> None:
    for follow_up_id in lost:
        log.warning("follow-up %s: its end was never told", follow_up_id)
        with database.work() as session:
            ended = SurveyEnded(follow_up_id=follow_up_id, result=SurveyResult.FAILED, at=now)
            followup.record_survey_end(session, ended, rules, now=now)


def forget_nobody(database: Database, rules: Rules, now: datetime) -> None:
    """Give back what people took and left, and plan for whom nothing is planned."""
    with database.work() as session:
        given_back = followup_person.release_forgotten(session, now=now)
    with database.work() as session:
        adopted = campaign.adopt_forgotten(session, rules, now=now)
    if given_back or adopted:
        log.info("follow-ups given back: %d, planned anew: %d", given_back, adopted)


def timers(
    settings: Settings,
    database: Database,
    rulebook: RuleBook,
    dialer: Dialer,
    connected_since: Callable[[], datetime | None],
) -> tuple[Timer, ...]:
    """What runs by the clock for follow-up: seconds, name, work."""
    lines = Lines(
        most=settings.follow_up_lines,
        trunk=settings.trunk_lines,
        spare=settings.follow_up_spare_lines,
    )

    def place(now: datetime) -> None:
        place_calls(database, dialer, rulebook.at(now), lines, now)

    def mend(now: datetime) -> None:
        end_lost_calls(database, rulebook.at(now), now)
        end_silent_calls(database, rulebook.at(now), connected_since(), now)
        forget_nobody(database, rulebook.at(now), now)

    return ((settings.follow_up_seconds, "follow-up", place), (MEND_S, "lost-calls", mend))
