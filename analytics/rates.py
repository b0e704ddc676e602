"""A rate is two counts, a mean a sum and a count: they add up over parts, percentages do not."""

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


@dataclass(frozen=True)
class Mean:
    """A `total` of milliseconds over `n` cases; no data is not zero.

    The sum is whole, so that it is the same whatever the order it was added in.
    """

    total: int = 0
    n: int = 0

    def __post_init__(self) -> None:
        if self.n < 0 or (self.n == 0 and self.total):
            raise ValueError(f"{self.total} over {self.n}")

    def __add__(self, other: Mean) -> Mean:
        return Mean(self.total + other.total, self.n + other.n)

    @property
    def seconds(self) -> Decimal | None:
        """The mean in seconds with two decimals, or None when there was no case."""
        return self.per(1_000)

    @property
    def hours(self) -> Decimal | None:
        """The mean in hours with two decimals, or None when there was no case."""
        return self.per(3_600_000)

    def per(self, unit: int) -> Decimal | None:
        """The mean in a unit of so many milliseconds, two decimals; None when no case."""
        if self.n == 0:
            return None
        return (Decimal(self.total) / self.n / unit).quantize(HUNDREDTH, ROUND_HALF_UP)


Value = Rate | Mean
