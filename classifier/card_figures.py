"""What the model's page shows beyond single numbers, from texts the model had not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.calibration import Probabilities
from classifier.evaluation import measure

BINS = 15
"""Equal steps of probability in the calibration plot, as in the expected calibration error."""

PAIRS = 60
"""Confused pairs that are kept, the most frequent first."""

MOST_AREAS = 40
"""A matrix larger than this explains nothing; it is left out."""

CURVE = (0.1, 0.25, 0.5)
"""Shares of the lesson that the learning curve is measured at; its end the folds give anyway."""

MOST_FOR_CURVE = 20_000
"""Texts up to which the curve is worth its time: less than one more fit."""

SEED = 20260701

Answers = NDArray[np.int64]
Rows = NDArray[np.bool_]

Judge = Callable[[Rows, Rows], NDArray[Any]]
"""Learns from the rows of the first mask; returns one score a label for those of the second."""


def card_figures(
    chances: Probabilities,
    answers: Answers,
    labels: Sequence[str],
    *,
    parents: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return per_class, confused, areas and bins as plain JSON.

    `chances` are texts × labels out of fold, `answers` the column of each true label, `parents`
    the code above each code; without it the matrix is of the labels themselves.
    """
    per_class = {
        labels[column]: {
            "precision": round(found.precision, 4),
            "recall": round(found.recall, 4),
            "f1": round(found.f1, 4),
            "n": found.n,
        }
        for column, found in measure(chances, answers).per_class.items()
    }
    said = chances.argmax(axis=1)
    return {
        "texts": len(answers),
        "per_class": per_class,
        "confused": _confused(said, answers, labels),
        "areas": _areas(said, answers, labels, parents or {}),
        "bins": _bins(chances, said == answers),
    }


def learning_curve(folds: NDArray[np.int64], answers: Answers, judge: Judge) -> list[list[float]]:
    """Return [texts learned from, accuracy, macro-F1] for growing parts of one lesson.

    Held out is the first fold, so that near-duplicates stay on one side; the parts are nested.
    """
    held = folds == folds.min()
    order = np.random.default_rng(SEED).permutation(np.flatnonzero(~held))
    points = []
    for share in CURVE:
        part = order[: max(2, round(len(order) * share))]
        if len(set(answers[part].tolist())) < 2:
            continue
        lesson = np.zeros(len(answers), dtype=bool)
        lesson[part] = True
        found = measure(judge(lesson, held), answers[held])
        points.append([len(part), round(found.accuracy, 4), round(found.macro_f1, 4)])
    return points


def _confused(
    said: NDArray[np.int64], answers: Answers, labels: Sequence[str]
) -> list[list[str | int]]:
    """[true, said, texts] of every pair mixed up, the most frequent first."""
    wrong = said != answers
    pairs, counts = np.unique(
        np.stack([answers[wrong], said[wrong]], axis=1), axis=0, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")[:PAIRS]
    return [
        [labels[int(pairs[i][0])], labels[int(pairs[i][1])], int(counts[i])] for i in order.tolist()
    ]


def _areas(
    said: NDArray[np.int64],
    answers: Answers,
    labels: Sequence[str],
    parents: Mapping[str, str],
) -> dict[str, Any]:
    """The matrix of the highest level: rows are true, columns said."""
    roots = [_root(label, parents) for label in labels]
    names = sorted(set(roots))
    if len(names) > MOST_AREAS:
        return {"labels": [], "counts": []}
    place = np.array([names.index(root) for root in roots])
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(counts, (place[answers], place[said]), 1)
    return {"labels": names, "counts": counts.tolist()}


def _root(label: str, parents: Mapping[str, str]) -> str:
    seen = {label}
    while (above := parents.get(label)) and above not in seen:
        seen.add(above)
        label = above
    return label


def _bins(chances: Probabilities, right: NDArray[np.bool_]) -> list[list[float]]:
    """[mean certainty, share right, texts] of each step of certainty that has texts."""
    sure = chances.max(axis=1)
    place = np.digitize(sure, np.linspace(0, 1, BINS + 1)[1:-1])
    return [
        [
            round(float(sure[place == step].mean()), 4),
            round(float(right[place == step].mean()), 4),
            int((place == step).sum()),
        ]
        for step in np.unique(place).tolist()
    ]
