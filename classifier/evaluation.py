"""How right a model is on labelled texts, and how honest about it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from classifier.calibration import Probabilities
from classifier.hierarchy import Hierarchy, added_up
from classifier.judgement import PARENTS
from classifier.pipeline import RequestClassifier
from classifier.samples import Samples
from classifier.scope import LOOKED_AT, Scope

BATCH = 500
"""Texts judged at a time, so that memory does not grow with the file."""


COVERAGES = (0.8, 0.9)
"""Shares of the texts, the surest first, whose accuracy is told."""


@dataclass(frozen=True)
class ClassFigures:
    """Precision, recall and F1 (0 to 1) of one label with n true texts."""

    precision: float
    recall: float
    f1: float
    n: int


@dataclass(frozen=True)
class Figures:
    """Shares from 0 to 1; per_class is keyed by the label's column, in order."""

    accuracy: float
    macro_f1: float
    top3: float
    per_class: Mapping[int, ClassFigures]


@dataclass(frozen=True)
class Evaluation:
    """The figures of one file, and documents per second from raw text to probability."""

    n: int
    figures: Figures
    docs_per_s: float
    labels: tuple[str, ...]
    unknown_labels: tuple[str, ...]
    ece: float
    """Expected calibration error."""
    coverage: Mapping[float, float]
    """Accuracy of the surest share of the texts."""
    levels: Mapping[int, Figures]
    """The same at each level of the category tree, 1 being the top."""
    out_of_scope: float
    """Share of the texts that would be refused: unreadable, or no matter for the city."""

    def to_json(self) -> dict[str, Any]:
        """Return the published form of an evaluation."""
        return {
            "n": self.n,
            "accuracy": self.figures.accuracy,
            "macro_f1": self.figures.macro_f1,
            "top3": self.figures.top3,
            "docs_per_s": round(self.docs_per_s, 1),
            "ece": self.ece,
            "coverage": {str(share): accuracy for share, accuracy in self.coverage.items()},
            "levels": {
                str(level): {"accuracy": figures.accuracy, "macro_f1": figures.macro_f1}
                for level, figures in self.levels.items()
            },
            "out_of_scope": self.out_of_scope,
            "per_class": {
                self.labels[column]: asdict(figures)
                for column, figures in self.figures.per_class.items()
            },
        }


def evaluate(model: RequestClassifier, samples: Samples) -> Evaluation:
    """Judge every text; a label the model does not know counts as a class it never hits."""
    unknown = sorted(set(samples.labels) - set(model.labels))
    labels = (*model.labels, *unknown)
    column = {label: number for number, label in enumerate(labels)}
    answers = np.array([column[label] for label in samples.labels])
    model.probabilities(samples.texts[:1])  # tables are built at first use, which is not speed
    started = time.perf_counter()
    parts = [
        model.probabilities(samples.texts[start : start + BATCH])
        for start in range(0, len(samples.texts), BATCH)
    ]
    elapsed = time.perf_counter() - started
    chances = np.vstack(parts)
    return Evaluation(
        n=len(samples.texts),
        figures=measure(chances, answers),
        docs_per_s=len(samples.texts) / max(elapsed, 1e-9),
        labels=labels,
        unknown_labels=tuple(unknown),
        ece=expected_calibration_error(chances, answers),
        coverage={share: accuracy_at(share, chances, answers) for share in COVERAGES},
        levels=_levels(Hierarchy(model.judgement.get(PARENTS, {})), labels, chances, answers),
        out_of_scope=_out_of_scope(model, samples.texts),
    )


def accuracy_at(share: float, chances: Probabilities, answers: np.ndarray) -> float:
    """Return the accuracy of the given share of texts (0 to 1) that the model is surest of."""
    surest = np.argsort(-chances.max(axis=1), kind="stable")[: max(round(share * len(answers)), 1)]
    return float((chances.argmax(axis=1) == answers)[surest].mean())


def _levels(
    tree: Hierarchy, labels: tuple[str, ...], chances: Probabilities, answers: np.ndarray
) -> dict[int, Figures]:
    # Labels the model does not know have no probability, and yet a place in the tree.
    unknown = np.zeros((len(chances), len(labels) - chances.shape[1]))
    every = np.hstack([chances, unknown])
    found: dict[int, Figures] = {}
    for level in range(1, tree.depth(labels) + 1):
        _, columns = tree.columns(labels, level)
        found[level] = measure(added_up(every, columns), columns[answers])
    return found


def _out_of_scope(model: RequestClassifier, texts: Sequence[str]) -> float:
    """Return the share refused among the texts, or LOOKED_AT of them spread evenly."""
    scope = Scope.of(model)
    looked_at = texts[:: -(-len(texts) // LOOKED_AT)]
    judged = model.judge(looked_at, top=1)
    refused = sum(map(bool, map(scope.refusal, looked_at, judged)))
    return refused / len(looked_at)


def measure(chances: Probabilities, answers: np.ndarray) -> Figures:
    """Compare probabilities (texts × labels) with the column of each true label.

    Macro-F1 is the mean over every label that is true or predicted at least once.
    """
    predicted = chances.argmax(axis=1)
    best = np.argsort(-chances, axis=1, kind="stable")[:, :3]
    columns = sorted(set(answers.tolist()) | set(predicted.tolist()))
    per_class = {column: _class_figures(predicted, answers, column) for column in columns}
    return Figures(
        accuracy=float((predicted == answers).mean()),
        macro_f1=float(np.mean([figures.f1 for figures in per_class.values()])),
        top3=float((best == answers[:, None]).any(axis=1).mean()),
        per_class=per_class,
    )


def _class_figures(predicted: np.ndarray, answers: np.ndarray, column: int) -> ClassFigures:
    hits = int(((predicted == column) & (answers == column)).sum())
    said, true = int((predicted == column).sum()), int((answers == column).sum())
    return ClassFigures(
        precision=hits / said if said else 0.0,
        recall=hits / true if true else 0.0,
        f1=2 * hits / (said + true) if said + true else 0.0,
        n=true,
    )


def expected_calibration_error(chances: Probabilities, answers: np.ndarray) -> float:
    """Return the mean gap between how sure and how right the model was, over 15 equal bins."""
    edges = np.linspace(0, 1, 16)
    sure = chances.max(axis=1)
    right = chances.argmax(axis=1) == answers
    place = np.digitize(sure, edges[1:-1])
    gaps = [
        abs(float(right[place == b].mean()) - float(sure[place == b].mean())) * (place == b).mean()
        for b in np.unique(place)
    ]
    return float(sum(gaps))
