"""How far two people who score the same thing agree, beyond what chance would give.

Cohen, J. (1960): A coefficient of agreement for nominal scales. Shrout, P. E. and Fleiss, J. L.
(1979): Intraclass correlations: uses in assessing rater reliability, case 1: every thing is
scored by other people, drawn by chance, which is how checks are scored here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

BANDS: tuple[tuple[int, str], ...] = ((90, "优"), (80, "良"), (70, "中"), (0, "差"))
"""Grade bands by per cent of the sheet's points, the best first; this project's own choice."""

LEAST = 10
"""Of fewer double checks than this no coefficient is told: it would be chance."""


@dataclass(frozen=True)
class Agreement:
    """Of `pairs` double checks: Cohen's kappa by bands, ICC(1,1) by points, and the mean distance.

    None where there are fewer than LEAST, or where nothing differs that could be told apart.
    `alike` counts the pairs in one band.
    """

    pairs: int
    alike: int
    kappa: float | None
    icc: float | None
    mean_apart: float | None


def agreement(pairs: Sequence[tuple[int, int]]) -> Agreement:
    """Agreement of two scores of each thing, both in per cent."""
    bands = [(band_of(one), band_of(other)) for one, other in pairs]
    enough = len(pairs) >= LEAST
    return Agreement(
        pairs=len(pairs),
        alike=sum(one == other for one, other in bands),
        kappa=cohen_kappa(bands) if enough else None,
        icc=icc_one_way(pairs) if enough else None,
        mean_apart=sum(abs(a - b) for a, b in pairs) / len(pairs) if pairs else None,
    )


def band_of(percent: float) -> str:
    """The grade band of a score in per cent."""
    return next(name for least, name in BANDS if percent >= least)


def cohen_kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """(observed - expected) / (1 - expected) agreement; None when chance alone gives all of it."""
    if not pairs:
        return None
    count = len(pairs)
    observed = sum(one == other for one, other in pairs) / count
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    expected = sum(first[name] * second[name] for name in first) / count**2
    return None if expected >= 1 else (observed - expected) / (1 - expected)


def icc_one_way(rows: Sequence[Sequence[float]]) -> float | None:
    """ICC(1,1): the share of the variance that lies between the things scored.

    Every row has the scores of one thing, all rows equally many. None for fewer than two rows or
    when all scores are the same.
    """
    if len(rows) < 2:
        return None
    things, judges = len(rows), len(rows[0])
    means = [sum(row) / judges for row in rows]
    middle = sum(means) / things
    between = judges * sum((mean - middle) ** 2 for mean in means) / (things - 1)
    within = sum(
        (value - mean) ** 2 for row, mean in zip(rows, means, strict=True) for value in row
    ) / (things * (judges - 1))
    spread = between + (judges - 1) * within
    return None if spread == 0 else (between - within) / spread
