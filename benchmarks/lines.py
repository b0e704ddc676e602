"""What a benchmark says: one JSON object per figure, always beside a limit of the same run."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass


class PartMissing(Exception):
    """Something of the machine that a figure needs is not there; the message says what."""


class MeasurementFailed(Exception):
    """Everything was there and yet it did not work; the message says what happened."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One figure.

    `limit` names the bare equivalent and `limit_value` is what it reached in the same run, in the
    same unit; `ratio` is value ÷ limit_value. `n` counts what was measured.
    """

    figure: str
    value: float
    unit: str
    limit: str
    limit_value: float
    n: int
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Value ÷ limit; None when the limit is nothing."""
        return None if self.limit_value == 0 else self.value / self.limit_value

    def to_json(self) -> str:
        """The line as printed, numbers to four digits."""
        plain = asdict(self)
        ordered = {
            **{name: plain[name] for name in ("figure", "value", "unit", "limit", "limit_value")},
            "ratio": self.ratio,
            "n": self.n,
            "note": self.note,
        }
        return json.dumps(
            {k: rounded(v) if isinstance(v, float) else v for k, v in ordered.items()},
            ensure_ascii=False,
        )


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A figure that could not be measured on this machine, and why."""

    figure: str
    skipped: str

    def to_json(self) -> str:
        """The line as printed."""
        return json.dumps(asdict(self), ensure_ascii=False)


def rounded(value: float, digits: int = 4) -> float:
    """To so many significant digits: more would claim what a busy machine cannot tell."""
    if value == 0 or not math.isfinite(value):
        return value
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return round(value, max(places, 0))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
