"""How sure to be: from the margins of a linear machine to probabilities that hold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Probabilities = NDArray[np.float64]
Margins = NDArray[np.float32]

_SMALLEST = 1e-6
"""Probabilities are kept this far from 0 and 1 before their logarithm is taken."""


@dataclass(frozen=True)
class Calibration:
    """Softmax under a temperature, then the best label's chance is put right (Platt).

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
        right = 1 / (1 + np.exp(-(self.slope * _log_odds(top) + self.shift)))
        # The rest is divided as before, so the best stays best down to where it meets the second.
        right = np.maximum(right, runner_up / (1 + runner_up) + 1e-9)
        chances *= ((1 - right) / rest)[:, None]
        chances[every, best] = right
        return chances


def fit_calibration(margins: Margins, answers: NDArray[np.int64]) -> Calibration:
    """Fit on margins of texts the machine had not seen and the columns of their true labels."""

    def loss(temperature: float) -> float:
        truth = Calibration(temperature).probabilities(margins)[np.arange(len(answers)), answers]
        return float(-np.log(np.maximum(truth, 1e-12)).mean())

    temperature = float(min(np.geomspace(0.02, 5.0, 120), key=loss))
    chances = Calibration(temperature).probabilities(margins)
    right = chances.argmax(axis=1) == answers
    if right.all() or not right.any():
        return Calibration(temperature)
    judge = LogisticRegression(C=10.0).fit(_log_odds(chances.max(axis=1))[:, None], right)
    slope, shift = float(judge.coef_[0, 0]), float(judge.intercept_[0])
    return Calibration(temperature, slope, shift) if slope > 0 else Calibration(temperature)


def _log_odds(chances: Probabilities) -> Probabilities:
    kept = np.clip(chances, _SMALLEST, 1 - _SMALLEST)
    odds: Probabilities = np.log(kept / (1 - kept))
    return odds
