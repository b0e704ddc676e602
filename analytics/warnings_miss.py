"""Units about to miss: more falls due in the next working hours than they usually finish.

A unit finishes y_d tickets on the working days before; in a span of f working days it finishes
about μ = f · ȳ of them, negative binomial with the spread its days show. With D tickets that fall
due in the span and are not finished, D − μ are expected late, and P(N ≥ D) is how likely it
manages all. The model lets a unit do the due ones first, which is the most it can do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.hot_spot_usual import LEAST_SPREAD, PRIOR, tail
from dispatch.domain.leader_rules import EarlyWarningRules

LEAST_FINISHED = 10
"""With fewer finished tickets in the history a unit's pace is not known, and nothing is told."""


@dataclass(frozen=True)
class Pace:
    """How many tickets a unit finishes in a span, and how uncertain that is."""

    mean: float
    spread: float

    def manages(self, due: int) -> float:
        """The probability that so many are finished."""
        if due < 1:
            return 1.0
        return float(tail(np.array(float(due)), np.array(self.mean), np.array(self.spread)))


def pace_of(finished: Sequence[int], days: float) -> Pace | None:
    """The pace in a span of so many working days, from the tickets finished on each day before."""
    total = sum(finished)
    if total < LEAST_FINISHED or days <= 0:
        return None
    counts = np.asarray(finished, dtype=np.float64)
    mean = float(counts.mean())
    excess = float((((counts - mean) ** 2) - mean).sum()) / (len(counts) * mean * mean)
    # Days that scatter alike tell less of a longer span than of one of themselves.
    spread = max(excess, LEAST_SPREAD) / max(days, 1.0) + 1.0 / (PRIOR + total)
    return Pace(mean * days, spread)


def will_miss(pace: Pace | None, due: int, rules: EarlyWarningRules) -> bool:
    """Whether a unit is to be warned of."""
    if pace is None or due - pace.mean < rules.miss_least:
        return False
    return pace.manages(due) * 100 < rules.miss_chance_percent
