"""When a part that died may be started again: soon at first, ever later when it keeps dying."""

from __future__ import annotations

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
CALM_S = 60.0
"""A part that ran this long has recovered: its next death is a first one again."""


class Restarts:
    """The pauses of one part. Times are seconds of a clock that never goes back."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._pause = FIRST_PAUSE_S
        self._again_at: float | None = None

    def died(self, now: float) -> float | None:
        """The pause before the next start, when this death was not told before."""
        if self._again_at is not None:
            return None
        if now - self._began >= CALM_S:
            self._pause = FIRST_PAUSE_S
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE_S)
        self._again_at = now + pause
        return pause

    def due(self, now: float) -> bool:
        """Whether the pause is over; the part then counts as started at `now`."""
        if self._again_at is None or now < self._again_at:
            return False
        self._again_at, self._began = None, now
        return True
