"""A unit's share as far as asking goes, and what the policy answers to one question about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.errors import HotlineError
from dispatch.domain.limits import Limit
from dispatch.domain.terms import ApplicationKind


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A unit's share of a ticket as far as asking goes; moments are aware.

    `returns` counts this unit's returns of the ticket that were ruled on, `denied_at` the last
    denial; `extensions` and `holds` those granted to it in this round.
    """

    dispatched_at: datetime
    started_at: datetime
    due_at: datetime | None
    return_by: datetime | None
    limit: Limit | None
    held_until: datetime | None = None
    designated: bool = False
    returns: int = 0
    denied_at: datetime | None = None
    extensions: int = 0
    holds: int = 0


@dataclass(frozen=True, kw_only=True)
class Option:
    """Whether one kind of application is open to a unit now, and the rule that says so.

    `until` is the last moment for asking, `left` how many times are left (None: uncounted),
    `latest` the furthest moment that may be asked for, `longest` the longest extension;
    `higher` means that the centre's person in charge will rule.
    """

    kind: ApplicationKind
    rule: str
    until: datetime | None = None
    left: int | None = None
    latest: datetime | None = None
    longest: Limit | None = None
    higher: bool = False
    refusal: HotlineError | None = None

    @property
    def allowed(self) -> bool:
        """Whether the unit may ask now."""
        return self.refusal is None

    @property
    def why(self) -> str:
        """The sentence people read: what forbids it, else the rule."""
        return str(self.refusal) if self.refusal else self.rule
