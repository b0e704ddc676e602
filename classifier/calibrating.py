"""Fit a calibration on texts the machine had not seen; apart, because only training needs it.

Loading scikit-learn takes a second, which a process that only asks a model does not have to spend.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from classifier.calibration import Calibration, Margins, lead


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
    judge = LogisticRegression(C=10.0).fit(lead(margins)[:, None] / temperature, right)
    slope, shift = float(judge.coef_[0, 0]), float(judge.intercept_[0])
    return Calibration(temperature, slope, shift) if slope > 0 else Calibration(temperature)
