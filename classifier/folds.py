"""Learning from some rows and judging others: every text is once judged by who has not seen it."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, vstack

from classifier.features import Floats
from classifier.machine import SEED, fit_machine

FOLDS = 5

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Lesson:
    """Rows to learn from and the column of each one's label."""

    rows: csr_matrix
    answers: np.ndarray

    def __add__(self, other: "Lesson") -> "Lesson":
        if not len(other.answers):
            return self
        rows = vstack([self.rows, other.rows], format="csr")
        return Lesson(rows, np.concatenate([self.answers, other.answers]))

    def where(self, chosen: np.ndarray) -> "Lesson":
        """Return the rows that are chosen."""
        return Lesson(self.rows[chosen], self.answers[chosen])


def fit(lesson: Lesson, labels: int) -> tuple[Floats, Floats]:
    """Return weights and bias of a machine that learned the lesson."""
    return fit_machine(lesson.rows, lesson.answers, labels)


def unseen_margins(
    lesson: Lesson, known: Lesson, labels: int, progress: Progress
) -> tuple[Floats, np.ndarray]:
    """Return margins of each text by a model that did not learn from it, and which have any.

    Texts of equal content stay in one fold; `known` may always be learned from. The only text
    of a label cannot be judged.
    """
    rows, answers = lesson.rows, lesson.answers
    dealt = folds_of(rows, answers)
    margins = np.zeros((rows.shape[0], labels), dtype=np.float32)
    for fold in range(FOLDS):
        held_out = dealt == fold
        if held_out.all() or not held_out.any():
            continue
        progress(f"交叉验证：第 {fold + 1}/{FOLDS} 折")
        weights, bias = fit(lesson.where(~held_out) + known, labels)
        margins[held_out] = rows[held_out] @ weights.T + bias
    sizes = Counter(answers.tolist())
    judged = np.array([sizes[answer] > 1 for answer in answers.tolist()])
    return margins, judged if judged.any() else np.ones(len(answers), dtype=bool)


def folds_of(rows: csr_matrix, answers: np.ndarray) -> np.ndarray:
    """Deal the texts of each label round the folds in a fixed random order."""
    seen: dict[bytes, int] = {}
    dealt: defaultdict[int, int] = defaultdict(int)
    folds = np.zeros(len(answers), dtype=np.int64)
    for row in np.random.default_rng(SEED).permutation(len(answers)).tolist():
        content = rows.indices[rows.indptr[row] : rows.indptr[row + 1]].tobytes()
        answer = int(answers[row])
        if content not in seen:
            seen[content] = (dealt[answer] + answer) % FOLDS
            dealt[answer] += 1
        folds[row] = seen[content]
    return folds
