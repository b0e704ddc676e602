"""What a city's policy says of early warnings and of important-matter briefs."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.domain.limits import Limit


@dataclass(frozen=True, kw_only=True)
class EarlyWarningRules:
    """When something is told before it is a trouble.

    A surge: the newest `surge_days` of a subject and place bring at least `surge_least` tickets,
    more than `history_weeks` before (and the same season a year ago) explain; chance alone may
    raise `false_alarms_a_week` over the whole city. A unit about to miss: so many of its tickets
    fall due `within` from now that, at the pace of its last `pace_days` working days, at least
    `miss_least` would be late, and it does so well only in `miss_chance_percent` of such spans.
    """

    surge_days: int
    history_weeks: int
    surge_least: int
    false_alarms_a_week: int
    within: Limit
    pace_days: int
    miss_least: int
    miss_chance_percent: int


@dataclass(frozen=True, kw_only=True)
class BriefRules:
    """要情: by when feedback is due on an instruction that names no day."""

    feedback: Limit
    urgent_feedback: Limit
