"""A second look at the margins: what the machines of all labels say about each label."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from classifier.calibration import Margins
from classifier.features import Floats
from classifier.wordbook import Numbers

LEAST_PER_LABEL = 100
"""Unseen texts for every label, on average, from which a mixing is worth learning."""

PENALTY = 0.1
"""C of the logistic regression: small, because labels that nobody confuses must not mix."""

EVEN = 0.2
"""How far rare labels are made up for: 0 is best for accuracy, 1 favours every label alike."""

PARTS = 5
SEED = 20260701


@dataclass(frozen=True)
class Mixing:
    """Margins × matrix + shift: log odds of every label. Linear, hence folded into the weights."""

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]

    def mixed(self, margins: Margins) -> Margins:
        """Return the margins (texts × labels) after mixing."""
        mixed: Margins = (margins @ self.matrix + self.shift).astype(np.float32)
        return mixed

    def folded(self, weights: Floats, bias: Floats) -> tuple[Floats, Floats]:
        """Return weights (labels × columns) and bias of one machine that gives mixed margins."""
        mixed: Floats = (self.matrix.T.astype(np.float32) @ weights).astype(np.float32)
        return mixed, self.mixed(bias[None, :])[0]


def learn_mixing(margins: Margins, answers: Numbers) -> tuple[Mixing, Margins] | None:
    """Learn from margins of unseen texts; None where there are too few for that.

    Returns the mixing and the mixed margins of the same texts, each by a mixing that was learned
    without the text, so that chances and figures taken from them stay honest.
    """
    labels = margins.shape[1]
    if labels < 3 or len(answers) < LEAST_PER_LABEL * labels:
        return None
    if np.bincount(answers, minlength=labels).min() < 2 * PARTS:
        return None
    # Dealt label by label, so that each part has every label.
    order = np.random.default_rng(SEED).permutation(len(answers))
    dealt = order[np.argsort(answers[order], kind="stable")]
    part = np.zeros(len(answers), dtype=np.int64)
    part[dealt] = np.arange(len(answers)) % PARTS
    mixed = np.zeros_like(margins)
    for held in (part == number for number in range(PARTS)):
        mixed[held] = _learned(margins[~held], answers[~held]).mixed(margins[held])
    return _learned(margins, answers), mixed


def _learned(margins: Margins, answers: Numbers) -> Mixing:
    judge = LogisticRegression(C=PENALTY, max_iter=1000).fit(margins, answers)
    usual = np.log(np.bincount(answers) / len(answers))
    return Mixing(judge.coef_.T, judge.intercept_ - EVEN * usual)
