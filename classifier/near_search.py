"""Finds open tickets of the same event, and closed ones that were alike, in the index."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from classifier.errors import IndexUnusable
from classifier.near_index import Candidate, NearIndex
from classifier.near_words import Look, same_event, same_matter
from dispatch.domain.ports import Near

log = logging.getLogger("hotline.near")

PROBABLE = 0.1
"""From this probability on a ticket is offered as the same event, for a person to look at.

Among the pairs of tests/classifier/same_event.csv nine in ten are found so: docs/similar.md.
"""

ALIKE = 0.3
"""From this likeness on a closed ticket is shown as one of the same matter."""

CANDIDATES = 60
"""Tickets with the most telling words in common that are compared closely."""

MOST = 20
"""Tickets that are given back: whoever asks may not see all of them."""

LOOK_AGAIN_S = 5.0
"""How long after a failure the index is opened again."""

Parents = Mapping[str, str | None]


class NearSearch:
    """A TicketSearch over the index in a folder, which another process may be writing.

    It never fails: while the index is missing or damaged it is not ready and finds nothing.
    """

    def __init__(self, folder: Path, parents: Callable[[], Parents]) -> None:
        """`parents` gives, for each division's code, the code of the one above."""
        self._folder = folder
        self._ask_parents = parents
        self._parents: Parents = {}
        self._index: NearIndex | None = None
        self._lock = threading.Lock()
        self._failed_at: float | None = None

    @property
    def ready(self) -> bool:
        """Whether every ticket is known to it."""
        index = self._open()
        try:
            return index is not None and index.mark().complete
        except IndexUnusable as problem:
            self._drop(problem)
            return False

    def same_event(
        self,
        text: str,
        *,
        place: str = "",
        division: str | None = None,
        since: datetime,
        now: datetime,
    ) -> tuple[Near, ...]:
        """Open tickets since then that probably tell of the same event, most alike first."""
        asked = Look.of(text, place, division)
        scored = [
            Near(
                one.ticket_id,
                same_event(asked, one.look, self._parents, now - one.at, now - since),
            )
            for one in self._candidates(asked, opened=True)
            if one.at > since
        ]
        return _best(scored, PROBABLE)

    def answered(self, text: str, *, category: str | None = None) -> tuple[Near, ...]:
        """Closed tickets that read alike, most alike first; those of the category (code) before."""
        asked = Look.of(text, "", None)
        scored = [
            Near(
                one.ticket_id,
                same_matter(
                    asked, one.look, same_category=category is None or category == one.category
                ),
            )
            for one in self._candidates(asked, opened=False, category=category)
        ]
        return _best(scored, ALIKE)

    def _candidates(
        self, asked: Look, *, opened: bool, category: str | None = None
    ) -> tuple[Candidate, ...]:
        index = self._open()
        if index is None:
            return ()
        try:
            return tuple(
                index.candidates(asked, opened=opened, category=category, limit=CANDIDATES)
            )
        except IndexUnusable as problem:
            self._drop(problem)
            return ()

    def _open(self) -> NearIndex | None:
        """The index as it is now; None while there is none to be read."""
        with self._lock:
            if self._index is None:
                if self._failed_at and time.monotonic() - self._failed_at < LOOK_AGAIN_S:
                    return None
                if not (self._folder / "meta.json").exists():
                    return None
            try:
                if self._index is None:
                    self._index = NearIndex(self._folder)
                    self._parents = self._ask_parents()
                self._index.refresh()
            except IndexUnusable as problem:
                self._give_up(problem)
            return self._index

    def _drop(self, problem: IndexUnusable) -> None:
        with self._lock:
            self._give_up(problem)

    def _give_up(self, problem: IndexUnusable) -> None:
        log.warning("similar tickets: %s", problem)
        self._index, self._failed_at = None, time.monotonic()


def _best(scored: list[Near], least: float) -> tuple[Near, ...]:
    enough = [near for near in scored if near.likeness >= least]
    return tuple(sorted(enough, key=lambda near: (-near.likeness, -near.ticket_id))[:MOST])
