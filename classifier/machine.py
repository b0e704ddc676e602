"""The linear machine: one row of weights per label, learned from rows and their labels."""

from warnings import catch_warnings, filterwarnings

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from classifier.features import Floats
from classifier.wordbook import Numbers

PENALTY = 0.5
"""C of the linear support vector machine."""

TELLING = 0.5
"""Share of a feature's value that depends on how telling it is of the label; the rest does not."""

LEAST_TELLING = 100
"""Texts of a label from which it can be said what is telling of it; among fewer it is chance."""

TOLERANCE = 0.01
"""When a machine has learned enough; a hundred times finer changes no answer."""

SEED = 20260701


def fit_machine(rows: csr_matrix, answers: Numbers, labels: int) -> tuple[Floats, Floats]:
    """Return weights (labels × columns) and bias; a label without a text is put out of reach.

    Every label has a machine of its own, which tells it from the rest and reads each feature the
    louder the more telling it is (Wang and Manning 2012, "Baselines and Bigrams", with values of
    rarity in place of mere presence); a label with few texts reads all alike. Loudness is a factor
    of the column, so it is multiplied into the weights and costs nothing afterwards.
    """
    weights = np.zeros((labels, rows.shape[1]), dtype=np.float32)
    bias = np.full(labels, -2.0, dtype=np.float32)
    present = np.unique(answers)
    if len(present) == 1:
        bias[present] = 2.0
        return weights, bias
    known = np.array([(answers == label).sum() >= LEAST_TELLING for label in present])
    if len(present) > 2 and not known.all():
        # Alike for all labels it is one call, many times quicker than a call for each.
        machine = _machine(rows, answers)
        weights[present], bias[present] = machine.coef_, machine.intercept_
        present = present[known]
    one_for_both = len(present) == len(known) == 2
    for label in present[1:] if one_for_both else present:
        of_label = answers == label
        loud = _loudness(rows, of_label)
        values = rows.data * loud[rows.indices]
        read = csr_matrix((values, rows.indices, rows.indptr), shape=rows.shape, copy=False)
        machine = _machine(read, of_label)
        weights[label] = machine.coef_[0] * loud
        bias[label] = machine.intercept_[0]
    if one_for_both:  # each is what the other is not
        weights[present[0]], bias[present[0]] = -weights[present[1]], -bias[present[1]]
    return weights, bias


def _machine(rows: csr_matrix, answers: NDArray[np.generic]) -> LinearSVC:
    machine = LinearSVC(
        C=PENALTY, class_weight="balanced", tol=TOLERANCE, random_state=SEED, max_iter=5000
    )
    with catch_warnings():
        # Labels with a text or two each are classes all the same, as a city has them that begins.
        filterwarnings("ignore", "The number of unique classes", UserWarning)
        return machine.fit(rows, answers)


def _loudness(rows: csr_matrix, of_label: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the factor of each column for one label; about one on average."""
    if of_label.sum() < LEAST_TELLING:
        return np.ones(rows.shape[1])
    every = np.bincount(rows.indices, minlength=rows.shape[1])
    inside = np.bincount(rows[of_label].indices, minlength=rows.shape[1])
    within, without = inside + 1.0, every - inside + 1.0
    ratio = np.abs(np.log((within / within.sum()) / (without / without.sum())))
    typical = float(np.sqrt((ratio**2).mean())) or 1.0
    loud: NDArray[np.float64] = (1 - TELLING) + TELLING * ratio / typical
    return loud
