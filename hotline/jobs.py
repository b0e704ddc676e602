"""Interval jobs: each is one call, and two processes running them do no harm."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from dispatch.bus import Database
from dispatch.domain.errors import TelephonyUnavailable
from dispatch.domain.ports import SeatControl
from dispatch.domain.rules import Rules
from dispatch.service import policy_recount, seats_clock, sweep, throttle, triggers
from dispatch.service.rulebook import RuleBook
from dispatch.service.switch_keeping import SwitchKeeper
from hotline.recordings import RecordingKeeper
from hotline.settings import Settings

log = logging.getLogger("hotline.jobs")

SWITCH_LOOK_S = 3.0
"""How soon a changed line or a closing time reaches the telephone system."""

SEAT_CLOCK_S = 1
"""Seats are shown to the second, so their clocks are looked at every second."""

OLD_GUESS = timedelta(days=1)


def sweep_clocks(database: Database, rules: Rules, now: datetime) -> None:
    """Mark clocks until a pass finds nothing more."""
    while True:
        with database.work() as session:
            swept = sweep.sweep(session, rules, now=now)
        if not swept.total:
            return
        log.info("sweep: %s", swept)


def look_for_triggers(database: Database, rules: Rules, now: datetime) -> None:
    """Order supervision of what has come to call for it by itself."""
    with database.work() as session:
        made = triggers.many_callers_due(session, rules, now=now)
        made += triggers.wandering_due(session, rules, now=now)
    if made:
        log.info("supervision ordered by trigger: %d", len(made))


def apply_policies(database: Database, rules: Rules, now: datetime) -> None:
    """Recount open clocks for a changed rule, batch by batch, until none is left."""
    while True:
        with database.work() as session:
            if not policy_recount.apply_next(session, rules, now=now):
                return


def run_seat_clocks(database: Database, rules: Rules, control: SeatControl, now: datetime) -> None:
    """End wrap-ups whose time is over, mark pauses past their limit."""
    with database.read() as session:
        if not seats_clock.anything_due(session, now=now):
            return
    with database.work() as session:
        ended = seats_clock.run_clocks(session, rules, now=now)
    for seat in ended:
        try:
            control.apply(seat)
        except TelephonyUnavailable as error:
            log.warning("seat %s: %s", seat.extension, error)


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
        rulebook: RuleBook,
        seats: SeatControl,
        keeper: RecordingKeeper,
        switch: SwitchKeeper,
        clock: Callable[[], datetime],
    ) -> None:
        self._scheduler = BackgroundScheduler(
            timezone="Asia/Shanghai",
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60},
        )
        self._clock = clock
        self._every(
            settings.sweep_seconds,
            "sweep",
            lambda now: sweep_clocks(database, rulebook.at(now), now),
        )
        self._every(
            settings.sweep_seconds,
            "policies",
            lambda now: apply_policies(database, rulebook.at(now), now),
        )
        self._every(
            SEAT_CLOCK_S,
            "seats",
            lambda now: run_seat_clocks(database, rulebook.at(now), seats, now),
        )
        self._every(60, "triggers", lambda now: look_for_triggers(database, rulebook.at(now), now))
        self._every(
            settings.recording_seconds,
            "recordings",
            lambda now: keeper.put_away(rulebook.at(now).profile.recording, now),
        )
        self._every(
            3600,
            "old-recordings",
            lambda now: keeper.delete_old(rulebook.at(now).profile.recording, now),
        )
        self._every(SWITCH_LOOK_S, "switch", switch.look)
        self._every(3600, "old-guesses", lambda now: forget_guesses(database, now))

    def add(self, timers: Iterable[tuple[float, str, Callable[[datetime], None]]]) -> None:
        """Run these too: seconds between two runs, a name, the work."""
        for seconds, name, job in timers:
            self._every(seconds, name, job)

    def _every(self, seconds: float, name: str, job: Callable[[datetime], object]) -> None:
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
