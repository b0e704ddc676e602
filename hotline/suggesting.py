"""The suggester of a running process: takes up a newly activated model without a restart."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from classifier.pipeline import RequestClassifier
from classifier.suggester import KeywordSuggester, ModelSuggester
from dispatch.db import DATABASE_DOWN
from dispatch.domain.ports import DepartmentSuggester, Suggestions
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import catalogue, routing
from hotline.model_keeping import ModelKeeper

log = logging.getLogger("hotline.suggesting")

LOOK_EVERY = timedelta(seconds=5)
"""How soon a process asks again whether another model was activated."""


class ReloadingSuggester:
    """A DepartmentSuggester that goes on with the model it has while another one is read.

    It asks the database at most every five seconds, and only when it is asked itself. A model that
    cannot be read leaves the present one in place, until the next one is activated.
    """

    def __init__(self, keeper: ModelKeeper, clock: Callable[[], datetime]) -> None:
        self._keeper = keeper
        self._clock = clock
        self._loading = threading.Lock()
        self._serving: DepartmentSuggester | None = None
        self._wanted: str | None = None
        self._looked_at = clock()
        self.take_up()

    def suggest(self, text: str, *, division: str | None = None) -> Suggestions:
        """Return what the present model proposes."""
        self._look()
        present = self._serving
        return present.suggest(text, division=division) if present else Suggestions((), (), "none")

    def take_up(self) -> None:
        """Read the model that is active now, if it is another one than before."""
        with self._loading:
            wanted = self._keeper.active_version()
            if self._serving is not None and wanted == self._wanted:
                return
            self._wanted = wanted
            model = self._keeper.best(wanted)
            if self._serving is not None and (model is None or model.card.version != wanted):
                log.warning("model %s cannot be read; the present one stays", wanted)
                return
            self._serving = _serving(self._keeper, model, self._clock)

    def _look(self) -> None:
        now = self._clock()
        if now - self._looked_at < LOOK_EVERY or self._loading.locked():
            return
        self._looked_at = now
        try:
            if self._keeper.active_version() == self._wanted:
                return
        except DATABASE_DOWN as problem:
            log.warning("which model is active is not known now: %s", problem)
            return
        # Reading takes a second: whoever types now is still answered by the old one.
        threading.Thread(target=self.take_up, name="model", daemon=True).start()


def _serving(
    keeper: ModelKeeper, model: RequestClassifier | None, clock: Callable[[], datetime]
) -> DepartmentSuggester:
    """The trained model, or counting words when there is none: requests are taken either way."""
    with keeper.database.read() as session:
        route = routing.directory(session, today=clock().astimezone(SHANGHAI).date()).lead
        categories, departments = catalogue.names(session)
    if model is None:
        return KeywordSuggester(route=route, categories=categories, departments=departments)
    suggester = ModelSuggester(
        model,
        route=route,
        categories=categories,
        departments=departments,
        rules=lambda: keeper.rules(clock()).profile.classifier,
    )
    # The dictionary is read at the first text: better now than while an agent types.
    suggester.suggest("路灯不亮")
    return suggester
