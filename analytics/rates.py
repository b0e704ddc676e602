"""A rate is two counts: counts add up across units and periods, percentages do not."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True)
class Rate:
    """`hits` of `judged`; no data is not zero."""

    hits: int = 0
    judged: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.judged:
            raise ValueError(f"{self.hits} of {self.judged}")

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.hits + other.hits, self.judged + other.judged)

    @property
    def missed(self) -> int:
        """Judged and not hit."""
        return self.judged - self.hits

    @property
    def percent(self) -> Decimal | None:
        """Two decimals, or None when nothing was judged."""
        if self.judged == 0:
            return None
        return (Decimal(100) * self.hits / self.judged).quantize(HUNDREDTH, ROUND_HALF_UP)
