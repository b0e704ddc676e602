"""What a run is to measure, and on what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.town import Town


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the command line asked for."""

    town: Town
    """The demo city behind web, up and kpi."""
    calls: int
    """Real calls for the screen pop."""
    stream_calls: int
    """Calls in the replayed manager stream."""
    seconds: float
    """How long each load on the web process lasts."""
    requests: Path | None
    """Labelled requests (CSV: text, label, group) to classify beside the demo corpus."""
    tickets: int = 1_000_000
    """Tickets in the database of the sweep."""
    near: int = 100_000
    """Tickets among which those of the same event are looked for."""
    letters: int = 1_000_000
    """Letters that the large training learns from."""
