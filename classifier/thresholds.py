"""From which probability on a label has proven to be right: thresholds that validation gives.

The model keeps what happened to texts it had not seen. A city's demand (how often an automatic
dispatch must be right, and on how many texts proven) is applied when it is asked for, not when the
model learns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.calibration import Probabilities
from dispatch.domain.model_ports import CategoryCoverage, Coverage

GRID = np.concatenate([np.arange(0, 90), np.arange(90, 100, 0.5)]) / 100
"""Lower edges of the cells a probability falls into: one point wide, half a point above 0.9."""

CONFIDENCE = 1.644854
"""Standard normal quantile: a lower bound holds in 95 of 100 cases (one-sided)."""


def lower_bound(right: int, n: int) -> float:
    """Return the lower end of Wilson's score interval for a share of `right` among n, 0 to 1.

    E. B. Wilson (1927), J. Amer. Statist. Assoc. 22, 209-212; one-sided 95 %.
    """
    if not n:
        return 0.0
    share, z2 = right / n, CONFIDENCE**2
    spread = CONFIDENCE * float(np.sqrt(share * (1 - share) / n + z2 / (4 * n * n)))
    return max(0.0, (share + z2 / (2 * n) - spread) / (1 + z2 / n))


def expected_share(right: int, n: int) -> float:
    """Return what share of such texts will be right, 0 to 1: a little less than was seen.

    The mean of the posterior under Jeffreys' prior (H. Jeffreys, Theory of Probability, 1961),
    (right + 1/2) / (n + 1): thresholds are picked where the texts at hand happened to look good,
    so the bare share promises too much.
    """
    return (right + 0.5) / (n + 1)


@dataclass(frozen=True)
class Validation:
    """What happened to unseen texts: for each predicted label, texts and hits in each cell."""

    counts: Mapping[str, NDArray[np.int64]]
    """Label to an array of two rows (texts, right ones) over the cells of GRID."""

    @classmethod
    def measured(
        cls, chances: Probabilities, answers: NDArray[np.int64], labels: Sequence[str]
    ) -> "Validation":
        """Count texts × labels against the column of each true label."""
        best = chances.argmax(axis=1)
        cells = _cells(chances[np.arange(len(best)), best])
        counts = np.zeros((2, len(labels), len(GRID)), dtype=np.int64)
        np.add.at(counts[0], (best, cells), 1)
        np.add.at(counts[1], (best, cells), best == answers)
        return cls({label: counts[:, at] for at, label in enumerate(labels)})

    @property
    def texts(self) -> int:
        """How many texts were judged."""
        return int(sum(counts[0].sum() for counts in self.counts.values()))

    def to_json(self) -> dict[str, Any]:
        """Return label to rows (cell, texts, right ones) of the cells that are not empty."""
        return {
            label: [[int(at), *map(int, counts[:, at])] for at in np.flatnonzero(counts[0])]
            for label, counts in self.counts.items()
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Validation":
        """Read what to_json wrote. Raises ValueError when the counts cannot be."""
        read: dict[str, NDArray[np.int64]] = {}
        for label, rows in stored.items():
            counts = np.zeros((2, len(GRID)), dtype=np.int64)
            for cell, texts, right in rows:
                if not (0 <= cell < len(GRID) and 0 <= right <= texts):
                    raise ValueError("验证记录的数值无效")
                counts[:, cell] = texts, right
            read[str(label)] = counts
        return cls(read)


def coverage(validation: Validation, *, precision: float, least: int) -> Coverage:
    """Apply a demand: each label at least `precision` (0 to 1) right, on `least` texts or more."""
    found = tuple(
        _covered(label, counts, precision, least) for label, counts in validation.counts.items()
    )
    sent = [one for one in found if one.threshold is not None]
    covered = sum(one.validated for one in sent)
    return Coverage(
        share=covered / max(validation.texts, 1),
        accuracy=sum(one.right for one in sent) / max(covered, 1),
        categories=found,
    )


def proven(
    validation: Validation, label: str, chance: float, *, precision: float, least: int
) -> float | None:
    """Return the precision to expect of texts as probable as this, or None if it may not go."""
    counts = validation.counts.get(label)
    if counts is None:
        return None
    found = _covered(label, counts, precision, least)
    if found.threshold is None or _cells(np.array([chance]))[0] < _cells_of(found.threshold):
        return None
    return expected_share(found.right, found.validated)


def _covered(
    label: str, counts: NDArray[np.int64], precision: float, least: int
) -> CategoryCoverage:
    """Find the lowest threshold above which the expected share meets the demand."""
    # What is at least as probable as the lower edge of each cell.
    texts, right = counts[:, ::-1].cumsum(axis=1)[:, ::-1].tolist()
    at = next(
        (
            at
            for at in np.flatnonzero(counts[0]).tolist()
            if texts[at] >= least and expected_share(right[at], texts[at]) >= precision
        ),
        None,
    )
    first = at or 0
    return CategoryCoverage(
        label=label,
        threshold=None if at is None else float(GRID[at]),
        texts=texts[0],
        validated=texts[first],
        right=right[first],
        lower=lower_bound(right[first], texts[first]),
    )


def _cells(chances: Probabilities) -> NDArray[np.int64]:
    # A hair's breadth keeps a probability of just 0.29 in the cell that begins there.
    return np.searchsorted(GRID, chances + 1e-9, side="right") - 1


def _cells_of(threshold: float) -> int:
    return int(_cells(np.array([threshold]))[0])
