"""The timer that starts trainings, each in a process of its own.

A process, not a thread: learning keeps Python's lock for seconds at a time, and a thread of the
web process would make callers wait. The process runs at low priority (nice 10), gives its memory
back when it ends, and takes nobody along when it dies.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from dispatch.bus import Database
from dispatch.domain.rules import Rules
from dispatch.service import training_runs
from hotline.settings import Settings

log = logging.getLogger("hotline.training")

LOOK_S = 30.0
"""How often it is asked whether a training is due, waits, or fell silent."""

NICE = 10
"""How far a training stands back behind calls and pages."""


class TrainingStarter:
    """The worker's timer: asks for a training when it is due and starts the process for it."""

    def __init__(
        self, settings: Settings, database: Database, rules: Callable[[datetime], Rules]
    ) -> None:
        self._settings = settings
        self._database = database
        self._rules = rules
        self._child: subprocess.Popen[bytes] | None = None

    def look(self, now: datetime) -> None:
        """Start a training when there is one to do and none of ours runs."""
        if self._child is not None and self._child.poll() is None:
            return
        with self._database.work() as session:
            if training_runs.ask_when_due(session, self._rules(now), now=now):
                log.info("a training is due")
        with self._database.read() as session:
            wanted = training_runs.anything_to_do(session, now=now)
        if wanted:
            self._child = self._start()

    def stop(self) -> None:
        """End the training under way; it is taken up again by the next start."""
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            self._child.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        settings = self._settings
        output: Path = settings.folder / "logs" / "training.log"
        output.parent.mkdir(parents=True, exist_ok=True)
        ours = {
            "HOTLINE_DATA_DIR": str(settings.folder),
            "HOTLINE_DATABASE_URL": settings.database_url,
            "HOTLINE_PROFILE": settings.profile,
            "OMP_NUM_THREADS": "1",
        }
        with output.open("ab") as file:
            return subprocess.Popen(
                [sys.executable, "-m", "hotline", "classify", "retrain", "--waiting"],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **ours},
            )
