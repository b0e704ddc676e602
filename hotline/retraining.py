"""Retraining: what is due is gathered, learned, judged against the model in use, and put into use.

All heavy work is outside of transactions. Whoever is killed in the middle leaves a training that
falls silent and is taken up again, and at most a folder of a model that nobody uses.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from classifier.holdout import RULE
from classifier.tokens import Tokenizer
from classifier.training import train
from dispatch.bus import Database
from dispatch.domain.errors import HotlineError
from dispatch.domain.learning_terms import ModelState, TrainingState
from dispatch.domain.people import SYSTEM
from dispatch.service import model_releases, training_runs
from dispatch.service.model_releases import Release
from dispatch.service.training_runs import Claimed
from hotline.model_keeping import ModelKeeper

log = logging.getLogger("hotline.retraining")

TELL_S = 20.0
"""How often a running training tells that it lives, however long its present step takes."""

_STEPS = 20
"""About so many steps a training tells; its share grows with each and stays below the judging."""


class TrainingLost(HotlineError):
    """这次训练已由另一个进程接手，本进程停止"""

    code = "training-lost"


class Retraining:
    """Does the training that waits, from gathering to activation."""

    def __init__(
        self,
        database: Database,
        keeper: ModelKeeper,
        clock: Callable[[], datetime],
        say: Callable[[str], None] = lambda step: None,
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._clock = clock
        self._say = say

    def run(self) -> Release | None:
        """Take up what waits or fell silent; None when there is nothing, or it failed."""
        with self._database.work() as session:
            claimed = training_runs.claim(session, now=self._clock())
        if claimed is None:
            return None
        try:
            return self._train(claimed)
        except TrainingLost as lost:
            log.warning("%s", lost)
        except (HotlineError, OSError, ValueError, MemoryError) as problem:
            log.warning("training %d failed: %s", claimed.run_id, problem)
            said = str(problem) or type(problem).__name__
            self._end(claimed, TrainingState.FAILED, problem=said)
        return None

    def _train(self, claimed: Claimed) -> Release:
        keeper = self._keeper
        telling = _Telling(self._database, claimed, self._clock, self._say)
        with telling.alive():
            keeper.adopt_current(now=self._clock())
            data = keeper.gather(now=self._clock())
            model = train(
                data.learned,
                now=self._clock(),
                names=data.names,
                parents=data.parents,
                tokenizer=Tokenizer(names=data.left_out),
                progress=telling.step,
            )
            telling.at("写入模型", 0.9)
            folder = keeper.folders.put(model, now=self._clock())
            # What is judged is what was written: the files as every process will read them.
            model = keeper.folders.load(folder)
            telling.at("与使用中的模型比较", 0.93)
            verdict = None
            if keeper.active_version() is not None:
                verdict = keeper.compare(model, data, now=self._clock())
            telling.at("登记", 0.98)
        release = keeper.register(model, folder, verdict, held_out=RULE, now=self._clock())
        release = self._put_in_use(claimed, release)
        keeper.tidy()
        return release

    def _put_in_use(self, claimed: Claimed, release: Release) -> Release:
        now = self._clock()
        with self._database.work() as session:
            refused = release.state is ModelState.REFUSED
            state = TrainingState.REFUSED if refused else TrainingState.DONE
            if not training_runs.ended(session, claimed, state, release_id=release.id, now=now):
                raise TrainingLost
            if refused:
                return release
            return model_releases.activate(session, SYSTEM, release.version, now=now)

    def _end(self, claimed: Claimed, state: TrainingState, *, problem: str) -> None:
        with self._database.work() as session:
            training_runs.ended(session, claimed, state, problem=problem, now=self._clock())


class _Telling:
    """Writes down how far a training is, and that it lives."""

    def __init__(
        self,
        database: Database,
        claimed: Claimed,
        clock: Callable[[], datetime],
        say: Callable[[str], None],
    ) -> None:
        self._database = database
        self._claimed = claimed
        self._clock = clock
        self._say = say
        self._now_at = ("准备数据", 0.0)
        self._steps = 0

    def step(self, step: str) -> None:
        """The training began another step."""
        self._steps += 1
        self.at(step, min(0.85, 0.05 + 0.8 * self._steps / _STEPS))

    def at(self, step: str, share: float) -> None:
        """Tell the step; raises TrainingLost when another process has taken over."""
        self._now_at = (step, share)
        self._say(step)
        if not self._write():
            raise TrainingLost

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Tell of it again and again meanwhile."""
        over = threading.Event()

        def tell() -> None:
            while not over.wait(TELL_S):
                if not self._write():
                    return

        thread = threading.Thread(target=tell, name="training-alive", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _write(self) -> bool:
        step, share = self._now_at
        with self._database.work() as session:
            return training_runs.progress(
                session, self._claimed, step=step, share=share, now=self._clock()
            )
