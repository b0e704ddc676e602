"""Interval jobs: each is one call, and two processes running them do no harm."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from dispatch.bus import Database
from dispatch.domain.calls import SurveyEnded, SurveyResult
from dispatch.domain.errors import DialerUnavailable
from dispatch.domain.ports import Dialer
from dispatch.domain.rules import Rules
from dispatch.service import followup, sweep, throttle
from hotline.settings import Settings

log = logging.getLogger("hotline.jobs")

LOST_CALL = timedelta(minutes=10)
"""A follow-up call still open after this long lost its end in a crash."""

RETRY = timedelta(minutes=1)
OLD_GUESS = timedelta(days=1)


def sweep_clocks(database: Database, now: datetime) -> None:
    """Warn and breach until a pass finds nothing more."""
    while True:
        with database.work() as session:
            swept = sweep.sweep(session, now=now)
        if not (swept.warned or swept.unsigned or swept.breached):
            return
        log.info("sweep: %s", swept)


def dial_follow_ups(database: Database, dialer: Dialer, lines: int, now: datetime) -> None:
    """Claim due follow-ups and order their calls, at most `lines` at once."""
    with database.work() as session:
        free = lines - followup.running_calls(session)
        calls = followup.claim_due(session, limit=free, now=now) if free > 0 else []
    for call in calls:
        try:
            dialer.dial(call)
        except DialerUnavailable as error:
            log.warning("follow-up %s waits: %s", call.follow_up_id, error)
            with database.work() as session:
                followup.put_back(session, call.follow_up_id, due_at=now + RETRY)


def end_lost_calls(database: Database, rules: Rules, now: datetime) -> None:
    """Finish follow-up calls whose end nobody told: what was said counts, silence is no answer."""
    with database.work() as session:
        for follow_up_id in followup.overdue_calls(session, before=now - LOST_CALL):
            ended = SurveyEnded(follow_up_id=follow_up_id, result=SurveyResult.FAILED, at=now)
            followup.record_survey_end(session, ended, rules, now=now)


def forget_guesses(database: Database, now: datetime) -> None:
    """Drop counts of wrong passwords and codes that no longer hold anybody up."""
    with database.work() as session:
        throttle.sweep_old(session, before=now - OLD_GUESS)


class Jobs:
    """The scheduler with its few interval jobs; nothing about a ticket is stored in it."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        rules: Rules,
        dialer: Dialer,
        clock: Callable[[], datetime],
    ) -> None:
        self._scheduler = BackgroundScheduler(
            timezone="Asia/Shanghai",
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60},
        )
        self._clock = clock
        self._every(settings.sweep_seconds, "sweep", lambda now: sweep_clocks(database, now))
        self._every(
            settings.follow_up_seconds,
            "follow-up",
            lambda now: dial_follow_ups(database, dialer, settings.follow_up_lines, now),
        )
        self._every(60, "lost-calls", lambda now: end_lost_calls(database, rules, now))
        self._every(3600, "old-guesses", lambda now: forget_guesses(database, now))

    def _every(self, seconds: float, name: str, job: Callable[[datetime], None]) -> None:
        def run() -> None:
            try:
                job(self._clock())
            except Exception:
                # One bad pass must not stop the line; its rows are found again by the next.
                log.exception("job %s failed", name)

        self._scheduler.add_job(run, "interval", seconds=seconds, id=name, name=name)

    def start(self) -> None:
        """Start the timer thread."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop after the job that runs now."""
        self._scheduler.shutdown(wait=True)
