"""What a look for early warnings found, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.reporting_terms import WarningKind


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One thing to be warned of. `since` is where its window begins: once a window it is told.

    `subject` is its key within the kind, `about` what people read; `count` what was found and
    `expected` what is usual; `tickets` are numbers, the newest first. Moments are aware, UTC.
    """

    kind: WarningKind
    subject: str
    about: str
    since: datetime
    words: str
    level: str = ""
    count: int = 0
    expected: float | None = None
    category_id: int | None = None
    division: str | None = None
    department_id: int | None = None
    tickets: tuple[str, ...] = ()
