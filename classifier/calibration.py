"""How sure to be: from the margins of a linear machine to probabilities that hold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float64]
Margins = NDArray[np.float32]


@dataclass(frozen=True)
class Calibration:
    """Softmax under a temperature, then the best label's chance is put right (Platt).

    It is judged by its lead over the second label: on letters that tells right from wrong better
    than its chance does (docs/classifier.md).
    Which label is best never changes.
    """

    temperature: float
    slope: float = 1.0
    shift: float = 0.0

    def probabilities(self, margins: Margins) -> Probabilities:
        """Turn margins (texts × labels) into probabilities; each row adds up to 1."""
        scaled = margins.astype(np.float64) / self.temperature
        odds = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        chances: Probabilities = odds / odds.sum(axis=1, keepdims=True)
        if (self.slope, self.shift) == (1.0, 0.0):
            return chances
        best = chances.argmax(axis=1)
        every = np.arange(len(best))
        top = chances[every, best]
        rest = np.maximum(1 - top, 1e-12)
        chances[every, best] = 0
        runner_up = chances.max(axis=1) / rest
        right = 1 / (1 + np.exp(-(self.slope * lead(margins) / self.temperature + self.shift)))
        # The rest is divided as before, so the best stays best down to where it meets the second.
        right = np.maximum(right, runner_up / (1 + runner_up) + 1e-9)
        chances *= ((1 - right) / rest)[:, None]
        chances[every, best] = right
        return chances


def lead(margins: Margins) -> Probabilities:
    """Return by how much the best margin leads the second; what ranks texts best by certainty."""
    two = np.partition(margins.astype(np.float64), -2, axis=1)[:, -2:]
    lead: Probabilities = two[:, 1] - two[:, 0]
    return lead
